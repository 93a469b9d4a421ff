// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package diff

import "github.com/avs-operator/avs-operator/controllers/azure/body"

// path is a JSON pointer (RFC 6901) in its parts.
type path []string

func parsePath(pointer string) path { return body.Tokens(pointer) }

func parsePaths(pointers []string) []path {
	out := make([]path, len(pointers))
	for i, pointer := range pointers {
		out[i] = parsePath(pointer)
	}
	return out
}

func (p path) String() string { return body.Pointer(p...) }

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
