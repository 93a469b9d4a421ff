// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers"
	"github.com/avs-operator/avs-operator/controllers/azure/kind"
	"github.com/avs-operator/avs-operator/test/armsim"
	"github.com/avs-operator/avs-operator/test/env"
)

// Phase of a life.
type Phase string

// The phases.
const (
	Create Phase = "create"
	Edit   Phase = "update"
	Drift  Phase = "mended drift"
	Delete Phase = "delete"
)

// Phases are those that the subject has, in order.
func (s *Subject) Phases() []Phase {
	out := []Phase{Create}
	if s.Edit != nil || len(s.Other) > 0 {
		out = append(out, Edit)
	}
	if s.Drift != nil || s.Vanishes {
		out = append(out, Drift)
	}
	return append(out, Delete)
}

// Life is one subject's way through its phases, in a namespace and an Azure of its own.
type Life struct {
	*World
	Subject *Subject
	History *History
	// Held says that a fault holds calls up for longer than a worker may otherwise stand.
	Held bool

	t      testing.TB
	object kind.Object
	key    client.ObjectKey // of object
	seen   int              // requests of Azure that belong to earlier phases
	id     string

	mu        sync.Mutex
	seams     *Seams
	operators []*Operator
	restarts  int
	over      bool
	elects    bool // operators want the lease of the namespace
}

// NewLife starts an Azure with what the subject refers to, and an operator that knows it.
func NewLife(t testing.TB, cluster *env.Env, hub *Hub, subject *Subject, change ...func(*armsim.Config)) *Life {
	t.Helper()
	l := newLife(t, cluster, subject, change...)
	l.begin(hub)
	return l
}

func newLife(t testing.TB, cluster *env.Env, subject *Subject, change ...func(*armsim.Config)) *Life {
	t.Helper()
	l := &Life{World: NewWorld(t, cluster, Speed), Subject: subject, History: &History{}, t: t}
	l.Azure = subject.start(t, change...)
	l.object = subject.New(l.Namespace)
	l.key = client.ObjectKeyFromObject(l.object)
	return l
}

// begin starts the operator and waits until it knows what the subject refers to.
func (l *Life) begin(hub *Hub) {
	l.t.Helper()
	l.t.Cleanup(hub.Tell(l.Namespace, l.History))
	l.t.Cleanup(l.end)
	l.start()
	above := l.Subject.observed(l.t, l.Namespace)
	for _, object := range append(l.Azure.Identity(l.Namespace), above...) {
		l.Cluster.Create(l.t, object)
	}
	for _, object := range above {
		if object.GetObjectKind().GroupVersionKind().Group == v1alpha1.GroupVersion.Group {
			l.Cluster.WaitReady(l.t, object)
		}
	}
	l.Cluster.WaitReady(l.t, IdentityOf(l.Azure.Identity(l.Namespace)))
	l.seen = len(l.Azure.Requests())
}

// start starts an operator, with seams of its own.
func (l *Life) start() {
	l.seams = NewSeams(l.History, Speed, l.guarded)
	l.Operator = StartOperator(l.t, OperatorOptions{Config: l.Cluster.OperatorConfig(), Speed: Speed, Namespace: l.Namespace, Seams: l.seams,
		Change: func(o *controllers.Options) {
			if l.elects {
				o.LeaderElection, o.LeaseDuration, o.Namespace = true, lease, l.Namespace
			}
		}})
	l.operators = append(l.operators, l.Operator)
}

// Restart puts another operator in the place of one that is dead.
func (l *Life) Restart() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.over {
		return
	}
	l.Operator.Abandon()
	l.restarts++
	l.start()
}

// end stops whatever runs.
func (l *Life) end() {
	l.mu.Lock()
	l.over = true
	l.mu.Unlock()
	for _, operator := range l.operators {
		operator.Abandon()
	}
}

// Arm numbers the running operator's calls from now on, and has it die around one of them and be started again.
func (l *Life) Arm(dieAt int, moment Moment) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.seams.Arm(dieAt, moment, false, func() { go l.Restart() })
}

// Meddle has something happen to the running operator's calls.
func (l *Life) Meddle(m Meddling) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.seams.Meddle(m)
}

// Object is the subject's as it was read last.
func (l *Life) Object() kind.Object { return l.object }

// ID of the subject in Azure.
func (l *Life) ID() string { return l.id }

// Patch changes the subject as a user does.
func (l *Life) Patch(change map[string]any) {
	l.t.Helper()
	l.patch(change)
}

// Points are the calls that were numbered, and how often the operator died.
func (l *Life) Points() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.seams.Points()
}

// Restarts counts the operators that died.
func (l *Life) Restarts() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.restarts
}

