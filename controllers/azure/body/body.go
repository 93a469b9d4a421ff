// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package body holds what is done with the JSON bodies of ARM: maps as encoding/json makes them. Paths are JSON pointers.
package body

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Hidden stands in the place of a write-only value wherever people may look.
const Hidden = "(hidden)"

// Clone copies a body deeply, so that a change of the copy is none of the original.
func Clone(of map[string]any) map[string]any {
	out, _ := CloneValue(of).(map[string]any)
	return out
}

// CloneValue copies any JSON value deeply.
func CloneValue(value any) any {
	switch at := value.(type) {
	case map[string]any:
		out := make(map[string]any, len(at))
		for key, inner := range at {
			out[key] = CloneValue(inner)
		}
		return out
	case []any:
		out := make([]any, len(at))
		for i, inner := range at {
			out[i] = CloneValue(inner)
		}
		return out
	}
	return value
}

// Merge puts what over lacks of under into it.
func Merge(over, under map[string]any) {
	for key, value := range under {
		have, there := over[key]
		inner, isBody := have.(map[string]any)
		addition, isAddition := value.(map[string]any)
		if isBody && isAddition {
			Merge(inner, addition)
		} else if !there {
			over[key] = value
		}
	}
}

// Text is a value as people read it; empty for none.
func Text(value any) string {
	if value == nil {
		return ""
	}
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprint(value)
	}
	return string(text)
}

// OrAbsent is a text, or a word for none.
func OrAbsent(text string) string {
	if text == "" {
		return "absent"
	}
	return text
}

// Hash tells a body, and what goes along with it, from any other.
func Hash(encoded []byte, word string) string {
	sum := sha256.Sum256(append(slices.Clone(encoded), word...))
	return hex.EncodeToString(sum[:])
}

// Fingerprint changes when one of the values does, and tells none: those that are secret here are random, and long.
func Fingerprint(values ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(values, "\n")))
	return hex.EncodeToString(sum[:8])
}

// Union is what a and b have, in order.
func Union(a, b []string) []string {
	all := append(slices.Clone(a), b...)
	slices.Sort(all)
	return slices.Compact(all)
}
