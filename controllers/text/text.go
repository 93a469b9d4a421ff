// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package text cuts texts and lists to a length: what Azure, vCenters and users say has no bound, and each field of a status has one.
package text

import (
	"fmt"
	"strings"
)

// ellipsis marks a text that went on.
const ellipsis = "…"

// Cut is a text in at most so many bytes, which is also in at most so many characters: for messages and events. What is cut ends with an
// ellipsis; bytes that are no UTF-8 become U+FFFD, because no API server takes them.
func Cut(text string, bytes int) string {
	text = strings.ToValidUTF8(text, "�")
	switch {
	case len(text) <= bytes:
		return text
	case bytes < len(ellipsis):
		return ""
	}
	return strings.ToValidUTF8(text[:bytes-len(ellipsis)], "") + ellipsis
}

// CutRunes is a text in at most so many characters, as maxLength of a schema counts: for names, of which a letter may take several bytes.
func CutRunes(text string, runes int) string {
	text = strings.ToValidUTF8(text, "�")
	if len(text) <= runes {
		return text
	}
	all := []rune(text)
	switch {
	case len(all) <= runes:
		return text
	case runes < 1:
		return ""
	}
	return string(all[:runes-1]) + ellipsis
}

// List names all, as far as so many bytes take them, and where they do not, how many there are in all: who has to do something about each would
// look in vain for the rest of a shorter list.
func List(names []string, bytes int) string {
	size := 0
	for i, name := range names {
		if size += len(name) + 2; size > bytes && i > 0 {
			return fmt.Sprintf("%s, … (%d in all)", strings.Join(names[:i], ", "), len(names))
		}
	}
	return strings.Join(names, ", ")
}
