// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package armsim

import (
	"fmt"
	"net/http"
	"strings"
)

// A move gives a private cloud, with all that is in it, another resource group, perhaps of another subscription, and so another id. Tags, bodies,
// secrets and vCenter stay. https://learn.microsoft.com/azure/azure-vmware/move-ea-csp-subscriptions and
// https://learn.microsoft.com/azure/azure-resource-manager/management/move-resource-group-and-subscription

// The operations of a move. Their resource is the group that is left; args resources (ids, a line each), target (the id of the group), and code and
// message of what stands in the way, if anything.
const (
	moveKind         = "moveResources"
	validateMoveKind = "validateMoveResources"
)

func init() {
	operationKinds[moveKind] = moveOperation
	operationKinds[validateMoveKind] = validateMoveOperation
}

// isMove tells both actions from everything else of a resource group.
func isMove(in *scoped) bool {
	return in.http.Method == http.MethodPost && len(in.rest) == 3 && in.is(0, "resourcegroups") && (in.is(2, moveKind) || in.is(2, validateMoveKind))
}

// moveResources answers both actions: 202 and Location, which ends in 204, or in 409 with what stands in the way. s.mu is held.
func (s *Server) moveResources(in *scoped, from *group) *answer {
	body, refused := in.object(true)
	if refused != nil {
		return refused
	}
	target, ok := body["targetResourceGroup"].(string)
	list, _ := body["resources"].([]any)
	if !ok || len(list) == 0 {
		return refuse(http.StatusBadRequest, "InvalidRequestContent",
			"The request content needs 'resources', a list of ids, and 'targetResourceGroup', the id of a resource group.")
	}
	to := s.groups[strings.ToLower(target)]
	if to == nil {
		return groupNotFound(target[strings.LastIndex(target, "/")+1:])
	}
	sub := s.subscriptions[strings.ToLower(to.subscription)]
	if refused := s.authorize(in.call, sub, "Microsoft.Resources/subscriptions/resourceGroups/write", to.path()); refused != nil {
		return refused
	}
	if from == to {
		return refuse(http.StatusBadRequest, "ResourceMoveInvalidRequest", "The source and the target resource group are the same.")
	}
	var ids []string
	for _, one := range list {
		id := fmt.Sprint(one)
		r := s.resources[strings.ToLower(id)]
		switch {
		case !strings.HasPrefix(strings.ToLower(id), from.key()+"/"):
			return refuse(http.StatusBadRequest, "ResourceMoveInvalidRequest", "The resource '%s' is not in the resource group '%s'.", id, from.name)
		case r == nil:
			return refuse(http.StatusNotFound, "ResourceNotFound", "The Resource '%s' under resource group '%s' was not found. "+
				"For more details please go to https://aka.ms/ARMResourceNotFoundFix", id[strings.Index(id, "/providers/")+len("/providers/"):], from.name)
		case !r.typ.tracked:
			return refuse(http.StatusBadRequest, "ResourceMoveInvalidRequest", "The resource '%s' moves with its parent and cannot be moved by itself.", id)
		}
		ids = append(ids, r.key())
	}
	for _, g := range []*group{from, to} {
		if g.deleting != nil {
			return groupDeleting(g)
		}
		if g.moving != nil {
			return beingMoved(g)
		}
	}
	kind := moveKind
	if in.is(2, validateMoveKind) {
		kind = validateMoveKind
	}
	op := s.newOperation(in.call, from.path(), in.sub, from.location)
	if code, message := s.againstMove(ids, from, to, sub); code != "" {
		op.ending, op.code, op.message = failed, code, message
	}
	s.define(op, kind, map[string]string{"resources": strings.Join(ids, "\n"), "target": to.key()})
	s.run(op, s.draw(s.config.Durations.MoveResources, kind+"/"+from.key()))
	return s.accepted(in.call, op, http.StatusAccepted, viaLocation, nil)
}

// againstMove is what the providers find against a move. The codes are those of Microsoft's "Troubleshoot moving Azure resources".
func (s *Server) againstMove(ids []string, from, to *group, sub *subscription) (code, message string) {
	for _, g := range []*group{from, to} {
		for _, id := range sortedKeys(s.locks) {
			if l := s.locks[id]; l.Level == readOnly && below(g.key(), l.Scope) {
				return "ScopeLocked", "The scope '" + g.path() + "' cannot perform write operation because following scope(s) are locked: '" + l.Scope + "'."
			}
		}
	}
	if source := s.subscriptions[strings.ToLower(from.subscription)]; !strings.EqualFold(source.config.TenantID, sub.config.TenantID) {
		return "ResourceMoveInvalidRequest", "The source and the target subscription are in different tenants."
	}
	if sub.unregistered() != nil {
		return "MissingRegistrationsForTypes", "The subscription is not registered for the resource type 'Microsoft.AVS/privateClouds'."
	}
	for _, id := range ids {
		r := s.resources[id]
		if s.resources[movedKey(r, to)] != nil {
			return "ResourceMoveProviderValidationFailed", "The resource '" + r.name + "' already exists in the target resource group."
		}
		if generation2(r.body) {
			// "Design considerations for Generation 2": a limitation
			return "ResourceMoveProviderValidationFailed", "A private cloud in a virtual network cannot be moved."
		}
		for _, one := range append(s.below(r), r) {
			if one.op != nil || one.typ.parent == nil && one.state() != succeeded {
				return "ResourceMoveProviderValidationFailed",
					"MoveCannotProceedWithResourcesNotInSucceededState: the resource '" + one.id + "' is in state '" + one.state() + "'."
			}
		}
	}
	return "", ""
}

