// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package arm

import (
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/avs-operator/avs-operator/controllers/text"
)

// rule is one line of the table that turns what ARM said into a Class. A zero field matches everything.
type rule struct {
	statuses []int
	code     *regexp.Regexp // against the outer and inner codes
	message  *regexp.Regexp
	class    Class
}

// rules are read from the top; the first that matches decides. Words come before status codes, because AVS answers 409 for a
// lack of hosts, for a resource that only support can mend and for another operation in flight, and these differ by hours.
var rules = []rule{
	{statuses: []int{401}, class: CredentialsInvalid},
	{code: words(`ScopeLocked`), class: ScopeLocked},
	{code: words(`KeyVault\w*(Denied|Forbidden|NotAuthorized)|(Denied|Forbidden)\w*KeyVault`), class: KeyVaultDenied},
	{code: words(`RequestDisallowedBy(Policy|Azure)|PolicyViolation`), class: PolicyDenied},
	{code: words(`NoRegisteredProviderFound`), message: words(`\bAPI[ -]?version\b.*\bsupported (api-?)?versions are\b`), class: VersionNotOffered},
	{code: words(`InvalidApiVersionParameter|UnsupportedApiVersion|ApiVersionNotSupported|InvalidResourceType`), class: VersionNotOffered},
	{code: words(`LocationNotAvailable`), class: InvalidRequest},
	{code: words(`Missing(Subscription)?Registration(ForLocation)?|SubscriptionNotRegistered|NoRegisteredProviderFound|ResourceProviderNotRegistered`),
		class: NotRegistered},
	{code: words(`DisabledSubscription|SubscriptionDisabled`), class: SubscriptionDisabled},
	{code: words(`SubscriptionNotFound|TenantNotFound|InvalidSubscriptionId`), class: SubscriptionNotFound},
	{code: words(`(Linked|RoleAssignment)?AuthorizationFailed|AuthorizationPermissionMismatch`), class: Forbidden},
	// After policies and rights that the operator lacks: letting the private cloud into a key vault that they name would mend neither. Before
	// Forbidden, which is what a key vault itself answers.
	{message: words(`\bkey ?vault\b[^.]{0,120}\b(denied|forbidden|not authorized|no access|does not have access)\b|` +
		`\b(denied|forbidden|not authorized|no access|does not have)\b[^.]{0,120}\bkey ?vault\b`), statuses: []int{0, 400, 403, 409, 422}, class: KeyVaultDenied},
	{code: words(`Forbidden`), class: Forbidden},
	{message: words(`\bfailed (provisioning )?state\b`), class: SupportRequired},
	{code: words(`AnotherOperationInProgress|RetryableErrorDueToAnotherOperation|OperationInProgress|ConcurrentUpdateError|ConcurrentOperation`),
		class: OperationInProgress},
	{statuses: []int{429}, class: Throttled},
	{code: words(`Quota`), class: QuotaExceeded},
	{message: words(`\bquota\b`), statuses: refusals, class: QuotaExceeded},
	{code: words(`AllocationFailed|InsufficientCapacity|OverconstrainedAllocationRequest|SkuNotAvailable|ZonalAllocationFailed|NoCapacity`),
		class: InsufficientCapacity},
	{message: words(`\b(no|not enough|insufficient|lacks?|out of)\b[^.]{0,60}\bcapacity\b|` +
		`\bcapacity\b[^.]{0,40}\b(unavailable|not available|insufficient|exceeded)\b`), statuses: refusals, class: InsufficientCapacity},
	// After quota and capacity, whose messages end with how to ask support for more.
	{message: words(`\bsupport (request|ticket|case)\b|contact (microsoft|azure) support`), statuses: refusals, class: SupportRequired},
	{statuses: []int{403}, class: Forbidden},
	{statuses: []int{404, 410}, code: words(`NotFound|\bGone\b|DoesNotExist`), class: NotFound},
	// A 404 without ARM's error shape was said by a proxy or a balancer. Believing it would remove finalizers.
	{statuses: []int{404, 410}, code: regexp.MustCompile(`^$`), class: Transient},
	{code: words(`PropertyChangeNotAllowed|ImmutableProperty|AlreadyExists|InvalidParameter|InvalidResource|InvalidRequest|LocationRequired|InvalidTemplate`),
		class: InvalidRequest},
	{statuses: []int{409}, class: Conflict},
	{statuses: []int{408, 412, 425}, class: Transient},
}

