// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/move/method"
	"github.com/avs-operator/avs-operator/controllers/vcenter"
)

// checker looks for what is known to make a relocation fail, or to make it harm something.
type checker struct {
	in         *Input
	to         *destination
	book       *book
	byUUID     map[string][]*vcenter.Machine // at the target
	copies     map[string][]*vcenter.Machine // at the source, by instance UUID
	folder     map[string][]*vcenter.Machine // in the target folder, by name
	macs       map[string][]neighbour
	selected   map[string][]*vcenter.Machine // by name
	newest     int                           // virtual hardware that the target's hosts run; 0: unknown
	newestHost string
}

// neighbour is a network card at the target.
type neighbour struct{ machine, instanceUUID, network string }

func newChecker(in *Input, to *destination, b *book, machines []*vcenter.Machine) *checker {
	c := &checker{
		in: in, to: to, book: b, byUUID: map[string][]*vcenter.Machine{}, copies: map[string][]*vcenter.Machine{}, folder: map[string][]*vcenter.Machine{},
		macs: map[string][]neighbour{}, selected: map[string][]*vcenter.Machine{},
	}
	for _, m := range in.Target.Inventory.Machines.All() {
		c.byUUID[m.InstanceUUID] = append(c.byUUID[m.InstanceUUID], m)
		if to.folder != nil && samePath(m.Folder, to.folder.Path) {
			c.folder[m.Name] = append(c.folder[m.Name], m)
		}
	}
	for _, m := range in.Source.Inventory.Machines.All() {
		if !m.Template {
			c.copies[m.InstanceUUID] = append(c.copies[m.InstanceUUID], m)
		}
	}
	for _, n := range in.Neighbours {
		for _, nic := range n.NICs {
			mac := strings.ToLower(nic.MAC)
			c.macs[mac] = append(c.macs[mac], neighbour{machine: n.Name, instanceUUID: n.InstanceUUID, network: nic.Network})
		}
	}
	for _, m := range machines {
		c.selected[m.Name] = append(c.selected[m.Name], m)
	}
	c.newest, c.newestHost = newestHardware(to.hosts)
	return c
}

// method by which a machine would move.
func (c *checker) method(m *vcenter.Machine) method.Method {
	chosen, _ := method.Choose(c.in.Spec.Method, m.PowerState == vcenter.PoweredOn)
	return chosen
}

// machine checks one machine with all that is known of it.
func (c *checker) machine(d *vcenter.MachineDetails, adapters []v1alpha1.NetworkAdapterPlacement) {
	c.state(d)
	c.power(d)
	c.disks(d)
	c.devices(d, true)
	c.identity(d, adapters)
	c.hardware(d, func(name string, about ...string) { c.say(d, name, about...) })
}

// say notes a concern about a machine, unless its method does not mind.
func (c *checker) say(d *vcenter.MachineDetails, name string, about ...string) {
	if c.method(&d.Machine).Minds(name) {
		c.book.sayOf(d.Ref, d.Name, name, about...)
	}
}

// state of the machine as a whole.
func (c *checker) state(d *vcenter.MachineDetails) {
	if d.Template {
		c.say(d, TemplateSelected)
	}
	if d.ConnectionState != "" && d.ConnectionState != "connected" {
		c.say(d, NotConnected, d.ConnectionState)
	}
	if d.ManagedBy != "" {
		c.say(d, ManagedByExtension, d.ManagedBy)
	}
	if d.RelocateDisabled {
		c.say(d, RelocateDisabled)
	}
	if d.FaultTolerance {
		c.say(d, FaultTolerance)
	}
	if d.Encrypted {
		c.say(d, Encrypted)
	}
	if d.PowerState == vcenter.Suspended {
		c.say(d, Suspended)
	}
}

// power state, against what the method needs and power.powerOff allows.
func (c *checker) power(d *vcenter.MachineDetails) {
	off := v1alpha1.PowerOffMustBeOff
	if p := c.in.Spec.Power; p != nil {
		off = cmp.Or(p.PowerOff, off)
	}
	switch {
	case d.PowerState == vcenter.PoweredOff:
		c.say(d, PoweredOff)
	case d.PowerState != vcenter.PoweredOn:
	case off == v1alpha1.PowerOffMustBeOff:
		c.say(d, PowerOffNotAllowed)
	case off == v1alpha1.PowerOffGuest && !d.GuestToolsRunning:
		c.say(d, ToolsNotRunning)
	}
}

