// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/avs-operator/avs-operator/test/armsim"
	"github.com/avs-operator/avs-operator/test/vcentersim"
)

// judge looks at the end state directly, at both vCenters and in Azure, past the operator and the API server. It shows each
// check and then the figures.
func (d *demo) judge(ctx context.Context) error {
	output, err := d.plane.Kubectl(ctx, "get", "avs", "-A")
	if err != nil {
		return err
	}
	fmt.Printf("\n$ kubectl get avs -A\n%s\n", output)
	checks := []struct {
		what  string
		check func() error
	}{
		{"every machine is exactly once, and where it belongs", d.checkPlaces},
		{"no machine has changed: UUIDs, MAC addresses, disks", d.checkIdentities},
		{"no machine was ever powered off", d.checkPower},
		{"machines run on the hosts and networks that the move names", d.checkPlacement},
		{"Azure was asked once for each resource, has them all and refused nothing", d.checkAzure},
		{"the operator asked for nothing that its ServiceAccount may not do", d.checkForbidden},
		{"and now that all is done, it writes nothing", func() error { return d.checkSilence(ctx) }},
	}
	var failed []error
	for _, c := range checks {
		mark := "✓"
		if err := c.check(); err != nil {
			mark = "✗"
			failed = append(failed, fmt.Errorf("%s: %w", c.what, err))
		}
		fmt.Println(mark, c.what)
	}
	if err := errors.Join(failed...); err != nil {
		return fmt.Errorf("the end state is wrong:\n%w", err)
	}
	return d.figures()
}

// movable are the machines that the sample selects.
func (d *demo) movable(machines []vcentersim.MachineState) []vcentersim.MachineState {
	return slices.DeleteFunc(slices.Clone(machines), func(m vcentersim.MachineState) bool {
		return m.Folder != "/Oslo/vm/Finance" && !strings.HasPrefix(m.Name, "web-") && !strings.HasPrefix(m.Name, "shop-")
	})
}

// arrived are the machines at the private cloud's vCenter.
func (d *demo) arrived() []vcentersim.MachineState {
	if v := d.world.azure.VCenter(cloudID); v != nil {
		return v.Machines()
	}
	return nil
}

func (d *demo) checkPlaces() error {
	here, there := map[string]int{}, map[string]int{}
	for _, m := range d.world.oslo.Machines() {
		here[m.InstanceUUID]++
	}
	for _, m := range d.arrived() {
		there[m.InstanceUUID]++
	}
	moved := d.movable(d.before)
	if len(moved) == 0 {
		return errors.New("no machine was to move")
	}
	var wrong []error
	for _, m := range d.before {
		wantHere, wantThere := 1, 0
		if slices.ContainsFunc(moved, func(x vcentersim.MachineState) bool { return x.InstanceUUID == m.InstanceUUID }) {
			wantHere, wantThere = 0, 1
		}
		if here[m.InstanceUUID] != wantHere || there[m.InstanceUUID] != wantThere {
			wrong = append(wrong, fmt.Errorf("%s is %d times in Oslo and %d times in the private cloud, not %d and %d",
				m.Name, here[m.InstanceUUID], there[m.InstanceUUID], wantHere, wantThere))
		}
	}
	if n := len(here) + len(there); n != len(d.before) {
		wrong = append(wrong, fmt.Errorf("there are %d machines, and there were %d", n, len(d.before)))
	}
	return errors.Join(wrong...)
}

// pairs returns each machine of before with itself now, wherever it is.
func (d *demo) pairs(do func(before, now vcentersim.MachineState) error) error {
	after := map[string]vcentersim.MachineState{}
	for _, m := range append(d.world.oslo.Machines(), d.arrived()...) {
		after[m.InstanceUUID] = m
	}
	var wrong []error
	for _, m := range d.before {
		now, found := after[m.InstanceUUID]
		if !found {
			wrong = append(wrong, fmt.Errorf("%s is gone", m.Name))
			continue
		}
		wrong = append(wrong, do(m, now))
	}
	return errors.Join(wrong...)
}

