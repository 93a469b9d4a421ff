// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"cmp"
	"maps"
	"slices"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/move/method"
	"github.com/avs-operator/avs-operator/controllers/text"
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
	book     *book
	source   *vcenter.Inventory
	networks directory
	stores   directory
	fallback string
}

// directory is one of the lists networks and datastores of the spec, resolved at the source.
type directory struct {
	to       map[string]string // by managed object id at the source
	several  map[string]bool   // of these, mapped by a name that several of those in use have
	byName   map[string]string // as written: for what the account sees by name only
	unneeded []string          // where entries go that nothing selected needs
}

func newMapping(in *Input, d *destination, b *book, machines []*vcenter.Machine) *mapping {
	networks, stores := map[string]bool{}, map[string]bool{}
	for _, m := range machines {
		for _, ref := range m.Networks {
			networks[ref] = true
		}
		for _, ref := range m.Datastores {
			stores[ref] = true
		}
		if details := in.Details[m.Ref]; details != nil {
			for _, nic := range details.NICs {
				networks[nic.Network] = true
			}
			for _, disk := range details.Disks {
				stores[disk.Datastore] = true
			}
		}
	}
	source := in.Source.Inventory
	forNetworks := &resolver[vcenter.Network]{book: b, table: source.Networks, used: networks, notFound: SourceNetworkNotFound, ambiguous: AmbiguousSourceNetwork,
		what: "network", wanted: func(n *vcenter.Network) bool { return !n.Uplink }}
	forStores := &resolver[vcenter.Datastore]{book: b, table: source.Datastores, used: stores, notFound: SourceDatastoreNotFound,
		ambiguous: AmbiguousSourceDatastore, what: "datastore", wanted: everything[vcenter.Datastore]}
	return &mapping{
		destination: d, book: b, source: source, fallback: in.Spec.Target.Datastore,
		networks: forNetworks.resolve(in.Spec.Networks), stores: forStores.resolve(in.Spec.Datastores),
	}
}

// resolver finds what the entries of one list mean at the source.
type resolver[T named] struct {
	directory
	book                      *book
	table                     vcenter.Table[T]
	used                      map[string]bool // by managed object id: what selected machines are on
	notFound, ambiguous, what string
	wanted                    func(*T) bool
	exact                     map[string]string // by managed object id: what an entry means alone
	loose                     map[string][]*T   // by entry: what it means by name
}

// resolve finds what each entry means. One that means one object alone, by path or id, goes before one that means several by their name; a
// name that several of the objects in use have does not tell which of them goes where.
func (r *resolver[T]) resolve(entries []v1alpha1.NameMapping) directory {
	r.directory = directory{to: map[string]string{}, several: map[string]bool{}, byName: map[string]string{}}
	r.exact, r.loose = map[string]string{}, map[string][]*T{}
	for _, e := range entries {
		r.entry(e)
	}
	for _, from := range slices.Sorted(maps.Keys(r.loose)) {
		r.name(from)
	}
	maps.Copy(r.to, r.exact)
	return r.directory
}

func (r *resolver[T]) entry(e v1alpha1.NameMapping) {
	byName, alone := lookup(r.table, e.From)
	unwanted := func(v *T) bool { return !r.wanted(v) }
	byName, alone = slices.DeleteFunc(byName, unwanted), slices.DeleteFunc(alone, unwanted)
	needed := slices.ContainsFunc(slices.Concat(byName, alone), func(v *T) bool { return r.used[refOf(v)] })
	switch {
	case len(byName)+len(alone) == 0:
		r.book.say(r.notFound, has(r.what, e.From, namesOf(r.table, r.wanted)))
	case !needed:
		r.unneeded = append(r.unneeded, e.To)
	}
	r.byName[e.From] = e.To
	for _, v := range alone {
		if was, twice := r.exact[refOf(v)]; twice && was != e.To {
			r.book.say(MappingConflict, label(v))
		}
		r.exact[refOf(v)] = e.To
	}
	if len(alone) == 0 && len(byName) > 0 {
		r.loose[e.From] = byName
	}
}

// name sends the objects of a name that no entry means alone.
func (r *resolver[T]) name(from string) {
	var inUse []*T
	for _, v := range r.loose[from] {
		ref := refOf(v)
		if r.exact[ref] != "" {
			continue
		}
		if was, twice := r.to[ref]; twice && was != r.byName[from] {
			r.book.say(MappingConflict, label(v)) // one name written in two ways
		}
		r.to[ref] = r.byName[from]
		if r.used[ref] {
			inUse = append(inUse, v)
		}
	}
	if len(inUse) < 2 {
		return
	}
	for _, v := range inUse {
		r.book.say(r.ambiguous, label(v))
		r.several[refOf(v)] = true
	}
}

