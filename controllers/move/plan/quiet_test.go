// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/vcenter"
)

// What is written and matches nothing is said, and stops the move where a machine or a disk would go wrong.
func TestWhatMatchesNothingIsSaid(t *testing.T) {
	type selector = v1alpha1.MachineSelector
	for _, test := range []struct {
		name, concern, words string
		stops                bool
		bend                 func(*world)
	}{
		{"an excluded name that nobody has", ExcludedMachineNotFound, `"web-O1" (there is web-01`, true,
			func(w *world) { w.spec.Exclude = selectors(selector{Names: []string{"old-01", "web-O1"}}) }},
		{"an excluded name in another folder", ExcludedMachineNotFound, `"shop-01"`, true, func(w *world) {
			w.spec.Exclude = selectors(selector{Folder: "/Oslo/vm/Finance", Names: []string{"shop-01"}})
		}},
		{"an excluded name that is not selected either", "", "", false, func(w *world) { w.spec.Exclude = selectors(selector{Names: []string{"shop-01"}}) }},
		{"an excluded name that has moved", "", "", false, func(w *world) {
			w.spec.Exclude = selectors(selector{Names: []string{"gone-01"}})
			w.known = []Known{{Spec: &v1alpha1.VirtualMachineMoveSpec{Machine: v1alpha1.MachineIdentity{Name: "gone-01", InstanceUUID: "5000-gone"},
				Source: v1alpha1.MachineSource{Folder: "/Oslo/vm/Finance"}}, Moved: true, Ended: true, Started: true}}
		}},
		{"an excluded pattern", ExcludeMatchesNothing, "tmp-*", false, func(w *world) { w.spec.Exclude = selectors(selector{Names: []string{"tmp-*"}}) }},
		{"an excluded folder without machines", ExcludeMatchesNothing, "in /Oslo/vm/Empty", false, func(w *world) {
			w.source.folder("/Oslo/vm/Empty")
			w.spec.Exclude = selectors(selector{Folder: "/Oslo/vm/Empty"})
		}},
		{"a network that the source does not have", SourceNetworkNotFound, `"VLAN-12O" (there is VLAN-120)`, false, func(w *world) {
			w.spec.Networks = append(w.spec.Networks, v1alpha1.NameMapping{From: "VLAN-12O", To: "finance-web"})
		}},
		{"a datastore that the source does not have", SourceDatastoreNotFound, `"nfs-go1d" (there is nfs-gold)`, true,
			func(w *world) { w.spec.Datastores = []v1alpha1.NameMapping{{From: "nfs-go1d", To: "vsanDatastore"}} }},
		{"an entry that nobody needs, to nowhere", MappingNotUsable, `"finance-wep"`, false, func(w *world) {
			w.source.networks["net-9"] = &vcenter.Network{Ref: "net-9", Name: "VLAN-9"}
			w.spec.Networks = append(w.spec.Networks, v1alpha1.NameMapping{From: "VLAN-9", To: "finance-wep"})
		}},
		{"one network sent to two places", MappingConflict, "VLAN-120 (net-120)", true, func(w *world) {
			w.spec.Networks = []v1alpha1.NameMapping{{From: "net-120", To: "finance-web"}, {From: "/Oslo/network/VLAN-120", To: "standard"}}
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld()
			w.source.networks["net-120"].Path = "/Oslo/network/VLAN-120"
			test.bend(w)
			p := Make(w.input())
			c := concern(p, test.concern)
			switch {
			case test.concern == "" && len(p.Concerns) > 0:
				t.Errorf("it has concerns: %+v", p.Concerns)
			case test.concern != "" && (c == nil || !strings.Contains(c.Message, test.words)):
				t.Errorf("it has no %s with %q: %+v", test.concern, test.words, p.Concerns)
			}
			if b := p.Blocker(); (b != nil) != test.stops {
				t.Errorf("the move is stopped by %+v", b)
			}
		})
	}
}

