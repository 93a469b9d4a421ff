// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"regexp"
	"strings"
	"testing"
)

// TestEveryRule finds an accepted and a refused object for each CEL rule of each kind. The cases are derived from the rule where its
// sentence says what it is about; the others are in the table of cases_test.go. A rule without both is a failure.
func TestEveryRule(t *testing.T) {
	t.Parallel()
	all := kinds(t)
	unknown := map[string]bool{}
	for name := range cases {
		unknown[name] = true
	}
	for _, k := range all {
		delete(unknown, k.Name)
		t.Run(k.Name, func(t *testing.T) {
			t.Parallel()
			c := &coverage{bench: prepare(t, k), accepted: map[*rule]bool{}, refused: map[*rule]bool{}}
			rules := k.rules()
			for _, row := range cases[k.Name] {
				c.row(t, rules, row)
			}
			for _, r := range rules {
				c.derive(t, r)
				if !c.refused[r] {
					t.Errorf("No case is refused by the rule %s: give one to %s in cases_test.go", r, k.Name)
				}
				if !c.accepted[r] {
					t.Errorf("No accepted case is looked at by the rule %s: give one to %s in cases_test.go", r, k.Name)
				}
			}
		})
	}
	for name := range unknown {
		t.Errorf("cases_test.go speaks of %s, which is no kind of ours", name)
	}
}

// TestTransitionsStandOnWhatIsAlwaysThere: a rule that compares with what was before is not asked when its place is gone, so removing and
// adding again would be a way around it.
func TestTransitionsStandOnWhatIsAlwaysThere(t *testing.T) {
	t.Parallel()
	for _, k := range kinds(t) {
		for _, r := range k.rules() {
			s := k.schema
			for _, step := range r.path {
				if r.transition() && (step == "[]" || step == "{}" || !contains(s.Required, step)) {
					t.Errorf("%s: the rule %s can be got around: %s may be taken away and added again. It must stand on the spec", k.Name, r, step)
				}
				s = s.find(path{step})
			}
		}
	}
}

func contains(list []string, value string) bool {
	for _, v := range list {
		if v == value {
			return true
		}
	}
	return false
}

// coverage of the rules of one kind.
type coverage struct {
	*bench
	accepted, refused map[*rule]bool
}

// row runs a case of the table.
func (c *coverage) row(t *testing.T, rules []*rule, row oneCase) {
	t.Helper()
	r := pick(rules, row)
	if r == nil {
		t.Errorf("No rule of %s says %q (at %q), which a case in cases_test.go is about", c.kind.Name, row.rule, row.at)
		return
	}
	on := c.kind.base
	if row.on != "" {
		on = patched(t, on, row.on)
	}
	if r.transition() {
		stored, err := c.storeWritten(t.Context(), r, on)
		if err != nil {
			t.Errorf("The start of the case %q is refused: %v", row.rule, err)
			return
		}
		if err := c.update(t.Context(), stored, patched(t, on, row.refused)); !saysRule(err, r) {
			t.Errorf("An update with %s is not refused by the rule %s, but: %v", row.refused, r, err)
		}
		if err := c.update(t.Context(), stored, patched(t, on, row.accepted)); err != nil {
			t.Errorf("An update with %s is refused: %v", row.accepted, err)
		}
		c.refused[r], c.accepted[r] = true, true
		return
	}
	if row.refused != "" {
		c.refuse(t, r, patched(t, on, row.refused))
	}
	if row.accepted != "" || row.on != "" {
		c.accept(t, r, patched(t, on, row.accepted))
	}
}

func pick(rules []*rule, row oneCase) *rule {
	for _, r := range rules {
		if strings.Contains(r.Message, row.rule) && (row.at == "" || row.at == r.path.String()) {
			return r
		}
	}
	return nil
}

// refuse fails unless the object is refused with the rule's sentence.
func (c *coverage) refuse(t *testing.T, r *rule, object map[string]any) {
	t.Helper()
	c.refused[r] = true
	if err := c.create(t.Context(), object); !saysRule(err, r) {
		t.Errorf("It is not refused by the rule %s, but: %v\n%s", r, err, show(object))
	}
}

// accept fails unless the object is accepted and the rule had something to look at in it.
func (c *coverage) accept(t *testing.T, r *rule, object map[string]any) {
	t.Helper()
	c.accepted[r] = true
	if get(object, r.path) == nil {
		t.Errorf("The accepted object has nothing that the rule %s looks at: %s", r, show(object))
	}
	if err := c.create(t.Context(), object); err != nil {
		t.Errorf("It is refused, though the rule %s should accept it: %v\n%s", r, err, show(object))
	}
}

