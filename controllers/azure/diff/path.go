// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package diff

import "strings"

// path is a JSON pointer (RFC 6901) in its parts.
type path []string

var (
	escaper   = strings.NewReplacer("~", "~0", "/", "~1")
	unescaper = strings.NewReplacer("~1", "/", "~0", "~")
)

func parsePath(pointer string) path {
	if pointer == "" {
		return nil
	}
	parts := strings.Split(strings.TrimPrefix(pointer, "/"), "/")
	for i, part := range parts {
		parts[i] = unescaper.Replace(part)
	}
	return parts
}

func parsePaths(pointers []string) []path {
	out := make([]path, len(pointers))
	for i, pointer := range pointers {
		out[i] = parsePath(pointer)
	}
	return out
}

func (p path) String() string {
	var b strings.Builder
	for _, part := range p {
		b.WriteByte('/')
		b.WriteString(escaper.Replace(part))
	}
	return b.String()
}

// with is a longer path; the capacity is cut so that two children never share the array underneath.
func (p path) with(part string) path { return append(p[:len(p):len(p)], part) }

func (p path) matches(pattern path) bool {
	return len(p) == len(pattern) && pattern.covers(p)
}

// covers reports whether p, as a pattern, matches the beginning of q.
func (p path) covers(q path) bool {
	if len(p) > len(q) {
		return false
	}
	for i, part := range p {
		if part != "*" && part != q[i] {
			return false
		}
	}
	return true
}

func (p path) matchesAny(patterns []path) bool {
	for _, pattern := range patterns {
		if p.matches(pattern) {
			return true
		}
	}
	return false
}
