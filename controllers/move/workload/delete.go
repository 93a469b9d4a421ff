// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package workload

import (
	"context"
	"fmt"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/outcome"
)

// delete lets a deleted WorkloadMove go once no machine is under way. Until then its children, who see that it is deleted, cancel what runs.
func (s *scope) delete(ctx context.Context) *outcome.Outcome {
	if s.workload.DeletionTimestamp.IsZero() {
		return nil
	}
	if !controllerutil.ContainsFinalizer(s.workload, v1alpha1.Finalizer) {
		s.released = true
		return outcome.Done(v1alpha1.ReasonDeleting, "nothing is under way")
	}
	list := &v1alpha1.VirtualMachineMoveList{}
	if err := s.Live.List(ctx, list, client.InNamespace(s.workload.Namespace), client.MatchingLabels{v1alpha1.LabelMove: s.workload.Name}); err != nil {
		return outcome.Retry(v1alpha1.ReasonTransient, fmt.Errorf("reading the machines that may be under way: %w", err))
	}
	busy := 0
	for i := range list.Items {
		if m := &list.Items[i]; ownedBy(m, s.workload) && active(m) {
			busy++
		}
	}
	if busy > 0 {
		s.keepReady = false
		return outcome.Wait(v1alpha1.ReasonDeleting, "%s under way: what runs is cancelled or ends, and the WorkloadMove goes after that", are(busy,
			"machine is", "machines are")).In(30 * time.Second)
	}
	if o := s.setFinalizer(ctx, controllerutil.RemoveFinalizer); o != nil {
		return o
	}
	s.cache.drop(s.workload.UID)
	s.released = true
	return outcome.Done(v1alpha1.ReasonDeleting, "nothing is under way")
}
