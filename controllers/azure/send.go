// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"context"
	"encoding/json"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/azure/body"
	"github.com/avs-operator/avs-operator/controllers/azure/decide"
	"github.com/avs-operator/avs-operator/controllers/azure/hostlimit"
	"github.com/avs-operator/avs-operator/controllers/azure/recall"
	"github.com/avs-operator/avs-operator/controllers/connect/rulings"
	"github.com/avs-operator/avs-operator/controllers/ledger"
	"github.com/avs-operator/avs-operator/controllers/metrics"
	"github.com/avs-operator/avs-operator/controllers/outcome"
	"github.com/avs-operator/avs-operator/controllers/status"
)

// send records the write that was taken up, sends it in exactly one exchange, and records the answer. The record is stored first, with the
// resourceVersion that this reconcile started from: of two leaders only one gets past it, and whoever finds it later knows what may have been sent.
func (r *Reconciler[T]) send(ctx context.Context, s *scope[T]) *outcome.Outcome {
	if s.write == nil {
		return nil
	}
	hash, carried, o := r.hash(s)
	if o != nil {
		return o
	}
	what := s.request(hash)
	if o := r.notNow(s, what); o != nil {
		return o
	}
	encoded, o := r.encode(ctx, s)
	if o != nil {
		return o
	}
	hosts, done, o := r.afford(ctx, s)
	if o != nil {
		return o
	}
	w := s.write
	op := r.Book().NewOperation(s.stat().Operation, v1alpha1.Operation{
		Hosts: hosts,
		Verb:  string(w.Verb), Purpose: w.Purpose, Action: w.Action, Target: string(w.Target), WriteOnly: carried, BodyHash: hash,
		SpecHash: r.situation(s).SpecHash(), Generation: s.obj.GetGeneration(),
	})
	if lost := s.stat().Operation; lost != nil && lost.ID != op.ID {
		r.dropOperation(s, metrics.Unanswered)
	}
	s.stat().Operation = op
	say := r.refusals(s).Before(what, r.Clock.Now()) // one that is refused again and again does not seem to get anywhere each time
	if say == nil {
		say = outcome.Wait(w.Reason, "%s", w.Message)
	}
	o = r.record(ctx, s, say)
	done()
	if o != nil {
		return o // if it was stored after all, resume takes the seat in the lane again
	}
	s.inLane = false // from here on the record has it
	storing, cancel := ledger.Storing(ctx)
	defer cancel()
	if o := r.markWritten(storing, s); o != nil {
		return o // nothing was sent; the record says so in a while
	}
	id, types := s.id, []string{r.kind.Type()}
	if w.Target != "" {
		id, types = w.Target, r.kind.Beside
	}
	r.Metrics.Sending(s.log, r.told(s, op))
	accepted, fate, err := ledger.Exchange(ctx, r.Clock, op.Deadline.Time, ledger.FateOf, func(ctx context.Context) (*arm.Accepted, error) {
		return s.client.Begin(ctx, arm.Write{
			ID: id, Types: types, Verb: w.Verb, Action: w.Action, Body: encoded, OperationID: op.ID, Deadline: r.Clock.Here(op.Deadline.Time),
		})
	})
	switch {
	case fate == ledger.Unsent && ctx.Err() != nil: // this process is told to stop: whoever comes next sends it, and nothing new is to be said
		r.dropOperation(s, metrics.Unsent)
		r.releaseLane(s)
		return say
	case fate != ledger.Accepted:
		return r.notAccepted(s, fate, err)
	}
	return r.accepted(ctx, s, accepted)
}

// notNow holds a write back that must not be sent at this moment.
func (r *Reconciler[T]) notNow(s *scope[T], what ledger.Request) *outcome.Outcome {
	o := r.Publisher.Freeze.Hold(s.write.What())
	if o == nil {
		o = r.refused(s, what)
	}
	if o == nil {
		o = r.lostAgain(s, what)
	}
	if o == nil && s.write.Target == "" {
		o = r.justDone(s, what)
	}
	return o
}

// afford counts the hosts that the write asks for, if any, and holds it back if its identity may not have so many. done lets the next one count.
func (r *Reconciler[T]) afford(ctx context.Context, s *scope[T]) (hosts int32, done func(), o *outcome.Outcome) {
	if r.kind.Hosts == nil || s.write.Target != "" || s.write.Body == nil {
		return 0, func() {}, nil
	}
	hosts = hostlimit.In(&arm.Resource{Body: s.write.Body}, r.kind.Hosts.Path)
	if hosts <= hostlimit.In(s.actual, r.kind.Hosts.Path) {
		return hosts, func() {}, nil
	}
	done, o = r.hosts.Afford(ctx, s.client, client.ObjectKeyFromObject(s.identity), s.id, hosts)
	return hosts, done, o
}

// record stores the status now, with the conditions that o gives. A conflict ends the reconcile: somebody knows something newer.
func (r *Reconciler[T]) record(ctx context.Context, s *scope[T], o *outcome.Outcome) *outcome.Outcome {
	if err := r.storeStatus(ctx, s, o); err != nil {
		return ledger.NotRecorded(err)
	}
	return nil
}

func (r *Reconciler[T]) storeStatus(ctx context.Context, s *scope[T], o *outcome.Outcome) error {
	ctx, cancel := ledger.Storing(ctx)
	defer cancel()
	s.recorded = true
	if err := r.Publisher.Record(ctx, s.subject(), status.Report{Outcome: o, Facts: s.facts}); err != nil {
		return err
	}
	s.before = s.obj.DeepCopyObject().(T)
	return nil
}

