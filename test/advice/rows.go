// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package advice holds what the operator's messages tell people to do: a table of every reason, what its messages ask for, and where that is done
// word by word and helps.
package advice

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Row is a reason.
type Row struct {
	Reason string
	// Means and Do are what the page says: what has happened, and what to do. No Do: nobody has to do anything.
	Means, Do string
	// Asks are the pieces of advice in messages with this reason; none if nobody has to do anything.
	Asks []Ask
}

// Ask is one thing that messages ask for.
type Ask struct {
	// Says is a regular expression for the words in the code that ask for it. Each verb of a message must be in one.
	Says string
	// By is who does just that, and sees what becomes of it: a walk of this package's tests, or a test somewhere, Test....
	By string
	// Told is why By only sees that the cause is told with these words, and does not do what they ask for; empty where it does.
	Told string
}

// elsewhere are files with sentences that have tables and tests of their own: one that walks them, or that holds each of them to its cause.
var elsewhere = map[string]string{
	"controllers/move/plan/concerns.go":         "TestEveryConcernHasASentence",
	"controllers/maintenance/windows/checks.go": "TestReadinessHeals",
}

// HeldElsewhere says that the advice in a file has a table of its own.
func HeldElsewhere(path string) bool {
	for file := range elsewhere {
		if strings.HasSuffix(filepath.ToSlash(path), file) {
			return true
		}
	}
	return false
}

var compiled = sync.OnceValue(func() map[string]*regexp.Regexp {
	out := map[string]*regexp.Regexp{}
	for _, row := range Rows {
		for _, ask := range row.Asks {
			out[ask.Says] = regexp.MustCompile(ask.Says)
		}
	}
	return out
})

// Covers says that the row of a reason, or any row if reason is empty, has advice that stands in the text around the bytes from and to.
func Covers(reason, text string, from, to int) bool {
	for _, row := range Rows {
		if reason != "" && row.Reason != reason {
			continue
		}
		for _, ask := range row.Asks {
			for _, at := range compiled()[ask.Says].FindAllStringIndex(text, -1) {
				if at[0] <= from && to <= at[1] {
					return true
				}
			}
		}
	}
	return false
}

// Constants are the reasons that a package declares, by the names of their constants.
func Constants(dir string) (map[string]string, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	for _, path := range files {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return nil, err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok || !strings.HasPrefix(spec.Names[0].Name, "Reason") || len(spec.Values) != 1 {
				return true
			}
			if value, ok := spec.Values[0].(*ast.BasicLit); ok {
				out[spec.Names[0].Name], _ = strconv.Unquote(value.Value)
			}
			return true
		})
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("no reasons in %s", dir)
	}
	return out, nil
}

// Page is the table as a page of the documentation.
func Page() string {
	var page strings.Builder
	page.WriteString("# Reasons\n\nEvery reason that the conditions of an object can give, what has happened, and what to do. " +
		"The message beside it names the objects and values\n" +
		"that are meant. Generated from the table that the tests follow: they make the cause, do what the message says, and wait for the object to be\n" +
		"Ready, or gone, wherever a test can do it.\n\n" +
		"| reason | what it means | what to do |\n|---|---|---|\n")
	rows := slices.Clone(Rows)
	slices.SortFunc(rows, func(a, b Row) int { return strings.Compare(a.Reason, b.Reason) })
	for _, row := range rows {
		do := row.Do
		if do == "" {
			do = "nothing"
		}
		fmt.Fprintf(&page, "| `%s` | %s | %s |\n", row.Reason, row.Means, do)
	}
	return page.String()
}
