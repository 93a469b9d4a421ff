// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"context"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/azure/decide"
	"github.com/avs-operator/avs-operator/controllers/azure/kind"
	"github.com/avs-operator/avs-operator/controllers/azure/recall"
	"github.com/avs-operator/avs-operator/controllers/azure/tree"
	"github.com/avs-operator/avs-operator/controllers/connect/rulings"
	"github.com/avs-operator/avs-operator/controllers/ledger"
	"github.com/avs-operator/avs-operator/controllers/outcome"
	"github.com/avs-operator/avs-operator/controllers/status"
)

// observe finds out what Azure has: from the snapshot of the collection if that is newer than our own last write, else by reading the
// resource. From here on the resource is watched.
func (r *Reconciler[T]) observe(ctx context.Context, s *scope[T]) *outcome.Outcome {
	if !s.observed && !r.fromSnapshot(s) {
		if o := r.awaitFirstList(s); o != nil {
			return o
		}
	}
	if !s.observed && !r.fromSnapshot(s) {
		if o := r.read(ctx, s); o != nil {
			r.unseen(s)
			return o
		}
	}
	r.watch(s)
	return nil
}

// readAgain reads the resource itself before a write: a snapshot wakes and compares, and proves nothing.
func (r *Reconciler[T]) readAgain(ctx context.Context, s *scope[T]) *outcome.Outcome {
	if s.write == nil {
		return nil
	}
	return r.read(ctx, s)
}

// proveGone reads a resource that comes and goes without the operator, when a list lacks it.
func (r *Reconciler[T]) proveGone(ctx context.Context, s *scope[T]) *outcome.Outcome {
	if !s.decision.Gone {
		return nil
	}
	return r.read(ctx, s)
}

// see reads the resource itself and copies it into status.
func (r *Reconciler[T]) see(ctx context.Context, s *scope[T]) *outcome.Outcome {
	if o := r.read(ctx, s); o != nil {
		return o
	}
	r.memory.Do(client.ObjectKeyFromObject(s.obj), func(m *recall.Object) { m.Missing = time.Time{} })
	r.show(s)
	return nil
}

// unseen says that nobody knows any more whether Azure equals the spec, once no list has come for three periods: neither True nor False.
func (r *Reconciler[T]) unseen(s *scope[T]) {
	if look := r.Watcher.Look(s.client.Principal(), s.id); look.Known && look.Stale {
		s.facts = append(s.facts, status.Fact{Condition: v1alpha1.ConditionInSync, Status: metav1.ConditionUnknown, Reason: v1alpha1.ReasonNotObserved,
			Message: "Azure has not been seen for a while, so what it has is not known"})
	}
}

// fromSnapshot takes the snapshot, if it counts.
func (r *Reconciler[T]) fromSnapshot(s *scope[T]) bool {
	var wroteAt time.Time
	var watched bool
	r.memory.Do(client.ObjectKeyFromObject(s.obj), func(m *recall.Object) { wroteAt, watched = m.WroteAt, m.Own != "" })
	look := r.Watcher.Look(s.client.Principal(), s.id)
	if !watched || !look.Known || look.Stale || !look.AskedAt.After(wroteAt) {
		return false
	}
	s.actual, s.observed, s.decided = s.renewed(look.Resource), true, false
	if look.Err == nil {
		s.accepted()
	}
	return true
}

// read asks Azure for the resource itself, once in a reconcile. Not there is an answer too: s.actual is nil then.
func (r *Reconciler[T]) read(ctx context.Context, s *scope[T]) *outcome.Outcome {
	if s.direct {
		return nil
	}
	if o := r.refused(s, s.reading()); o != nil {
		return o
	}
	actual, err := s.client.Get(ctx, s.id)
	s.parentMissing = isGroupMissing(err) || isParentMissing(err)
	if err != nil && (arm.ClassOf(err) != arm.NotFound || isGroupMissing(err)) {
		switch {
		case arm.ClassOf(err) == arm.NotFound && (s.deleting() || r.wasThere(s)):
			err = nil // the resource group is gone, and everything in it
			actual = nil
		case ledger.FateOf(err) == ledger.Refused:
			return r.refuse(s, s.reading(), err, rulings.OfAzure(err))
		default:
			return rulings.OfAzure(err)
		}
	}
	r.refusals(s).Taken(s.reading())
	if err != nil {
		actual = nil
	}
	s.actual, s.observed, s.direct, s.decided = s.renewed(actual), true, true, false
	s.accepted()
	return nil
}

