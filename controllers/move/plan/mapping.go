// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"cmp"
	"slices"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/vcenter"
)

// The most disks and network adapters that a VirtualMachineMove can name.
const (
	mostDisks    = 256
	mostAdapters = 16
)

// mapping says where networks and datastores go.
type mapping struct {
	*destination
	book       *book
	source     *vcenter.Inventory
	networksTo map[string]string
	storesTo   map[string]string
	fallback   string
}

func newMapping(in *Input, d *destination, b *book) *mapping {
	m := &mapping{
		destination: d, book: b, source: in.Source.Inventory, fallback: in.Spec.Target.Datastore,
		networksTo: map[string]string{}, storesTo: map[string]string{},
	}
	for _, n := range in.Spec.Networks {
		m.networksTo[n.From] = n.To
	}
	for _, n := range in.Spec.Datastores {
		m.storesTo[n.From] = n.To
	}
	return m
}

// adapters connects every network adapter of a machine. It reports false if one of them has no place to go.
func (m *mapping) adapters(d *vcenter.MachineDetails, live bool) ([]v1alpha1.NetworkAdapterPlacement, bool) {
	var out []v1alpha1.NetworkAdapterPlacement
	whole := true
	for _, nic := range d.NICs {
		to, mapped := m.networksTo[nic.NetworkName]
		var network *vcenter.Network
		switch {
		case nic.NetworkName == "":
			m.book.sayOf(d.Ref, d.Name, NetworkNotVisible, cmp.Or(nic.Label, nic.MAC))
		case !mapped:
			m.book.sayOf(d.Ref, d.Name, NetworkNotMapped, nic.NetworkName)
		default:
			network = m.findNetwork(to, m.book)
		}
		if network == nil {
			whole = false
			continue
		}
		if from := m.source.Networks.Get(nic.Network); live && from != nil && from.Kind == "DistributedVirtualPortgroup" && network.Kind == "Network" {
			m.book.sayOf(d.Ref, d.Name, NetworkIncompatible, nic.NetworkName+" to "+to)
		}
		out = append(out, v1alpha1.NetworkAdapterPlacement{
			Key: nic.Key, MACAddress: clip(nic.MAC, 32), SourceNetwork: clip(nic.NetworkName, 128),
			Network: v1alpha1.InventoryReference{Ref: network.Ref, Name: clip(network.Name, 512)},
		})
	}
	slices.SortFunc(out, func(a, b v1alpha1.NetworkAdapterPlacement) int { return cmp.Compare(a.Key, b.Key) })
	return out, whole && len(out) <= mostAdapters
}

// disks places every disk of a machine, and its home: where the first disk goes. It reports false if one of them has no place to go.
func (m *mapping) disks(d *vcenter.MachineDetails) (disks []v1alpha1.DiskPlacement, home v1alpha1.InventoryReference, whole bool) {
	whole = true
	for _, disk := range d.Disks {
		from := ""
		if ds := m.source.Datastores.Get(disk.Datastore); ds != nil {
			from = ds.Name
		}
		to := m.storeFor(from)
		if to == nil {
			whole = false
			continue
		}
		disks = append(disks, v1alpha1.DiskPlacement{
			Key: disk.Key, CapacityBytes: disk.CapacityBytes, SourceDatastore: clip(from, 128), Datastore: storeReference(to),
		})
	}
	slices.SortFunc(disks, func(a, b v1alpha1.DiskPlacement) int { return cmp.Compare(a.Key, b.Key) })
	switch {
	case len(disks) > 0:
		home = disks[0].Datastore
	case m.datastore != nil:
		home = storeReference(m.datastore)
	default:
		whole = false
	}
	return disks, home, whole && len(disks) <= mostDisks
}

func (m *mapping) storeFor(from string) *vcenter.Datastore {
	if to, ok := m.storesTo[from]; ok && from != "" {
		return m.findDatastore(to, m.book)
	}
	return m.findDatastore(m.fallback, m.book)
}

func storeReference(ds *vcenter.Datastore) v1alpha1.InventoryReference {
	return v1alpha1.InventoryReference{Ref: ds.Ref, Name: clip(ds.Name, 512)}
}
