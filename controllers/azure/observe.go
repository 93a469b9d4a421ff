// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/azure/diff"
	"github.com/avs-operator/avs-operator/controllers/azure/lane"
	"github.com/avs-operator/avs-operator/controllers/azure/tree"
	"github.com/avs-operator/avs-operator/controllers/connect"
	"github.com/avs-operator/avs-operator/controllers/ledger"
	"github.com/avs-operator/avs-operator/controllers/outcome"
	"github.com/avs-operator/avs-operator/controllers/status"
	"github.com/avs-operator/avs-operator/controllers/text"
)

// conflictPause is how soon a reconcile that lost a race is repeated.
const conflictPause = 20 * time.Millisecond

// observe finds out what Azure has: from the snapshot of the collection if that is newer than our own last write, else by reading the
// resource. From here on the resource is watched.
func (r *Reconciler[T]) observe(ctx context.Context, s *scope[T]) *outcome.Outcome {
	if !s.observed && !r.glance(s) {
		if o := r.relearn(s); o != nil {
			return o
		}
	}
	if !s.observed && !r.glance(s) {
		if o := r.read(ctx, s); o != nil {
			r.unseen(s)
			return o
		}
	}
	r.watch(s)
	return r.take(ctx, s)
}

// observeDirectly reads the resource itself: before a finalizer goes, nothing less will do.
func (r *Reconciler[T]) observeDirectly(ctx context.Context, s *scope[T]) *outcome.Outcome {
	if o := r.read(ctx, s); o != nil {
		return o
	}
	return r.take(ctx, s)
}

// unseen says that nobody knows any more whether Azure equals the spec, once no list has come for three periods: neither True nor False.
func (r *Reconciler[T]) unseen(s *scope[T]) {
	if look := r.Watcher.Look(s.client.Principal(), s.id); look.Known && look.Stale {
		s.facts = append(s.facts, status.Fact{Condition: v1alpha1.ConditionInSync, Status: metav1.ConditionUnknown, Reason: v1alpha1.ReasonNotObserved,
			Message: "Azure has not been seen for a while, so what it has is not known"})
	}
}

// glance takes the snapshot, if it counts.
func (r *Reconciler[T]) glance(s *scope[T]) bool {
	var wroteAt time.Time
	var watched bool
	r.memory.do(client.ObjectKeyFromObject(s.obj), func(m *remembered) { wroteAt, watched = m.wroteAt, m.own != "" })
	look := r.Watcher.Look(s.client.Principal(), s.id)
	if !watched || !look.Known || look.Stale || !look.AskedAt.After(wroteAt) {
		return false
	}
	s.actual, s.observed = s.renewed(look.Resource), true
	if look.Err == nil {
		s.accepted()
	}
	return true
}

// read asks Azure for the resource itself. Not there is an answer too: s.actual is nil then.
func (r *Reconciler[T]) read(ctx context.Context, s *scope[T]) *outcome.Outcome {
	if s.direct {
		return nil
	}
	if o := r.refused(s, s.reading()); o != nil {
		return o
	}
	actual, err := s.client.Get(ctx, s.id)
	s.homeless = isGroupMissing(err) || isParentMissing(err)
	if err != nil && (arm.ClassOf(err) != arm.NotFound || isGroupMissing(err)) {
		switch {
		case arm.ClassOf(err) == arm.NotFound && (s.deleting() || r.wasThere(s)):
			err = nil // the resource group is gone, and everything in it
			actual = nil
		case ledger.FateOf(err) == ledger.Refused:
			return r.refuse(s, s.reading(), err, connect.OutcomeOf(err))
		default:
			return connect.OutcomeOf(err)
		}
	}
	r.refusals(s).Taken(s.reading())
	if err != nil {
		actual = nil
	}
	s.actual, s.observed, s.direct = s.renewed(actual), true, true
	s.accepted()
	return nil
}

