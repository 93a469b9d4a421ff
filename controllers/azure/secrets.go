// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"context"
	"slices"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/azure/decide"
	"github.com/avs-operator/avs-operator/controllers/azure/kind"
	"github.com/avs-operator/avs-operator/controllers/azure/recall"
	"github.com/avs-operator/avs-operator/controllers/azure/tree"
	"github.com/avs-operator/avs-operator/controllers/connect/secrets"
	"github.com/avs-operator/avs-operator/controllers/outcome"
)

// Write-only values: Azure takes them and never shows them. A change is told by a keyed hash in status; the values themselves are in memory only
// while a request is made.

// secretIndex finds objects by the Secrets that they refer to.
const secretIndex = "secret"

// secretsOf lists the Secrets that an object refers to, as the index has them: by name, or by the object that writes them.
func (r *Reconciler[T]) secretsOf(object client.Object) []string {
	typed, is := object.(T)
	if r.kind.Secrets == nil || !is {
		return nil
	}
	var out []string
	for _, value := range r.kind.Secrets(typed) {
		if value.Writer != nil {
			out = append(out, writes(value.Writer.Kind, value.Writer.Name))
		} else {
			out = append(out, value.Ref.Name)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// writes is how the index has a Secret that is known by its writer; no Secret has such a name.
func writes(kind, name string) string { return kind + "/" + name }

// readSecrets finds out the hashes of the write-only values. A Secret that has not changed is not read again.
func (r *Reconciler[T]) readSecrets(ctx context.Context, s *scope[T]) *outcome.Outcome {
	if r.kind.Secrets == nil || s.observes() || s.secrets != nil {
		return nil
	}
	for _, value := range r.kind.Secrets(s.obj) {
		if value.Once && s.actual != nil {
			continue
		}
		version, o := r.secretVersion(ctx, s, value)
		if o != nil {
			return o
		}
		var seen recall.SecretSeen
		key := client.ObjectKeyFromObject(s.obj)
		r.memory.Do(key, func(m *recall.Object) { seen = m.Secrets[value.Path] })
		if seen.Version != version {
			text, o := r.secretText(ctx, s, value)
			if o != nil {
				return o
			}
			if value.Wrong != nil && value.Wrong(text) != "" {
				return outcome.Stall(v1alpha1.ReasonInvalidSpec, "Secret %s/%s has a value under the key %q that cannot be used: %s. Correct it there; nothing was sent",
					s.obj.GetNamespace(), value.Ref.Name, value.Ref.Key, value.Wrong(text))
			}
			hmac, err := r.Fingerprints.Of(ctx, r.holder(key)+value.Path, []byte(text))
			if err != nil {
				return outcome.Retry(v1alpha1.ReasonTransient, err)
			}
			seen = recall.SecretSeen{Version: version, HMAC: hmac}
			r.memory.Do(key, func(m *recall.Object) {
				if m.Secrets == nil {
					m.Secrets = map[string]recall.SecretSeen{}
				}
				m.Secrets[value.Path] = seen
			})
		}
		s.secrets = append(s.secrets, decide.Secret{SecretValue: value, HMAC: seen.HMAC})
	}
	return nil
}

// secretVersion tells when a Secret may have changed, from metadata alone.
func (r *Reconciler[T]) secretVersion(ctx context.Context, s *scope[T], value kind.SecretValue) (string, *outcome.Outcome) {
	meta := &metav1.PartialObjectMetadata{}
	meta.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("Secret"))
	if value.Writer != nil {
		if o := r.writtenBy(ctx, s, value, r.Client, meta); o != nil {
			return "", o
		}
		return string(meta.UID) + "/" + meta.ResourceVersion, nil
	}
	err := r.Client.Get(ctx, types.NamespacedName{Namespace: s.obj.GetNamespace(), Name: value.Ref.Name}, meta)
	if apierrors.IsNotFound(err) {
		return "", outcome.Wait(v1alpha1.ReasonReferenceNotFound, "Secret %s/%s is not there: create it, or correct the name",
			s.obj.GetNamespace(), value.Ref.Name).About(v1alpha1.ConditionReferencesReady)
	}
	if err != nil {
		return "", outcome.Retry(v1alpha1.ReasonTransient, err)
	}
	return string(meta.UID) + "/" + meta.ResourceVersion + "/" + value.Ref.Key, nil
}

func (r *Reconciler[T]) secretText(ctx context.Context, s *scope[T], value kind.SecretValue) (string, *outcome.Outcome) {
	if value.Writer == nil {
		return secrets.Live{Reader: r.Live}.SecretValue(ctx, s.obj.GetNamespace(), value.Ref)
	}
	secret := &corev1.Secret{}
	if o := r.writtenBy(ctx, s, value, r.Live, secret); o != nil {
		return "", o
	}
	if len(secret.Data[value.Ref.Key]) == 0 {
		return "", notWrittenYet(value.Writer, nil)
	}
	return string(secret.Data[value.Ref.Key]), nil
}

// writtenBy reads the Secret that another object writes. Only that object's own is one: so it need not be permitted by its type or a label.
func (r *Reconciler[T]) writtenBy(ctx context.Context, s *scope[T], value kind.SecretValue, reader client.Reader, into client.Object) *outcome.Outcome {
	writer, name, o := value.Writer.Secret(ctx, r.Client)
	if o != nil {
		return o
	}
	err := reader.Get(ctx, types.NamespacedName{Namespace: s.obj.GetNamespace(), Name: name}, into)
	if err != nil && !apierrors.IsNotFound(err) {
		return outcome.Retry(v1alpha1.ReasonTransient, err)
	}
	if err != nil || into.GetLabels()[v1alpha1.LabelManaged] != "true" || !metav1.IsControlledBy(into, writer) {
		return notWrittenYet(value.Writer, writer)
	}
	return nil
}

func notWrittenYet(w *kind.Writer, writer client.Object) *outcome.Outcome {
	if object, ok := writer.(kind.Object); ok && tree.StalledFor(object.AzureStatus()) != "" {
		return tree.NotReadyYet(w.Kind, w.Name, object)
	}
	return outcome.Wait(v1alpha1.ReasonReferenceNotReady,
		"%s %s has not written its Secret yet; this goes on by itself when it has", w.Kind, w.Name).About(v1alpha1.ConditionReferencesReady)
}

// noteWriteOnly notes that Azure has been given write-only values, and forgets those that the spec names no longer.
func (r *Reconciler[T]) noteWriteOnly(s *scope[T], given []v1alpha1.WriteOnlyValue) {
	if r.kind.Secrets == nil {
		return
	}
	var out []v1alpha1.WriteOnlyValue
	for _, value := range r.kind.Secrets(s.obj) {
		if value.Once {
			continue
		}
		named := func(w v1alpha1.WriteOnlyValue) bool { return w.Path == value.Path }
		if at := slices.IndexFunc(given, named); at >= 0 {
			out = append(out, given[at])
		} else if at := slices.IndexFunc(s.stat().WriteOnly, named); at >= 0 {
			out = append(out, s.stat().WriteOnly[at])
		}
	}
	s.stat().WriteOnly = out
}
