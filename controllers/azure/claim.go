// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"context"
	"fmt"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/azure/body"
	"github.com/avs-operator/avs-operator/controllers/azure/decide"
	"github.com/avs-operator/avs-operator/controllers/azure/kind"
	"github.com/avs-operator/avs-operator/controllers/azure/tree"
	"github.com/avs-operator/avs-operator/controllers/connect/identities"
	"github.com/avs-operator/avs-operator/controllers/outcome"
)

// claim makes the object the manager of its resource, before anything is written to Azure: the finalizer and the ARM id are stored, and
// another object that has it keeps it. An observer claims nothing, but what others stand below must not go before them.
func (r *Reconciler[T]) claim(ctx context.Context, s *scope[T]) *outcome.Outcome {
	if s.observes() {
		return r.stayForOthers(ctx, s)
	}
	if o := r.markManaged(ctx, s); o != nil {
		return o
	}
	if !s.stays() && !identities.Held(s.identity) { // what must be deleted needs its identity to the end
		r.Azure.Touch(client.ObjectKeyFromObject(s.identity))
		return outcome.Wait(v1alpha1.ReasonReferenceNotReady, "AzureIdentity %s is being held for the day of the deletion", s.identity.Name).In(time.Minute)
	}
	if was := s.before.AzureStatus().Effective; s.stays() && was != nil && was.DeletionPolicy == v1alpha1.DeletionPolicyDelete {
		r.Azure.Touch(client.ObjectKeyFromObject(s.identity)) // it need not be held for this any more
	}
	return r.soleManager(ctx, s)
}

// stayForOthers has an observed private cloud or cluster wait for what stands below it: that acts with its identity to the end.
func (r *Reconciler[T]) stayForOthers(ctx context.Context, s *scope[T]) *outcome.Outcome {
	if !r.standsAbove() || hasFinalizer(s.obj) {
		return nil
	}
	base := s.obj.DeepCopyObject().(T)
	controllerutil.AddFinalizer(s.obj, v1alpha1.Finalizer)
	return r.patchMetadata(ctx, s, base)
}

// mark stores finalizer, ARM id and first-seen rotation words in one patch, if they are not there.
func (r *Reconciler[T]) markManaged(ctx context.Context, s *scope[T]) *outcome.Outcome {
	base := s.obj.DeepCopyObject().(T)
	annotations := s.obj.GetAnnotations()
	if annotations == nil {
		annotations = map[string]string{}
	}
	changed := controllerutil.AddFinalizer(s.obj, v1alpha1.Finalizer)
	if !strings.EqualFold(annotations[v1alpha1.AnnotationAzureID], string(s.id)) {
		annotations[v1alpha1.AnnotationAzureID], changed = string(s.id), true
	}
	if labels := s.obj.GetLabels(); labels[v1alpha1.LabelAzureIDHash] != idHash(s.id) {
		if labels == nil {
			labels = map[string]string{}
		}
		labels[v1alpha1.LabelAzureIDHash] = idHash(s.id)
		s.obj.SetLabels(labels)
		changed = true
	}
	// A word that is seen for the first time is noted, not acted on: otherwise writing it down would rotate a password.
	for _, action := range decide.OneShots(r.kind, s.obj) {
		if action.Word != "" && annotations[action.Annotation] == "" {
			annotations[action.Annotation], changed = action.Word, true
		}
	}
	if changed {
		s.obj.SetAnnotations(annotations)
		if o := r.patchMetadata(ctx, s, base); o != nil {
			return o
		}
	}
	for _, action := range decide.OneShots(r.kind, s.obj) {
		action.Mirror(s.obj.GetAnnotations()[action.Annotation])
	}
	return nil
}

// sole makes sure that one ARM id has one managing object: the one that has begun, or else the oldest. Before the first write the API server
// itself is asked, because a cache may not have the other object yet.
func (r *Reconciler[T]) soleManager(ctx context.Context, s *scope[T]) *outcome.Outcome {
	list, err := r.namesakes(ctx, s)
	if err != nil {
		return outcome.Retry(v1alpha1.ReasonTransient, fmt.Errorf("looking for other objects with the same ARM id: %w", err))
	}
	for _, other := range list {
		mine, is := other.(T)
		if !is || other.GetUID() == s.obj.GetUID() || !precedes(other, s.obj) {
			continue
		}
		counts, err := r.claims(ctx, mine, s)
		if err != nil {
			return outcome.Retry(v1alpha1.ReasonTransient, fmt.Errorf("reading what %s %s/%s refers to: %w", r.kind.Name, other.GetNamespace(), other.GetName(), err))
		}
		if !counts {
			continue
		}
		s.stat().ManagedBy = r.holder(client.ObjectKeyFromObject(other))
		return outcome.Stall(v1alpha1.ReasonAlreadyManaged,
			"%s %s/%s manages it already: delete one of the two objects (with deletionPolicy Retain, so that Azure is left alone). Both stand for %s",
			r.kind.Name, other.GetNamespace(), other.GetName(), s.id)
	}
	s.stat().ManagedBy = ""
	return nil
}

