// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package advice

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const root = "../.."

// Every reason has one row, and every row is of a reason that something gives.
func TestEveryReasonHasARow(t *testing.T) {
	constants, err := Constants(root + "/api/v1alpha1")
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]int{}
	for _, row := range Rows {
		rows[row.Reason]++
		if row.Means == "" || len(row.Asks) > 0 && row.Do == "" && row.Reason != "TransientError" {
			t.Errorf("the row of %s does not say what it means, or what to do", row.Reason)
		}
	}
	said := sources(t, root+"/controllers", regexp.MustCompile(`v1alpha1\.(Reason\w+)`), func(name string) bool { return !strings.HasSuffix(name, "_test.go") })
	for name, reason := range constants {
		if rows[reason] != 1 {
			t.Errorf("%s has %d rows", reason, rows[reason])
		}
		if !said[name] {
			t.Errorf("nothing gives the reason %s", reason)
		}
		delete(rows, reason)
	}
	if len(rows) > 0 {
		t.Errorf("rows of reasons that are not there: %v", slices.Sorted(maps.Keys(rows)))
	}
}

// Advice of which only the words are seen, because nobody can follow it here, is counted, so that it does not grow unseen.
const onlyTold = 3

// What messages ask for is done somewhere: by a walk here, or by a test that is there.
func TestEveryAdviceIsFollowedSomewhere(t *testing.T) {
	tests := map[string]bool{}
	for _, dir := range []string{"api", "controllers", "test", "hack"} {
		maps.Copy(tests, sources(t, filepath.Join(root, dir), regexp.MustCompile(`(?m)^func (Test\w+)\(t \*testing\.T\)`),
			func(name string) bool { return strings.HasSuffix(name, "_test.go") }))
	}
	walked, seen := map[string]bool{}, 0
	for _, row := range Rows {
		for _, ask := range row.Asks {
			if ask.Told != "" {
				seen++
			}
			switch {
			case strings.HasPrefix(ask.By, "Test"):
				if !tests[ask.By] {
					t.Errorf("%s: %q is said to be followed by %s, which is not there", row.Reason, ask.Says, ask.By)
				}
			case walks[ask.By] == nil:
				t.Errorf("%s: %q is said to be followed by the walk %q, which is not there", row.Reason, ask.Says, ask.By)
			case ask.Told != "":
				t.Errorf("%s: the walk %q is said not to do what %q asks for", row.Reason, ask.By, ask.Says)
			default:
				walked[ask.By] = true
			}
		}
	}
	if seen != onlyTold {
		t.Errorf("of %d pieces of advice only the words are seen, %d is what was known", seen, onlyTold)
	}
	for name := range walks {
		if !walked[name] {
			t.Errorf("no row has the walk %q", name)
		}
	}
}

// The page has the table as it is.
func TestThePageShowsEveryReason(t *testing.T) {
	page, err := os.ReadFile(root + "/docs/reasons.md")
	if err != nil || string(page) != Page() {
		t.Errorf("docs/reasons.md is not what the table says (%v): run make generate", err)
	}
}

// sources collects what the pattern finds in Go files below a directory.
func sources(t *testing.T, dir string, pattern *regexp.Regexp, of func(name string) bool) map[string]bool {
	t.Helper()
	out := map[string]bool{}
	err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || !of(path) {
			return err
		}
		content, err := os.ReadFile(path)
		for _, found := range pattern.FindAllStringSubmatch(string(content), -1) {
			out[found[1]] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}
