// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package ledger is what everybody who writes to the outside shares: a write is on record before it is sent, is sent once, a lost one is looked
// up, a late one is looked at, and a refused one is repeated at a pace that no service minds. The loop of the Azure kinds, maintenance and the
// moves of machines call it, so that what is mended here is mended for all three. What is asked of Azure or vCenter, and how the object is stored, they
// hand in as functions.
package ledger

import (
	"errors"

	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/vcenter"
)

// Fate of a write that is on record, by what came back from sending it.
type Fate string

// The fates. Only a Lost write keeps its record, and with it its id.
const (
	Accepted Fate = "Accepted"
	// Refused: the other side has answered, and did nothing.
	Refused Fate = "Refused"
	// Unsent: it certainly did not arrive.
	Unsent Fate = "Unsent"
	// Lost: it may have arrived. Look before anything else.
	Lost Fate = "Lost"
)

// FateOf is the fate of a write to Azure.
func FateOf(err error) Fate {
	if err == nil {
		return Accepted
	}
	var failed *arm.Error
	if !errors.As(err, &failed) {
		return Unsent // arm.Client returns nothing else: it was wrapped by who did not get so far
	}
	switch {
	case failed.Class == arm.AnswerLost:
		return Lost
	case failed.StatusCode == 0 || failed.Repeated || !failed.Class.Answered():
		return Unsent
	}
	return Refused
}

// FateOfCall is the fate of a call that changes a vCenter.
func FateOfCall(err error) Fate {
	if err == nil {
		return Accepted
	}
	answered := false
	var failed *vcenter.Error
	if errors.As(err, &failed) {
		answered = failed.Fault != nil
	}
	switch vcenter.ClassOf(err) {
	case vcenter.AnswerLost, vcenter.Other:
		if !answered {
			return Lost
		}
	case vcenter.CredentialsInvalid:
		if !answered { // the login; a fault of the call itself speaks of the other vCenter's account
			return Unsent
		}
	case vcenter.Unreachable, vcenter.WriteRefused, vcenter.Canceled, vcenter.CertificateChanged, vcenter.CertificateUntrusted,
		vcenter.AccountLocked, vcenter.Unauthenticated, vcenter.IdentityChanged:
		return Unsent
	}
	return Refused
}
