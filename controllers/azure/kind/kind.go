// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package kind says what an Azure kind is: a value of data and functions. The loop in package azure serves every value of this type; the kinds
// themselves stand in package kinds. A function that is nil is one that the kind does not need.
package kind

import (
	"context"
	"slices"
	"time"

	"k8s.io/component-base/featuregate"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/azure/body"
	"github.com/avs-operator/avs-operator/controllers/azure/diff"
	"github.com/avs-operator/avs-operator/controllers/outcome"
	"github.com/avs-operator/avs-operator/controllers/status"
)

// Object is what every Azure kind's custom resource offers.
type Object interface {
	client.Object
	AzureSpec() *v1alpha1.AzureSpec
	AzureStatus() *v1alpha1.AzureStatus
}

// AzureName is the name in Azure of an object whose kind has no rule of its own for it.
func AzureName(object Object) string {
	if name := object.AzureSpec().AzureName; name != "" {
		return name
	}
	return object.GetName()
}

// Kind is one kind of resource in Azure. Functions without a context are pure: values in, values out.
type Kind[T Object] struct {
	Traits

	// New is an empty object.
	New func() T
	// Desired is the ARM body that the spec asks for. What the spec leaves out is left out.
	Desired func(object T) map[string]any
	// Observe copies what users read into status.
	Observe func(object T, actual *arm.Resource)

	// Exactly one of Root and Parent says where the resource stands.

	// Root is of a kind that stands in a resource group and brings its own identity.
	Root *Root[T]
	// Parent is what the resource stands below, a private cloud or a cluster; the kind acts with the private cloud's identity.
	Parent func(object T) Parent

	// Everything below is nil in a kind that does not need it.

	// AzureName of the resource, if it is not azureName or metadata.name, because Azure prescribes the name or it follows from the spec.
	AzureName func(object T) string
	// Locate is the name in the collection of what the spec means, where Azure has named the resource. What is not there is waited for. w has no
	// ARM ids yet. Once found, the object keeps to it until it is gone; one that only observes looks each time.
	Locate func(ctx context.Context, w World[T], collection arm.ID) (name string, o *outcome.Outcome)
	// BuiltIn says that a private cloud comes with the resource: it is adopted unless adoptionPolicy is Never, never made and never deleted.
	BuiltIn func(object T) bool
	// Resolve adds to the desired body what the spec does not hold, such as the ids of what it names. What is not there yet is waited for. It must
	// not change the object's spec.
	Resolve func(ctx context.Context, w World[T], desired map[string]any) *outcome.Outcome
	// Links are private clouds that the spec refers to beside its own. A change of one of them wakes the object.
	Links func(object T) []v1alpha1.ParentReference
	// Follows are examples of other kinds that specs of this kind name. A change of any object of those, in what others can see of it, wakes every
	// object of this kind: there are few.
	Follows []Object
	// Requires are resources that must be there, and ready, before this one can be made.
	Requires func(w World[T]) []Requirement
	// Secrets are the values that Azure takes and never shows.
	Secrets func(object T) []SecretValue
	// Concerns splits changes into what may go out together, in order. Only the first goes out; the rest follow when it is done. Nil: all together.
	Concerns func(object T, changes []diff.Change) [][]diff.Change
	// Hosts is of a kind with hosts.
	Hosts *Hosts[T]
	// MayWrite asks before a write whether Azure will be able to do it: quota, capacity, licences, rules between resources. It must say the number
	// that is missing and where to ask for it.
	MayWrite func(ctx context.Context, w World[T], intent Intent) *outcome.Outcome
	// MayReplace refuses a PUT of body over what is there, if that would take away what Azure holds and does not show. The sentence says what to add
	// to the spec, so that it goes along.
	MayReplace func(object T, body map[string]any) *outcome.Outcome
	// MayDelete says what still stands in the way of a deletion. Not knowing is not "nothing".
	MayDelete func(ctx context.Context, w World[T]) *outcome.Outcome
	// Clear is the next change to another resource of the same lane that must come before the deletion; nil: nothing is left to clear.
	Clear func(ctx context.Context, w World[T]) (*Clearing, *outcome.Outcome)
	// Report says conditions of the kind's own, and after how long they may change by the clock alone, in real time; 0: never.
	Report func(ctx context.Context, w World[T], now time.Time) (facts []status.Fact, again time.Duration)
	// Complete asks for what a GET does not show and puts it into status. It is called in every reconcile of a resource in a final state, so it must
	// not ask for what it has.
	Complete func(ctx context.Context, w World[T]) *outcome.Outcome
	// Gated is a field that the spec sets and that works only behind a feature gate, and why there is one; empty: the spec sets none.
	Gated func(object T) (field string, gate featuregate.Feature, why string)
	// Judge is of a kind for which provisioningState does not say all. Its word replaces the loop's about a resource in a final state; nil: good.
	Judge func(object T, actual *arm.Resource) *outcome.Outcome
	// OneShots are the POSTs that the spec asks for once for each new word.
	OneShots func(object T) []OneShot
	// Export is of a kind that writes a Secret.
	Export *Export[T]
	// Companion is a second resource beside the kind's own, such as a lock; a nil Body means that there must be none. It is taken away before the
	// resource itself is deleted. ok is false if the spec says nothing about it and never has.
	Companion func(object T, own arm.ID) (companion Companion, ok bool)
	// Expect is how long an operation takes. Operations of other kinds are polled every few seconds at first, and more slowly later.
	Expect func(verb arm.Verb, object T) Expectation
	// Confidential is what must not be shown beyond what Secrets names: where it is, or the values themselves.
	Confidential func(object T, actual *arm.Resource) (refs []SecretValue, values []string)
}

