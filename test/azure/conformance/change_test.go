// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/test/armsim"
)

// isMended: each path that the object manages and Azure can change is changed there, and comes back by one request about that path alone.
func (l *life) isMended() {
	for _, path := range l.changeable() {
		l.mark()
		before := l.body()
		was := at(before, path)
		l.set(patchAt(path, drifted(was)))
		l.has(path, was)
		l.ready()
		for _, r := range l.wrote(1) {
			l.isSmallest(r, before, path)
		}
	}
}

// drifted is another value than was. Azure's own rules do not matter: what is there is there. Hosts get fewer, because more would stay.
func drifted(was any) any {
	switch was := was.(type) {
	case bool:
		return !was
	case float64:
		if was > 1 {
			return was - 1
		}
		return was + 1
	case []any:
		if len(was) > 1 {
			return was[:len(was)-1]
		}
		return []any{}
	}
	return fmt.Sprint(was) + "-drifted"
}

// isSmallest: a PATCH names the path and nothing else; a PUT, and a PATCH of an object of NSX, which is whole, leaves everything else as Azure had it.
func (l *life) isSmallest(r armsim.Request, before map[string]any, path string) {
	l.t.Helper()
	body := l.asked(r)
	for _, leaf := range leaves(body, "") {
		said := under(leaf, l.kind.Immutable) && asText(at(body, leaf)) == asText(at(before, leaf)) // which of several bodies this is
		beside := said || leaf == path || under(leaf, []string{path}) || leaf == "/properties/revision" ||
			strings.HasPrefix(leaf, "/tags/") && strings.HasPrefix(path, "/tags/")
		if !beside && (r.Method != "PUT" && !l.kind.Revised || asText(at(body, leaf)) != asText(at(before, leaf))) && at(body, leaf) != "***" {
			l.t.Errorf("to mend %s, %s changes %s too: %s", path, r.Method, leaf, r.Body)
		}
	}
	if r.Method != "PUT" {
		return
	}
	if byPUT := l.kind.NoPatch || under(path, l.kind.PutOnly); !byPUT {
		l.t.Errorf("%s was mended by a PUT", path)
	}
	for _, leaf := range leaves(before, "") {
		readOnly := under(leaf, append([]string{"/id", "/name", "/type", "/systemData", "/properties/provisioningState"}, l.kind.ReadOnly...))
		if at(body, leaf) == nil && at(before, leaf) != nil && !readOnly && at(l.body(), leaf) == nil {
			l.t.Errorf("to mend %s, a PUT takes %s away: %s", path, leaf, r.Body)
		}
	}
}

// isEdited: each field that may be edited is, and arrives; then it is set back.
func (l *life) isEdited() {
	var arrived, refused []string
	for _, f := range fields(l.schema, l.spec(), false) {
		other, ok := f.schema.Other(f.value)
		if !ok || !l.accepted(f.patch(other)) {
			continue
		}
		l.mark()
		before := l.body()
		l.edit(f.patch(other))
		if verdict := l.verdict(); verdict != "" {
			refused = append(refused, fmt.Sprintf("%s=%s (%s)", f, asText(other), verdict))
		} else if own, _ := l.writes(); len(own) == 0 || asText(before) == asText(l.body()) {
			l.t.Errorf("%s was set to %s, and nothing in Azure changed", f, asText(other))
		} else {
			arrived = append(arrived, f.String())
		}
		l.edit(f.patch(f.value))
		l.ready()
	}
	l.t.Logf("arrived: %v; refused for a reason: %v", arrived, refused)
	if len(refused) > 0 && len(arrived) == 0 {
		l.t.Errorf("no edit arrived: %v", refused)
	}
}

