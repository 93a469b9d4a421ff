// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package maintenance

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/maintenance/windows"
	"github.com/avs-operator/avs-operator/controllers/outcome"
)

// noteStart notes a start among those that are ours, before it is asked for: from then on it is not taken for a person's, whatever happens
// to the answer or to the status.
func (r *Reconciler) noteStart(ctx context.Context, s *scope, f finding) *outcome.Outcome {
	have := s.starts[f.resource.Name]
	if slices.ContainsFunc(have, func(t time.Time) bool { return windows.SameMinute(t, f.Start) }) {
		return nil
	}
	kept := maps.Clone(s.starts)
	kept[f.resource.Name] = append(slices.Clone(have), f.Start)
	return r.storeStarts(ctx, s, kept)
}

// forgetStarts forgets starts that are not in force any more, and maintenances that Azure does not list any more.
func (r *Reconciler) forgetStarts(ctx context.Context, s *scope, found []finding) *outcome.Outcome {
	kept, changed := map[string][]time.Time{}, false
	for i := range found {
		name := found[i].resource.Name
		starts := s.starts[name]
		if n := len(starts); n > 1 && windows.SameMinute(starts[n-1], found[i].seen.Start) {
			starts, changed = starts[n-1:], true
		}
		if starts != nil {
			kept[name] = starts
		}
	}
	if !changed && len(kept) == len(s.starts) {
		return nil
	}
	return r.storeStarts(ctx, s, kept)
}

// storeStarts stores the starts that are ours in the annotation, where a backup keeps them.
func (r *Reconciler) storeStarts(ctx context.Context, s *scope, starts map[string][]time.Time) *outcome.Outcome {
	data, err := json.Marshal(starts)
	if err != nil {
		return outcome.Retry(v1alpha1.ReasonTransient, fmt.Errorf("writing metadata: %w", err))
	}
	base, worked := s.before.DeepCopy(), s.policy.Status.DeepCopy()
	changed := base.DeepCopy()
	if changed.Annotations == nil {
		changed.Annotations = map[string]string{}
	}
	changed.Annotations[v1alpha1.AnnotationScheduled] = string(data)
	err = r.Client.Patch(ctx, changed, client.MergeFromWithOptions(base, client.MergeFromWithOptimisticLock{}))
	switch {
	case apierrors.IsConflict(err):
		return outcome.Collided(fmt.Errorf("writing metadata: %w", err))
	case err != nil:
		return outcome.Retry(v1alpha1.ReasonTransient, fmt.Errorf("writing metadata: %w", err))
	}
	s.before, s.policy, s.starts = changed.DeepCopy(), changed, starts
	s.policy.Status = *worked // the answer brought back the stored status
	return nil
}

// startsOf reads the annotation. What cannot be read is nothing: then everything is taken for a person's, and left where it is.
func startsOf(policy *v1alpha1.MaintenancePolicy) map[string][]time.Time {
	out := map[string][]time.Time{}
	if err := json.Unmarshal([]byte(policy.Annotations[v1alpha1.AnnotationScheduled]), &out); err != nil {
		return map[string][]time.Time{}
	}
	return out
}
