// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/avs-operator/avs-operator/controllers/text"
)

// Bytes of names that a sentence of a plan takes, and one that proposes names.
const (
	mostListed   = 800
	mostProposed = 300
)

// has says what exists nearby, for a name that does not: the likeliest first, so that a slip of the pen is seen at once.
func has(what string, missing string, names []string) string {
	if len(names) == 0 {
		return fmt.Sprintf("%q (there is no %s that the account can see)", missing, what)
	}
	return fmt.Sprintf("%q (there is %s)", missing, text.List(nearest(missing, names), mostProposed))
}

// nearest sorts names by how little they differ from one that was meant, and drops repeated ones.
func nearest(meant string, names []string) []string {
	distance := make(map[string]int, len(names))
	for _, name := range names {
		if _, ok := distance[name]; !ok {
			distance[name] = edits(strings.ToLower(meant), strings.ToLower(name))
		}
	}
	out := slices.Clone(names)
	slices.SortFunc(out, func(a, b string) int { return cmp.Or(cmp.Compare(distance[a], distance[b]), cmp.Compare(a, b)) })
	return slices.Compact(out)
}

// edits counts the letters that must be put in, taken out or changed to make b of a. Both are cut: names are short, paths need not be exact.
func edits(a, b string) int {
	const most = 64
	a, b = a[:min(len(a), most)], b[:min(len(b), most)]
	var row [most + 1]int
	for j := range len(b) + 1 {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}

func upperFirst(text string) string {
	r, n := utf8.DecodeRuneInString(text)
	if n == 0 || strings.HasPrefix(text, "spec.") {
		return text
	}
	return string(unicode.ToUpper(r)) + text[n:]
}

// gib writes bytes as people read them.
func gib(bytes int64) string {
	return fmt.Sprintf("%.1f GiB", float64(bytes)/(1<<30))
}
