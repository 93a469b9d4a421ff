// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/azure/tree"
	"github.com/avs-operator/avs-operator/controllers/ledger"
	"github.com/avs-operator/avs-operator/controllers/outcome"
)

// What Azure refused is kept in the object's status, so that neither whatever wakes it nor the next process asks the same again too soon.

// request is what the write that was taken up asks. hash is that of its body.
func (s *scope[T]) request(hash string) ledger.Request {
	q := ledger.Request{Verb: string(s.write.Verb), Action: s.write.Action, ID: s.id.Key(), Hash: hash}
	if s.write.Target != "" {
		q.ID = s.write.Target.Key()
	}
	return q
}

// asked is what an operation asked.
func asked(own arm.ID, op *v1alpha1.Operation) ledger.Request {
	q := ledger.Request{Verb: op.Verb, Action: op.Action, ID: own.Key(), Hash: op.BodyHash}
	if op.Target != "" {
		q.ID = arm.ID(op.Target).Key()
	}
	return q
}

// reading asks for the resource itself.
func (s *scope[T]) reading() ledger.Request {
	return ledger.Request{Verb: http.MethodGet, ID: s.id.Key()}
}

func (r *Reconciler[T]) refusals(s *scope[T]) ledger.Refusals {
	return ledger.Refusals{List: &s.stat().Refusals, Pace: r.Pace}
}

// asker is who asks: another credential, or a requested reconcile, is worth another try.
func (r *Reconciler[T]) asker(s *scope[T]) string {
	return ledger.Asker(r.Azure.Made(client.ObjectKeyFromObject(s.identity)), s.obj.GetAnnotations()[v1alpha1.AnnotationReconcileRequestedAt])
}

// refuse notes that Azure refused a request, and says what that means.
func (r *Reconciler[T]) refuse(s *scope[T], what ledger.Request, err error, o *outcome.Outcome) *outcome.Outcome {
	said := r.refusals(s).Refuse(what, r.asker(s), o, ledger.ConflictOf(err), r.Clock.Now())
	r.memory.RefusedNow(client.ObjectKeyFromObject(s.obj), tree.CloudKey(s.id), what.Key())
	return said
}

// refused is what Azure said to the same not long ago.
func (r *Reconciler[T]) refused(s *scope[T], what ledger.Request) *outcome.Outcome {
	stirred := false
	if r.refusals(s).Conflicting(what) {
		stirred = r.memory.ChangedSince(client.ObjectKeyFromObject(s.obj), tree.CloudKey(s.id), what.Key())
	}
	return r.refusals(s).Held(what, r.asker(s), stirred, r.Clock.Now())
}

// askAgain lets a reconcile that a person asked for ask what was refused before.
func (r *Reconciler[T]) askAgain(ctx context.Context, s *scope[T]) context.Context {
	if s.reconcileRequested() {
		return arm.AskAgain(ctx)
	}
	return ctx
}

// forgetRefusals forgets what was refused on the way: there is nothing more to ask.
func (r *Reconciler[T]) forgetRefusals(s *scope[T]) {
	if len(s.stat().Refusals) > 0 {
		s.stat().Refusals = nil
		r.memory.ForgetConflicts(client.ObjectKeyFromObject(s.obj), tree.CloudKey(s.id))
	}
}

// cloudOfChange is the private cloud that a change is in, empty if that cannot be told.
func cloudOfChange(change arm.Change) string {
	id := change.ID
	if id == "" {
		id = change.Collection
	}
	if !strings.Contains(id.Key(), "/microsoft.avs/privateclouds/") {
		return ""
	}
	return tree.CloudKey(id)
}

// conflictPause is how soon a reconcile that lost a race is repeated.
const conflictPause = 20 * time.Millisecond

// isGroupMissing tells a missing resource group from a missing resource: only the second is made.
func isGroupMissing(err error) bool {
	e, ok := asArm(err)
	return ok && strings.EqualFold(e.Code, "ResourceGroupNotFound")
}

// isParentMissing tells a missing resource from one whose parent is missing.
func isParentMissing(err error) bool {
	e, ok := asArm(err)
	return ok && strings.EqualFold(e.Code, "ParentResourceNotFound")
}

func asArm(err error) (*arm.Error, bool) {
	var e *arm.Error
	return e, errors.As(err, &e)
}