// readOther reads another resource itself; nil if it is not there.
func (r *Reconciler[T]) readOther(ctx context.Context, s *scope[T], id arm.ID) (*arm.Resource, error) {
	found, err := s.client.Get(ctx, id)
	if arm.ClassOf(err) == arm.NotFound {
		return nil, nil
	}
	return found, err
}

// missing makes sure, before anybody is told that a resource is gone or has it made again, that it is. ARM answers from replicas, and a list is
// put together from what each of them has: one without a resource that was there proves nothing, and neither does one read. So the resource is
// read by itself, and once more when the replicas have had time to agree; until then the object stays as it was.
func (r *Reconciler[T]) missing(ctx context.Context, s *scope[T]) *outcome.Outcome {
	key := client.ObjectKeyFromObject(s.obj)
	since := r.missingSince(s)
	if s.actual == nil && !s.deleting() && r.wasThere(s) && (since.IsZero() || r.leftOf(ledger.Missing, since) <= 0) {
		if o := r.read(ctx, s); o != nil {
			return o
		}
	}
	if s.actual != nil || s.deleting() || !r.wasThere(s) {
		r.memory.Do(key, func(m *recall.Object) { m.Missing = time.Time{} })
		return nil
	}
	left := r.leftOf(ledger.Missing, since)
	switch {
	case since.IsZero():
		r.memory.Do(key, func(m *recall.Object) { m.Missing = time.Now() })
		left = ledger.Missing.Real(r.Pace)
	case left <= 0:
		return r.parentGone(s) // two reads, some time apart
	}
	s.observed = false // nothing was found out yet, so what is watched stays watched
	return outcome.Wait(v1alpha1.ReasonReconciling, "Azure does not show it now: it is read again before anybody calls it gone").In(r.Pace.Elapsed(left)).Quietly()
}

// leftOf is how much of a wait that began at since is left, in real time.
func (r *Reconciler[T]) leftOf(wait ledger.Wait, since time.Time) time.Duration {
	return wait.Real(r.Pace) - time.Since(since)
}

// missingSince is since when the resource is not found by itself, zero if it was found last.
func (r *Reconciler[T]) missingSince(s *scope[T]) (since time.Time) {
	r.memory.Do(client.ObjectKeyFromObject(s.obj), func(m *recall.Object) { since = m.Missing })
	ready := meta.FindStatusCondition(s.before.AzureStatus().Conditions, v1alpha1.ConditionReady)
	if since.IsZero() && ready != nil && ready.Reason == v1alpha1.ReasonNotFoundInAzure {
		since = time.Unix(0, 0) // said already, before a restart
	}
	return since
}

// parentGone waits where Azure has not even the private cloud or the cluster that a resource was in: it was deleted, or moved, with all that is in it,
// and its own object says so as soon as it has found out. Nothing can be made here.
func (r *Reconciler[T]) parentGone(s *scope[T]) *outcome.Outcome {
	if r.kind.Parent == nil || !s.parentMissing {
		return nil
	}
	return outcome.Wait(v1alpha1.ReasonReferenceNotReady,
		"Azure has nothing at %s any more: PrivateCloud %s was deleted or moved, and its object says so in a moment. This goes on by itself when it is found",
		s.id.Parent(), s.cloud.Name).
		About(v1alpha1.ConditionReferencesReady).In(ledger.Recheck.Bound)
}

// wasThere says that the resource has been seen, or was made. One whose creation failed was never there whole.
func (r *Reconciler[T]) wasThere(s *scope[T]) bool {
	return s.stat().Operation == nil && (s.adopted() || s.stat().ProvisioningState != "") && !decide.CreationFailed(s.stat().Failure)
}

// awaitFirstList waits for the first list of the collection where a new process finds an object that the one before it left in order. To read each of
// thousands by itself would use up ARM's limit on reads for minutes, and hold up those that have work to do.
func (r *Reconciler[T]) awaitFirstList(s *scope[T]) *outcome.Outcome {
	if !r.inOrder(s) {
		return nil
	}
	key, now := client.ObjectKeyFromObject(s.obj), time.Now()
	var began time.Time
	r.memory.Do(key, func(m *recall.Object) {
		if m.AwaitsList.IsZero() && m.Own == "" {
			m.AwaitsList = now
		}
		began = m.AwaitsList
	})
	if began.IsZero() {
		return nil // it was looked at before
	}
	r.watch(s)
	look := r.Watcher.Look(s.client.Principal(), s.id)
	left := ledger.FirstList.Real(r.Pace) - now.Sub(began)
	if look.Known || look.Err != nil || left <= 0 {
		r.memory.Do(key, func(m *recall.Object) { m.AwaitsList = time.Time{} })
		return nil
	}
	return outcome.Wait(v1alpha1.ReasonReconciling, "reading what Azure has").In(r.Pace.Elapsed(left)).Quietly()
}

