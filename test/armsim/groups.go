// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package armsim

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// group is a resource group.
type group struct {
	subscription, name, location string
	tags                         map[string]any
	deleting, moving             *operation
}

func newGroup(subscription, name, location string, tags map[string]any) *group {
	if tags == nil {
		tags = map[string]any{}
	}
	return &group{subscription: subscription, name: name, location: location, tags: tags}
}

func (g *group) path() string {
	return "/subscriptions/" + g.subscription + "/resourceGroups/" + g.name
}
func (g *group) key() string { return strings.ToLower(g.path()) }

func (g *group) body() map[string]any {
	state := succeeded
	if g.deleting != nil {
		state = "Deleting"
	}
	return map[string]any{
		"id": g.path(), "name": g.name, "type": "Microsoft.Resources/resourceGroups", "location": g.location,
		"tags": cloneObject(g.tags), "properties": map[string]any{"provisioningState": state},
	}
}

var groupName = regexp.MustCompile(`^[-\w._()]{0,89}[-\w_()]$`)

// resourceGroups serves the collection, one group, and the list of what is in it.
func (s *Server) resourceGroups(in *scoped) *answer {
	method := in.http.Method
	if len(in.rest) == 1 {
		if method != http.MethodGet {
			return methodNotAllowed(in.call)
		}
		return s.listGroups(in)
	}
	name := in.rest[1]
	g, ok := s.groups[strings.ToLower(in.sub.path()+"/resourceGroups/"+name)]
	switch {
	case !ok && method == http.MethodDelete:
		return groupNotFound(name)
	case !ok && (method != http.MethodPut || len(in.rest) > 2):
		return groupNotFound(name)
	case len(in.rest) == 3 && method == http.MethodGet:
		return s.listGroupResources(in, g)
	case isMove(in):
		return s.moveResources(in, g)
	case len(in.rest) != 2:
		return methodNotAllowed(in.call)
	}
	switch method {
	case http.MethodGet:
		return reply(http.StatusOK, g.body())
	case http.MethodHead:
		return reply(http.StatusNoContent, nil)
	case http.MethodPut:
		return s.putGroup(in, g, name)
	case http.MethodPatch:
		return s.patchGroup(in, g)
	case http.MethodDelete:
		return s.deleteGroup(in, g)
	}
	return methodNotAllowed(in.call)
}

func groupNotFound(name string) *answer {
	return refuse(http.StatusNotFound, "ResourceGroupNotFound", "Resource group '%s' could not be found.", name)
}

func (s *Server) listGroups(in *scoped) *answer {
	var list []map[string]any
	for _, key := range sortedKeys(s.groups) {
		if g := s.groups[key]; strings.EqualFold(g.subscription, in.sub.config.ID) {
			list = append(list, g.body())
		}
	}
	return s.page(in.call, list)
}

// listGroupResources lists tracked resources only, as ARM does: private clouds, but not their clusters.
func (s *Server) listGroupResources(in *scoped, g *group) *answer {
	list := []map[string]any{}
	for _, e := range s.index.under(g.key() + "/") {
		r := e.r
		if !r.typ.tracked {
			continue
		}
		item := map[string]any{}
		for _, name := range []string{"id", "name", "type", "location", "tags", "sku"} {
			if v, ok := r.body[name]; ok {
				item[name] = clone(v)
			}
		}
		if strings.Contains(in.query.Get("$expand"), "provisioningState") {
			item["provisioningState"] = r.state()
		}
		list = append(list, item)
	}
	return s.page(in.call, list)
}

func (s *Server) putGroup(in *scoped, g *group, name string) *answer {
	body, refused := in.object(true)
	if refused != nil {
		return refused
	}
	location := lookupString(body, "location")
	switch {
	case location == "":
		return refuse(http.StatusBadRequest, "LocationRequired", "The location property is required for this definition.")
	case !knownLocation(location):
		return refuse(http.StatusBadRequest, "LocationNotAvailableForResourceGroup", "The provided location '%s' is not available for resource group.", location)
	case !groupName.MatchString(name):
		return refuse(http.StatusBadRequest, "InvalidResourceGroupName",
			"The provided resource group name '%s' has these invalid characters or ends with a period.", name)
	case g != nil && g.location != normalLocation(location):
		return refuse(http.StatusConflict, "InvalidResourceGroupLocation",
			"Invalid resource group location '%s'. The Resource group already exists in location '%s'.", location, g.location)
	case g != nil && g.deleting != nil:
		return groupDeleting(g)
	}
	tags, _ := lookup(body, "tags")
	object, _ := tags.(map[string]any)
	if g != nil {
		g.tags = newGroup("", "", "", cloneObject(object)).tags
		return reply(http.StatusOK, g.body())
	}
	g = newGroup(in.sub.config.ID, name, normalLocation(location), cloneObject(object))
	s.groups[g.key()] = g
	return reply(http.StatusCreated, g.body())
}

func (s *Server) patchGroup(in *scoped, g *group) *answer {
	body, refused := in.object(true)
	if refused != nil {
		return refused
	}
	if g.deleting != nil {
		return groupDeleting(g)
	}
	if tags, ok := body["tags"].(map[string]any); ok {
		g.tags = cloneObject(tags)
	}
	return reply(http.StatusOK, g.body())
}

func groupDeleting(g *group) *answer {
	return refuse(http.StatusConflict, "ResourceGroupBeingDeleted",
		"The resource group '%s' is in deprovisioning state and cannot perform this operation.", g.name)
}

// deleteGroup deletes what is in the group with it, which takes as long as the longest of them.
func (s *Server) deleteGroup(in *scoped, g *group) *answer {
	if g.deleting != nil {
		return s.accepted(in.call, g.deleting, http.StatusAccepted, viaLocation, nil)
	}
	length := s.draw(s.config.Durations.DeleteResourceGroup, "delete/"+g.key())
	var inside []*resource
	for _, e := range s.index.under(g.key() + "/") {
		r := e.r
		if r.op != nil {
			return refuse(http.StatusConflict, "ResourceGroupDeletionBlocked",
				"Deletion of resource group '%s' failed as resources with identifiers '%s' have another operation in progress.", g.name, r.id)
		}
		inside = append(inside, r)
	}
	if slices.ContainsFunc(inside, func(r *resource) bool { return r.typ.tracked }) {
		length += s.draw(s.config.Durations.DeletePrivateCloud, "delete/"+g.key()+"/inside")
	}
	op := s.newOperation(in.call, g.path(), in.sub, g.location)
	s.define(op, deleteGroupKind, nil)
	for _, r := range inside {
		r.op = op
		r.setState("Deleting")
	}
	s.run(op, length)
	return s.accepted(in.call, op, http.StatusAccepted, viaLocation, nil)
}
