// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package dispatch

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/connect/vcenters"
	"github.com/avs-operator/avs-operator/controllers/move/method"
	"github.com/avs-operator/avs-operator/controllers/move/plan"
	"github.com/avs-operator/avs-operator/controllers/move/schedule"
	"github.com/avs-operator/avs-operator/controllers/outcome"
	"github.com/avs-operator/avs-operator/controllers/vcenter"
)

// prevented says why nothing of m's WorkloadMove may start now: it was edited and is not planned again yet, which soon changes, or the plan is
// blocked as a whole. Without this a machine could start by choices that the user has just corrected.
func (d *Dispatcher) prevented(ctx context.Context, m *v1alpha1.VirtualMachineMove) (waits string, soon bool, err error) {
	owner := metav1.GetControllerOf(m)
	if owner == nil || owner.Kind != "WorkloadMove" {
		return "", false, nil
	}
	workload := &v1alpha1.WorkloadMove{}
	err = d.o.Client.Get(ctx, types.NamespacedName{Namespace: m.Namespace, Name: owner.Name}, workload)
	if apierrors.IsNotFound(err) {
		return "its WorkloadMove is gone", false, nil
	}
	if err != nil {
		return "", false, fmt.Errorf("reading the WorkloadMove: %w", err)
	}
	if observed := workload.Status.ObservedGeneration; observed > 0 && observed != workload.Generation {
		return "its WorkloadMove was edited and is planned again first", true, nil
	}
	planned := meta.FindStatusCondition(workload.Status.Conditions, v1alpha1.ConditionPlanned)
	if planned != nil && planned.Status == metav1.ConditionFalse && holdsBack(planned.Reason) {
		return fmt.Sprintf("its WorkloadMove has no plan to go by (%s)", planned.Reason), planned.Reason == v1alpha1.ReasonPlanning, nil
	}
	return "", false, nil
}

// holdsBack says whether a plan that is blocked for this reason holds back machines that were planned before. Missing room does not: theirs
// was found when they were planned. Nor do machines that are blocked each for itself.
func holdsBack(reason string) bool {
	return reason != v1alpha1.ReasonBlocked && reason != v1alpha1.ReasonTargetWithoutRoom
}

// sides are the two vCenters of m.
func (d *Dispatcher) sides(ctx context.Context, m *v1alpha1.VirtualMachineMove) (source, target *vcenters.Connected, o *outcome.Outcome) {
	if source, o = d.o.VCenters.Get(ctx, m.Namespace, m.Spec.Source.VCenterRef.Name); o != nil {
		return nil, nil, o
	}
	target, o = d.o.VCenters.Get(ctx, m.Namespace, m.Spec.Target.VCenterRef.Name)
	return source, target, o
}

// job is what a start of m needs. Without hosts that could take it, it says what m waits for.
func (d *Dispatcher) job(m *v1alpha1.VirtualMachineMove, source, target *vcenters.Connected, last string) (asked, string) {
	from, to := source.Watcher.Inventory(), target.Watcher.Inventory()
	if from == nil || to == nil {
		return asked{}, "the inventory of a vCenter is being read"
	}
	spec := &m.Spec
	a := asked{name: client.ObjectKeyFromObject(m), hosts: map[string]string{}, at: time.Now()}
	a.job = schedule.Job{
		ID: string(m.UID), Cost: method.CostOf(spec.Method), Expected: plan.Expect(spec.Bytes, 0), Since: d.since(m.CreationTimestamp.Time),
		Datastores: datastores(spec, from),
	}
	if machines := from.MachinesByInstanceUUID(spec.Machine.InstanceUUID); len(machines) == 1 {
		if host := from.Hosts.Get(machines[0].Host); host != nil {
			a.source = v1alpha1.InventoryReference{Ref: host.Ref, Name: host.Name}
			a.job.SourceHost = schedule.Resource{Kind: schedule.Host, VCenter: spec.Source.VCenterInstanceUUID, Ref: host.Ref}
		}
		if spec.Source.PowerState != vcenter.PoweredOff {
			a.job.Memory = int64(machines[0].MemoryMB) << 20
		}
	}
	takers := plan.Takers(to, spec)
	for _, host := range takers {
		if m.Status.Failure != nil && host.Ref == last && len(takers) > 1 {
			continue // the last attempt failed there, and another host may do better
		}
		a.hosts[host.Ref] = host.Name
		a.job.Hosts = append(a.job.Hosts, schedule.Resource{Kind: schedule.Host, VCenter: spec.Target.VCenterInstanceUUID, Ref: host.Ref})
	}
	if len(a.job.Hosts) == 0 {
		return asked{}, fmt.Sprintf("no host of %s can take the machine now: one must be connected, powered on, out of maintenance, and have the "+
			"datastores and networks",
			spec.Target.Cluster.Name)
	}
	return a, ""
}

// datastores that a move reads and writes, on both sides.
func datastores(spec *v1alpha1.VirtualMachineMoveSpec, from *vcenter.Inventory) []schedule.Resource {
	out := []schedule.Resource{{Kind: schedule.Datastore, VCenter: spec.Target.VCenterInstanceUUID, Ref: spec.Target.Datastore.Ref}}
	var sources []string
	for _, disk := range spec.Target.Disks {
		out = append(out, schedule.Resource{Kind: schedule.Datastore, VCenter: spec.Target.VCenterInstanceUUID, Ref: disk.Datastore.Ref})
		if disk.SourceDatastoreRef != "" {
			out = append(out, schedule.Resource{Kind: schedule.Datastore, VCenter: spec.Source.VCenterInstanceUUID, Ref: disk.SourceDatastoreRef})
			continue
		}
		if !slices.Contains(sources, disk.SourceDatastore) {
			sources = append(sources, disk.SourceDatastore)
		}
	}
	for _, name := range sources {
		for _, ds := range from.DatastoresByName(name) {
			out = append(out, schedule.Resource{Kind: schedule.Datastore, VCenter: spec.Source.VCenterInstanceUUID, Ref: ds.Ref})
		}
	}
	return unique(out)
}

// unique sorts resources and drops repeated ones.
func unique(rs []schedule.Resource) []schedule.Resource {
	slices.SortFunc(rs, func(a, b schedule.Resource) int {
		return cmp.Or(cmp.Compare(a.VCenter, b.VCenter), cmp.Compare(a.Ref, b.Ref))
	})
	return slices.Compact(rs)
}
