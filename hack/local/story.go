// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/test/armsim"
	"github.com/avs-operator/avs-operator/test/vcentersim"
)

// drawPeriod is how often the table is drawn, and how often what waits for time is looked at.
const drawPeriod = 200 * time.Millisecond

// buildingBeforeKill is how long Azure has built, in its own time, when the operator is killed: long after the record was stored, and
// well before the shortest build ends.
const buildingBeforeKill = 75 * time.Minute

// movingAtKill is how many machines are on their way when the operator is killed.
const movingAtKill = 5

// demo is one run of the story.
type demo struct {
	*environment
	keep   string // directory that record writes into
	screen *screen
	board  *board
	before []vcentersim.MachineState // Oslo before anything moved
	kills  []string                  // what went on at each kill

	started  time.Time // samples applied
	building time.Time // the first look that showed the private cloud in the making
	running  time.Time // the move was set to Run
	finished time.Time
}

// beat is one thing that the demo does once, when its moment has come.
type beat struct {
	when func(*demo) bool
	do   func(*demo, context.Context) error
}

// story is played in order.
var story = []beat{
	{when: func(d *demo) bool { return true }, do: (*demo).apply},
	{when: (*demo).cloudHalfBuilt, do: (*demo).killWhileBuilding},
	{when: (*demo).planned, do: (*demo).run},
	{when: (*demo).wellUnderWay, do: (*demo).killWhileMoving},
	{when: func(d *demo) bool { return d.board.moved() }, do: (*demo).applyAfterMove},
	{when: func(d *demo) bool { return d.board.finished() && d.board.has(afterMove) }, do: func(d *demo, ctx context.Context) error {
		d.finished = time.Now()
		return d.record(ctx, "done")
	}},
}

// play plays the story to its end.
func (d *demo) play(ctx context.Context) error {
	changes, err := watchObjects(ctx, d.plane.AdminConfig())
	if err != nil {
		return err
	}
	ticker := time.NewTicker(drawPeriod)
	defer ticker.Stop()
	for rest := story; len(rest) > 0; {
		if rest[0].when(d) {
			if err := rest[0].do(d, ctx); err != nil {
				return err
			}
			rest = rest[1:]
			continue
		}
		select {
		case object := <-changes:
			d.take(object)
		case <-ticker.C:
			d.screen.draw(d.board.sorted())
			if err := d.plane.Check(); err != nil {
				return err
			}
		case <-d.operator.done():
			return fmt.Errorf("the operator ended by itself (%s)", d.operator.how())
		case <-ctx.Done():
			return errors.Join(ctx.Err(), d.unfinished())
		}
	}
	d.screen.leave(d.board.sorted())
	return nil
}

func (d *demo) take(object client.Object) {
	r := rowOf(object)
	before := d.board.rows[r.kind+"/"+object.GetName()]
	if r, changed := d.board.update(object); changed {
		d.screen.changed(r, before)
	}
}

// unfinished says what is not where it should be.
func (d *demo) unfinished() error {
	var text []string
	for _, r := range d.board.sorted() {
		if r.ready != "True" || r.kind == "WorkloadMove" {
			text = append(text, line(r))
		}
	}
	return fmt.Errorf("the state was:\n  %s", strings.Join(text, "\n  "))
}

func (d *demo) apply(ctx context.Context) error {
	d.screen.say("kubectl apply -k config/samples")
	_, err := d.plane.Kubectl(ctx, "apply", "-k", d.files.samples())
	return err
}

// afterMove is a kind of which only the samples for after the move have one.
const afterMove = "PlacementPolicy"

// applyAfterMove applies what is about the machines that have come.
func (d *demo) applyAfterMove(ctx context.Context) error {
	d.screen.say("kubectl apply -k config/samples/after-move")
	_, err := d.plane.Kubectl(ctx, "apply", "-k", filepath.Join(d.files.root, "config", "samples", "after-move"))
	return err
}

