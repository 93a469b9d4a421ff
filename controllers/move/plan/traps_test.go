// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/move/method"
	"github.com/avs-operator/avs-operator/controllers/vcenter"
)

// Each known trap is found on the machine that has it, said of it alone, and blocks it or not.
func TestTraps(t *testing.T) {
	type bend = func(*world, *vcenter.MachineDetails)
	device := func(kind string, connected bool) bend {
		return func(_ *world, d *vcenter.MachineDetails) {
			d.Devices = append(d.Devices, vcenter.Device{Kind: kind, Label: "it", Backing: "[nfs] x.iso", Connected: connected})
		}
	}
	cold := func(b bend) bend {
		return func(w *world, d *vcenter.MachineDetails) {
			d.PowerState = vcenter.PoweredOff
			b(w, d)
		}
	}
	for _, test := range []struct {
		name, concern string // concern: empty, if there is none
		blocks        bool
		bend          bend
	}{
		{"snapshots", SnapshotPresent, true, func(_ *world, d *vcenter.MachineDetails) { d.Snapshots, d.Disks[0].Parent = 2, true }},
		{"linked clone", LinkedDisk, true, func(_ *world, d *vcenter.MachineDetails) { d.Disks[0].Parent = true }},
		{"consolidation", ConsolidationNeeded, true, func(_ *world, d *vcenter.MachineDetails) { d.ConsolidationNeeded = true }},
		{"raw device mapping", RawDeviceMapping, true, func(_ *world, d *vcenter.MachineDetails) { d.Disks[0].BackingType = "rdm" }},
		{"multi-writer", SharedDisk, true, func(_ *world, d *vcenter.MachineDetails) { d.Disks[0].Sharing = "sharingMultiWriter" }},
		{"shared bus", SharedBus, true, device("ParaVirtualSCSIController", true)},
		{"independent", IndependentDisk, false, func(_ *world, d *vcenter.MachineDetails) { d.Disks[0].Mode = "independent_persistent" }},
		{"CD connected", DeviceConnected, true, device("VirtualCdrom", true)},
		{"CD not connected", "", false, device("VirtualCdrom", false)},
		{"CD connected, off", "", false, cold(device("VirtualCdrom", true))},
		{"USB", DeviceConnected, true, device("VirtualUSB", true)},
		{"serial port", DeviceConnected, true, device("VirtualSerialPort", true)},
		{"passthrough", DevicePassthrough, true, device("VirtualPCIPassthrough", true)},
		{"passthrough, off", "", false, cold(device("VirtualPCIPassthrough", true))},
		{"SR-IOV", DevicePassthrough, true, func(_ *world, d *vcenter.MachineDetails) { d.NICs[0].Kind = "VirtualSriovEthernetCard" }},
		{"TPM", TrustedPlatformModule, true, cold(device("VirtualTPM", true))},
		{"Tools installer", ToolsInstallerMounted, true, func(_ *world, d *vcenter.MachineDetails) { d.ToolsInstallerMounted = true }},
		{"encrypted", Encrypted, true, func(_ *world, d *vcenter.MachineDetails) { d.Encrypted = true }},
		{"fault tolerance", FaultTolerance, true, func(_ *world, d *vcenter.MachineDetails) { d.FaultTolerance = true }},
		{"not connected", NotConnected, true, func(_ *world, d *vcenter.MachineDetails) { d.ConnectionState = "orphaned" }},
		{"extension", ManagedByExtension, true, func(_ *world, d *vcenter.MachineDetails) { d.ManagedBy = "com.vmware.vim.eam" }},
		{"held by a task", RelocateDisabled, false, func(_ *world, d *vcenter.MachineDetails) { d.RelocateDisabled = true }},
		{"hardware too new", HardwareTooNew, true, func(_ *world, d *vcenter.MachineDetails) { d.HardwareVersion = "vmx-22" }},
		{"hardware of the newest", "", false, func(_ *world, d *vcenter.MachineDetails) { d.HardwareVersion = "vmx-21" }},
		{"another vendor", CPUVendorDiffers, true, func(w *world, _ *vcenter.MachineDetails) { w.source.hosts["host-1"].CPUVendor = "amd" }},
		{"another vendor, off", "", false, cold(func(w *world, _ *vcenter.MachineDetails) { w.source.hosts["host-1"].CPUVendor = "amd" })},
		{"newer features", CPUFeaturesMissing, true, func(_ *world, d *vcenter.MachineDetails) { d.MinRequiredEVCMode = "intel-icelake" }},
		{"features that EVC hides", CPUFeaturesMissing, true, func(w *world, d *vcenter.MachineDetails) {
			w.target.clusters["domain-1"].EVCMode, d.MinRequiredEVCMode = "intel-haswell", "intel-broadwell"
		}},
		{"older features", "", false, func(_ *world, d *vcenter.MachineDetails) { d.MinRequiredEVCMode = "intel-haswell" }},
		{"copy at the source", IdentityNotUnique, true, func(w *world, d *vcenter.MachineDetails) {
			w.add("copy", "/Oslo/vm/Web", 1).InstanceUUID = d.InstanceUUID
		}},
		{"name taken", NameTaken, true, func(w *world, d *vcenter.MachineDetails) {
			w.target.machines["vm-70"] = &vcenter.Machine{Ref: "vm-70", Name: d.Name, Folder: "/SDDC-Datacenter/vm/Workloads", InstanceUUID: "another"}
		}},
		{"name taken elsewhere", "", false, func(w *world, d *vcenter.MachineDetails) {
			w.target.machines["vm-70"] = &vcenter.Machine{Ref: "vm-70", Name: d.Name, Folder: "/SDDC-Datacenter/vm", InstanceUUID: "another"}
		}},
		{"same name", SameName, true, func(w *world, d *vcenter.MachineDetails) { w.add(d.Name, "/Oslo/vm/Finance/Old", 1) }},
		{"MAC taken", MACAddressTaken, true, func(w *world, d *vcenter.MachineDetails) {
			w.neighbours = []*vcenter.MachineDetails{{Machine: vcenter.Machine{Name: "there", InstanceUUID: "x"},
				NICs: []vcenter.NIC{{MAC: strings.ToUpper(d.NICs[0].MAC), Network: "seg-web"}}}}
		}},
		{"MAC taken on another network", "", false, func(w *world, d *vcenter.MachineDetails) {
			w.neighbours = []*vcenter.MachineDetails{{Machine: vcenter.Machine{Name: "there", InstanceUUID: "x"},
				NICs: []vcenter.NIC{{MAC: d.NICs[0].MAC, Network: "seg-std"}}}}
		}},
		{"network not visible", NetworkNotVisible, true, func(_ *world, d *vcenter.MachineDetails) { d.NICs[0].Network, d.NICs[0].NetworkName = "", "" }},
		{"standard switch, running", NetworkIncompatible, true, func(w *world, _ *vcenter.MachineDetails) { w.spec.Networks[0].To = "standard" }},
		{"standard switch, off", "", false, cold(func(w *world, _ *vcenter.MachineDetails) { w.spec.Networks[0].To = "standard" })},
		{"template by name", TemplateSelected, true, func(w *world, d *vcenter.MachineDetails) {
			d.Template, w.spec.Select = true, selectors(v1alpha1.MachineSelector{Names: []string{d.Name}})
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld()
			d := w.find("/Oslo/vm/Finance/web-02")
			test.bend(w, d)
			p := Make(w.input())
			i := slices.IndexFunc(p.Machines, func(m Machine) bool { return m.Ref == d.Ref })
			m := p.Machines[i]
			if blocked := m.State == StateBlocked; blocked != test.blocks || (m.Spec == nil) != test.blocks {
				t.Errorf("it is %s: %+v", m.State, m.Concerns)
			}
			if test.concern == "" {
				if len(m.Concerns) > 0 {
					t.Errorf("it has %+v", m.Concerns)
				}
				return
			}
			c := concern(p, test.concern)
			if len(m.Concerns) != 1 || m.Concerns[0].Name != test.concern || c == nil || !slices.Contains(c.Machines, d.Name) || c.Whole {
				t.Errorf("it has %+v, the plan %+v; want %s", m.Concerns, p.Concerns, test.concern)
			}
			if strings.Contains(c.Message, "%s") || !strings.HasPrefix(m.Concerns[0].Message, "The machine ") {
				t.Errorf("it says %q and %q", c.Message, m.Concerns[0].Message)
			}
		})
	}
}

