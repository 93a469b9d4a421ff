// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package text_test

import (
	"testing"
	"unicode/utf8"

	"github.com/avs-operator/avs-operator/controllers/text"
)

func TestCut(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, text string
		most       int
		cut, runes string
	}{
		{"empty", "", 4, "", ""},
		{"fits exactly", "abcd", 4, "abcd", "abcd"},
		{"too long", "abcdefgh", 6, "abc…", "abcde…"},
		{"letters of two bytes", "äöüäöü", 6, "ä…", "äöüäöü"},
		{"a letter that the cut would halve", "aäöü", 5, "a…", "aäöü"},
		{"no UTF-8", "a\xffb", 9, "a�b", "a�b"},
		{"no UTF-8 where the cut is", "abc\xe2\x82def", 7, "abc…", "abc�def"},
		{"room for the ellipsis alone", "abcd", 3, "…", "ab…"},
		{"no room", "abcd", 0, "", ""},
		{"room for less than the ellipsis", "abcd", 2, "", "a…"},
	} {
		if got := text.Cut(c.text, c.most); got != c.cut {
			t.Errorf("%s: Cut(%q, %d) is %q, want %q", c.name, c.text, c.most, got, c.cut)
		}
		if got := text.CutRunes(c.text, c.most); got != c.runes {
			t.Errorf("%s: CutRunes(%q, %d) is %q, want %q", c.name, c.text, c.most, got, c.runes)
		}
	}
}

func FuzzCut(f *testing.F) {
	f.Add("äöü\xff and so on", 7)
	f.Fuzz(func(t *testing.T, given string, most int) {
		if most < 0 {
			return
		}
		if got := text.Cut(given, most); len(got) > most || !utf8.ValidString(got) {
			t.Errorf("Cut(%q, %d) is %q", given, most, got)
		}
		if got := text.CutRunes(given, most); utf8.RuneCountInString(got) > most || !utf8.ValidString(got) {
			t.Errorf("CutRunes(%q, %d) is %q", given, most, got)
		}
	})
}

func TestListNamesAllThatFit(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		names []string
		bytes int
		want  string
	}{
		{nil, 10, ""},
		{[]string{"a-name-of-its-own"}, 3, "a-name-of-its-own"},
		{[]string{"a", "b", "c", "d", "e", "f", "g"}, 30, "a, b, c, d, e, f, g"},
		{[]string{"a", "b", "c", "d", "e"}, 10, "a, b, c, … (5 in all)"},
	} {
		if got := text.List(c.names, c.bytes); got != c.want {
			t.Errorf("%v in %d bytes: %q, want %q", c.names, c.bytes, got, c.want)
		}
	}
}
