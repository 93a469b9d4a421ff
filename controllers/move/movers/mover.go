// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package movers holds the ways of moving a machine. Each is a package of its own below; what they share stands here. A mover acts when
// told and reports what it sees: when to act, and what a failure means for the move, is decided elsewhere.
package movers

import (
	"context"
	"time"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/connect/vcenters"
	"github.com/avs-operator/avs-operator/controllers/vcenter"
)

// Mover is one way of moving a machine. The handle of a move under way is the record in its status, so that any process can go on with it.
type Mover interface {
	// Check asks whether the machine could move now, and changes nothing. No faults is not a promise. An error of class vcenter.Pending
	// means that vCenter is still checking: ask again.
	Check(ctx context.Context, r Request, at Placement) ([]vcenter.Fault, error)
	// Start starts the move of the machine that was just read at the source. Its error is a *vcenter.Error; class AnswerLost means that
	// the move may run.
	Start(ctx context.Context, r Request, at Placement) (vcenter.TaskHandle, error)
	// State reads how far the move is.
	State(ctx context.Context, r Request, task v1alpha1.MoveTask) (Progress, error)
	// Find looks for the task of a move whose answer was lost; empty: it never reached the vCenter, provided that its deadline is well over.
	Find(ctx context.Context, r Request, task v1alpha1.MoveTask) (ref string, err error)
	// Cancel asks for the end of the move. Whether it came in time is read with State and Locate.
	Cancel(ctx context.Context, r Request, task v1alpha1.MoveTask) error
	// Locate reads at both vCenters where the machine is.
	Locate(ctx context.Context, r Request) (Placement, error)
}

// Request is one machine on its way.
type Request struct {
	Source, Target *vcenters.Connected
	Spec           *v1alpha1.VirtualMachineMoveSpec
	// Host of the target that takes the machine, a managed object id; empty: vCenter chooses.
	Host string
	// Locator lets the source vCenter into the target; only Check and Start need it.
	Locator *vcenter.Locator
}

// Side is the connection to one of the two vCenters.
func (r Request) Side(side v1alpha1.MoveSide) *vcenters.Connected {
	if side == v1alpha1.MoveSideTarget {
		return r.Target
	}
	return r.Source
}

// Where a machine is.
type Where string

// The places. Unknown means that one of the vCenters could not be asked, or showed the machine more than once.
const (
	AtSource Where = "AtSource"
	AtTarget Where = "AtTarget"
	Both     Where = "Both"
	Neither  Where = "Neither"
	Unknown  Where = "Unknown"
)

// Placement is where a machine is, and how it is there.
type Placement struct {
	Where          Where
	Source, Target *vcenter.Machine // nil where it is not
}

// State of a task.
type State string

// The states. Forgotten means that vCenter does not know the task any more: only looking at both vCenters tells its end.
const (
	Queued    State = "Queued"
	Running   State = "Running"
	Succeeded State = "Succeeded"
	Failed    State = "Failed"
	Forgotten State = "Forgotten"
)

// Progress of a task.
type Progress struct {
	State     State
	Percent   int32
	Fault     *vcenter.Fault // of Failed
	Cancelled bool           // a cancel was asked for, by whomever
	// Ended is how long ago the task ended, by its vCenter's clock; 0 while unknown, as it always is of Forgotten.
	Ended time.Duration
}

// Over says that the task will not change any more.
func (p Progress) Over() bool { return p.State != Queued && p.State != Running }
