// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"context"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/outcome"
)

// cluster1 is the first cluster of every private cloud. It is no resource of its own, but has children.
const cluster1 = "Cluster-1"

// parentIndex finds children by what they stand below: PrivateCloud/<namespace>/<name> or Cluster/<namespace>/<name>.
const parentIndex = "parent"

// keyOf is the object that a reference in a namespace names.
func keyOf(namespace string, ref v1alpha1.ParentReference) types.NamespacedName {
	if ref.Namespace != "" {
		namespace = ref.Namespace
	}
	return types.NamespacedName{Namespace: namespace, Name: ref.Name}
}

// below names what an object stands below, as the index has it.
func (r *Reconciler[T]) below(object client.Object) []string {
	child, ok := r.kind.(Child[T])
	typed, is := object.(T)
	if !ok || !is {
		return nil
	}
	parent := child.Parent(typed)
	switch {
	case parent.Cluster != nil:
		return []string{"Cluster/" + keyOf(object.GetNamespace(), *parent.Cluster).String()}
	case parent.PrivateCloud != nil:
		return []string{"PrivateCloud/" + keyOf(object.GetNamespace(), *parent.PrivateCloud).String()}
	}
	return nil
}

// linkIndex finds objects by the other private clouds that they refer to: <namespace>/<name>.
const linkIndex = "link"

// links names them, as the index has them.
func (r *Reconciler[T]) links(object client.Object) []string {
	linker, ok := r.kind.(Linker[T])
	typed, is := object.(T)
	if !ok || !is {
		return nil
	}
	var out []string
	for _, ref := range linker.Links(typed) {
		out = append(out, keyOf(object.GetNamespace(), ref).String())
	}
	return out
}

// linkedTo wakes what refers to a private cloud that it does not stand in.
func (r *Reconciler[T]) linkedTo(ctx context.Context, cloud client.Object) []reconcile.Request {
	objects, err := r.list(ctx, r.Client, client.MatchingFields{linkIndex: client.ObjectKeyFromObject(cloud).String()})
	if err != nil {
		return nil // the cache is not there yet; its first list reconciles them all
	}
	return requestsFor(objects)
}

// parents reads the private cloud that a child is in, and the cluster if it stands below one that has an object.
func (r *Reconciler[T]) parents(ctx context.Context, s *scope[T]) *outcome.Outcome {
	parent := r.kind.(Child[T]).Parent(s.obj)
	ref, namespace := parent.PrivateCloud, s.obj.GetNamespace()
	if parent.Cluster != nil {
		cluster := &v1alpha1.Cluster{}
		key := keyOf(namespace, *parent.Cluster)
		if o := r.referenced(ctx, s, "Cluster", "clusterRef", key, cluster); o != nil {
			return o
		}
		s.cluster, ref, namespace = cluster, &cluster.Spec.PrivateCloudRef, key.Namespace
	}
	if ref == nil {
		return outcome.Stall(v1alpha1.ReasonInvalidSpec, "it names no parent: set privateCloudRef")
	}
	cloud := &v1alpha1.PrivateCloud{}
	if o := r.referenced(ctx, s, "PrivateCloud", "privateCloudRef", keyOf(namespace, *ref), cloud); o != nil {
		return o
	}
	s.cloud = cloud
	return nil
}

func (r *Reconciler[T]) referenced(ctx context.Context, s *scope[T], kind, field string, key types.NamespacedName, into client.Object) *outcome.Outcome {
	err := r.Client.Get(ctx, key, into)
	switch {
	case err == nil:
		return nil
	case apierrors.IsNotFound(err) && s.deleting():
		return outcome.Wait(v1alpha1.ReasonReferenceNotFound,
			"%s %s is not there any more, so it is not known who could delete this in Azure: create it again, or set deletionPolicy: Retain to leave Azure alone", kind, key).About(v1alpha1.ConditionReferencesReady)
	case apierrors.IsNotFound(err):
		return outcome.Wait(v1alpha1.ReasonReferenceNotFound, "%s %s is not there: create it, or correct %s", kind, key, field).About(v1alpha1.ConditionReferencesReady)
	}
	return outcome.Retry(v1alpha1.ReasonTransient, err)
}

// base is the ARM id that a child's own begins with.
func (r *Reconciler[T]) base(s *scope[T]) (arm.ID, *outcome.Outcome) {
	kind, name, id := "PrivateCloud", s.cloud.Name, arm.ID(s.cloud.Status.ID)
	switch {
	case s.cluster != nil:
		kind, name, id = "Cluster", s.cluster.Name, s.now(arm.ID(s.cluster.Status.ID))
	case id != "" && r.traits.InCluster:
		id = id.Child("clusters", cluster1)
	}
	if id == "" {
		if kept := r.recordedID(s.obj); kept != "" && s.deleting() {
			return parentOf(kept, r.traits.Segment), nil // a parent whose status was lost must not hold up who knows his id
		}
		parent := Object(s.cloud)
		if s.cluster != nil {
			parent = s.cluster
		}
		return "", NotReadyYet(kind, name, parent)
	}
	return id, nil
}

// standsAbove says that objects of other kinds stand below those of this one.
func (r *Reconciler[T]) standsAbove() bool {
	return r.traits.Name == "PrivateCloud" || r.traits.Name == "Cluster"
}

// parentOf cuts the segment and the name off an id.
func parentOf(id arm.ID, segment string) arm.ID {
	cut := len(id.Collection()) - len("/"+segment)
	return id[:max(cut, 0)]
}

// permitted makes sure that the private cloud's owner lets this namespace use it: the operator acts with that owner's identity. An
// operation that was begun before is followed all the same.
func (r *Reconciler[T]) permitted(_ context.Context, s *scope[T]) *outcome.Outcome {
	return permitted(s.cloud, s.obj.GetNamespace(), r.traits.Name)
}

