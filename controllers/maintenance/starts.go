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

// remember notes a start among those that are ours, before it is asked for: from then on it is not taken for a person's, whatever happens
// to the answer or to the status.
func (r *MaintenanceReconciler) remember(ctx context.Context, p *pass, f finding) *outcome.Outcome {
	have := p.ours[f.resource.Name]
	if slices.ContainsFunc(have, func(t time.Time) bool { return windows.SameMinute(t, f.Start) }) {
		return nil
	}
	kept := maps.Clone(p.ours)
	kept[f.resource.Name] = append(slices.Clone(have), f.Start)
	return r.keepOurs(ctx, p, kept)
}

// tidy forgets starts that are not in force any more, and maintenances that Azure does not list any more.
func (r *MaintenanceReconciler) tidy(ctx context.Context, p *pass, found []finding) *outcome.Outcome {
	kept, changed := map[string][]time.Time{}, false
	for i := range found {
		name := found[i].resource.Name
		starts := p.ours[name]
		if n := len(starts); n > 1 && windows.SameMinute(starts[n-1], found[i].seen.Start) {
			starts, changed = starts[n-1:], true
		}
		if starts != nil {
			kept[name] = starts
		}
	}
	if !changed && len(kept) == len(p.ours) {
		return nil
	}
	return r.keepOurs(ctx, p, kept)
}

// keepOurs stores the starts that are ours in the annotation, where a backup keeps them.
func (r *MaintenanceReconciler) keepOurs(ctx context.Context, p *pass, ours map[string][]time.Time) *outcome.Outcome {
	data, err := json.Marshal(ours)
	if err != nil {
		return outcome.Retry(v1alpha1.ReasonTransient, fmt.Errorf("writing metadata: %w", err))
	}
	base, worked := p.before.DeepCopy(), p.policy.Status.DeepCopy()
	changed := base.DeepCopy()
	if changed.Annotations == nil {
		changed.Annotations = map[string]string{}
	}
	changed.Annotations[v1alpha1.AnnotationScheduled] = string(data)
	err = r.Client.Patch(ctx, changed, client.MergeFromWithOptions(base, client.MergeFromWithOptimisticLock{}))
	if err != nil {
		lost := outcome.Retry(v1alpha1.ReasonTransient, fmt.Errorf("writing metadata: %w", err))
		if apierrors.IsConflict(err) {
			lost.After = conflictPause
		}
		return lost
	}
	p.before, p.policy, p.ours = changed.DeepCopy(), changed, ours
	p.policy.Status = *worked // the answer brought back the stored status
	return nil
}

// conflictPause is how soon a reconcile that lost a race is repeated.
const conflictPause = 20 * time.Millisecond

// oursOf reads the annotation. What cannot be read is nothing: then everything is taken for a person's, and left where it is.
func oursOf(policy *v1alpha1.MaintenancePolicy) map[string][]time.Time {
	out := map[string][]time.Time{}
	if err := json.Unmarshal([]byte(policy.Annotations[v1alpha1.AnnotationScheduled]), &out); err != nil {
		return map[string][]time.Time{}
	}
	return out
}
