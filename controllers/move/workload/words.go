// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package workload

import (
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/avs-operator/avs-operator/controllers/text"
)

// are counts in words: "1 machine is", "2 machines are".
func are(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// mostNamed is how many bytes of names a condition takes.
const mostNamed = 1000

// namesOf machines, sorted.
func namesOf(names []string) string {
	slices.Sort(names)
	return text.List(names, mostNamed)
}

func isTrue(conditions []metav1.Condition, name string, generation int64) bool {
	c := meta.FindStatusCondition(conditions, name)
	return c != nil && c.Status == metav1.ConditionTrue && c.ObservedGeneration == generation
}

func allAre(n int) string {
	if n == 1 {
		return "the machine is"
	}
	return fmt.Sprintf("all %d machines are", n)
}
