// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package armsim

import (
	"maps"
	"reflect"
	"strings"
)

// Bodies are JSON objects as encoding/json decodes them; paths into them are dotted member names, since no member of a
// Microsoft.AVS body has a dot in its name.

func lookup(body map[string]any, path string) (any, bool) {
	var at any = body
	for _, name := range strings.Split(path, ".") {
		object, ok := at.(map[string]any)
		if !ok {
			return nil, false
		}
		if at, ok = object[name]; !ok {
			return nil, false
		}
	}
	return at, true
}

func lookupString(body map[string]any, path string) string {
	v, _ := lookup(body, path)
	s, _ := v.(string)
	return s
}

// lookupInt answers the whole number at path; ok is false where there is none, also for 3.5 and "3".
func lookupInt(body map[string]any, path string) (int, bool) {
	v, _ := lookup(body, path)
	switch n := v.(type) {
	case float64:
		return int(n), n == float64(int(n))
	case int:
		return n, true
	}
	return 0, false
}

// put stores value at path and makes the objects on the way.
func put(body map[string]any, path string, value any) {
	names := strings.Split(path, ".")
	for _, name := range names[:len(names)-1] {
		next, ok := body[name].(map[string]any)
		if !ok {
			next = map[string]any{}
			body[name] = next
		}
		body = next
	}
	body[names[len(names)-1]] = value
}

func remove(body map[string]any, path string) {
	parent, name := "", path
	if i := strings.LastIndex(path, "."); i >= 0 {
		parent, name = path[:i], path[i+1:]
	}
	if parent == "" {
		delete(body, name)
	} else if object, ok := lookup(body, parent); ok {
		if m, ok := object.(map[string]any); ok {
			delete(m, name)
		}
	}
}

// clone copies a JSON value deeply and turns Go's integers and typed slices into what a decoder would have made of them.
func clone(v any) any {
	switch v := v.(type) {
	case map[string]any:
		return cloneObject(v)
	case map[string]string:
		out := make(map[string]any, len(v))
		for k, s := range v {
			out[k] = s
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = clone(v[i])
		}
		return out
	case []string:
		out := make([]any, len(v))
		for i := range v {
			out[i] = v[i]
		}
		return out
	case int:
		return float64(v)
	}
	return v
}

func cloneObject(m map[string]any) map[string]any {
	if m == nil {
		return nil
	}
	out := make(map[string]any, len(m))
	for k, v := range m {
		out[k] = clone(v)
	}
	return out
}

// merge lays over on base as RFC 7396 does: objects merge, everything else replaces, null takes away.
func merge(base, over map[string]any) map[string]any {
	out := maps.Clone(base)
	if out == nil {
		out = map[string]any{}
	}
	for k, v := range over {
		object, isObject := v.(map[string]any)
		switch old, _ := out[k].(map[string]any); {
		case v == nil:
			delete(out, k)
		case isObject:
			out[k] = merge(old, object)
		default:
			out[k] = clone(v)
		}
	}
	return out
}

func equal(a, b any) bool { return reflect.DeepEqual(clone(a), clone(b)) }

// leaves lists the dotted paths of all members that are not objects, and of empty objects.
func leaves(body map[string]any) []string {
	var out []string
	for k, v := range body {
		if object, ok := v.(map[string]any); ok && len(object) > 0 {
			for _, below := range leaves(object) {
				out = append(out, k+"."+below)
			}
			continue
		}
		out = append(out, k)
	}
	return out
}

// covers reports whether path is one of prefixes or lies below one.
func covers(prefixes []string, path string) bool {
	for _, p := range prefixes {
		if path == p || strings.HasPrefix(path, p+".") {
			return true
		}
	}
	return false
}

// nullPath answers the path of the first null, which Microsoft.AVS refuses wherever it stands.
func nullPath(v any, path string) (string, bool) {
	switch v := v.(type) {
	case nil:
		return path, true
	case map[string]any:
		for k, below := range v {
			if p, found := nullPath(below, strings.TrimPrefix(path+"."+k, ".")); found {
				return p, true
			}
		}
	case []any:
		for _, below := range v {
			if p, found := nullPath(below, path+"[]"); found {
				return p, true
			}
		}
	}
	return "", false
}
