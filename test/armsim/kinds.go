// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package armsim

import (
	"strings"
)

// An operation has to survive being saved to a file and loaded by another process, so what it does is not a closure that a
// handler made, but a kind and its arguments, from which work and finish can be made again at any time.

// operationKind sets work and finish of op from op.args, op.change and op.fault. s.mu is held.
type operationKind func(s *Server, op *operation)

// The kinds. Handlers begin an operation with Server.define and one of these names.
const (
	changeKind      = "change"         // op.change, carried out by the hooks of its type
	rotateKind      = "rotatePassword" // args secret (path) and password
	deleteGroupKind = "deleteGroup"    // of the resource group op.resourceID
)

var operationKinds = map[string]operationKind{}

func init() {
	// In init, because the kinds reach the map through the server.
	operationKinds[changeKind] = changeOperation
	operationKinds[rotateKind] = rotateOperation
	operationKinds[deleteGroupKind] = deleteGroupOperation
}

// define says what op does. s.mu is held.
func (s *Server) define(op *operation, kind string, args map[string]string) {
	op.kind, op.args = kind, args
	operationKinds[kind](s, op)
}

func changeOperation(s *Server, op *operation) {
	ch, fault := op.change, op.fault
	op.withResult = !ch.remove
	op.finish = func(end string) {
		if ch.r.op == op { // else a deletion has taken its place
			s.finish(ch, end, fault)
		}
	}
	if ch.typ.work != nil && !(ch.remove && ch.r.unborn()) {
		op.work = ch.typ.work(s, ch)
	}
	ch.r.op, ch.r.target = op, ch.after
}

func rotateOperation(s *Server, op *operation) {
	r, secret, password := s.resources[strings.ToLower(op.resourceID)], op.args["secret"], op.args["password"]
	op.groupPath = r.id[:strings.Index(r.id, "/providers/")]
	if secret == vcenterPassword {
		op.work = func() error { return s.setLivePassword(r.key(), password) }
	}
	r.op = op
	op.finish = func(state string) {
		r.op = nil
		if state == succeeded {
			r.secrets[secret] = password
		}
		r.setState(succeeded) // a rotation that failed has changed nothing
	}
}

func deleteGroupOperation(s *Server, op *operation) {
	g := s.groups[strings.ToLower(op.resourceID)]
	op.armsOwn = true
	g.deleting = op
	op.finish = func(state string) {
		g.deleting = nil
		for _, key := range sortedKeys(s.resources) {
			r := s.resources[key]
			if r == nil || r.op != op {
				continue // not of this group, or gone with its parent
			}
			if r.op = nil; state == succeeded {
				s.drop(r)
			} else {
				r.setState(state)
			}
		}
		if state == succeeded {
			delete(s.groups, g.key())
			s.forgetReplays(g.key())
			s.dropLocks(g.key())
		}
	}
}