// twins gives the source a second network of the same name, and a machine on it.
func twins(w *world) {
	w.source.networks["net-120"].Path = "/Oslo/network/VLAN-120"
	w.source.networks["net-121"] = &vcenter.Network{Ref: "net-121", Name: "VLAN-120", Path: "/Oslo/network/Lab/VLAN-120", SegmentPath: "/infra/segments/lab"}
	w.find("/Oslo/vm/Finance/web-02").NICs[0].Network = "net-121"
}

func TestTwoNetworksOfOneNameGoWhereEachIsSent(t *testing.T) {
	to := func(p *Plan) map[string]string {
		out := map[string]string{}
		for _, m := range p.Machines {
			if m.Spec != nil {
				out[m.Identity.Name] = m.Spec.Target.NetworkAdapters[0].Network.Ref
			}
		}
		return out
	}
	w := newWorld()
	twins(w)
	p := Make(w.input())
	if c := concern(p, AmbiguousSourceNetwork); c == nil || !c.Whole ||
		!strings.Contains(c.Message, "/Oslo/network/Lab/VLAN-120 (net-121), /Oslo/network/VLAN-120 (net-120)") || p.Blocker() == nil {
		t.Errorf("a name that two networks have is taken: %+v", p.Concerns)
	}
	for _, word := range []string{"/Oslo/network/Lab/VLAN-120", "net-121", "/infra/segments/lab"} {
		w.spec.Networks = []v1alpha1.NameMapping{{From: "VLAN-120", To: "finance-web"}, {From: word, To: "seg-std"}}
		p := Make(w.input())
		if got := to(p); p.Blocker() != nil || got["web-01"] != "seg-web" || got["web-02"] != "seg-std" {
			t.Errorf("with %s they go to %v: %+v", word, got, p.Concerns)
		}
	}
	w.spec.Networks = []v1alpha1.NameMapping{{From: "VLAN-120", To: "finance-web"}}
	w.spec.Exclude = selectors(v1alpha1.MachineSelector{Names: []string{"web-02"}})
	if p := Make(w.input()); p.Blocker() != nil || to(p)["web-01"] != "seg-web" {
		t.Errorf("the other network is not in use, and yet: %+v", p.Concerns)
	}
}

func TestTwoDatastoresOfOneNameGoWhereEachIsSent(t *testing.T) {
	w := newWorld()
	w.source.datastores["ds-1"].Path = "/Oslo/datastore/nfs-gold"
	w.source.datastores["ds-2"] = &vcenter.Datastore{Ref: "ds-2", Name: "nfs-gold", Path: "/Bergen/datastore/nfs-gold", Accessible: true}
	w.find("/Oslo/vm/Finance/web-02").Disks[0].Datastore = "ds-2"
	w.target.datastores["anf"] = &vcenter.Datastore{Ref: "anf", Name: "anf", Accessible: true}
	w.spec.Datastores = []v1alpha1.NameMapping{{From: "nfs-gold", To: "anf"}}
	if p := Make(w.input()); concern(p, AmbiguousSourceDatastore) == nil || p.Blocker() == nil {
		t.Errorf("a name that two datastores have is taken: %+v", p.Concerns)
	}
	w.spec.Datastores = []v1alpha1.NameMapping{{From: "/Bergen/datastore/nfs-gold", To: "anf"}}
	p := Make(w.input())
	for _, m := range p.Machines {
		want := map[bool]string{true: "anf", false: "vsan"}[m.Identity.Name == "web-02"]
		if m.Spec == nil || m.Spec.Target.Disks[0].Datastore.Ref != want {
			t.Errorf("%s goes to %+v: %+v", m.Path, m.Spec, p.Concerns)
		}
	}
}