// verdict waits until an edit has arrived, and is what Azure or a guard has against it otherwise.
func (l *life) verdict() (refusal string) {
	l.t.Helper()
	since := map[string]time.Time{}
	l.until("an edit to arrive or to be refused", func(s *v1alpha1.AzureStatus) error {
		c := meta.FindStatusCondition(s.Conditions, v1alpha1.ConditionReady)
		if c == nil || s.ObservedGeneration != l.generation() || c.ObservedGeneration != s.ObservedGeneration {
			return fmt.Errorf("generation %d is not observed", l.generation())
		}
		if c.Status == metav1.ConditionTrue {
			return nil
		}
		if since[c.Reason].IsZero() {
			since[c.Reason] = time.Now()
		}
		transient := []string{v1alpha1.ReasonUpdating, v1alpha1.ReasonCreating, v1alpha1.ReasonOperationWaits, v1alpha1.ReasonAzureBusy, v1alpha1.ReasonTransient}
		if slices.Contains(transient, c.Reason) || time.Since(since[c.Reason]) < quiet/2 {
			return fmt.Errorf("%s: %s", c.Reason, c.Message)
		}
		refusal = c.Reason + ": " + c.Message
		return nil
	})
	if strings.HasPrefix(refusal, v1alpha1.ReasonImmutableField) && !l.kind.Once {
		l.t.Errorf("the API server accepts what Azure cannot change: %s", refusal)
	}
	return refusal
}

// generation of the object now.
func (l *life) generation() int64 {
	fresh := &unstructured.Unstructured{}
	gvk, err := cluster.Admin.GroupVersionKindFor(l.object)
	if err != nil {
		l.t.Fatal(err)
	}
	fresh.SetGroupVersionKind(gvk)
	if err := cluster.Admin.Get(l.t.Context(), keyOf(l.object), fresh); err != nil {
		return -1
	}
	return fresh.GetGeneration()
}

// dropsWhatTheSpecDrops: each field that may be left out is, and is taken away in Azure or set back to the service's default.
func (l *life) dropsWhatTheSpecDrops() {
	for _, f := range fields(l.schema, l.spec(), true) {
		if !l.accepted(f.patch(nil)) {
			continue
		}
		l.mark()
		managed := l.managed()
		l.edit(f.patch(nil))
		if refusal := l.verdict(); refusal != "" {
			l.t.Errorf("%s may be dropped, and then: %s", f, refusal)
		}
		for _, path := range managed {
			if under(path, l.object.AzureStatus().Managed) || under(path, l.kind.Rules.WriteOnly) {
				continue
			}
			want, has := l.kind.Defaults[path]
			if got := at(l.body(), path); asText(got) != asText(want) && got != nil && !l.filled(path, got) && !under(path, l.kind.Filled) {
				l.t.Errorf("the spec drops %s, and %s in Azure stays %s; Traits.Defaults has %s for it (%t): write there what Azure has when nobody sets it, "+
					"or let a CEL rule refuse that the field is dropped", f, path, asText(got), asText(want), has)
			}
		}
		l.edit(f.patch(f.value))
		l.ready()
		for _, path := range managed {
			if at(l.body(), path) == nil && !under(path, l.kind.Rules.WriteOnly) {
				l.t.Errorf("%s is named again, and %s is not in Azure", f, path)
			}
		}
	}
}

// filled says that Azure itself fills a path when nobody names it, by the answer to a PUT that left it out.
func (l *life) filled(path string, got any) bool {
	own, _ := l.writes()
	for _, r := range own {
		if r.Method == "PUT" && at(l.asked(r), path) == nil {
			return true
		}
	}
	_ = got
	return false
}

// stopsAtTheImmutable: where Azure has another value of what it cannot change, nothing is written and the object says so.
func (l *life) stopsAtTheImmutable() {
	for _, path := range l.managed() {
		if !under(path, l.kind.Immutable) || under(path, l.kind.Rules.WriteOnly) || l.kind.Once {
			continue
		}
		was := at(l.body(), path)
		if !l.named(was) {
			continue // looked up in Azure: whatever it is there is right
		}
		l.mark()
		l.set(patchAt(path, drifted(was)))
		message := l.says(v1alpha1.ConditionStalled, v1alpha1.ReasonImmutableField)
		if !strings.Contains(message, path) {
			l.t.Errorf("the message does not name %s: %s", path, message)
		}
		l.set(patchAt(path, was))
		l.ready()
		l.wrote(0)
	}
}

// named says that a value in Azure comes from the spec: the value itself, the end of an id, or the name of a field that stands for it.
func (l *life) named(value any) bool {
	text, ok := value.(string)
	if !ok {
		return true
	}
	spec := l.spec()
	return slices.ContainsFunc(append(texts(spec), slices.Collect(maps.Keys(spec))...), func(said string) bool {
		return strings.EqualFold(said, text) || strings.HasSuffix(strings.ToLower(text), "/"+strings.ToLower(said))
	})
}
