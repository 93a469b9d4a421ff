// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package bench measures what a fleet costs: how close the operator comes to what Azure allows when everything is applied at once, what a
// fleet costs that stands still, how soon an edit among thousands reaches Azure, and what machines cost that stand at two vCenters.
//
// With AVS_OPERATOR_BENCH=1 the sizes are those that README promises, which takes some minutes; without it a sample of them.
package bench

import (
	"os"
	"testing"

	"github.com/go-logr/logr"

	"github.com/avs-operator/avs-operator/test/env"
	"github.com/avs-operator/avs-operator/test/harness"
)

var cluster *env.Env

func TestMain(m *testing.M) { harness.Main(m, &cluster, 0) }

// full says that the sizes are the promised ones.
var full = os.Getenv("AVS_OPERATOR_BENCH") != ""

// sized is the promised size of something, or that of the sample.
func sized[T any](promised, sample T) T {
	if full {
		return promised
	}
	return sample
}

// quiet is a log for operators that are measured: writing it costs what is measured.
var quiet = logr.Discard()
