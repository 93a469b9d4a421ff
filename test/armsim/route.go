// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package armsim

import (
	"net/http"
	"slices"
	"strings"
)

const avs = "Microsoft.AVS"

// route finds who answers a request.
func (s *Server) route(c *call) *answer {
	switch {
	case c.path == "/metadata/endpoints" && c.http.Method == http.MethodGet:
		return s.cloudMetadata(c)
	case c.path == "/msi/token":
		return s.managedIdentityToken(c)
	case c.path == "/graph/v1.0/serviceprincipals":
		return s.servicePrincipals(c)
	case len(c.segments) > 0 && slices.Contains([]string{"subscriptions", "providers", "tenants"}, strings.ToLower(c.segments[0])):
		return s.arm(c)
	}
	if a, ok := s.routeEntra(c); ok {
		return a
	}
	return refuse(http.StatusNotFound, "NotFound", "There is nothing at '%s'.", c.http.URL.Path)
}

// arm answers Azure Resource Manager's requests: the front end here, the rest in dispatch. One lock is held for the whole
// request, so that nobody sees, or repeats, half of one.
func (s *Server) arm(c *call) *answer {
	p, refused := s.authenticate(c)
	if refused != nil {
		return refused
	}
	c.principal = p
	s.mu.Lock()
	defer s.mu.Unlock()
	scope := ""
	if len(c.segments) > 1 && strings.EqualFold(c.segments[0], "subscriptions") {
		scope = strings.ToLower(c.segments[1])
	}
	remaining, refused := s.throttle(c, scope)
	if refused != nil {
		return refused
	}
	a, replayed := s.replay(c)
	if !replayed {
		a = s.dispatch(c)
	}
	out := a.clone()
	for name, values := range remaining {
		out.header[name] = values
	}
	return out
}

// dispatch answers an authenticated request. s.mu is held.
func (s *Server) dispatch(c *call) *answer {
	seg := c.segments
	if strings.EqualFold(seg[0], "tenants") {
		if len(seg) > 1 {
			return unknownURI(c)
		}
		return s.checkedVersion(c, armVersions, s.listTenants)
	}
	if strings.EqualFold(seg[0], "providers") {
		if len(seg) == 1 {
			return unknownURI(c)
		}
		if c.path == "/providers/microsoft.avs/operations" {
			return s.checkedVersion(c, avsVersions, s.providerOperations)
		}
		return invalidNamespace(seg[1])
	}
	if len(seg) == 1 {
		return s.checkedVersion(c, armVersions, s.listSubscriptions)
	}
	sub, ok := s.subscriptions[strings.ToLower(seg[1])]
	if !ok {
		return refuse(http.StatusNotFound, "SubscriptionNotFound", "The subscription '%s' could not be found.", seg[1])
	}
	in := &scoped{call: c, sub: sub, rest: seg[2:]}
	if action, ok := s.action(in); ok {
		c.action = action
		if refused := s.authorize(c, sub, action, scopeOf(c)); refused != nil {
			return refused
		}
	}
	if refused := s.locksOfMove(in); refused != nil {
		return refused
	}
	if scope, name, ok := locksAt(c); ok {
		return s.checkedVersion(c, lockVersions, func(*call) *answer { return s.serveLocks(in, scope, name) })
	}
	if id, what, ok := insightsAt(c); ok {
		return s.checkedVersion(c, metricVersions, func(c *call) *answer { return s.insights(c, id, what) })
	}
	if refused := s.locked(c); refused != nil {
		return refused
	}
	return s.inSubscription(in)
}

// scoped is a request inside a subscription; rest are the path segments after the subscription's id.
type scoped struct {
	*call
	sub  *subscription
	rest []string
}

func (in *scoped) is(i int, name string) bool {
	return i < len(in.rest) && strings.EqualFold(in.rest[i], name)
}

func (s *Server) inSubscription(in *scoped) *answer {
	switch {
	case len(in.rest) < 2 && !in.is(0, "resourcegroups") && !in.is(0, "providers") && in.http.Method != http.MethodGet:
		return methodNotAllowed(in.call)
	case len(in.rest) == 0:
		return s.checkedVersion(in.call, armVersions, func(*call) *answer { return reply(http.StatusOK, in.sub.body()) })
	case in.is(0, "locations") && len(in.rest) == 1:
		return s.checkedVersion(in.call, armVersions, func(c *call) *answer { return s.listLocations(c, in.sub) })
	case in.is(0, "operationresults") && len(in.rest) == 2:
		return s.checkedVersion(in.call, armVersions, func(c *call) *answer { return s.operationResult(c, in.rest[1]) })
	case in.is(0, "resourcegroups") && (len(in.rest) < 4 || in.is(2, "resources")):
		return s.checkedVersion(in.call, armVersions, func(*call) *answer { return s.resourceGroups(in) })
	case in.is(0, "resourcegroups") && in.is(2, "providers") && len(in.rest) > 4:
		if !in.is(3, avs) {
			return invalidNamespace(in.rest[3])
		}
		return s.checkedVersion(in.call, avsVersions, func(*call) *answer { return s.provider(in, in.rest[1], in.rest[4:]) })
	case in.is(0, "providers"):
		return s.subscriptionProvider(in)
	}
	return unknownURI(in.call)
}

func unknownURI(c *call) *answer {
	return refuse(http.StatusNotFound, "InvalidRequestUri", "The requested uri '%s' is not known.", c.http.URL.Path)
}

