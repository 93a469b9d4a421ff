// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package armsim

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// address is what a path below the namespace names: a resource, a collection or an action.
type address struct {
	typ       *resourceType
	group     string
	parent    *resource // of a child, when it exists
	name      string    // empty: the collection
	action    string
	parents   []string // names of the ancestors, outermost first
	ancestors []*resourceType
}

var resourceName = regexp.MustCompile(`^[-\w._]{1,128}$`)

func typeOf(parent *resourceType, segment string) *resourceType {
	for _, t := range resourceTypes {
		if t.parent == parent && strings.EqualFold(t.segment, segment) {
			return t
		}
	}
	return nil
}

// parse reads alternating types and names. A trailing type is a collection, or an action in a POST.
func parse(c *call, group string, path []string) (*address, *answer) {
	a := &address{group: group}
	if c.http.Method == http.MethodPost && len(path)%2 == 1 && len(path) > 1 {
		a.action, path = path[len(path)-1], path[:len(path)-1]
	}
	for i := 0; i < len(path); i += 2 {
		t := typeOf(a.typ, path[i])
		if t == nil || c.query.Get("api-version") < t.since {
			return nil, refuse(http.StatusNotFound, "InvalidResourceType", "The resource type '%s' could not be found in the namespace '%s' for api version '%s'.",
				strings.Join(types(path[:i+1]), "/"), avs, c.query.Get("api-version"))
		}
		if a.typ != nil {
			a.parents, a.ancestors = append(a.parents, a.name), append(a.ancestors, a.typ)
		}
		a.typ, a.name = t, ""
		if i+1 < len(path) {
			a.name = path[i+1]
		}
	}
	return a, nil
}

// key is the lower-case id of the resource with these ancestors and name.
func (a *address) key(sub *subscription, depth int, name string) string {
	id := sub.path() + "/resourcegroups/" + a.group + "/providers/" + avs
	for i := range depth {
		id += "/" + a.ancestors[i].segment + "/" + a.parents[i]
	}
	t := a.typ
	if depth < len(a.ancestors) {
		t = a.ancestors[depth]
	}
	return strings.ToLower(id + "/" + t.segment + "/" + name)
}

// under is the id of what the new resource lies under, as Azure writes it. A stand-in such as Cluster-1 is part of it.
func (a *address) under() string {
	id := a.parent.id
	at := slices.Index(a.ancestors, a.parent.typ)
	for i, t := range a.ancestors[at+1:] {
		name := a.parents[at+1+i]
		if t.standIn != "" {
			name = t.standIn
		}
		id += "/" + t.segment + "/" + name
	}
	return id
}

// version is the api-version of a request.
func (c *call) version() string { return c.query.Get("api-version") }

// resource answers everything that the table of types describes. s.mu is held.
func (s *Server) resource(in *scoped, group string, path []string) *answer {
	a, refused := parse(in.call, group, path)
	if refused != nil {
		return refused
	}
	if group == "" {
		if in.http.Method == http.MethodGet && a.typ.tracked && a.name == "" {
			return s.list(in, a)
		}
		return refuse(http.StatusNotFound, "InvalidResourceType", "The resource type '%s' has no such operation on subscription level.", a.typ.name)
	}
	g, ok := s.groups[strings.ToLower(in.sub.path()+"/resourceGroups/"+group)]
	if !ok {
		return groupNotFound(group)
	}
	if refused := s.findParent(in, a); refused != nil {
		return refused
	}
	if in.http.Method == http.MethodGet {
		if a.name == "" {
			return s.list(in, a)
		}
		return s.get(in, a)
	}
	if a.name == "" {
		return methodNotAllowed(in.call)
	}
	answered := s.write(in, g, a)
	s.remember(in.call, answered)
	return answered
}

// findParent walks down the ancestors. A reserved one, such as Cluster-1, has children without being a resource: its parent
// stands in for it.
func (s *Server) findParent(in *scoped, a *address) *answer {
	for depth, t := range a.ancestors {
		key := a.key(in.sub, depth, a.parents[depth])
		r, ok := s.resources[key]
		if !ok && (t.reserved == nil || t.reserved(a.parents[depth]) == nil || a.parent == nil) {
			if in.http.Method == http.MethodGet || in.http.Method == http.MethodDelete {
				return refuse(http.StatusNotFound, "ParentResourceNotFound", "Can not perform requested operation on nested resource. Parent resource '%s' not found.",
					strings.Join(a.parents[:depth+1], "/"))
			}
			return refuse(http.StatusNotFound, "ParentResourceNotFound",
				"Failed to perform 'write' on resource(s) of type '%s', because the parent resource '%s' could not be found.",
				strings.TrimPrefix(a.typ.name, avs+"/"), key)
		}
		if ok {
			a.parent = r
		} else if t.segment == "workloadNetworks" {
			s.seedNetwork(a.parent)
		}
	}
	return nil
}

