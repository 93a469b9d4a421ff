// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/azure/recall"
	"github.com/avs-operator/avs-operator/controllers/connect/rulings"
	"github.com/avs-operator/avs-operator/controllers/outcome"
)

// +kubebuilder:rbac:groups="",resources=secrets,verbs=create;patch;delete

// The right to delete Secrets is asked for by clusters that protect owner references (OwnerReferencesPermissionEnforcement): who may not delete
// an object may not change who owns it. The operator deletes none.

// What a Secret of ours says of itself: what its content was made from, so that nothing is fetched while that is the same; a keyed hash of the
// content, so that an edit is noticed; and whose it is, so that one that was left is taken up by whoever takes up the resource.
const (
	exportedVersion = "avs-operator.io/exported-version"
	exportedContent = "avs-operator.io/exported-content"
)

// mendingPause is how long, in Azure's time, a Secret that was put right stays as somebody makes it: two who write against each other must not do so
// without end.
const mendingPause = time.Minute

// export writes the Secret that the spec asks for, and puts right one that somebody has edited. Its values are read when its metadata says that it
// was written since, and asked for in Azure when they are not what was written.
func (r *Reconciler[T]) export(ctx context.Context, s *scope[T]) *outcome.Outcome {
	if r.kind.Export == nil || s.observes() {
		return nil
	}
	name, version := r.kind.Export.Secret(s.obj, s.actual)
	if name == "" {
		return nil
	}
	e := &exported{key: types.NamespacedName{Namespace: s.obj.GetNamespace(), Name: name}, version: version, id: s.id}
	r.memory.Do(client.ObjectKeyFromObject(s.obj), func(m *recall.Object) {
		e.known, e.doubts, e.inquire, e.at = m.Exported, m.Doubts, m.Inquire, m.ExportedAt
	})
	meta, o := r.secret(ctx, s, e.key)
	if o != nil || meta != nil && e.known == e.seen(meta) && !e.inquire {
		return o
	}
	var have *corev1.Secret
	if meta != nil || e.known != "" {
		if have, o = r.liveSecret(ctx, s, e.key); o != nil {
			return o
		}
	}
	right, edited, o := r.inspect(ctx, s, e, have)
	if o != nil {
		return o
	}
	if left := r.Pace.Real(mendingPause) - time.Since(e.at); edited && left > 0 {
		if s.again == 0 || left < s.again {
			s.again = left
		}
		return nil
	}
	return r.writeSecret(ctx, s, e, have, right)
}

// exported is what one reconcile knows of the Secret that is written for its object.
type exported struct {
	key     types.NamespacedName
	version string
	id      arm.ID
	// What was remembered of it.
	known   string
	doubts  int
	inquire bool
	at      time.Time
}

// seen names a Secret as it is now, made for what it is made for now.
func (e *exported) seen(secret metav1.Object) string {
	return fmt.Sprintf("%s/%s/%d/%s/%s", secret.GetUID(), secret.GetResourceVersion(), e.doubts, e.version, e.id.Key())
}

// inspect says whether a Secret has what it was given last, and that is still right; and if not, whether that is because somebody edited or deleted it.
func (r *Reconciler[T]) inspect(ctx context.Context, s *scope[T], e *exported, have *corev1.Secret) (right, edited bool, o *outcome.Outcome) {
	if have == nil {
		return false, e.known != "", nil
	}
	if have.Annotations[exportedVersion] != e.version || e.inquire {
		return false, false, nil
	}
	hash, o := r.contentHash(ctx, e, have.Data)
	if o != nil {
		return false, false, o
	}
	if have.Annotations[exportedContent] != hash {
		return false, true, nil
	}
	return r.kind.Export.Outdated == nil || !r.kind.Export.Outdated(r.world(s), have.Data), false, nil
}

// contentHash tells the content of a Secret in its place from any other.
func (r *Reconciler[T]) contentHash(ctx context.Context, e *exported, content map[string][]byte) (string, *outcome.Outcome) {
	text, err := json.Marshal(content) // in the order of the keys
	if err != nil {
		return "", outcome.Retry(v1alpha1.ReasonTransient, fmt.Errorf("reading Secret %s: %w", e.key, err))
	}
	hash, err := r.Fingerprints.Of(ctx, "Secret/"+e.key.String()+"/"+e.version, text)
	return hash, transient(err, "comparing Secret "+e.key.String())
}

// secret is the metadata of the Secret that was written before, nil if there is none. One that is somebody else's is never touched.
func (r *Reconciler[T]) secret(ctx context.Context, s *scope[T], key types.NamespacedName) (*metav1.PartialObjectMetadata, *outcome.Outcome) {
	have := &metav1.PartialObjectMetadata{}
	have.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("Secret"))
	err := r.Client.Get(ctx, key, have)
	switch {
	case apierrors.IsNotFound(err):
		return nil, nil
	case err != nil:
		return nil, outcome.Retry(v1alpha1.ReasonTransient, err)
	case !r.ours(s, have):
		return nil, notOurs(key)
	}
	return have, nil
}

