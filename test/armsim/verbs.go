// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package armsim

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// write carries out PUT, PATCH, DELETE and POST. s.mu is held.
func (s *Server) write(in *scoped, g *group, a *address) *answer {
	r := s.resources[a.key(in.sub, len(a.ancestors), a.name)]
	if a.action != "" {
		return s.act(in, a, r)
	}
	how := map[string]style{http.MethodPut: a.typ.put, http.MethodPatch: a.typ.patch, http.MethodDelete: a.typ.remove}[in.http.Method]
	if how == noVerb {
		return methodNotAllowed(in.call)
	}
	if a.typ.reserved != nil {
		if refused := a.typ.reserved(a.name); refused != nil {
			return refused
		}
	}
	if in.http.Method == http.MethodDelete {
		return s.delete(in, a, r, how)
	}
	body, refused := in.object(true)
	if refused == nil {
		body, refused = s.sentTo(a.typ, body, in.version())
	}
	if refused == nil {
		refused = in.sub.unregistered()
	}
	if refused == nil && g.deleting != nil {
		refused = groupDeleting(g)
	}
	if refused != nil {
		return refused
	}
	switch {
	case in.http.Method == http.MethodPatch && r == nil:
		return s.notFound(a)
	case in.http.Method == http.MethodPatch && a.typ.revised:
		return s.update(in, a, r, how, body, patchedWhole)
	case in.http.Method == http.MethodPatch:
		return s.update(in, a, r, how, body, patched)
	case r != nil:
		return s.update(in, a, r, how, body, replaced)
	}
	return s.create(in, a, how, body)
}

func (s *Server) create(in *scoped, a *address, how style, body map[string]any) *answer {
	t := a.typ
	if !resourceName.MatchString(a.name) {
		return refuse(http.StatusBadRequest, "InvalidResourceName",
			"The name '%s' of a resource of type '%s' is invalid: it must match '^[-\\w\\._]+$'.", a.name, t.name)
	}
	r := newResource(t, in.sub, a.group, a.name, a.parent)
	if a.parent != nil {
		r.id = a.under() + "/" + t.segment + "/" + a.name
	}
	ch := &change{typ: t, sub: in.sub, r: r, parent: a.parent, sent: body, fault: in.fault}
	ch.after = normal(t, merge(cloneObject(t.defaults), t.known(ch.accept(body))))
	if t.named != nil {
		if refused := t.named(s, ch); refused != nil {
			return refused
		}
	}
	if t.revised {
		put(ch.after, "properties.revision", float64(1))
	}
	if refused := s.allowed(ch); refused != nil {
		return refused
	}
	put(ch.after, "id", r.id)
	put(ch.after, "name", a.name)
	put(ch.after, "type", t.name)
	r.takeSecrets(ch)
	r.body = ch.after
	if t.fill != nil {
		t.fill(s, ch)
	}
	s.useCapacity(r.location(), ch.grows())
	s.keep(r)
	ch.after = cloneObject(r.body) // the operation leads to a body of its own, not to the one that GET shows meanwhile
	status := http.StatusCreated
	if t.parent == nil && generation2(ch.after) {
		status = http.StatusOK // of the second generation, and still Building: 200 is not done
	}
	return s.begin(in, ch, status, how, t.creating)
}

// patchedWhole is what a PATCH of an object of NSX leads to. What it leaves out is gone, except the name: Microsoft's examples send all other
// properties with the revision (WorkloadNetworks_UpdateSegments, UpdateDhcp, UpdatePortMirroring), and publish nothing about less.
func patchedWhole(t *resourceType, before, sent map[string]any) map[string]any {
	after := replaced(t, before, sent)
	if name, ok := lookup(before, "properties.displayName"); ok && lookupString(after, "properties.displayName") == "" {
		put(after, "properties.displayName", name)
	}
	return after
}

// patched and replaced compute the body that a PATCH or a PUT leads to.
func patched(t *resourceType, before, sent map[string]any) map[string]any {
	after := merge(before, sent)
	if tags, ok := sent["tags"]; ok {
		after["tags"] = clone(tags) // the map is replaced: there is no other way to take a tag away where null is refused
	}
	return after
}

// keepTagNames writes the names of tags as they were first written: ARM compares them without case.
// https://learn.microsoft.com/azure/azure-resource-manager/management/tag-resources
func keepTagNames(before, after map[string]any) {
	have, _ := before["tags"].(map[string]any)
	want, _ := after["tags"].(map[string]any)
	for name := range have {
		for _, other := range sortedKeys(want) {
			if other != name && strings.EqualFold(other, name) {
				want[name] = want[other]
				delete(want, other)
			}
		}
	}
}

func replaced(t *resourceType, before, sent map[string]any) map[string]any {
	after := merge(cloneObject(t.defaults), t.known(sent))
	for _, path := range slices.Concat(t.readOnly, t.immutable, t.kept, []string{"id", "name", "type"}) {
		if _, ok := lookup(after, path); ok {
			continue
		}
		if v, ok := lookup(before, path); ok {
			put(after, path, clone(v))
		}
	}
	return after
}

