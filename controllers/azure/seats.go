// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/azure/kind"
	"github.com/avs-operator/avs-operator/controllers/azure/tree"
	"github.com/avs-operator/avs-operator/controllers/connect"
)

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
		if connect.IdentityName(clouds.Items[i].Spec.IdentityRef) != identity.Name {
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
		if mine, is := object.(T); is && hasFinalizer(object) && cloud.Allows(object.GetNamespace(), r.kind.Name) && r.effective(mine).DeletionPolicy == v1alpha1.DeletionPolicyDelete {
			out = append(out, r.nameFrom("PrivateCloud/"+client.ObjectKeyFromObject(cloud).String(), object))
		}
	}
	return out, nil
}
