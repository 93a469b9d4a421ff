// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package maintenance

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/azure/lane"
	"github.com/avs-operator/avs-operator/controllers/azure/tree"
	"github.com/avs-operator/avs-operator/controllers/outcome"
)

// locate finds the private cloud, and the identity that acts on it. It sends nothing to Azure.
func (r *Reconciler) locate(ctx context.Context, s *scope) *outcome.Outcome {
	key := tree.KeyOf(s.policy.Namespace, s.policy.Spec.PrivateCloudRef)
	s.cloud = &v1alpha1.PrivateCloud{}
	if err := r.Client.Get(ctx, key, s.cloud); apierrors.IsNotFound(err) {
		return outcome.Wait(v1alpha1.ReasonReferenceNotFound, "PrivateCloud %s is not there: create it, or make a policy for another",
			key).About(v1alpha1.ConditionReferencesReady)
	} else if err != nil {
		return outcome.Retry(v1alpha1.ReasonTransient, err)
	}
	if s.policy.Status.Operation == nil { // a policy that may not act with the identity does not learn its troubles
		if o := tree.Permitted(s.cloud, s.policy.Namespace, maintenancePolicy); o != nil {
			r.leaveCloud(s)
			return o
		}
	}
	id := arm.ID(s.cloud.Status.ID)
	if id == "" {
		return tree.NotReadyYet("PrivateCloud", key.String(), s.cloud)
	}
	s.collection = id.Child("maintenances", "all").Collection()
	var o *outcome.Outcome
	s.client, _, o = r.Azure.Client(ctx, s.cloud.Namespace, s.cloud.Spec.IdentityRef)
	return o
}

// maintenancePolicy is the kind that a private cloud's owner consents to.
const maintenancePolicy = "MaintenancePolicy"

// allowed makes sure that the policy may, and should, be followed: the private cloud stands, its owner consents, and no older policy is for
// the same one.
func (r *Reconciler) allowed(ctx context.Context, s *scope) *outcome.Outcome {
	if o := tree.Permitted(s.cloud, s.policy.Namespace, maintenancePolicy); o != nil {
		r.leaveCloud(s)
		return o
	}
	if o := tree.Standing("PrivateCloud", s.cloud, s.cloud.Status.ClusterSize); o != nil {
		return o
	}
	s.fact(v1alpha1.ConditionReferencesReady, "everything it refers to is there")
	return r.soleManager(ctx, s, r.Client, client.MatchingFields{cloudIndex: client.ObjectKeyFromObject(s.cloud).String()}, client.UnsafeDisableDeepCopy)
}

// soleManager leaves the private cloud to an older policy. One that only observes, or that the owner does not let use the private cloud, is in
// nobody's way.
func (r *Reconciler) soleManager(ctx context.Context, s *scope, reader client.Reader, options ...client.ListOption) *outcome.Outcome {
	if s.observes() {
		return nil
	}
	list := &v1alpha1.MaintenancePolicyList{}
	if err := reader.List(ctx, list, options...); err != nil {
		return outcome.Retry(v1alpha1.ReasonTransient, fmt.Errorf("looking for other policies for the same private cloud: %w", err))
	}
	for i := range list.Items {
		other := &list.Items[i]
		same := tree.KeyOf(other.Namespace, other.Spec.PrivateCloudRef) == client.ObjectKeyFromObject(s.cloud)
		if !same || other.UID == s.policy.UID || !tree.OlderThan(other, s.policy) || !other.DeletionTimestamp.IsZero() ||
			other.Spec.ManagementPolicy == v1alpha1.ManagementPolicyObserve || tree.Permitted(s.cloud, other.Namespace, maintenancePolicy) != nil {
			continue
		}
		r.leaveCloud(s)
		return outcome.Stall(v1alpha1.ReasonAlreadyManaged, "the maintenances of PrivateCloud %s are scheduled by MaintenancePolicy %s/%s, "+
			"which is older: delete one of the two, or let this one observe", s.cloud.Name, other.Namespace, other.Name)
	}
	return nil
}

// leaveCloud shows and watches nothing of a private cloud that is not the policy's to look after.
func (r *Reconciler) leaveCloud(s *scope) {
	r.unwatch(s.key())
	s.policy.Status.Maintenances, s.policy.Status.Announced, s.policy.Status.NextStartTime = nil, 0, nil
}

// forget ends everything that is held for a policy that is gone.
func (r *Reconciler) forget(key types.NamespacedName) {
	r.unwatch(key)
	if cloud := r.recall.forget(key); cloud != "" {
		r.Lanes.Release(cloud, lane.Light, holder(key))
	}
}
