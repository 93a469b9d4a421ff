// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/azure/diff"
	"github.com/avs-operator/avs-operator/controllers/azure/kind"
	"github.com/avs-operator/avs-operator/controllers/azure/lane"
	"github.com/avs-operator/avs-operator/controllers/azure/tree"
	"github.com/avs-operator/avs-operator/controllers/connect"
	"github.com/avs-operator/avs-operator/controllers/ledger"
	"github.com/avs-operator/avs-operator/controllers/metrics"
	"github.com/avs-operator/avs-operator/controllers/outcome"
)

// act makes the one write that is needed next, if any: create, the smallest update, or a one-shot action.
func (r *Reconciler[T]) act(ctx context.Context, s *scope[T]) *outcome.Outcome {
	w := r.needed(s)
	if w == nil {
		return r.nothingToDo(s)
	}
	if s.observes() {
		return outcome.Done(v1alpha1.ReasonObserved, "with managementPolicy Observe nothing is written; Azure differs from the spec: %s", s.drifted())
	}
	if s.spec().Suspend {
		return outcome.Wait(v1alpha1.ReasonSuspended, "suspended: %s waits until spec.suspend is taken away", w.what())
	}
	if o := r.required(ctx, s); o != nil {
		return o
	}
	if o := r.withheld(ctx, s, w); o != nil {
		return o
	}
	if o := r.turn(s, w); o != nil {
		return o
	}
	if !s.direct { // a snapshot wakes and compares; before a write the resource itself is read
		if o := r.observeDirectly(ctx, s); o != nil {
			r.released(s)
			return o
		}
		if o := r.guard(ctx, s); o != nil {
			r.released(s)
			return o
		}
		if w = r.needed(s); w == nil {
			return r.nothingToDo(s)
		}
	}
	if o := r.may(ctx, s, w); o != nil {
		r.released(s)
		return o
	}
	return r.send(ctx, s, *w)
}

// may asks the kind before a write, when it is the object's turn and the resource has been read.
func (r *Reconciler[T]) may(ctx context.Context, s *scope[T], w *write) *outcome.Outcome {
	if w.verb == arm.DELETE {
		if o := r.deletableNow(ctx, s); o != nil {
			return o
		}
		if r.kind.MayDelete != nil {
			return r.kind.MayDelete(ctx, r.world(s))
		}
		return nil
	}
	if r.kind.MayReplace != nil && w.verb == arm.PUT && s.actual != nil {
		if o := r.kind.MayReplace(s.obj, w.body); o != nil {
			return o
		}
	}
	if r.kind.MayWrite != nil && w.word == "" {
		return r.kind.MayWrite(ctx, r.world(s), kind.Intent{Verb: w.verb, Changes: w.changes, Desired: s.desired})
	}
	return nil
}

// required waits, before a resource is made, for what must be there first: a request that Azure refuses for that is not worth sending.
func (r *Reconciler[T]) required(ctx context.Context, s *scope[T]) *outcome.Outcome {
	if r.kind.Requires == nil || s.actual != nil {
		return nil
	}
	for _, need := range r.kind.Requires(r.world(s)) {
		found, err := r.lookAt(ctx, s, need.ID)
		if err != nil {
			return connect.OutcomeOf(err)
		}
		if found == nil || found.ProvisioningState() != "Succeeded" {
			return outcome.Wait(v1alpha1.ReasonReferenceNotReady, "%s must be there first, and ready (%s): declare it, unless something makes it already; this goes on by itself when it is", need.Words, need.ID).
				About(v1alpha1.ConditionReferencesReady).In(requiredRecheck)
		}
	}
	return nil
}

// requiredRecheck is a look in case that the list, which normally wakes, may not be read.
var requiredRecheck = ledger.Recheck.Bound

// needed is the write that is needed next: spec before actions, because an action may depend on it.
func (r *Reconciler[T]) needed(s *scope[T]) *write {
	if s.actual == nil {
		body := clone(s.desired)
		for _, path := range r.traits.Later {
			remove(body, path)
		}
		return &write{verb: arm.PUT, purpose: v1alpha1.OperationCreates, body: body, reason: v1alpha1.ReasonCreating, message: r.creating(s)}
	}
	if s.mending != notMending {
		return r.mended(s)
	}
	if w := r.nextWrite(s, s.changes); w != nil {
		return w
	}
	if r.cancelled(s) {
		return &write{verb: arm.PUT, purpose: v1alpha1.OperationCreates, body: r.replacement(s, nil), reason: v1alpha1.ReasonCreating, message: r.creating(s)}
	}
	for _, action := range r.actions(s) {
		if handled := s.obj.GetAnnotations()[action.Annotation]; action.Word != "" && action.Word != handled && !s.observes() {
			return &write{verb: arm.POST, action: action.Name, word: action.Word, reason: action.Reason, message: r.acting(action.Name)}
		}
	}
	return nil
}

