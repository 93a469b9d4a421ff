// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package arm

import (
	"strings"
	"testing"
)

func TestClassify(t *testing.T) {
	for _, tc := range []struct {
		status        int
		code, message string
		want          Class
	}{
		// in the services' own words where they are known
		{409, "Conflict", "No capacity for new tenants in eastus", InsufficientCapacity},
		{409, "Conflict", "There is not enough host capacity in this region.", InsufficientCapacity},
		{500, "AllocationFailed", "Allocation failed.", InsufficientCapacity},
		{409, "SkuNotAvailable", "The requested size is currently not available", InsufficientCapacity},
		{409, "AnotherOperationInProgress", "Another operation on this or dependent resource is in progress", OperationInProgress},
		{429, "RetryableErrorDueToAnotherOperation", "", OperationInProgress},
		{409, "Conflict", "The private cloud is being updated", Conflict},
		{409, "Conflict", "can not edit a resource in a failed state", SupportRequired},
		{400, "BadRequest", "Provisioning failed. Please open a support request.", SupportRequired},
		{409, "MissingSubscriptionRegistration", "The subscription is not registered to use namespace 'Microsoft.AVS'", NotRegistered},
		{409, "SubscriptionNotRegistered", "", NotRegistered},
		{400, "NoRegisteredProviderFound", "No registered resource provider found for location", NotRegistered},
		{409, "ScopeLocked", "The scope cannot perform delete operation because following scope(s) are locked", ScopeLocked},
		{403, "RequestDisallowedByPolicy", "Resource was disallowed by policy.", PolicyDenied},
		{403, "RequestDisallowedByPolicy", "Private clouds whose key vault is not ours are denied", PolicyDenied},
		{400, "KeyVaultAccessDenied", "The identity has no access.", KeyVaultDenied},
		{403, "Forbidden", "The user, group or application 'oid=0' does not have keys wrapKey permission on key vault 'contoso'", KeyVaultDenied},
		{0, "BadRequest", "Access to the key vault was denied", KeyVaultDenied},
		{403, "LinkedAuthorizationFailed", "The client has no right to use the key vault: access denied", Forbidden},
		{400, "KeyVaultKeyNotFound", "There is no key avs.", InvalidRequest},
		{403, "AuthorizationFailed", "The client does not have authorization to perform action", Forbidden},
		{403, "LinkedAuthorizationFailed", "", Forbidden},
		{403, "", "", Forbidden},
		{409, "ReadOnlyDisabledSubscription", "", SubscriptionDisabled},
		{403, "DisabledSubscription", "", SubscriptionDisabled},
		{400, "NoRegisteredProviderFound", "No registered resource provider found for location 'westeurope' and API version '2019-01-01' for " +
			"type 'privateClouds'. The supported api-versions are '2024-09-01, 2025-09-01'. The supported locations are 'westeurope'.", VersionNotOffered},
		{400, "NoRegisteredProviderFound", "No registered resource provider found for location 'moon' and API version '2025-09-01' for type 'privateClouds'. " +
			"The supported api-versions are '2024-09-01, 2025-09-01'. The supported locations are 'westeurope'.", InvalidRequest},
		{400, "InvalidApiVersionParameter", "The api-version '2019-01-01' is invalid.", VersionNotOffered},
		{400, "LocationNotAvailableForResourceType", "", InvalidRequest},
		{404, "SubscriptionNotFound", "The subscription could not be found.", SubscriptionNotFound},
		{401, "ExpiredAuthenticationToken", "", CredentialsInvalid},
		{404, "ResourceNotFound", "", NotFound},
		{404, "ParentResourceNotFound", "", NotFound},
		{404, "ResourceGroupNotFound", "", NotFound},
		{404, "", "", Transient},
		{404, "InvalidResourceType", "", VersionNotOffered},
		{400, "QuotaExceeded", "hosts", QuotaExceeded},
		{409, "QuotaExceeded", "Open a support request to raise it.", QuotaExceeded},
		{409, "Conflict", "You can not edit a resource in a failed state. Open a support request.", SupportRequired},
		{429, "TooManyRequests", "If this persists, open a support ticket", Throttled},
		{409, "Conflict", "The host quota of 12 is used up; capacity was not asked for", QuotaExceeded},
		{403, "ResourceQuotaExceeded", "", QuotaExceeded},
		{429, "TooManyRequests", "the quota of requests is used up", Throttled},
		{429, "", "", Throttled},
		{400, "InvalidParameter", "networkBlock must be a /22", InvalidRequest},
		{400, "BadRequest", "clusterSize must be between 3 and 16", InvalidRequest},
		{409, "PropertyChangeNotAllowed", "Changing property 'networkBlock' is not allowed.", InvalidRequest},
		{405, "MethodNotAllowed", "", InvalidRequest},
		{415, "", "", InvalidRequest},
		{408, "", "", Transient},
		{500, "InternalServerError", "", Transient},
		{502, "", "", Transient},
		{503, "ServiceUnavailable", "", Transient},
		{504, "GatewayTimeout", "", Transient},
		{599, "", "", Transient},
		// an operation that was accepted and failed later
		{0, "Conflict", "No capacity for new tenants", InsufficientCapacity},
		{0, "QuotaExceeded", "", QuotaExceeded},
		{0, "InternalServerError", "", Transient},
		{0, "InvalidNetworkBlock", "", InvalidRequest},
		{0, "Canceled", "", Transient},
		{0, "DeploymentFailed", "something broke", SupportRequired},
		{0, "", "", SupportRequired},
	} {
		if got := classify(tc.status, tc.code, tc.message); got != tc.want {
			t.Errorf("%d %s %q is %s, want %s", tc.status, tc.code, tc.message, got, tc.want)
		}
	}
}

func TestAnswered(t *testing.T) {
	for _, c := range []Class{AnswerLost, DeadlinePassed, NotLeader, ""} {
		if c.Answered() {
			t.Errorf("%q was answered", c)
		}
	}
	for _, c := range []Class{NotFound, OperationInProgress, Throttled, Transient, CredentialsInvalid, SupportRequired, InvalidRequest} {
		if !c.Answered() {
			t.Errorf("%q was not answered", c)
		}
	}
}

func TestParseError(t *testing.T) {
	flat := parseError([]byte(`{"code":"A","message":"b"}`))
	if flat.Code != "A" || flat.text() != "b" {
		t.Errorf("flat: %+v", flat)
	}
	deep := parseError([]byte(`{"error":{"code":"A","message":"b","details":[{"code":"C","message":"d"},{"code":"E","message":"b"}]}}`))
	if deep.codes() != "A C E" || deep.text() != "b d" {
		t.Errorf("deep: %q %q", deep.codes(), deep.text())
	}
	if long := shorten(strings.Repeat("ä", 4000)); len(long) > 1100 || !strings.HasSuffix(long, "…") {
		t.Errorf("shortened to %d bytes", len(long))
	}
}

// FuzzParseError: an answer is written by whoever answers.
func FuzzParseError(f *testing.F) {
	f.Add(409, []byte(`{"error":{"code":"Conflict","message":"No capacity"}}`))
	f.Add(404, []byte(`{"error":null,"code":3}`))
	f.Add(0, []byte(`[{}]`))
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		e := refusal("GET /x", &answer{status: status, body: body})
		if e.Class == "" || strings.ContainsAny(e.Message, "\n\r") || len(e.Message) > 1100 {
			t.Fatalf("%+v", e)
		}
		if e.Class == NotFound && e.Code == "" && len(parseError(body).Details) == 0 {
			t.Fatal("believed a 404 that is not ARM's")
		}
	})
}
