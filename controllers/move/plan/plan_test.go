// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/move/method"
	"github.com/avs-operator/avs-operator/controllers/vcenter"
)

func selectors(s ...v1alpha1.MachineSelector) []v1alpha1.MachineSelector { return s }

func TestSelect(t *testing.T) {
	type selector = v1alpha1.MachineSelector
	for _, test := range []struct {
		name            string
		choose, exclude []selector
		want            []string // ready, the longest first
		concern         string
		words           string
	}{
		{"a folder and those below it", selectors(selector{Folder: "/Oslo/vm/Finance"}), nil,
			[]string{"/Oslo/vm/Finance/web-02", "/Oslo/vm/Finance/web-01", "/Oslo/vm/Finance/Old/old-01"}, "", ""},
		{"a folder written with a slash at its end", selectors(selector{Folder: "/Oslo/vm/Finance/Old/"}), nil, []string{"/Oslo/vm/Finance/Old/old-01"}, "", ""},
		{"a pattern", selectors(selector{Names: []string{"w?b-*"}}), selectors(selector{Folder: "/Oslo/vm/Web"}),
			[]string{"/Oslo/vm/Finance/web-02", "/Oslo/vm/Finance/web-01"}, "", ""},
		{"parts must all match, entries any", selectors(selector{Folder: "/Oslo/vm/Web", Names: []string{"shop-*"}}, selector{Names: []string{"old-01"}}), nil,
			[]string{"/Oslo/vm/Web/shop-01", "/Oslo/vm/Finance/Old/old-01"}, "", ""},
		{"a name twice", selectors(selector{Names: []string{"web-01"}}), nil, nil, AmbiguousMachine, `"web-01" is /Oslo/vm/Finance/web-01, /Oslo/vm/Web/web-01`},
		{"a name twice, but for an exclusion", selectors(selector{Names: []string{"web-01"}}), selectors(selector{Folder: "/Oslo/vm/Web"}),
			[]string{"/Oslo/vm/Finance/web-01"}, "", ""},
		{"a name in a folder", selectors(selector{Names: []string{"web-01"}, Folder: "/Oslo/vm/Web"}), nil, []string{"/Oslo/vm/Web/web-01"}, "", ""},
		{"a name that is excluded", selectors(selector{Names: []string{"web-02", "old-01"}}), selectors(selector{Names: []string{"old-*"}}),
			[]string{"/Oslo/vm/Finance/web-02"}, "", ""},
		{"a name that nobody has", selectors(selector{Names: []string{"web-03"}}), nil, nil, MachineNotFound, `"web-03" (there is web-0`},
		{"a folder that is not there", selectors(selector{Folder: "/Oslo/vm/Finanse"}), nil, nil, SourceFolderNotFound,
			`"/Oslo/vm/Finanse" (there is /Oslo/vm/Finance`},
		{"a folder whose name only begins alike", selectors(selector{Folder: "/Oslo/vm/Fin"}), nil, nil, SourceFolderNotFound, ""},
		{"a pattern that nobody matches", selectors(selector{Names: []string{"nobody-*"}}), nil, nil, NothingSelected, "oslo has 5 machines"},
		{"one pattern of two", selectors(selector{Names: []string{"nobody-*"}}, selector{Names: []string{"old-*"}}), nil,
			[]string{"/Oslo/vm/Finance/Old/old-01"}, PatternMatchesNothing, "nobody-*"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld()
			w.spec.Select, w.spec.Exclude = test.choose, test.exclude
			p := Make(w.input())
			if got := names(p, StateReady); !slices.Equal(got, test.want) {
				t.Errorf("selected %v, want %v", got, test.want)
			}
			c := concern(p, test.concern)
			switch {
			case test.concern == "" && len(p.Concerns) > 0:
				t.Errorf("it has concerns: %+v", p.Concerns)
			case test.concern != "" && (c == nil || !strings.Contains(c.Message, test.words)):
				t.Errorf("it has no %s with %q: %+v", test.concern, test.words, p.Concerns)
			}
		})
	}
}