// At the target, a name that several have is listed whole, and an id leads out.
func TestAnAmbiguousTargetIsListedWholeAndHasAWayOut(t *testing.T) {
	w := newWorld()
	for i := range 9 {
		n := *w.target.networks["seg-web"]
		n.Ref, n.Path, n.SegmentPath = fmt.Sprintf("seg-%d", i), "/SDDC-Datacenter/network/finance-web", fmt.Sprintf("/infra/segments/web-%d", i)
		w.target.networks[n.Ref] = &n
	}
	c := concern(Make(w.input()), AmbiguousNetwork)
	for i := range 9 {
		if c == nil || !strings.Contains(c.Message, fmt.Sprintf("(seg-%d)", i)) {
			t.Fatalf("seg-%d is not named: %+v", i, c)
		}
	}
	for word, ref := range map[string]string{"seg-4": "seg-4", "/infra/segments/web-7": "seg-7"} {
		w.spec.Networks[0].To = word
		p := Make(w.input())
		if p.Blocker() != nil || p.Machines[0].Spec.Target.NetworkAdapters[0].Network.Ref != ref {
			t.Errorf("%s leads to %+v", word, p.Concerns)
		}
	}
}

func TestNamesInEitherFormSelect(t *testing.T) {
	w := newWorld()
	w.source.folder("/Oslo/vm/R%2fD")
	w.add("a/b", "/Oslo/vm/R%2fD", 10)
	w.source.networks["net-120"].Name = "10.1.0.0/24"
	w.find("/Oslo/vm/R%2fD/a/b").NICs[0].NetworkName = "10.1.0.0/24"
	for _, s := range []v1alpha1.MachineSelector{{Names: []string{"a/b"}}, {Names: []string{"a%2Fb"}}, {Names: []string{"a%2f*"}}, {Folder: "/Oslo/vm/R%2FD"}} {
		for _, from := range []string{"10.1.0.0/24", "10.1.0.0%2f24"} {
			w.spec.Select, w.spec.Networks[0].From = selectors(s), from
			if p := Make(w.input()); len(names(p, StateReady)) != 1 {
				t.Errorf("%+v with network %s selects %+v: %+v", s, from, p.Machines, p.Concerns)
			}
		}
	}
}

// A selection that was made takes in nothing that appears later, whatever the folder holds by then, and loses nothing that is renamed.
func TestASelectionThatWasMadeStays(t *testing.T) {
	w := newWorld()
	first := Make(w.input())
	in := w.input()
	made := &v1alpha1.MoveSelection{Hash: SelectionHash(&w.spec), Machines: first.Identities()}
	if len(made.Machines) != 3 {
		t.Fatalf("it has %v", made.Machines)
	}
	w.add("late-01", "/Oslo/vm/Finance", 10)
	renamed := w.find("/Oslo/vm/Finance/web-02")
	renamed.Name, renamed.Folder = "web-02-old", "/Oslo/vm/Web"
	in = w.input()
	in.Selection = made
	p := Make(in)
	if got := names(p, StateReady); !slices.Equal(got, []string{"/Oslo/vm/Web/web-02-old", "/Oslo/vm/Finance/web-01", "/Oslo/vm/Finance/Old/old-01"}) {
		t.Errorf("it moves %v", got)
	}
	if !slices.Equal(p.Later, []string{"/Oslo/vm/Finance/late-01"}) {
		t.Errorf("later are %v", p.Later)
	}
	if len(p.Concerns) > 0 {
		t.Errorf("it has concerns: %+v", p.Concerns)
	}
	// An edit takes out, and never in.
	w.spec.Exclude = selectors(v1alpha1.MachineSelector{Names: []string{"old-01"}})
	in = w.input()
	in.Selection = made
	p = Make(in)
	if got := names(p, StateReady); !slices.Equal(got, []string{"/Oslo/vm/Finance/web-01"}) || !slices.Equal(p.Later, []string{"/Oslo/vm/Finance/late-01"}) {
		t.Errorf("after an edit it moves %v, later are %v", got, p.Later)
	}
	// One that is gone is not passed over.
	w = newWorld()
	delete(w.source.machines, w.find("/Oslo/vm/Finance/Old/old-01").Ref)
	in = w.input()
	in.Selection = made
	p = Make(in)
	if c := concern(p, MachineGone); c == nil || c.Severity != blocking || !strings.Contains(c.Message, "5000-old-old-01") ||
		p.Count(StateBlocked) != 1 || p.Blocker() != nil {
		t.Errorf("a machine that is gone: %+v", p.Concerns)
	}
	// One that somebody else brought to the target has moved.
	w.target.machines["vm-7"] = &vcenter.Machine{Ref: "vm-7", Name: "old-01", InstanceUUID: "5000-old-old-01", Folder: "/SDDC-Datacenter/vm"}
	in = w.input()
	in.Selection = made
	if p = Make(in); p.Count(StateArrived) != 1 || len(p.Concerns) > 0 {
		t.Errorf("a machine that others moved: %+v %+v", p.Machines, p.Concerns)
	}
}

