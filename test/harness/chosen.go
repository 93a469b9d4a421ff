// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"fmt"
	"hash/fnv"
	"os"
)

// What make sweep sets.
const (
	// SweepVariable asks for every case instead of the sample.
	SweepVariable = "AVS_OPERATOR_SWEEP"
	// ShardVariable is i/n: of n parts, the i-th from 1.
	ShardVariable = "SHARD"
)

// Sweeping says whether every case was asked for.
func Sweeping() bool { return os.Getenv(SweepVariable) != "" }

// Chosen says whether a case of a sweep runs here and now: in make test one of so many, in make sweep those of its part. It depends on the
// case's name alone, so that neither order nor number of the others matters.
func Chosen(name string, sampled uint32) bool {
	sum := fnv.New32a()
	_, _ = sum.Write([]byte(name))
	number := sum.Sum32()
	if !Sweeping() {
		return number%sampled == 0
	}
	var i, n uint32
	if _, err := fmt.Sscanf(os.Getenv(ShardVariable), "%d/%d", &i, &n); err != nil || n == 0 {
		return true
	}
	return number/sampled%n == i-1
}