func TestEveryChoiceOfAMachineIsMade(t *testing.T) {
	w := newWorld()
	w.spec.Select = selectors(v1alpha1.MachineSelector{Names: []string{"web-02"}})
	p := Make(w.input())
	if len(p.Machines) != 1 || p.Machines[0].Spec == nil {
		t.Fatalf("the plan is %+v", p)
	}
	store := v1alpha1.InventoryReference{Ref: "vsan", Name: "vsanDatastore"}
	want := v1alpha1.VirtualMachineMoveSpec{
		Machine: v1alpha1.MachineIdentity{Name: "web-02", InstanceUUID: "5000-finance-web-02", BIOSUUID: "4200-5000-finance-web-02"},
		Source: v1alpha1.MachineSource{VCenterRef: w.spec.Source.VCenterRef, VCenterInstanceUUID: "vc-oslo", Folder: "/Oslo/vm/Finance",
			PowerState: vcenter.PoweredOn, HostName: "esx-01"},
		Target: v1alpha1.MachineTarget{
			VCenterRef: w.spec.Target.VCenterRef, VCenterInstanceUUID: "vc-weu", Cluster: v1alpha1.InventoryReference{Ref: "domain-1", Name: "Cluster-1"},
			ResourcePool: v1alpha1.InventoryReference{Ref: "resgroup-1", Name: "/SDDC-Datacenter/host/Cluster-1/Resources"},
			Folder:       v1alpha1.InventoryReference{Ref: "group-/SDDC-Datacenter/vm/Workloads", Name: "/SDDC-Datacenter/vm/Workloads"}, Datastore: store,
			Disks: []v1alpha1.DiskPlacement{{Key: 2000, CapacityBytes: 80 * gb, SourceDatastore: "nfs-gold", SourceDatastoreRef: "ds-1", Datastore: store}},
			NetworkAdapters: []v1alpha1.NetworkAdapterPlacement{{Key: 4000, MACAddress: "00:50:56:00:00:01", SourceNetwork: "VLAN-120",
				SourceNetworkRef: "net-120", Connected: "Yes",
				Network: v1alpha1.InventoryReference{Ref: "seg-web", Name: "finance-web"}}},
		},
		Method: v1alpha1.MoveMethodLive, Bytes: 80 * gb,
	}
	if got := *p.Machines[0].Spec; !equalJSON(t, got, want) {
		t.Errorf("it chose\n%+v, want\n%+v", got, want)
	}
	if p.Bytes != 80*gb || p.Estimated != Expect(80*gb, 0) {
		t.Errorf("%d bytes in %s", p.Bytes, p.Estimated)
	}
}

func TestAResourcePoolIsATargetToo(t *testing.T) {
	w := newWorld()
	w.spec.Target.Cluster, w.spec.Target.ResourcePool = "", "Gold"
	for _, m := range Make(w.input()).Machines {
		if m.Spec == nil || m.Spec.Target.ResourcePool.Ref != "resgroup-2" || m.Spec.Target.Cluster.Ref != "domain-1" {
			t.Errorf("%s goes to %+v", m.Path, m.Spec)
		}
	}
}