func TestWaivers(t *testing.T) {
	today := time.Date(2027, 3, 31, 23, 0, 0, 0, time.UTC)
	for _, test := range []struct {
		name   string
		waiver v1alpha1.MoveWaiver
		ready  bool
		also   string
		bend   func(*world)
	}{
		{"accepted", v1alpha1.MoveWaiver{Concern: DeviceConnected, Reason: "the ISO is on both sides"}, true, "", nil},
		{"on its last day", v1alpha1.MoveWaiver{Concern: DeviceConnected, Reason: "r", Until: "2027-03-31"}, true, "", nil},
		{"past it", v1alpha1.MoveWaiver{Concern: DeviceConnected, Reason: "r", Until: "2027-03-30"}, false, WaiverExpired, nil},
		{"of something else", v1alpha1.MoveWaiver{Concern: MACAddressTaken, Reason: "r"}, false, WaiverUnused, nil},
		{"of a fault", v1alpha1.MoveWaiver{Concern: "NetworksMayNotBeTheSame", Reason: "r"}, false, "", nil},
		{"of nothing known", v1alpha1.MoveWaiver{Concern: "DeviceConnektd", Reason: "r"}, false, WaiverUnknown, nil},
		{"of what cannot be", v1alpha1.MoveWaiver{Concern: SnapshotPresent, Reason: "r"}, false, WaiverRefused, func(w *world) { w.details["vm-1"].Snapshots = 1 }},
		{"of room", v1alpha1.MoveWaiver{Concern: TargetWithoutRoom, Reason: "it is compressed there"}, true, "", func(w *world) {
			w.details["vm-1"].Devices = nil
			w.space["vsan"] = vcenter.Space{CapacityBytes: 100 * gb, FreeBytes: 50 * gb}
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld()
			w.spec.Select = selectors(v1alpha1.MachineSelector{Folder: "/Oslo/vm/Finance", Names: []string{"web-01"}})
			w.details["vm-1"].Devices = []vcenter.Device{{Kind: "VirtualCdrom", Label: "CD/DVD drive 1", Connected: true}}
			if test.bend != nil {
				test.bend(w)
			}
			w.spec.Waivers = []v1alpha1.MoveWaiver{test.waiver}
			in := w.input()
			in.Now = today
			p := Make(in)
			if ready := p.Count(StateReady) == 1 && p.Blocker() == nil; ready != test.ready {
				t.Errorf("ready is %t: %+v", ready, p.Concerns)
			}
			if test.also != "" && concern(p, test.also) == nil {
				t.Errorf("it does not say %s: %+v", test.also, p.Concerns)
			}
			if test.ready {
				c := concern(p, test.waiver.Concern)
				if c == nil || c.Severity != warning || !strings.Contains(c.Message, test.waiver.Reason) || len(p.Machines[0].Spec.Waivers) != 1 {
					t.Errorf("the waiver is not shown: %+v", p.Concerns)
				}
			}
		})
	}
}

