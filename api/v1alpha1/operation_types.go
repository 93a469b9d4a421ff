// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// OperationPurpose is what a PUT is for.
type OperationPurpose string

// The purposes of a PUT.
const (
	OperationCreates OperationPurpose = "Create"
	OperationUpdates OperationPurpose = "Update"
)

// OperationFailure is how an operation failed.
type OperationFailure struct {
	// operationID of the operation, also its x-ms-correlation-request-id.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	OperationID string `json:"operationID,omitempty"`
	// verb of the operation.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	Verb string `json:"verb,omitempty"`
	// purpose of the operation, if it was a PUT.
	// +optional
	// +kubebuilder:validation:Enum=Create;Update
	Purpose OperationPurpose `json:"purpose,omitempty"`
	// code that Azure gave.
	// +optional
	// +kubebuilder:validation:MaxLength=256
	Code string `json:"code,omitempty"`
	// message that Azure gave.
	// +optional
	// +kubebuilder:validation:MaxLength=2048
	Message string `json:"message,omitempty"`
	// specHash tells for which spec it failed: a resource in state Failed is written once more when the spec is another one.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	SpecHash string `json:"specHash,omitempty"`
	// at is when it was seen.
	// +optional
	At *metav1.Time `json:"at,omitempty"`
}

// Refusal is what Azure said to one request, and how often.
type Refusal struct {
	// request names the request: a hash of its verb, its target and its body.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	Request string `json:"request,omitempty"`
	// what was asked: the verb and the action.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	What string `json:"what,omitempty"`
	// asker names who asked: a hash of the identity and of the reconcile that was requested last.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	Asker string `json:"asker,omitempty"`
	// count of the same answers in a row.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=2147483647
	Count int32 `json:"count,omitempty"`
	// since when that is the answer.
	// +optional
	Since metav1.MicroTime `json:"since,omitzero"`
	// at are the moments of the last hour at which it was given.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=12
	At []metav1.MicroTime `json:"at,omitempty"`
	// until when the same is not asked again.
	// +optional
	Until metav1.MicroTime `json:"until,omitzero"`
	// cause is the reason that the conditions give for it.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	Cause string `json:"cause,omitempty"`
	// message as it was given the first time.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=2048
	Message string `json:"message,omitempty"`
	// condition that it makes False, beside Ready.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	Condition string `json:"condition,omitempty"`
	// kind of conflict, if it was one: Busy or Unknown.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=16
	Kind string `json:"kind,omitempty"`
	// outcome of it: Wait for what ends by itself, Stall for what needs an edit or a person.
	// +optional
	// +kubebuilder:validation:Enum=Wait;Stall
	Outcome string `json:"outcome,omitempty"`
}

// UnkeptChange is a change that Azure has accepted, while it shows another value than was written.
type UnkeptChange struct {
	// change names it: a hash of its paths, of the values that the spec has for them and of those that Azure shows.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	Change string `json:"change,omitempty"`
	// times that Azure accepted it. After two it is not written again.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=2147483647
	Times int32 `json:"times,omitempty"`
	// requested is the value of the annotation avs-operator.io/reconcile-requested-at at that time; a new one lets it be written again.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	Requested string `json:"requested,omitempty"`
}

// OperationState says how far the record of a write has come.
// +kubebuilder:validation:Enum=Intended;Accepted
type OperationState string

const (
	// OperationIntended: stored before the request; whether it was sent is known only from Azure.
	OperationIntended OperationState = "Intended"
	// OperationAccepted: Azure has accepted the request and works on it.
	OperationAccepted OperationState = "Accepted"
)

// OperationFormat is the format of the operation records that this version writes. One in another format is followed by looking at
// Azure, never by guessing.
const OperationFormat = 1

// Operation is the write-ahead record of one write to Azure.
type Operation struct {
	// format of this record.
	// +required
	Format int32 `json:"format"`
	// id of this operation, also the x-ms-correlation-request-id that Microsoft support asks for.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	ID string `json:"id"`
	// verb: PUT, PATCH, DELETE or POST.
	// +required
	// +kubebuilder:validation:Enum=PUT;PATCH;DELETE;POST
	Verb string `json:"verb"`
	// purpose of a PUT of the object's own resource, which makes it or changes it.
	// +optional
	// +kubebuilder:validation:Enum=Create;Update
	Purpose OperationPurpose `json:"purpose,omitempty"`
	// action of a POST, such as rotateVcenterPassword.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	Action string `json:"action,omitempty"`
	// target is the ARM id that is written to; absent: the object's own. A private cloud's lock and a DNS service that a zone must leave are
	// written beside the resource itself.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	Target string `json:"target,omitempty"`
	// writeOnly are the write-only values that it carries.
	// +optional
	// +listType=map
	// +listMapKey=path
	// +kubebuilder:validation:MaxItems=64
	WriteOnly []WriteOnlyValue `json:"writeOnly,omitempty"`
	// state of the record.
	// +required
	State OperationState `json:"state"`
	// bodyHash is the SHA-256 of the request body, hex.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	BodyHash string `json:"bodyHash,omitempty"`
	// hosts that the resource has if it succeeds, of a write that says so.
	// +optional
	Hosts int32 `json:"hosts,omitempty"`
	// specHash is the SHA-256 of what the spec asked for when the write was made, hex.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	SpecHash string `json:"specHash,omitempty"`
	// generation of the spec that the write came from.
	// +optional
	Generation int64 `json:"generation,omitempty"`
	// attempt counts the sends of this id; it is above 1 only when an answer was lost.
	// +optional
	Attempt int32 `json:"attempt,omitempty"`
	// startedAt is when the record was stored.
	// +required
	StartedAt metav1.MicroTime `json:"startedAt"`
	// deadline after which the request is not sent any more.
	// +required
	Deadline metav1.MicroTime `json:"deadline"`
	// asyncOperation is the polling URL of the header Azure-AsyncOperation: a path, asked of the host of the identity's cloud, or an absolute URL
	// of a regional host of it. Azure signs these URLs, which makes them 3,100 characters long.
	// +optional
	// +kubebuilder:validation:MaxLength=16384
	AsyncOperation string `json:"asyncOperation,omitempty"`
	// location is the polling URL of the header Location, likewise; or the path of the resource, where Azure gave no polling URL that can be
	// followed.
	// +optional
	// +kubebuilder:validation:MaxLength=16384
	Location string `json:"location,omitempty"`
	// refusedPolls are polls that Azure refused in a row.
	// +optional
	RefusedPolls int32 `json:"refusedPolls,omitempty"`
	// retryAfterSeconds that Azure asked for with its answer.
	// +optional
	RetryAfterSeconds int32 `json:"retryAfterSeconds,omitempty"`
}