func TestTemplatesInAFolderStayWhereTheyAre(t *testing.T) {
	w := newWorld()
	w.find("/Oslo/vm/Finance/web-02").Template = true
	p := Make(w.input())
	if c := concern(p, TemplateSkipped); c == nil || c.Severity != v1alpha1.SeverityInformation || len(p.Machines) != 2 {
		t.Errorf("the plan is %+v", p)
	}
}

func TestMatches(t *testing.T) {
	for _, test := range []struct {
		pattern, name string
		want          bool
	}{
		{"web-01", "web-01", true}, {"web-01", "web-011", false}, {"*", "", true}, {"*", "anything", true}, {"?", "", false}, {"?", "ä", true},
		{"db-*", "db-", true}, {"*-01", "web-01", true}, {"*-0?", "web-01", true}, {"a*b*c", "a-b-b-c", true}, {"a*b*c", "a-c-b", false}, {"**", "x", true},
		{"WEB-*", "web-01", false},
	} {
		if got := matches(test.pattern, test.name); got != test.want {
			t.Errorf("%q matches %q: %t", test.pattern, test.name, got)
		}
	}
	if matches(strings.Repeat("*a", 40)+"b", strings.Repeat("a", 2000)) { // and this returns at once
		t.Error("it ends in a b")
	}
}