// Lacks says what the kind must have and has not, one sentence each. What is not mandatory, or is misspelt, the compiler knows.
func (k *Kind[T]) Lacks() []string {
	var out []string
	must := func(has bool, sentence string) {
		if !has {
			out = append(out, sentence)
		}
	}
	must(k.Name != "", "Traits.Name is empty: it is the kind's name, such as Segment")
	must(k.Segment != "", "Traits.Segment is empty: it is the part of the ARM path below the parent, such as clusters")
	must(k.New != nil, "New is nil: it makes an empty object")
	must(k.Desired != nil, "Desired is nil: it makes the ARM body that the spec asks for")
	must(k.Observe != nil, "Observe is nil: it copies what users read into status, and may do nothing")
	must((k.Root == nil) != (k.Parent == nil),
		"exactly one of Root and Parent must be set: a resource stands in a resource group, or below a private cloud or a cluster")
	must(!k.InCluster || k.Parent != nil, "Traits.InCluster is set and Parent is nil: what stands below a cluster names it")
	must(k.Root == nil || k.Root.IdentityRef != nil && k.Root.Group != nil, "Root needs IdentityRef and Group")
	must(k.Hosts == nil || k.Hosts.Path != "" && k.Hosts.Size != nil && k.Hosts.SetApplied != nil, "Hosts needs Path, Size and SetApplied")
	must(k.Export == nil || k.Export.Secret != nil && k.Export.Content != nil, "Export needs Secret and Content")
	must(k.ChangedBy == "" || len(k.Defaults) > 0, "Traits.ChangedBy is set and Traits.Defaults is empty: those are put back when the object is deleted")
	must(!k.Revised || !k.NoPatch, "Traits.Revised and Traits.NoPatch exclude each other: an object with a revision is changed by a PATCH")
	return out
}

// Root is what a kind that stands in a resource group brings.
type Root[T Object] struct {
	IdentityRef func(object T) *v1alpha1.ObjectReference
	// Group is the resource group's id, by the spec and the identity.
	Group func(object T, identity *v1alpha1.AzureIdentity) (arm.ID, *outcome.Outcome)
}

