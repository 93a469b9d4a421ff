// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package decide

import (
	"encoding/json"
	"slices"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/azure/body"
	"github.com/avs-operator/avs-operator/controllers/azure/diff"
	"github.com/avs-operator/avs-operator/controllers/azure/kind"
)

// Write is one change to make in Azure.
type Write struct {
	Verb arm.Verb
	// Action that a POST runs.
	Action string
	// Body without write-only values; nil for none.
	Body map[string]any
	// Purpose of a PUT of the object's own resource.
	Purpose v1alpha1.OperationPurpose
	// Changes that an update makes.
	Changes []diff.Change
	// Target is another resource that is written; empty: the object's own.
	Target arm.ID
	// Word of a one-shot action.
	Word string
	// Reason and Message of the condition while it runs.
	Reason, Message string
}

// What names a write for a person.
func (w *Write) What() string {
	switch {
	case w.Action != "":
		return w.Action
	case w.Purpose == v1alpha1.OperationCreates:
		return "its creation"
	case w.Verb == arm.DELETE:
		return "its deletion"
	}
	return "its update"
}

// next is the write that is needed next: spec before one-shot actions, because an action may depend on it.
func (s Situation[T]) next(d *Decision) *Write {
	if s.Actual == nil {
		made := body.Clone(d.Desired)
		for _, path := range s.Kind.Later {
			body.Remove(made, path)
		}
		return s.creation(made)
	}
	if d.mending != notMending {
		return s.mend(d)
	}
	if w := s.update(d); w != nil {
		return w
	}
	if s.canceled() {
		return s.creation(s.replacement(d, nil))
	}
	for _, action := range OneShots(s.Kind, s.Object) {
		if action.Word != "" && action.Word != s.annotation(action.Annotation) && !s.observes() {
			return &Write{Verb: arm.POST, Action: action.Name, Word: action.Word, Reason: action.Reason, Message: running(action.Name)}
		}
	}
	return nil
}

func (s Situation[T]) creation(with map[string]any) *Write {
	return &Write{Verb: arm.PUT, Purpose: v1alpha1.OperationCreates, Body: with, Reason: v1alpha1.ReasonCreating, Message: creating(s.Kind, s.Object)}
}

// canceled says that the last write to the resource was canceled. Then it is not what its body says, such as a cluster without hosts, and the same
// write again does the work. An act with an effect of its own is not repeated.
func (s Situation[T]) canceled() bool {
	return (inState(s.Actual, "Canceled") || inState(s.Actual, "Cancelled")) && !s.Kind.Once && s.Kind.ChangedBy == "" && !s.observes()
}

// update is the smallest PATCH for the first concern among the changes that Azure may still do as asked; of NSX's objects, one with all properties.
func (s Situation[T]) update(d *Decision) *Write {
	for _, concern := range s.concerns(d.Changes) {
		if !s.futile(concern) {
			return s.updateFor(d, concern)
		}
	}
	return nil
}

// concerns are changes by what may go out together.
func (s Situation[T]) concerns(changes []diff.Change) [][]diff.Change {
	switch {
	case len(changes) == 0:
		return nil
	case s.Kind.Concerns != nil:
		return s.Kind.Concerns(s.Object, changes)
	}
	return [][]diff.Change{changes}
}

// updateFor is the write that makes the changes of one concern.
func (s Situation[T]) updateFor(d *Decision, concern []diff.Change) *Write {
	w := &Write{Verb: arm.PATCH, Body: diff.Patch(concern), Changes: concern, Reason: v1alpha1.ReasonUpdating, Message: updating(s.Kind.Traits)}
	switch {
	case s.Kind.ChangedBy != "":
		w.Verb, w.Action, w.Body = arm.POST, s.Kind.ChangedBy, actionBody(w.Body)
		return w
	case slices.ContainsFunc(concern, func(c diff.Change) bool { return s.byPUT(c.Path) }):
		w.Verb, w.Purpose, w.Body = arm.PUT, v1alpha1.OperationUpdates, s.replacement(d, concern)
	case s.Kind.Revised:
		w.Body = map[string]any{"properties": s.replacement(d, concern)["properties"]}
	}
	if _, tagged := w.Body["tags"]; tagged {
		w.Body["tags"] = d.Desired["tags"] // ARM replaces tags as a whole
	}
	return w
}

