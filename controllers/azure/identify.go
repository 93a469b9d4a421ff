// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/azure/body"
	"github.com/avs-operator/avs-operator/controllers/azure/decide"
	"github.com/avs-operator/avs-operator/controllers/azure/recall"
	"github.com/avs-operator/avs-operator/controllers/azure/tree"
	"github.com/avs-operator/avs-operator/controllers/connect/rulings"
	"github.com/avs-operator/avs-operator/controllers/ledger"
	"github.com/avs-operator/avs-operator/controllers/metrics"
	"github.com/avs-operator/avs-operator/controllers/outcome"
	"github.com/avs-operator/avs-operator/controllers/text"
)

// credentials finds out who acts and what the resource is called in Azure. Unless Azure has named it, nothing is sent: whether the identity is
// accepted shows with the first call.
func (r *Reconciler[T]) credentials(ctx context.Context, s *scope[T]) *outcome.Outcome {
	return r.identify(ctx, s)
}

func (r *Reconciler[T]) identify(ctx context.Context, s *scope[T]) *outcome.Outcome {
	if r.kind.Root != nil {
		s.cloud, _ = any(s.obj).(*v1alpha1.PrivateCloud)
		if o := r.actAs(ctx, s, s.obj.GetNamespace(), r.kind.Root.IdentityRef(s.obj)); o != nil {
			return o
		}
		group, o := r.kind.Root.Group(s.obj, s.identity)
		if o != nil {
			return o
		}
		computed := group.Child("providers/Microsoft.AVS/"+r.kind.Segment, r.azureName(s.obj))
		if o := r.moved(ctx, s, computed); o != nil {
			return o
		}
		return r.name(s, computed)
	}
	if o := r.parents(ctx, s); o != nil {
		return o
	}
	if s.stat().Operation == nil { // who may not act with another's identity learns neither its troubles nor an id; what was begun is followed
		if o := tree.Permitted(s.cloud, s.obj.GetNamespace(), r.kind.Name); o != nil {
			return o
		}
	}
	if o := r.actAs(ctx, s, s.cloud.Namespace, s.cloud.Spec.IdentityRef); o != nil {
		return o
	}
	base, o := r.base(s)
	if o != nil {
		return o
	}
	if r.kind.Locate != nil {
		return r.locate(ctx, s, base)
	}
	return r.name(s, base.Child(r.kind.Segment, r.azureName(s.obj)))
}

func (r *Reconciler[T]) actAs(ctx context.Context, s *scope[T], namespace string, ref *v1alpha1.ObjectReference) *outcome.Outcome {
	var o *outcome.Outcome
	s.client, s.identity, o = r.Azure.Client(ctx, namespace, ref)
	return o
}

// Kinds whose resource comes and goes without the operator, and is changed by an action (Traits.ChangedBy). To make one is to change it from its
// defaults, to delete it is to put those back.

// locate finds the resource, unless the object has found it before.
func (r *Reconciler[T]) locate(ctx context.Context, s *scope[T], base arm.ID) *outcome.Outcome {
	if kept := r.recordedID(s.obj); kept != "" {
		return r.name(s, base.Child(r.kind.Segment, kept.Name()))
	}
	if s.deleting() && s.obj.GetAnnotations()[v1alpha1.AnnotationAzureID] == "" {
		return r.removeFinalizer(ctx, s) // it never found any, so it changed nothing
	}
	if !s.deleting() {
		if o := r.standing(s); o != nil {
			return o
		}
	}
	name, o := r.kind.Locate(ctx, r.world(s), base+"/"+arm.ID(r.kind.Segment))
	if s.deleting() && o != nil && o.Reason == v1alpha1.ReasonMachineNotFound {
		return r.removeFinalizer(ctx, s) // what it had found is not there any more
	}
	if o != nil {
		return o
	}
	return r.name(s, base.Child(r.kind.Segment, name))
}