// The target, bent in every way that a user can get wrong or that a cluster can be in.
func TestTargetAndMapping(t *testing.T) {
	for _, test := range []struct {
		concern, words string
		bend           func(*world)
	}{
		{ClusterNotFound, `"Cluster-2" (there is Cluster-1)`, func(w *world) { w.spec.Target.Cluster = "Cluster-2" }},
		{AmbiguousCluster, "/SDDC-Datacenter/host/Cluster-1 (domain-1), /SDDC-Datacenter/host/More/Cluster-1 (domain-2)", func(w *world) {
			w.target.clusters["domain-2"] = &vcenter.Cluster{Ref: "domain-2", Name: "Cluster-1", Path: "/SDDC-Datacenter/host/More/Cluster-1"}
		}},
		{ResourcePoolNotFound, `"Silver" (there is Gold)`, func(w *world) { w.spec.Target.Cluster, w.spec.Target.ResourcePool = "", "Silver" }},
		{AmbiguousResourcePool, "/SDDC-Datacenter/host/Cluster-1/Resources/Old/Gold (resgroup-3)", func(w *world) {
			pool := *w.target.pools["resgroup-2"]
			pool.Ref, pool.Path = "resgroup-3", "/SDDC-Datacenter/host/Cluster-1/Resources/Old/Gold"
			w.target.pools["resgroup-3"] = &pool
			w.spec.Target.Cluster, w.spec.Target.ResourcePool = "", "Gold"
		}},
		{FolderNotFound, `"/SDDC-Datacenter/vm/Work" (there is /SDDC-Datacenter/vm`, func(w *world) { w.spec.Target.Folder = "/SDDC-Datacenter/vm/Work" }},
		{FolderNotUsable, "does not hold virtual machines", func(w *world) { w.spec.Target.Folder = "/SDDC-Datacenter/host" }},
		{FolderNotUsable, "another datacenter", func(w *world) {
			w.target.folder("/Other/vm/Workloads")
			w.spec.Target.Folder = "/Other/vm/Workloads"
		}},
		{DatastoreNotFound, `"vsam" (there is vsanDatastore)`, func(w *world) { w.spec.Target.Datastore = "vsam" }},
		{DatastoreNotFound, `"anf-9"`, func(w *world) { w.spec.Datastores = []v1alpha1.NameMapping{{From: "nfs-gold", To: "anf-9"}} }},
		{DatastoreNotUsable, "not accessible", func(w *world) { w.target.datastores["vsan"].Accessible = false }},
		{DatastoreNotUsable, "maintenance", func(w *world) { w.target.datastores["vsan"].MaintenanceMode = "inMaintenance" }},
		{DatastoreNotInCluster, "vsanDatastore", func(w *world) { w.target.datastores["vsan"].Hosts = []string{"host-9"} }},
		{AmbiguousDatastore, "/SDDC-Datacenter/datastore/other/vsanDatastore", func(w *world) {
			ds := *w.target.datastores["vsan"]
			ds.Ref, ds.Path = "vsan-2", "/SDDC-Datacenter/datastore/other/vsanDatastore"
			w.target.datastores["vsan-2"] = &ds
		}},
		{NetworkNotMapped, "VLAN-120", func(w *world) { w.spec.Networks = nil }},
		{NetworkNotFound, `"finance" (there is finance-web`, func(w *world) { w.spec.Networks[0].To = "finance" }},
		{NetworkNotInCluster, "finance-web", func(w *world) { w.target.networks["seg-web"].Hosts = []string{"host-9"} }},
		{AmbiguousNetwork, "/a/finance-web", func(w *world) {
			w.target.networks["seg-web"].Path = "/b/finance-web"
			n := *w.target.networks["seg-web"]
			n.Ref, n.Path = "seg-2", "/a/finance-web"
			w.target.networks["seg-2"] = &n
		}},
		{NoUsableHost, "Cluster-1", func(w *world) {
			w.target.hosts["host-1"].InMaintenance, w.target.hosts["host-2"].ConnectionState, w.target.hosts["host-3"].PowerState = true,
				"notResponding", vcenter.PoweredOff
		}},
		{TargetWithoutRoom, "datastore vsanDatastore lacks", func(w *world) { w.space["vsan"] = vcenter.Space{CapacityBytes: 400 * gb, FreeBytes: 200 * gb} }},
		{TargetWithoutRoom, "cluster Cluster-1 lacks", func(w *world) { w.find("/Oslo/vm/Finance/web-01").MemoryMB = 1 << 20 }},
		{TargetWithoutRoom, "MHz of CPU", func(w *world) { w.find("/Oslo/vm/Finance/web-01").CPUReservationMHz = 1 << 20 }},
	} {
		t.Run(test.concern, func(t *testing.T) {
			w := newWorld()
			test.bend(w)
			p := Make(w.input())
			c := p.Blocker()
			if c == nil || c.Name != test.concern || !strings.Contains(c.Message, test.words) || c.Severity != v1alpha1.SeverityBlocking {
				t.Errorf("the blocker is %+v, want %s with %q; all: %+v", c, test.concern, test.words, p.Concerns)
			}
		})
	}
}

