// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// sampleName is the name of the kind's base.
func sampleName(k *kind) string {
	metadata, _ := k.base["metadata"].(map[string]any)
	name, _ := metadata["name"].(string)
	return name
}

// prepare makes a bench for the kind, with its sample or, without one, with the smallest object that the API server accepts.
func prepare(t *testing.T, k *kind) *bench {
	t.Helper()
	b := newBench(t, k)
	if k.base != nil {
		return b
	}
	k.base = map[string]any{"apiVersion": "avs-operator.io/v1alpha1", "kind": k.Name, "metadata": map[string]any{"name": "smallest"},
		"spec": k.schema.Properties["spec"].minimal()}
	var err error
	if k.base, err = b.repair(t.Context(), k.base, nil); err != nil {
		t.Fatalf("No %s in config/samples, and none could be made from the schema: %v", k.Name, err)
	}
	return b
}

// repair does what a reader of the API server's sentences would do: it fills in what is needed, chooses one where one is to be chosen, and
// tries another value where one is not of the right form. It keeps what is at keep as it is.
func (b *bench) repair(ctx context.Context, object map[string]any, keep path) (map[string]any, error) {
	tried := map[string]int{}
	for range 40 {
		err := b.create(ctx, object)
		if err == nil {
			return object, nil
		}
		next := object
		for _, cause := range causes(err) {
			if next = b.heed(object, cause, keep, tried); next != nil {
				break
			}
		}
		if len(causes(err)) == 0 || next == nil {
			return nil, fmt.Errorf("%w: %s", err, show(object))
		}
		object = next
	}
	return nil, fmt.Errorf("no end of complaints about %s", show(object))
}

// heed is the object with one complaint heeded; nil if the complaint says nothing that can be heeded here.
func (b *bench) heed(object map[string]any, cause metav1.StatusCause, keep path, tried map[string]int) map[string]any {
	for _, r := range b.kind.rules() {
		if !strings.Contains(cause.Message, r.Message) || !r.at(cause.Field) || r.transition() {
			continue
		}
		switch {
		case strings.Contains(r.Message, "exactly one of"):
			return b.choose(object, r, keep)
		case r.needs() != "":
			at := r.path.to(strings.Split(r.needs(), ".")...)
			return b.kind.put(object, at, b.kind.schema.find(at).minimal())
		case r.schema.Type == "string" || r.schema.Type == "array":
			return b.another(object, r, tried)
		}
		// A rule about several fields: another value for a string below it may do.
		for _, name := range r.has() {
			at := r.path.to(strings.Split(name, ".")...)
			if s := b.kind.schema.find(at); s != nil && s.Type == "string" && !slices.Equal(at, keep) {
				return b.another(object, &rule{Message: r.Message, path: at, schema: s}, tried)
			}
		}
		for _, name := range r.schema.Required {
			if s := r.schema.Properties[name]; s.Type == "string" {
				return b.another(object, &rule{Message: r.Message, path: r.path.to(name), schema: s}, tried)
			}
		}
	}
	return nil
}

// another is the object with the next seed at what the rule stands on.
func (b *bench) another(object map[string]any, r *rule, tried map[string]int) map[string]any {
	at, s := r.path, r.schema
	if s.Type == "array" {
		at, s = at.to("[]"), s.Items
	}
	values := s.strings()
	key := at.String()
	tried[key]++
	if tried[key] >= len(values) {
		return nil
	}
	return b.kind.put(object, at, values[tried[key]])
}

// choose leaves one of the fields, among which the rule wants one: the one to keep, or else the first.
func (b *bench) choose(object map[string]any, r *rule, keep path) map[string]any {
	chosen := r.has()[0]
	if len(keep) > len(r.path) && slices.Contains(r.has(), keep[len(r.path)]) {
		chosen = keep[len(r.path)]
	}
	return b.only(object, r, chosen)
}

// only is the object with exactly the named ones of the fields among which the rule wants one.
func (b *bench) only(object map[string]any, r *rule, names ...string) map[string]any {
	out := b.kind.put(object, r.path, get(b.kind.put(object, r.path.to(r.has()[0]), "x"), r.path)) // so that the parent is there
	for _, name := range r.has() {
		at := r.path.to(name)
		switch present := get(object, at); {
		case !slices.Contains(names, name):
			out = without(out, at)
		case present == nil:
			out = b.kind.put(out, at, b.kind.schema.find(at).minimal())
		default:
			out = b.kind.put(out, at, present)
		}
	}
	return out
}

// needs is the field that the rule wants to be there; "" if it is not such a rule.
func (r *rule) needs() string {
	word, _, found := strings.Cut(r.Message, " is needed")
	if !found {
		return ""
	}
	name, _, _ := strings.Cut(word, ".")
	for _, field := range r.has() {
		if field == name || strings.HasSuffix(field, "."+name) {
			return field
		}
	}
	return ""
}