// inOrder says that nothing is to be done for the object, as far as its status knows.
func (r *Reconciler[T]) inOrder(s *scope[T]) bool {
	ready := meta.FindStatusCondition(s.before.AzureStatus().Conditions, v1alpha1.ConditionReady)
	return s.stat().Operation == nil && s.adopted() && !s.deleting() &&
		ready != nil && ready.Status == metav1.ConditionTrue && ready.ObservedGeneration == s.obj.GetGeneration()
}

// What an object looks at, its own resource and others, is watched for it: a change wakes the object.

// watch has the resource's collection listed, from now until an operation of ours begins or the object goes.
func (r *Reconciler[T]) watch(s *scope[T]) {
	key, own := client.ObjectKeyFromObject(s.obj), recall.ResourceKey(s.client.Principal(), s.id)
	var was string
	r.memory.Do(key, func(m *recall.Object) { was, m.Own = m.Own, own })
	if was != "" && was != own {
		r.memory.Drop(key, func(what string) bool { return what != was })
		r.memory.Do(key, func(m *recall.Object) { m.Own = own })
	}
	r.memory.Use(key, own, func() func() { return r.Watcher.UseResource(s.client, s.id) })
}

// unwatch ends that: an operation that is polled needs no list.
func (r *Reconciler[T]) unwatch(key client.ObjectKey) {
	var own string
	r.memory.Do(key, func(m *recall.Object) { own = m.Own })
	r.memory.Drop(key, func(what string) bool { return what != own })
}

// lookAt is another resource, nil if it is not there: from the last list of its collection, or asked for directly if there is none yet. From
// now on it is watched for the object, so that a change of it wakes the object.
func (r *Reconciler[T]) lookAt(ctx context.Context, s *scope[T], id arm.ID) (*arm.Resource, error) {
	what := recall.ResourceKey(s.client.Principal(), id)
	s.use(what)
	r.memory.Use(client.ObjectKeyFromObject(s.obj), what, func() func() { return r.Watcher.UseResource(s.client, id) })
	var wroteAt time.Time
	r.memory.Do(client.ObjectKeyFromObject(s.obj), func(m *recall.Object) { wroteAt = m.WroteAt })
	if look := r.Watcher.Look(s.client.Principal(), id); look.Resource != nil && !look.Stale && look.AskedAt.After(wroteAt) {
		return look.Resource, nil // one that a list lacks may be there all the same
	}
	return r.readOther(ctx, s, id)
}

// listed is a collection, in the same way.
func (r *Reconciler[T]) listed(ctx context.Context, s *scope[T], collection arm.ID) ([]*arm.Resource, error) {
	what := recall.CollectionKey(s.client.Principal(), collection)
	s.use(what)
	r.memory.Use(client.ObjectKeyFromObject(s.obj), what, func() func() { return r.Watcher.Use(s.client, collection) })
	if all, ok := r.Watcher.Listed(s.client.Principal(), collection); ok {
		return all, nil
	}
	all, err := s.client.List(ctx, collection)
	if err != nil {
		return nil, err
	}
	out := make([]*arm.Resource, len(all))
	for i := range all {
		out[i] = &all[i]
	}
	return out, nil
}

// world shows a kind what one reconcile knows.
func (r *Reconciler[T]) world(s *scope[T]) kind.World[T] {
	w := kind.World[T]{
		Object: s.obj, Cloud: s.cloud, ID: s.id, CloudID: tree.CloudOf(s.id), Actual: s.actual,
		ARM: s.client, Reader: r.Client, VCenters: r.VCenters,
	}
	w.List = func(ctx context.Context, collection arm.ID) ([]*arm.Resource, error) {
		return r.listed(ctx, s, collection)
	}
	if r.kind.InCluster {
		w.ClusterID = tree.ParentOf(s.id, r.kind.Segment)
	}
	return w
}

// show copies what was observed into status, and holds the lane while Azure works on the resource.
func (r *Reconciler[T]) show(s *scope[T]) {
	if s.actual == nil {
		s.stat().ProvisioningState, s.stat().Drift = "", nil
	} else {
		s.stat().ProvisioningState = s.actual.ProvisioningState()
		r.kind.Observe(s.obj, s.actual)
	}
	r.markBusy(s)
}
