// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/avs-operator/avs-operator/controllers/vcenter"
)

var update = flag.Bool("update", false, "write testdata/plan.txt anew")

// A plan as a person would read it. What changes here changes what people see before they let a move run: go test ./controllers/move/plan -update.
func TestPlanAsItIsRead(t *testing.T) {
	w := newWorld()
	w.find("/Oslo/vm/Finance/Old/old-01").PowerState = vcenter.PoweredOff
	w.find("/Oslo/vm/Finance/web-02").NICs[0].Network, w.find("/Oslo/vm/Finance/web-02").NICs[0].NetworkName = "net-130", "VLAN-130"
	w.source.networks["net-130"] = &vcenter.Network{Ref: "net-130", Name: "VLAN-130", Kind: "DistributedVirtualPortgroup"}
	w.find("/Oslo/vm/Finance/web-01").Disks[0].BackingType = "rdm"
	p := Make(w.input())

	var out strings.Builder
	for _, m := range p.Machines {
		fmt.Fprintf(&out, "%-8s %-28s %3d GB in %s", m.State, m.Path, m.Bytes/gb, m.Expected.Round(time.Second))
		if m.Spec != nil {
			to := m.Spec.Target
			fmt.Fprintf(&out, ", %s into %s", m.Spec.Method, to.Cluster.Name)
			for _, d := range to.Disks {
				fmt.Fprintf(&out, ", disk %d from %s to %s", d.Key, d.SourceDatastore, d.Datastore.Name)
			}
			for _, n := range to.NetworkAdapters {
				fmt.Fprintf(&out, ", adapter %d from %s to %s", n.Key, n.SourceNetwork, n.Network.Name)
			}
		}
		out.WriteString("\n")
		for _, c := range m.Concerns {
			fmt.Fprintf(&out, "         %s\n", c.Name)
		}
	}
	fmt.Fprintf(&out, "together %d GB in %s\n", p.Bytes/gb, p.Estimated.Round(time.Second))
	for _, c := range p.Concerns {
		fmt.Fprintf(&out, "%s %s %v: %s\n", c.Severity, c.Name, c.Machines, c.Message)
	}
	golden(t, "testdata/plan.txt", out.String())
}

// golden compares a text with a file, or writes it there.
func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil || string(want) != got {
		t.Errorf("%s holds\n%s\nand it is\n%s\n%v", path, want, got, err)
	}
}
