// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package rulings

import (
	"errors"
	"time"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/outcome"
	"github.com/avs-operator/avs-operator/controllers/vcenter"
)

// StallPause is how soon a certificate or a refusal is looked at again without an edit, in the time of Azure and vCenter.
const StallPause = 10 * time.Minute

// OfVCenter says what a failure to connect to, or to stay connected with, the vCenter of an object means for it. An outcome without
// a time is tried again with growing pauses.
func OfVCenter(err error, object *v1alpha1.VCenter, pace outcome.Pace) *outcome.Outcome {
	var e *vcenter.Error
	if !errors.As(err, &e) {
		return outcome.Retry(v1alpha1.ReasonTransient, err)
	}
	switch e.Class {
	case vcenter.CertificateChanged:
		return certificateChanged(e, object)
	case vcenter.CertificateUntrusted:
		return outcome.Stall(v1alpha1.ReasonCertificateUntrusted,
			"%s: it does not verify against the trusted authorities: correct trust.caRef, or pin the certificate with trust.thumbprint", e).In(StallPause)
	case vcenter.CredentialsInvalid, vcenter.AccountLocked:
		return refusal(e, pace)
	case vcenter.ClockSkewed:
		return outcome.Stall(v1alpha1.ReasonUnreachable,
			"%s: the operator's clock and this vCenter's are more than ten minutes apart; set both by NTP", e).In(StallPause)
	case vcenter.NoPermission:
		return outcome.Stall(v1alpha1.ReasonForbidden, "%s: give the account the role that the documentation lists",
			e).In(StallPause).About(v1alpha1.ConditionCredentialsReady)
	case vcenter.TooLarge:
		return outcome.Stall(v1alpha1.ReasonLimitExceeded,
			"%s: give the operator an account that sees less of it, for example one with rights on a folder or a cluster alone", e).In(StallPause)
	case vcenter.IdentityChanged:
		return outcome.Stall(v1alpha1.ReasonIdentityChanged,
			"%s. Nothing that was planned with the other one is done in it; it is read anew by itself", e).In(StallPause)
	case vcenter.InvalidRequest, vcenter.NotSupported:
		return outcome.Stall(v1alpha1.ReasonInvalidSpec, "%s: correct url, address or trust", e).In(StallPause)
	}
	return outcome.Retry(v1alpha1.ReasonUnreachable, err)
}

// certificateChanged shows both thumbprints, so that a person can compare them with what the vCenter's administrator says.
func certificateChanged(e *vcenter.Error, object *v1alpha1.VCenter) *outcome.Outcome {
	if object.Spec.PrivateCloudRef != nil {
		return outcome.Stall(v1alpha1.ReasonCertificateChanged,
			"vCenter at %s presents the certificate %s, while Azure reports %s: nothing is sent to it. It is used again once Azure reports the new one",
			e.Server, e.Presented, e.Pinned).In(StallPause)
	}
	return outcome.Stall(v1alpha1.ReasonCertificateChanged,
		"vCenter at %s presents the certificate %s, while trust.thumbprint says %s: nothing is sent to it. If the certificate was renewed, "+
			"put the new thumbprint there", e.Server, presented(e), e.Pinned).In(StallPause)
}

// presented is the thumbprint in the form of the pin, and as SHA-256 if that is another.
func presented(e *vcenter.Error) string {
	if e.PresentedSHA256 == "" || e.PresentedSHA256 == e.Presented {
		return e.Presented
	}
	return e.Presented + " (SHA-256 " + e.PresentedSHA256 + ")"
}

// refusal says when the same password will be tried again: never sooner, because five refusals lock an account.
func refusal(e *vcenter.Error, pace outcome.Pace) *outcome.Outcome {
	what := "vCenter at %s refuses user name or password"
	if e.Class == vcenter.AccountLocked {
		what = "vCenter at %s says that the account is locked"
	}
	return outcome.Stall(v1alpha1.ReasonCredentialsInvalid, what+": correct the Secret. A new password is tried at once, this one not before %s",
		e.Server, e.RetryAt.UTC().Format(time.RFC3339)).In(max(pace.Elapsed(time.Until(e.RetryAt)), time.Second)).About(v1alpha1.ConditionCredentialsReady)
}