// locateAgain looks for the resource anew: what the object had found is not there any more. It keeps the id until there is another, so that whoever
// deletes it meanwhile need not know more.
func (r *Reconciler[T]) locateAgain(ctx context.Context, s *scope[T]) *outcome.Outcome {
	r.kind.Observe(s.obj, &arm.Resource{})
	s.fact(v1alpha1.ConditionInSync, false, v1alpha1.ReasonNotFoundInAzure, "it is not in Azure any more")
	if r.kind.Locate == nil {
		return outcome.Wait(v1alpha1.ReasonNotFoundInAzure, "Azure has no %s", s.id).In(ledger.Recheck.Bound)
	}
	name, o := r.kind.Locate(ctx, r.world(s), s.id.Collection())
	if o != nil {
		return o
	}
	if strings.EqualFold(name, s.id.Name()) {
		return outcome.Wait(v1alpha1.ReasonNotFoundInAzure, "it is not in Azure any more, although Azure lists it: it is looked for again (%s)", s.id).In(time.Minute)
	}
	next := s.id.Collection() + "/" + arm.ID(name)
	if s.obj.GetAnnotations()[v1alpha1.AnnotationAzureID] != "" {
		if o := r.annotate(ctx, s, v1alpha1.AnnotationAzureID, string(next)); o != nil {
			return o
		}
	}
	r.dropOperation(s, metrics.Unanswered)
	s.stat().ID, s.stat().Managed = string(next), nil
	return outcome.Wait(v1alpha1.ReasonNotFoundInAzure, "it is not in Azure any more: %s; the spec now means %s", s.id, next).In(syncPause)
}

// name settles the ARM id. Once something was written to Azure the one that is recorded decides: an identity whose subscription was edited must not
// turn one resource into two. One that only the annotation has, because a status was lost, tells that something has changed, and decides nothing:
// whoever may edit an object could else have another's resource written. What runs once for each id moves on to the next.
func (r *Reconciler[T]) name(s *scope[T], computed arm.ID) *outcome.Outcome {
	if _, err := arm.ParseID(string(computed)); err != nil {
		return outcome.Stall(v1alpha1.ReasonInvalidSpec, "the resource cannot be named in Azure: %s", err)
	}
	s.id = computed
	kept := s.now(r.recordedID(s.obj))
	known := kept != "" && r.possible(kept, computed)
	if kept == "" && r.kind.Locate == nil && (written(s.obj) || s.deleting()) {
		kept = s.now(arm.ID(s.obj.GetAnnotations()[v1alpha1.AnnotationAzureID]))
	}
	same := kept.Key() == computed.Key()
	busy := s.deleting() || s.stat().Operation != nil
	switch {
	case known && (same || busy):
		s.id = kept
	case kept == "" || same || r.kind.Once && !busy && kept.Parent().Key() == computed.Parent().Key():
	default:
		return outcome.Stall(v1alpha1.ReasonImmutableField,
			"this object manages %s, but subscription, resource group, parent and name now give %s: set them back, or make a new object for the other resource",
			cutID(kept), computed)
	}
	s.stat().ID = string(s.id)
	identity := client.ObjectKeyFromObject(s.identity)
	former := identity
	var left, busyWith string
	r.memory.Do(client.ObjectKeyFromObject(s.obj), func(m *recall.Object) {
		if m.Identity.Name != "" {
			former = m.Identity
		}
		if cloud := tree.CloudKey(s.id); m.Cloud != "" && m.Cloud != cloud {
			left, busyWith, m.Busy = m.Cloud, m.Busy, ""
		}
		m.Cloud, m.Identity = tree.CloudKey(s.id), identity
	})
	if former != identity {
		r.Azure.Touch(former) // it may be let go
	}
	r.leaveLane(client.ObjectKeyFromObject(s.obj), left, busyWith)
	return nil
}

// cutID shortens what need not be an ARM id for a message.
func cutID(id arm.ID) string {
	return text.Cut(string(id), 512)
}

// People move a private cloud to another subscription or resource group, and Azure then answers for it, and for all that is in it, under other ids.
// The operator does not look for it: the spec says where it is. That is believed when Azure shows it there as this object's and shows nothing where
// it was, and then only status is written. See https://learn.microsoft.com/azure/azure-vmware/move-ea-csp-subscriptions.

// mostFormer bounds the places that status remembers.
const mostFormer = 8

