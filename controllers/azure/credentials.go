// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"context"
	"strings"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/azure/recall"
	"github.com/avs-operator/avs-operator/controllers/azure/tree"
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
		if o := r.permitted(ctx, s); o != nil {
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
			"this object manages %s, but subscription, resource group, parent and name now give %s: set them back, or make a new object for the other resource", cutID(kept), computed)
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

// recordedID is the ARM id that status has for what the object manages: only the operator writes it. It is empty if the object manages nothing yet.
func (r *Reconciler[T]) recordedID(obj T) arm.ID {
	if written(obj) || !obj.GetDeletionTimestamp().IsZero() {
		return arm.ID(obj.AzureStatus().ID)
	}
	return ""
}

// possible says that an object of this kind may manage an id, given what the id is now worked out to be: the type is the kind's, and so is what it
// stands in. Only a private cloud may have been made in another resource group.
func (r *Reconciler[T]) possible(id, computed arm.ID) bool {
	return strings.EqualFold(id.Type(), r.kind.Type()) && (r.kind.Root != nil || id.Parent().Key() == computed.Parent().Key())
}

// azureName is the resource's name in Azure.
func (r *Reconciler[T]) azureName(obj T) string {
	if r.kind.AzureName != nil {
		return r.kind.AzureName(obj)
	}
	if name := obj.AzureSpec().AzureName; name != "" {
		return name
	}
	return obj.GetName()
}