// A name that two objects have is no riddle where only one of them can be meant.
func TestNamesAreLookedUpWhereTheyCanBeMeant(t *testing.T) {
	w := newWorld()
	uplink := *w.target.networks["seg-web"]
	uplink.Ref, uplink.Uplink = "uplink", true
	elsewhere := *w.target.networks["seg-web"]
	elsewhere.Ref, elsewhere.Hosts = "seg-9", []string{"host-9"}
	w.target.networks["uplink"], w.target.networks["seg-9"] = &uplink, &elsewhere
	for _, m := range Make(w.input()).Machines {
		if m.Spec == nil || m.Spec.Target.NetworkAdapters[0].Network.Ref != "seg-web" {
			t.Errorf("%s goes to %+v", m.Path, m.Spec)
		}
	}
}

// What fits and what does not, in numbers.
func TestFit(t *testing.T) {
	w := newWorld() // 140 GiB of thick disks, 12 GiB of memory
	at := func(free int64) *Plan {
		w.space["vsan"] = vcenter.Space{CapacityBytes: 1000 * gb, FreeBytes: free}
		return Make(w.input())
	}
	if p := at(530 * gb); p.Blocker() != nil { // 250 stay free, and vSAN keeps two copies
		t.Errorf("twice 140 GiB do not fit into 530 of which 250 stay free: %+v", p.Blocker())
	}
	if c := at(529 * gb).Blocker(); c == nil || !strings.Contains(c.Message, "lacks 1.0 GiB (280.0 GiB needed, 279.0 GiB free") {
		t.Errorf("it says %+v", c)
	}
	w.target.datastores["vsan"].Type = "NFS" // without vSAN nothing stays free
	if p := at(140 * gb); p.Blocker() != nil {
		t.Errorf("140 GiB do not fit into 140: %+v", p.Blocker())
	}
	d := w.find("/Oslo/vm/Finance/web-02") // 80 GiB, thin, a quarter written
	d.Disks[0].BackingType, d.StorageCommittedBytes = "thin", 20*gb
	if p := at(100 * gb); p.Blocker() != nil || concern(p, ThinDisksMayGrow) == nil {
		t.Errorf("thin disks fit by what they hold, with a warning: %+v", p.Concerns)
	}
	if at(70*gb).Blocker() == nil {
		t.Error("80 GiB fit into 70")
	}
	// Machines that were let in before are not asked for again, but a machine that is off needs memory only when it is on.
	for _, m := range w.details {
		m.MemoryMB = 400 << 10 // three of them do not fit
	}
	if c := at(500 * gb).Blocker(); c == nil || !strings.Contains(c.Message, "one host kept for failover") {
		t.Errorf("it says %+v", c)
	}
	spec := Make(w.input()).Machines[0].Spec
	if spec == nil {
		t.Fatal("the longest machine is not planned")
	}
	w.known = []Known{{Own: true, Spec: spec}}
	w.find("/Oslo/vm/Finance/web-01").PowerState = vcenter.PoweredOff
	w.find("/Oslo/vm/Finance/Old/old-01").PowerState = vcenter.PoweredOff
	if p := at(500 * gb); p.Blocker() != nil {
		t.Errorf("it asks again for room: %+v", p.Blocker())
	}
}

// A cluster of one host takes machines, and people are told that nothing is kept for the day on which that host fails.
func TestASingleHostKeepsNoRoomForItsFailure(t *testing.T) {
	w := newWorld()
	w.target.hosts["host-2"].InMaintenance, w.target.hosts["host-3"].InMaintenance = true, true
	p := Make(w.input())
	if c := concern(p, NoFailoverHost); p.Blocker() != nil || c == nil || c.Severity != warning || !strings.Contains(c.Message, "Cluster-1") {
		t.Errorf("it says %+v", p.Concerns)
	}
}