// notAccepted deals with a write that was refused, not sent, or lost. Only of a lost one the record stays: its fate is in Azure.
func (r *Reconciler[T]) notAccepted(s *scope[T], fate ledger.Fate, err error) *outcome.Outcome {
	op, class := s.stat().Operation, arm.ClassOf(err)
	if fate == ledger.Lost {
		return r.Book().Lost(entry(op))
	}
	how := metrics.Refused
	if fate == ledger.Unsent {
		how = metrics.Unsent
	}
	r.dropOperation(s, how)
	r.releaseLane(s)
	o := rulings.OfAzure(err)
	switch {
	case fate == ledger.Unsent && class != arm.CredentialsInvalid:
		return o
	case class == arm.OperationInProgress:
		// Another client writes to the private cloud: nobody of us may before Azure says that it is over.
		o.Message = "Azure refuses to begin while another operation on this private cloud is in progress: " + o.Message
	case class != arm.Throttled && class != arm.Transient && class != arm.CredentialsInvalid:
		s.stat().Failure = failureOf(op, err)
	}
	return r.refuse(s, asked(s.id, op), err, o)
}

// lostAgain holds back a write whose answer was lost several times in a row.
func (r *Reconciler[T]) lostAgain(s *scope[T], what ledger.Request) *outcome.Outcome {
	lost := s.stat().Operation
	if lost == nil || asked(s.id, lost) != what {
		return nil
	}
	return r.Book().SentTooOften(entry(lost))
}

// accepted stores where the operation is followed. If somebody wrote the object meanwhile it is read again, and the record completed if it
// is still ours.
func (r *Reconciler[T]) accepted(ctx context.Context, s *scope[T], a *arm.Accepted) *outcome.Outcome {
	s.accepted()
	w, key := s.write, client.ObjectKeyFromObject(s.obj)
	first := decide.NextPoll(0, decide.Expect(r.kind, s.obj, s.stat().Operation), a.RetryAfter)
	if a.Poll == (arm.Poll{}) {
		first = max(a.RetryAfter, syncPause)
	}
	r.memory.Do(key, func(m *recall.Object) {
		m.WroteAt, m.Disagreed = time.Now(), time.Time{}
		m.PollAt = time.Now().Add(r.Pace.Real(first))
	})
	r.unwatch(key)
	id := s.stat().Operation.ID
	complete := func(st *v1alpha1.AzureStatus) {
		st.Operation.State = v1alpha1.OperationAccepted
		st.Operation.AsyncOperation, st.Operation.Location = a.Poll.AsyncOperation, a.Poll.Location
		st.Operation.RetryAfterSeconds = int32(min(a.RetryAfter/time.Second, 1<<20)) //nolint:gosec // bounded
		if a.Resource != nil && w.Verb != arm.POST && w.Target == "" {
			st.ProvisioningState = a.Resource.ProvisioningState()
		}
	}
	complete(s.stat())
	if (w.Verb == arm.PUT || w.Verb == arm.PATCH || decide.ByAction(r.kind.Traits, s.stat().Operation)) && w.Target == "" {
		// Until Azure has it all, what was managed before is remembered too: a drop that fails must be tried again.
		s.stat().Managed = body.Union(append(s.stat().Managed, decide.ManagedAtAll), s.decision.Managed)
	}
	if a.PollTrouble != "" {
		log.FromContext(ctx).Info("Did not take a polling URL as Azure gave it", "operation", id, "trouble", a.PollTrouble)
	}
	running := func() *outcome.Outcome {
		return outcome.Wait(w.Reason, "%s", s.followed(s.stat().Operation, w.Message))
	}
	answer := ledger.Answer{
		Store: func(ctx context.Context) error { return r.storeStatus(ctx, s, running()) },
		Renew: func(ctx context.Context) (bool, error) {
			fresh := r.kind.New()
			if err := r.Live.Get(ctx, key, fresh); err != nil || fresh.AzureStatus().Operation == nil || fresh.AzureStatus().Operation.ID != id {
				return false, err
			}
			was := s.stat().Managed
			s.obj, s.before = fresh, fresh.DeepCopyObject().(T)
			complete(s.stat())
			s.stat().Managed = was
			return true, nil
		},
	}
	if stored, _ := answer.Save(ctx); !stored { // the record says Intended or is gone: it is followed by looking
		return outcome.Wait(w.Reason, "%s", w.Message).In(time.Second)
	}
	return running().In(first)
}

// syncPause is how soon what was done synchronously is read: ARM's replicas need a moment.
const syncPause = time.Second

// encode writes the body as it goes out, with the write-only values, read live so that they are as new as the request, and the revision that was
// read; nil for none.
func (r *Reconciler[T]) encode(ctx context.Context, s *scope[T]) ([]byte, *outcome.Outcome) {
	w := s.write
	if w.Body == nil {
		return nil, nil
	}
	of := body.Clone(w.Body)
	if w.Target == "" {
		var problem *outcome.Outcome
		r.situation(s).Fill(of, func(one decide.Secret) string {
			value, o := "", problem
			if o == nil {
				value, problem = r.secretText(ctx, s, one.SecretValue)
			}
			return value
		})
		if problem != nil {
			return nil, problem
		}
		if s.actual != nil && r.kind.Revised {
			if revision, ok := s.actual.Value("/properties/revision"); ok {
				body.Put(of, "/properties/revision", revision)
			}
		}
	}
	out, err := json.Marshal(of)
	return out, unwritable(err)
}
