// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"

	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// classify wraps err into an *Error. sent says that a call that changes vCenter may have been received; then a failure of
// the transport leaves its outcome unknown, and only looking tells.
func classify(ctx context.Context, doing, host string, err error, sent bool) error {
	if err == nil {
		return nil
	}
	var known *Error
	if errors.As(err, &known) {
		return known.within(doing, host)
	}
	e := &Error{Class: Unreachable, Doing: doing, Server: host, Err: err}
	if f := faultOf(err); f != nil {
		e.Fault, e.Err = f, errors.New(f.String())
		e.Class = classOfFault(f)
		e.Privilege, e.Object = f.Privilege, f.Object
		return e
	}
	var changed *certError
	switch {
	case errors.As(err, &changed):
		e.Class, e.Err, e.Pinned, e.Presented, e.PresentedSHA256 = CertificateChanged, changed, changed.pinned, changed.presented, changed.sha256
	case untrusted(err):
		e.Class = CertificateUntrusted
		var verify *tls.CertificateVerificationError
		if errors.As(err, &verify) && len(verify.UnverifiedCertificates) > 0 {
			e.PresentedSHA256 = describe(verify.UnverifiedCertificates[0]).ThumbprintSHA256
		}
	case sent:
		e.Class = AnswerLost
		e.Err = fmt.Errorf("no answer, so whether it was done is unknown: %w", err)
	case ctx.Err() != nil:
		e.Class = Canceled
	}
	return e
}

// within completes an error that was made deeper down. A remembered refusal is shared by all clients and returned as it is
// but for what was being done, so it is copied and never changed.
func (e *Error) within(doing, host string) *Error {
	if e.Doing != "" && e.Server != "" {
		return e
	}
	c := *e
	c.Doing, c.Server = doing, host
	return &c
}

func untrusted(err error) bool {
	var (
		verify    *tls.CertificateVerificationError
		authority x509.UnknownAuthorityError
		name      x509.HostnameError
		invalid   x509.CertificateInvalidError
	)
	return errors.As(err, &verify) || errors.As(err, &authority) || errors.As(err, &name) || errors.As(err, &invalid)
}

// classifyLogin tells refusals from other failures of a login. vCenter says "InvalidLogin" for a locked account too and
// only its words differ.
func classifyLogin(ctx context.Context, doing, host string, err error) error {
	out := classify(ctx, doing, host, err, false)
	var e *Error
	if !errors.As(out, &e) {
		return out
	}
	text := strings.ToLower(err.Error())
	locked := strings.Contains(text, "locked")
	switch {
	case e.Fault == nil && !soap.IsSoapFault(err):
		return out
	case locked:
		e.Class = AccountLocked
	case e.Fault != nil && e.Fault.Class == FaultCredentials, strings.Contains(text, "invalid credentials"),
		strings.Contains(text, "failedauthentication"):
		e.Class = CredentialsInvalid
	}
	return e
}

// faultOf returns the vSphere fault in err, nil if vCenter did not answer with one.
func faultOf(err error) *Fault {
	var has interface {
		error
		Fault() types.BaseMethodFault
	}
	if !errors.As(err, &has) {
		return nil
	}
	text := ""
	if soap.IsSoapFault(err) {
		text = soap.ToSoapFault(err).String
	}
	f := has.Fault()
	if f == nil {
		return &Fault{Type: "SoapFault", Message: text, Class: FaultOther}
	}
	return newFault(&types.LocalizedMethodFault{Fault: f, LocalizedMessage: text})
}

// classOfFault is the class of a call's error by the fault that vCenter answered with. InvalidLogin is not CredentialsInvalid
// here: outside of a login it speaks of the account in a locator, and must not have ours put aside.
func classOfFault(f *Fault) ErrorClass {
	switch f.Type {
	case "NotAuthenticated":
		return Unauthenticated
	case "NotSupported", "MethodNotFound":
		return NotSupported
	case "RequestCanceled":
		return Canceled
	}
	switch f.Class {
	case FaultPrivilege:
		return NoPermission
	case FaultNotFound:
		return NotFound
	case FaultNameTaken:
		return NameTaken
	case FaultState:
		return InvalidState
	case FaultBusy:
		return Busy
	case FaultInvalid:
		return InvalidRequest
	}
	return Other
}
