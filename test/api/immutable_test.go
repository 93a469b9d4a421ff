// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	same = regexp.MustCompile(`self\.([\w.]+?)(?:\.lowerAscii\(\))? == oldSelf\.`)
	// observed may change what Azure cannot: it says what is there, and Azure is not written to.
	observed = "managementPolicy == 'Observe'"
)

// immutable: a field that the rule keeps as it is cannot be changed, added, removed, nor removed and then added.
func (c *coverage) immutable(t *testing.T, r *rule, word string) {
	t.Helper()
	at, stands := path(nil), r.path
	if r.onceWritten() {
		stands = path{"spec"}
	}
	for _, m := range same.FindAllStringSubmatch(r.Rule, -1) {
		if name := strings.TrimPrefix(m[1], "spec."); name == word || strings.HasPrefix(name, word+".") {
			at = stands.to(strings.Split(name, ".")...)
		}
	}
	if at == nil {
		t.Errorf("The rule %s does not compare the %s that it speaks of with what it was", r, word)
		return
	}
	field := stands.to(strings.Split(word, ".")...) // what is added and removed: at may be a part of it
	set := c.have(t, r, field)
	if set == nil {
		return
	}
	other := c.differently(t, set, at)
	if s := c.kind.schema.find(at); len(s.Enum) == 1 {
		other = set // there is no other value, but it can be removed and added
	} else if other == nil {
		t.Errorf("No second value for %s is accepted, so whether the rule %s holds is not known", at, r)
		return
	}
	ctx := t.Context()
	c.free(t, r, set, other)
	stored, err := c.storeWritten(ctx, r, set)
	if err != nil {
		t.Errorf("The start for the rule %s is refused: %v", r, err)
		return
	}
	if err := c.update(ctx, stored, c.kind.put(set, path{"metadata", "labels"}, map[string]any{"edited": "yes"})); err != nil {
		t.Errorf("An edit beside %s is refused: %v", field, err)
	}
	c.accepted[r], c.refused[r] = true, true
	if err := c.update(ctx, stored, other); !sameSpec(other, set) && !saysRule(err, r) {
		t.Errorf("Changing %s is not refused by the rule %s, but: %v", at, r, err)
	}
	removed := without(set, field)
	required := c.kind.schema.find(field[:len(field)-1])
	if contains(required.Required, field[len(field)-1]) {
		if err := c.edit(ctx, stored, removed); err == nil {
			t.Errorf("%s was removed", field)
		}
	} else {
		if err := c.edit(ctx, stored, removed); !saysRule(err, r) {
			t.Errorf("Removing %s is not refused by the rule %s, but: %v", field, r, err)
		}
		c.added(t, r, removed, set)
	}
	if err := c.update(ctx, stored, other); !sameSpec(other, set) && !saysRule(err, r) {
		t.Errorf("Removing and then adding %s is a way around the rule %s: %v", field, r, err)
	}
}

// free: until something was written to Azure, what is immutable later may be edited, and again while the object says that it must be.
func (c *coverage) free(t *testing.T, r *rule, set, other map[string]any) {
	t.Helper()
	if !r.onceWritten() || c.create(t.Context(), other) != nil {
		return
	}
	stored, err := c.store(t.Context(), set)
	if err != nil {
		t.Errorf("The start for the rule %s is refused: %v", r, err)
		return
	}
	if err := c.update(t.Context(), stored, other); err != nil {
		t.Errorf("Before anything is in Azure, an edit is refused by the rule %s: %v", r, err)
	}
	stalled := map[string]any{"type": "Stalled", "status": "True", "reason": "AdoptionRefused", "message": "choose another",
		"lastTransitionTime": "2026-01-01T00:00:00Z"}
	operation := map[string]any{"format": 1, "id": "i", "verb": "PUT", "state": "Intended", "startedAt": "2026-01-01T00:00:00.000000Z",
		"deadline": "2026-01-01T00:01:30.000000Z"}
	for _, says := range []struct {
		status  map[string]any
		refused bool
	}{
		{map[string]any{"provisioningState": "Succeeded"}, true},
		{map[string]any{"provisioningState": "Succeeded", "conditions": []any{stalled}}, false},
		{map[string]any{"managed": []any{"/id"}}, !r.ofPlace()},
		{map[string]any{"managed": []any{"/id"}, "provisioningState": "Succeeded", "conditions": []any{stalled}}, true},
		{map[string]any{"managed": []any{"/id"}, "operation": operation}, true},
	} {
		if err := c.say(t.Context(), stored, says.status); err != nil {
			t.Fatal(err)
		}
		if err := c.update(t.Context(), stored, other); !sameSpec(other, set) && saysRule(err, r) != says.refused {
			t.Errorf("With status %v an edit is refused by the rule %s: %t (%v)", says.status, r, !says.refused, err)
		}
	}
}

