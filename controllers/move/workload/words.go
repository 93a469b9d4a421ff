// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package workload

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func andMore(n int) string {
	if n <= 0 {
		return ""
	}
	return fmt.Sprintf(" and %d more", n)
}

// are counts in words: "1 machine is", "2 machines are".
func are(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// namesOf machines, the first few.
func namesOf(names []string) string {
	slices.Sort(names)
	shown := names[:min(len(names), mostExamples)]
	return strings.Join(shown, ", ") + andMore(len(names)-len(shown))
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
