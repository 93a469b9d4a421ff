// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package armsim

import (
	"net/http"
	"slices"
	"strings"
)

// What an api-version has. Versions are dates, so they compare as texts.

// versions are those that have the type.
func (t *resourceType) versions() []string {
	return slices.DeleteFunc(slices.Clone(avsVersions), func(v string) bool { return v < t.since })
}

// writable are the paths that a PUT may set.
func (t *resourceType) writable() []string {
	return slices.Concat(t.required, t.patchable, t.immutable, t.optional, t.kept)
}

// knownElements leaves out what the objects in a list do not have.
func (t *resourceType) knownElements(path string, v any) any {
	members, ok := t.elements[path]
	list, isList := v.([]any)
	if !ok || !isList {
		return v
	}
	for _, item := range list {
		if object, ok := item.(map[string]any); ok {
			for name := range object {
				if !slices.Contains(members, name) {
					delete(object, name)
				}
			}
		}
	}
	return list
}

// newerThan are the paths that version does not have yet.
func (t *resourceType) newerThan(version string) []string {
	var out []string
	for path, since := range t.newer {
		if version < since {
			out = append(out, path)
		}
	}
	return out
}

// shown is a body as version shows it: without what came later.
func (t *resourceType) shown(body map[string]any, version string) map[string]any {
	out := t.revealed(body, version)
	for _, path := range t.onAction {
		remove(out, path)
	}
	return out
}

// revealed is a body with what only an action answers.
func (t *resourceType) revealed(body map[string]any, version string) map[string]any {
	out := cloneObject(body)
	for _, path := range slices.Concat(t.newerThan(version), t.unshown) {
		remove(out, path)
	}
	return out
}

// show is what a GET of r answers. s.mu is held.
func (s *Server) show(r *resource, body map[string]any, version string) map[string]any {
	out := r.typ.shown(body, version)
	if r.typ.view != nil {
		r.typ.view(s, r, out)
	}
	return out
}

// sentTo is a request's body as version reads it. Azure drops what it does not know; Config.Strict refuses it, because a
// client that sends it has a mistake.
func (s *Server) sentTo(t *resourceType, body map[string]any, version string) (map[string]any, *answer) {
	known := slices.Concat(t.writable(), t.readOnly, t.writeOnly, []string{"id", "name", "type", "systemData", "etag"})
	later := t.newerThan(version)
	out := cloneObject(body)
	paths := leaves(body)
	slices.Sort(paths)
	for _, path := range paths {
		v, _ := lookup(body, path)
		if object, ok := v.(map[string]any); ok && len(object) == 0 && within(known, path) {
			continue // an empty object on the way to something known, such as "properties": {}
		}
		if covers(known, path) && !covers(later, path) || underList(t.writeOnly, path) {
			if member, unknown := t.unknownMember(path, v); s.config.Strict && unknown {
				return nil, strictly(t, path+"[]."+member, version)
			}
			continue
		}
		if s.config.Strict {
			return nil, strictly(t, path, version)
		}
		remove(out, path)
	}
	return out, nil
}

func strictly(t *resourceType, path, version string) *answer {
	return refuse(http.StatusBadRequest, "UnknownProperty", "Strict mode: a '%s' has no property '%s' at api-version '%s'. Azure would drop it without a word.",
		strings.TrimPrefix(t.name, avs+"/"), path, version)
}

// within reports whether something known lies below path.
func within(known []string, path string) bool {
	return slices.ContainsFunc(known, func(k string) bool { return strings.HasPrefix(k, path+".") })
}

// underList reports whether a path such as "properties.identitySources" is the list of a path such as
// "properties.identitySources[].password".
func underList(paths []string, path string) bool {
	return slices.ContainsFunc(paths, func(p string) bool { return strings.HasPrefix(p, path+"[]") })
}

func (t *resourceType) unknownMember(path string, v any) (string, bool) {
	members, ok := t.elements[path]
	list, _ := v.([]any)
	if !ok {
		return "", false
	}
	for _, item := range list {
		object, _ := item.(map[string]any)
		for _, name := range sortedKeys(object) {
			if !slices.Contains(members, name) && !slices.Contains(t.writeOnly, path+"[]."+name) {
				return name, true
			}
		}
	}
	return "", false
}

// checkEnums refuses a value that is not one of its path's.
func (ch *change) checkEnums() *answer {
	for _, path := range sortedKeys(ch.typ.enums) {
		allowed := ch.typ.enums[path]
		if v, ok := lookup(ch.after, path); ok {
			if text, isText := v.(string); !isText || !slices.Contains(allowed, text) {
				return invalid("The value '%v' of '%s' is not one of: %s.", v, path, strings.Join(allowed, ", "))
			}
		}
	}
	return nil
}

// checkRevision refuses a write that rests on a state which somebody else has changed since, and counts this one.
func (ch *change) checkRevision(sent map[string]any) *answer {
	const path = "properties.revision"
	is, _ := lookupInt(ch.before, path)
	if asked, whole := lookupInt(sent, path); !whole || asked != is {
		v, _ := lookup(sent, path)
		return refuse(http.StatusPreconditionFailed, "PreconditionFailed",
			"The object '%s' is present in the system with revision %d, but the request has revision %v. "+
				"Read it again and send its revision.", ch.r.id, is, v)
	}
	put(ch.after, path, float64(is))
	if !equal(ch.before, ch.after) {
		put(ch.after, path, float64(is+1))
	}
	return nil
}

// filtered answers what of a list the query asks for.
func (s *Server) filtered(in *scoped, t *resourceType, list []map[string]any) *answer {
	var kept []map[string]any
	for _, item := range list {
		keep, refused := t.filter(in.query, item)
		if refused != nil {
			return refused
		}
		if keep {
			kept = append(kept, item)
		}
	}
	return s.page(in.call, kept)
}
