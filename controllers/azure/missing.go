// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"context"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/ledger"
	"github.com/avs-operator/avs-operator/controllers/outcome"
)

// missing makes sure, before anybody is told that a resource is gone or has it made again, that it is. ARM answers from replicas, and a list is
// put together from what each of them has: one without a resource that was there proves nothing, and neither does one read. So the resource is
// read by itself, and once more when the replicas have had time to agree; until then the object stays as it was.
func (r *Reconciler[T]) missing(ctx context.Context, s *scope[T]) *outcome.Outcome {
	key := client.ObjectKeyFromObject(s.obj)
	if s.actual != nil || s.deleting() || !r.wasThere(s) {
		r.memory.do(key, func(m *remembered) { m.missing = time.Time{} })
		return nil
	}
	since := r.missingSince(s)
	left := ledger.Missing.Real(r.Pace) - time.Since(since)
	if since.IsZero() || left <= 0 {
		if o := r.read(ctx, s); o != nil {
			return o
		}
		if s.actual != nil {
			return r.missing(ctx, s)
		}
		if !since.IsZero() {
			return r.homeless(s) // two reads, some time apart
		}
		r.memory.do(key, func(m *remembered) { m.missing = time.Now() })
		left = ledger.Missing.Real(r.Pace)
	}
	s.observed = false // nothing was found out yet, so what is watched stays watched
	return outcome.Wait(v1alpha1.ReasonReconciling, "Azure does not show it now: it is read again before anybody calls it gone").In(r.Pace.Elapsed(left)).Quietly()
}

// missingSince is since when the resource is not found by itself, zero if it was found last.
func (r *Reconciler[T]) missingSince(s *scope[T]) (since time.Time) {
	r.memory.do(client.ObjectKeyFromObject(s.obj), func(m *remembered) { since = m.missing })
	if ready := meta.FindStatusCondition(s.before.AzureStatus().Conditions, v1alpha1.ConditionReady); since.IsZero() && ready != nil && ready.Reason == v1alpha1.ReasonNotFoundInAzure {
		since = time.Unix(0, 0) // said already, before a restart
	}
	return since
}

// homeless waits where Azure has not even the private cloud or the cluster that a resource was in: it was deleted, or moved, with all that is in it,
// and its own object says so as soon as it has found out. Nothing can be made here.
func (r *Reconciler[T]) homeless(s *scope[T]) *outcome.Outcome {
	if r.kind.Parent == nil || !s.homeless {
		return nil
	}
	return outcome.Wait(v1alpha1.ReasonReferenceNotReady, "Azure has nothing at %s any more: PrivateCloud %s was deleted or moved, and its object says so in a moment. This goes on by itself when it is found", s.id.Parent(), s.cloud.Name).
		About(v1alpha1.ConditionReferencesReady).In(requiredRecheck)
}

// wasThere says that the resource has been seen, or was made. One whose creation failed was never there whole.
func (r *Reconciler[T]) wasThere(s *scope[T]) bool {
	return s.stat().Operation == nil && (s.adopted() || s.stat().ProvisioningState != "") && !creationFailed(s.stat().Failure)
}