func (s *Server) notFound(a *address) *answer {
	kind, name := avs, ""
	for i, t := range a.ancestors {
		kind, name = kind+"/"+t.segment, name+a.parents[i]+"/"
	}
	return refuse(http.StatusNotFound, "ResourceNotFound", "The Resource '%s/%s/%s' under resource group '%s' was not found. "+
		"For more details please go to https://aka.ms/ARMResourceNotFoundFix", kind, a.typ.segment, name+a.name, a.group)
}

func (s *Server) get(in *scoped, a *address) *answer {
	if a.typ.rows != nil {
		for _, row := range a.typ.rows(s, a.parent, a.parents[len(a.parents)-1]) {
			if strings.EqualFold(lookupString(row, "name"), a.name) {
				return reply(http.StatusOK, a.typ.shown(row, in.version()))
			}
		}
		return s.notFound(a)
	}
	r, ok := s.resources[a.key(in.sub, len(a.ancestors), a.name)]
	if !ok {
		return s.notFound(a)
	}
	if r.stale != nil && r.stale.left > 0 {
		if r.stale.left--; r.stale.body == nil {
			return s.notFound(a)
		}
		return reply(http.StatusOK, a.typ.shown(r.stale.body, in.version()))
	}
	return reply(http.StatusOK, s.show(r, r.body, in.version()))
}

// list answers a collection; of a tracked type also all of a subscription.
func (s *Server) list(in *scoped, a *address) *answer {
	if a.typ.rows != nil {
		list := a.typ.rows(s, a.parent, a.parents[len(a.parents)-1])
		for i := range list {
			list[i] = a.typ.shown(list[i], in.version())
		}
		return s.page(in.call, list)
	}
	prefix := strings.ToLower(in.sub.path()) + "/"
	if a.group != "" {
		prefix = a.key(in.sub, len(a.ancestors), "")
	}
	rows := slices.DeleteFunc(s.rowsUnder(a.typ, prefix), func(one row) bool { return in.fault.lacks(one.r.name) })
	show := func(i int) map[string]any { return s.show(rows[i].r, rows[i].body, in.version()) }
	if a.typ.filter == nil {
		return s.pageOf(in.call, len(rows), show)
	}
	list := make([]map[string]any, 0, len(rows))
	for i := range rows {
		list = append(list, show(i))
	}
	return s.filtered(in, a.typ, list)
}

// pageSize is how many items ARM usually puts into a page.
const pageSize = 100

func (s *Server) page(c *call, list []map[string]any) *answer {
	return s.pageOf(c, len(list), func(i int) map[string]any { return list[i] })
}

// pageOf answers one page of a list of total items and makes only those. The link to the next keeps the query and counts on.
func (s *Server) pageOf(c *call, total int, item func(i int) map[string]any) *answer {
	if c.http.Method != http.MethodGet {
		return methodNotAllowed(c)
	}
	start, err := strconv.Atoi(c.query.Get("$skiptoken"))
	if c.query.Get("$skiptoken") != "" && (err != nil || start < 0) {
		return refuse(http.StatusBadRequest, "InvalidSkipToken", "The skip token '%s' is invalid.", c.query.Get("$skiptoken"))
	}
	size := s.config.PageSize
	if top, err := strconv.Atoi(c.query.Get("$top")); err == nil && top > 0 && top < size {
		size = top
	}
	start = min(start, total)
	stop := min(start+size, total)
	value := make([]any, 0, stop-start)
	for i := start; i < stop; i++ {
		value = append(value, item(i))
	}
	body := map[string]any{"value": value}
	if stop < total {
		query := url.Values{}
		for name, values := range c.query {
			query[name] = values
		}
		query.Set("$skiptoken", strconv.Itoa(stop))
		body["nextLink"] = s.linkHost() + (&url.URL{Path: c.http.URL.Path}).EscapedPath() + "?" + query.Encode()
	}
	return reply(http.StatusOK, body)
}
