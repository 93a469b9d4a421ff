// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/hack/controlplane"
	"github.com/avs-operator/avs-operator/test/armsim"
)

// operatorRequests are what the operator asked the API server for, by its audit log.
func (d *demo) operatorRequests() ([]controlplane.AuditEntry, error) {
	entries, err := d.plane.Audit()
	if err != nil {
		return nil, err
	}
	user := "system:serviceaccount:" + operatorNamespace + ":" + operatorAccount
	return slices.DeleteFunc(entries, func(e controlplane.AuditEntry) bool { return e.User != user }), nil
}

// writes counts what the operator wrote, by resource: everything but its lease and events.
func (d *demo) writes() (map[string]int, error) {
	entries, err := d.operatorRequests()
	if err != nil {
		return nil, err
	}
	writes := map[string]int{}
	for _, e := range entries {
		if slices.Contains([]string{"create", "update", "patch", "delete"}, e.Verb) && e.Resource != "leases" && e.Resource != "events" {
			writes[e.Resource]++
		}
	}
	return writes, nil
}

// figures prints what was measured.
func (d *demo) figures() error {
	writes, err := d.writes()
	if err != nil {
		return err
	}
	arm := slices.DeleteFunc(d.world.azure.Requests(), func(r armsim.Request) bool { return !strings.HasPrefix(r.Path, "/subscriptions/") })
	reads := requestsOf(arm, func(r armsim.Request) bool { return r.Method == http.MethodGet })
	moved := d.movable(d.before)
	var bytes int64
	for _, m := range moved {
		for _, disk := range m.Disks {
			bytes += disk
		}
	}
	kinds, azureWrites := map[string]bool{}, 0
	for _, o := range d.board.azure {
		if kind := kindOf(o); !kinds[kind] {
			kinds[kind] = true
			azureWrites += writes[pluralOf(kind)]
		}
	}
	fmt.Printf(`
Time        %s in all; %s from apply to done, of them %s moving. Azure and vCenter ran %gx real time.
Azure       %d requests: %d reads and polls, %d others. %d resources of %d kinds.
Machines    %d moved while they ran, with %s of disks; %d stayed in Oslo.
API server  %d writes for %d objects of Azure's kinds, %d for the WorkloadMove, %d for %d VirtualMachineMoves.
Survived    %d kills: while %s.
`,
		seconds(time.Since(d.screen.start)), seconds(d.finished.Sub(d.started)), seconds(d.finished.Sub(d.running)), d.speed,
		len(arm), reads, len(arm)-reads, len(d.board.azure), len(kinds),
		len(moved), gib(bytes), len(d.before)-len(moved),
		azureWrites, len(d.board.azure), writes["workloadmoves"], writes["virtualmachinemoves"], len(d.board.machines),
		len(d.kills), strings.Join(d.kills, ", and while "))
	return nil
}

// pluralOf is how the API server's audit log calls a kind.
func pluralOf(kind string) string {
	plural, _ := meta.UnsafeGuessKindToResource(v1alpha1.GroupVersion.WithKind(kind))
	return plural.Resource
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.0f s", d.Seconds()) }
