// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/connect"
	"github.com/avs-operator/avs-operator/controllers/outcome"
)

// +kubebuilder:rbac:groups="",resources=secrets,verbs=create;patch;delete

// The right to delete Secrets is asked for by clusters that protect owner references (OwnerReferencesPermissionEnforcement): who may not delete
// an object may not change who owns it. The operator deletes none.

// exportedVersion is the annotation of a Secret that says what its content was made from, so that nothing is fetched while that is the same.
const exportedVersion = "avs-operator.io/exported-version"

// export writes the Secret that the spec asks for.
func (r *Reconciler[T]) export(ctx context.Context, s *scope[T]) *outcome.Outcome {
	exporter, ok := r.kind.(Exporter[T])
	if !ok || s.observes() {
		return nil
	}
	name, version := exporter.Secret(s.obj, s.actual)
	if name == "" {
		return nil
	}
	key := types.NamespacedName{Namespace: s.obj.GetNamespace(), Name: name}
	have, o := r.secret(ctx, s, key)
	if o != nil || have != nil && have.Annotations[exportedVersion] == version {
		return o
	}
	content, err := exporter.Content(ctx, r.world(s))
	if err != nil {
		return connect.OutcomeOf(err)
	}
	return r.writeSecret(ctx, s, key, have, version, content)
}

// secret is the metadata of the Secret that was written before, nil if there is none. One that is somebody else's is never touched.
func (r *Reconciler[T]) secret(ctx context.Context, s *scope[T], key types.NamespacedName) (*metav1.PartialObjectMetadata, *outcome.Outcome) {
	have := &metav1.PartialObjectMetadata{}
	have.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("Secret"))
	err := r.Client.Get(ctx, key, have)
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, outcome.Retry(v1alpha1.ReasonTransient, err)
	}
	if !managedBy(have, s.obj) {
		return nil, notOurs(key)
	}
	return have, nil
}

func managedBy(secret metav1.Object, owner client.Object) bool {
	return secret.GetLabels()[v1alpha1.LabelManaged] == "true" && metav1.IsControlledBy(secret, owner)
}

func notOurs(key types.NamespacedName) *outcome.Outcome {
	return outcome.Stall(v1alpha1.ReasonSecretNotOwned,
		"Secret %s exists and was not written by the operator for this object, so it is not touched: choose another secretName, or delete that Secret", key)
}

func (r *Reconciler[T]) writeSecret(ctx context.Context, s *scope[T], key types.NamespacedName, have *metav1.PartialObjectMetadata, version string, content map[string][]byte) *outcome.Outcome {
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{
		Namespace: key.Namespace, Name: key.Name,
		Labels:      map[string]string{v1alpha1.LabelManaged: "true"},
		Annotations: map[string]string{exportedVersion: version},
	}, Data: content}
	if err := controllerutil.SetControllerReference(s.obj, secret, r.Client.Scheme()); err != nil {
		return outcome.Retry(v1alpha1.ReasonTransient, err)
	}
	if have == nil {
		err := r.Client.Create(ctx, secret)
		if apierrors.IsAlreadyExists(err) {
			return notOurs(key).In(conflictPause * 50) // or the cache has not got ours yet: looked at again soon
		}
		return transient(err, "creating Secret "+key.String())
	}
	base := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: key.Namespace, Name: key.Name, ResourceVersion: have.ResourceVersion, OwnerReferences: have.OwnerReferences, Labels: have.Labels}}
	secret.ResourceVersion = have.ResourceVersion
	secret.Labels, secret.OwnerReferences = have.Labels, have.OwnerReferences
	err := r.Client.Patch(ctx, secret, client.MergeFromWithOptions(base, client.MergeFromWithOptimisticLock{}))
	return transient(err, "writing Secret "+key.String())
}

func transient(err error, doing string) *outcome.Outcome {
	if err == nil {
		return nil
	}
	return outcome.Retry(v1alpha1.ReasonTransient, fmt.Errorf("%s: %w", doing, err))
}

// releaseSecret takes the owner reference off a Secret whose object goes while its resource stays: the credentials are still good.
func (r *Reconciler[T]) releaseSecret(ctx context.Context, s *scope[T]) *outcome.Outcome {
	exporter, ok := r.kind.(Exporter[T])
	if !ok {
		return nil
	}
	name, _ := exporter.Secret(s.obj, s.actual)
	if name == "" {
		return nil
	}
	have, o := r.secret(ctx, s, types.NamespacedName{Namespace: s.obj.GetNamespace(), Name: name})
	if o != nil || have == nil {
		return nil // not ours, or not there: nothing to let go
	}
	base := have.DeepCopy()
	have.OwnerReferences = nil
	err := r.Client.Patch(ctx, have, client.MergeFromWithOptions(base, client.MergeFromWithOptimisticLock{}))
	return transient(client.IgnoreNotFound(err), "letting go of Secret "+name)
}