// derive makes cases from what the rule says.
func (c *coverage) derive(t *testing.T, r *rule) {
	t.Helper()
	immutable := immutableField.FindStringSubmatch(r.Message)
	switch {
	case r.transition() && immutable != nil:
		c.immutable(t, r, immutable[1])
	case r.transition():
		// in the table
	case strings.HasSuffix(cannotBeChosen.FindString(r.Message), "cannot be chosen"):
		c.accept(t, r, c.kind.base)
		c.refuse(t, r, c.kind.put(c.kind.base, r.path.to(r.has()[0]), "another"))
	case strings.Contains(r.Message, "exactly one of"):
		c.exactlyOne(t, r)
	case r.needs() != "":
		c.needed(t, r)
	case r.schema.Type == "string" || r.schema.Type == "array" && r.schema.Items.Type == "string":
		c.form(t, r)
	case !c.accepted[r] && get(c.kind.base, r.path) != nil:
		c.accept(t, r, c.kind.base)
	}
}

var (
	immutableField = regexp.MustCompile(`^([\w.]+) is immutable`)
	cannotBeChosen = regexp.MustCompile(`^\w+ cannot be chosen`)
)

// exactlyOne: each of the fields alone, where it can be made; none of them; any two of them.
func (c *coverage) exactlyOne(t *testing.T, r *rule) {
	t.Helper()
	names := r.has()
	accepted := 0
	for _, name := range names {
		if one, err := c.repair(t.Context(), c.only(c.kind.base, r, name), r.path.to(name)); err == nil && get(one, r.path.to(name)) != nil {
			c.accept(t, r, one)
			accepted++
		}
	}
	if accepted == 0 {
		t.Errorf("None of %s can be set alone, as the rule %s wants it", names, r)
	}
	c.refuse(t, r, c.only(c.kind.base, r))
	for i := range names {
		for j := range i {
			c.refuse(t, r, c.only(c.kind.base, r, names[i], names[j]))
		}
	}
}

// needed: with the field, and without it only to observe.
func (c *coverage) needed(t *testing.T, r *rule) {
	t.Helper()
	at := r.path.to(strings.Split(r.needs(), ".")...)
	object := c.kind.base
	if get(object, at) == nil {
		if c.accepted[r] && c.refused[r] {
			return
		}
		var err error
		if object, err = c.repair(t.Context(), c.kind.put(object, at, c.kind.schema.find(at).minimal()), at); err != nil {
			t.Errorf("%s cannot be set: %v", at, err)
			return
		}
	}
	c.accept(t, r, object)
	if c.refused[r] {
		return
	}
	if strings.Contains(r.Rule, "size(") || strings.Contains(r.Rule, "!= '") && !strings.Contains(r.Rule, "Observe") {
		return
	}
	c.refuse(t, r, without(object, at))
	if strings.Contains(r.Rule, "self.managementPolicy == 'Observe'") {
		c.accept(t, r, c.kind.put(without(object, at), path{"spec", "managementPolicy"}, "Observe"))
	}
}

// malformed are values that no field with a rule of its own about its form takes.
var malformed = []string{"10.175.0.1/22", "10.300.0.0/24", "10.175.0.0/333", "10.175.0.0/28", "20.0.0.0/22", "fd00::/64", "neither-this",
	"zz", "1", "https://nowhere.example.com/x"}

// form: the rule stands on a string, or a list of strings, and has a say in what they are. One of the seeds must be accepted, and one of
// the malformed ones refused with the rule's sentence.
func (c *coverage) form(t *testing.T, r *rule) {
	t.Helper()
	at, s := r.path, r.schema
	if s.Type == "array" {
		at, s = at.to("[]"), s.Items
	}
	if !c.accepted[r] {
		object := c.kind.base
		if get(object, at) == nil {
			object = c.kind.put(object, at, s.minimal())
		}
		object, err := c.repair(t.Context(), object, at)
		if err != nil {
			t.Errorf("No accepted value for the rule %s: %v", r, err)
			return
		}
		c.accept(t, r, object)
	}
	for _, value := range malformed {
		if c.refused[r] {
			return
		}
		if s.fits(value) && saysRule(c.create(t.Context(), c.kind.put(c.kind.base, at, value)), r) {
			c.refused[r] = true
		}
	}
}
