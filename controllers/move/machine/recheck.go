// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package machine

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/move/plan"
	"github.com/avs-operator/avs-operator/controllers/outcome"
	"github.com/avs-operator/avs-operator/controllers/vcenter"
)

// recheck reads the machine with its devices before it starts, and holds it to what was planned: a snapshot, a mounted installer or a disk
// that came since would go wrong without a word. One that this move has powered off was looked at before, and goes on.
func (p *pass) recheck(ctx context.Context) *outcome.Outcome {
	if p.move.Status.PoweredOffByMove == v1alpha1.PoweredOffByMoveYes {
		return nil
	}
	details, err := p.request.Source.Client.Details(ctx, []string{p.at.Source.Ref})
	if err != nil {
		return outcome.Retry(v1alpha1.ReasonUnreachable, err)
	}
	if len(details) == 0 {
		return p.again("the machine went away while it was read")
	}
	concerns := plan.Recheck(&p.move.Spec, &details[0], time.Now())
	stop := plan.Blocking(concerns)
	if len(stop) == 0 {
		p.move.Status.Concerns = concerns
		return nil
	}
	words := make([]string, len(stop))
	for i, c := range stop {
		words[i] = c.Message
	}
	o := p.blocked(stop[0].Name, "%s", strings.Join(words, ". ")).In(recheckBlocked)
	p.move.Status.Concerns = concerns
	return o
}

// waive takes the faults of vCenter's check away that a waiver of the WorkloadMove stands for, and shows them. The relocation itself has the
// last word.
func (p *pass) waive(faults []vcenter.Fault) []vcenter.Fault {
	waivers := plan.WaiversAt(p.move.Spec.Waivers, time.Now())
	var rest []vcenter.Fault
	for _, f := range faults {
		words, ok := waivers.Accept(f.Type)
		if !ok {
			rest = append(rest, f)
			continue
		}
		p.note(warning(f.Type, fmt.Sprintf("vCenter's check says: %s (%s)", f.String(), words)))
	}
	return rest
}

// unchecked decides about a relocation that vCenter could not check: that is no pass. A machine that runs on, or is off, may be tried: a
// relocation that does not work leaves it as it is. One that would be powered off for it might be down for nothing.
func (p *pass) unchecked(faults []vcenter.Fault) ([]vcenter.Fault, *outcome.Outcome) {
	var rest []vcenter.Fault
	for _, f := range faults {
		if f.Type != vcenter.NotChecked {
			rest = append(rest, f)
			continue
		}
		words, waived := plan.WaiversAt(p.move.Spec.Waivers, time.Now()).Accept(v1alpha1.ReasonRelocationNotChecked)
		if p.toPowerOff(p.at.Source) && !waived {
			return nil, p.blocked(v1alpha1.ReasonRelocationNotChecked, "the machine would be powered off for a relocation that could not be checked before (%s): power it off yourself, "+
				"move it Live, or accept this with a waiver of %s", f.Message, v1alpha1.ReasonRelocationNotChecked).In(recheckBlocked)
		}
		message := "the relocation could not be checked before it began: " + f.Message
		if waived {
			message += " (" + words + ")"
		}
		p.note(warning(v1alpha1.ReasonRelocationNotChecked, message))
	}
	return rest, nil
}

// note adds a concern, once a name.
func (p *pass) note(c v1alpha1.MachineConcern) {
	s := &p.move.Status
	for i := range s.Concerns {
		if s.Concerns[i].Name == c.Name {
			s.Concerns[i] = c
			return
		}
	}
	s.Concerns = append(s.Concerns, c)
}