// moved finds the private cloud where the spec says that it is, if that is another place than the recorded one. Until it is found there nothing is
// ordered, at either place. One that is still where it was is left to name, which says that the spec must be set back.
func (r *Reconciler[T]) moved(ctx context.Context, s *scope[T], computed arm.ID) *outcome.Outcome {
	kept := r.recordedID(s.obj)
	if !s.adopted() || s.stat().Operation != nil ||
		kept.Key() == computed.Key() || !r.possible(kept, computed) || !strings.EqualFold(kept.Name(), computed.Name()) {
		return nil
	}
	key := client.ObjectKeyFromObject(s.obj)
	was, err := r.at(ctx, s, kept)
	if err != nil {
		return unsure(err, "whether the private cloud is still at %s cannot be found out", kept)
	}
	if was != nil {
		r.memory.Do(key, func(m *recall.Object) { m.Missing = time.Time{} })
		return nil
	}
	since := r.missingSince(s)
	if since.IsZero() {
		since = time.Now()
		r.memory.Do(key, func(m *recall.Object) { m.Missing = since })
	}
	if left := ledger.Missing.Real(r.Pace) - time.Since(since); left > 0 {
		return outcome.Wait(v1alpha1.ReasonReconciling, "Azure does not show it at %s now: that is read again before it is looked for where the spec says",
			kept).In(r.Pace.Elapsed(left)).Quietly()
	}
	s.stat().ProvisioningState, s.stat().Drift = "", nil // from here on the API server lets the spec be corrected
	is, err := r.at(ctx, s, computed)
	if err != nil {
		return unsure(err, "the private cloud is not at %s any more, and whether it is at %s, as the spec says, cannot be found out", kept, computed)
	}
	if o := r.isNot(s, kept, computed, is); o != nil {
		s.fact(v1alpha1.ConditionInSync, false, v1alpha1.ReasonNotFoundInAzure, "it is not where the spec says that it is")
		return o
	}
	r.memory.Do(key, func(m *recall.Object) { m.Missing = time.Time{} })
	s.settleAt(kept, computed)
	s.actual, s.observed, s.direct = is, true, true
	s.accepted()
	return nil
}

// at reads a private cloud itself; nil: there is none, or not even its resource group.
func (r *Reconciler[T]) at(ctx context.Context, s *scope[T], id arm.ID) (*arm.Resource, error) {
	found, err := s.client.Get(ctx, id)
	if arm.ClassOf(err) == arm.NotFound {
		return nil, nil
	}
	return found, err
}

// unsure says what an error of Azure's keeps from being known.
func unsure(err error, format string, ids ...any) *outcome.Outcome {
	o := rulings.OfAzure(err)
	o.Message = fmt.Sprintf(format, ids...) + ": " + o.Message
	return o
}

// isNot says why what is where the spec says is not the private cloud that was moved; nil: it is. The tag that names its owner decides, and the
// network, which no move changes.
func (r *Reconciler[T]) isNot(s *scope[T], kept, computed arm.ID, is *arm.Resource) *outcome.Outcome {
	const advice = "Nothing is ordered or changed. If it was moved, correct subscriptionID and resourceGroup"
	if is == nil {
		return outcome.Stall(v1alpha1.ReasonNotFoundInAzure, "it is not at %s any more, and not at %s either, where the spec says. "+advice, kept, computed)
	}
	owner, mine := decide.OwnerOf(is), r.ownerOf(s.obj)
	if owner != mine {
		return outcome.Stall(v1alpha1.ReasonAlreadyManaged,
			"it is not at %s any more, and the private cloud at %s, where the spec says, is not this object's: its tag %s is %s and not %s. "+advice,
			kept, computed, v1alpha1.TagOwner, body.OrAbsent(owner), mine)
	}
	if network := s.cloud.Status.NetworkBlock; network != "" && is.String("/properties/networkBlock") != network {
		return outcome.Stall(v1alpha1.ReasonImmutableField,
			"it is not at %s any more, and at %s, where the spec says, is another private cloud: its network is %s and not %s. "+advice,
			kept, computed, is.String("/properties/networkBlock"), network)
	}
	return nil
}

// settleAt records the new place, and the one before it, by which what is in the private cloud is found. What stands beside it has moved along.
func (s *scope[T]) settleAt(kept, computed arm.ID) {
	status := &s.cloud.Status
	former := slices.DeleteFunc(append(slices.Clone(status.FormerIDs), string(kept)), func(id string) bool { return arm.ID(id).Key() == computed.Key() })
	status.ID, status.FormerIDs = string(computed), former[max(0, len(former)-mostFormer):]
	status.Companion, status.CompanionLifted = s.cloud.Now(status.Companion), s.cloud.Now(status.CompanionLifted)
}

// beingFound holds the deletion of what is in a private cloud that is not where it was while the spec of that says where it is now: there it is still
// to be deleted.
func (r *Reconciler[T]) beingFound(s *scope[T]) *outcome.Outcome {
	if r.kind.Parent == nil || !s.parentMissing || !s.adopted() {
		return nil
	}
	spec, id := &s.cloud.Spec, arm.ID(s.cloud.Status.ID)
	another := func(said, is string) bool { return said != "" && is != "" && !strings.EqualFold(said, is) }
	if !another(spec.SubscriptionID, id.SubscriptionID()) && !another(spec.ResourceGroup, id.ResourceGroup()) {
		return nil
	}
	return outcome.Wait(v1alpha1.ReasonReferenceNotReady, "PrivateCloud %s was moved and is not found yet where its spec says: "+
		"this is deleted when it is; to leave it in Azure, set deletionPolicy: Retain", s.cloud.Name).
		In(ledger.Recheck.Bound)
}