func (s *Server) subscriptionProvider(in *scoped) *answer {
	registration := len(in.rest) < 3 || in.is(2, "register") || in.is(2, "unregister")
	switch {
	case registration:
		return s.checkedVersion(in.call, armVersions, func(*call) *answer { return s.registration(in) })
	case !in.is(1, avs):
		return invalidNamespace(in.rest[1])
	}
	return s.checkedVersion(in.call, avsVersions, func(*call) *answer { return s.provider(in, "", in.rest[2:]) })
}

// provider answers Microsoft.AVS; path is what follows the namespace, group is empty on subscription level.
func (s *Server) provider(in *scoped, group string, path []string) *answer {
	switch head := strings.ToLower(path[0]); {
	case head == "operationstatuses" && len(path) == 2:
		return s.operationStatus(in.call, path[1])
	case group == "" && head == "locations" && len(path) >= 3:
		return s.inLocation(in, path[1], path[2:])
	case group == "" && head == "skus" && len(path) == 1 && in.http.Method == http.MethodGet:
		return s.listSKUs(in.call)
	}
	return s.resource(in, group, path)
}

func (s *Server) inLocation(in *scoped, location string, path []string) *answer {
	head := strings.ToLower(path[0])
	switch {
	case head == "operationstatuses" && len(path) == 2:
		return s.operationStatus(in.call, path[1])
	case head == "operationresults" && len(path) == 2:
		return s.operationResult(in.call, path[1])
	case head == "checkquotaavailability" && len(path) == 1 && in.http.Method == http.MethodPost:
		return s.checkQuota(in, location)
	case head == "checktrialavailability" && len(path) == 1 && in.http.Method == http.MethodPost:
		return s.checkTrial(in, location)
	case head == "servicecomponents" && len(path) == 3 && strings.EqualFold(path[2], "checkAvailability") && in.http.Method == http.MethodPost &&
		in.version() >= "2025-09-01":
		return s.checkComponent(in, location, path[1])
	}
	return refuse(http.StatusNotFound, "InvalidResourceType", "The resource type 'locations/%s' could not be found in the namespace '%s'.", path[0], avs)
}

// avsVersions are the api-versions of Microsoft.AVS that are served, armVersions those of ARM's own types.
var (
	avsVersions = []string{"2022-05-01", "2023-03-01", "2023-09-01", "2024-09-01", "2025-09-01"}
	armVersions = []string{"2016-06-01", "2016-09-01", "2018-05-01", "2019-05-01", "2019-06-01", "2019-10-01", "2020-01-01", "2020-06-01", "2020-10-01",
		"2021-01-01", "2021-04-01", "2022-01-01", "2022-09-01", "2022-12-01", "2023-07-01", "2024-03-01", "2024-07-01", "2024-11-01", "2025-04-01"}
)

func (s *Server) checkedVersion(c *call, known []string, next func(*call) *answer) *answer {
	version := c.query.Get("api-version")
	switch {
	case version == "":
		return refuse(http.StatusBadRequest, "MissingApiVersionParameter", "The api-version query parameter (?api-version=) is required for all requests.")
	case slices.Contains(known, version):
		return next(c)
	case slices.Equal(known, avsVersions):
		return refuse(http.StatusBadRequest, "NoRegisteredProviderFound", "No registered resource provider found for API version '%s' in the namespace '%s'. "+
			"The supported api-versions are '%s'.", version, avs, strings.Join(known, ", "))
	}
	return refuse(http.StatusBadRequest, "InvalidApiVersionParameter", "The api-version '%s' is invalid. The supported versions are '%s'.",
		version, strings.Join(known, ","))
}

// action names what Azure's access control is asked for; ok is false where no right is needed.
func (s *Server) action(in *scoped) (string, bool) {
	verb := map[string]string{http.MethodGet: "read", http.MethodHead: "read", http.MethodPut: "write", http.MethodPatch: "write",
		http.MethodDelete: "delete"}[in.http.Method]
	at := -1
	for i, segment := range in.rest { // the last one: a lock or a metric of a resource is of its own provider
		if strings.EqualFold(segment, "providers") {
			at = i
		}
	}
	if at < 0 || at+1 >= len(in.rest) {
		kind := "Microsoft.Resources/subscriptions"
		if in.is(0, "resourcegroups") {
			kind += "/resourceGroups"
		}
		if isMove(in) {
			return kind + "/" + in.rest[2] + "/action", true
		}
		return kind + "/" + verb, verb != ""
	}
	if at == 0 && len(in.rest) == 2 && verb == "read" {
		return "Microsoft.Resources/subscriptions/providers/read", true // ARM itself answers for the registration
	}
	words := []string{in.rest[at+1]}
	below := in.rest[at+2:]
	if in.http.Method == http.MethodPost {
		return strings.Join(append(append(words, types(below[:max(0, len(below)-1)])...), append(below[max(0, len(below)-1):], "action")...), "/"), true
	}
	return strings.Join(append(append(words, types(below)...), verb), "/"), verb != ""
}

// types picks the type segments out of alternating types and names.
func types(path []string) []string {
	var out []string
	for i := 0; i < len(path); i += 2 {
		out = append(out, path[i])
	}
	return out
}

// scopeOf is the resource that an authorization error names: the path without an action.
func scopeOf(c *call) string {
	seg := c.segments
	if c.http.Method == http.MethodPost {
		seg = seg[:len(seg)-1]
	}
	return "/" + strings.Join(seg, "/")
}
