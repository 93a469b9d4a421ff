// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/azure/decide"
	"github.com/avs-operator/avs-operator/controllers/azure/kind"
	"github.com/avs-operator/avs-operator/controllers/azure/lane"
	"github.com/avs-operator/avs-operator/controllers/azure/recall"
	"github.com/avs-operator/avs-operator/controllers/azure/tree"
	"github.com/avs-operator/avs-operator/controllers/ledger"
	"github.com/avs-operator/avs-operator/controllers/outcome"
	"github.com/avs-operator/avs-operator/controllers/text"
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

// justDone holds a write back that was done a moment ago and that a read has agreed with: another of ARM's replicas may still answer with what
// was before. After that a difference is one that somebody made.
func (r *Reconciler[T]) justDone(s *scope[T], what ledger.Request) *outcome.Outcome {
	if done, lately := r.lastDone(s); !lately || done != what {
		return nil
	}
	return outcome.Wait(v1alpha1.ReasonAzureBusy,
		"Azure has just done this, and its answers do not all show it yet: it is looked at again before it is asked once more").In(5 * time.Second)
}

// lastDone is the last write that a read agreed with, and whether that was so lately that another replica may not show it yet.
func (r *Reconciler[T]) lastDone(s *scope[T]) (done ledger.Request, lately bool) {
	r.memory.Do(client.ObjectKeyFromObject(s.obj), func(m *recall.Object) {
		done, lately = m.Done, time.Since(m.DoneAt) < ledger.Agreement.Real(r.Pace)
	})
	return done, lately
}

// Book is the ledger of writes to Azure.
func (s *Shared) Book() ledger.Book { return ledger.Book{Pace: s.Pace, Clock: s.Clock} }

// entry is an operation as the ledger's sentences name it.
func entry(op *v1alpha1.Operation) ledger.Entry { return Entry(op, opName(op)) }

// Entry is an operation on record, called by name.
func Entry(op *v1alpha1.Operation, name string) ledger.Entry {
	return ledger.Entry{
		Name: fmt.Sprintf("%s (operation %s)", name, op.ID), Where: "Azure", Reason: v1alpha1.ReasonOperationUnknown,
		Attempt: op.Attempt, Deadline: op.Deadline.Time,
	}
}

// holder names an object in the lanes.
func (r *Reconciler[T]) holder(key types.NamespacedName) string {
	return r.kind.Name + "/" + key.String()
}

// objectOf is the object that a holder of the lanes names, if it is of this kind.
func (r *Reconciler[T]) objectOf(holder string) (types.NamespacedName, bool) {
	rest, ok := strings.CutPrefix(holder, r.kind.Name+"/")
	if !ok {
		return types.NamespacedName{}, false
	}
	namespace, name, ok := strings.Cut(rest, "/")
	return types.NamespacedName{Namespace: namespace, Name: name}, ok
}

// inLane says that an operation is one of Azure VMware Solution, which goes through a lane; a lock is not.
func inLane(op *v1alpha1.Operation) bool {
	return op.Target == "" || strings.HasPrefix(strings.ToLower(arm.ID(op.Target).Type()), "microsoft.avs/")
}

// holdLane gives an operation that is on record its lane, whoever began it.
func (r *Reconciler[T]) holdLane(s *scope[T], op *v1alpha1.Operation) {
	if inLane(op) {
		r.Lanes.Seat(tree.CloudKey(s.id), r.kind.Lane, r.holder(client.ObjectKeyFromObject(s.obj)))
	}
}

// leaveTurn ends the turn of a record that is looked up, and leaves its object its place among those that wait.
func (r *Reconciler[T]) leaveTurn(s *scope[T]) {
	r.Lanes.Unseat(tree.CloudKey(s.id), r.kind.Lane, r.holder(client.ObjectKeyFromObject(s.obj)))
}

// releaseLane lets the lane go, or the place in its queue.
func (r *Reconciler[T]) releaseLane(s *scope[T]) {
	s.inLane = false
	r.Lanes.Release(tree.CloudKey(s.id), r.kind.Lane, r.holder(client.ObjectKeyFromObject(s.obj)))
}

// leaveLane gives up what an object had in the lane of a private cloud that it is in no longer: its turn, its waiting, and the resource that the lane
// was told Azure works on, because nobody is left who would say that it is over.
func (r *Reconciler[T]) leaveLane(key types.NamespacedName, cloud, busy string) {
	if cloud == "" {
		return
	}
	r.memory.ForgetConflicts(key, cloud)
	r.Lanes.Release(cloud, r.kind.Lane, r.holder(key))
	if busy != "" {
		r.Lanes.Busy(cloud, r.kind.Lane, busy, "")
	}
}

