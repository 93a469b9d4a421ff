// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/azure/decide"
	"github.com/avs-operator/avs-operator/controllers/azure/kind"
	"github.com/avs-operator/avs-operator/controllers/azure/tree"
	"github.com/avs-operator/avs-operator/controllers/metrics"
	"github.com/avs-operator/avs-operator/controllers/outcome"
	"github.com/avs-operator/avs-operator/controllers/status"
	"github.com/avs-operator/avs-operator/controllers/text"
)

// scope is what one reconcile knows. Each field says which step sets it.
type scope[T kind.Object] struct {
	// log of the reconcile; by fetch.
	log logr.Logger
	// obj is the object with the status that is being worked out, before is as it was read or last written. Both by fetch.
	obj, before T
	// cloud is the private cloud that obj is or is in; by credentials.
	cloud *v1alpha1.PrivateCloud
	// cluster is the Cluster that obj stands below, nil if it stands below none that has an object; by credentials.
	cluster *v1alpha1.Cluster
	// identity and client are who acts; by credentials.
	identity *v1alpha1.AzureIdentity
	client   *arm.Client
	// id of the resource in Azure; by credentials.
	id arm.ID
	// actual is the resource in Azure, nil if it is not there; by resume or observe.
	actual *arm.Resource
	// observed says that actual was found out, and direct that it was read by itself in this reconcile: only that proves.
	observed, direct bool
	// parentMissing says that Azure has not even what the resource would be in; by whoever reads the resource.
	parentMissing bool
	// used is what this reconcile looked at beside its own resource; by lookAt and listed.
	used map[string]bool
	// secrets are the write-only values that the spec refers to, by their hashes; by ask.
	secrets []decide.Secret
	// asked is the body that the spec asks for, with what the kind has looked up; by decide.
	asked map[string]any
	// decision is what follows from what was observed, and decided says that it is of what was observed last; by decide.
	decision decide.Decision
	decided  bool
	// write is what is to be sent next; by next, companion and their like. send takes it out.
	write *decide.Write
	// recorded says that this reconcile has put a write on record, so that what became of it is stored whatever happens; by send.
	recorded bool
	// converged says that nothing is left to write to the resource; by next.
	converged bool
	// inLane says that this reconcile has the lane for a write that is not on record yet; by acquireLane.
	inLane bool
	// unread is why a kind could not read what a GET does not show; by complete.
	unread *outcome.Outcome
	// lingers says that the deletion waits for what may stay for ever; by mayDelete.
	lingers bool
	// again is when the object's conditions may change by the clock alone, in real time; by report.
	again time.Duration
	// facts about positive conditions; by any step.
	facts []status.Fact
	// readyReason and readyMessage when all is well.
	readyReason, readyMessage string
}

func (s *scope[T]) fact(condition string, value bool, reason, message string) {
	is := metav1.ConditionFalse
	if value {
		is = metav1.ConditionTrue
	}
	s.facts = append(s.facts, status.Fact{Condition: condition, Status: is, Reason: reason, Message: message})
}

// spec and stat are the common parts.
func (s *scope[T]) spec() *v1alpha1.AzureSpec { return s.obj.AzureSpec() }

func (s *scope[T]) stat() *v1alpha1.AzureStatus { return s.obj.AzureStatus() }

// observes says that the operator must not write to Azure for this object.
func (s *scope[T]) observes() bool {
	return s.spec().ManagementPolicy == v1alpha1.ManagementPolicyObserve
}

// adopted says that the resource is managed: it was made, or taken over, for this object.
func (s *scope[T]) adopted() bool { return len(s.stat().Managed) > 0 }

// stays says that the resource stays in Azure when the object goes.
func (s *scope[T]) stays() bool {
	return s.stat().Effective.DeletionPolicy == v1alpha1.DeletionPolicyRetain
}

func (s *scope[T]) deleting() bool { return !s.obj.GetDeletionTimestamp().IsZero() }

// reconcileRequested says that a person asks for a reconcile.
func (s *scope[T]) reconcileRequested() bool {
	return s.obj.GetAnnotations()[v1alpha1.AnnotationReconcileRequestedAt] != s.before.AzureStatus().LastHandledReconcileAt
}