// Parent is what a child stands below: exactly one of the two is set.
type Parent struct {
	PrivateCloud, Cluster *v1alpha1.ParentReference
}

// Hosts of a kind grow by themselves, and leave only because someone asked.
type Hosts[T Object] struct {
	// Path of their number in the ARM body.
	Path string
	// Size that the spec asks for, if it does, and the size that it asked for when Azure last had it, 0 if it never did.
	Size func(object T) (asked *int32, applied int32)
	// SetApplied notes in status the size that Azure has.
	SetApplied func(object T, size int32)
}

// Export is a Secret that is written for the object.
type Export[T Object] struct {
	// Secret to write: its name, empty if none, and a text that changes whenever its content may have.
	Secret func(object T, actual *arm.Resource) (name, version string)
	// Content is what goes into it.
	Content func(ctx context.Context, w World[T]) (map[string][]byte, error)
	// Outdated says that Azure has meanwhile given somebody in this process something else than what is in the Secret. It asks nobody. Nil: the
	// content changes only with the resource.
	Outdated func(w World[T], content map[string][]byte) bool
}

// Requirement is a resource that must be there, and ready, before another can be made.
type Requirement struct {
	ID arm.ID
	// Words name it for the reader, such as "the HCX add-on".
	Words string
}

// SecretValue is one value of a Secret, in the object's namespace, that goes into the body at a path. The desired body must have what holds
// the path, if only an empty object.
type SecretValue struct {
	Path string
	Ref  v1alpha1.SecretKeyReference
	// Writer is the object of the same namespace that writes the Secret; Ref has no name then.
	Writer *Writer
	// Once says that Azure takes it when the resource is made, and never again.
	Once bool
	// Wrong says what is wrong with a value, without the value; empty: nothing.
	Wrong func(value string) string
}

// Writer is an object whose Secret has a value for another object of its namespace.
type Writer struct {
	Kind, Name string
	// Secret finds the object and the name of its Secret. What is not there yet is waited for.
	Secret func(ctx context.Context, reader client.Reader) (writer client.Object, name string, o *outcome.Outcome)
}

// Intent is a write that is about to be made.
type Intent struct {
	// Verb is PUT for a resource that is not there, else what the update goes out as.
	Verb arm.Verb
	// Changes that it makes; none for a new resource.
	Changes []diff.Change
	// Desired body, whole.
	Desired map[string]any
}

// Touches says that the write changes what is at a path or below it.
func (i Intent) Touches(path string) bool {
	return slices.ContainsFunc(i.Changes, func(c diff.Change) bool { return body.Under(c.Path, []string{path}) })
}

// OneShot is a POST that is made once for each new word in the spec.
type OneShot struct {
	// Name of the action in ARM, such as rotateVcenterPassword.
	Name string
	// Annotation that keeps the last word that was handled.
	Annotation string
	// Word in the spec; empty: nothing is asked.
	Word string
	// Reason of the condition while it runs.
	Reason string
	// Mirror shows the handled word in status.
	Mirror func(word string)
}

// Clearing is a PATCH of another resource.
type Clearing struct {
	ID   arm.ID
	Body map[string]any
	// Words say what it does, such as "takes the zone out of DNS service dns-forwarder".
	Words string
}

// Companion is a second resource beside a first.
type Companion struct {
	ID   arm.ID
	Body map[string]any
	// Words name it for the reader, such as "the delete lock".
	Words string
	// Ours says that what is there was made by the operator; nil: whatever is there was. What was not is left alone.
	Ours func(*arm.Resource) bool
}

// Expectation is how long an operation takes, in Azure's time.
type Expectation struct {
	// Soonest and Latest end of most of them: polls are coarse before and after, and fine between.
	Soonest, Latest time.Duration
	// Fine is the interval between Soonest and Latest.
	Fine time.Duration
}
