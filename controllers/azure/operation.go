// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/azure/diff"
	"github.com/avs-operator/avs-operator/controllers/azure/kind"
	"github.com/avs-operator/avs-operator/controllers/azure/tree"
	"github.com/avs-operator/avs-operator/controllers/connect"
	"github.com/avs-operator/avs-operator/controllers/ledger"
	"github.com/avs-operator/avs-operator/controllers/metrics"
	"github.com/avs-operator/avs-operator/controllers/outcome"
	"github.com/avs-operator/avs-operator/controllers/status"
	"github.com/avs-operator/avs-operator/controllers/text"
)

// write is one change to make in Azure.
type write struct {
	verb   arm.Verb
	action string
	body   map[string]any
	// purpose of a PUT of the object's own resource.
	purpose v1alpha1.OperationPurpose
	// changes that an update makes.
	changes []diff.Change
	// target is another resource that is written; empty: the object's own.
	target arm.ID
	// word of an action.
	word string
	// reason and message of the condition while it runs.
	reason, message string
}

// send records the write, sends it in exactly one exchange, and records the answer. The record is stored first, with the resourceVersion
// that this reconcile started from: of two leaders only one gets past it, and whoever finds it later knows what may have been sent.
func (r *Reconciler[T]) send(ctx context.Context, s *scope[T], w write) *outcome.Outcome {
	name, carried, o := r.hash(ctx, s, w)
	what := s.requestOf(w, name)
	if o == nil {
		o = r.Publisher.Freeze.Hold(w.what())
	}
	if o == nil {
		o = r.refused(s, what)
	}
	if o == nil {
		o = r.lostAgain(s, what)
	}
	if o == nil && w.target == "" {
		o = r.contradicted(s, what)
	}
	if o != nil {
		r.released(s)
		return o
	}
	body, o := r.encode(ctx, s, w)
	if o != nil {
		r.released(s)
		return o
	}
	done, o := r.afford(ctx, s, w)
	if o != nil {
		r.released(s)
		return o
	}
	hosts, _ := r.size(s, w)
	op := r.newOperation(s.stat().Operation, v1alpha1.Operation{
		Hosts: hosts,
		Verb:  string(w.verb), Purpose: w.purpose, Action: w.action, Target: string(w.target), WriteOnly: carried, BodyHash: name, SpecHash: r.specHash(s), Generation: s.obj.GetGeneration(),
	})
	if lost := s.stat().Operation; lost != nil && lost.ID != op.ID {
		r.dropOperation(s, metrics.Unanswered)
	}
	s.stat().Operation = op
	say := r.refusals(s).Before(what, r.Clock.Now()) // one that is refused again and again does not seem to get anywhere each time
	if say == nil {
		say = outcome.Wait(w.reason, "%s", w.message)
	}
	o = r.record(ctx, s, say)
	done()
	if o != nil {
		r.released(s) // if it was stored after all, resume takes the seat again
		return o
	}
	if o := r.commit(ctx, s); o != nil {
		return o // nothing was sent; the record says so in a while
	}
	id, types := s.id, []string{r.traits.Type()}
	if w.target != "" {
		id, types = w.target, r.traits.Beside
	}
	r.Metrics.Sending(s.log, r.told(s, op))
	accepted, err := s.client.Begin(ctx, arm.Write{
		ID: id, Types: types, Verb: w.verb, Action: w.action, Body: body, OperationID: op.ID, Deadline: r.Clock.Here(op.Deadline.Time),
	})
	if err != nil {
		return r.notAccepted(s, err)
	}
	return r.accepted(ctx, s, w, accepted)
}

// newOperation completes the record of a write that is about to be made. If lost, a record that nobody answered, is of the same write, its id is
// used again, so that Azure, which swallows a repeated id, does it at most once.
func (s *Shared) newOperation(lost *v1alpha1.Operation, op v1alpha1.Operation) *v1alpha1.Operation {
	now := s.Clock.Now()
	op.Format, op.State, op.Attempt, op.ID = v1alpha1.OperationFormat, v1alpha1.OperationIntended, 1, uuid.NewString()
	op.StartedAt, op.Deadline = metav1.NewMicroTime(now), metav1.NewMicroTime(ledger.Deadline(s.Pace, ledger.Sending, now))
	if lost != nil && lost.Verb == op.Verb && lost.Action == op.Action && lost.Target == op.Target && lost.BodyHash == op.BodyHash {
		op.ID, op.Attempt, op.StartedAt = lost.ID, lost.Attempt+1, lost.StartedAt
	}
	return &op
}

