// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package tree

import (
	"slices"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/predicate"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/azure/kind"
	"github.com/avs-operator/avs-operator/controllers/outcome"
)

// Permitted makes sure that the private cloud's owner lets a namespace have objects of a kind in it: the operator acts with that owner's identity.
func Permitted(cloud *v1alpha1.PrivateCloud, namespace, kindName string) *outcome.Outcome {
	if cloud.Allows(namespace, kindName) {
		return nil
	}
	return outcome.Stall(v1alpha1.ReasonReferenceNotPermitted,
		"PrivateCloud %s/%s does not let namespace %s have a %s in it: its spec.allowedNamespaces must have {name: %s, kinds: [%s]}",
		cloud.Namespace, cloud.Name, namespace, kindName, namespace, kindName).
		About(v1alpha1.ConditionReferencesReady)
}

// Standing waits for a parent that is not there, or not any more, or that another object manages.
func Standing(kindName string, parent kind.Object, size int32) *outcome.Outcome {
	wait := func(format string, args ...any) *outcome.Outcome {
		return outcome.Wait(v1alpha1.ReasonReferenceNotReady, format, args...).About(v1alpha1.ConditionReferencesReady)
	}
	status := parent.AzureStatus()
	if !parent.GetDeletionTimestamp().IsZero() {
		return wait("%s %s is being deleted: nothing new is made in it", kindName, parent.GetName())
	}
	if RefusedAsOwner(status) {
		return wait("%s %s does not manage its resource in Azure, because another object does, and needs somebody first: it says what to do; this goes on "+
			"by itself after that", kindName, parent.GetName())
	}
	// A former Ready would say that it once was there; its own state says that it is there now. One that is being resized is there.
	if state := status.ProvisioningState; state != "Succeeded" && !(state == "Updating" && size > 0) {
		if said := TakesTooLong(status); said != "" {
			return outcome.Wait(v1alpha1.ReasonTakesTooLong, "%s %s is not ready yet: %s", kindName, parent.GetName(), said).About(v1alpha1.ConditionReferencesReady)
		}
		return NotReadyYet(kindName, parent.GetName(), parent)
	}
	return nil
}

// NotReadyYet says that something waits for another object, and whether that goes on by itself or waits for a person in its turn.
func NotReadyYet(kindName, name string, other kind.Object) *outcome.Outcome {
	words := "%s %s is not ready yet; this goes on by itself when it is"
	args := []any{kindName, name}
	if c := forPerson(other.AzureStatus()); c != nil {
		words = "%s %s needs somebody first: its condition %s has the reason %s and says what to do; this goes on by itself after that"
		args = append(args, c.Type, c.Reason)
	}
	return outcome.Wait(v1alpha1.ReasonReferenceNotReady, words, args...).About(v1alpha1.ConditionReferencesReady)
}

// RefusedAsOwner says that an object was told to leave its resource to another one. What stands below it must not write either.
func RefusedAsOwner(status *v1alpha1.AzureStatus) bool {
	return slices.ContainsFunc(status.Conditions, func(c metav1.Condition) bool {
		return c.Type == v1alpha1.ConditionStalled && c.Reason == v1alpha1.ReasonAlreadyManaged
	})
}

// ParentChanged lets through what matters to those below: that a parent was edited, came to be or ceased to be in Azure, is on its way out,
// or changed hands. Its polls and counters do not.
var ParentChanged = predicate.Funcs{UpdateFunc: func(e event.UpdateEvent) bool {
	before, after := e.ObjectOld.(kind.Object), e.ObjectNew.(kind.Object)
	was, is := before.AzureStatus(), after.AzureStatus()
	return before.GetGeneration() != after.GetGeneration() || was.ID != is.ID || was.ProvisioningState != is.ProvisioningState ||
		before.GetDeletionTimestamp().IsZero() != after.GetDeletionTimestamp().IsZero() || RefusedAsOwner(was) != RefusedAsOwner(is) ||
		was.Companion != is.Companion ||
		TakesTooLong(was) != TakesTooLong(is) || StalledFor(was) != StalledFor(is)
}}

// StalledFor is the reason for which an object waits for a person, empty if it does not.
func StalledFor(status *v1alpha1.AzureStatus) string {
	if c := forPerson(status); c != nil {
		return c.Reason
	}
	return ""
}

// forPerson is the condition that says so: Stalled, or a Reconciling that ends only when somebody creates what is named, or lets it go on.
func forPerson(status *v1alpha1.AzureStatus) *metav1.Condition {
	if c := meta.FindStatusCondition(status.Conditions, v1alpha1.ConditionReconciling); c != nil &&
		(c.Reason == v1alpha1.ReasonSuspended || c.Reason == v1alpha1.ReasonReferenceNotFound) {
		return c
	}
	return meta.FindStatusCondition(status.Conditions, v1alpha1.ConditionStalled)
}

// TakesTooLong is what an object says of an operation that takes too long, empty if it does not.
func TakesTooLong(status *v1alpha1.AzureStatus) string {
	c := meta.FindStatusCondition(status.Conditions, v1alpha1.ConditionReconciling)
	if c == nil || c.Reason != v1alpha1.ReasonTakesTooLong {
		return ""
	}
	return c.Message
}
