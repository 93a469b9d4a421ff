// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package pages holds what the documents, docs/architecture.md above all, and comments say of the repository to what is there. It needs no control plane.
package pages

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// drawn are the pages that speak of code, and ofReaders files that they have a reader make.
var (
	drawn     = []string{"*.md", "docs/*.md", "docs/decisions/*.md"}
	ofReaders = []string{"lost.txt"}
)

var (
	span = regexp.MustCompile("`([^`]+)`")
	// aTest is the name of a test, aPath a path from the repository's root, aFile the name of a file, anIdentifier an exported name of a package.
	aTest        = regexp.MustCompile(`^(?:Test|Fuzz|Benchmark)[A-Z]\w*$`)
	aPath        = regexp.MustCompile(`^(?:api|config|controllers|docs|hack|test)(?:/[\w.{},*<>-]+)*/?$`)
	aFile        = regexp.MustCompile(`^[\w.-]+\.(?:go|lua|md|sh|txt|yaml|yml)$`)
	anIdentifier = regexp.MustCompile(`^([a-z][a-z0-9]*)\.([A-Z]\w*(?:\.[A-Z]\w*)?)$`)
)

// Every path, package, exported name and test that the pages name in code is there; a test that stands in one line with a path is there.
func TestWhatThePagesNameExists(t *testing.T) {
	t.Parallel()
	tree, checked := house(t), 0
	for _, page := range pagesOf(t, drawn...) {
		for _, line := range page.lines {
			wrongs, n := wrongsIn(tree, line.text)
			checked += n
			for _, wrong := range wrongs {
				t.Errorf("%s:%d: %s", page.file, line.number, wrong)
			}
		}
	}
	if checked < 300 {
		t.Errorf("only %d names were looked at", checked)
	}
}

// A name that is not there, or not where the line says, is found.
func TestAWrongNameIsFound(t *testing.T) {
	t.Parallel()
	tree := house(t)
	for text, wrong := range map[string]bool{
		"`controllers/arm` and `controllers/{arm,vcenter}`":                  false,
		"`controllers/phantom`":                                              true,
		"`controllers/{arm,phantom}`":                                        true,
		"`config/samples/*.yaml`, `api/v1alpha1/<kind>_types.go`":            false,
		"`config/samples/*.phantom`":                                         true,
		"`write.go` and `.golangci.yml`":                                     false,
		"`phantom.go`":                                                       true,
		"`kind.Traits`, `kind.Traits.Lane`, `arm.Client.Begin`":              false,
		"`kind.Phantom`":                                                     true,
		"`kind.Traits.Phantom`":                                              true,
		"`client.Client` is no package of ours, and `status.operation` none": false,
		"`TestFates`":                                                        false,
		"`TestPhantom`":                                                      true,
		"`TestFates` | `controllers/ledger`":                                 false,
		"`TestFates` | `controllers/ledger/ledger_test.go`":                  false,
		"`TestFates` | `controllers/arm`":                                    true,
		"depguard `loop` and `lane`":                                         false,
		"depguard `phantom`":                                                 true,
	} {
		if wrongs, _ := wrongsIn(tree, text); (len(wrongs) > 0) != wrong {
			t.Errorf("%s: %v", text, wrongs)
		}
	}
}

// wrongsIn is what a line says that is not so, and how many names it has.
func wrongsIn(tree *tree, text string) (wrongs []string, checked int) {
	var tests, places []string
	for _, found := range span.FindAllStringSubmatch(text, -1) {
		name := found[1]
		switch {
		case aTest.MatchString(name):
			tests = append(tests, name)
			if len(tree.tests[name]) == 0 {
				wrongs = append(wrongs, "there is no test "+name)
			}
		case aPath.MatchString(name):
			for _, one := range spread(name) {
				places = append(places, one)
				if !tree.has(before(one, "<")) {
					wrongs = append(wrongs, "there is no "+one)
				}
			}
		case aFile.MatchString(name):
			if !tree.names[name] && !slices.Contains(ofReaders, name) {
				wrongs = append(wrongs, "no file is called "+name)
			}
		case anIdentifier.MatchString(name):
			parts := anIdentifier.FindStringSubmatch(name)
			if of := tree.exported[parts[1]]; of != nil && !of[parts[2]] {
				wrongs = append(wrongs, "package "+parts[1]+" has no "+parts[2])
			}
		default:
			continue
		}
		checked++
	}
	wrongs = append(wrongs, misplaced(tree, tests, places)...)
	for _, rule := range rulesIn(text) {
		checked++
		if !slices.Contains(rules(), rule) {
			wrongs = append(wrongs, "depguard has no rule "+rule)
		}
	}
	return wrongs, checked
}

// misplaced are tests that are in none of the places that stand beside them.
func misplaced(tree *tree, tests, places []string) (wrongs []string) {
	if len(places) == 0 {
		return nil
	}
	for _, test := range tests {
		there := slices.ContainsFunc(tree.tests[test], func(file string) bool {
			return slices.ContainsFunc(places, func(at string) bool {
				return file == at || strings.HasPrefix(file, at+"/") || path.Ext(at) != "" && path.Dir(file) == path.Dir(at) // beside a file
			})
		})
		if len(tree.tests[test]) > 0 && !there {
			wrongs = append(wrongs, test+" is in "+strings.Join(tree.tests[test], ", "))
		}
	}
	return wrongs
}