// disks that do not go along, or should not.
func (c *checker) disks(d *vcenter.MachineDetails) {
	if d.Snapshots > 0 {
		c.say(d, SnapshotPresent, fmt.Sprintf("%d of %s", d.Snapshots, d.Name))
	}
	if d.ConsolidationNeeded {
		c.say(d, ConsolidationNeeded)
	}
	for _, disk := range d.Disks {
		label := cmp.Or(disk.Label, fmt.Sprintf("disk %d", disk.Key))
		if disk.BackingType == "rdm" {
			c.say(d, RawDeviceMapping, label)
		}
		if disk.Sharing == "sharingMultiWriter" {
			c.say(d, SharedDisk, label)
		}
		if strings.HasPrefix(disk.Mode, "independent") {
			c.say(d, IndependentDisk, label)
		}
		if disk.Parent && d.Snapshots == 0 {
			c.say(d, LinkedDisk, label)
		}
	}
}

// devices that tie a machine to its host; where it does not run, only those that tie it then too.
func (c *checker) devices(d *vcenter.MachineDetails, runs bool) {
	if d.ToolsInstallerMounted && runs {
		c.say(d, ToolsInstallerMounted)
	}
	for _, device := range d.Devices {
		label := cmp.Or(device.Label, device.Kind)
		switch {
		case device.Kind == "VirtualTPM":
			c.say(d, TrustedPlatformModule, label)
		case strings.Contains(device.Kind, "SCSIController") || device.Kind == "VirtualLsiLogicController" ||
			device.Kind == "VirtualLsiLogicSASController" || device.Kind == "VirtualBusLogicController":
			c.say(d, SharedBus, label)
		case device.Kind == "VirtualPCIPassthrough" || device.Kind == "VirtualSCSIPassthrough" || device.Kind == "VirtualNVDIMM":
			if runs {
				c.say(d, DevicePassthrough, label)
			}
		case runs && device.Connected && tiesToHost(device.Kind):
			if device.Backing != "" {
				label += " with " + device.Backing
			}
			c.say(d, DeviceConnected, label)
		}
	}
	for _, nic := range d.NICs {
		if runs && nic.Kind == "VirtualSriovEthernetCard" {
			c.say(d, DevicePassthrough, cmp.Or(nic.Label, nic.Kind))
		}
	}
}

// tiesToHost says whether a device of this kind, connected, keeps a running machine on its host.
func tiesToHost(kind string) bool {
	switch kind {
	case "VirtualCdrom", "VirtualFloppy", "VirtualUSB", "VirtualSerialPort", "VirtualParallelPort":
		return true
	}
	return false
}

// identity: what tells this machine from others must be free at the target.
func (c *checker) identity(d *vcenter.MachineDetails, adapters []v1alpha1.NetworkAdapterPlacement) {
	if twins := c.byUUID[d.InstanceUUID]; len(twins) > 0 {
		c.say(d, IdentityTaken, pathsOf(twins)...)
	}
	if copies := c.copies[d.InstanceUUID]; len(copies) > 1 {
		c.say(d, IdentityNotUnique, pathsOf(copies)...)
	}
	if slices.ContainsFunc(c.folder[d.Name], func(m *vcenter.Machine) bool { return m.InstanceUUID != d.InstanceUUID }) {
		c.say(d, NameTaken)
	}
	if same := c.selected[d.Name]; len(same) > 1 {
		c.say(d, SameName, pathsOf(same)...)
	}
	for _, a := range adapters {
		for _, n := range c.macs[strings.ToLower(a.MACAddress)] {
			if n.network == a.Network.Ref && n.instanceUUID != d.InstanceUUID {
				c.say(d, MACAddressTaken, fmt.Sprintf("%s of %s", a.MACAddress, n.machine))
			}
		}
	}
}