func (s *Server) update(in *scoped, a *address, r *resource, how style, body map[string]any,
	lead func(t *resourceType, before, sent map[string]any) map[string]any) *answer {
	t := a.typ
	ch := &change{typ: t, sub: in.sub, r: r, parent: a.parent, sent: body, before: cloneObject(r.body), fault: in.fault, whole: in.http.Method == http.MethodPut}
	sent := ch.accept(body)
	if refused := s.editable(r, in.http.Method); refused != nil {
		return refused
	}
	if refused := ch.checkPaths(sent, in.http.Method == http.MethodPatch); refused != nil {
		return refused
	}
	ch.after = normal(t, lead(t, ch.before, sent))
	for _, path := range t.newerThan(in.version()) {
		if v, ok := lookup(ch.before, path); ok {
			put(ch.after, path, clone(v)) // an older client cannot know it, and must not take it away
		}
	}
	keepTagNames(ch.before, ch.after)
	if t.revised {
		if refused := ch.checkRevision(sent); refused != nil {
			return refused
		}
	}
	if refused := s.allowed(ch); refused != nil {
		return refused
	}
	// A resource whose operation was canceled is not what its body says, so the same write again does the work.
	if r.state() == succeeded && equal(ch.before, ch.after) && len(ch.secret)+len(r.lostSecrets(ch)) == 0 {
		return reply(http.StatusOK, t.shown(r.body, in.version()))
	}
	s.useCapacity(r.location(), max(0, ch.grows()))
	status := http.StatusOK
	if in.http.Method == http.MethodPatch {
		status = http.StatusAccepted
		if t.size != "" {
			status = http.StatusCreated // of private clouds and clusters 202 is an error to every client of AVS, of the others 201 is
		}
	}
	return s.begin(in, ch, status, how, t.updating)
}

func (s *Server) delete(in *scoped, a *address, r *resource, how style) *answer {
	if r == nil {
		return reply(http.StatusNoContent, nil)
	}
	if r.op != nil && r.state() == "Deleting" {
		return s.accepted(in.call, r.op, http.StatusAccepted, how, nil)
	}
	if refused := s.editable(r, in.http.Method); refused != nil {
		return refused
	}
	ch := &change{typ: a.typ, sub: in.sub, r: r, parent: a.parent, before: cloneObject(r.body), remove: true, fault: in.fault}
	state := "Deleting"
	if a.typ.cancellable && r.op != nil && r.state() != "Cancelling" {
		r.op.ending, r.op, state = "Cancelled", nil, "Cancelling"
	}
	if a.typ.removable != nil {
		if refused := a.typ.removable(s, ch); refused != nil {
			return refused
		}
	}
	if refused := s.busy(ch); refused != nil {
		return refused
	}
	return s.begin(in, ch, http.StatusAccepted, how, state)
}

// begin starts the operation of a change and answers the request.
func (s *Server) begin(in *scoped, ch *change, status int, how style, state string) *answer {
	r, t := ch.r, ch.typ
	before := cloneObject(ch.before)
	s.lagBehind(r, ch.create())
	r.setState(state)
	op := s.newOperation(in.call, r.id, in.sub, r.location())
	op.change = ch
	s.define(op, changeKind, nil)
	if ch.create() && in.fault != nil && in.fault.StaleGets > 0 {
		r.stale = &staleReads{left: in.fault.StaleGets}
	}
	if how == synchronous {
		s.end(op, nil)
		if ch.remove {
			return reply(http.StatusOK, nil)
		}
		return reply(status, t.shown(r.body, in.version()))
	}
	verb := strings.ToLower(in.http.Method)
	length := s.draw(t.length(s, ch), verb+"/"+r.key())
	if in.fault != nil && in.fault.Lasts > 0 {
		length = in.fault.Lasts
	}
	s.run(op, length)
	var body any
	switch {
	case in.fault != nil && in.fault.EchoOldBody && before != nil && !ch.remove:
		body = t.shown(before, in.version())
	case !ch.remove && status != http.StatusAccepted:
		shown := t.shown(r.body, in.version())
		if t.silent && ch.create() {
			remove(shown, "properties.provisioningState")
		}
		body = shown
	}
	return s.accepted(in.call, op, status, how, body)
}

// finish makes the effect of a change. s.mu is held.
func (s *Server) finish(ch *change, state string, fault *Fault) {
	r := ch.r
	seen := cloneObject(ch.before)
	r.op, r.target = nil, nil
	if s.resources[r.key()] != r {
		return // somebody took it away meanwhile
	}
	s.lagBehind(r, false)
	if ch.remove && state == succeeded {
		s.drop(r)
		return
	}
	grown := ch.grows()
	if state == succeeded {
		s.complete(ch, fault, seen, grown)
	} else if ch.create() {
		r.hide(unbornKey, true)
	} else if !ch.remove {
		s.useCapacity(r.location(), -max(0, grown))
	}
	r.setState(state)
}

// complete ends a change that succeeded; grown is by how many hosts, seen what a read showed before it. s.mu is held.
func (s *Server) complete(ch *change, fault *Fault, seen map[string]any, grown int) {
	r := ch.r
	modified := time.Now()
	r.body = ch.after
	if fault != nil && len(fault.Stores) > 0 {
		r.body = merge(r.body, fault.Stores)
	}
	r.takeSecrets(ch)
	if ch.typ.finish != nil {
		ch.typ.finish(s, r, ch)
	}
	delete(r.hidden, unbornKey)
	put(r.body, "systemData.lastModifiedAt", timestamp(modified))
	if grown < 0 {
		s.useCapacity(r.location(), grown)
	}
	if fault != nil && fault.StaleGets > 0 && seen != nil {
		r.stale = &staleReads{left: fault.StaleGets, body: seen}
	}
}