func TestAMoveTakesNoMoreMachinesThanAStatusHolds(t *testing.T) {
	w := newWorld()
	for i := range MostMachines - 2 { // three are there
		w.add(fmt.Sprintf("app-%05d", i), "/Oslo/vm/Finance", 1)
	}
	p := Make(w.input())
	if c := concern(p, TooManyMachines); c == nil || c.Severity != blocking || !strings.Contains(c.Message, "20001 of 20000") {
		t.Errorf("it says %+v", p.Concerns)
	}
}

func TestMethod(t *testing.T) {
	for _, test := range []struct {
		method v1alpha1.MoveMethod
		power  string
		off    v1alpha1.PowerOff
		tools  bool
		want   v1alpha1.MoveMethod
		blocks string
	}{
		{"", vcenter.PoweredOn, "", true, v1alpha1.MoveMethodLive, ""},
		{v1alpha1.MoveMethodAuto, vcenter.PoweredOff, "", false, v1alpha1.MoveMethodCold, ""},
		{v1alpha1.MoveMethodLive, vcenter.PoweredOff, "", false, "", PoweredOff},
		{v1alpha1.MoveMethodLive, vcenter.Suspended, "", false, "", Suspended},
		{v1alpha1.MoveMethodAuto, vcenter.Suspended, "", false, "", Suspended},
		{v1alpha1.MoveMethodCold, vcenter.PoweredOn, "", true, "", PowerOffNotAllowed},
		{v1alpha1.MoveMethodCold, vcenter.PoweredOn, v1alpha1.PowerOffMustBeOff, true, "", PowerOffNotAllowed},
		{v1alpha1.MoveMethodCold, vcenter.PoweredOn, v1alpha1.PowerOffGuest, true, v1alpha1.MoveMethodCold, ""},
		{v1alpha1.MoveMethodCold, vcenter.PoweredOn, v1alpha1.PowerOffGuest, false, "", ToolsNotRunning},
		{v1alpha1.MoveMethodCold, vcenter.PoweredOn, v1alpha1.PowerOffGuestThenHard, false, v1alpha1.MoveMethodCold, ""},
	} {
		w := newWorld()
		w.spec.Select = selectors(v1alpha1.MachineSelector{Names: []string{"web-02"}})
		w.spec.Method, w.spec.Power = test.method, &v1alpha1.MovePower{PowerOff: test.off}
		d := w.find("/Oslo/vm/Finance/web-02")
		d.PowerState, d.GuestToolsRunning = test.power, test.tools
		m := Make(w.input()).Machines[0]
		switch {
		case test.blocks == "" && (m.Spec == nil || m.Spec.Method != test.want):
			t.Errorf("%+v: it is %s with %+v", test, m.State, m.Concerns)
		case test.blocks != "" && (m.State != StateBlocked || m.Spec != nil || m.Concerns[0].Name != test.blocks):
			t.Errorf("%+v: it is %s with %+v", test, m.State, m.Concerns)
		}
	}
}

func TestTheHashStandsForTheChoicesAlone(t *testing.T) {
	w := newWorld()
	was := Make(w.input())
	w.space["vsan"] = vcenter.Space{CapacityBytes: 10_000 * gb, FreeBytes: 7_000 * gb}
	w.known = []Known{{Own: true, Started: true, Spec: was.Machines[0].Spec}}
	if is := Make(w.input()); is.Hash != was.Hash {
		t.Error("another hash although nothing was chosen otherwise")
	}
	w.spec.Target.Cluster, w.spec.Target.ResourcePool = "", "Gold"
	if is := Make(w.input()); is.Hash == was.Hash {
		t.Error("the same hash although another pool was chosen")
	}
}

func TestEstimate(t *testing.T) {
	w := newWorld()
	in := w.input()
	in.Rate = gb // one second a GiB
	p := Make(in)
	// 30 s each to prepare and 80, 40, 20 s to copy; two at once on the one source host.
	if want := (3*Preparation + 140*time.Second) / 2; p.Estimated != want {
		t.Errorf("it takes %s, want %s", p.Estimated, want)
	}
}