func TestNearestNamesComeFirst(t *testing.T) {
	got := has("machine", "web-11", []string{"db-01", "web-01", "zz", "web-12", "web-12", "mail", "dns", "shop"})
	if want := `"web-11" (there is web-01, web-12, db-01, dns, mail, shop, zz)`; got != want {
		t.Errorf("it says %s, want %s", got, want)
	}
}

func equalJSON(t *testing.T, a, b any) bool {
	t.Helper()
	x, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	y, err := json.Marshal(b)
	if err != nil {
		t.Fatal(err)
	}
	return string(x) == string(y)
}

// shaken is a world in which everything may be wrong.
func shaken(seed uint64) *world {
	r := rand.New(rand.NewPCG(seed, 11))
	w := newWorld()
	one := func(of ...string) string { return of[r.IntN(len(of))] }
	rare := func() bool { return r.IntN(8) == 0 }
	for i := range r.IntN(30) {
		w.add(fmt.Sprintf("app-%02d", i%20), one("/Oslo/vm/Finance", "/Oslo/vm/Web", "/Oslo/vm", ""), int64(r.IntN(500)))
	}
	for _, d := range w.details {
		d.PowerState = one(vcenter.PoweredOn, vcenter.PoweredOn, vcenter.PoweredOff, vcenter.Suspended, "")
		d.Template, d.Encrypted, d.RelocateDisabled, d.GuestToolsRunning = rare(), rare(), rare(), !rare()
		if rare() {
			d.NICs[0].NetworkName = one("", "VLAN-999")
		}
		if rare() {
			d.Disks = nil
		}
		if rare() {
			d.InstanceUUID = one("", "twin")
		}
		if rare() {
			there := d.Machine
			there.Ref, there.Folder = "vm-at-"+d.Ref, one("/SDDC-Datacenter/vm/Workloads", "/elsewhere")
			w.target.machines[there.Ref] = &there
		}
		if rare() {
			delete(w.details, d.Ref)
		}
	}
	w.spec.Target.Cluster = one("Cluster-1", "Cluster-1", "Cluster-1", "none", "")
	if w.spec.Target.Cluster == "" {
		w.spec.Target.ResourcePool = one("Gold", "none", "")
	}
	w.spec.Target.Datastore = one("vsanDatastore", "vsanDatastore", "none")
	w.spec.Target.Folder = one("/SDDC-Datacenter/vm/Workloads", "/SDDC-Datacenter/vm/Workloads/", "/none", "/")
	w.spec.Select = selectors(v1alpha1.MachineSelector{Folder: one("", "/Oslo/vm", "/none")},
		v1alpha1.MachineSelector{Names: []string{one("app-0?", "web-01", "*", "none")}})
	w.spec.Method = v1alpha1.MoveMethod(one("", "Auto", "Live", "Cold"))
	for _, m := range Make(w.input()).Machines {
		if m.Spec != nil && r.IntN(3) == 0 {
			w.known = append(w.known, Known{Spec: m.Spec, Own: r.IntN(2) == 0, Started: r.IntN(2) == 0, Moved: rare(), Ended: rare()})
		}
	}
	for _, h := range w.target.hosts {
		h.InMaintenance = rare()
	}
	return w
}

