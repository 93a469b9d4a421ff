// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/azure/kind"
	"github.com/avs-operator/avs-operator/controllers/azure/recall"
	"github.com/avs-operator/avs-operator/controllers/azure/redact"
	"github.com/avs-operator/avs-operator/controllers/outcome"
	"github.com/avs-operator/avs-operator/controllers/status"
)

// publish writes what was found, and says when to look again.
func (r *Reconciler[T]) publish(ctx context.Context, s *scope[T], o *outcome.Outcome) (ctrl.Result, error) {
	if s.deleting() && !hasFinalizer(s.obj) {
		return ctrl.Result{}, nil // let go: there may be nothing left to write to
	}
	r.unwatchUnused(s)
	if o == nil || o.Kind == outcome.KindDone {
		r.forgetRefusals(s)
	}
	if o != nil && o.Kind == outcome.KindStall && !s.observed {
		r.clearBusy(s)
	}
	o, err := r.hideSecrets(ctx, s, o)
	if err != nil {
		return ctrl.Result{}, err
	}
	result, err := r.Publisher.Publish(ctx, s.subject(), status.Report{
		Outcome: r.adviseRetain(s, o), Facts: s.facts, ReadyReason: s.readyReason, ReadyMessage: s.readyMessage,
	})
	if err == nil && s.adopted() && !s.deleting() {
		if o := r.markWritten(ctx, s); o != nil { // of what was taken over without a write
			return ctrl.Result{RequeueAfter: conflictPause}, nil
		}
	}
	if err == nil && s.again > 0 && (result.RequeueAfter == 0 || result.RequeueAfter > s.again) {
		result.RequeueAfter = s.again
	}
	return result, err
}

// adviseRetain adds to what may keep a deletion from ending for ever what always ends it. Without that a person might wait for what never comes.
func (r *Reconciler[T]) adviseRetain(s *scope[T], o *outcome.Outcome) *outcome.Outcome {
	const advice = "deletionPolicy: Retain"
	if o == nil || !s.deleting() || s.stays() || strings.Contains(o.Message, advice) {
		return o
	}
	if endless := o.Kind == outcome.KindStall || s.lingers || slices.Contains(mayLastForEver, o.Reason); !endless {
		return o
	}
	said := *o
	said.Message += "; to leave Azure alone and let this object go, set " + advice
	return &said
}

// mayLastForEver are reasons of waits that end only when somebody, here or in Azure, does something.
var mayLastForEver = []string{
	v1alpha1.ReasonSuspended, v1alpha1.ReasonReferenceNotFound, v1alpha1.ReasonTakesTooLong, v1alpha1.ReasonKeyVaultDenied, v1alpha1.ReasonInsufficientCapacity, v1alpha1.ReasonPortsInUse,
}

// hideSecrets takes the object's secrets out of what is about to be published: Azure, and what runs there, repeat what they were given. A script prints
// its parameters, a refusal quotes the licence key. Nothing is read while nothing new is said.
func (r *Reconciler[T]) hideSecrets(ctx context.Context, s *scope[T], o *outcome.Outcome) (*outcome.Outcome, error) {
	refs, values := r.confidential(s)
	if len(refs)+len(values) == 0 || !r.saysMore(s, o) {
		return o, nil
	}
	known := true
	for _, ref := range refs {
		if strings.HasSuffix(ref.Path, "/username") {
			continue // it is no secret, and often a word that stands everywhere
		}
		text, problem := r.secretText(ctx, s, ref)
		if problem != nil {
			known = known && ref.Once && s.stat().ProvisioningState == "Succeeded" // gone, or not permitted: what it was cannot be told from what is said
			continue
		}
		values = append(values, text)
	}
	said := redact.New(values, known, s.before)
	if o != nil {
		changed := *o
		changed.Message = said.Message(o.Message)
		if o.Err != nil && changed.Message != o.Message {
			changed.Err = fmt.Errorf("%s", changed.Message)
		}
		o = &changed
	}
	for i := range s.facts {
		s.facts[i].Message = said.Fact(s.facts[i].Message)
	}
	s.readyMessage = said.Message(s.readyMessage)
	return o, said.Status(s.obj)
}

// confidential lists what must not be shown: where it is, or the values themselves.
func (r *Reconciler[T]) confidential(s *scope[T]) (refs []kind.SecretValue, values []string) {
	switch {
	case r.kind.Confidential != nil:
		return r.kind.Confidential(s.obj, s.actual)
	case r.kind.Secrets != nil:
		return r.kind.Secrets(s.obj), nil
	}
	return nil, nil
}

// saysMore says that the object is about to say something that it does not say yet.
func (r *Reconciler[T]) saysMore(s *scope[T], o *outcome.Outcome) bool {
	if !equality.Semantic.DeepEqual(s.before.AzureStatus(), s.obj.AzureStatus()) || !equality.Semantic.DeepEqual(any(s.before), any(s.obj)) {
		return true
	}
	ready := meta.FindStatusCondition(s.stat().Conditions, v1alpha1.ConditionReady)
	return o != nil && (ready == nil || ready.Message != o.Message)
}

// unwatchUnused ends the watching of what this reconcile, which got as far as looking, did not look at.
func (r *Reconciler[T]) unwatchUnused(s *scope[T]) {
	if !s.observed || s.client == nil {
		return
	}
	own := recall.ResourceKey(s.client.Principal(), s.id)
	r.memory.Drop(client.ObjectKeyFromObject(s.obj), func(what string) bool { return what == own || s.used[what] })
}