// accepted is what any answer of Azure's says about the identity: to a list, to a read, to a poll, to a write.
func (s *scope[T]) accepted() {
	s.fact(v1alpha1.ConditionCredentialsReady, true, v1alpha1.ReasonReady, "Azure accepts the identity")
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

// take copies what was found into status, and compares it with the spec.
func (r *Reconciler[T]) take(ctx context.Context, s *scope[T]) *outcome.Outcome {
	if o := r.missing(ctx, s); o != nil {
		return o
	}
	s.changes = nil
	if s.actual == nil {
		s.stat().ProvisioningState = ""
		s.stat().Drift = nil
	} else {
		s.stat().ProvisioningState = s.actual.ProvisioningState()
		r.kind.Observe(s.obj, s.actual)
	}
	r.tellLane(s)
	if s.deleting() {
		return nil // what it should be does not matter any more, and what it refers to may be gone
	}
	if o := r.desire(ctx, s); o != nil {
		return o
	}
	if s.actual != nil {
		s.changes = r.compare(s)
		s.stat().Drift = driftOf(s.changes)
	}
	return nil
}

// tellLane holds the lane while Azure works on a resource that excludes others, whoever began it: the portal, another tool, Azure itself.
func (r *Reconciler[T]) tellLane(s *scope[T]) {
	if r.traits.Lane != lane.Hosts || s.stat().Operation != nil {
		return
	}
	busy, who := "", ""
	if s.actual != nil && !arm.IsTerminal(s.actual.ProvisioningState()) {
		busy, who = s.id.Key(), fmt.Sprintf("Azure itself (%s %s)", r.traits.Name, s.actual.ProvisioningState())
	}
	var was string
	r.memory.do(client.ObjectKeyFromObject(s.obj), func(m *remembered) { was, m.busy = m.busy, busy })
	if was != busy || busy != "" {
		r.Lanes.Busy(tree.CloudKey(s.id), r.traits.Lane, s.id.Key(), who)
	}
}

// unbusy takes back what the lane was told, when the object cannot look any more: nobody else would.
func (r *Reconciler[T]) unbusy(s *scope[T]) {
	var busy, cloud string
	r.memory.do(client.ObjectKeyFromObject(s.obj), func(m *remembered) {
		busy, cloud = m.busy, m.cloud
		m.busy = ""
	})
	if busy != "" {
		r.Lanes.Busy(cloud, r.traits.Lane, busy, "")
	}
}

// desire works out the body that the spec asks for, completed: with what has to be looked up, tags merged with those of others, and what the
// spec set once and sets no longer set back to the service's default.
func (r *Reconciler[T]) desire(ctx context.Context, s *scope[T]) *outcome.Outcome {
	if o := r.readSecrets(ctx, s); o != nil {
		return o
	}
	desired := r.kind.Desired(s.obj)
	said := diff.Managed(desired)
	if r.kind.Resolve != nil {
		if o := r.kind.Resolve(ctx, r.world(s), desired); o != nil {
			return o
		}
	}
	s.asked = clone(desired)
	for _, path := range r.traits.Filled {
		if !slices.Contains(said, path) {
			remove(s.asked, path)
		}
	}
	s.dropped = slices.DeleteFunc(diff.Dropped(s.stat().Managed, desired), func(path string) bool { return path == managedAtAll })
	var back []diff.Change
	for _, path := range s.dropped {
		if value, ok := r.traits.Defaults[path]; ok {
			back = append(back, diff.Change{Path: path, Desired: value})
		}
	}
	merge(desired, diff.Patch(back))
	if r.traits.Tagged {
		desired["tags"] = r.tags(s, desired)
	}
	s.desired = desired
	return nil
}

// clone copies a body down to its values.
func clone(body map[string]any) map[string]any {
	out := make(map[string]any, len(body))
	for key, value := range body {
		switch at := value.(type) {
		case map[string]any:
			out[key] = clone(at)
		case []any:
			list := make([]any, len(at))
			for i, element := range at {
				if fields, ok := element.(map[string]any); ok {
					element = clone(fields)
				}
				list[i] = element
			}
			out[key] = list
		default:
			out[key] = value
		}
	}
	return out
}

// merge puts what over lacks of under into it.
func merge(over, under map[string]any) {
	for key, value := range under {
		have, ok := over[key]
		inner, both := have.(map[string]any)
		addition, isMap := value.(map[string]any)
		if ok && both && isMap {
			merge(inner, addition)
		} else if !ok {
			over[key] = value
		}
	}
}

// ownerOf names an object among all Kubernetes clusters.
func (r *Reconciler[T]) ownerOf(obj client.Object) string {
	return text.Cut(r.Owner+"/"+obj.GetNamespace()+"/"+obj.GetName(), 256)
}

// compare finds where Azure differs from what is desired. Tags that the spec dropped, and whatever else only a PUT can take away, are a
// difference although desired does not name them.
func (r *Reconciler[T]) compare(s *scope[T]) []diff.Change {
	changes := append(diff.Compare(s.desired, s.actual.Body, r.traits.Rules), r.secretChanges(s)...)
	for _, path := range s.dropped {
		_, back := r.traits.Defaults[path]
		if value, there := s.actual.Value(path); there && !back && r.byPUT(path) {
			changes = append(changes, diff.Change{Path: path, Actual: value})
		}
	}
	if !r.traits.Tagged {
		return changes
	}
	have, _ := s.actual.Body["tags"].(map[string]any)
	want, _ := s.desired["tags"].(map[string]any)
	return append(changes, droppedTags(have, want)...)
}

// below says that a path is one of others or lies below one.
func below(path string, others []string) bool {
	return slices.ContainsFunc(others, func(o string) bool { return path == o || strings.HasPrefix(path, o+"/") })
}

// byPUT says that a path is changed by a PUT of the whole resource.
func (r *Reconciler[T]) byPUT(path string) bool {
	return r.traits.NoPatch || below(path, r.traits.PutOnly)
}

// managedAtAll is among the managed paths of every resource that is managed, also of one whose spec sets nothing.
const managedAtAll = "/id"

// managed are the paths that the spec itself sets. Tags of others and the owner's tag are not among them.
func (s *scope[T]) managed() []string { return union(diff.Managed(s.asked), []string{managedAtAll}) }

// adopted says that the resource is managed: it was made, or taken over, for this object.
func (s *scope[T]) adopted() bool { return len(s.stat().Managed) > 0 }

func union(a, b []string) []string {
	all := append(slices.Clone(a), b...)
	slices.Sort(all)
	return slices.Compact(all)
}

// mostDrift bounds what status lists.
const mostDrift = 32

// driftOf shows differences as users read them.
func driftOf(changes []diff.Change) []v1alpha1.DriftItem {
	var out []v1alpha1.DriftItem
	for _, change := range changes[:min(len(changes), mostDrift)] {
		if strings.EqualFold(change.Path, "/tags/"+v1alpha1.TagOwner) {
			continue // the operator's own: no difference that a user made
		}
		out = append(out, v1alpha1.DriftItem{Path: change.Path, Desired: asJSON(change.Desired), Actual: asJSON(change.Actual)})
	}
	return out
}

func asJSON(value any) string {
	if value == nil {
		return ""
	}
	raw, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprint(value)
	}
	return text.Cut(string(raw), 1000)
}