// added: a field that was not there cannot be added, unless the object only observed.
func (c *coverage) added(t *testing.T, r *rule, lacking, set map[string]any) {
	t.Helper()
	ctx := t.Context()
	observe := strings.Contains(r.Rule, observed)
	start := lacking
	if row := c.override(r); row != nil && row.lacking != "" {
		start = patched(t, lacking, row.lacking)
	} else if c.create(ctx, start) != nil { // Azure needs it: only who observes lacks it
		start = c.kind.put(lacking, path{"spec", "managementPolicy"}, "Observe")
	}
	stored, err := c.storeWritten(ctx, r, start)
	if err != nil && strings.Contains(err.Error(), "exactly one of") {
		return // it cannot be lacking: another one would be there, and that one cannot be removed
	}
	if err != nil {
		t.Errorf("No object without it is accepted, so whether the rule %s refuses to add it is not known: %v", r, err)
		return
	}
	policy, _ := get(start, path{"spec", "managementPolicy"}).(string)
	err = c.update(ctx, stored, set)
	switch {
	case policy == "Observe" && observe:
		if saysRule(err, r) {
			t.Errorf("An object that observes cannot begin to manage, because of the rule %s", r)
		}
	case !saysRule(err, r):
		t.Errorf("Adding what was not there is not refused by the rule %s, but: %v", r, err)
	}
}

// have is the base with the field set: as it is, as the table has it, or made from the schema.
func (c *coverage) have(t *testing.T, r *rule, field path) map[string]any {
	t.Helper()
	if row := c.override(r); row != nil && row.having != "" {
		return patched(t, c.kind.base, row.having)
	}
	if get(c.kind.base, field) != nil {
		return c.kind.base
	}
	set, err := c.repair(t.Context(), c.kind.put(c.kind.base, field, c.kind.schema.find(field).minimal()), field)
	if err != nil {
		t.Errorf("%s cannot be set, so whether the rule %s holds is not known; say in cases_test.go what goes with it: %v", field, r, err)
	}
	return set
}

func sameSpec(a, b map[string]any) bool { return show(a) == show(b) }

// differently is the object with another value at the path that the API server accepts, or has only other rules against.
func (c *coverage) differently(t *testing.T, object map[string]any, at path) map[string]any {
	t.Helper()
	s := c.kind.schema.find(at)
	var atOdds map[string]any
	for i, value := range s.others(get(object, at)) {
		changed := c.kind.put(object, at, value)
		if strings.EqualFold(show(changed), show(object)) {
			continue // upper and lower case may mean the same
		}
		err := c.create(t.Context(), changed)
		if err == nil {
			return changed
		}
		if atOdds == nil && c.onlyRules(err) {
			atOdds = changed
		}
		if i > 60 {
			break
		}
	}
	return atOdds
}

// onlyRules tells whether nothing but CEL rules stands against an object. Those do not keep each other from being asked.
func (c *coverage) onlyRules(err error) bool {
	for _, cause := range causes(err) {
		if !slices.ContainsFunc(c.kind.rules(), func(r *rule) bool { return strings.Contains(cause.Message, r.Message) }) {
			return false
		}
	}
	return len(causes(err)) > 0
}

func (c *coverage) override(r *rule) *values {
	for i := range immutables[c.kind.Name] {
		if row := &immutables[c.kind.Name][i]; strings.HasPrefix(r.Message, row.field+" is immutable") {
			return row
		}
	}
	return nil
}