// Machines that have moved, have started or are under way elsewhere.
func TestKnownMachines(t *testing.T) {
	base := func() (*world, map[string]*v1alpha1.VirtualMachineMoveSpec) {
		w := newWorld()
		specs := map[string]*v1alpha1.VirtualMachineMoveSpec{}
		for _, m := range Make(w.input()).Machines {
			specs[m.Identity.Name] = m.Spec
		}
		return w, specs
	}
	arrive := func(w *world, name string) { // it left the source and is at the target
		d := w.find("/Oslo/vm/Finance/" + name)
		delete(w.source.machines, d.Ref)
		there := d.Machine
		there.Ref, there.Folder = "vm-9"+d.Ref, "/SDDC-Datacenter/vm/Workloads"
		w.target.machines[there.Ref] = &there
	}
	t.Run("moved by this programme", func(t *testing.T) {
		w, specs := base()
		arrive(w, "web-02")
		w.known = []Known{{Own: true, Started: true, Moved: true, Ended: true, Spec: specs["web-02"]}}
		p := Make(w.input())
		if p.Count(StateArrived) != 1 || p.Count(StateReady) != 2 || len(p.Concerns) > 0 {
			t.Errorf("the plan is %+v", p)
		}
	})
	t.Run("moved by another programme", func(t *testing.T) {
		w, specs := base()
		arrive(w, "web-02")
		w.known = []Known{{Started: true, Moved: true, Ended: true, Spec: specs["web-02"]}}
		if p := Make(w.input()); p.Count(StateArrived) != 1 || p.Count(StateReady) != 2 {
			t.Errorf("the plan is %+v", p)
		}
		clear(w.target.machines) // and gone from there since
		if p := Make(w.input()); p.Count(StateArrived) != 0 || p.Count(StateReady) != 2 {
			t.Errorf("the plan is %+v", p)
		}
	})
	t.Run("a name that is in the target folder", func(t *testing.T) {
		w, _ := base()
		arrive(w, "web-02")
		w.spec.Select = selectors(v1alpha1.MachineSelector{Names: []string{"web-02"}})
		if p := Make(w.input()); p.Count(StateArrived) != 1 || p.Blocker() != nil {
			t.Errorf("the plan is %+v", p)
		}
	})
	t.Run("on its way, seen at both or at none", func(t *testing.T) {
		w, specs := base()
		w.known = []Known{{Own: true, Started: true, Spec: specs["web-02"]}}
		d := w.find("/Oslo/vm/Finance/web-02")
		there := d.Machine
		there.Ref, there.Folder = "vm-99", "/SDDC-Datacenter/vm/Workloads"
		w.target.machines["vm-99"] = &there
		for range 2 {
			p := Make(w.input())
			if p.Count(StateStarted) != 1 || p.Count(StateReady) != 2 || len(p.Concerns) > 0 {
				t.Errorf("the plan is %+v", p)
			}
			delete(w.target.machines, "vm-99")
			delete(w.source.machines, d.Ref)
		}
	})
	t.Run("edited after it started", func(t *testing.T) {
		w, specs := base()
		w.known = []Known{{Own: true, Started: true, Spec: specs["web-02"]}, {Own: true, Spec: specs["web-01"]}}
		w.spec.Exclude = selectors(v1alpha1.MachineSelector{Names: []string{"web-0*"}})
		p := Make(w.input())
		if c := concern(p, StartedUnchanged); c == nil || !slices.Equal(c.Machines, []string{"web-02"}) {
			t.Errorf("it does not say what the edit leaves alone: %+v", p.Concerns)
		}
		if got := names(p, StateStarted); !slices.Equal(got, []string{"/Oslo/vm/Finance/web-02"}) || len(p.Machines) != 2 {
			t.Errorf("%v have started of %d", got, len(p.Machines))
		}
	})
	t.Run("a copy at the target", func(t *testing.T) {
		w, _ := base()
		there := w.find("/Oslo/vm/Finance/web-02").Machine
		there.Ref, there.Folder = "vm-99", "/SDDC-Datacenter/vm/Other"
		w.target.machines["vm-99"] = &there
		if p := Make(w.input()); p.Count(StateBlocked) != 1 || concern(p, IdentityTaken) == nil {
			t.Errorf("the plan is %+v", p)
		}
	})
}

