// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package connect

import (
	"errors"
	"strings"
	"time"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/outcome"
)

// ruling is what one class of ARM's errors means for an object: whether a person is needed, the reason, the pace in Azure's time, and
// what to do about it.
type ruling struct {
	stall     bool
	reason    string
	after     time.Duration
	advice    string
	condition string
}

// rulings holds every class that has a pace of its own. Any other class is retried with the work queue's back-off.
var rulings = map[arm.Class]ruling{
	arm.NotFound:             {reason: v1alpha1.ReasonReferenceNotFound, after: time.Minute, advice: "create it, or correct the name"},
	arm.OperationInProgress:  {reason: v1alpha1.ReasonAzureBusy, after: 30 * time.Second, advice: "it is tried again by itself"},
	arm.InsufficientCapacity: {reason: v1alpha1.ReasonInsufficientCapacity, after: 30 * time.Minute, advice: "Azure has no hosts to give there now; it is tried again every half hour, and a support request to Microsoft may help"},
	arm.Throttled:            {reason: v1alpha1.ReasonThrottled, after: 15 * time.Second, advice: "it is tried again when Azure allows"},
	arm.QuotaExceeded:        {stall: true, reason: v1alpha1.ReasonQuotaExceeded, after: 30 * time.Minute, advice: "ask for host quota with a support request of type 'Service and subscription limits (quotas)' for Azure VMware Solution"},
	arm.CredentialsInvalid:   {stall: true, reason: v1alpha1.ReasonCredentialsInvalid, after: arm.LoginPause, advice: "correct the credential; the refused one is not tried again sooner than ten minutes", condition: v1alpha1.ConditionCredentialsReady},
	arm.Forbidden:            {stall: true, reason: v1alpha1.ReasonForbidden, after: 10 * time.Minute, advice: "give the identity the role Contributor, or one with Microsoft.AVS rights, on that scope"},
	arm.PolicyDenied:         {stall: true, reason: v1alpha1.ReasonPolicyDenied, after: outcome.StallRecheck, advice: "change the spec or the Azure Policy"},
	arm.InvalidRequest:       {stall: true, reason: v1alpha1.ReasonInvalidSpec, after: outcome.StallRecheck, advice: "change the spec as Azure says"},
	arm.ScopeLocked:          {stall: true, reason: v1alpha1.ReasonScopeLocked, after: 15 * time.Minute, advice: "take the lock off in Azure"},
	arm.NotRegistered:        {stall: true, reason: v1alpha1.ReasonNotRegistered, after: 10 * time.Minute, advice: "register it: az provider register --namespace Microsoft.AVS"},
	arm.SupportRequired:      {stall: true, reason: v1alpha1.ReasonSupportRequired, after: outcome.StallRecheck, advice: "only Microsoft can mend this: open a support request with the text and correlation id above"},
}

// OutcomeOf says what an error of ARM or of Entra ID means for an object. Azure's Retry-After is a floor for the pace.
func OutcomeOf(err error) *outcome.Outcome {
	var failed *arm.Error
	if !errors.As(err, &failed) {
		return outcome.Retry(v1alpha1.ReasonTransient, err)
	}
	r, ok := rulings[failed.Class]
	if !ok {
		return outcome.Retry(v1alpha1.ReasonTransient, err).In(failed.RetryAfter)
	}
	say := outcome.Wait
	if r.stall {
		say = outcome.Stall
	}
	advice := r.advice
	if failed.Class == arm.Forbidden && strings.Contains(failed.Error(), "Microsoft.Authorization/locks") {
		advice = "locks need the role Owner, or one with Microsoft.Authorization/locks/*, on that scope"
	}
	return say(r.reason, "%s: %s", failed.Error(), advice).In(max(r.after, failed.RetryAfter)).About(r.condition)
}
