// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package secrets

import (
	"context"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/outcome"
)

// +kubebuilder:rbac:groups="",resources=secrets;configmaps,verbs=patch

// Object is something in the same namespace that an identity or a VCenter refers to.
type Object struct{ Kind, Name string }

// Reference names an object for one use.
type Reference struct {
	Object
	// use is nil when the object may be used, and is what it is used as.
	use func(ctx context.Context, live Live, namespace string) *outcome.Outcome
}

func toSecret(name string, types []corev1.SecretType) Reference {
	return Reference{Object{"Secret", name}, func(ctx context.Context, live Live, namespace string) *outcome.Outcome {
		_, o := live.secret(ctx, namespace, name, types)
		return o
	}}
}

// ToIdentity refers to the Secret with the client secret of an identity.
func ToIdentity(name string) Reference { return toSecret(name, forIdentities) }

// ToCertificate refers to the Secret with the certificate of an identity.
func ToCertificate(name string) Reference { return toSecret(name, forCertificates) }

// ToAccount refers to a Secret with a user name and a password.
func ToAccount(name string) Reference { return toSecret(name, forAccounts) }

// ToCA refers to a bundle of certificates.
func ToCA(ref v1alpha1.CAReference) Reference {
	return Reference{Object{ref.Kind, ref.Name}, func(ctx context.Context, live Live, namespace string) *outcome.Outcome {
		_, _, o := live.CA(ctx, namespace, ref)
		return o
	}}
}

// ToPrivateCloud refers to a PrivateCloud.
func ToPrivateCloud(name string) Reference {
	return Reference{Object{"PrivateCloud", name}, func(context.Context, Live, string) *outcome.Outcome { return nil }}
}

// Holds keeps objects from going, by a finalizer, while they are needed.
type Holds struct {
	Client    client.Client
	Live      Live
	Finalizer string
	Kinds     []string
	// Changed is told of each object that is held or let go from now on; nil: nobody is.
	Changed func(client.Object)
}

// OfKind is an empty object of a kind that is referred to: of Secrets and ConfigMaps only the metadata.
func OfKind(kind string) client.Object {
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

// Put holds what is referred to. What may not be used is not held either: else whoever may write a reference could keep from going what is
// somebody else's, such as the Secret of an application.
func (h Holds) Put(ctx context.Context, namespace string, ref Reference) *outcome.Outcome {
	o := OfKind(ref.Kind)
	if err := h.Client.Get(ctx, types.NamespacedName{Namespace: namespace, Name: ref.Name}, o); err != nil {
		if apierrors.IsNotFound(err) {
			return nil // what waits for it says so
		}
		return outcome.Retry(v1alpha1.ReasonTransient, err)
	}
	if !o.GetDeletionTimestamp().IsZero() || controllerutil.ContainsFinalizer(o, h.Finalizer) {
		return nil
	}
	if refused := ref.use(ctx, h.Live, namespace); refused != nil {
		if refused.Kind == outcome.KindRetry {
			return refused
		}
		return nil // what uses it says so
	}
	return h.Set(ctx, o, true)
}

// LetGo ends what is held in a namespace and not needed, whether something refers to it or not: a reference may have been edited, and what had it
// may be gone. Before an object goes, the API server itself is asked what is needed.
func (h Holds) LetGo(ctx context.Context, namespace string, needed func(context.Context, client.Reader) (map[Object]bool, error)) *outcome.Outcome {
	held, err := h.held(ctx, namespace)
	for _, reader := range []client.Reader{h.Client, h.Live.Reader} {
		if err != nil || len(held) == 0 {
			break
		}
		var keep map[Object]bool
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
		if failed := h.Set(ctx, o, false); failed != nil {
			return failed
		}
	}
	return nil
}

// held are copies of the objects of a namespace that carry the finalizer.
func (h Holds) held(ctx context.Context, namespace string) (map[Object]client.Object, error) {
	out := map[Object]client.Object{}
	for _, kind := range h.Kinds {
		list := listOf(kind)
		if err := h.Client.List(ctx, list, client.InNamespace(namespace), client.UnsafeDisableDeepCopy); err != nil {
			return nil, err
		}
		err := meta.EachListItem(list, func(item runtime.Object) error {
			if o, ok := item.(client.Object); ok && controllerutil.ContainsFinalizer(o, h.Finalizer) {
				mine := o.DeepCopyObject().(client.Object) //nolint:forcetypeassert // a copy of a client.Object is one.
				mine.GetObjectKind().SetGroupVersionKind(OfKind(kind).GetObjectKind().GroupVersionKind())
				out[Object{kind, o.GetName()}] = mine
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Set puts the finalizer on an object, or takes it off.
func (h Holds) Set(ctx context.Context, o client.Object, wanted bool) *outcome.Outcome {
	base := o.DeepCopyObject().(client.Object) //nolint:forcetypeassert // a copy of a client.Object is one.
	if wanted {
		controllerutil.AddFinalizer(o, h.Finalizer)
	} else {
		controllerutil.RemoveFinalizer(o, h.Finalizer)
	}
	err := h.Client.Patch(ctx, o, client.MergeFromWithOptions(base, client.MergeFromWithOptimisticLock{}))
	if client.IgnoreNotFound(err) != nil {
		return outcome.Collided(fmt.Errorf("writing the finalizer of %T %s: %w", o, o.GetName(), err))
	}
	if h.Changed != nil {
		h.Changed(o)
	}
	return nil
}

// OrHolder wakes those who use an object, and for one that is held and that nobody uses whoever lets such go: a request without a name.
func OrHolder(users []reconcile.Request, o client.Object, finalizer string) []reconcile.Request {
	if len(users) == 0 && controllerutil.ContainsFinalizer(o, finalizer) {
		return []reconcile.Request{{NamespacedName: types.NamespacedName{Namespace: o.GetNamespace()}}}
	}
	return users
}

// RefersTo says whether references name the object.
func RefersTo(references []Reference, used Object) bool {
	return slices.ContainsFunc(references, func(one Reference) bool { return one.Object == used })
}

// FinalizersChanged lets a change of the hold through, whoever made it: a decision that was made on an older view is made again.
var FinalizersChanged = predicate.Funcs{UpdateFunc: func(e event.UpdateEvent) bool {
	return !slices.Equal(e.ObjectOld.GetFinalizers(), e.ObjectNew.GetFinalizers())
}}