// What came after the plan is found before the start.
func TestRecheckFindsWhatCameAfterThePlan(t *testing.T) {
	for _, test := range []struct {
		concern, words string
		bend           func(*vcenter.MachineDetails)
	}{
		{"", "", func(*vcenter.MachineDetails) {}},
		{SnapshotPresent, "1 of web-01", func(d *vcenter.MachineDetails) { d.Snapshots = 1 }},
		{ToolsInstallerMounted, "", func(d *vcenter.MachineDetails) { d.ToolsInstallerMounted = true }},
		{ConsolidationNeeded, "", func(d *vcenter.MachineDetails) { d.ConsolidationNeeded = true }},
		{DeviceConnected, "CD/DVD", func(d *vcenter.MachineDetails) {
			d.Devices = []vcenter.Device{{Kind: "VirtualCdrom", Label: "CD/DVD drive 1", Connected: true}}
		}},
		{"", "", func(d *vcenter.MachineDetails) { d.RelocateDisabled = true }},
		{HardwareChanged, "Hard disk 2 is new", func(d *vcenter.MachineDetails) {
			d.Disks = append(d.Disks, vcenter.Disk{Key: 2001, Label: "Hard disk 2", CapacityBytes: gb})
		}},
		{HardwareChanged, "has 80.0 GiB instead of 40.0 GiB", func(d *vcenter.MachineDetails) { d.Disks[0].CapacityBytes *= 2 }},
		{HardwareChanged, "on another datastore", func(d *vcenter.MachineDetails) { d.Disks[0].Datastore = "ds-2" }},
		{HardwareChanged, "disk 2000 is gone", func(d *vcenter.MachineDetails) { d.Disks = nil }},
		{HardwareChanged, "Network adapter 2 is new", func(d *vcenter.MachineDetails) {
			d.NICs = append(d.NICs, vcenter.NIC{Key: 4001, Label: "Network adapter 2"})
		}},
		{NetworkChanged, "is on VLAN-130 instead of VLAN-120", func(d *vcenter.MachineDetails) { d.NICs[0].Network, d.NICs[0].NetworkName = "net-130", "VLAN-130" }},
		{NetworkChanged, "disconnected", func(d *vcenter.MachineDetails) { d.NICs[0].Connected = false }},
	} {
		w := newWorld()
		w.spec.Select = selectors(v1alpha1.MachineSelector{Folder: "/Oslo/vm/Finance", Names: []string{"web-01"}})
		spec := Make(w.input()).Machines[0].Spec
		d := *w.details["vm-1"]
		d.Disks, d.NICs = slices.Clone(d.Disks), slices.Clone(d.NICs)
		test.bend(&d)
		got := Blocking(Recheck(spec, &d, time.Now()))
		switch {
		case test.concern == "" && len(got) > 0,
			test.concern != "" && (len(got) != 1 || got[0].Name != test.concern || !strings.Contains(got[0].Message, test.words)):
			t.Errorf("%s %q: %+v", test.concern, test.words, got)
		}
		spec.Waivers = []v1alpha1.MoveWaiver{{Concern: test.concern, Reason: "r"}}
		if again := Blocking(Recheck(spec, &d, time.Now())); (len(again) == 0) != (len(got) == 0 || Waivable(test.concern)) {
			t.Errorf("%s waived: %+v", test.concern, again)
		}
	}
}

// The API server refuses the same waivers that a plan does not count: nobody writes one and finds out later.
func TestTheAPIServerRefusesWhatAPlanRefuses(t *testing.T) {
	crd, err := os.ReadFile("../../../config/crd/bases/avs-operator.io_workloadmoves.yaml")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Join(strings.Fields(string(crd)), " ") // the rules are folded over lines
	for name, k := range kinds {
		if refused := strings.Contains(text, "''"+name+"''") || strings.Contains(text, "'"+name+"'"); k.severity == blocking && refused == Waivable(name) {
			t.Errorf("%s: refused by the API server is %t, waivable is %t", name, refused, Waivable(name))
		}
	}
	for name := range faultsThatLose {
		if !strings.Contains(text, "'"+name+"'") {
			t.Errorf("the API server takes a waiver of %s", name)
		}
		if !vcenter.IsFault(name) {
			t.Errorf("%s is no fault of vSphere", name)
		}
	}
}
