// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import (
	"errors"
	"fmt"
	"time"
)

// ErrorClass says what kind of failure an Error is, so that callers decide without reading its words.
type ErrorClass string

// The classes of errors.
const (
	CertificateChanged   ErrorClass = "CertificateChanged"   // the leaf is not the pinned one; both thumbprints are in Pinned and Presented
	CertificateUntrusted ErrorClass = "CertificateUntrusted" // chain, name or date do not verify
	CredentialsInvalid   ErrorClass = "CredentialsInvalid"   // login refused; not tried again before RetryAt
	AccountLocked        ErrorClass = "AccountLocked"        // too many refusals; not tried again before RetryAt
	Unreachable          ErrorClass = "Unreachable"          // nothing was sent, or what was sent changes nothing
	AnswerLost           ErrorClass = "AnswerLost"           // a call that changes vCenter may have been received: look before repeating
	WriteRefused         ErrorClass = "WriteRefused"         // MayWrite said no; nothing was sent
	Unauthenticated      ErrorClass = "Unauthenticated"      // the session ended and a new one did not hold
	NoPermission         ErrorClass = "NoPermission"         // Privilege and Object say which is missing where
	NotFound             ErrorClass = "NotFound"             // the object, or the task, is not known here
	NameTaken            ErrorClass = "NameTaken"
	InvalidState         ErrorClass = "InvalidState" // of the machine or host: power state, Tools, connection
	InvalidRequest       ErrorClass = "InvalidRequest"
	Busy                 ErrorClass = "Busy" // another task holds the object
	NotSupported         ErrorClass = "NotSupported"
	IdentityChanged      ErrorClass = "IdentityChanged" // another vCenter answers at the same address
	Pending              ErrorClass = "Pending"         // vCenter is at work on it: ask again
	ClockSkewed          ErrorClass = "ClockSkewed"     // this machine's clock and the vCenter's are too far apart for a token
	TooLarge             ErrorClass = "TooLarge"        // it has more than is held of one vCenter
	Canceled             ErrorClass = "Canceled"        // the caller's context ended
	Other                ErrorClass = "Other"
)

// Error is what every call of this package fails with. It never holds a password, a token or a URL with either.
type Error struct {
	Class             ErrorClass
	Doing             string // "log in", "start the relocation of vm-42"
	Server            string // host of the vCenter
	Err               error
	Pinned, Presented string    // CertificateChanged: thumbprints, in the form in which the certificate was pinned
	PresentedSHA256   string    // CertificateChanged, CertificateUntrusted: of the certificate that was presented
	RetryAt           time.Time // CredentialsInvalid, AccountLocked: wall clock; no attempt is made before
	Privilege, Object string    // NoPermission
	Fault             *Fault    // what vCenter said, if it answered
}

// Error tells what was being done, at which vCenter, and what went wrong.
func (e *Error) Error() string {
	return fmt.Sprintf("%s at %s: %v", e.Doing, e.Server, e.Err)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// ClassOf returns the class of the first *Error in err's chain: "" for nil, Other if there is none.
func ClassOf(err error) ErrorClass {
	if err == nil {
		return ""
	}
	var e *Error
	if errors.As(err, &e) {
		return e.Class
	}
	return Other
}

// FaultClass groups vSphere's faults by what helps against them.
type FaultClass string

// The classes of faults.
const (
	FaultCertificate FaultClass = "Certificate" // the other vCenter's certificate is not the one in the locator
	FaultCredentials FaultClass = "Credentials" // the other vCenter refused the locator's account
	FaultSession     FaultClass = "Session"     // the one vCenter's session with the other ended
	FaultPeer        FaultClass = "Peer"        // the one vCenter does not reach the other
	FaultPrivilege   FaultClass = "Privilege"
	FaultLicense     FaultClass = "License"
	FaultNameTaken   FaultClass = "NameTaken"
	FaultSpace       FaultClass = "Space"
	FaultNetwork     FaultClass = "Network"
	FaultHost        FaultClass = "Host"
	FaultRules       FaultClass = "Rules"    // affinity, or a rule of DRS
	FaultCPU         FaultClass = "CPU"      // features that a running machine uses; one that is off may go
	FaultHardware    FaultClass = "Hardware" // virtual hardware that the hosts do not run, whether the machine is on or off
	FaultSnapshot    FaultClass = "Snapshot"
	FaultCancelled   FaultClass = "Cancelled"
	FaultTimedOut    FaultClass = "TimedOut"
	FaultDevice      FaultClass = "Device"
	FaultTolerance   FaultClass = "FaultTolerance"
	FaultBusy        FaultClass = "Busy"
	FaultState       FaultClass = "State" // power or connection state does not allow it
	FaultNotFound    FaultClass = "NotFound"
	FaultDatastore   FaultClass = "Datastore" // not there, not mounted or not writable
	FaultInvalid     FaultClass = "Invalid"   // the request itself is wrong or not supported there
	FaultOther       FaultClass = "Other"
)

// Retryable says that a request that failed so may succeed later, unless the fault itself says otherwise.
func (c FaultClass) Retryable() bool {
	switch c {
	case FaultTimedOut, FaultBusy, FaultHost, FaultSession, FaultPeer, FaultOther:
		return true
	}
	return false
}

// Fault is a vSphere fault in words and class.
type Fault struct {
	Type      string // "InsufficientDiskSpace"
	Message   string // localized, with the messages of its causes
	Class     FaultClass
	Says      string // what it means, a clause of our own: "the link of a host's vMotion interface is down"; "" for an unknown type
	Privilege string // NoPermission
	Object    string // NoPermission, ManagedObjectNotFound: moref
	// OnlyRunning says that it hinders a machine only while it runs: powering the machine off removes it.
	OnlyRunning bool

	retry int8
}

// Retryable says that the same request may succeed later without an edit or a person.
func (f Fault) Retryable() bool {
	if f.retry != 0 {
		return f.retry > 0
	}
	return f.Class.Retryable()
}

// String is the type and the message, or what the type means where vCenter says nothing.
func (f *Fault) String() string {
	switch {
	case f == nil:
		return ""
	case f.Message != "":
		return f.Type + ": " + f.Message
	case f.Says != "":
		return f.Type + ": " + f.Says
	}
	return f.Type
}
