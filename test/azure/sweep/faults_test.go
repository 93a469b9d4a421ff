// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sweep

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync/atomic"
	"time"

	"github.com/avs-operator/avs-operator/test/armsim"
	"github.com/avs-operator/avs-operator/test/harness"
)

// fault is one thing that goes wrong with one request: in Azure, or on the way there.
type fault struct {
	azure armsim.Fault
	// refused connections and answers that name another host are made on the way.
	refused, foreign bool
	// twice is how often more than without a fault Azure may be told to do it, because the first time came to nothing.
	twice int
	// held says that a worker stands in the call.
	held bool
}

// faults by their names in matrix.txt.
var faults = map[string]fault{
	"429-seconds":  {azure: armsim.Fault{Status: 429, Code: "TooManyRequests", Message: "slow down", RetryAfter: 5 * time.Minute}},
	"429-date":     {azure: armsim.Fault{Status: 429, Code: "TooManyRequests", Message: "slow down", RetryAfter: 2 * time.Second, RetryDate: true}},
	"429-without":  {azure: armsim.Fault{Status: 429, Code: "TooManyRequests", Message: "slow down", Headers: map[string]string{"Retry-After": ""}}},
	"408":          {azure: armsim.Fault{Status: 408, Code: "RequestTimeout", Message: "it took too long"}},
	"500":          {azure: armsim.Fault{Status: 500, Code: "InternalServerError", Message: "oops"}},
	"502-page":     {azure: armsim.Fault{Status: 502, Body: "<html>Bad Gateway</html>"}},
	"503-later":    {azure: armsim.Fault{Status: 503, Code: "ServiceUnavailable", Message: "later", RetryAfter: 5 * time.Minute}},
	"504":          {azure: armsim.Fault{Status: 504, Code: "GatewayTimeout", Message: "the resource provider did not answer"}},
	"refused":      {refused: true},
	"reset-before": {azure: armsim.Fault{Reset: true}},
	"reset-after":  {azure: armsim.Fault{Reset: true, When: armsim.After}},
	"stalled":      {azure: armsim.Fault{Delay: 3 * time.Second, When: armsim.After}, held: true},
	"truncated":    {azure: armsim.Fault{Truncate: true, When: armsim.After}},
	"401-expired":  {azure: armsim.Fault{ExpiredToken: true}},
	"403":          {azure: armsim.Fault{Status: 403, Code: "AuthorizationFailed", Message: "The client does not have authorization."}},
	"404-page":     {azure: armsim.Fault{Status: 404, Body: "<html>Not Found</html>"}},
	"404":          {azure: armsim.Fault{Status: 404, Code: "NotFound", Message: "It could not be found."}},
	"409-busy": {azure: armsim.Fault{Status: 409, Code: "AnotherOperationInProgress",
		Message: "Another operation on this or dependent resource is in progress."}},
	"409-capacity": {azure: armsim.Fault{Status: 409, Code: "Conflict", Message: "No capacity for new tenants in westeurope"}},
	"412":          {azure: armsim.Fault{Status: 412, Code: "PreconditionFailed", Message: "The condition does not hold."}},
	"400":          {azure: armsim.Fault{Status: 400, Code: "InvalidParameter", Message: "The value is not known."}},
	"failed":       {azure: armsim.Fault{OperationFails: true, Code: "ProvisioningFailed", Message: "host esx-1 did not come up"}, twice: 1},
	"canceled":     {azure: armsim.Fault{Canceled: true}, twice: 1},
	"cancelled":    {azure: armsim.Fault{Cancelled: true}, twice: 1},
	"5xx-thrice":   {azure: armsim.Fault{Status: 500, Code: "InternalServerError", Message: "oops", Count: 3}},
	"stale":        {azure: armsim.Fault{StaleGets: 3, EchoOldBody: true}},
	"foreign-host": {foreign: true},

	// What the real one does that is easily forgotten: lists that lack what is there, and polling URLs of any length.
	"list-lacks":   {azure: armsim.Fault{ListLacks: `/clusters/`, Count: 3}},
	"url-longest":  {azure: armsim.Fault{PollURLBytes: 16 << 10}},
	"url-too-long": {azure: armsim.Fault{PollURLBytes: 20_000}},

	// An answer, or a page of a list, that is larger than what an identity at a custom endpoint may be sent.
	"too-large": {azure: armsim.Fault{Status: 200, Body: `{"value":[` + strings.Repeat(" ", 5<<20) + `]}`}},

	// What is said for ever.
	"403-for-ever":     {azure: armsim.Fault{Status: 403, Code: "AuthorizationFailed", Message: "The client does not have authorization.", Count: -1}},
	"401-for-ever":     {azure: armsim.Fault{Status: 401, Code: "AuthenticationFailed", Message: "Only the original caller may read the result.", Count: -1}},
	"500-for-ever":     {azure: armsim.Fault{Status: 500, Code: "InternalServerError", Message: "oops", Count: -1}},
	"running-for-ever": {azure: armsim.Fault{Status: 200, Body: `{"status":"InProgress"}`, Count: -1}},
	"409-unknown":      {azure: armsim.Fault{Status: 409, Code: "StrangeConflict", Message: "The moon is full.", Count: -1}},
	"409-disabled": {azure: armsim.Fault{Status: 409, Code: "ReadOnlyDisabledSubscription",
		Message: "The subscription is disabled and therefore marked as read only.", Count: -1}},
	"404-subscription": {azure: armsim.Fault{Status: 404, Code: "SubscriptionNotFound", Message: "The subscription could not be found.", Count: -1}},
	"400-version": {azure: armsim.Fault{Status: 400, Code: "NoRegisteredProviderFound", Message: "No registered resource provider found " +
		"for location 'westeurope' and API version '2025-09-01' for type 'privateClouds'. The supported api-versions are '2022-05-01'.", Count: -1}},
	"409-unregistered": {azure: armsim.Fault{Status: 409, Code: "MissingSubscriptionRegistration", Message: "The subscription is not registered.", Count: -1}},
	"stored-otherwise": {azure: armsim.Fault{Stores: map[string]any{"properties": map[string]any{"clusterSize": 3.0}}, Count: -1}, twice: 1},
}

