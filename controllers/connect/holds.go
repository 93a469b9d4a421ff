// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package connect

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/outcome"
)

// +kubebuilder:rbac:groups="",resources=secrets;configmaps,verbs=patch

// object is something in the same namespace that an identity or a VCenter refers to.
type object struct{ kind, name string }

// reference names an object for one use.
type reference struct {
	object
	// use is nil when the object may be used, and is what it is used as.
	use func(ctx context.Context, live Live, namespace string) *outcome.Outcome
}

func toSecret(name string, types []corev1.SecretType) reference {
	return reference{object{"Secret", name}, func(ctx context.Context, live Live, namespace string) *outcome.Outcome {
		_, o := live.secret(ctx, namespace, name, types)
		return o
	}}
}

func toCA(ref v1alpha1.CAReference) reference {
	return reference{object{ref.Kind, ref.Name}, func(ctx context.Context, live Live, namespace string) *outcome.Outcome {
		_, _, o := live.CA(ctx, namespace, ref)
		return o
	}}
}

func toPrivateCloud(name string) reference {
	return reference{object{"PrivateCloud", name}, func(context.Context, Live, string) *outcome.Outcome { return nil }}
}

// holds keeps objects from going, by a finalizer, while they are needed.
type holds struct {
	client    client.Client
	live      Live
	finalizer string
	kinds     []string
	// changed is told of each object that is held or let go from now on; nil: nobody is.
	changed func(client.Object)
}

// ofKind is an empty object of a kind that is referred to: of Secrets and ConfigMaps only the metadata.
func ofKind(kind string) client.Object {
	if kind == "PrivateCloud" {
		return &v1alpha1.PrivateCloud{}
	}
	m := &metav1.PartialObjectMetadata{}
	m.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind(kind))
	return m
}

func listOf(kind string) client.ObjectList {
	if kind == "PrivateCloud" {
		return &v1alpha1.PrivateCloudList{}
	}
	list := &metav1.PartialObjectMetadataList{}
	list.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind(kind + "List"))
	return list
}

// put holds what is referred to. What may not be used is not held either: else whoever may write a reference could keep from going what is
// somebody else's, such as the Secret of an application.
func (h holds) put(ctx context.Context, namespace string, ref reference) *outcome.Outcome {
	o := ofKind(ref.kind)
	if err := h.client.Get(ctx, types.NamespacedName{Namespace: namespace, Name: ref.name}, o); err != nil {
		if apierrors.IsNotFound(err) {
			return nil // what waits for it says so
		}
		return outcome.Retry(v1alpha1.ReasonTransient, err)
	}
	if !o.GetDeletionTimestamp().IsZero() || controllerutil.ContainsFinalizer(o, h.finalizer) {
		return nil
	}
	if refused := ref.use(ctx, h.live, namespace); refused != nil {
		if refused.Kind == outcome.KindRetry {
			return refused
		}
		return nil // what uses it says so
	}
	return h.set(ctx, o, true)
}

// letGo ends what is held in a namespace and not needed, whether something refers to it or not: a reference may have been edited, and what had it
// may be gone. Before an object goes, the API server itself is asked what is needed.
func (h holds) letGo(ctx context.Context, namespace string, needed func(context.Context, client.Reader) (map[object]bool, error)) *outcome.Outcome {
	held, err := h.held(ctx, namespace)
	for _, reader := range []client.Reader{h.client, h.live.Reader} {
		if err != nil || len(held) == 0 {
			break
		}
		var keep map[object]bool
		if keep, err = needed(ctx, reader); err == nil {
			for one := range held {
				if keep[one] {
					delete(held, one)
				}
			}
		}
	}
	if err != nil {
		return outcome.Retry(v1alpha1.ReasonTransient, fmt.Errorf("reading what is held in namespace %s, and what for: %w", namespace, err))
	}
	for _, o := range held {
		if failed := h.set(ctx, o, false); failed != nil {
			return failed
		}
	}
	return nil
}

// held are copies of the objects of a namespace that carry the finalizer.
func (h holds) held(ctx context.Context, namespace string) (map[object]client.Object, error) {
	out := map[object]client.Object{}
	for _, kind := range h.kinds {
		list := listOf(kind)
		if err := h.client.List(ctx, list, client.InNamespace(namespace), client.UnsafeDisableDeepCopy); err != nil {
			return nil, err
		}
		err := meta.EachListItem(list, func(item runtime.Object) error {
			if o, ok := item.(client.Object); ok && controllerutil.ContainsFinalizer(o, h.finalizer) {
				mine := o.DeepCopyObject().(client.Object) //nolint:forcetypeassert // a copy of a client.Object is one.
				mine.GetObjectKind().SetGroupVersionKind(ofKind(kind).GetObjectKind().GroupVersionKind())
				out[object{kind, o.GetName()}] = mine
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// set puts the finalizer on an object, or takes it off.
func (h holds) set(ctx context.Context, o client.Object, wanted bool) *outcome.Outcome {
	base := o.DeepCopyObject().(client.Object) //nolint:forcetypeassert // a copy of a client.Object is one.
	if wanted {
		controllerutil.AddFinalizer(o, h.finalizer)
	} else {
		controllerutil.RemoveFinalizer(o, h.finalizer)
	}
	err := h.client.Patch(ctx, o, client.MergeFromWithOptions(base, client.MergeFromWithOptimisticLock{}))
	if client.IgnoreNotFound(err) != nil {
		return outcome.Retry(v1alpha1.ReasonTransient, fmt.Errorf("writing the finalizer of %T %s: %w", o, o.GetName(), err)).In(20 * time.Millisecond)
	}
	if h.changed != nil {
		h.changed(o)
	}
	return nil
}

// orHolder wakes those who use an object, and for one that is held and that nobody uses whoever lets such go: a request without a name.
func orHolder(users []reconcile.Request, o client.Object, finalizer string) []reconcile.Request {
	if len(users) == 0 && controllerutil.ContainsFinalizer(o, finalizer) {
		return []reconcile.Request{{NamespacedName: types.NamespacedName{Namespace: o.GetNamespace()}}}
	}
	return users
}