// cancelled says that the last write to the resource was cancelled. Then it is not what its body says, such as a cluster without hosts, and the
// same write again does the work. An act with an effect of its own is not repeated.
func (r *Reconciler[T]) cancelled(s *scope[T]) bool {
	state := s.actual.ProvisioningState()
	return (strings.EqualFold(state, "Canceled") || strings.EqualFold(state, "Cancelled")) && !r.traits.Once && r.traits.ChangedBy == "" && !s.observes()
}

// nextWrite is the smallest PATCH for the first concern among the changes that Azure may still do as asked; of NSX's objects, one with all
// properties.
func (r *Reconciler[T]) nextWrite(s *scope[T], changes []diff.Change) *write {
	for _, concern := range r.concerns(s, changes) {
		if !s.futile(concern) {
			return r.writeFor(s, concern)
		}
	}
	return nil
}

// concerns are changes by what may go out together.
func (r *Reconciler[T]) concerns(s *scope[T], changes []diff.Change) [][]diff.Change {
	if r.kind.Concerns != nil && len(changes) > 0 {
		return r.kind.Concerns(s.obj, changes)
	}
	if len(changes) == 0 {
		return nil
	}
	return [][]diff.Change{changes}
}

// writeFor is the write that makes the changes of one concern.
func (r *Reconciler[T]) writeFor(s *scope[T], concern []diff.Change) *write {
	w := &write{verb: arm.PATCH, body: diff.Patch(concern), changes: concern, reason: v1alpha1.ReasonUpdating, message: r.updating()}
	if r.traits.ChangedBy != "" {
		w.verb, w.action, w.body = arm.POST, r.traits.ChangedBy, actionBody(w.body)
		return w
	}
	if slices.ContainsFunc(concern, func(c diff.Change) bool { return r.byPUT(c.Path) }) {
		w.verb, w.purpose, w.body = arm.PUT, v1alpha1.OperationUpdates, r.replacement(s, concern)
	} else if r.traits.Revised {
		w.body = map[string]any{"properties": r.replacement(s, concern)["properties"]}
	}
	if _, tagged := w.body["tags"]; tagged {
		w.body["tags"] = s.desired["tags"] // ARM replaces tags as a whole
	}
	return w
}

// replacement is the whole body of a PUT that makes the changes: what Azure has with them over it. Lists that hold write-only values are the
// spec's, because the values go in by their place in it.
func (r *Reconciler[T]) replacement(s *scope[T], concern []diff.Change) map[string]any {
	var over, gone []diff.Change
	for _, change := range concern {
		if change.Desired == nil {
			gone = append(gone, change)
		} else {
			over = append(over, change)
		}
	}
	for _, one := range s.secrets {
		if path, value := container(s.desired, one.Path); path != one.Path {
			over = append(over, diff.Change{Path: path, Desired: value})
		}
	}
	body := diff.PutBody(s.actual.Body, diff.Patch(over), r.traits.Rules, r.traits.ReadOnly)
	for _, change := range gone {
		remove(body, change.Path)
	}
	return body
}

// remove takes a path out of a body, and with it whatever held nothing else: an emptied object would be refused, and means nothing.
func remove(body map[string]any, pointer string) {
	first, rest, deeper := strings.Cut(strings.TrimPrefix(pointer, "/"), "/")
	if !deeper {
		delete(body, first)
		return
	}
	if held, ok := body[first].(map[string]any); ok {
		if remove(held, rest); len(held) == 0 && first != "properties" {
			delete(body, first)
		}
	}
}

func (r *Reconciler[T]) actions(s *scope[T]) []kind.OneShot {
	if r.kind.OneShots != nil {
		return r.kind.OneShots(s.obj)
	}
	return nil
}

// nothingToDo ends the way to the declared state.
func (r *Reconciler[T]) nothingToDo(s *scope[T]) *outcome.Outcome {
	r.dropOperation(s, metrics.Unanswered) // of a write that is not needed any more
	r.released(s)
	if s.observes() {
		return outcome.Done(v1alpha1.ReasonObserved, "Azure equals the spec; with managementPolicy Observe nothing would be written either way")
	}
	s.stat().Managed = s.managed()
	r.took(s, nil)
	s.stat().Failure = nil
	s.readyReason, s.readyMessage = v1alpha1.ReasonReady, "Azure has what the spec asks for"
	if s.spec().Suspend {
		s.readyReason, s.readyMessage = v1alpha1.ReasonSuspended, "Azure has what the spec asks for; suspended: nothing is written until spec.suspend is taken away"
	}
	return nil
}

