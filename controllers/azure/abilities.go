// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"context"
	"time"

	"k8s.io/component-base/featuregate"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/azure/diff"
	"github.com/avs-operator/avs-operator/controllers/outcome"
	"github.com/avs-operator/avs-operator/controllers/status"
)

// What a kind may need beyond the loop. The loop finds these by type assertion; a kind has only those that it needs.

// Namer is a kind whose resource is not called azureName or metadata.name, because Azure prescribes the name or it follows from the spec.
type Namer[T Object] interface {
	AzureName(T) string
}

// Locator is a kind whose resource Azure has named, so that it must be looked for. Once found, the object keeps to it until it is gone; one that
// only observes looks each time.
type Locator[T Object] interface {
	// Locate is the name in the collection of what the spec means. What is not there is waited for. w has no ARM ids yet.
	Locate(ctx context.Context, w World[T], collection arm.ID) (name string, o *outcome.Outcome)
}

// BuiltIn is a kind of which a private cloud comes with one. That one is adopted unless adoptionPolicy is Never, and is never made and never
// deleted.
type BuiltIn[T Object] interface {
	BuiltIn(T) bool
}

// Resolver is a kind whose body needs what the spec does not hold, such as the ids of what it names.
type Resolver[T Object] interface {
	// Resolve adds that to the desired body. What is not there yet is waited for. It must not change the object's spec.
	Resolve(ctx context.Context, w World[T], desired map[string]any) *outcome.Outcome
}

// Linker is a kind that also refers to a private cloud that it does not stand in. A change of that one wakes the object.
type Linker[T Object] interface {
	Links(T) []v1alpha1.ParentReference
}

// Follower is a kind whose specs name objects of other kinds. A change of one of those, in what others can see of it, wakes every object of this
// kind: there are few.
type Follower[T Object] interface {
	Follows() []Object
}

// Requirer is a kind that can only be made when something else is there in Azure.
type Requirer[T Object] interface {
	Requires(w World[T]) []Requirement
}

// Requirement is a resource that must be there, and ready, before another can be made.
type Requirement struct {
	ID arm.ID
	// Words name it for the reader, such as "the HCX add-on".
	Words string
}

// SecretReader is a kind with values that Azure takes and never shows.
type SecretReader[T Object] interface {
	Secrets(T) []SecretValue
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

// Patcher is a kind whose changes must not all go into one request.
type Patcher[T Object] interface {
	// Concerns splits changes into what may go out together, in order. Only the first goes out; the rest follow when it is done.
	Concerns(T, []diff.Change) [][]diff.Change
}

// Sizer is a kind with hosts. They grow by themselves, and leave only because someone asked.
type Sizer[T Object] interface {
	SizePath() string
	// Size that the spec asks for, if it does, and the size that it asked for when Azure last had it, 0 if it never did.
	Size(T) (asked *int32, applied int32)
	SetApplied(T, int32)
}

// Guard is a kind that asks before a write whether Azure will be able to do it: quota, capacity, licences, rules between resources. It must
// say the number that is missing and where to ask for it.
type Guard[T Object] interface {
	Guard(ctx context.Context, w World[T], intent Intent) *outcome.Outcome
}

// Keeper is a kind of which a PUT could take away what Azure holds and does not show.
type Keeper[T Object] interface {
	// Keeps refuses a PUT of body over what is there, if it would. The sentence says what to add to the spec, so that it goes along.
	Keeps(object T, body map[string]any) *outcome.Outcome
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

// Reporter is a kind with conditions of its own.
type Reporter[T Object] interface {
	// Report says them, and after how long they may change by the clock alone, in real time; 0: never.
	Report(ctx context.Context, w World[T], now time.Time) (facts []status.Fact, again time.Duration)
}

// Completer is a kind of which a GET does not show all.
type Completer[T Object] interface {
	// Complete asks for the rest and puts it into status. It is called in every reconcile of a resource in a final state, so it must not ask for
	// what it has.
	Complete(ctx context.Context, w World[T]) *outcome.Outcome
}

// Gated is a kind with fields that work only behind a feature gate.
type Gated[T Object] interface {
	// Gated is a field that the spec sets, the gate that it needs, and why there is one; empty if it sets none.
	Gated(T) (field string, gate featuregate.Feature, why string)
}

// Judge is a kind for which provisioningState does not say all. Its word replaces the loop's about a resource in a final state; nil: fine.
type Judge[T Object] interface {
	Judge(T, *arm.Resource) *outcome.Outcome
}

// Actor is a kind with one-shot actions.
type Actor[T Object] interface {
	Actions(T) []Action
}

// Action is a POST that is made once for each new word in the spec.
type Action struct {
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

// Exporter is a kind that writes a Secret.
type Exporter[T Object] interface {
	// Secret to write: its name, empty if none, and a text that changes whenever its content may have.
	Secret(T, *arm.Resource) (name, version string)
	// Content is what goes into it.
	Content(ctx context.Context, w World[T]) (map[string][]byte, error)
}

// Witness is an Exporter whose content may change in Azure without a change of the resource, so that only who asks for it learns that.
type Witness[T Object] interface {
	// Outdated says that Azure has meanwhile given somebody in this process something else than what is in the Secret. It asks nobody.
	Outdated(w World[T], content map[string][]byte) bool
}

// Departure is a kind that must not be deleted in Azure while it is in use.
type Departure[T Object] interface {
	// MayGo says what still stands in the way. Not knowing is not "nothing".
	MayGo(ctx context.Context, w World[T]) *outcome.Outcome
}

// Clearer is a kind that must be taken out of another resource before it can be deleted.
type Clearer[T Object] interface {
	// Clear is the next change to another resource of the same lane that this takes; nil: nothing is left to clear.
	Clear(ctx context.Context, w World[T]) (*Clearing, *outcome.Outcome)
}

// Clearing is a PATCH of another resource.
type Clearing struct {
	ID   arm.ID
	Body map[string]any
	// Words say what it does, such as "takes the zone out of DNS service dns-forwarder".
	Words string
}

// Companion is a kind that keeps a second resource beside its own, such as a lock.
type Companion[T Object] interface {
	// Beside is that resource; a nil Body means that there must be none. It is taken away before the resource itself is deleted. ok is false
	// if the spec says nothing about it and never has.
	Beside(object T, own arm.ID) (beside Beside, ok bool)
}

// Beside is a second resource beside a first.
type Beside struct {
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

// Pacer is a kind that knows how long its operations take. Others are polled every few seconds at first, and more slowly later.
type Pacer[T Object] interface {
	Expect(verb arm.Verb, object T) Expectation
}

// Confidential is for a kind with more to keep secret than what it sends: where it is in Secrets, or the values themselves. None of them is
// shown, whoever says it.
type Confidential[T Object] interface {
	Confidential(object T, actual *arm.Resource) (refs []SecretValue, values []string)
}
