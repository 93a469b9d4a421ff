// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package pages

import (
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	// ghostly is a path, from the repository's root, in any text: what stands before it must not make it a part of something else.
	ghostly = regexp.MustCompile(`(?:^|[^\w/.*-])((?:api|config|controllers|docs|hack|test)(?:/[\w.-]+)+)`)
	// aDocument is the name of a page.
	aDocument = regexp.MustCompile(`[\w-]+\.md\b`)
	// inventing are files that speak of what is not there on purpose, and those that tools write.
	inventing = []string{"hack/tools/lint-rules.sh", "hack/tools/newkind/", "test/docs/pages/", "test/api/releases/", "config/crd/"}
)

// No comment, script, manifest or page speaks of a package, a file or a document that is not there.
func TestNothingSpeaksOfWhatIsNotThere(t *testing.T) {
	t.Parallel()
	tree, checked := house(t), 0
	for file := range tree.paths {
		if !slices.Contains([]string{".go", ".md", ".sh", ".yaml", ".yml"}, path.Ext(file)) && path.Base(file) != "Makefile" {
			continue
		}
		if slices.ContainsFunc(inventing, func(prefix string) bool { return strings.HasPrefix(file, prefix) }) {
			continue
		}
		content, err := os.ReadFile(filepath.Join(root, file))
		if err != nil {
			t.Fatal(err)
		}
		for i, text := range strings.Split(string(content), "\n") {
			if !strings.Contains(text, "/") && !strings.Contains(text, ".md") || strings.Contains(text, "github.com/") {
				continue // an import is the compiler's
			}
			for _, found := range ghostly.FindAllStringSubmatch(text, -1) {
				checked++
				name := strings.TrimRight(found[1], "./")
				if !tree.paths[name] && !tree.paths[name+".go"] {
					t.Errorf("%s:%d: there is no %s", file, i+1, name)
				}
			}
			for _, name := range aDocument.FindAllString(text, -1) {
				if !tree.names[name] {
					t.Errorf("%s:%d: no page is called %s", file, i+1, name)
				}
			}
		}
	}
	if checked < 300 {
		t.Errorf("only %d paths were found", checked)
	}
}
