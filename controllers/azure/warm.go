// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/ledger"
	"github.com/avs-operator/avs-operator/controllers/outcome"
)

// relearn waits for the first list of the collection where a new process finds an object that the one before it left in order. To read each of
// thousands by itself would use up ARM's limit on reads for minutes, and hold up those that have work to do.
func (r *Reconciler[T]) relearn(s *scope[T]) *outcome.Outcome {
	if !r.inOrder(s) {
		return nil
	}
	key, now := client.ObjectKeyFromObject(s.obj), time.Now()
	var began time.Time
	r.memory.do(key, func(m *remembered) {
		if m.relearning.IsZero() && m.own == "" {
			m.relearning = now
		}
		began = m.relearning
	})
	if began.IsZero() {
		return nil // it was looked at before
	}
	r.watch(s)
	look := r.Watcher.Look(s.client.Principal(), s.id)
	left := ledger.FirstList.Real(r.Pace) - now.Sub(began)
	if look.Known || look.Err != nil || left <= 0 {
		r.memory.do(key, func(m *remembered) { m.relearning = time.Time{} })
		return nil
	}
	return outcome.Wait(v1alpha1.ReasonReconciling, "reading what Azure has").In(r.Pace.Elapsed(left)).Quietly()
}

// inOrder says that nothing is to be done for the object, as far as its status knows.
func (r *Reconciler[T]) inOrder(s *scope[T]) bool {
	ready := meta.FindStatusCondition(s.before.AzureStatus().Conditions, v1alpha1.ConditionReady)
	return s.stat().Operation == nil && s.adopted() && !s.deleting() && ready != nil && ready.Status == metav1.ConditionTrue && ready.ObservedGeneration == s.obj.GetGeneration()
}
