// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package rulings says what an error of Azure or of a vCenter means for an object: the outcome with its reason, its pace and the advice.
package rulings

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/connect/dial"
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
	arm.NotFound:            {reason: v1alpha1.ReasonReferenceNotFound, after: time.Minute, advice: "create it, or correct the name"},
	arm.OperationInProgress: {reason: v1alpha1.ReasonAzureBusy, after: 30 * time.Second, advice: "it is tried again by itself"},
	arm.Conflict:            {reason: v1alpha1.ReasonAzureBusy, after: 30 * time.Second, advice: "it is tried again by itself, and more and more rarely"},
	arm.InsufficientCapacity: {reason: v1alpha1.ReasonInsufficientCapacity, after: 30 * time.Minute,
		advice: "Azure has no hosts to give there now; it is tried again every half hour, and a support request to Microsoft may help"},
	arm.Throttled: {reason: v1alpha1.ReasonThrottled, after: 15 * time.Second, advice: "it is tried again when Azure allows"},
	arm.QuotaExceeded: {stall: true, reason: v1alpha1.ReasonQuotaExceeded, after: 30 * time.Minute,
		advice: "ask for host quota with a support request of type 'Service and subscription limits (quotas)' for Azure VMware Solution"},
	arm.CredentialsInvalid: {stall: true, reason: v1alpha1.ReasonCredentialsInvalid, after: arm.LoginPause,
		advice: "correct the credential; the refused one is not tried again sooner than ten minutes", condition: v1alpha1.ConditionCredentialsReady},
	arm.Forbidden:      {stall: true, reason: v1alpha1.ReasonForbidden, after: 10 * time.Minute, advice: "give the identity a role"},
	arm.PolicyDenied:   {stall: true, reason: v1alpha1.ReasonPolicyDenied, after: outcome.StallRecheck, advice: "change the spec or the Azure Policy"},
	arm.InvalidRequest: {stall: true, reason: v1alpha1.ReasonInvalidSpec, after: outcome.StallRecheck, advice: "change the spec as Azure says"},
	arm.ScopeLocked:    {stall: true, reason: v1alpha1.ReasonScopeLocked, after: 15 * time.Minute, advice: "take the lock off in Azure"},
	arm.KeyVaultDenied: {reason: v1alpha1.ReasonKeyVaultDenied, after: 2 * time.Minute,
		advice: "let the private cloud's identity, status.systemAssignedIdentity.principalID, into the key vault, " +
			"with the role Key Vault Crypto Service Encryption User or the key permissions Get, Wrap Key and Unwrap Key; " +
			"it is tried again by itself, every two minutes at first and every 15 in the end"},
	arm.NotRegistered: {stall: true, reason: v1alpha1.ReasonNotRegistered, after: 10 * time.Minute,
		advice: "register it: az provider register --namespace Microsoft.AVS"},
	arm.SubscriptionDisabled: {stall: true, reason: v1alpha1.ReasonSubscriptionDisabled, after: 15 * time.Minute,
		advice: "Azure has disabled the subscription and takes no changes in it: its owner has it enabled again in the Azure portal, " +
			"under Subscriptions (payment, spending limit, end of an offer)"},
	arm.SubscriptionNotFound: {stall: true, reason: v1alpha1.ReasonSubscriptionNotFound, after: 10 * time.Minute,
		advice: "correct subscriptionID; if it is right, give the identity a role in that subscription and check tenantID, " +
			"because Azure also says so to who may not see it"},
	arm.VersionNotOffered: {stall: true, reason: v1alpha1.ReasonVersionNotOffered, after: outcome.StallRecheck,
		advice: "this cloud or region does not offer the version of the API that the operator speaks for this kind: use one that does, " +
			"or a release of the operator that speaks one of those that it offers"},
	arm.SupportRequired: {stall: true, reason: v1alpha1.ReasonSupportRequired, after: outcome.StallRecheck,
		advice: "only Microsoft can mend this: open a support request with the text and correlation id above"},
}

// OfAzure says what an error of ARM or of Entra ID means for an object. Azure's Retry-After is a floor for the pace.
func OfAzure(err error) *outcome.Outcome {
	if err != nil && strings.Contains(err.Error(), dial.ErrLocalAddress.Error()) { // the login's library passes on the words of an error, and not the error
		return outcome.Stall(v1alpha1.ReasonEndpointNotAllowed,
			"%s: correct spec.cloud.endpoints. For simulators the operator has the flag --allow-local-endpoints", dial.ErrLocalAddress).
			In(StallPause).About(v1alpha1.ConditionCredentialsReady)
	}
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
	if failed.Class == arm.Forbidden {
		advice = roleFor(failed.Error())
	}
	return say(r.reason, "%s: %s", failed.Error(), advice).In(max(r.after, failed.RetryAfter)).About(r.condition)
}

// missingAction is how ARM names the right that is missing, and where.
var missingAction = regexp.MustCompile(`perform action '([^']{1,200})'(?: over scope '([^']{1,400})')?`)

// roleFor says what role helps against a refusal.
func roleFor(said string) string {
	if strings.Contains(said, "Microsoft.Authorization/locks") {
		return "locks need the role Owner, or one with Microsoft.Authorization/locks/*, on that scope"
	}
	found := missingAction.FindStringSubmatch(said)
	if found == nil {
		return "give the identity the role Contributor, or one with Microsoft.AVS rights, on that scope"
	}
	scope := "that scope"
	if found[2] != "" {
		scope = found[2]
	}
	return fmt.Sprintf("give the identity a role with the action %s on %s, such as Contributor; Azure may take ten minutes to know of it", found[1], scope)
}
