// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package ask

import (
	"fmt"
	"time"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/azure/guards"
	"github.com/avs-operator/avs-operator/controllers/connect/rulings"
	"github.com/avs-operator/avs-operator/controllers/outcome"
)

// pace is what a refusal of a guard means for an object. All of them are looked at again by themselves, soon: what was missing is given in a
// portal or by somebody else, and no event tells of it.
type pace struct {
	say    func(reason, format string, args ...any) *outcome.Outcome
	reason string
	again  time.Duration
}

var paces = map[guards.Cause]pace{
	guards.Registration:     {outcome.Stall, v1alpha1.ReasonNotRegistered, 5 * time.Minute},
	guards.Offer:            {outcome.Stall, v1alpha1.ReasonSKUNotOffered, 15 * time.Minute},
	guards.HostQuota:        {outcome.Stall, v1alpha1.ReasonQuotaExceeded, 10 * time.Minute},
	guards.LicensedCores:    {outcome.Stall, v1alpha1.ReasonLicenseInsufficient, 5 * time.Minute},
	guards.Network:          {outcome.Stall, v1alpha1.ReasonNetworkBlockInUse, 10 * time.Minute},
	guards.Combination:      {outcome.Stall, v1alpha1.ReasonInvalidSpec, 10 * time.Minute},
	guards.Limit:            {outcome.Stall, v1alpha1.ReasonLimitExceeded, 10 * time.Minute},
	guards.Placement:        {outcome.Stall, v1alpha1.ReasonPlacementNeedsHosts, 5 * time.Minute},
	guards.Storage:          {outcome.Stall, v1alpha1.ReasonStorageInsufficient, 5 * time.Minute},
	guards.Tolerance:        {outcome.Stall, v1alpha1.ReasonConfirmationNeeded, outcome.StallRecheck},
	guards.UnderMaintenance: {outcome.Wait, v1alpha1.ReasonMaintenance, 5 * time.Minute},
	guards.Unknown:          {outcome.Wait, v1alpha1.ReasonNotKnown, 2 * time.Minute},
}

// RefusedBy is what a guard's refusal means for an object; nil for none.
func RefusedBy(refusal *guards.Refusal) *outcome.Outcome {
	if refusal == nil {
		return nil
	}
	p := paces[refusal.Cause]
	return p.say(p.reason, "%s", refusal.Message).In(p.again)
}

// Unseen is what an error means while something is looked up before a write: not knowing is no permission.
func Unseen(what string, err error) *outcome.Outcome {
	if err == nil {
		return nil
	}
	o := rulings.OfAzure(err)
	o.Message = fmt.Sprintf("%s cannot be found out, and nothing is written before it is: %s", what, o.Message)
	return o
}