// find says where an object of the source goes: by its managed object id, or by its name where the account sees no more than that.
func (d directory) find(ref, name string) (to string, mapped bool) {
	if ref != "" {
		to, mapped = d.to[ref]
		return to, mapped
	}
	for from, goes := range d.byName {
		if vcenter.SameName(from, name) {
			return goes, true
		}
	}
	return "", false
}

// adapters connects every network adapter of a machine. False means that one of them has no place to go.
func (m *mapping) adapters(d *vcenter.MachineDetails, by method.Method) ([]v1alpha1.NetworkAdapterPlacement, bool) {
	var out []v1alpha1.NetworkAdapterPlacement
	whole := true
	for _, nic := range d.NICs {
		to, mapped := m.networks.find(nic.Network, nic.NetworkName)
		var network *vcenter.Network
		switch {
		case nic.NetworkName == "":
			m.book.sayOf(d.Ref, d.Name, NetworkNotVisible, cmp.Or(nic.Label, nic.MAC))
		case !mapped:
			m.book.sayOf(d.Ref, d.Name, NetworkNotMapped, nic.NetworkName)
		case m.networks.several[nic.Network]:
		default:
			network = m.findNetwork(to, m.book)
		}
		if network == nil {
			whole = false
			continue
		}
		from := m.source.Networks.Get(nic.Network)
		if by.Minds(NetworkIncompatible) && from != nil && from.Kind == "DistributedVirtualPortgroup" && network.Kind == "Network" {
			m.book.sayOf(d.Ref, d.Name, NetworkIncompatible, nic.NetworkName+" to "+to)
		}
		out = append(out, v1alpha1.NetworkAdapterPlacement{
			Key: nic.Key, MACAddress: text.CutRunes(nic.MAC, 32), Connected: yesOrNo(nic.Plugged(d.PowerState)),
			SourceNetwork: text.CutRunes(nic.NetworkName, 128), SourceNetworkRef: nic.Network,
			Network: v1alpha1.InventoryReference{Ref: network.Ref, Name: text.CutRunes(network.Name, 512)},
		})
	}
	slices.SortFunc(out, func(a, b v1alpha1.NetworkAdapterPlacement) int { return cmp.Compare(a.Key, b.Key) })
	return out, whole && len(out) <= mostAdapters
}

func yesOrNo(is bool) string {
	if is {
		return "Yes"
	}
	return "No"
}

// disks places every disk of a machine, and its home: where the first disk goes. False means that one of
// them has no place to go.
func (m *mapping) disks(d *vcenter.MachineDetails) (disks []v1alpha1.DiskPlacement, home v1alpha1.InventoryReference, whole bool) {
	whole = true
	for _, disk := range d.Disks {
		from := ""
		if ds := m.source.Datastores.Get(disk.Datastore); ds != nil {
			from = ds.Name
		}
		to := m.storeFor(disk.Datastore, from)
		if to == nil {
			whole = false
			continue
		}
		disks = append(disks, v1alpha1.DiskPlacement{
			Key: disk.Key, CapacityBytes: disk.CapacityBytes, Datastore: storeReference(to),
			SourceDatastore: text.CutRunes(from, 128), SourceDatastoreRef: disk.Datastore,
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

// storeFor finds where the disks on a datastore of the source go; nil if that does not exist or is not clear.
func (m *mapping) storeFor(ref, name string) *vcenter.Datastore {
	if m.stores.several[ref] {
		return nil
	}
	if to, ok := m.stores.find(ref, name); ok && ref+name != "" {
		return m.findDatastore(to, m.book)
	}
	return m.findDatastore(m.fallback, m.book)
}

// unneeded says which entries that no selected machine needs today go nowhere: a machine that needs one tomorrow would be blocked.
func (m *mapping) unneeded() {
	silent := newBook()
	for _, word := range m.networks.unneeded {
		if one(silent, m.inventory.Networks, word, NetworkNotFound, AmbiguousNetwork, "network", everything) == nil && silent.about[NetworkNotFound] != nil {
			m.book.say(MappingNotUsable, has("network", word, namesOf(m.inventory.Networks, func(n *vcenter.Network) bool { return !n.Uplink })))
			delete(silent.about, NetworkNotFound)
		}
	}
	for _, word := range m.stores.unneeded {
		found := one(silent, m.inventory.Datastores, word, DatastoreNotFound, AmbiguousDatastore, "datastore", everything)
		if found == nil && silent.about[DatastoreNotFound] != nil {
			m.book.say(MappingNotUsable, has("datastore", word, namesOf(m.inventory.Datastores, everything)))
			delete(silent.about, DatastoreNotFound)
		}
	}
}

func storeReference(ds *vcenter.Datastore) v1alpha1.InventoryReference {
	return v1alpha1.InventoryReference{Ref: ds.Ref, Name: text.CutRunes(ds.Name, 512)}
}