// namesakes are the objects that have the ARM id, or had it before their private cloud was moved.
func (r *Reconciler[T]) namesakes(ctx context.Context, s *scope[T]) (out []kind.Object, err error) {
	ids := []string{string(s.id)}
	if s.cloud != nil {
		ids = append(ids, s.cloud.Formerly(string(s.id))...)
	}
	for _, id := range ids {
		var reader client.Reader = r.Client
		options := []client.ListOption{client.MatchingFields{azureIDIndex: arm.ID(id).Key()}}
		if !tree.Begun(s.obj) {
			reader, options = r.Live, []client.ListOption{client.MatchingLabels{v1alpha1.LabelAzureIDHash: idHash(arm.ID(id))}}
		}
		list, err := r.list(ctx, reader, options...)
		if err != nil {
			return nil, err
		}
		out = append(out, list...)
	}
	return out, nil
}

// claims says that another object stands for the ARM id: it may, and the id is recorded for it or is what its spec comes to. What a namespace
// without consent, or with an identity that Azure refuses, makes of an id is nothing: it could keep who may from managing what is theirs.
func (r *Reconciler[T]) claims(ctx context.Context, other T, s *scope[T]) (bool, error) {
	computed, err := r.computed(ctx, other)
	if err != nil || computed == "" {
		return false, err
	}
	if cloud, root := any(other).(*v1alpha1.PrivateCloud); root && !tree.Credible(ctx, r.Client, cloud, s.obj.GetNamespace()) {
		return false, nil
	}
	if recorded := r.recordedID(other); recorded != "" {
		if r.kind.Parent != nil {
			recorded = s.now(recorded) // it may not have learned yet that its private cloud was moved
		}
		return recorded.Key() == s.id.Key() && r.possible(recorded, computed), nil
	}
	marked := s.now(arm.ID(other.GetAnnotations()[v1alpha1.AnnotationAzureID]))
	return marked.Key() == s.id.Key() && (computed.Key() == s.id.Key() || computed.Name() == "*" && computed.Collection().Key() == s.id.Collection().Key()), nil
}

// computed is the ARM id that an object's spec comes to, from caches alone; its name is * where only Azure knows that. It is empty if what the object
// refers to is not there, or does not let it be used.
func (r *Reconciler[T]) computed(ctx context.Context, obj T) (arm.ID, error) {
	other := &scope[T]{obj: obj}
	if r.kind.Root != nil {
		identity := &v1alpha1.AzureIdentity{}
		key := types.NamespacedName{Namespace: obj.GetNamespace(), Name: identities.Name(r.kind.Root.IdentityRef(obj))}
		if err := r.Client.Get(ctx, key, identity); err != nil {
			return "", client.IgnoreNotFound(err)
		}
		group, o := r.kind.Root.Group(obj, identity)
		if o != nil {
			return "", nil
		}
		return group.Child("providers/Microsoft.AVS/"+r.kind.Segment, r.azureName(obj)), nil
	}
	if o := r.parents(ctx, other); o != nil {
		return "", o.Err
	}
	base, o := r.base(other)
	if o != nil || !other.cloud.Allows(obj.GetNamespace(), r.kind.Name) {
		return "", nil
	}
	name := r.azureName(obj)
	if r.kind.Locate != nil {
		name = "*"
	}
	return base.Child(r.kind.Segment, name), nil
}

// precedes orders objects with one ARM id: who has begun before who has not, then by age, and by UID among those of the same second.
func precedes(a, b kind.Object) bool {
	if tree.Begun(a) != tree.Begun(b) {
		return tree.Begun(a)
	}
	return tree.OlderThan(a, b)
}

// Until something was written to Azure for an object, what cannot be changed later can: messages advise it, such as another SKU, location or block.
// So the ARM id is worked out anew from each spec. From the first write on it stays, and the API server refuses the edits.

