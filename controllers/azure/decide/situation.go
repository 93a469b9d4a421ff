// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package decide is what the loop thinks: a situation goes in, and out comes what differs, the next write, or why there is none. It asks nobody,
// reads no clock and changes none of its arguments, so that the same situation has the same decision before a write, after a lost answer and before
// a deletion.
package decide

import (
	"strings"

	"k8s.io/component-base/featuregate"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/azure/body"
	"github.com/avs-operator/avs-operator/controllers/azure/diff"
	"github.com/avs-operator/avs-operator/controllers/azure/kind"
	"github.com/avs-operator/avs-operator/controllers/outcome"
	"github.com/avs-operator/avs-operator/controllers/status"
)

// Situation is all that a decision about one resource rests on.
type Situation[T kind.Object] struct {
	Kind kind.Kind[T]
	// Object with its spec, its annotations and its status so far; status.effective is filled.
	Object T
	// ID of the resource, and the private cloud that it is or is in; the latter is nil in a situation in which no id is compared.
	ID    arm.ID
	Cloud *v1alpha1.PrivateCloud
	// Actual is the resource in Azure, nil if it is not there.
	Actual *arm.Resource
	// Asked is the body that the spec asks for, with what the kind has looked up.
	Asked map[string]any
	// Secrets are the write-only values that the spec refers to, by their hashes.
	Secrets []Secret
	// Owner names the object among those of all Kubernetes clusters, as the tag avs-operator-owner has it.
	Owner string
	// Features are the feature gates; nil: all are off.
	Features featuregate.FeatureGate
	// DeletedLately says that a deletion of the resource was confirmed so lately that another replica of ARM may still show it.
	DeletedLately bool
}

// Secret is one write-only value: where it goes, and the keyed hash of what it is now.
type Secret struct {
	kind.SecretValue
	HMAC string
}

// Decision is what follows from a situation.
type Decision struct {
	// Managed are the paths that the spec itself sets. Tags of others and the owner's tag are not among them.
	Managed []string
	// Desired body, and where Azure differs from it in what may be written.
	Desired map[string]any
	Changes []diff.Change
	// Drift are all differences, as users read them.
	Drift []v1alpha1.DriftItem
	// WriteOnly are the hashes that status is to have before anything is written: of a resource that is being adopted nobody can know what Azure has.
	WriteOnly []v1alpha1.WriteOnlyValue
	// AppliedHosts is the number of hosts that the spec asks for and Azure has; nil: it has another, or the kind has none.
	AppliedHosts *int32
	// Facts are conditions that are known.
	Facts []status.Fact

	// At most one of the following is set. All of them empty: the resource is as the spec asks.

	// Stop is why nothing is written.
	Stop *outcome.Outcome
	// Busy says that Azure works on the resource, in words.
	Busy string
	// Gone says that a resource which comes and goes without the operator is not there any more, and must be looked for anew.
	Gone bool
	// Write that is needed next.
	Write *Write

	// mending is how a resource in state Failed is written once more.
	mending mendingBy
}

func (s Situation[T]) stat() *v1alpha1.AzureStatus { return s.Object.AzureStatus() }

func (s Situation[T]) annotation(key string) string { return s.Object.GetAnnotations()[key] }

func (s Situation[T]) deleting() bool { return !s.Object.GetDeletionTimestamp().IsZero() }

// observes says that nothing is written for the object.
func (s Situation[T]) observes() bool {
	return s.Object.AzureSpec().ManagementPolicy == v1alpha1.ManagementPolicyObserve
}

// adopted says that the resource is managed: it was made, or taken over, for this object.
func (s Situation[T]) adopted() bool { return len(s.stat().Managed) > 0 }

// takesOver says that the resource of a lost Kubernetes cluster is to be taken over, and has not been yet.
func (s Situation[T]) takesOver() bool {
	return s.stat().Effective.AdoptionPolicy == v1alpha1.AdoptionPolicyTakeover && !s.adopted() && !s.observes()
}

// builtIn says that the resource comes with the private cloud.
func (s Situation[T]) builtIn() bool { return s.Kind.BuiltIn != nil && s.Kind.BuiltIn(s.Object) }

// now is an ARM id since the private cloud was moved.
func (s Situation[T]) now(id string) arm.ID {
	if s.Cloud == nil {
		return arm.ID(id)
	}
	return arm.ID(s.Cloud.Now(id))
}

// inState says that a resource is there and in a state.
func inState(r *arm.Resource, state string) bool {
	return r != nil && strings.EqualFold(r.ProvisioningState(), state)
}

// Pristine says that the resource is as it is when nobody has changed it by the action that changes it (Traits.ChangedBy).
func Pristine(t kind.Traits, actual *arm.Resource) bool {
	return t.ChangedBy != "" && actual != nil && len(diff.Compare(untouched(t), actual.Body, t.Rules)) == 0
}

// untouched is that state.
func untouched(t kind.Traits) map[string]any {
	var all []diff.Change
	for path, value := range t.Defaults {
		all = append(all, diff.Change{Path: path, Desired: value})
	}
	return diff.Patch(all)
}

// ManagedAtAll is among the managed paths of every resource that is managed, also of one whose spec sets nothing.
const ManagedAtAll = "/id"

func managedOf(asked map[string]any) []string {
	return body.Union(diff.Managed(asked), []string{ManagedAtAll})
}

// OneShots are the actions that an object's spec may ask for once.
func OneShots[T kind.Object](k kind.Kind[T], object T) []kind.OneShot {
	if k.OneShots == nil {
		return nil
	}
	return k.OneShots(object)
}