// markBusy holds the lane while Azure works on a resource that excludes others, whoever began it: the portal, another tool, Azure itself.
func (r *Reconciler[T]) markBusy(s *scope[T]) {
	if r.kind.Lane != lane.Hosts || s.stat().Operation != nil {
		return
	}
	busy, who := "", ""
	if s.actual != nil && !arm.IsTerminal(s.actual.ProvisioningState()) {
		busy, who = s.id.Key(), fmt.Sprintf("Azure itself (%s %s)", r.kind.Name, s.actual.ProvisioningState())
	}
	var was string
	r.memory.Do(client.ObjectKeyFromObject(s.obj), func(m *recall.Object) { was, m.Busy = m.Busy, busy })
	if was != busy || busy != "" {
		r.Lanes.Busy(tree.CloudKey(s.id), r.kind.Lane, s.id.Key(), who)
	}
}

// clearBusy takes back what the lane was told, when the object cannot look any more: nobody else would.
func (r *Reconciler[T]) clearBusy(s *scope[T]) {
	var busy, cloud string
	r.memory.Do(client.ObjectKeyFromObject(s.obj), func(m *recall.Object) {
		busy, cloud = m.Busy, m.Cloud
		m.Busy = ""
	})
	if busy != "" {
		r.Lanes.Busy(cloud, r.kind.Lane, busy, "")
	}
}

// LaneHeld says who has the lane that somebody waits for, and that it takes too long if it does.
func LaneHeld(ticket lane.Ticket, what string) *outcome.Outcome {
	who := ticket.Holder
	if who == "" {
		who = "another object"
	}
	if ticket.Late != "" {
		return outcome.Wait(v1alpha1.ReasonTakesTooLong, "%s waits for its turn in the private cloud: %s is at work there, %s", what, who, ticket.Late)
	}
	return outcome.Wait(v1alpha1.ReasonOperationWaits, "%s waits for its turn in the private cloud: %s is at work there", what, who)
}

// longest is how long an operation may run before it counts as late: twice as long as it usually takes.
func longest(e kind.Expectation, least ledger.Wait) time.Duration {
	return max(2*e.Latest, least.Bound)
}

// late says whether an operation has run for longer, and how long it usually takes at most.
func (r *Reconciler[T]) late(s *scope[T], op *v1alpha1.Operation) (late bool, usual time.Duration) {
	e := decide.Expect(r.kind, s.obj, op)
	return r.Pace.Elapsed(r.Clock.Since(op.StartedAt.Time)) > longest(e, ledger.Running), e.Latest
}

// tooLong says that what Azure does takes too long, and tells those that wait for the lane.
func (r *Reconciler[T]) tooLong(s *scope[T], what string, since time.Time, usual time.Duration) *outcome.Outcome {
	o := tooLongSince(what, since, usual)
	r.Lanes.Late(tree.CloudKey(s.id), r.kind.Lane, r.holder(client.ObjectKeyFromObject(s.obj)), lateWords(since, usual))
	r.Lanes.Late(tree.CloudKey(s.id), r.kind.Lane, s.id.Key(), lateWords(since, usual))
	return o
}

func tooLongSince(what string, since time.Time, usual time.Duration) *outcome.Outcome {
	return outcome.Wait(v1alpha1.ReasonTakesTooLong,
		"%s, %s. It is looked at further and goes on by itself when that ends; look at the activity log of the private cloud in Azure, "+
			"and open a support request with this text if nothing moves there", what, lateWords(since, usual))
}

// lateWords say since when, and the usual time.
func lateWords(since time.Time, usual time.Duration) string {
	words := "since " + since.UTC().Format(time.RFC3339)
	if usual > 0 {
		return words + ", which usually takes at most " + decide.Hours(usual)
	}
	return words + ", which usually takes minutes"
}

// foreign says that Azure works on the resource, for itself or for somebody else, and since when if that takes too long.
func (r *Reconciler[T]) foreign(s *scope[T], words string) *outcome.Outcome {
	var since time.Time
	r.memory.Do(client.ObjectKeyFromObject(s.obj), func(m *recall.Object) {
		if m.Foreign.IsZero() {
			m.Foreign = time.Now()
		}
		since = m.Foreign
	})
	e := decide.Expect(r.kind, s.obj, &v1alpha1.Operation{Verb: string(arm.PATCH)})
	if s.actual != nil && strings.EqualFold(s.actual.ProvisioningState(), "Building") {
		e = decide.Expect(r.kind, s.obj, &v1alpha1.Operation{Verb: string(arm.PUT)})
	}
	if r.Pace.Elapsed(time.Since(since)) > longest(e, ledger.Foreign) {
		return r.tooLong(s, words, since, e.Latest)
	}
	return outcome.Wait(v1alpha1.ReasonAzureBusy, "%s", words)
}

func failureOf(op *v1alpha1.Operation, err error) *v1alpha1.OperationFailure {
	at := metav1.Now()
	out := &v1alpha1.OperationFailure{OperationID: op.ID, Verb: opName(op), Purpose: op.Purpose, Message: text.Cut(err.Error(), 2000), At: &at}
	if e, ok := asArm(err); ok {
		out.Code, out.Message = text.Cut(e.Code, 256), text.Cut(e.Message, 2000)
	}
	return out
}
