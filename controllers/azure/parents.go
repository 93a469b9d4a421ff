// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"context"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/azure/kind"
	"github.com/avs-operator/avs-operator/controllers/azure/tree"
	"github.com/avs-operator/avs-operator/controllers/outcome"
)

// parentIndex finds children by what they stand below: PrivateCloud/<namespace>/<name> or Cluster/<namespace>/<name>.
const parentIndex = "parent"

// below names what an object stands below, as the index has it.
func (r *Reconciler[T]) below(object client.Object) []string {
	typed, is := object.(T)
	if r.kind.Parent == nil || !is {
		return nil
	}
	parent := r.kind.Parent(typed)
	switch {
	case parent.Cluster != nil:
		return []string{"Cluster/" + tree.KeyOf(object.GetNamespace(), *parent.Cluster).String()}
	case parent.PrivateCloud != nil:
		return []string{"PrivateCloud/" + tree.KeyOf(object.GetNamespace(), *parent.PrivateCloud).String()}
	}
	return nil
}

// linkIndex finds objects by the other private clouds that they refer to: <namespace>/<name>.
const linkIndex = "link"

// links names them, as the index has them.
func (r *Reconciler[T]) links(object client.Object) []string {
	typed, is := object.(T)
	if r.kind.Links == nil || !is {
		return nil
	}
	var out []string
	for _, ref := range r.kind.Links(typed) {
		out = append(out, tree.KeyOf(object.GetNamespace(), ref).String())
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
	parent := r.kind.Parent(s.obj)
	ref, namespace := parent.PrivateCloud, s.obj.GetNamespace()
	if parent.Cluster != nil {
		cluster := &v1alpha1.Cluster{}
		key := tree.KeyOf(namespace, *parent.Cluster)
		if o := r.referenced(ctx, s, "Cluster", "clusterRef", key, cluster); o != nil {
			return o
		}
		s.cluster, ref, namespace = cluster, &cluster.Spec.PrivateCloudRef, key.Namespace
	}
	if ref == nil {
		return outcome.Stall(v1alpha1.ReasonInvalidSpec, "it names no parent, which the API server does not take")
	}
	cloud := &v1alpha1.PrivateCloud{}
	if o := r.referenced(ctx, s, "PrivateCloud", "privateCloudRef", tree.KeyOf(namespace, *ref), cloud); o != nil {
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
	id := arm.ID(s.cloud.Status.ID)
	switch {
	case s.cluster != nil:
		id = s.now(arm.ID(s.cluster.Status.ID))
	case id != "" && r.kind.InCluster:
		id = id.Child("clusters", tree.Cluster1)
	}
	if id == "" {
		if kept := r.recordedID(s.obj); kept != "" && s.deleting() {
			return tree.ParentOf(kept, r.kind.Segment), nil // a parent whose status was lost must not hold up who knows his id
		}
		kindName, name, parent := "PrivateCloud", s.cloud.Name, kind.Object(s.cloud)
		if s.cluster != nil && tree.StalledFor(s.cloud.AzureStatus()) == "" { // else the cluster only waits for its private cloud, which waits for a person
			kindName, name, parent = "Cluster", s.cluster.Name, s.cluster
		}
		return "", tree.NotReadyYet(kindName, name, parent)
	}
	return id, nil
}

// standsAbove says that objects of other kinds stand below those of this one.
func (r *Reconciler[T]) standsAbove() bool {
	return r.kind.Name == "PrivateCloud" || r.kind.Name == "Cluster"
}

// permitted makes sure that the private cloud's owner lets this namespace use it: the operator acts with that owner's identity. An
// operation that was begun before is followed all the same.
func (r *Reconciler[T]) permitted(_ context.Context, s *scope[T]) *outcome.Outcome {
	return tree.Permitted(s.cloud, s.obj.GetNamespace(), r.kind.Name)
}

// references makes sure that what the resource stands on is there.
func (r *Reconciler[T]) references(_ context.Context, s *scope[T]) *outcome.Outcome {
	return r.standing(s)
}

func (r *Reconciler[T]) standing(s *scope[T]) *outcome.Outcome {
	if r.kind.Parent != nil {
		if o := tree.Standing("PrivateCloud", s.cloud, s.cloud.Status.ClusterSize); o != nil {
			return o
		}
	}
	if s.cluster != nil {
		if o := tree.Standing("Cluster", s.cluster, s.cluster.Status.ClusterSize); o != nil {
			return o
		}
	}
	s.fact(v1alpha1.ConditionReferencesReady, true, v1alpha1.ReasonReady, "everything it refers to is there")
	return nil
}

// inCloud lists the objects of this kind that are in a private cloud, or are it.
func (r *Reconciler[T]) inCloud(ctx context.Context, cloud client.Object) ([]kind.Object, error) {
	if r.kind.Root != nil {
		own, is := cloud.(T)
		if !is {
			return nil, nil
		}
		return []kind.Object{own}, nil
	}
	key := client.ObjectKeyFromObject(cloud).String()
	out, err := r.list(ctx, r.Client, client.MatchingFields{parentIndex: "PrivateCloud/" + key})
	if err != nil || !r.kind.InCluster {
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

func requestsFor(objects []kind.Object) []reconcile.Request {
	out := make([]reconcile.Request, 0, len(objects))
	for _, object := range objects {
		out = append(out, reconcile.Request{NamespacedName: client.ObjectKeyFromObject(object)})
	}
	return out
}
