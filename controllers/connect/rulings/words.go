// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package rulings

import (
	"context"
	"errors"
	"net"
	"os"
	"syscall"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/connect/dial"
	"github.com/avs-operator/avs-operator/controllers/outcome"
	"github.com/avs-operator/avs-operator/controllers/vcenter"
)

// Who may write a VCenter names any host and port, and reads the answer in its status. So until a host has proved that it is the vCenter that is
// meant, by its certificate and by taking the login, its words are not repeated: not what it says, not what its name resolves to, not whose names
// are in its certificate. Else the object would be a way to look around in networks that only the operator sees.

// Unproven is what a failure to log in means for an object.
func Unproven(err error, object *v1alpha1.VCenter, pace outcome.Pace) *outcome.Outcome {
	if errors.Is(err, dial.ErrLocalAddress) {
		return outcome.Stall(v1alpha1.ReasonEndpointNotAllowed,
			"%s: correct url or address. For simulators the operator has the flag --allow-local-endpoints", dial.ErrLocalAddress).In(StallPause)
	}
	if object.Spec.PrivateCloudRef == nil { // else Azure has named the host
		err = withoutWords(err)
	}
	return OfVCenter(err, object, pace)
}

// withoutWords is the error in our own words alone.
func withoutWords(err error) error {
	var e *vcenter.Error
	if !errors.As(err, &e) {
		return errors.New("the vCenter cannot be reached")
	}
	own := *e
	own.Fault, own.Privilege, own.Object = nil, "", ""
	switch e.Class {
	case vcenter.CertificateChanged, vcenter.IdentityChanged, vcenter.WriteRefused, vcenter.Canceled:
		return e
	case vcenter.CredentialsInvalid, vcenter.AccountLocked:
		own.Err = errors.New("the login is refused")
	case vcenter.CertificateUntrusted:
		own.Err = errors.New("it presents the certificate SHA-256 " + e.PresentedSHA256)
	case vcenter.NoPermission:
		own.Err = errors.New("the login is refused for want of a right")
	case vcenter.InvalidRequest:
		if e.Fault == nil {
			return e // the spec was found wrong before anything was sent
		}
		own.Err = errNoVCenter
	case vcenter.Unreachable:
		own.Err = errors.New("it cannot be reached")
		if answered(e) {
			own.Err = errNoVCenter
		}
	default:
		own.Err = errNoVCenter
	}
	return &own
}

var errNoVCenter = errors.New("what answers there is not a vCenter")

// answered says that something came back that is no answer of a vCenter: no failure of the network, nor of time.
func answered(err error) bool {
	var network net.Error
	var system syscall.Errno
	return !errors.As(err, &network) && !errors.As(err, &system) && !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, os.ErrDeadlineExceeded) &&
		!errors.Is(err, net.ErrClosed)
}
