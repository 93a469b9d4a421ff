// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/azure/kind"
	"github.com/avs-operator/avs-operator/controllers/outcome"
)

// A resource in provisioningState Failed is not what its body says. Of private clouds and clusters only Microsoft clears that; others take the
// corrected spec. One write is made for each spec, never two for the same: what Azure could not do it will not do a minute later, and each
// attempt costs others their turn.

// mendingBy is how one reconcile mends.
type mendingBy int

const (
	notMending mendingBy = iota
	mendingByPUT
	mendingByReplacing
)

// broken decides about a resource in state Failed.
func (r *Reconciler[T]) broken(s *scope[T]) *outcome.Outcome {
	f := s.stat().Failure
	switch {
	case r.traits.Mended == kind.BySupport:
		return outcome.Stall(v1alpha1.ReasonSupportRequired, "only Microsoft can clear its state Failed: open a support request with this text: %s%s", s.id, r.evidence(s))
	case s.takesOver():
		return outcome.Stall(v1alpha1.ReasonOperationFailed, "it is in state Failed, and with adoptionPolicy: Takeover nothing is written to mend it: set adoptionPolicy: Always (%s)", s.id)
	case s.observes():
		return outcome.Stall(v1alpha1.ReasonOperationFailed, "it is in state Failed, and with managementPolicy Observe nothing is written to mend it (%s)", s.id)
	case f != nil && f.SpecHash == r.specHash(s):
		return outcome.Stall(v1alpha1.ReasonOperationFailed,
			"it is in state Failed, and stays so with the spec as it is: correct the spec, which is then written again by itself; if the cause lay elsewhere and is gone, have it written once more with the annotation %s=<any new word>; "+
				"what the spec cannot change takes another object, after this one is deleted (%s)%s",
			v1alpha1.AnnotationReconcileRequestedAt, s.id, r.evidence(s))
	}
	if done, lately := r.lastDone(s); lately && done.Verb == string(arm.DELETE) {
		return outcome.Wait(v1alpha1.ReasonAzureBusy, "it was deleted a moment ago to be made anew, and Azure's answers do not all show that yet").In(5 * time.Second)
	}
	s.mending = mendingByPUT
	return nil
}

// evidence is what support, or whoever looks for the cause, asks for.
func (r *Reconciler[T]) evidence(s *scope[T]) string {
	text := ""
	if f := s.stat().Failure; f != nil {
		text += fmt.Sprintf("; correlation id %s; %s %s", f.OperationID, f.Code, f.Message)
	}
	if circuit := s.circuit(); circuit != "" && r.traits.Mended == kind.BySupport {
		text += "; ExpressRoute circuit " + circuit
	}
	return text
}

// specHash tells what the spec asks for: the desired body, before anything is looked up that may change by itself, with write-only values by their
// hashes, and the last word that asked for another attempt.
func (r *Reconciler[T]) specHash(s *scope[T]) string {
	body := r.kind.Desired(s.obj)
	for _, one := range s.secrets {
		put(body, one.Path, one.hmac)
	}
	text, err := json.Marshal([]any{body, s.obj.GetAnnotations()[v1alpha1.AnnotationReconcileRequestedAt]})
	if err != nil {
		return "" // it cannot be sent either, and sending it says so
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// replaceable says that the resource may be deleted to be made anew: it is of a kind with which nothing is lost, and it was this object's own
// attempt to make it that failed, so that it never was there whole.
func (r *Reconciler[T]) replaceable(s *scope[T]) bool {
	return r.traits.Mended == kind.ByReplacing && creationFailed(s.stat().Failure) && !r.builtIn(s.obj)
}

// mayReplace keeps a resource whose object says that it is never to be deleted.
func (r *Reconciler[T]) mayReplace(s *scope[T]) *outcome.Outcome {
	if s.stat().Effective.DeletionPolicy != v1alpha1.DeletionPolicyRetain {
		return nil
	}
	return outcome.Stall(v1alpha1.ReasonImmutableField,
		"%s is in state Failed, and Azure takes the corrected spec only when it is deleted and made anew, which deletionPolicy Retain forbids: set deletionPolicy: Delete, or delete it in Azure", s.id)
}

// mended is the write that mends; nil if a kind with an action has nothing to change.
func (r *Reconciler[T]) mended(s *scope[T]) *write {
	switch {
	case s.mending == mendingByReplacing:
		return &write{verb: arm.DELETE, reason: v1alpha1.ReasonUpdating, message: "Azure deletes the " + r.traits.Name + " that it failed to make, so that it is made anew as the spec is now"}
	case r.traits.ChangedBy != "":
		return r.nextWrite(s, s.changes)
	}
	w := &write{
		verb: arm.PUT, purpose: v1alpha1.OperationUpdates, body: r.replacement(s, s.changes), changes: s.changes, reason: v1alpha1.ReasonUpdating,
		message: "Azure is given the " + r.traits.Name + " again, because it is in state Failed",
	}
	if creationFailed(s.stat().Failure) {
		w.purpose = v1alpha1.OperationCreates // it still was never there whole
	}
	return w
}
