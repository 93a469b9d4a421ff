// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package dispatch

import (
	"context"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/move/method"
	"github.com/avs-operator/avs-operator/controllers/move/schedule"
)

// inFlightIndex finds VirtualMachineMoves that may have started and have not ended, among thousands that wait or are over.
const inFlightIndex = "status.inFlight"

// IndexInFlight makes the index that a Dispatcher reads by.
func IndexInFlight(ctx context.Context, indexer client.FieldIndexer) error {
	return indexer.IndexField(ctx, &v1alpha1.VirtualMachineMove{}, inFlightIndex, func(o client.Object) []string {
		if m, ok := o.(*v1alpha1.VirtualMachineMove); ok && underWay(m) {
			return []string{"true"}
		}
		return nil
	})
}

// underWay says that a machine holds a grant.
func underWay(m *v1alpha1.VirtualMachineMove) bool {
	return m.Status.GrantedAt != nil && !m.Status.Step.Over()
}

// state is what a decision rests on: limits and load of every resource, by the statuses, by what was let start since, and by what others
// run. The caller holds the lock.
func (d *Dispatcher) state(ctx context.Context) (schedule.State, error) {
	d.expire()
	s := schedule.State{
		Queue: d.waiting, Used: map[schedule.Resource]int{}, HeadroomPercent: d.o.HeadroomPercent, Now: d.clock(),
	}
	list := &v1alpha1.VirtualMachineMoveList{}
	// Nothing in the list is changed here, and copies of thousands of objects would cost more than the decision.
	if err := d.o.Client.List(ctx, list, client.MatchingFields{inFlightIndex: "true"}, client.UnsafeDisableDeepCopy); err != nil {
		return s, fmt.Errorf("reading what is under way: %w", err)
	}
	shown, ours := map[types.UID]bool{}, map[machineKey]bool{}
	for i := range list.Items {
		m := &list.Items[i]
		shown[m.UID] = true
		if given, ok := d.assumed[m.UID]; ok {
			if m.Status.GrantedAt.Time.Before(given.since.Truncate(time.Microsecond)) {
				continue // a grant of an earlier attempt: the cache lags
			}
			delete(d.assumed, m.UID) // stored: the status speaks for it from now on
		}
		ours[machineKey{m.Spec.Source.VCenterInstanceUUID, m.Spec.Machine.InstanceUUID}] = true
		ours[machineKey{m.Spec.Target.VCenterInstanceUUID, m.Spec.Machine.InstanceUUID}] = true
		if at, ok := d.ended[m.UID]; ok && !m.Status.GrantedAt.Time.After(at) {
			continue
		}
		job, host := d.charged(m)
		charge(s.Used, &job, host)
	}
	for uid := range d.ended {
		if !shown[uid] {
			delete(d.ended, uid)
		}
	}
	for _, given := range d.assumed {
		charge(s.Used, &given.job, given.host)
	}
	d.inFlight = shown
	s.Limits, s.FreeMemory = d.others.add(s.Used, ours)
	for _, given := range d.assumed {
		if _, known := s.FreeMemory[given.host]; known {
			s.FreeMemory[given.host] -= given.job.Memory
		}
	}
	return s, nil
}

// charged is what a machine under way costs, by its status.
func (d *Dispatcher) charged(m *v1alpha1.VirtualMachineMove) (schedule.Job, schedule.Resource) {
	spec := &m.Spec
	job := schedule.Job{Cost: method.CostOf(spec.Method)}
	if from := d.others.inventory(spec.Source.VCenterInstanceUUID); from != nil {
		job.Datastores = datastores(spec, from)
	} else {
		job.Datastores = []schedule.Resource{{Kind: schedule.Datastore, VCenter: spec.Target.VCenterInstanceUUID, Ref: spec.Target.Datastore.Ref}}
	}
	if h := m.Status.SourceHost; h != nil && h.Ref != "" {
		job.SourceHost = schedule.Resource{Kind: schedule.Host, VCenter: spec.Source.VCenterInstanceUUID, Ref: h.Ref}
	}
	var host schedule.Resource
	if h := m.Status.Host; h != nil {
		host = schedule.Resource{Kind: schedule.Host, VCenter: spec.Target.VCenterInstanceUUID, Ref: h.Ref}
	}
	return job, host
}

func charge(used map[schedule.Resource]int, j *schedule.Job, host schedule.Resource) {
	for r, cost := range schedule.Charges(j, host) {
		used[r] += cost
	}
}