// refusals are the statuses whose message may speak of capacity or quota; 0 is an operation that failed after it was accepted.
var refusals = []int{0, 400, 403, 409, 422, 500, 503}

// failedLater judges what remains of an operation that was accepted and failed: it has a code and no status.
var failedLater = []rule{
	{code: words(`Cancell?ed`), class: Transient},
	{code: words(`Internal|Timeout|TimedOut|ServiceUnavailable|ServerBusy|Retryable|Gateway`), class: Transient},
	{code: words(`Invalid|BadRequest|NotAllowed|NotSupported|Validation`), class: InvalidRequest},
	{code: words(`Conflict`), class: OperationInProgress},
	{code: words(`NotFound`), class: InvalidRequest},
}

func words(pattern string) *regexp.Regexp { return regexp.MustCompile(`(?i)` + pattern) }

func (r rule) matches(status int, codes, message string) bool {
	if len(r.statuses) > 0 {
		found := false
		for _, s := range r.statuses {
			found = found || s == status
		}
		if !found {
			return false
		}
	}
	return (r.code == nil || r.code.MatchString(codes)) && (r.message == nil || r.message.MatchString(message))
}

// classify is the whole judgement: pure, total.
func classify(status int, codes, message string) Class {
	for _, r := range rules {
		if r.matches(status, codes, message) {
			if r.class == VersionNotOffered && versionOffered(message) {
				return InvalidRequest // the version is fine, so it is the location that is not
			}
			return r.class
		}
	}
	if status == 0 {
		for _, r := range failedLater {
			if r.matches(status, codes, message) {
				return r.class
			}
		}
		return SupportRequired
	}
	if status >= 500 {
		return Transient
	}
	return InvalidRequest
}

var (
	versionAsked    = words(`api version '([^']+)'`)
	versionsOffered = words(`supported api-versions are '([^']*)'`)
)

// versionOffered says that a refusal which names the versions that are offered names the one that was asked for among them: ARM gives the same
// code for a location where a type is not offered.
func versionOffered(message string) bool {
	asked, offered := versionAsked.FindStringSubmatch(message), versionsOffered.FindStringSubmatch(message)
	return asked != nil && offered != nil && slices.ContainsFunc(strings.Split(offered[1], ","),
		func(one string) bool { return strings.TrimSpace(one) == asked[1] })
}

// errorBody is ARM's error: under "error", or (Entra ID's neighbours, some providers) at the top.
type errorBody struct {
	Code    string      `json:"code"`
	Message string      `json:"message"`
	Details []errorBody `json:"details"`
}

// codes are the outer and the inner codes, with a space between; a wrapper such as ResourceDeploymentFailure says nothing itself.
func (e errorBody) codes() string {
	all := []string{e.Code}
	for _, d := range e.Details[:min(len(e.Details), 3)] {
		all = append(all, d.Code)
	}
	return strings.TrimSpace(strings.Join(all, " "))
}

func (e errorBody) text() string {
	all := []string{e.Message}
	for _, d := range e.Details[:min(len(e.Details), 3)] {
		if d.Message != "" && !strings.Contains(e.Message, d.Message) {
			all = append(all, d.Message)
		}
	}
	return shorten(strings.TrimSpace(strings.Join(all, " ")))
}

// shorten keeps a message within what a condition can hold, and on one line.
func shorten(s string) string {
	const most = 1024
	return text.Cut(strings.Join(strings.Fields(s), " "), most)
}

func parseError(body []byte) errorBody {
	var wrapped struct {
		Error *errorBody `json:"error"`
		errorBody
	}
	if json.Unmarshal(body, &wrapped) != nil {
		return errorBody{}
	}
	if wrapped.Error != nil {
		return *wrapped.Error
	}
	return wrapped.errorBody
}

// refusal is the Error for an answer that is not a success.
func refusal(doing string, a *answer) *Error {
	said := parseError(a.body)
	e := &Error{
		Class: classify(a.status, said.codes(), said.text()), Doing: doing, StatusCode: a.status, Code: said.Code, Message: said.text(),
		CorrelationID: a.correlationID, RetryAfter: a.retryAfter,
	}
	switch {
	case a.status >= 300 && a.status < 400:
		e.Message = "Azure answered with a redirection, which is not followed because the token would go with it"
	case e.Message == "":
		e.Message = http.StatusText(a.status)
	}
	return e
}
