// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package body

import (
	"slices"
	"strconv"
	"strings"
)

// Put sets a value, if there is something at its place to hold it.
func Put(of map[string]any, pointer string, value any) bool {
	var here any = of
	tokens := Tokens(pointer)
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
func Remove(of map[string]any, pointer string) {
	if tokens := Tokens(pointer); len(tokens) > 0 {
		remove(of, tokens)
	}
}

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
	tokens := Tokens(pointer)
	for i, token := range tokens {
		fields, ok := here.(map[string]any)
		if !ok {
			if list, isList := here.([]any); isList {
				return Pointer(tokens[:i]...), list
			}
			break
		}
		here = fields[token]
	}
	return pointer, Hidden
}

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
			at[i] = MapTexts(place+Pointer(strconv.Itoa(i)), at[i], change)
		}
	case map[string]any:
		for key := range at {
			at[key] = MapTexts(place+Pointer(key), at[key], change)
		}
	}
	return value
}

// As RFC 6901 has it: a name may hold what separates names.
var (
	escaper   = strings.NewReplacer("~", "~0", "/", "~1")
	unescaper = strings.NewReplacer("~1", "/", "~0", "~")
)

// Tokens are the names that a pointer consists of; none for the whole body.
func Tokens(pointer string) []string {
	if pointer == "" {
		return nil
	}
	tokens := strings.Split(strings.TrimPrefix(pointer, "/"), "/")
	for i, token := range tokens {
		tokens[i] = unescaper.Replace(token)
	}
	return tokens
}

// Pointer is the pointer that consists of names.
func Pointer(tokens ...string) string {
	var out strings.Builder
	for _, token := range tokens {
		out.WriteByte('/')
		out.WriteString(escaper.Replace(token))
	}
	return out.String()
}
