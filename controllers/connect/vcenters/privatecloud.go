// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenters

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/connect/rulings"
	"github.com/avs-operator/avs-operator/controllers/outcome"
	"github.com/avs-operator/avs-operator/controllers/vcenter"
)

// countWithin bounds a count of machines, in real time.
const countWithin = time.Minute

// WorkloadMachines lists the machines in a private cloud that are not Azure's own, by name; of one cluster if it is named. It asks the
// private cloud's vCenter itself, now.
func (v *Pool) WorkloadMachines(ctx context.Context, client *arm.Client, cloud *v1alpha1.PrivateCloud, cluster string) ([]string, *outcome.Outcome) {
	var names []string
	o := v.inCloud(ctx, client, cloud, countWithin, func(ctx context.Context, c *vcenter.Client) error {
		inventory, err := readInventory(ctx, c)
		if err == nil {
			names = workloadIn(inventory, cluster)
		}
		return err
	})
	return names, o
}

// inCloud logs in to a private cloud's vCenter as cloudadmin for one question.
func (v *Pool) inCloud(ctx context.Context, client *arm.Client, cloud *v1alpha1.PrivateCloud, within time.Duration,
	ask func(context.Context, *vcenter.Client) error) *outcome.Outcome {
	credentials, err := v.AdminCredentials(ctx, client, arm.ID(cloud.Status.ID))
	if err != nil {
		return rulings.OfAzure(err)
	}
	e := cloud.Status.Endpoints
	if e == nil || e.VCenter == "" {
		return outcome.Retry(v1alpha1.ReasonUnreachable, fmt.Errorf("Azure reports no vCenter for %s", cloud.Status.ID))
	}
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	c, err := vcenter.Connect(ctx, vcenter.Endpoint{
		URL: e.VCenter, Address: addressFor(e.VCenter, e.VCenterIP), Thumbprint: e.VCenterCertificateThumbprint,
		Username: credentials.VCenterUsername, Password: credentials.VCenterPassword,
		Speed: float64(v.o.Pace), UserAgent: v.o.UserAgent, Guard: v.guard, Observe: v.o.Observe,
	})
	if err != nil {
		return outcome.Retry(v1alpha1.ReasonUnreachable, err)
	}
	defer c.Close(context.WithoutCancel(ctx))
	if err := ask(ctx, c); err != nil {
		return outcome.Retry(v1alpha1.ReasonUnreachable, fmt.Errorf("asking %s: %w", e.VCenter, err))
	}
	return nil
}

// readInventory reads a vCenter's inventory once.
func readInventory(ctx context.Context, c *vcenter.Client) (*vcenter.Inventory, error) {
	ctx, cancel := context.WithCancel(ctx)
	w := vcenter.NewWatcher(c, vcenter.WatcherOptions{})
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = w.Run(ctx) // what went wrong is in w.Err
	}()
	defer func() { cancel(); <-done }()
	for !w.Synced() {
		select {
		case <-ctx.Done():
			if err := w.Err(); err != nil {
				return nil, err
			}
			return nil, ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
	return w.Inventory(), nil
}

// workloadIn names the machines that are not Azure's own: those outside the management resource pool, and not vCenter's own cluster
// services.
func workloadIn(inventory *vcenter.Inventory, cluster string) []string {
	var out []string
	for _, machine := range inventory.Machines.All() {
		pool := inventory.ResourcePools.Get(machine.ResourcePool)
		own := pool != nil && strings.Contains(pool.Path, "/MGMT-ResourcePool") || isClusterService(machine)
		if own || cluster != "" && clusterOf(inventory, machine) != cluster {
			continue
		}
		out = append(out, machine.Name)
	}
	return out
}

// isClusterService says that a machine is vCenter's own, of its cluster services.
func isClusterService(machine *vcenter.Machine) bool {
	return strings.HasSuffix(machine.Folder, "/vCLS")
}

// usersOf names the machines with files on the datastore of a name.
func usersOf(inventory *vcenter.Inventory, datastore string) []string {
	var out []string
	for _, machine := range inventory.Machines.All() {
		uses := slices.ContainsFunc(machine.Datastores, func(ref string) bool {
			d := inventory.Datastores.Get(ref)
			return d != nil && strings.EqualFold(d.Name, datastore)
		})
		if uses && !isClusterService(machine) {
			out = append(out, machine.Name)
		}
	}
	slices.Sort(out)
	return out
}

// clusterOf names the cluster that a machine's host is in.
func clusterOf(inventory *vcenter.Inventory, machine *vcenter.Machine) string {
	host := inventory.Hosts.Get(machine.Host)
	if host == nil {
		return ""
	}
	if cluster := inventory.Clusters.Get(host.Cluster); cluster != nil {
		return cluster.Name
	}
	return ""
}