// spread is what a path with alternatives in braces stands for.
func spread(name string) []string {
	head, rest, ok := strings.Cut(name, "{")
	inner, tail, closed := strings.Cut(rest, "}")
	if !ok || !closed {
		return []string{strings.TrimSuffix(name, "/")}
	}
	var out []string
	for _, one := range strings.Split(inner, ",") {
		out = append(out, spread(head+one+tail)...)
	}
	return out
}

// before is a path up to the part that a reader fills in: its directory.
func before(name, mark string) string {
	if head, _, found := strings.Cut(name, mark); found {
		return path.Dir(head + "x")
	}
	return name
}

var (
	ofDepguard = regexp.MustCompile("depguard((?:,? (?:and )?`[a-z-]+`)+)")
	aRule      = regexp.MustCompile(`(?m)^        ([a-z-]+):(?: &\S+)?$`)
)

// rulesIn are the rules of depguard that a line names.
func rulesIn(text string) (out []string) {
	for _, found := range ofDepguard.FindAllStringSubmatch(text, -1) {
		for _, one := range span.FindAllStringSubmatch(found[1], -1) {
			out = append(out, one[1])
		}
	}
	return out
}

// rules are those of the linter's configuration.
func rules() (out []string) {
	content, err := os.ReadFile(filepath.Join(root, ".golangci.yml"))
	if err != nil {
		return nil
	}
	_, rest, _ := strings.Cut(string(content), "    depguard:\n")
	rest, _, _ = strings.Cut(rest, "\n  exclusions:")
	for _, found := range aRule.FindAllStringSubmatch(rest, -1) {
		out = append(out, found[1])
	}
	return out
}

var (
	aLink    = regexp.MustCompile(`\[[^\]]*\]\(([^)\s]+)\)`)
	aHeading = regexp.MustCompile(`^#+ +(.*)$`)
	notSlug  = regexp.MustCompile(`[^\p{L}\p{N}_ -]`)
)

// Every link between our documents leads to a file, and to a heading in it, that is there.
func TestLinksLeadSomewhere(t *testing.T) {
	t.Parallel()
	pages := pagesOf(t, "*.md", "docs/*.md", "docs/*/*.md")
	headings := map[string]map[string]bool{}
	for _, page := range pages {
		headings[page.file] = slugs(page)
	}
	checked := 0
	for _, page := range pages {
		if page.file == "docs/reference.md" {
			continue // generated; its regular expressions look like links
		}
		for _, line := range page.lines {
			for _, found := range aLink.FindAllStringSubmatch(line.text, -1) {
				if strings.Contains(found[1], "://") || strings.HasPrefix(found[1], "mailto:") {
					continue
				}
				checked++
				to, anchor, _ := strings.Cut(found[1], "#")
				file := page.file
				if to != "" {
					file = path.Join(path.Dir(page.file), to)
				}
				if _, err := os.Stat(filepath.Join(root, file)); err != nil {
					t.Errorf("%s:%d: there is no %s", page.file, line.number, found[1])
				} else if anchor != "" && headings[file] != nil && !headings[file][anchor] {
					t.Errorf("%s:%d: %s has no heading #%s", page.file, line.number, file, anchor)
				}
			}
		}
	}
	if checked < 50 {
		t.Errorf("only %d links were found", checked)
	}
}

// slugs are the anchors that GitHub makes of a page's headings.
func slugs(page page) map[string]bool {
	out := map[string]bool{}
	for _, line := range page.lines {
		if heading := aHeading.FindStringSubmatch(line.text); heading != nil {
			out[strings.ReplaceAll(notSlug.ReplaceAllString(strings.ToLower(strings.ReplaceAll(heading[1], "`", "")), ""), " ", "-")] = true
		}
	}
	return out
}

// The pages of decisions are numbered without a gap, and their index has each of them, with its title.
func TestTheIndexHasEveryDecision(t *testing.T) {
	t.Parallel()
	index := pagesOf(t, "docs/decisions/README.md")[0]
	for i, page := range pagesOf(t, "docs/decisions/[0-9]*.md") {
		number := path.Base(page.file)[:4]
		if want := fmt.Sprintf("%04d", i+1); number != want {
			t.Errorf("%s: %s is next", page.file, want)
		}
		title := strings.TrimPrefix(page.lines[0].text, "# "+number+" ")
		row := "| [" + number + "](" + path.Base(page.file) + ") | " + title + " |"
		if !slices.ContainsFunc(index.lines, func(l line) bool { return strings.HasPrefix(l.text, row) }) {
			t.Errorf("docs/decisions/README.md has no row %s", row)
		}
		for _, part := range []string{"## Context", "## Decision", "## What fails without it", "## How it is held", "## What it costs"} {
			if !slices.ContainsFunc(page.lines, func(l line) bool { return l.text == part }) {
				t.Errorf("%s has no part %q", page.file, part)
			}
		}
	}
}

// Nothing that is installed declares a webhook, which an apply would depend on: docs/decisions/0007-no-webhook.md.
func TestThereIsNoWebhook(t *testing.T) {
	t.Parallel()
	webhook, checked := regexp.MustCompile(`(?m)^kind: \w*WebhookConfiguration|strategy: Webhook|^\s*webhook:`), 0
	for file := range house(t).paths {
		if !strings.HasPrefix(file, "config/") || path.Ext(file) != ".yaml" {
			continue
		}
		content, err := os.ReadFile(filepath.Join(root, file))
		if err != nil {
			t.Fatal(err)
		}
		checked++
		if found := webhook.Find(content); found != nil {
			t.Errorf("%s declares a webhook: %s", file, found)
		}
	}
	if checked < 50 {
		t.Errorf("only %d manifests were read", checked)
	}
}
