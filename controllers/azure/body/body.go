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
	"strconv"
	"strings"
)

// Hidden stands in the place of a write-only value wherever people may look.
const Hidden = "(hidden)"

// Clone copies a body deeply, so that a change of the copy is none of the original.
func Clone(of map[string]any) map[string]any {
	out, _ := clone(of).(map[string]any)
	return out
}

func clone(value any) any {
	switch at := value.(type) {
	case map[string]any:
		out := make(map[string]any, len(at))
		for key, inner := range at {
			out[key] = clone(inner)
		}
		return out
	case []any:
		out := make([]any, len(at))
		for i, inner := range at {
			out[i] = clone(inner)
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

// Put sets a value, if there is something at its place to hold it.
func Put(of map[string]any, pointer string, value any) bool {
	var here any = of
	tokens := tokensOf(pointer)
	for i, token := range tokens {
		last := i == len(tokens)-1
		switch at := here.(type) {
		case map[string]any:
			if last {
				at[token] = value
				return true
			}
			here = at[token]
		case []any:
			n, err := strconv.Atoi(token)
			if err != nil || n < 0 || n >= len(at) {
				return false
			}
			if last {
				at[n] = value
				return true
			}
			here = at[n]
		default:
			return false
		}
	}
	return false
}

// Remove takes a path out, and with it whatever held nothing else: an emptied object would be refused, and means nothing.
func Remove(of map[string]any, pointer string) { remove(of, tokensOf(pointer)) }

func remove(of map[string]any, tokens []string) {
	if len(tokens) == 1 {
		delete(of, tokens[0])
		return
	}
	if held, ok := of[tokens[0]].(map[string]any); ok {
		if remove(held, tokens[1:]); len(held) == 0 && tokens[0] != "properties" {
			delete(of, tokens[0])
		}
	}
}

// Container is what must be sent so that the value at a path is: its own path, or the list around it, because lists are replaced as a whole.
func Container(of map[string]any, pointer string) (path string, value any) {
	var here any = of
	tokens := tokensOf(pointer)
	for i, token := range tokens {
		fields, ok := here.(map[string]any)
		if !ok {
			if list, isList := here.([]any); isList {
				return "/" + strings.Join(tokens[:i], "/"), list
			}
			break
		}
		here = fields[token]
	}
	return pointer, Hidden
}

func tokensOf(pointer string) []string { return strings.Split(strings.TrimPrefix(pointer, "/"), "/") }

// Under says that a path is one of others or lies below one.
func Under(path string, others []string) bool {
	return slices.ContainsFunc(others, func(o string) bool { return path == o || strings.HasPrefix(path, o+"/") })
}

// MapTexts changes every text of a JSON value in its place; place is the path of the value.
func MapTexts(place string, value any, change func(place, text string) string) any {
	switch at := value.(type) {
	case string:
		return change(place, at)
	case []any:
		for i := range at {
			at[i] = MapTexts(fmt.Sprintf("%s/%d", place, i), at[i], change)
		}
	case map[string]any:
		for key := range at {
			at[key] = MapTexts(place+"/"+key, at[key], change)
		}
	}
	return value
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

// Union is what a and b have, in order.
func Union(a, b []string) []string {
	all := append(slices.Clone(a), b...)
	slices.Sort(all)
	return slices.Compact(all)
}
