// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package armsim

import (
	"crypto/rand"
	"math/big"
	"net/http"
	"strings"
)

const (
	vcenterUser = "cloudadmin@vsphere.local"
	nsxtUser    = "cloudadmin"
)

// act carries out a POST on a resource.
func (s *Server) act(in *scoped, a *address, r *resource) *answer {
	if in.http.Method != http.MethodPost {
		return methodNotAllowed(in.call)
	}
	action, ok := a.typ.actions[strings.ToLower(a.action)]
	if !ok {
		return refuse(http.StatusNotFound, "InvalidResourceType", "The resource type '%s' has no action '%s'.", a.typ.name, a.action)
	}
	if !action.list {
		if _, refused := in.object(false); refused != nil {
			return refused
		}
	}
	if r == nil && a.parent != nil && action.onReserved != nil && a.typ.reserved(a.name) != nil {
		return action.onReserved(s, in, a.parent)
	}
	if r == nil && action.onRow != nil {
		for _, row := range a.typ.rows(s, a.parent, a.parents[len(a.parents)-1]) {
			if strings.EqualFold(lookupString(row, "name"), a.name) {
				return action.onRow(s, in, a, row)
			}
		}
	}
	if r == nil {
		return s.notFound(a)
	}
	return action.run(s, in, r)
}

// listAdminCredentials answers the passwords that work now. Before a private cloud has been built there are none to give.
func listAdminCredentials(_ *Server, _ *scoped, r *resource) *answer {
	if state := r.state(); state == "Building" || state == "Deleting" {
		return refuse(http.StatusConflict, "Conflict", "The credentials of the private cloud '%s' are not available while it is in state '%s'.", r.id, state)
	}
	return reply(http.StatusOK, map[string]any{
		"vcenterUsername": vcenterUser, "vcenterPassword": r.secrets[vcenterPassword],
		"nsxtUsername": nsxtUser, "nsxtPassword": r.secrets[nsxtPassword],
	})
}

// rotate makes a new password. The old one works until the operation ends; then the vCenter knows the new one only.
func rotate(secret string) func(s *Server, in *scoped, r *resource) *answer {
	return func(s *Server, in *scoped, r *resource) *answer {
		ch := &change{typ: r.typ, sub: in.sub, r: r, before: r.body, after: r.body}
		refused := s.editable(r, in.http.Method)
		if refused == nil {
			refused = s.busy(ch)
		}
		if refused != nil {
			return refused
		}
		password := newPassword()
		op := s.newOperation(in.call, r.id, in.sub, r.location())
		s.define(op, rotateKind, map[string]string{"secret": secret, "password": password})
		r.setState("Updating")
		s.run(op, s.draw(s.config.Durations.Rotate, "rotate/"+r.key()))
		return s.accepted(in.call, op, http.StatusAccepted, viaAsyncOperation, nil)
	}
}

// newPassword makes one that meets vCenter's rules: all four kinds of characters.
func newPassword() string {
	kinds := []string{"ABCDEFGHJKLMNPQRSTUVWXYZ", "abcdefghijkmnopqrstuvwxyz", "23456789", "!#%*+-_"}
	var out strings.Builder
	for i := range 20 {
		kind := kinds[i%len(kinds)]
		n, err := rand.Int(rand.Reader, big.NewInt(int64(len(kind))))
		if err != nil {
			panic("the system has no random numbers: " + err.Error())
		}
		out.WriteByte(kind[n.Int64()])
	}
	return out.String()
}