// beingMoved refuses what a move keeps out: writes, deletes and actions that change, in both groups until it has ended.
func beingMoved(g *group) *answer {
	return refuse(http.StatusConflict, "ResourceGroupBeingMoved",
		"The resource group '%s' is locked because resources are being moved out of it or into it. Please retry when the move has ended.", g.name)
}

// locksOfMove refuses it. s.mu is held.
func (s *Server) locksOfMove(in *scoped) *answer {
	last := strings.ToLower(in.segments[len(in.segments)-1])
	reads := in.http.Method == http.MethodGet || in.http.Method == http.MethodHead ||
		in.http.Method == http.MethodPost && (strings.HasPrefix(last, "list") || strings.HasPrefix(last, "get"))
	if reads || isMove(in) || len(in.rest) < 2 || !in.is(0, "resourcegroups") {
		return nil
	}
	if g := s.groups[strings.ToLower(in.sub.path()+"/resourceGroups/"+in.rest[1])]; g != nil && g.moving != nil {
		return beingMoved(g)
	}
	return nil
}

func moveOperation(s *Server, op *operation) {
	from, to := s.groups[strings.ToLower(op.resourceID)], s.groups[op.args["target"]]
	op.armsOwn, op.noContent = true, true
	from.moving, to.moving = op, op
	op.finish = func(state string) {
		from.moving, to.moving = nil, nil
		if state != succeeded {
			return
		}
		for _, id := range strings.Split(op.args["resources"], "\n") {
			if r := s.resources[id]; r != nil {
				s.move(r, to)
			}
		}
	}
}

func validateMoveOperation(_ *Server, op *operation) {
	op.armsOwn, op.noContent = true, true
	op.finish = func(string) {}
}

// movedID is the id that a private cloud has in another group.
func movedID(r *resource, to *group) string {
	return "/subscriptions/" + to.subscription + "/resourcegroups/" + to.name + r.id[strings.Index(r.id, "/providers/"):]
}

func movedKey(r *resource, to *group) string { return strings.ToLower(movedID(r, to)) }

// move gives a private cloud and all that is in it their new ids. The service knows its own resources, so it names them by the new ids everywhere; a
// lock belongs to what it locks and goes along. s.mu is held.
func (s *Server) move(cloud *resource, to *group) {
	was, is := cloud.id, movedID(cloud, to)
	sub := s.subscriptions[strings.ToLower(to.subscription)]
	for _, r := range append(s.below(cloud), cloud) {
		s.haunt(r)
		delete(s.resources, r.key())
		s.index.remove(r.key())
		r.id, r.sub = is+r.id[len(was):], sub
		s.lagBehind(r, true)
		s.keep(r)
	}
	for _, r := range s.resources {
		for _, body := range []map[string]any{r.body, r.target, r.hidden} {
			renameIn(body, was, is)
		}
	}
	for key, l := range s.locks {
		if rest, in := insideOf(l.Scope, was); in {
			delete(s.locks, key)
			l.Scope = is + rest
			s.locks[l.key()] = l
		}
	}
	if live, ok := s.clouds[strings.ToLower(was)]; ok {
		delete(s.clouds, strings.ToLower(was))
		s.clouds[strings.ToLower(is)] = live
	}
	s.forgetReplays(strings.ToLower(was))
}

// insideOf is what follows the id of a resource in an id in it.
func insideOf(id, of string) (rest string, in bool) {
	if !below(strings.ToLower(id), of) {
		return "", false
	}
	return id[len(of):], true
}

// renameIn writes the ids in a body anew.
func renameIn(value any, was, is string) any {
	switch at := value.(type) {
	case string:
		if rest, in := insideOf(at, was); in {
			return is + rest
		}
	case map[string]any:
		for key, inner := range at {
			at[key] = renameIn(inner, was, is)
		}
	case []any:
		for i, inner := range at {
			at[i] = renameIn(inner, was, is)
		}
	}
	return value
}