// replacement is the whole body of a PUT that makes the changes: what Azure has with them over it. Lists that hold write-only values are the
// spec's, because the values go in by their place in it.
func (s Situation[T]) replacement(d *Decision, concern []diff.Change) map[string]any {
	var over, gone []diff.Change
	for _, change := range concern {
		if change.Desired == nil {
			gone = append(gone, change)
		} else {
			over = append(over, change)
		}
	}
	for _, one := range s.Secrets {
		if path, value := body.Container(d.Desired, one.Path); path != one.Path {
			over = append(over, diff.Change{Path: path, Desired: value})
		}
	}
	out := diff.PutBody(s.Actual.Body, diff.Patch(over), s.Kind.Rules, s.Kind.ReadOnly)
	for _, change := range gone {
		body.Remove(out, change.Path)
	}
	return out
}

// Deletion is the write that ends what the object has made: a DELETE, or, of a resource that is changed by an action, the action that puts its
// defaults back.
func Deletion(t kind.Traits) *Write {
	if t.ChangedBy == "" {
		return &Write{Verb: arm.DELETE, Reason: v1alpha1.ReasonDeleting, Message: deleting(t)}
	}
	return &Write{Verb: arm.POST, Action: t.ChangedBy, Body: actionBody(untouched(t)), Reason: v1alpha1.ReasonDeleting, Message: puttingBack(t)}
}

// actionBody is what an action takes: the properties, which in the resource lie one deeper.
func actionBody(of map[string]any) map[string]any {
	properties, _ := of["properties"].(map[string]any)
	return properties
}

// Fill puts what value says of each write-only value into a body, wherever it has what holds one, and lists what it put there. Values that Azure takes
// only when the resource is made are left out when it is there.
func (s Situation[T]) Fill(of map[string]any, value func(Secret) string) (carried []v1alpha1.WriteOnlyValue) {
	for _, one := range s.Secrets {
		if one.Once && s.Actual != nil {
			continue
		}
		if body.Put(of, one.Path, value(one)) {
			carried = append(carried, v1alpha1.WriteOnlyValue{Path: one.Path, HMAC: one.HMAC})
		}
	}
	return carried
}

// Hash tells what a write does, and which write-only values it carries. Those count by their own hashes: that of a short password in a status could be
// guessed. Maps are written in the order of their keys, so equal bodies have equal hashes. An error: the body cannot be written.
func (s Situation[T]) Hash(w *Write) (hash string, carried []v1alpha1.WriteOnlyValue, err error) {
	var plain []byte
	if w.Body != nil {
		of := body.Clone(w.Body)
		if w.Target == "" {
			carried = s.Fill(of, func(Secret) string { return body.Hidden })
		}
		if plain, err = json.Marshal(of); err != nil {
			return "", nil, err
		}
	}
	word := w.Word
	for _, one := range carried {
		word += "\n" + one.Path + "=" + one.HMAC
	}
	return body.Hash(plain, word), carried, nil
}

// mend is the write that mends; nil if a kind that is changed by an action has nothing to change.
func (s Situation[T]) mend(d *Decision) *Write {
	switch {
	case d.mending == mendingByReplacing:
		return &Write{Verb: arm.DELETE, Reason: v1alpha1.ReasonUpdating,
			Message: "Azure deletes the " + s.Kind.Name + " that it failed to make, so that it is made anew as the spec is now"}
	case s.Kind.ChangedBy != "":
		return s.update(d)
	}
	w := &Write{
		Verb: arm.PUT, Purpose: v1alpha1.OperationUpdates, Body: s.replacement(d, d.Changes), Changes: d.Changes, Reason: v1alpha1.ReasonUpdating,
		Message: "Azure is given the " + s.Kind.Name + " again, because it is in state Failed",
	}
	if CreationFailed(s.stat().Failure) {
		w.Purpose = v1alpha1.OperationCreates // it still was never there whole
	}
	return w
}
