// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package pages

import (
	"path"
	"slices"
	"strings"
	"testing"
	"unicode"
)

// retired is a word that docs/words.md has taken out of use.
type retired struct {
	word string
	// rooms in which it may not be the name of a function, a type, a field or a package-level value.
	rooms []string
}

// retiredWords reads the table of docs/words.md.
func retiredWords(t *testing.T) (out []retired) {
	t.Helper()
	inside := false
	for _, line := range pagesOf(t, "docs/words.md")[0].lines {
		if strings.HasPrefix(line.text, "## ") {
			inside = line.text == "## Words that are retired"
		}
		cells := strings.Split(line.text, " | ")
		if !inside || len(cells) < 3 || !strings.HasPrefix(line.text, "| `") {
			continue
		}
		var rooms []string
		for _, found := range span.FindAllStringSubmatch(cells[1], -1) {
			rooms = append(rooms, spread(found[1])...)
		}
		if len(rooms) == 0 {
			t.Errorf("docs/words.md:%d names no room", line.number)
		}
		for _, found := range span.FindAllStringSubmatch(cells[0], -1) {
			out = append(out, retired{found[1], rooms})
		}
	}
	return out
}

// A word that docs/words.md retires names nothing any more in the rooms that its row names.
func TestRetiredWordsNameNothing(t *testing.T) {
	t.Parallel()
	tree, words := house(t), retiredWords(t)
	if len(words) < 15 {
		t.Fatalf("docs/words.md retires only %d words", len(words))
	}
	for _, one := range words {
		for _, at := range uses(tree, one) {
			t.Errorf("%s:%d: %s is retired: docs/words.md has the word to write instead", at.file, at.line, one.word)
		}
	}
}

// uses of a retired word, with a capital letter or without.
func uses(tree *tree, one retired) (out []place) {
	for _, form := range []string{one.word, swapped(one.word)} {
		for _, at := range tree.declared[form] {
			if isIn(at.file, one.rooms) {
				out = append(out, at)
			}
		}
	}
	return out
}

// isIn says that a file is in one of the rooms: below a directory, or, if the room ends with /*.go, in it.
func isIn(file string, rooms []string) bool {
	return slices.ContainsFunc(rooms, func(room string) bool {
		if directory, itself := strings.CutSuffix(room, "/*.go"); itself {
			return path.Dir(file) == directory
		}
		return strings.HasPrefix(file, room+"/")
	})
}

// swapped is a name with its first letter in the other case.
func swapped(name string) string {
	first := rune(name[0])
	if unicode.IsUpper(first) {
		return string(unicode.ToLower(first)) + name[1:]
	}
	return string(unicode.ToUpper(first)) + name[1:]
}

// The terms of each table of docs/words.md stand in the order of the alphabet, and each has one meaning.
func TestWordsAreInOrder(t *testing.T) {
	t.Parallel()
	var last string
	seen := map[string]int{}
	for _, line := range pagesOf(t, "docs/words.md")[0].lines {
		if strings.HasPrefix(line.text, "## ") {
			last = ""
			if line.text == "## Words that are retired" {
				break
			}
		}
		term, _, row := strings.Cut(strings.TrimPrefix(line.text, "| "), " | ")
		if !row || !strings.HasPrefix(line.text, "| ") || term == "term" {
			continue
		}
		term = strings.ToLower(strings.ReplaceAll(term, "`", ""))
		if term < last {
			t.Errorf("docs/words.md:%d: %s stands after %s", line.number, term, last)
		}
		if at, twice := seen[term]; twice {
			t.Errorf("docs/words.md:%d: %s stands in line %d already", line.number, term, at)
		}
		last, seen[term] = term, line.number
	}
	if len(seen) < 80 {
		t.Errorf("only %d terms", len(seen))
	}
}
