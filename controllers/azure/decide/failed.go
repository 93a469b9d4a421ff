// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package decide

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/azure/body"
	"github.com/avs-operator/avs-operator/controllers/azure/kind"
	"github.com/avs-operator/avs-operator/controllers/outcome"
)

// A resource in provisioningState Failed is not what its body says. Of private clouds and clusters only Microsoft clears that; others take the
// corrected spec. One write is made for each spec, never two for the same: what Azure could not do it will not do a minute later, and each
// attempt costs others their turn.

// mendingBy is how a resource in state Failed is written once more.
type mendingBy int

const (
	notMending mendingBy = iota
	mendingByPUT
	mendingByReplacing
)

// failed decides about a resource in state Failed.
func (s Situation[T]) failed(d *Decision) *outcome.Outcome {
	f := s.stat().Failure
	switch {
	case s.Kind.Mended == kind.BySupport:
		return outcome.Stall(v1alpha1.ReasonSupportRequired, "only Microsoft can clear its state Failed: open a support request with this text: %s%s",
			s.ID, s.evidence())
	case s.takesOver():
		return outcome.Stall(v1alpha1.ReasonOperationFailed,
			"it is in state Failed, and with adoptionPolicy: Takeover nothing is written to mend it: set adoptionPolicy: Always (%s)", s.ID)
	case s.observes():
		return outcome.Stall(v1alpha1.ReasonOperationFailed, "it is in state Failed, and with managementPolicy Observe nothing is written to mend it (%s)", s.ID)
	case f != nil && f.SpecHash == s.SpecHash():
		return outcome.Stall(v1alpha1.ReasonOperationFailed,
			"it is in state Failed, and stays so with the spec as it is: correct the spec, which is then written again by itself; "+
				"if the cause lay elsewhere and is gone, have it written once more with the annotation %s=<any new word>; "+
				"what the spec cannot change takes another object, after this one is deleted (%s)%s",
			v1alpha1.AnnotationReconcileRequestedAt, s.ID, s.evidence())
	case s.DeletedLately:
		return outcome.Wait(v1alpha1.ReasonAzureBusy, "it was deleted a moment ago to be made anew, and Azure's answers do not all show that yet").In(5 * time.Second)
	}
	d.mending = mendingByPUT
	return nil
}

// evidence is what support, or whoever looks for the cause, asks for.
func (s Situation[T]) evidence() string {
	text := ""
	if f := s.stat().Failure; f != nil {
		text += fmt.Sprintf("; correlation id %s; %s %s", f.OperationID, f.Code, f.Message)
	}
	if circuit := Circuit(s.Cloud); circuit != "" && s.Kind.Mended == kind.BySupport {
		text += "; ExpressRoute circuit " + circuit
	}
	return text
}

// Circuit is the ExpressRoute circuit of a private cloud, which support asks for; empty if none is known.
func Circuit(cloud *v1alpha1.PrivateCloud) string {
	if cloud == nil || cloud.Status.Circuit == nil {
		return ""
	}
	return cloud.Status.Circuit.ExpressRouteID
}

// SpecHash tells what the spec asks for: the desired body, before anything is looked up that may change by itself, with write-only values by their
// hashes, and the last word that asked for another attempt.
func (s Situation[T]) SpecHash() string {
	asked := s.Kind.Desired(s.Object)
	for _, one := range s.Secrets {
		body.Put(asked, one.Path, one.HMAC)
	}
	text, err := json.Marshal([]any{asked, s.annotation(v1alpha1.AnnotationReconcileRequestedAt)})
	if err != nil {
		return "" // it cannot be sent either, and sending it says so
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// replaceable says that the resource may be deleted to be made anew: it is of a kind with which nothing is lost, and it was this object's own
// attempt to make it that failed, so that it never was there whole.
func (s Situation[T]) replaceable() bool {
	return s.Kind.Mended == kind.ByReplacing && CreationFailed(s.stat().Failure) && !s.builtIn()
}

// mayReplace keeps a resource whose object says that it is never to be deleted.
func (s Situation[T]) mayReplace() *outcome.Outcome {
	if s.stat().Effective.DeletionPolicy != v1alpha1.DeletionPolicyRetain {
		return nil
	}
	return outcome.Stall(v1alpha1.ReasonImmutableField,
		"it is in state Failed, and Azure takes the corrected spec only when it is deleted and made anew, which deletionPolicy Retain forbids: "+
			"set deletionPolicy: Delete, or delete it in Azure (%s)", s.ID)
}
