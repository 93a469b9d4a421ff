// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/azure/kind"
	"github.com/avs-operator/avs-operator/controllers/azure/tree"
	"github.com/avs-operator/avs-operator/controllers/connect/identities"
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
			"%s %s is not there any more, so it is not known who could delete this in Azure: create it again, or set deletionPolicy: Retain to leave Azure alone",
			kind, key).About(v1alpha1.ConditionReferencesReady)
	case apierrors.IsNotFound(err):
		return outcome.Wait(v1alpha1.ReasonReferenceNotFound, "%s %s is not there: create it, or correct %s",
			kind, key, field).About(v1alpha1.ConditionReferencesReady)
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

func requestsFor(objects []kind.Object) []reconcile.Request {
	out := make([]reconcile.Request, 0, len(objects))
	for _, object := range objects {
		out = append(out, reconcile.Request{NamespacedName: client.ObjectKeyFromObject(object)})
	}
	return out
}

// seats knows the reconcilers of all kinds. Before the first of them works, every stored operation takes its seat in the lanes, so that
// a new leader does not begin what the old one's operation would collide with.
type seats struct {
	shared *Shared
	kinds  []seatable
	// others seat operations that no kind knows of.
	others []func(context.Context) error

	mu   sync.Mutex
	done bool
}

// seatable is what the reconcilers of all kinds can be asked by those of others.
type seatable interface {
	// seat puts the stored operations of the kind into the lanes.
	seat(ctx context.Context) error
	// under names the objects that stand directly below a parent, as the index has it, and that may.
	under(ctx context.Context, parent string, may consent) ([]string, error)
	// toDelete names the objects of a private cloud, itself included, that must still be deleted in Azure.
	toDelete(ctx context.Context, cloud *v1alpha1.PrivateCloud) ([]string, error)
}

func (s *seats) add(kind seatable) { s.kinds = append(s.kinds, kind) }

// once seats every stored operation, the first time that it works.
func (s *seats) once(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.done {
		return nil
	}
	for _, kind := range s.kinds {
		if err := kind.seat(ctx); err != nil {
			return fmt.Errorf("seating stored operations: %w", err)
		}
	}
	for _, seat := range s.others {
		if err := seat(ctx); err != nil {
			return fmt.Errorf("seating stored operations: %w", err)
		}
	}
	s.done = true
	return nil
}

func (r *Reconciler[T]) seat(ctx context.Context) error {
	objects, err := r.list(ctx, r.Client)
	if err != nil {
		return err
	}
	for _, object := range objects {
		if stat := object.AzureStatus(); stat.ID != "" && stat.Operation != nil {
			r.Lanes.Seat(tree.CloudKey(arm.ID(stat.ID)), r.kind.Lane, r.holder(client.ObjectKeyFromObject(object)))
		}
	}
	return nil
}

// SeatAlso has stored operations that no kind knows of seated with those of all kinds, before the first worker begins. It is called after
// the kinds are set up.
func (s *Shared) SeatAlso(seat func(context.Context) error) {
	s.seats.others = append(s.seats.others, seat)
}

// Seated makes sure that every stored operation has its seat in the lanes.
func (s *Shared) Seated(ctx context.Context) error { return s.seats.once(ctx) }

// consent says whether a namespace may have objects of a kind in a private cloud. Those of another hold nothing up.
type consent func(namespace, kind string) bool

// below names all objects that stand directly below a parent: PrivateCloud/<namespace>/<name> or Cluster/<namespace>/<name>, and that may.
func (s *seats) below(ctx context.Context, parent string, may consent) ([]string, error) {
	var out []string
	for _, kind := range s.kinds {
		names, err := kind.under(ctx, parent, may)
		if err != nil {
			return nil, err
		}
		out = append(out, names...)
	}
	slices.Sort(out) // a cache lists in another order each time, and a condition that changes is a write
	return out, nil
}

func (r *Reconciler[T]) under(ctx context.Context, parent string, may consent) ([]string, error) {
	if r.kind.Parent == nil {
		return nil, nil
	}
	objects, err := r.list(ctx, r.Client, client.MatchingFields{parentIndex: parent})
	if err != nil {
		return nil, err
	}
	var out []string
	for _, object := range objects {
		if may(object.GetNamespace(), r.kind.Name) {
			out = append(out, r.nameFrom(parent, object))
		}
	}
	return out, nil
}

// nameFrom names an object as somebody in the namespace of its parent finds it.
func (r *Reconciler[T]) nameFrom(parent string, object kind.Object) string {
	if strings.Contains(parent, "/"+object.GetNamespace()+"/") {
		return r.kind.Name + " " + object.GetName()
	}
	return r.kind.Name + " " + client.ObjectKeyFromObject(object).String()
}

// NeededBy names the objects that must still be deleted in Azure with an identity.
func (s *Shared) NeededBy(ctx context.Context, identity types.NamespacedName) ([]string, error) {
	if s.seats == nil {
		return nil, nil
	}
	clouds := &v1alpha1.PrivateCloudList{}
	if err := s.Client.List(ctx, clouds, client.InNamespace(identity.Namespace)); err != nil {
		return nil, err
	}
	var out []string
	for i := range clouds.Items {
		if identities.Name(clouds.Items[i].Spec.IdentityRef) != identity.Name {
			continue
		}
		for _, kind := range s.seats.kinds {
			names, err := kind.toDelete(ctx, &clouds.Items[i])
			if err != nil {
				return nil, err
			}
			out = append(out, names...)
		}
	}
	return out, nil
}

func (r *Reconciler[T]) toDelete(ctx context.Context, cloud *v1alpha1.PrivateCloud) ([]string, error) {
	objects, err := r.inCloud(ctx, cloud)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, object := range objects {
		if mine, is := object.(T); is && hasFinalizer(object) && cloud.Allows(object.GetNamespace(), r.kind.Name) &&
			r.effective(mine).DeletionPolicy == v1alpha1.DeletionPolicyDelete {
			out = append(out, r.nameFrom("PrivateCloud/"+client.ObjectKeyFromObject(cloud).String(), object))
		}
	}
	return out, nil
}
