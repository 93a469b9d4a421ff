// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package explain puts vCenter's words into sentences that say what to do: faults of a relocation, refusals of calls, power states.
package explain

import (
	"errors"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/vcenter"
)

// Power is a power state as people say it.
func Power(state string) string {
	switch state {
	case vcenter.PoweredOn:
		return "running"
	case vcenter.PoweredOff:
		return "powered off"
	}
	return state
}

// Side is one of the two vCenters as people say it.
func Side(side v1alpha1.MoveSide) string {
	if side == v1alpha1.MoveSideTarget {
		return "at the target"
	}
	return "at the source"
}

// Answer is what vCenter answered a call with, nil if it did not answer.
func Answer(err error) *vcenter.Fault {
	var e *vcenter.Error
	if errors.As(err, &e) {
		return e.Fault
	}
	return nil
}

// FaultOf is the refusal in err as a fault.
func FaultOf(err error) vcenter.Fault {
	if f := Answer(err); f != nil {
		return *f
	}
	f := vcenter.Fault{Type: string(vcenter.ClassOf(err)), Message: err.Error(), Class: vcenter.FaultOther}
	switch vcenter.ClassOf(err) {
	case vcenter.InvalidRequest, vcenter.NotSupported:
		f.Class = vcenter.FaultInvalid
	case vcenter.NotFound:
		f.Class = vcenter.FaultNotFound
	case vcenter.InvalidState:
		f.Class = vcenter.FaultState
	case vcenter.NoPermission:
		f.Class = vcenter.FaultPrivilege
	case vcenter.Busy:
		f.Class = vcenter.FaultBusy
	}
	return f
}