func permitted(cloud *v1alpha1.PrivateCloud, namespace, kind string) *outcome.Outcome {
	if cloud.Allows(namespace, kind) {
		return nil
	}
	return outcome.Stall(v1alpha1.ReasonReferenceNotPermitted,
		"PrivateCloud %s/%s does not let namespace %s have a %s in it: its spec.allowedNamespaces must have {name: %s, kinds: [%s]}",
		cloud.Namespace, cloud.Name, namespace, kind, namespace, kind).
		About(v1alpha1.ConditionReferencesReady)
}

// references makes sure that what the resource stands on is there.
func (r *Reconciler[T]) references(_ context.Context, s *scope[T]) *outcome.Outcome {
	if _, child := r.kind.(Child[T]); child {
		if o := standing("PrivateCloud", s.cloud, s.cloud.Status.ClusterSize); o != nil {
			return o
		}
	}
	if s.cluster != nil {
		if o := standing("Cluster", s.cluster, s.cluster.Status.ClusterSize); o != nil {
			return o
		}
	}
	s.fact(v1alpha1.ConditionReferencesReady, true, v1alpha1.ReasonReady, "everything it refers to is there")
	return nil
}

// standing waits for a parent that is not there, or not any more, or that another object manages.
func standing(kind string, parent Object, size int32) *outcome.Outcome {
	wait := func(format string, args ...any) *outcome.Outcome {
		return outcome.Wait(v1alpha1.ReasonReferenceNotReady, format, args...).About(v1alpha1.ConditionReferencesReady)
	}
	status := parent.AzureStatus()
	if !parent.GetDeletionTimestamp().IsZero() {
		return wait("%s %s is being deleted: nothing new is made in it", kind, parent.GetName())
	}
	if refusedAsOwner(status) {
		return wait("%s %s does not manage its resource in Azure, because another object does; this goes on by itself when it does", kind, parent.GetName())
	}
	// A former Ready would say that it once was there; its own state says that it is there now. One that is being resized is there.
	if state := status.ProvisioningState; state != "Succeeded" && !(state == "Updating" && size > 0) {
		if said := takesTooLong(status); said != "" {
			return outcome.Wait(v1alpha1.ReasonTakesTooLong, "%s %s is not ready yet: %s", kind, parent.GetName(), said).About(v1alpha1.ConditionReferencesReady)
		}
		return NotReadyYet(kind, parent.GetName(), parent)
	}
	return nil
}

// NotReadyYet says that something waits for another object, and whether that goes on by itself or waits for a person in its turn.
func NotReadyYet(kind, name string, other Object) *outcome.Outcome {
	words := "%s %s is not ready yet; this goes on by itself when it is"
	args := []any{kind, name}
	if reason := StalledFor(other.AzureStatus()); reason != "" {
		words, args = "%s %s needs somebody first: its condition Stalled has the reason %s and says what to do; this goes on by itself after that", append(args, reason)
	}
	return outcome.Wait(v1alpha1.ReasonReferenceNotReady, words, args...).About(v1alpha1.ConditionReferencesReady)
}

// refusedAsOwner says that an object was told to leave its resource to another one. What stands below it must not write either.
func refusedAsOwner(status *v1alpha1.AzureStatus) bool {
	return slices.ContainsFunc(status.Conditions, func(c metav1.Condition) bool {
		return c.Type == v1alpha1.ConditionStalled && c.Reason == v1alpha1.ReasonAlreadyManaged
	})
}

// inCloud lists the objects of this kind that are in a private cloud, or are it.
func (r *Reconciler[T]) inCloud(ctx context.Context, cloud client.Object) ([]Object, error) {
	if _, root := r.kind.(Root[T]); root {
		own, is := cloud.(T)
		if !is {
			return nil, nil
		}
		return []Object{own}, nil
	}
	key := client.ObjectKeyFromObject(cloud).String()
	out, err := r.list(ctx, r.Client, client.MatchingFields{parentIndex: "PrivateCloud/" + key})
	if err != nil || !r.traits.InCluster {
		return out, err
	}
	clusters := &v1alpha1.ClusterList{}
	if err := r.Client.List(ctx, clusters, client.MatchingFields{parentIndex: "PrivateCloud/" + key}, client.UnsafeDisableDeepCopy); err != nil {
		return nil, err
	}
	for i := range clusters.Items {
		more, err := r.list(ctx, r.Client, client.MatchingFields{parentIndex: "Cluster/" + client.ObjectKeyFromObject(&clusters.Items[i]).String()})
		if err != nil {
			return nil, err
		}
		out = append(out, more...)
	}
	return out, nil
}

// childrenOfCloud wakes what is in a private cloud.
func (r *Reconciler[T]) childrenOfCloud(ctx context.Context, cloud client.Object) []reconcile.Request {
	objects, err := r.inCloud(ctx, cloud)
	if err != nil {
		return nil // the cache is not there yet; its first list reconciles them all
	}
	return requestsFor(objects)
}

// childrenOfCluster wakes what stands below a cluster.
func (r *Reconciler[T]) childrenOfCluster(ctx context.Context, cluster client.Object) []reconcile.Request {
	objects, err := r.list(ctx, r.Client, client.MatchingFields{parentIndex: "Cluster/" + client.ObjectKeyFromObject(cluster).String()})
	if err != nil {
		return nil
	}
	return requestsFor(objects)
}

func requestsFor(objects []Object) []reconcile.Request {
	out := make([]reconcile.Request, 0, len(objects))
	for _, object := range objects {
		out = append(out, reconcile.Request{NamespacedName: client.ObjectKeyFromObject(object)})
	}
	return out
}
