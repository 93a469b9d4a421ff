// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// TestEveryBound tries, for every field of every spec, what its schema just accepts and what it just does not: lengths, sizes, numbers,
// values of an enum, forms, types, fields that are needed and fields that do not exist.
func TestEveryBound(t *testing.T) {
	t.Parallel()
	for _, k := range kinds(t) {
		t.Run(k.Name, func(t *testing.T) {
			t.Parallel()
			b := &bounds{bench: prepare(t, k), t: t}
			for _, r := range k.rules() {
				b.sentences = append(b.sentences, r.Message)
			}
			k.schema.Properties["spec"].walk(path{"spec"}, b.field)
			if b.tried < 10 {
				t.Errorf("only %d cases were tried", b.tried)
			}
		})
	}
}

type bounds struct {
	*bench
	t         *testing.T
	sentences []string
	tried     int
}

// field tries the bounds of one field.
func (b *bounds) field(at path, s *schema) {
	b.wrongType(at, s)
	switch s.Type {
	case "string":
		b.text(at, s)
	case "integer":
		b.number(at, s)
	case "array":
		b.list(at, s)
	case "object":
		b.object(at, s)
	}
}

func (b *bounds) wrongType(at path, s *schema) {
	var wrong any = map[string]any{}
	if s.Type == "object" {
		wrong = "a string"
	}
	b.refused(at, wrong, "must be of type") // and which: integer, or int32
}

func (b *bounds) text(at path, s *schema) {
	b.unbounded(at, s.MaxLength == nil && len(s.Enum) == 0 && s.Format != "date-time")
	for _, value := range s.Enum {
		b.accepted(at, value)
	}
	if len(s.Enum) > 0 {
		b.refused(at, "neither-of-them", "Unsupported value")
		b.refused(at, strings.ToLower(fmt.Sprint(s.Enum[0]))+" ", "Unsupported value")
		return
	}
	if s.MaxLength != nil {
		b.refused(at, strings.Repeat("a", int(*s.MaxLength)+1), "may not be more than")
		if value, ok := s.ofLength(*s.MaxLength); ok {
			b.accepted(at, value)
		}
	}
	if s.MinLength != nil && *s.MinLength > 0 {
		b.refused(at, strings.Repeat("a", int(*s.MinLength)-1), "should be at least")
		if value, ok := s.ofLength(*s.MinLength); ok {
			b.accepted(at, value)
		}
	}
	for _, value := range []string{" ", "a b!", "é?", "#", "a/b?c"} {
		if s.MinLength != nil {
			value = strings.Repeat(value, int(*s.MinLength))
			value = string([]rune(value)[:max(*s.MinLength, 1)])
		}
		if !s.matches(value) {
			b.refused(at, value, "should match")
			break
		}
	}
	if s.Format == "date-time" {
		b.refused(at, "tomorrow", "date-time")
	}
}

func (b *bounds) number(at path, s *schema) {
	if s.Minimum != nil {
		b.accepted(at, *s.Minimum)
		b.refused(at, *s.Minimum-1, "should be greater than or equal to")
	}
	if s.Maximum != nil {
		b.accepted(at, *s.Maximum)
		b.refused(at, *s.Maximum+1, "should be less than or equal to")
	}
}

func (b *bounds) list(at path, s *schema) {
	b.unbounded(at, s.MaxItems == nil)
	items := func(n int64) []any {
		out := []any{}
		for i := range n {
			out = append(out, s.item(i))
		}
		return out
	}
	if s.MinItems != nil && *s.MinItems > 0 {
		b.refused(at, items(*s.MinItems-1), "should have at least")
		b.accepted(at, items(*s.MinItems))
	}
	if s.MaxItems != nil {
		if len(s.Items.Enum) == 0 {
			b.accepted(at, items(*s.MaxItems))
		}
		b.refused(at, items(*s.MaxItems+1), "must have at most")
	}
	if len(s.ListMapKeys) > 0 {
		b.refused(at, []any{s.item(0), s.item(0)}, "Duplicate value")
	}
}

func (b *bounds) object(at path, s *schema) {
	if values := s.AdditionalProperties; values != nil {
		b.unbounded(at, s.MaxProperties == nil)
		if s.MaxProperties == nil {
			return
		}
		object := map[string]any{}
		for i := range *s.MaxProperties {
			object[fmt.Sprintf("key%d", i)] = values.minimal()
		}
		b.accepted(at, object)
		object["one-more"] = values.minimal()
		b.refused(at, object, "must have at most")
		return
	}
	present, ok := get(b.kind.base, at).(map[string]any)
	if !ok {
		present = s.minimal().(map[string]any)
	}
	unknown := deepCopy(present).(map[string]any)
	unknown["noSuchField"] = "x"
	b.refused(at, unknown, "unknown field")
	for _, name := range s.Required {
		lacking := deepCopy(present).(map[string]any)
		delete(lacking, name)
		b.refused(at, lacking, "Required value")
	}
}

// unbounded fields make the cost of CEL rules, and of storing an object, unbounded.
func (b *bounds) unbounded(at path, yes bool) {
	if yes {
		b.t.Errorf("%s has no upper bound", at)
	}
}

// accepted fails unless the API server takes the value, or refuses it for the sentence of a CEL rule, which is another test's subject.
func (b *bounds) accepted(at path, value any) {
	b.tried++
	object := b.kind.put(b.kind.base, at, value)
	err := b.create(context.WithoutCancel(b.t.Context()), object)
	if err == nil {
		return
	}
	for _, cause := range causes(err) {
		ours := slices.ContainsFunc(b.sentences, func(sentence string) bool { return strings.Contains(cause.Message, sentence) })
		if !ours && !strings.Contains(cause.Message, "some validation rules were not checked") {
			b.t.Errorf("%s: %s is refused: %s", at, show(value), cause.Message)
			return
		}
	}
	if len(causes(err)) == 0 {
		b.t.Errorf("%s: %s is refused: %v", at, show(value), err)
	}
}

// refused fails unless the API server refuses the value with the words, and says where.
func (b *bounds) refused(at path, value any, words string) {
	b.tried++
	err := b.create(context.WithoutCancel(b.t.Context()), b.kind.put(b.kind.base, at, value))
	if err == nil {
		b.t.Errorf("%s: %s is accepted", at, show(value))
		return
	}
	last := at[len(at)-1]
	if last == "[]" || last == "{}" {
		last = at[len(at)-2]
	}
	if !strings.Contains(err.Error(), words) || !strings.Contains(err.Error(), last) || apierrors.IsInternalError(err) {
		b.t.Errorf("%s: %s is not refused with %q, but: %v", at, show(value), words, err)
	}
}