func (d *demo) checkIdentities() error {
	return d.pairs(func(before, now vcentersim.MachineState) error {
		identity := func(m vcentersim.MachineState) string {
			return fmt.Sprint(m.Name, m.InstanceUUID, m.BIOSUUID, m.MACs, m.Disks, m.Annotation)
		}
		if identity(before) != identity(now) {
			return fmt.Errorf("%s was %s and is %s", before.Name, identity(before), identity(now))
		}
		return nil
	})
}

func (d *demo) checkPower() error {
	return d.pairs(func(before, now vcentersim.MachineState) error {
		if before.PowerState != "poweredOn" || now.PowerState != "poweredOn" || now.PowerOffCount != 0 {
			return fmt.Errorf("%s is %s and was powered off %d times", now.Name, now.PowerState, now.PowerOffCount)
		}
		return nil
	})
}

func (d *demo) checkPlacement() error {
	target := d.world.azure.VCenter(cloudID)
	if target == nil {
		return errors.New("the private cloud has no vCenter")
	}
	cluster, networks := target.ClusterHosts("Cluster-1"), map[string]string{"VLAN-120": "finance-app", "VLAN-130": "finance-web"}
	return d.pairs(func(before, now vcentersim.MachineState) error {
		if strings.HasPrefix(now.Folder, "/Oslo/") {
			return nil
		}
		var wanted []string
		for _, network := range before.Networks {
			wanted = append(wanted, networks[network])
		}
		if now.Folder != "/SDDC-Datacenter/vm/Workloads" || !slices.Contains(cluster, now.Host) || !slices.Equal(now.Networks, wanted) ||
			!slices.Equal(now.Datastores, []string{"vsanDatastore"}) {
			return fmt.Errorf("%s is in folder %s on host %s, networks %v, datastores %v", now.Name, now.Folder, now.Host, now.Networks, now.Datastores)
		}
		return nil
	})
}

// checkAzure compares the custom resources with what Azure was asked for and has.
func (d *demo) checkAzure() error {
	requests := d.world.azure.Requests()
	var wrong []error
	for _, o := range d.board.azure {
		id := o.AzureStatus().ID
		puts := requestsOf(requests, func(r armsim.Request) bool {
			return r.Method == http.MethodPut && r.Path == strings.ToLower(id)
		})
		body, found := d.world.azure.Resource(id)
		properties, _ := body["properties"].(map[string]any)
		state := properties["provisioningState"]
		if puts > 1 || !found || state != nil && state != "Succeeded" {
			wrong = append(wrong, fmt.Errorf("%s: %d PUTs, provisioningState %v", id, puts, state))
		}
	}
	if n := requestsOf(requests, func(r armsim.Request) bool {
		return r.Status == http.StatusConflict || r.Status == http.StatusTooManyRequests
	}); n > 0 {
		wrong = append(wrong, fmt.Errorf("azure answered %d requests with 409 or 429", n))
	}
	return errors.Join(wrong...)
}

func (d *demo) checkForbidden() error {
	entries, err := d.operatorRequests()
	if err != nil {
		return err
	}
	var wrong []error
	for _, e := range entries {
		if e.Code == http.StatusForbidden {
			wrong = append(wrong, fmt.Errorf("%s %s %s: %s", e.Verb, e.Resource, e.Name, e.Message))
		}
	}
	return errors.Join(wrong...)
}

const (
	// settle is how long the last conditions may take after the end of the moves.
	settle = 2 * time.Second
	// silence is how long nothing may be written after that; at the usual speed it is half an hour of Azure's time.
	silence = 3 * time.Second
)

// checkSilence holds the operator to its word that what is as it should be costs no write.
func (d *demo) checkSilence(ctx context.Context) error {
	counts := make([]int, 0, 2)
	for _, pause := range []time.Duration{settle, silence} {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
		writes, err := d.writes()
		if err != nil {
			return err
		}
		total := 0
		for _, n := range writes {
			total += n
		}
		counts = append(counts, total)
	}
	if n := counts[1] - counts[0]; n != 0 {
		return fmt.Errorf("it wrote %d times in %s", n, silence)
	}
	return nil
}