// Begin starts a phase, as a user or somebody in the portal does.
func (l *Life) Begin(phase Phase) {
	l.t.Helper()
	switch phase {
	case Create:
		l.object = l.Subject.New(l.Namespace)
		l.Cluster.Create(l.t, l.object)
	case Edit:
		l.patch(l.Subject.change(l.Subject.Edit))
	case Drift:
		var err error
		if l.Subject.Drift != nil {
			err = l.Azure.SetInAzure(l.id, l.Subject.Drift)
		} else {
			err = l.Azure.RemoveInAzure(l.id)
		}
		if err != nil {
			l.t.Fatal(err)
		}
	case Delete:
		if err := l.Cluster.Admin.Delete(l.t.Context(), l.object); err != nil {
			l.t.Fatal(err)
		}
	}
}

func (l *Life) patch(change map[string]any) {
	l.t.Helper()
	content, err := json.Marshal(change)
	if err == nil {
		err = l.Cluster.Admin.Patch(l.t.Context(), l.object, client.RawPatch(types.MergePatchType, content))
	}
	if err != nil {
		l.t.Fatalf("Editing %s: %v", l.Subject, err)
	}
}

// Reached waits until a phase has led where it should: the liveness of oracle 7.
func (l *Life) Reached(phase Phase) {
	l.t.Helper()
	l.Cluster.Eventually(l.t, env.Patience, fmt.Sprintf("the end of %s", phase), func(ctx context.Context) error {
		return l.reached(ctx, phase)
	}, l.object)
}

func (l *Life) reached(ctx context.Context, phase Phase) error {
	var mended error
	if phase == Drift {
		mended = l.mended() // before the object is read: what it says of itself must be newer than what mended it
	}
	fresh := l.Subject.Kind.New()
	err := l.Cluster.Admin.Get(ctx, l.key, fresh)
	if phase == Delete {
		if apierrors.IsNotFound(err) {
			return nil
		}
		return errors.Join(err, errors.New("it is still there"))
	}
	if err != nil {
		return err
	}
	if mended != nil {
		return mended
	}
	l.object = fresh
	status := fresh.AzureStatus()
	if status.ID != "" {
		l.id = status.ID
	}
	ready := meta.FindStatusCondition(status.Conditions, v1alpha1.ConditionReady)
	switch {
	case ready == nil || ready.Status != metav1.ConditionTrue || ready.ObservedGeneration != fresh.GetGeneration():
		return fmt.Errorf("Ready is %+v", ready)
	case status.Operation != nil:
		return errors.New("an operation is in flight")
	}
	return nil
}

// mended says that what was changed or taken away in Azure is as it was.
func (l *Life) mended() error {
	body, there := l.Azure.Resource(l.id)
	switch {
	case !there:
		return errors.New("it is not in Azure")
	case l.Subject.Drift != nil && contains(body, l.Subject.Drift):
		return errors.New("Azure still has what it was changed to")
	}
	return nil
}

// contains says that a body has all that a merge patch puts there.
func contains(body, patch map[string]any) bool {
	for key, value := range patch {
		inner, isMap := value.(map[string]any)
		have, both := body[key].(map[string]any)
		switch {
		case isMap && both:
			if !contains(have, inner) {
				return false
			}
		case AsText(body[key]) != AsText(value):
			return false
		}
	}
	return true
}

// AsText is a value as JSON.
func AsText(value any) string {
	content, err := json.Marshal(value)
	if err != nil {
		return err.Error()
	}
	return string(content)
}

// quiet is how long nothing may be written once all is well: three periods of the watch of Azure, each a minute, or a tenth more.
const quiet = 200 * time.Second / Speed

// Silent is the second half of oracle 7: once it is reached, nothing is written. What is on its way at that moment may arrive.
func (l *Life) Silent() (wrongs []string) { return Resting(l.writes, quiet, 15*time.Second) }

func (l *Life) writes() (out []string) {
	for _, c := range l.History.Calls() {
		if c.Writes {
			out = append(out, c.What())
		}
	}
	return out
}

// guarded is oracle 9: at every instant that the thing exists in Azure the object has its finalizer. Asked right before a call leaves that
// makes the thing, or takes the finalizer off.
func (l *Life) guarded(c *Call) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	makes := c.Seam == ARM && (c.Verb == "PUT" || IsAction(l.Subject.Kind, c.Verb, c.Raw))
	lets := c.Seam == Kubernetes && c.Verb == "PATCH" && strings.Contains(string(c.Body), `"finalizers":null`) && l.isOwn(c.Path)
	if !makes && !lets {
		return
	}
	fresh := l.Subject.Kind.New()
	if err := l.Cluster.Admin.Get(ctx, l.key, fresh); err != nil {
		if makes {
			l.History.wrong("O9: %s leaves and its object cannot be read: %v", c.What(), err)
		}
		return
	}
	there := l.Azure.Made(l.Subject.Kind, fresh.GetAnnotations()[v1alpha1.AnnotationAzureID]) && !l.Subject.Kind.BuiltIn(fresh)
	for _, wrong := range Guarded(c.What(), makes, fresh, there) {
		l.History.wrong("%s", wrong)
	}
}

func (l *Life) isOwn(path string) bool {
	return strings.HasSuffix(path, "/"+l.key.Name) && strings.HasPrefix(path, strings.ToLower(l.Subject.Kind.Name))
}