// liveSecret is the same Secret with its values, which no cache has.
func (r *Reconciler[T]) liveSecret(ctx context.Context, s *scope[T], key types.NamespacedName) (*corev1.Secret, *outcome.Outcome) {
	have := &corev1.Secret{}
	err := r.Live.Get(ctx, key, have)
	switch {
	case apierrors.IsNotFound(err):
		return nil, nil
	case err != nil:
		return nil, transient(err, "reading Secret "+key.String())
	case !r.ours(s, have):
		return nil, notOurs(key)
	}
	return have, nil
}

// ours says that a Secret was written for the object, or for the same resource in Azure by an object that is gone.
func (r *Reconciler[T]) ours(s *scope[T], secret metav1.Object) bool {
	if secret.GetLabels()[v1alpha1.LabelManaged] != "true" {
		return false
	}
	owner := metav1.GetControllerOf(secret)
	switch {
	case owner != nil && owner.UID == s.obj.GetUID():
		return true
	case s.id == "" || s.now(arm.ID(secret.GetAnnotations()[v1alpha1.AnnotationAzureID])).Key() != s.id.Key():
		return false
	}
	return owner == nil || owner.Kind == r.kind.Name && owner.Name == s.obj.GetName() // which had another UID when it wrote it
}

func notOurs(key types.NamespacedName) *outcome.Outcome {
	return outcome.Stall(v1alpha1.ReasonSecretNotOwned,
		"Secret %s exists and was not written by the operator for this object, so it is not touched: choose another secretName, or delete that Secret", key)
}

// writeSecret gives the Secret its content, which is asked for unless what it has is right, and its marks.
func (r *Reconciler[T]) writeSecret(ctx context.Context, s *scope[T], e *exported, have *corev1.Secret, right bool) *outcome.Outcome {
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: e.key.Namespace, Name: e.key.Name}}
	if have != nil {
		secret = have.DeepCopy()
	}
	if !right {
		content, err := r.kind.Export.Content(ctx, r.world(s))
		if err != nil {
			return rulings.OfAzure(err)
		}
		secret.Data = content
	}
	hash, o := r.contentHash(ctx, e, secret.Data)
	if o != nil {
		return o
	}
	metav1.SetMetaDataLabel(&secret.ObjectMeta, v1alpha1.LabelManaged, "true")
	for key, value := range map[string]string{exportedVersion: e.version, exportedContent: hash, v1alpha1.AnnotationAzureID: string(s.id)} {
		metav1.SetMetaDataAnnotation(&secret.ObjectMeta, key, value)
	}
	secret.OwnerReferences = slices.DeleteFunc(secret.OwnerReferences, func(ref metav1.OwnerReference) bool { return ref.Controller != nil && *ref.Controller })
	if err := controllerutil.SetControllerReference(s.obj, secret, r.Client.Scheme()); err != nil {
		return outcome.Retry(v1alpha1.ReasonTransient, err)
	}
	if o := r.store(ctx, e, have, secret); o != nil {
		return o
	}
	r.memory.Do(client.ObjectKeyFromObject(s.obj), func(m *recall.Object) {
		m.Exported, m.Inquire = e.seen(secret), false
		if !right {
			m.ExportedAt = time.Now()
		}
	})
	return nil
}

// store writes what differs. What somebody has added to the Secret is taken out of it.
func (r *Reconciler[T]) store(ctx context.Context, e *exported, have, secret *corev1.Secret) *outcome.Outcome {
	doing := "writing Secret " + e.key.String()
	switch {
	case have == nil:
		return transient(r.Client.Create(ctx, secret), doing)
	case equality.Semantic.DeepEqual(have, secret):
		return nil
	case have.Immutable != nil && *have.Immutable && !equality.Semantic.DeepEqual(have.Data, secret.Data):
		return outcome.Stall(v1alpha1.ReasonSecretNotOwned,
			"Secret %s was made immutable and does not have what Azure has: delete it, and it is written again", e.key)
	}
	return transient(r.Client.Patch(ctx, secret, client.MergeFromWithOptions(have, client.MergeFromWithOptimisticLock{})), doing)
}

func transient(err error, doing string) *outcome.Outcome {
	if err == nil {
		return nil
	}
	return outcome.Retry(v1alpha1.ReasonTransient, fmt.Errorf("%s: %w", doing, err))
}

// releaseSecret takes the owner reference off a Secret whose object goes while its resource stays: the credentials are still good. Its marks stay,
// so that an object that takes up the resource takes it up too.
func (r *Reconciler[T]) releaseSecret(ctx context.Context, s *scope[T]) *outcome.Outcome {
	if r.kind.Export == nil {
		return nil
	}
	name, _ := r.kind.Export.Secret(s.obj, s.actual)
	if name == "" {
		return nil
	}
	have, o := r.secret(ctx, s, types.NamespacedName{Namespace: s.obj.GetNamespace(), Name: name})
	if o != nil || have == nil || !metav1.IsControlledBy(have, s.obj) {
		return nil // not ours, or not there: nothing to let go
	}
	base := have.DeepCopy()
	have.OwnerReferences = nil
	err := r.Client.Patch(ctx, have, client.MergeFromWithOptions(base, client.MergeFromWithOptimisticLock{}))
	return transient(client.IgnoreNotFound(err), "letting go of Secret "+name)
}
