// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/avs-operator/avs-operator/test/vcentersim"
)

func TestNamesAreComparedAsPeopleGaveThem(t *testing.T) {
	for sent, given := range map[string]string{
		"web-01": "web-01", "a%2fb": "a/b", "a%2Fb": "a/b", "a%5cb": `a\b`, "100%25": "100%", "%252f": "%2f", "%": "%", "a%zz": "a%zz",
	} {
		if got := UnescapeName(sent); got != given {
			t.Errorf("%q is shown as %q, want %q", sent, got, given)
		}
		if !SameName(sent, given) || !SameName(given, sent) {
			t.Errorf("%q is not the same as %q", sent, given)
		}
	}
	if SameName("a%2fb", `a\b`) {
		t.Error("two names are the same")
	}
}

func TestPathsInEitherForm(t *testing.T) {
	for written, want := range map[string]string{
		"/Oslo/vm/Finance/": "/Oslo/vm/Finance", "/Oslo/vm/a%2Fb": "/Oslo/vm/a%2fb", "/Oslo/vm/50%25": "/Oslo/vm/50%", "/Oslo/vm/50%": "/Oslo/vm/50%",
		`/Oslo/vm/a%5Cb`: `/Oslo/vm/a\b`, `/Oslo/vm/a\b`: `/Oslo/vm/a\b`, "/": "/", "": "",
	} {
		if got := CleanPath(written); got != want {
			t.Errorf("%s is %s, want %s", written, got, want)
		}
	}
	parts := []string{"%", "/", `\`, "2", "f", "F", "5", "c", "C", "x", "%2f", "%25"}
	for range 2000 {
		name := ""
		for range rand.N(6) + 1 {
			name += parts[rand.N(len(parts))]
		}
		path := "/Oslo/" + PathName(name)
		if strings.Count(path, "/") != 2 || CleanPath(path) != path || UnescapeName(PathName(name)) != name {
			t.Fatalf("the name %q in a path is %q, cleaned %q", name, path, CleanPath(path))
		}
	}
}

func TestAnOddlyNamedMachineIsFoundAndMoves(t *testing.T) {
	f := &fleet{oslo: startSim(t, vcentersim.Config{PortGroups: []string{"10.1.0.0/24"}}),
		weu: startSim(t, vcentersim.Config{Layout: vcentersim.AVS, PortGroups: []string{`net\ 50%`}})}
	f.from, f.to = dial(t, simEndpoint(f.oslo)), dial(t, simEndpoint(f.weu))
	f.here, f.there = watch(t, f.from, WatcherOptions{}), watch(t, f.to, WatcherOptions{})
	d := f.add(t, vcentersim.MachineSpec{Name: `web/01\50%`, Folder: "R%2fD", Networks: []string{"10.1.0.0/24"}})
	if d.Name != `web/01\50%` || d.Folder != "/Oslo/vm/R%2fD" || len(d.NICs) != 1 || d.NICs[0].NetworkName != "10.1.0.0/24" {
		t.Errorf("the machine is %+v", d)
	}
	inv := f.here.Inventory()
	for _, name := range []string{`web/01\50%`, "web%2F01%5c50%25", "web%2f01%5C50%"} {
		if got := inv.MachinesByName(name); len(got) != 1 || got[0].Ref != d.Ref {
			t.Errorf("%s finds %v", name, got)
		}
	}
	for _, path := range []string{`/Oslo/vm/R%2fD/web%2f01\50%`, "/Oslo/vm/R%2FD/web%2F01%5c50%25"} {
		if got := inv.MachinesByPath(path); len(got) != 1 || got[0].Ref != d.Ref {
			t.Errorf("%s finds %v", path, got)
		}
	}
	for _, net := range []string{"10.1.0.0/24", "10.1.0.0%2f24", "10.1.0.0%2F24", "/Oslo/network/10.1.0.0%2f24", d.NICs[0].Network} {
		if got := inv.NetworksByName(net); len(got) != 1 || got[0].Ref != d.NICs[0].Network {
			t.Errorf("network %s finds %v", net, got)
		}
	}
	if got := f.there.Inventory().NetworksByName("/infra/segments/net\\ 50%"); len(got) != 1 || got[0].Name != `net\ 50%` || got[0].SegmentID == "" {
		t.Errorf("the segment finds %+v", got)
	}
	r := f.crossing(t, d, `net\ 50%`)
	handle, err := f.from.Relocate(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	if task := f.end(t, handle.Ref); task.State != TaskSuccess || task.EntityName != `web/01\50%` {
		t.Fatalf("the task ended as %+v", task)
	}
	if m, err := f.to.FindMachine(t.Context(), d.InstanceUUID); err != nil || len(m) != 1 || m[0].Name != `web/01\50%` {
		t.Errorf("at the destination: %+v, %v", m, err)
	}
}

// Two networks of one name are told apart by everything but the name.
func TestNetworksOfOneName(t *testing.T) {
	v := startSim(t, vcentersim.Config{})
	twin, err := v.AddTwinPortGroup("Lab", "VLAN-120")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := v.AddMachine(vcentersim.MachineSpec{Name: "lab-01", Networks: []string{twin}}); err != nil {
		t.Fatal(err)
	}
	c := dial(t, simEndpoint(v))
	inv := watch(t, c, WatcherOptions{}).Inventory()
	both := inv.NetworksByName("VLAN-120")
	if len(both) != 2 || both[0].Path == both[1].Path || both[0].SwitchUUID == both[1].SwitchUUID {
		t.Fatalf("of the name there are %+v", both)
	}
	for _, n := range both {
		for _, written := range []string{n.Path, n.Ref, n.PortgroupKey} {
			if got := inv.NetworksByName(written); len(got) != 1 || got[0] != n || !n.Is(written) {
				t.Errorf("%s finds %v", written, got)
			}
		}
	}
	d, err := c.Details(t.Context(), []string{inv.MachinesByName("lab-01")[0].Ref})
	if err != nil || len(d) != 1 || d[0].NICs[0].Network != twin || d[0].NICs[0].NetworkName != "VLAN-120" {
		t.Errorf("the card is on %+v, %v", d, err)
	}
}

func TestDatastoresOfOneName(t *testing.T) {
	one := &Datastore{Ref: "datastore-1", Name: "local/01", Path: "/Oslo/datastore/local%2f01", URL: "ds:///vmfs/volumes/aaaa/"}
	other := &Datastore{Ref: "datastore-2", Name: "local/01", Path: "/Bergen/datastore/local%2f01", URL: "ds:///vmfs/volumes/bbbb/"}
	inv := &Inventory{Datastores: NewTable(map[string]*Datastore{one.Ref: one, other.Ref: other})}
	for _, name := range []string{"local/01", "local%2F01"} {
		if got := inv.DatastoresByName(name); len(got) != 2 {
			t.Errorf("%s finds %v", name, got)
		}
	}
	for _, d := range []*Datastore{one, other} {
		for _, written := range []string{d.Ref, d.Path, d.URL, strings.TrimSuffix(d.URL, "/"), strings.Replace(d.Path, "%2f", "%2F", 1)} {
			if got := inv.DatastoresByName(written); len(got) != 1 || got[0] != d {
				t.Errorf("%s finds %v", written, got)
			}
		}
	}
	if got := inv.DatastoresByName(""); len(got) != 0 {
		t.Errorf("nothing finds %v", got)
	}
}