// turn waits for the lane of the private cloud.
func (r *Reconciler[T]) turn(s *scope[T], w *write) *outcome.Outcome {
	priority := lane.Other
	switch {
	case w.verb == arm.DELETE:
		priority = lane.Delete
	case w.verb == arm.PUT && s.actual == nil || r.grows(s):
		priority = lane.Grow
	}
	holder := r.holder(client.ObjectKeyFromObject(s.obj))
	ticket := r.Lanes.Acquire(tree.CloudKey(s.id), r.traits.Lane, holder, priority)
	if ticket.Granted {
		return nil
	}
	return laneHeld(ticket, w.what())
}

// grows says whether the changes add hosts.
func (r *Reconciler[T]) grows(s *scope[T]) bool {
	if r.kind.Hosts == nil || s.actual == nil {
		return false
	}
	asked, _ := r.kind.Hosts.Size(s.obj)
	return asked != nil && s.actual.Int(r.kind.Hosts.Path) < int64(*asked)
}

// handled notes that an action was done, in the annotation first: it survives a lost status.
func (r *Reconciler[T]) handled(ctx context.Context, s *scope[T], op *v1alpha1.Operation) *outcome.Outcome {
	for _, action := range r.actions(s) {
		if action.Name != op.Action || hashOf(nil, action.Word) != op.BodyHash {
			continue // the word was changed meanwhile: the new one is still to be handled
		}
		if s.obj.GetAnnotations()[action.Annotation] != action.Word {
			base := s.obj.DeepCopyObject().(T)
			annotations := s.obj.GetAnnotations()
			if annotations == nil {
				annotations = map[string]string{}
			}
			annotations[action.Annotation] = action.Word
			s.obj.SetAnnotations(annotations)
			if o := r.patchMetadata(ctx, s, base); o != nil {
				return o
			}
		}
		action.Mirror(action.Word)
	}
	return nil
}

// words are what the condition says while an operation runs. They are the same at every poll, so that a poll writes nothing.
func (r *Reconciler[T]) words(s *scope[T], op *v1alpha1.Operation) (reason, message string) {
	if op.Target != "" {
		reason = v1alpha1.ReasonUpdating
		if s.deleting() {
			reason = v1alpha1.ReasonDeleting
		}
		return reason, fmt.Sprintf("Azure changes %s beside it", op.Target)
	}
	switch arm.Verb(op.Verb) {
	case arm.PUT:
		if op.Purpose == v1alpha1.OperationUpdates {
			return v1alpha1.ReasonUpdating, r.updating()
		}
		return v1alpha1.ReasonCreating, r.creating(s)
	case arm.DELETE:
		return v1alpha1.ReasonDeleting, r.deletingWords()
	case arm.POST:
		if r.byAction(op) && s.deleting() {
			return v1alpha1.ReasonDeleting, r.puttingBack()
		} else if r.byAction(op) {
			return v1alpha1.ReasonUpdating, r.updating()
		}
		for _, action := range r.actions(s) {
			if action.Name == op.Action {
				return action.Reason, r.acting(op.Action)
			}
		}
		return v1alpha1.ReasonReconciling, r.acting(op.Action)
	}
	return v1alpha1.ReasonUpdating, r.updating()
}

func (r *Reconciler[T]) creating(s *scope[T]) string {
	if e := r.expect(s, &v1alpha1.Operation{Verb: string(arm.PUT)}); e.Latest > 0 {
		return fmt.Sprintf("Azure makes the %s; that takes %s to %s", r.traits.Name, hours(e.Soonest), hours(e.Latest))
	}
	return "Azure makes the " + r.traits.Name
}
func (r *Reconciler[T]) updating() string          { return "Azure changes the " + r.traits.Name }
func (r *Reconciler[T]) deletingWords() string     { return "Azure deletes the " + r.traits.Name }
func (r *Reconciler[T]) acting(name string) string { return "Azure runs " + name }

// what names a write for a person.
func (w *write) what() string {
	switch {
	case w.action != "":
		return w.action
	case w.purpose == v1alpha1.OperationCreates:
		return "its creation"
	case w.verb == arm.DELETE:
		return "its deletion"
	}
	return "its update"
}
