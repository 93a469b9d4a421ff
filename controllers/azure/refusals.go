// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"context"
	"net/http"
	"strings"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/azure/tree"
	"github.com/avs-operator/avs-operator/controllers/ledger"
	"github.com/avs-operator/avs-operator/controllers/outcome"
)

// What Azure refused is kept in the object's status, so that neither whatever wakes it nor the next process asks the same again too soon.

// requestOf is what a write asks. hash is that of its body.
func (s *scope[T]) requestOf(w write, hash string) ledger.Request {
	q := ledger.Request{Verb: string(w.verb), Action: w.action, ID: s.id.Key(), Hash: hash}
	if w.target != "" {
		q.ID = w.target.Key()
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
	r.memory.refusedIn(client.ObjectKeyFromObject(s.obj), tree.CloudKey(s.id), what.Key(), true)
	return said
}

// refused is what Azure said to the same not long ago.
func (r *Reconciler[T]) refused(s *scope[T], what ledger.Request) *outcome.Outcome {
	stirred := false
	if r.refusals(s).Conflicting(what) {
		stirred = r.memory.refusedIn(client.ObjectKeyFromObject(s.obj), tree.CloudKey(s.id), what.Key(), false)
	}
	return r.refusals(s).Held(what, r.asker(s), stirred, r.Clock.Now())
}

// withheld is what Azure said to a write not long ago: it need not wait for its turn in a lane to say so.
func (r *Reconciler[T]) withheld(ctx context.Context, s *scope[T], w *write) *outcome.Outcome {
	name, _, o := r.hash(ctx, s, *w)
	if o == nil {
		o = r.Publisher.Freeze.Hold(w.what())
	}
	if o == nil {
		o = r.refused(s, s.requestOf(*w, name))
	}
	if o != nil {
		r.released(s)
	}
	return o
}

// anew lets a reconcile that a person asked for ask what was refused before.
func (r *Reconciler[T]) anew(ctx context.Context, s *scope[T]) context.Context {
	if s.askedAnew() {
		return arm.AskAgain(ctx)
	}
	return ctx
}

// askedAnew says that a person asks for a reconcile.
func (s *scope[T]) askedAnew() bool {
	return s.obj.GetAnnotations()[v1alpha1.AnnotationReconcileRequestedAt] != s.before.AzureStatus().LastHandledReconcileAt
}

// conflicts know which objects wait for another operation in a private cloud to end, so that a change there wakes them.
type conflicts struct {
	// changes that were seen, by private cloud.
	changes map[string]int
	// waiting are the requests that wait, by private cloud and object, with the changes that had been seen when they were refused.
	waiting map[string]map[types.NamespacedName]map[string]int
}

// refusedIn notes that a request was refused just now, or asks whether anything has changed in the private cloud since it was.
func (m *memory) refusedIn(key types.NamespacedName, cloud, request string, now bool) (stirred bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	c := &m.conflicts
	if c.waiting == nil {
		c.waiting, c.changes = map[string]map[types.NamespacedName]map[string]int{}, map[string]int{}
	}
	if c.waiting[cloud] == nil {
		c.waiting[cloud] = map[types.NamespacedName]map[string]int{}
	}
	if c.waiting[cloud][key] == nil {
		c.waiting[cloud][key] = map[string]int{}
	}
	before, known := c.waiting[cloud][key][request]
	if now || !known {
		c.waiting[cloud][key][request] = c.changes[cloud]
		return false
	}
	return c.changes[cloud] > before
}

// stir notes a change in a private cloud, and names those that wait for one.
func (m *memory) stir(cloud string) (out []types.NamespacedName) {
	m.mu.Lock()
	defer m.mu.Unlock()
	c := &m.conflicts
	if len(c.waiting[cloud]) == 0 {
		return nil
	}
	c.changes[cloud]++
	for key := range c.waiting[cloud] {
		out = append(out, key)
	}
	return out
}

// settled forgets what an object waited for.
func (m *memory) settled(key types.NamespacedName, cloud string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.conflicts.waiting[cloud], key)
	if len(m.conflicts.waiting[cloud]) == 0 {
		delete(m.conflicts.waiting, cloud)
	}
}

// converged forgets what was refused on the way: there is nothing more to ask.
func (r *Reconciler[T]) converged(s *scope[T]) {
	if len(s.stat().Refusals) > 0 {
		s.stat().Refusals = nil
		r.memory.settled(client.ObjectKeyFromObject(s.obj), tree.CloudKey(s.id))
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