// use notes that something is looked at.
func (s *scope[T]) use(what string) {
	if s.used == nil {
		s.used = map[string]bool{}
	}
	s.used[what] = true
}

// accepted is what any answer of Azure's says about the identity: to a list, to a read, to a poll, to a write.
func (s *scope[T]) accepted() {
	s.fact(v1alpha1.ConditionCredentialsReady, true, v1alpha1.ReasonReady, "Azure accepts the identity")
}

// now is an ARM id since the private cloud was moved.
func (s *scope[T]) now(id arm.ID) arm.ID {
	if s.cloud == nil {
		return id
	}
	return arm.ID(s.cloud.Now(string(id)))
}

// renewed is a resource of which the ids in the body are those since its private cloud was moved: Azure may keep what it was once told.
func (s *scope[T]) renewed(actual *arm.Resource) *arm.Resource {
	if actual == nil || s.cloud == nil || len(s.cloud.Status.FormerIDs) == 0 {
		return actual
	}
	out := *actual
	out.Body, _ = renewedIn(actual.Body, s.cloud.Now).(map[string]any)
	return &out
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

// subject is what is published.
func (s *scope[T]) subject() status.Subject {
	return status.Subject{
		Before: s.before, Object: s.obj,
		Conditions: &s.stat().Conditions, ObservedGeneration: &s.stat().ObservedGeneration,
	}
}

// renewedIn copies a body; nobody may change the one that others look at too.
func renewedIn(value any, now func(string) string) any {
	switch at := value.(type) {
	case string:
		return now(at)
	case map[string]any:
		out := make(map[string]any, len(at))
		for key, inner := range at {
			out[key] = renewedIn(inner, now)
		}
		return out
	case []any:
		out := make([]any, len(at))
		for i, inner := range at {
			out[i] = renewedIn(inner, now)
		}
		return out
	}
	return value
}

// told is an operation as logs and metrics tell it.
func (r *Reconciler[T]) told(s *scope[T], op *v1alpha1.Operation) metrics.Operation {
	id := string(s.id)
	if op.Target != "" {
		id = op.Target
	}
	return metrics.Operation{
		Kind: r.kind.Name, Object: s.obj, ID: id, Verb: op.Verb, Action: op.Action, Operation: op.ID, Attempt: op.Attempt,
		Took: r.Pace.Elapsed(max(r.Clock.Since(op.StartedAt.Time), 0)),
	}
}

// dropOperation takes the record of an operation out of the status, if there is one, and tells how it ended. No other line may: without it an
// operation would have a beginning in the log and no end.
func (r *Reconciler[T]) dropOperation(s *scope[T], how metrics.Result) {
	if op := s.stat().Operation; op != nil {
		s.stat().Operation = nil
		r.Metrics.Ended(s.log, r.told(s, op), how)
	}
}

// opName is how a person calls an operation.
func opName(op *v1alpha1.Operation) string {
	if op.Action != "" {
		return op.Action
	}
	return op.Verb
}

// effective are the policies in force. They say what will be done: what is only observed, and what comes with the private cloud, stays in
// Azure whatever the spec says.
func (r *Reconciler[T]) effective(obj T) *v1alpha1.EffectivePolicies {
	spec := obj.AzureSpec()
	e := &v1alpha1.EffectivePolicies{ManagementPolicy: spec.ManagementPolicy, AdoptionPolicy: spec.AdoptionPolicy, DeletionPolicy: spec.DeletionPolicy}
	if e.ManagementPolicy == "" {
		e.ManagementPolicy = v1alpha1.ManagementPolicyManage
	}
	if e.AdoptionPolicy == "" {
		e.AdoptionPolicy = v1alpha1.AdoptionPolicyIfUnchanged
	}
	if e.DeletionPolicy == "" {
		e.DeletionPolicy = v1alpha1.DeletionPolicyDelete
		if r.kind.Kept {
			e.DeletionPolicy = v1alpha1.DeletionPolicyRetain
		}
	}
	if e.ManagementPolicy == v1alpha1.ManagementPolicyObserve || r.builtIn(obj) {
		e.DeletionPolicy = v1alpha1.DeletionPolicyRetain
	}
	return e
}

// builtIn says that the resource comes with the private cloud.
func (r *Reconciler[T]) builtIn(obj T) bool { return r.kind.BuiltIn != nil && r.kind.BuiltIn(obj) }

// unconfirmed says that a deletion in Azure still needs a word of a person.
func (r *Reconciler[T]) unconfirmed(s *scope[T]) bool {
	return r.kind.Expensive && s.obj.GetAnnotations()[v1alpha1.AnnotationConfirmDelete] != s.obj.GetName()
}

// ownerOf names an object among all Kubernetes clusters.
func (r *Reconciler[T]) ownerOf(obj client.Object) string {
	return text.Cut(r.Owner+"/"+obj.GetNamespace()+"/"+obj.GetName(), 256)
}

// recordedID is the ARM id that status has for what the object manages: only the operator writes it. It is empty if the object manages nothing yet.
func (r *Reconciler[T]) recordedID(obj T) arm.ID {
	if written(obj) || !obj.GetDeletionTimestamp().IsZero() {
		return arm.ID(obj.AzureStatus().ID)
	}
	return ""
}

// azureName is the resource's name in Azure.
func (r *Reconciler[T]) azureName(obj T) string {
	if r.kind.AzureName != nil {
		return r.kind.AzureName(obj)
	}
	return kind.AzureName(obj)
}

// azureIDIndex finds objects by their ARM id, in lower case.
const azureIDIndex = "azureID"

// indexAzureID has an object under its id as the annotation has it and as status has it. Whoever finds it asks which of them counts.
func indexAzureID(object client.Object) []string {
	id := strings.ToLower(object.GetAnnotations()[v1alpha1.AnnotationAzureID])
	if id == "" {
		return nil
	}
	out := []string{id}
	if mine, ok := object.(kind.Object); ok {
		if stat := strings.ToLower(mine.AzureStatus().ID); stat != "" && stat != id {
			out = append(out, stat)
		}
	}
	return out
}

// idHash is an ARM id in the form of a label's value.
func idHash(id arm.ID) string {
	sum := sha256.Sum256([]byte(id.Key()))
	return hex.EncodeToString(sum[:20])
}

func hasFinalizer(obj client.Object) bool {
	return controllerutil.ContainsFinalizer(obj, v1alpha1.Finalizer)
}

// list reads all objects of this kind.
func (r *Reconciler[T]) list(ctx context.Context, reader client.Reader, options ...client.ListOption) ([]kind.Object, error) {
	return listKind(ctx, r.Client, reader, r.kind.New(), options...)
}

// listKind reads all objects of the kind of example.
func listKind(ctx context.Context, c client.Client, reader client.Reader, example client.Object, options ...client.ListOption) ([]kind.Object, error) {
	list, err := newList(c, example)
	if err != nil {
		return nil, err
	}
	if reader == c { // nobody changes what is listed, so the cache need not copy it
		options = append(options, client.UnsafeDisableDeepCopy)
	}
	if err := reader.List(ctx, list, options...); err != nil {
		return nil, err
	}
	items, err := meta.ExtractList(list)
	if err != nil {
		return nil, err
	}
	out := make([]kind.Object, 0, len(items))
	for _, item := range items {
		if object, ok := item.(kind.Object); ok {
			out = append(out, object)
		}
	}
	return out, nil
}

// newList is an empty list of an object's kind.
func newList(c client.Client, example client.Object) (client.ObjectList, error) {
	gvk, err := c.GroupVersionKindFor(example)
	if err != nil {
		return nil, err
	}
	made, err := c.Scheme().New(gvk.GroupVersion().WithKind(gvk.Kind + "List"))
	if err != nil {
		return nil, err
	}
	return made.(client.ObjectList), nil
}

// possible says that an object of this kind may manage an id, given what the id is now worked out to be: the type is the kind's, and so is what it
// stands in. Only a private cloud may have been made in another resource group.
func (r *Reconciler[T]) possible(id, computed arm.ID) bool {
	return strings.EqualFold(id.Type(), r.kind.Type()) && (r.kind.Root != nil || id.Parent().Key() == computed.Parent().Key())
}

// written says that something was written to Azure for the object, or that it took over what is there. The annotation outlives a status that is
// lost, as in a backup that was restored.
func written(obj kind.Object) bool {
	_, marked := obj.GetAnnotations()[v1alpha1.AnnotationWritten]
	return marked || tree.Begun(obj)
}