// cloudHalfBuilt says that Azure has built for a while, or that it is too late for that.
func (d *demo) cloudHalfBuilt() bool {
	if d.board.cloud != nil && d.board.cloud.Status.ProvisioningState == "Succeeded" {
		return true
	}
	if d.board.cloud == nil || d.board.cloud.Status.Operation == nil || d.board.cloud.Status.Operation.State != v1alpha1.OperationAccepted {
		return false
	}
	if d.building.IsZero() {
		d.building = time.Now()
	}
	return time.Since(d.building) >= time.Duration(float64(buildingBeforeKill)/d.speed)
}

func (d *demo) killWhileBuilding(ctx context.Context) error {
	return d.killOperator(ctx, "while-building", "Azure builds the private cloud", func() error {
		body, _ := d.world.azure.Resource(d.board.cloud.Status.ID)
		properties, _ := body["properties"].(map[string]any)
		if state := properties["provisioningState"]; state != "Building" {
			return fmt.Errorf("the kill while the private cloud is building came too late: Azure says %v; use a lower SPEED", state)
		}
		return nil
	})
}

// planned says that the move is planned for the private cloud that now exists.
func (d *demo) planned() bool {
	return d.board.move != nil && d.board.move.Status.Plan != nil &&
		meta.IsStatusConditionTrue(d.board.move.Status.Conditions, v1alpha1.ConditionPlanned)
}

func (d *demo) run(ctx context.Context) error {
	plan := d.board.move.Status.Plan
	d.screen.say("Planned: %d machines, %s on disk, %d blocked, about %s", plan.Machines, gib(plan.Bytes), plan.Blocked,
		(time.Duration(plan.EstimatedSeconds) * time.Second).Round(time.Minute))
	for _, concern := range plan.Concerns {
		d.screen.say("  %s %s (%d machines): %s", concern.Severity, concern.Name, concern.Machines, concern.Message)
	}
	d.screen.say(`kubectl patch wmove finance --type=merge -p '{"spec":{"state":"Run"}}'`)
	d.running = time.Now()
	_, err := d.plane.Kubectl(ctx, "patch", "workloadmove", "finance", "-n", namespace, "--type=merge", "-p", `{"spec":{"state":"Run"}}`)
	return err
}

// wellUnderWay says that several machines are on their way, or that it is too late for that.
func (d *demo) wellUnderWay() bool { return d.board.moving() >= movingAtKill || d.board.moved() }

func (d *demo) killWhileMoving(ctx context.Context) error {
	moving := d.board.moving()
	return d.killOperator(ctx, "while-moving", fmt.Sprintf("%d machines are on their way", moving), func() error {
		if n := len(d.movable(d.world.oslo.Machines())); n == 0 {
			return errors.New("the kill while machines are moving came too late: all had left; use a lower SPEED")
		}
		return nil
	})
}

// killOperator kills the operator without a word while something goes on, sees that it still goes on, records what it left, and starts another.
func (d *demo) killOperator(ctx context.Context, moment, while string, stillGoesOn func() error) error {
	pid, err := d.operator.kill()
	if err != nil {
		return err
	}
	if err := stillGoesOn(); err != nil {
		return err
	}
	d.screen.say("kill -9 %d: the operator is gone while %s", pid, while)
	if err := d.record(ctx, moment); err != nil {
		return err
	}
	if err := d.operator.start(ctx); err != nil {
		return err
	}
	d.kills = append(d.kills, while)
	d.screen.say("Another operator has started; it goes on where the records say once the old lease has run out")
	return nil
}

// cloudName and cloudID of the private cloud in the samples that machines move into.
const (
	cloudName = "weu"
	cloudID   = "/subscriptions/" + subscriptionID + "/resourceGroups/" + resourceGroup + "/providers/Microsoft.AVS/privateClouds/" + cloudName
)

// requestsOf counts requests for which keep says yes.
func requestsOf(all []armsim.Request, keep func(armsim.Request) bool) int {
	n := 0
	for _, r := range all {
		if keep(r) {
			n++
		}
	}
	return n
}

func gib(bytes int64) string { return fmt.Sprintf("%d GiB", bytes>>30) }