// record stores the status now, with the conditions that o gives. A conflict ends the reconcile: somebody knows something newer.
func (r *Reconciler[T]) record(ctx context.Context, s *scope[T], o *outcome.Outcome) *outcome.Outcome {
	if err := r.Publisher.Record(ctx, s.subject(), status.Report{Outcome: o, Facts: s.facts}); err != nil {
		lost := outcome.Retry(v1alpha1.ReasonTransient, fmt.Errorf("recording the operation: %w", err))
		if apierrors.IsConflict(err) {
			lost.After = 20 * time.Millisecond
		}
		return lost
	}
	s.before = s.obj.DeepCopyObject().(T)
	return nil
}

// notAccepted deals with a write that was refused, not sent, or lost. Only of a lost one the record stays: its fate is in Azure.
func (r *Reconciler[T]) notAccepted(s *scope[T], err error) *outcome.Outcome {
	op := s.stat().Operation
	fate, class := ledger.FateOf(err), arm.ClassOf(err)
	if fate == ledger.Lost {
		return outcome.Wait(v1alpha1.ReasonOperationUnknown,
			"the answer to %s (operation %s) was lost: what Azure made of it is looked up shortly", opName(op), op.ID).In(r.untilLook(op))
	}
	how := metrics.Refused
	if fate == ledger.Unsent {
		how = metrics.Unsent
	}
	r.dropOperation(s, how)
	r.released(s)
	o := connect.OutcomeOf(err)
	switch {
	case fate == ledger.Unsent && class != arm.CredentialsInvalid:
		return o
	case class == arm.OperationInProgress:
		// Somebody else writes to the private cloud: nobody of us may before Azure says that it is over.
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
	left := ledger.UntilResend(r.Pace, lost.Attempt, lost.Deadline.Time, r.Clock.Now())
	if left <= 0 {
		return nil
	}
	return outcome.Wait(v1alpha1.ReasonOperationUnknown, "the answers to %s (operation %s) are lost again and again, and Azure shows nothing of it: it is sent again at longer and longer intervals, at last every 15 minutes",
		opName(lost), lost.ID).In(left)
}

// accepted stores where the operation is followed. If somebody wrote the object meanwhile it is read again, and the record completed if it
// is still ours.
func (r *Reconciler[T]) accepted(ctx context.Context, s *scope[T], w write, a *arm.Accepted) *outcome.Outcome {
	s.accepted()
	key := client.ObjectKeyFromObject(s.obj)
	first := nextPoll(0, r.expect(s, s.stat().Operation), a.RetryAfter)
	if a.Poll == (arm.Poll{}) {
		first = max(a.RetryAfter, syncPause)
	}
	r.memory.do(key, func(m *remembered) {
		m.wroteAt, m.disagreed = time.Now(), time.Time{}
		m.pollAt = time.Now().Add(r.Pace.Real(first))
	})
	r.unwatch(key)
	id := s.stat().Operation.ID
	complete := func(st *v1alpha1.AzureStatus) {
		st.Operation.State = v1alpha1.OperationAccepted
		st.Operation.AsyncOperation, st.Operation.Location = a.Poll.AsyncOperation, a.Poll.Location
		st.Operation.RetryAfterSeconds = int32(min(a.RetryAfter/time.Second, 1<<20)) //nolint:gosec // bounded
		if a.Resource != nil && w.verb != arm.POST && w.target == "" {
			st.ProvisioningState = a.Resource.ProvisioningState()
		}
	}
	complete(s.stat())
	if (w.verb == arm.PUT || w.verb == arm.PATCH || r.byAction(s.stat().Operation)) && w.target == "" {
		// Until Azure has it all, what was managed before is remembered too: a drop that fails must be tried again.
		s.stat().Managed = union(s.stat().Managed, s.managed())
	}
	if a.PollTrouble != "" {
		log.FromContext(ctx).Info("Did not take a polling URL as Azure gave it", "operation", id, "trouble", a.PollTrouble)
	}
	w.message = s.followed(s.stat().Operation, w.message)
	o := r.record(ctx, s, outcome.Wait(w.reason, "%s", w.message))
	for attempt := 0; o != nil && attempt < 5; attempt++ {
		fresh := r.kind.New()
		if err := r.Live.Get(ctx, key, fresh); err != nil || fresh.AzureStatus().Operation == nil || fresh.AzureStatus().Operation.ID != id {
			return outcome.Wait(w.reason, "%s", w.message).In(time.Second) // the record says Intended or is gone: it is followed by looking
		}
		was := s.stat().Managed
		s.obj, s.before = fresh, fresh.DeepCopyObject().(T)
		complete(s.stat())
		s.stat().Managed = was
		o = r.record(ctx, s, outcome.Wait(w.reason, "%s", w.message))
	}
	return outcome.Wait(w.reason, "%s", w.message).In(first)
}

// syncPause is how soon what was done synchronously is read: ARM's replicas need a moment.
const syncPause = time.Second

// expect is how long an operation takes. A PUT that changes a resource takes what a PATCH does.
func (r *Reconciler[T]) expect(s *scope[T], op *v1alpha1.Operation) kind.Expectation {
	if r.kind.Expect == nil || op.Target != "" {
		return kind.Expectation{}
	}
	verb := arm.Verb(op.Verb)
	if op.Purpose == v1alpha1.OperationUpdates {
		verb = arm.PATCH
	}
	return r.kind.Expect(verb, s.obj)
}

// untilLook is how long to wait until a write without an answer can no longer be on its way, in Azure's time.
func (r *Reconciler[T]) untilLook(op *v1alpha1.Operation) time.Duration {
	return r.UntilLook(op)
}

// released lets the lane go.
func (r *Reconciler[T]) released(s *scope[T]) {
	r.Lanes.Release(tree.CloudKey(s.id), r.traits.Lane, r.holder(client.ObjectKeyFromObject(s.obj)))
}

func failureOf(op *v1alpha1.Operation, err error) *v1alpha1.OperationFailure {
	at := metav1.Now()
	out := &v1alpha1.OperationFailure{OperationID: op.ID, Verb: opName(op), Purpose: op.Purpose, Message: text.Cut(err.Error(), 2000), At: &at}
	if e, ok := asArm(err); ok {
		out.Code, out.Message = text.Cut(e.Code, 256), text.Cut(e.Message, 2000)
	}
	return out
}

// opName is how a person calls an operation.
func opName(op *v1alpha1.Operation) string {
	if op.Action != "" {
		return op.Action
	}
	return op.Verb
}

// encode writes the body as it goes out, with the write-only values and the revision that was read; nil for none.
func (r *Reconciler[T]) encode(ctx context.Context, s *scope[T], w write) ([]byte, *outcome.Outcome) {
	if w.body == nil {
		return nil, nil
	}
	body := clone(w.body)
	if w.target == "" {
		if _, o := r.fill(ctx, s, body, true); o != nil {
			return nil, o
		}
		if s.actual != nil && r.traits.Revised {
			if revision, ok := s.actual.Value("/properties/revision"); ok {
				put(body, "/properties/revision", revision)
			}
		}
	}
	out, err := json.Marshal(body)
	if err != nil {
		return nil, outcome.Stall(v1alpha1.ReasonInvalidSpec, "the request cannot be written: %s", err)
	}
	return out, nil
}

// hash tells what an operation does, write-only values by their own hashes: that of a short password in a status could be guessed. Maps are
// written in the order of their keys, so equal bodies have equal hashes.
func (r *Reconciler[T]) hash(ctx context.Context, s *scope[T], w write) (string, []v1alpha1.WriteOnlyValue, *outcome.Outcome) {
	var carried []v1alpha1.WriteOnlyValue
	var plain []byte
	if w.body != nil {
		body := clone(w.body)
		if w.target == "" {
			carried, _ = r.fill(ctx, s, body, false)
		}
		var err error
		if plain, err = json.Marshal(body); err != nil {
			return "", nil, outcome.Stall(v1alpha1.ReasonInvalidSpec, "the request cannot be written: %s", err)
		}
	}
	text := w.word
	for _, one := range carried {
		text += "\n" + one.Path + "=" + one.HMAC
	}
	return hashOf(plain, text), carried, nil
}

func hashOf(body []byte, word string) string {
	sum := sha256.Sum256(append(append([]byte{}, body...), word...))
	return hex.EncodeToString(sum[:])
}

// followed adds to what is said of an operation that it is followed by reading the resource, because Azure gave no polling URL, or none that can
// be followed. It says the same at every poll.
func (s *scope[T]) followed(op *v1alpha1.Operation, message string) string {
	itself := op.State == v1alpha1.OperationAccepted && op.AsyncOperation == "" && strings.HasPrefix(strings.ToLower(op.Location), s.id.Key()+"?")
	if !itself {
		return message
	}
	return message + "; Azure gave no polling URL that can be followed: it is read itself"
}
