// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"context"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/outcome"
)

// credentials finds out who acts and what the resource is called in Azure. It sends nothing to Azure: whether the identity is accepted
// shows with the first call.
func (r *Reconciler[T]) credentials(ctx context.Context, s *scope[T]) *outcome.Outcome {
	group := arm.ID("")
	if root, ok := r.kind.(Root[T]); ok {
		s.cloud, _ = any(s.obj).(*v1alpha1.PrivateCloud)
		if o := r.identify(ctx, s, root.IdentityRef(s.obj)); o != nil {
			return o
		}
		var o *outcome.Outcome
		if group, o = root.Group(s.obj, s.identity); o != nil {
			return o
		}
		return r.name(s, group.Child("providers/Microsoft.AVS/"+r.traits.Segment, azureName(s.obj)))
	}
	ref := r.kind.(Child[T]).PrivateCloudRef(s.obj)
	if o := r.parent(ctx, s, ref); o != nil {
		return o
	}
	if o := r.identify(ctx, s, s.cloud.Spec.IdentityRef); o != nil {
		return o
	}
	if s.cloud.Status.ID == "" {
		return outcome.Wait(v1alpha1.ReasonReferenceNotReady, "PrivateCloud %s has no ARM id yet; this goes on by itself when it has", ref.Name).About(v1alpha1.ConditionReferencesReady)
	}
	return r.name(s, arm.ID(s.cloud.Status.ID).Child(r.traits.Segment, azureName(s.obj)))
}

// parent reads the private cloud that a child is in.
func (r *Reconciler[T]) parent(ctx context.Context, s *scope[T], ref v1alpha1.ObjectReference) *outcome.Outcome {
	cloud := &v1alpha1.PrivateCloud{}
	err := r.Client.Get(ctx, types.NamespacedName{Namespace: s.obj.GetNamespace(), Name: ref.Name}, cloud)
	if apierrors.IsNotFound(err) {
		return outcome.Wait(v1alpha1.ReasonReferenceNotFound, "PrivateCloud %s/%s is not there: create it, or correct privateCloudRef", s.obj.GetNamespace(), ref.Name).About(v1alpha1.ConditionReferencesReady)
	}
	if err != nil {
		return outcome.Retry(v1alpha1.ReasonTransient, err)
	}
	s.cloud = cloud
	return nil
}

func (r *Reconciler[T]) identify(ctx context.Context, s *scope[T], ref *v1alpha1.ObjectReference) *outcome.Outcome {
	var o *outcome.Outcome
	s.client, s.identity, o = r.Azure.Client(ctx, s.obj.GetNamespace(), ref)
	return o
}

// name settles the ARM id. The annotation that was written before the first write to Azure decides: an identity whose subscription was
// edited, or a status that was lost, must not turn one resource into two.
func (r *Reconciler[T]) name(s *scope[T], computed arm.ID) *outcome.Outcome {
	if _, err := arm.ParseID(string(computed)); err != nil {
		return outcome.Stall(v1alpha1.ReasonInvalidSpec, "the resource cannot be named in Azure: %s", err)
	}
	s.id = computed
	if kept := s.obj.GetAnnotations()[v1alpha1.AnnotationAzureID]; kept != "" {
		s.id = arm.ID(kept)
		if s.id.Key() != computed.Key() && !s.deleting() && s.stat().Operation == nil {
			return outcome.Stall(v1alpha1.ReasonImmutableField,
				"this object manages %s, but subscription, resource group and name now give %s: set them back, or make a new object for the other resource", kept, computed)
		}
	}
	s.stat().ID = string(s.id)
	r.memory.do(client.ObjectKeyFromObject(s.obj), func(m *remembered) {
		m.cloud, m.identity = cloudKey(s.id), client.ObjectKeyFromObject(s.identity)
	})
	return nil
}

// azureName is the resource's name in Azure.
func azureName(obj Object) string {
	if name := obj.AzureSpec().AzureName; name != "" {
		return name
	}
	return obj.GetName()
}

// cloudKey is the lanes' key: the ARM id of the private cloud that the id is or is in.
func cloudKey(id arm.ID) string {
	for at := id; at != ""; at = at.Parent() {
		if strings.EqualFold(at.Type(), "Microsoft.AVS/privateClouds") {
			return at.Key()
		}
	}
	return id.Key()
}