func TestNeedsAreWhatThePlanReads(t *testing.T) {
	w := newWorld()
	w.target.machines["vm-50"] = &vcenter.Machine{Ref: "vm-50", Name: "there", Networks: []string{"seg-web"}}
	w.target.machines["vm-51"] = &vcenter.Machine{Ref: "vm-51", Name: "elsewhere", Networks: []string{"seg-std"}}
	n := Need(w.input())
	if len(n.Machines) != 3 || len(n.Hosts) != 3 || !slices.Equal(n.Datastores, []string{"vsan"}) || len(n.Neighbours) != 1 || n.Neighbours[0].Name != "there" {
		t.Errorf("it needs %+v", n)
	}
	w.details = map[string]*vcenter.MachineDetails{}
	p := Make(w.input())
	if p.Count(StateBlocked) != 3 || concern(p, DetailsUnknown) == nil {
		t.Errorf("machines that could not be read are planned: %+v", p)
	}
}

// A method that minds a concern which no plan knows would mind nothing.
func TestEveryConcernOfAMethodHasASentence(t *testing.T) {
	for _, m := range method.All {
		for _, name := range m.Concerns {
			if kinds[name].severity != blocking || !slices.Contains(method.Particular, name) {
				t.Errorf("%s minds %s, which blocks nothing", m.Name, name)
			}
		}
	}
	for _, name := range method.Particular {
		if !slices.ContainsFunc(method.All, func(m method.Method) bool { return m.Minds(name) }) {
			t.Errorf("No method minds %s", name)
		}
	}
}

// A constant without an entry in kinds would be a concern that stops nothing and says nothing, and one that no test names may never be said.
func TestEveryConcernHasASentence(t *testing.T) {
	for name, k := range kinds {
		if k.text == "" || k.severity == "" || strings.Count(k.text, "%s") > 1 || strings.HasSuffix(k.text, ".") {
			t.Errorf("%s says %q", name, k.text)
		}
		if k.whole && k.severity != blocking {
			t.Errorf("%s is about the whole move and does not block", name)
		}
	}
	tests := sourcesOf(t, "*_test.go") + sourcesOf(t, "../../../test/move/*/*_test.go")
	names := constants(t, "concerns.go")
	for _, name := range names {
		if _, ok := kinds[name]; !ok {
			t.Errorf("%s has no entry in kinds: give it a severity and a sentence", name)
		}
		if !regexp.MustCompile(`\b(Reason)?` + name + `\b`).MatchString(tests) {
			t.Errorf("No test names %s: give it a case, in TestTraps if it is about one machine", name)
		}
	}
	if len(names) < 50 || len(names) != len(kinds) {
		t.Errorf("there are %d concerns, and %d names of them", len(kinds), len(names))
	}
}

// constants that a file of this package exports.
func constants(t *testing.T, path string) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	ast.Inspect(file, func(n ast.Node) bool {
		if d, ok := n.(*ast.GenDecl); ok && d.Tok != token.CONST {
			return false
		}
		if s, ok := n.(*ast.ValueSpec); ok && s.Names[0].IsExported() {
			out = append(out, s.Names[0].Name)
		}
		return true
	})
	return out
}

// sourcesOf are the files that match a pattern, one after another.
func sourcesOf(t *testing.T, pattern string) string {
	t.Helper()
	paths, err := filepath.Glob(pattern)
	if err != nil || len(paths) == 0 {
		t.Fatalf("%s matches %v: %v", pattern, paths, err)
	}
	var out strings.Builder
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		out.Write(text)
	}
	return out.String()
}
