// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package arm

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Class says what kind of trouble an error is, and so what pace and what words it deserves.
type Class string

// The classes. Those from NotFound to SupportRequired are what ARM (or Entra ID, for CredentialsInvalid) said.
const (
	NotFound            Class = "NotFound"
	OperationInProgress Class = "OperationInProgress"
	// Conflict: a 409 whose code nobody knows. It may pass, as another operation does, or not.
	Conflict             Class = "Conflict"
	InsufficientCapacity Class = "InsufficientCapacity"
	QuotaExceeded        Class = "QuotaExceeded"
	Throttled            Class = "Throttled"
	CredentialsInvalid   Class = "CredentialsInvalid"
	Forbidden            Class = "Forbidden"
	PolicyDenied         Class = "PolicyDenied"
	InvalidRequest       Class = "InvalidRequest"
	ScopeLocked          Class = "ScopeLocked"
	// KeyVaultDenied: a key vault does not let in who has to open it.
	KeyVaultDenied       Class = "KeyVaultDenied"
	NotRegistered        Class = "NotRegistered"
	SubscriptionDisabled Class = "SubscriptionDisabled"
	SubscriptionNotFound Class = "SubscriptionNotFound"
	VersionNotOffered    Class = "VersionNotOffered"
	// SupportRequired: only Microsoft can mend it; the message and the correlation id belong into the support request.
	SupportRequired Class = "SupportRequired"
	// Transient heals by itself: 408, 5xx, Entra ID or ARM not to be reached, an answer to a read that was lost.
	Transient Class = "Transient"
	// AnswerLost: a write may have reached ARM and no complete answer came. Look before anything else.
	AnswerLost Class = "AnswerLost"
	// DeadlinePassed and NotLeader: a write was certainly not sent.
	DeadlinePassed Class = "DeadlinePassed"
	NotLeader      Class = "NotLeader"
)

// Answered reports whether the fate of the request is known from an answer or from its never having been sent as far as
// ARM could note it. The id of such an operation must not be used again: AVS swallows a second request with the last one's
// id. Only AnswerLost asks for the same id; DeadlinePassed and NotLeader left ARM untouched, so their id is still fresh.
func (c Class) Answered() bool {
	switch c {
	case "", AnswerLost, DeadlinePassed, NotLeader:
		return false
	}
	return true
}

// Error is every error that a Client returns.
type Error struct {
	Class Class
	// Doing says what was being done, for example "PUT /subscriptions/…/privateClouds/weu".
	Doing string
	// StatusCode is ARM's (or Entra ID's) HTTP status; 0 without an answer, and for an operation that failed later.
	StatusCode int
	// Code and Message are the service's own words, or ours where there was no answer.
	Code, Message string
	// CorrelationID is what Microsoft support asks for: the answer's, else the one that was sent.
	CorrelationID string
	// RetryAfter is how long to wait at least, in Azure's time; 0 if nobody said.
	RetryAfter time.Duration
	// Repeated says that this was said not long ago, and that Azure was not asked again.
	Repeated bool

	cause error
}

// Error says what came of it, and after that what was being done: a long id at the beginning would hide the rest where a line is short.
func (e *Error) Error() string {
	var b strings.Builder
	if e.StatusCode != 0 {
		fmt.Fprintf(&b, "%d ", e.StatusCode)
	}
	if e.Code != "" {
		b.WriteString(e.Code + ": ")
	}
	if e.Message != "" {
		b.WriteString(e.Message)
	} else {
		b.WriteString(string(e.Class))
	}
	var about []string
	if e.Doing != "" {
		about = append(about, e.Doing)
	}
	if e.CorrelationID != "" {
		about = append(about, "correlation id "+e.CorrelationID)
	}
	if len(about) > 0 {
		b.WriteString(" (" + strings.Join(about, ", ") + ")")
	}
	return b.String()
}

// Unwrap is the error underneath, if there is one: a network error, a context's end, what MayWrite said.
func (e *Error) Unwrap() error { return e.cause }

// ClassOf is the class of an error of this package, however deep it is wrapped. Of any other error it is Transient, of nil
// it is empty.
func ClassOf(err error) Class {
	if err == nil {
		return ""
	}
	var e *Error
	if errors.As(err, &e) {
		return e.Class
	}
	return Transient
}