// Whatever the world is like: a plan does not panic, is the same twice, and gives no machine a choice that is missing.
func FuzzMake(f *testing.F) {
	for seed := range uint64(40) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		w := shaken(seed)
		p := Make(w.input())
		if again := Make(w.input()); !equalJSON(t, p, again) {
			t.Errorf("two plans of one world differ:\n%+v\n%+v", p, again)
		}
		started := map[string]bool{}
		for _, k := range w.known {
			started[k.Spec.Machine.InstanceUUID] = started[k.Spec.Machine.InstanceUUID] || k.Own && k.Started
		}
		for _, m := range p.Machines {
			blocked := slices.ContainsFunc(m.Concerns, func(c v1alpha1.MachineConcern) bool { return c.Severity == v1alpha1.SeverityBlocking })
			switch {
			case m.State == StateBlocked && m.Spec != nil:
				t.Errorf("%s is blocked and has choices", m.Path)
			case m.State == StateReady && (m.Spec == nil || blocked):
				t.Errorf("%s is ready with %+v", m.Path, m.Concerns)
			case m.State == StateReady && missing(m.Spec):
				t.Errorf("%s lacks a choice: %+v", m.Path, m.Spec)
			case m.State == StateReady && started[m.Identity.InstanceUUID]:
				t.Errorf("%s has started and is planned anew", m.Path)
			}
		}
	})
}

func missing(s *v1alpha1.VirtualMachineMoveSpec) bool {
	t := &s.Target
	for _, ref := range []string{t.Cluster.Ref, t.ResourcePool.Ref, t.Folder.Ref, t.Datastore.Ref, s.Machine.InstanceUUID, s.Source.VCenterInstanceUUID,
		t.VCenterInstanceUUID, string(s.Method)} {
		if ref == "" {
			return true
		}
	}
	for _, d := range t.Disks {
		if d.Datastore.Ref == "" {
			return true
		}
	}
	for _, a := range t.NetworkAdapters {
		if a.Network.Ref == "" {
			return true
		}
	}
	_, known := method.Named(s.Method)
	return !known
}

// A plan of 5,000 machines is made again with every change of an inventory.
func BenchmarkMake(b *testing.B) {
	w := newWorld()
	for i := range 5000 {
		w.add(fmt.Sprintf("app-%04d", i), "/Oslo/vm/Finance", 1)
	}
	in := w.input()
	for b.Loop() {
		Make(in)
	}
}