// commit notes that from now on the id stays. It comes after the record of the first write, which has the API server refuse edits, and before the
// write itself: so an edit is either in time, and then the write is for it, or refused. It is one key and rests on nothing, so it needs no
// precondition.
func (r *Reconciler[T]) markWritten(ctx context.Context, s *scope[T]) *outcome.Outcome {
	if _, marked := s.obj.GetAnnotations()[v1alpha1.AnnotationWritten]; marked || s.observes() {
		return nil
	}
	stored := r.kind.New()
	stored.SetNamespace(s.obj.GetNamespace())
	stored.SetName(s.obj.GetName())
	mark := fmt.Sprintf(`{"metadata":{"uid":%q,"annotations":{%q:"true"}}}`, s.obj.GetUID(), v1alpha1.AnnotationWritten)
	if err := r.Client.Patch(ctx, stored, client.RawPatch(types.MergePatchType, []byte(mark))); err != nil {
		return outcome.Collided(fmt.Errorf("noting the first write: %w", err))
	}
	s.before = stored
	s.obj.SetAnnotations(stored.GetAnnotations())
	s.obj.SetResourceVersion(stored.GetResourceVersion())
	s.obj.SetManagedFields(stored.GetManagedFields())
	return nil
}

// noteRun notes that an act (Traits.Once) was done. It is kept in an annotation, with the ARM id: that survives a status that is lost, and Azure, which
// forgets what has run.
func (r *Reconciler[T]) noteRun(ctx context.Context, s *scope[T], how string) *outcome.Outcome {
	word := string(s.id) + how
	if !r.kind.Once || s.observes() || strings.EqualFold(s.obj.GetAnnotations()[v1alpha1.AnnotationRan], word) {
		return nil
	}
	return r.annotate(ctx, s, v1alpha1.AnnotationRan, word)
}

// noteHandled notes that a one-shot action was done, in the annotation first: it survives a lost status.
func (r *Reconciler[T]) noteHandled(ctx context.Context, s *scope[T], op *v1alpha1.Operation) *outcome.Outcome {
	for _, action := range decide.OneShots(r.kind, s.obj) {
		if action.Name != op.Action || body.Hash(nil, action.Word) != op.BodyHash {
			continue // the word was changed meanwhile: the new one is still to be handled
		}
		if s.obj.GetAnnotations()[action.Annotation] != action.Word {
			if o := r.annotate(ctx, s, action.Annotation, action.Word); o != nil {
				return o
			}
		}
		action.Mirror(action.Word)
	}
	return nil
}

// annotate stores one annotation.
func (r *Reconciler[T]) annotate(ctx context.Context, s *scope[T], key, value string) *outcome.Outcome {
	base := s.obj.DeepCopyObject().(T)
	annotations := s.obj.GetAnnotations()
	if annotations == nil {
		annotations = map[string]string{}
	}
	annotations[key] = value
	s.obj.SetAnnotations(annotations)
	return r.patchMetadata(ctx, s, base)
}

// patchMetadata writes metadata that was changed since base. The status that was worked out so far stays as it is, the kind's own part of it
// too: the answer goes into an empty object. In one that is not empty, what the answer lacks would stay, and a status that was worked out and
// never stored would look as if it had been.
func (r *Reconciler[T]) patchMetadata(ctx context.Context, s *scope[T], base T) *outcome.Outcome {
	stored := r.kind.New()
	stored.SetNamespace(s.obj.GetNamespace())
	stored.SetName(s.obj.GetName())
	change, err := client.MergeFromWithOptions(base, client.MergeFromWithOptimisticLock{}).Data(s.obj)
	if err == nil {
		err = r.Client.Patch(ctx, stored, client.RawPatch(types.MergePatchType, change))
	}
	switch {
	case apierrors.IsConflict(err):
		return outcome.Collided(err)
	case err != nil:
		return outcome.Retry(v1alpha1.ReasonTransient, fmt.Errorf("writing metadata: %w", err))
	}
	s.before = stored
	s.obj.SetResourceVersion(stored.GetResourceVersion())
	s.obj.SetManagedFields(stored.GetManagedFields())
	return nil
}

// removeFinalizer takes the finalizer off: from here on the object is gone.
func (r *Reconciler[T]) removeFinalizer(ctx context.Context, s *scope[T]) *outcome.Outcome {
	base := s.obj.DeepCopyObject().(T)
	controllerutil.RemoveFinalizer(s.obj, v1alpha1.Finalizer)
	err := r.Client.Patch(ctx, s.obj, client.MergeFromWithOptions(base, client.MergeFromWithOptimisticLock{}))
	switch {
	case err == nil || apierrors.IsNotFound(err):
		controllerutil.RemoveFinalizer(s.obj, v1alpha1.Finalizer)
		return outcome.Done(v1alpha1.ReasonDeleting, "let go")
	case apierrors.IsConflict(err):
		s.obj = base
		return outcome.Collided(err)
	}
	s.obj = base
	return outcome.Retry(v1alpha1.ReasonTransient, fmt.Errorf("taking the finalizer off: %w", err))
}
