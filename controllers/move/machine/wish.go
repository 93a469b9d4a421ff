// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package machine

import (
	"context"
	"fmt"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/connect"
	"github.com/avs-operator/avs-operator/controllers/move/movers"
	"github.com/avs-operator/avs-operator/controllers/outcome"
	"github.com/avs-operator/avs-operator/controllers/text"
)

// wish is what a machine's programme wants of it.
type wish string

const (
	wishRun    wish = "run"
	wishHold   wish = "hold"   // planned or paused: nothing new starts, what runs ends
	wishCancel wish = "cancel" // cancelled or deleted: nothing new starts, what runs is cancelled
)

// wanted asks the programme, by the cache. Before anything starts it is asked again, live.
func (p *pass) wanted(ctx context.Context) *outcome.Outcome {
	w, err := wishOf(ctx, p.Client, p.move)
	if err != nil {
		return outcome.Retry(v1alpha1.ReasonTransient, err)
	}
	p.wish = w
	p.move.Status.Concerns = nil // what still holds is found again below
	return nil
}

// wishOf is what the programme wants of a machine. A programme that is gone takes its machines along; a move without one runs.
func wishOf(ctx context.Context, reader client.Reader, move *v1alpha1.VirtualMachineMove) (wish, error) {
	if !move.DeletionTimestamp.IsZero() {
		return wishCancel, nil
	}
	owner := metav1.GetControllerOf(move)
	if owner == nil || owner.Kind != "WorkloadMove" {
		return wishRun, nil
	}
	programme := &v1alpha1.WorkloadMove{}
	err := reader.Get(ctx, types.NamespacedName{Namespace: move.Namespace, Name: owner.Name}, programme)
	switch {
	case apierrors.IsNotFound(err):
		return wishCancel, nil
	case err != nil:
		return "", fmt.Errorf("reading the WorkloadMove: %w", err)
	case programme.UID != owner.UID, !programme.DeletionTimestamp.IsZero(), programme.Spec.State == v1alpha1.MoveStateCancel:
		return wishCancel, nil
	case programme.Spec.State == v1alpha1.MoveStateRun:
		return wishRun, nil
	}
	return wishHold, nil
}

// connect finds both vCenters. A machine that nothing was done with needs neither to be cancelled.
func (p *pass) connect(ctx context.Context) *outcome.Outcome {
	s := &p.move.Status
	if p.wish == wishCancel && s.StartedAt == nil && !s.Begun() {
		return p.cancelled("nothing had been started: the machine stays where it is")
	}
	var o *outcome.Outcome
	if p.request.Source, o = p.vcenter(ctx, p.move.Spec.Source.VCenterRef.Name, p.move.Spec.Source.VCenterInstanceUUID); o != nil {
		return o
	}
	if p.request.Target, o = p.vcenter(ctx, p.move.Spec.Target.VCenterRef.Name, p.move.Spec.Target.VCenterInstanceUUID); o != nil {
		return o
	}
	p.request.Spec, p.mover = &p.move.Spec, moverOf(p.move.Spec.Method)
	if s.Host != nil {
		p.request.Host = s.Host.Ref
	}
	return nil
}

// vcenter is one vCenter, with the identity that the plan was made for: references of another would mean other machines.
func (p *pass) vcenter(ctx context.Context, name, instanceUUID string) (*connect.Connected, *outcome.Outcome) {
	c, o := p.VCenters.Get(ctx, p.move.Namespace, name)
	if o != nil {
		wait := outcome.Wait(v1alpha1.ReasonReferenceNotReady, "VCenter %s cannot be used now (%s): %s", name, o.Reason, o.Message).In(max(o.After, glance))
		wait.Quiet = o.Quiet
		return nil, wait
	}
	if is := c.Client.About().InstanceUUID; !strings.EqualFold(is, instanceUUID) {
		return nil, outcome.Stall(v1alpha1.ReasonIdentityChanged,
			"VCenter %s leads to vCenter %s now, while this move was planned with %s: nothing is done. Correct the VCenter, or delete this object to have it planned again", name, is, instanceUUID)
	}
	return c, nil
}

// locate finds where the machine is: by the inventories, and directly where they say anything but the ordinary.
func (p *pass) locate(ctx context.Context) *outcome.Outcome {
	if p.direct {
		return nil
	}
	if p.at = movers.Cached(p.request); p.at.Where == movers.AtSource {
		p.foundOff()
		return nil
	}
	if o := p.read(ctx); o != nil || p.wish == wishCancel {
		return o
	}
	return p.riddle()
}

// riddle says what stops a machine that is not at exactly one of the two vCenters.
func (p *pass) riddle() *outcome.Outcome {
	switch p.at.Where {
	case movers.Neither:
		return p.blocked(v1alpha1.ReasonMachineLostFromView,
			"neither vCenter shows the machine with instance UUID %s: it was deleted, or the account may not see it. Nothing is done until it shows again", p.move.Spec.Machine.InstanceUUID)
	case movers.Both:
		return p.blocked(v1alpha1.ReasonMachineAtBoth,
			"both vCenters show a machine with instance UUID %s: %s at the source and %s at the target. Remove the one that is not wanted", p.move.Spec.Machine.InstanceUUID, p.at.Source.Ref, p.at.Target.Ref)
	case movers.Unknown:
		return p.blocked(v1alpha1.ReasonAmbiguousMachine,
			"a vCenter shows more than one machine with instance UUID %s: remove the copies, or give them another instance UUID", p.move.Spec.Machine.InstanceUUID)
	}
	return nil
}

// read reads at both vCenters where the machine is.
func (p *pass) read(ctx context.Context) *outcome.Outcome {
	at, err := p.mover.Locate(ctx, p.request)
	if err != nil {
		return outcome.Retry(v1alpha1.ReasonUnreachable, err)
	}
	p.at, p.direct = at, true
	p.foundOff()
	return nil
}

// blocked says what stops the machine until a person does something. A cancelled one ends instead.
func (p *pass) blocked(name, format string, args ...any) *outcome.Outcome {
	o := outcome.Stall(name, format, args...)
	p.move.Status.Step = v1alpha1.MoveStepBlocked
	if !p.move.Status.Begun() { // its turn is of use to another
		p.ungrant()
		p.Turns.Done(p.move.UID)
	}
	p.move.Status.Concerns = []v1alpha1.MachineConcern{{Name: name, Severity: v1alpha1.SeverityBlocking, Message: text.Cut(o.Message, 1024)}}
	return o
}

// hold stops here while the programme is planned or paused, and while the operator is frozen.
func (p *pass) hold(context.Context) *outcome.Outcome {
	frozen := p.Publisher.Freeze.Hold("the start of the move")
	if p.wish != wishHold && frozen == nil || p.move.Status.Begun() {
		return nil
	}
	if p.move.Status.GrantedAt != nil { // it was paused while vCenter checked: its turn is of use to another
		p.ungrant()
		p.Turns.Done(p.move.UID)
	}
	if frozen != nil {
		return p.going(v1alpha1.MoveStepWaiting, frozen)
	}
	return p.going(v1alpha1.MoveStepWaiting, outcome.Wait(v1alpha1.ReasonPaused, "the WorkloadMove is not in state Run: the machine is not started"))
}
