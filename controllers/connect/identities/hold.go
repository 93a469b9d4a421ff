// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package identities

import (
	"context"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/connect/secrets"
	"github.com/avs-operator/avs-operator/controllers/outcome"
)

// +kubebuilder:rbac:groups=avs-operator.io,resources=azureidentities,verbs=patch

// Held says that an identity, and what it refers to, outlives whatever must still be deleted in Azure with it.
func Held(identity *v1alpha1.AzureIdentity) bool {
	return controllerutil.ContainsFinalizer(identity, v1alpha1.FinalizerInUse)
}

// Touch wakes an identity: what it is needed for has changed.
func (a *Clients) Touch(identity types.NamespacedName) { a.touched.Tell(identity) }

// Touched tells f which identities were touched, until cancel.
func (a *Clients) Touched(f func(types.NamespacedName)) (cancel func()) {
	return a.touched.Subscribe(f)
}

func (r *Reconciler) holds() secrets.Holds {
	return secrets.Holds{Client: r.Client, Live: r.Azure.o.Live, Finalizer: v1alpha1.FinalizerInUse, Kinds: []string{"Secret", "ConfigMap"}}
}

// hold keeps the identity and what it refers to while something must still be deleted in Azure with it: when a namespace goes, everything
// in it is deleted at once, in no order, and a private cloud whose credentials went first could never be deleted.
func (r *Reconciler) hold(ctx context.Context, identity *v1alpha1.AzureIdentity) *outcome.Outcome {
	needed, err := r.NeededBy(ctx, client.ObjectKeyFromObject(identity))
	if err != nil {
		return outcome.Retry(v1alpha1.ReasonTransient, err)
	}
	deleting := !identity.DeletionTimestamp.IsZero()
	wanted := len(needed) > 0
	if wanted {
		for _, used := range usedBy(identity) {
			if o := r.holds().Put(ctx, identity.Namespace, used); o != nil {
				return o
			}
		}
	}
	if o := r.letGo(ctx, identity.Namespace); o != nil {
		return o
	}
	if wanted != Held(identity) && (!deleting || !wanted) {
		if o := r.holds().Set(ctx, identity, wanted); o != nil {
			return o
		}
	}
	if deleting && wanted {
		slices.Sort(needed)
		return outcome.Wait(v1alpha1.ReasonDependentsExist, "it is still needed, above all to delete these in Azure: %s. It goes when they are gone, "+
			"so delete them too, with deletionPolicy: Retain where Azure is to be left alone", strings.Join(needed, ", ")).In(time.Minute)
	}
	return nil
}

// letGo ends what is held in a namespace for no identity any more.
func (r *Reconciler) letGo(ctx context.Context, namespace string) *outcome.Outcome {
	return r.holds().LetGo(ctx, namespace, func(ctx context.Context, reader client.Reader) (map[secrets.Object]bool, error) {
		list := &v1alpha1.AzureIdentityList{}
		if err := reader.List(ctx, list, client.InNamespace(namespace)); err != nil {
			return nil, err
		}
		out := map[secrets.Object]bool{}
		for i := range list.Items {
			needed, err := r.NeededBy(ctx, client.ObjectKeyFromObject(&list.Items[i]))
			if err != nil {
				return nil, err
			}
			for _, used := range usedBy(&list.Items[i]) {
				out[used.Object] = out[used.Object] || len(needed) > 0
			}
		}
		return out, nil
	})
}
