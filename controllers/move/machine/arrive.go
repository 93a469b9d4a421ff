// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package machine

import (
	"context"
	"fmt"
	"strings"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/move/movers"
	"github.com/avs-operator/avs-operator/controllers/outcome"
)

// arrive ends the move of a machine that was read at the target and not at the source. That it is there is not enough: it is compared with
// what left, because a task's success has been false before.
func (p *pass) arrive(ctx context.Context) *outcome.Outcome {
	if p.at.Where != movers.AtTarget {
		return nil
	}
	s := &p.move.Status
	s.TargetRef = p.at.Target.Ref
	details, err := p.request.Target.Client.Details(ctx, []string{p.at.Target.Ref})
	if err != nil {
		return outcome.Retry(v1alpha1.ReasonUnreachable, err)
	}
	if len(details) == 0 {
		return p.again("the machine went away while it was read")
	}
	differences, concerns := compare(&p.move.Spec, &details[0], s.StartedAt != nil)
	s.Concerns = concerns
	if len(differences) > 0 {
		p.failed(v1alpha1.ReasonVerificationFailed, fmt.Sprintf("the machine is at the target and %s, but it is not what left the source: %s. "+
			"Nothing more is done with it: compare it yourself, then ask for another look with the annotation %s",
			powerWords(details[0].PowerState), strings.Join(differences, "; "), v1alpha1.AnnotationRetryRequestedAt))
		return p.finish(v1alpha1.MoveStepFailed)
	}
	if _, _, on := powerOf(&p.move.Spec); on == v1alpha1.PowerOnRestore && p.toRestore(details[0].PowerState) {
		return p.powerOn(ctx, v1alpha1.MoveSideTarget, p.at.Target) // whatever is wanted now: it ran before
	}
	p.restored(details[0].PowerState)
	return p.finish(v1alpha1.MoveStepMoved)
}
