// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"context"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/azure/diff"
	"github.com/avs-operator/avs-operator/controllers/azure/kind"
	"github.com/avs-operator/avs-operator/controllers/connect"
	"github.com/avs-operator/avs-operator/controllers/outcome"
)

// Write-only values: Azure takes them and never shows them. A change is told by a keyed hash in status; the values themselves are in memory only
// while a request is made.

// secretIndex finds objects by the Secrets that they refer to.
const secretIndex = "secret"

// secret is one write-only value: where it goes, and the hash of what it is now.
type secret struct {
	kind.SecretValue
	hmac string
}

// secretSeen is the hash of a value as a version of its Secret had it.
type secretSeen struct{ version, hmac string }

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

// usersOfSecret wakes what refers to a Secret.
func (r *Reconciler[T]) usersOfSecret(ctx context.Context, secret client.Object) []reconcile.Request {
	names := []string{secret.GetName()}
	if writer := metav1.GetControllerOf(secret); writer != nil {
		names = append(names, writes(writer.Kind, writer.Name))
	}
	var out []reconcile.Request
	for _, name := range names {
		objects, err := r.list(ctx, r.Client, client.InNamespace(secret.GetNamespace()), client.MatchingFields{secretIndex: name})
		if err != nil {
			return nil // the cache is not there yet; its first list reconciles them all
		}
		out = append(out, requestsFor(objects)...)
	}
	return out
}

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
		var seen secretSeen
		key := client.ObjectKeyFromObject(s.obj)
		r.memory.do(key, func(m *remembered) { seen = m.secrets[value.Path] })
		if seen.version != version {
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
			seen = secretSeen{version, hmac}
			r.memory.do(key, func(m *remembered) {
				if m.secrets == nil {
					m.secrets = map[string]secretSeen{}
				}
				m.secrets[value.Path] = seen
			})
		}
		s.secrets = append(s.secrets, secret{value, seen.hmac})
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
		return "", outcome.Wait(v1alpha1.ReasonReferenceNotFound, "Secret %s/%s is not there: create it, or correct the name", s.obj.GetNamespace(), value.Ref.Name).About(v1alpha1.ConditionReferencesReady)
	}
	if err != nil {
		return "", outcome.Retry(v1alpha1.ReasonTransient, err)
	}
	return string(meta.UID) + "/" + meta.ResourceVersion + "/" + value.Ref.Key, nil
}

func (r *Reconciler[T]) secretText(ctx context.Context, s *scope[T], value kind.SecretValue) (string, *outcome.Outcome) {
	if value.Writer == nil {
		return connect.Live{Reader: r.Live}.SecretValue(ctx, s.obj.GetNamespace(), value.Ref)
	}
	secret := &corev1.Secret{}
	if o := r.writtenBy(ctx, s, value, r.Live, secret); o != nil {
		return "", o
	}
	if len(secret.Data[value.Ref.Key]) == 0 {
		return "", notWrittenYet(value.Writer)
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
		return notWrittenYet(value.Writer)
	}
	return nil
}

func notWrittenYet(w *kind.Writer) *outcome.Outcome {
	return outcome.Wait(v1alpha1.ReasonReferenceNotReady, "%s %s has not written its Secret yet; this goes on by itself when it has", w.Kind, w.Name).About(v1alpha1.ConditionReferencesReady)
}

// hidden stands in the place of a write-only value wherever people may look.
const hidden = "(hidden)"

// secretChanges are the write-only values that Azure does not have yet. Of a resource that is being adopted nobody can know them: they are noted
// and not written, so that taking over what is there, or a backup without status, changes nothing.
func (r *Reconciler[T]) secretChanges(s *scope[T]) []diff.Change {
	var out []diff.Change
	for _, one := range s.secrets {
		if one.Once {
			continue
		}
		at := slices.IndexFunc(s.stat().WriteOnly, func(w v1alpha1.WriteOnlyValue) bool { return w.Path == one.Path })
		switch {
		case at >= 0 && s.stat().WriteOnly[at].HMAC == one.hmac:
		case at < 0 && !s.adopted():
			s.stat().WriteOnly = append(s.stat().WriteOnly, v1alpha1.WriteOnlyValue{Path: one.Path, HMAC: one.hmac})
		default:
			path, value := container(s.desired, one.Path)
			if !slices.ContainsFunc(out, func(c diff.Change) bool { return c.Path == path }) {
				out = append(out, diff.Change{Path: path, Desired: value})
			}
		}
	}
	return out
}

// container is what must be sent so that a value in it is: the value's own path, or the list around it, because lists are replaced as a whole.
func container(body map[string]any, pointer string) (path string, value any) {
	var here any = body
	tokens := strings.Split(strings.TrimPrefix(pointer, "/"), "/")
	for i, token := range tokens {
		fields, ok := here.(map[string]any)
		if !ok {
			if list, isList := here.([]any); isList {
				return "/" + strings.Join(tokens[:i], "/"), list
			}
			break
		}
		here = fields[token]
	}
	return pointer, hidden
}

// fill puts the write-only values into a body, wherever it has what holds them, and lists what it put there. With the values themselves read
// live, they are as new as the request.
func (r *Reconciler[T]) fill(ctx context.Context, s *scope[T], body map[string]any, live bool) ([]v1alpha1.WriteOnlyValue, *outcome.Outcome) {
	var carried []v1alpha1.WriteOnlyValue
	for _, one := range s.secrets {
		if one.Once && s.actual != nil {
			continue
		}
		text := hidden
		if live {
			var o *outcome.Outcome
			if text, o = r.secretText(ctx, s, one.SecretValue); o != nil {
				return nil, o
			}
		}
		if put(body, one.Path, text) {
			carried = append(carried, v1alpha1.WriteOnlyValue{Path: one.Path, HMAC: one.hmac})
		}
	}
	return carried, nil
}

// put sets a value, if there is something at its place to hold it.
func put(body map[string]any, pointer string, value any) bool {
	var here any = body
	tokens := strings.Split(strings.TrimPrefix(pointer, "/"), "/")
	for i, token := range tokens {
		last := i == len(tokens)-1
		switch at := here.(type) {
		case map[string]any:
			if last {
				at[token] = value
				return true
			}
			here = at[token]
		case []any:
			n, err := strconv.Atoi(token)
			if err != nil || n < 0 || n >= len(at) {
				return false
			}
			if last {
				at[n] = value
				return true
			}
			here = at[n]
		default:
			return false
		}
	}
	return false
}

// took notes that Azure has been given write-only values, and forgets those that the spec names no longer.
func (r *Reconciler[T]) took(s *scope[T], given []v1alpha1.WriteOnlyValue) {
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
