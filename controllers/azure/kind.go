// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package azure is the one loop that serves every Azure kind: it converges one resource in Azure toward one custom resource, records every
// write before it is made, and survives being killed on any line. It knows no kind; those are values in package kinds.
package azure

import (
	"context"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/azure/diff"
	"github.com/avs-operator/avs-operator/controllers/azure/lane"
	"github.com/avs-operator/avs-operator/controllers/connect"
	"github.com/avs-operator/avs-operator/controllers/outcome"
)

// Object is what every Azure kind's custom resource offers.
type Object interface {
	client.Object
	AzureSpec() *v1alpha1.AzureSpec
	AzureStatus() *v1alpha1.AzureStatus
}

// Kind is one kind of resource in Azure. All of it is pure: values in, values out. It is either a Root or a Child; everything else that it
// may need is an optional interface below.
type Kind[T Object] interface {
	// Traits are what the kind is, apart from its fields.
	Traits() Traits
	// New is an empty object.
	New() T
	// Desired is the ARM body that the spec asks for. What the spec leaves out is left out.
	Desired(T) map[string]any
	// Observe copies what users read into status.
	Observe(T, *arm.Resource)
}

// Traits are what a kind is, apart from its fields.
type Traits struct {
	// Name of the kind, such as PrivateCloud.
	Name string
	// Segment of the ARM path, such as privateClouds or clusters.
	Segment string
	// Lane that its writes go through.
	Lane lane.Class
	// Expensive kinds are kept in Azure unless deletionPolicy says otherwise, are deleted only after a confirmation, and are not made a second
	// time when they vanish.
	Expensive bool
	// Rules of comparison.
	Rules diff.Rules
	// Immutable paths: Azure cannot change them.
	Immutable []string
	// Defaults are what Azure has for a path that nobody set. What the spec once set and sets no longer is set back to it.
	Defaults map[string]any
	// Tagged kinds carry Azure tags, which are merged, and the tag that names their owner.
	Tagged bool
}

// Root is a kind that stands in a resource group and brings its own identity.
type Root[T Object] interface {
	IdentityRef(T) *v1alpha1.ObjectReference
	// Group is the resource group's id, by the spec and the identity.
	Group(T, *v1alpha1.AzureIdentity) (arm.ID, *outcome.Outcome)
}

// Child is a kind below a private cloud; it acts with the private cloud's identity.
type Child[T Object] interface {
	PrivateCloudRef(T) v1alpha1.ObjectReference
}

// Patcher is a kind whose changes must not all go into one PATCH.
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
	Secret(T) (name, version string)
	// Content fetches what goes into it.
	Content(context.Context, *arm.Client, T) (map[string][]byte, error)
}

// Departure is a kind that must not be deleted in Azure while it is in use.
type Departure[T Object] interface {
	// MayGo says what still stands in the way. Not knowing is not "nothing".
	MayGo(context.Context, Departing[T]) *outcome.Outcome
}

// Departing is a resource that shall be deleted in Azure.
type Departing[T Object] struct {
	Object T
	// Cloud is the private cloud that it is or is in.
	Cloud  *v1alpha1.PrivateCloud
	ARM    *arm.Client
	Actual *arm.Resource
	// Cluster reads custom resources from the cache.
	Cluster client.Reader
	// VCenters asks the private cloud's vCenter.
	VCenters *connect.VCenters
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
