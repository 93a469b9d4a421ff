// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package pages

import (
	"strings"
	"testing"

	"github.com/avs-operator/avs-operator/controllers/azure/kinds"
)

// Every Azure kind stands in the README's tables, and in that row of the guide which says what deleting its object does. The conformance suite, minutes
// later, sees that the operator does so.
func TestThePagesHaveEveryKind(t *testing.T) {
	t.Parallel()
	readme, guide := rowsOf(t, "README.md"), rowsOf(t, "docs/guide.md")
	for _, k := range kinds.All {
		name := "`" + k.Name + "`"
		if !strings.Contains(strings.Join(readme, "\n"), name) {
			t.Errorf("README.md has no row about %s: write one into the table of what Azure offers", name)
		}
		want := "| `Delete` | "
		if k.Kept {
			want = "| `Retain` | "
		}
		found := 0
		for _, row := range guide {
			kindsOfRow, _, _ := strings.Cut(strings.TrimPrefix(row, want), " | ")
			if strings.HasPrefix(row, want) && strings.Contains(kindsOfRow, name) {
				found++
			}
		}
		if found != 1 {
			t.Errorf("docs/guide.md, \"What deleting an object does\", names %s %d times in its row %s(Traits.Kept is %t)", name, found, want, k.Kept)
		}
	}
}

// rowsOf are the rows of a page's tables.
func rowsOf(t *testing.T, page string) (out []string) {
	t.Helper()
	for _, line := range pagesOf(t, page)[0].lines {
		if strings.HasPrefix(line.text, "|") {
			out = append(out, line.text)
		}
	}
	return out
}
