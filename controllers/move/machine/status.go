// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package machine

import (
	"fmt"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/ledger"
	"github.com/avs-operator/avs-operator/controllers/metrics"
	"github.com/avs-operator/avs-operator/controllers/outcome"
	"github.com/avs-operator/avs-operator/controllers/text"
	"github.com/avs-operator/avs-operator/controllers/vcenter"
)

// blocked says what stops the machine until a person does something. A cancelled one ends instead.
func (s *scope) blocked(name, format string, args ...any) *outcome.Outcome {
	o := outcome.Stall(name, format, args...)
	s.move.Status.Step = v1alpha1.MoveStepBlocked
	if !s.move.Status.Begun() { // its turn is of use to another
		s.dropTurn()
		s.Turns.Done(s.move.UID)
	}
	s.move.Status.Concerns = []v1alpha1.MachineConcern{{Name: name, Severity: v1alpha1.SeverityBlocking, Message: text.Cut(o.Message, 1024)}}
	return o
}

// warn adds a concern that stops nothing, once a name.
func (s *scope) warn(name, message string) {
	c := v1alpha1.MachineConcern{Name: name, Severity: v1alpha1.SeverityWarning, Message: text.Cut(message, 1024)}
	st := &s.move.Status
	for i := range st.Concerns {
		if st.Concerns[i].Name == c.Name {
			st.Concerns[i] = c
			return
		}
	}
	st.Concerns = append(st.Concerns, c)
}

// dropTurn takes the machine's turn out of the status.
func (s *scope) dropTurn() {
	st := &s.move.Status
	st.GrantedAt, st.Host, st.SourceHost = nil, nil, nil
}

// notePoweringOff notes that the move is about to power the machine off.
func notePoweringOff(s *v1alpha1.VirtualMachineMoveStatus) {
	if s.PoweredOffByMove != v1alpha1.PoweredOffByMoveUnknown { // which it stays until the machine is off
		s.PoweredOffByMove = v1alpha1.PoweredOffByMoveYes
	}
}

// noteLeftOn notes that a call to power the machine off came to nothing. One before it, whose fate nobody knows, may still be carried out.
func (s *scope) noteLeftOn() {
	if st := &s.move.Status; st.PoweredOffByMove != v1alpha1.PoweredOffByMoveUnknown {
		st.PoweredOffByMove = v1alpha1.PoweredOffByMoveNo
	}
}

// noteFoundOff takes a machine that is off, after a call to power it off whose fate nobody knew, for one that this move powered off: it ran, and such a
// call may be carried out long after it was given up.
func (s *scope) noteFoundOff() {
	if st := &s.move.Status; st.PoweredOffByMove == v1alpha1.PoweredOffByMoveUnknown && s.at.Source != nil && s.at.Source.PowerState == vcenter.PoweredOff {
		st.PoweredOffByMove = v1alpha1.PoweredOffByMoveYes
	}
}

// notePoweredOn notes a machine that runs: there is nothing left to power on again.
func (s *scope) notePoweredOn(powerState string) {
	if powerState == vcenter.PoweredOn && s.move.Status.PoweredOffByMove != "" {
		s.move.Status.PoweredOffByMove, s.move.Status.PowerOn = v1alpha1.PoweredOffByMoveNo, nil
	}
}

// needsPowerOn says whether the machine is off only because the move powered it off.
func (s *scope) needsPowerOn(powerState string) bool {
	by := s.move.Status.PoweredOffByMove
	return (by == v1alpha1.PoweredOffByMoveYes || by == v1alpha1.PoweredOffByMoveUnknown) && powerState == vcenter.PoweredOff
}

// told is a call as logs and metrics tell it.
func (s *scope) told(task *v1alpha1.MoveTask) metrics.Operation {
	st := &s.move.Status
	op := metrics.Operation{
		Kind: "VirtualMachineMove", Object: s.move, ID: task.Entity, Verb: string(task.Kind), Attempt: 1,
		Operation: fmt.Sprintf("%s/%d", s.move.UID, task.RecordedAt.UnixMicro()),
		Took:      s.Pace.Elapsed(max(s.Clock.Since(task.Deadline.Add(-ledger.Calling.Real(s.Pace))), 0)), // RecordedAt is by vCenter's clock
	}
	switch {
	case task.Kind == v1alpha1.MoveTaskRelocate:
		op.Attempt = st.Attempts
	case task.Kind == v1alpha1.MoveTaskPowerOn && st.PowerOn != nil:
		op.Attempt = st.PowerOn.Attempts + 1
	}
	return op
}

// dropTask takes the record of a call out of the status, if there is one, and tells how it ended. Only a record that is withdrawn goes without it:
// its call was not sent, and nothing was told of it.
func (s *scope) dropTask(how metrics.Result) {
	st := &s.move.Status
	task := st.Task
	if task == nil {
		return
	}
	st.Task = nil
	if !s.Metrics.Ended(s.log, s.told(task), how) || task.Kind != v1alpha1.MoveTaskRelocate {
		return
	}
	s.Metrics.MoveAttempt(string(s.move.Spec.Method), how)
	if how == metrics.Succeeded {
		s.Metrics.MachineMoved(string(s.move.Spec.Method), st.BytesTotal)
	}
}
