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

// locate finds the private cloud, and who acts on it. It sends nothing to Azure.
func (r *MaintenanceReconciler) locate(ctx context.Context, p *pass) *outcome.Outcome {
	key := tree.KeyOf(p.policy.Namespace, p.policy.Spec.PrivateCloudRef)
	p.cloud = &v1alpha1.PrivateCloud{}
	if err := r.Client.Get(ctx, key, p.cloud); apierrors.IsNotFound(err) {
		return outcome.Wait(v1alpha1.ReasonReferenceNotFound, "PrivateCloud %s is not there: create it, or make a policy for another", key).About(v1alpha1.ConditionReferencesReady)
	} else if err != nil {
		return outcome.Retry(v1alpha1.ReasonTransient, err)
	}
	if p.policy.Status.Operation == nil { // who may not act with another's identity does not learn its troubles
		if o := tree.Permitted(p.cloud, p.policy.Namespace, maintenancePolicy); o != nil {
			r.leave(p)
			return o
		}
	}
	id := arm.ID(p.cloud.Status.ID)
	if id == "" {
		return tree.NotReadyYet("PrivateCloud", key.String(), p.cloud)
	}
	p.collection = id.Child("maintenances", "all").Collection()
	var o *outcome.Outcome
	p.client, _, o = r.Azure.Client(ctx, p.cloud.Namespace, p.cloud.Spec.IdentityRef)
	return o
}

// maintenancePolicy is the kind that a private cloud's owner consents to.
const maintenancePolicy = "MaintenancePolicy"

// allowed makes sure that the policy may, and should, be followed: the private cloud stands, its owner consents, and no older policy is for
// the same one.
func (r *MaintenanceReconciler) allowed(ctx context.Context, p *pass) *outcome.Outcome {
	if o := tree.Permitted(p.cloud, p.policy.Namespace, maintenancePolicy); o != nil {
		r.leave(p)
		return o
	}
	if o := tree.Standing("PrivateCloud", p.cloud, p.cloud.Status.ClusterSize); o != nil {
		return o
	}
	p.fact(v1alpha1.ConditionReferencesReady, "everything it refers to is there")
	return r.alone(ctx, p, r.Client, client.MatchingFields{cloudIndex: client.ObjectKeyFromObject(p.cloud).String()}, client.UnsafeDisableDeepCopy)
}

// alone leaves the private cloud to an older policy. One that only observes, or that the owner does not let use the private cloud, is in
// nobody's way.
func (r *MaintenanceReconciler) alone(ctx context.Context, p *pass, reader client.Reader, options ...client.ListOption) *outcome.Outcome {
	if p.observes() {
		return nil
	}
	list := &v1alpha1.MaintenancePolicyList{}
	if err := reader.List(ctx, list, options...); err != nil {
		return outcome.Retry(v1alpha1.ReasonTransient, fmt.Errorf("looking for other policies for the same private cloud: %w", err))
	}
	for i := range list.Items {
		other := &list.Items[i]
		same := tree.KeyOf(other.Namespace, other.Spec.PrivateCloudRef) == client.ObjectKeyFromObject(p.cloud)
		if !same || other.UID == p.policy.UID || !tree.OlderThan(other, p.policy) || !other.DeletionTimestamp.IsZero() ||
			other.Spec.ManagementPolicy == v1alpha1.ManagementPolicyObserve || tree.Permitted(p.cloud, other.Namespace, maintenancePolicy) != nil {
			continue
		}
		r.leave(p)
		return outcome.Stall(v1alpha1.ReasonAlreadyManaged, "the maintenances of PrivateCloud %s are scheduled by MaintenancePolicy %s/%s, which is older: delete one of the two, or let this one observe", p.cloud.Name, other.Namespace, other.Name)
	}
	return nil
}

// leave shows and watches nothing of a private cloud that is not the policy's to look after.
func (r *MaintenanceReconciler) leave(p *pass) {
	r.unwatch(p.key())
	p.policy.Status.Maintenances, p.policy.Status.Announced, p.policy.Status.NextStartTime = nil, 0, nil
}

// forget ends everything that is held for a policy that is gone.
func (r *MaintenanceReconciler) forget(key types.NamespacedName) {
	r.unwatch(key)
	if cloud := r.memory.drop(key); cloud != "" {
		r.Lanes.Release(cloud, lane.Light, holder(key))
	}
}