// requests that a column of the matrix is about. Of actions only those that change something.
var requests = map[string]struct {
	verb string
	path *regexp.Regexp
}{
	"GET":    {http.MethodGet, regexp.MustCompile(`/privateclouds/weu/clusters/[^/]+$`)},
	"LIST":   {http.MethodGet, regexp.MustCompile(`/privateclouds/weu/clusters$`)},
	"poll":   {http.MethodGet, regexp.MustCompile(`/operation(statuses|results)/`)},
	"PUT":    {http.MethodPut, nil},
	"PATCH":  {http.MethodPatch, nil},
	"DELETE": {http.MethodDelete, nil},
	"POST":   {http.MethodPost, regexp.MustCompile(`/rotate`)},
}

// inject makes the fault wait for a request of a column, after skip others, and says whether it has met one.
func (f fault) inject(l *harness.Life, column string, skip int) (met func() bool) {
	what := requests[column]
	if !f.refused && !f.foreign {
		f.azure.Verb, f.azure.Path, f.azure.Skip = what.verb, what.path, skip
		l.Azure.Inject(f.azure)
		return func() bool {
			left := l.Azure.Faults()
			return len(left) == 0 || left[0].Hits > 0
		}
	}
	var seen, hit atomic.Int64
	here := func(c *harness.Call) bool {
		if c.Seam != harness.ARM || c.Verb != what.verb || what.path != nil && !what.path.MatchString(lower(c.Raw)) || seen.Add(1) != int64(skip)+1 {
			return false
		}
		hit.Add(1)
		return true
	}
	m := harness.Meddling{}
	if f.refused {
		m.Refuse = here
	} else {
		m.Tamper = func(c *harness.Call, response *http.Response) {
			if here(c) {
				foreign(response.Header)
			}
		}
	}
	l.Meddle(m)
	return func() bool { return hit.Load() > 0 }
}

// foreign makes the polling headers name another host.
func foreign(header http.Header) {
	for _, name := range []string{"Azure-AsyncOperation", "Location"} {
		if u, err := url.Parse(header.Get(name)); err == nil && u.Host != "" {
			u.Host = "management.example.net"
			header.Set(name, u.String())
		}
	}
}
