// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/vmware/govmomi/vim25/types"
)

// draft is the next inventory while updates are taken into it. Only the goroutine of the stream holds one.
type draft struct {
	was         *Inventory
	machines    *tableEdit[Machine]
	hosts       *tableEdit[Host]
	clusters    *tableEdit[Cluster]
	pools       *tableEdit[ResourcePool]
	datastores  *tableEdit[Datastore]
	networks    *tableEdit[Network]
	folders     *tableEdit[Folder]
	datacenters *tableEdit[Datacenter]
	switches    *tableEdit[dvSwitch]
	byUUID      *tableEdit[[]string]
	byName      *tableEdit[[]string]

	changes []Change
	told    map[Change]int
	touched map[types.ManagedObjectReference]bool            // whose derived parts must be made again
	treed   bool                                             // the tree itself changed: all derived parts
	reread  map[types.ManagedObjectReference]map[string]bool // properties to read directly
}

func newDraft(was *Inventory) *draft {
	return &draft{
		was: was, machines: was.Machines.edit(), hosts: was.Hosts.edit(), clusters: was.Clusters.edit(),
		pools: was.ResourcePools.edit(), datastores: was.Datastores.edit(), networks: was.Networks.edit(),
		folders: was.Folders.edit(), datacenters: was.Datacenters.edit(), switches: was.switches.edit(),
		byUUID: was.byInstanceUUID.edit(), byName: was.byName.edit(),
		told: map[Change]int{}, touched: map[types.ManagedObjectReference]bool{},
		reread: map[types.ManagedObjectReference]map[string]bool{},
	}
}

// inventory is what the draft has come to.
func (d *draft) inventory(now time.Time) *Inventory {
	return &Inventory{
		Machines: d.machines.table(), Hosts: d.hosts.table(), Clusters: d.clusters.table(), ResourcePools: d.pools.table(),
		Datastores: d.datastores.table(), Networks: d.networks.table(), Folders: d.folders.table(),
		Datacenters: d.datacenters.table(), switches: d.switches.table(),
		byInstanceUUID: d.byUUID.table(), byName: d.byName.table(),
		At: now, Version: d.was.Version + 1,
	}
}

// tell notes a change once a batch; the last word about an object stands.
func (d *draft) tell(c Change) {
	key := Change{Kind: c.Kind, Ref: c.Ref}
	if i, ok := d.told[key]; ok {
		d.changes[i] = c
		return
	}
	d.told[key] = len(d.changes)
	d.changes = append(d.changes, c)
}

// keeper takes the updates of one kind of object. after sees each change, with nil for what is not there.
type keeper[T any] struct {
	kind   ChangeKind
	fields field[T]
	table  func(*draft) *tableEdit[T]
	start  func(types.ManagedObjectReference) T
	after  func(d *draft, obj types.ManagedObjectReference, was, is *T)
}

func (k keeper[T]) update(d *draft, u types.ObjectUpdate) {
	table := k.table(d)
	was := table.get(u.Obj.Value)
	if u.Kind == types.ObjectUpdateKindLeave {
		if was != nil {
			table.remove(u.Obj.Value)
			k.changed(d, u.Obj, was, nil)
		}
		return
	}
	var is T
	switch {
	case was != nil:
		is = *was
	case u.Kind == types.ObjectUpdateKindModify:
		return // of something that we let go: the update crossed its leaving
	default:
		is = k.start(u.Obj)
	}
	for _, c := range u.ChangeSet {
		k.set(d, u.Obj, &is, c)
	}
	if was != nil && reflect.DeepEqual(*was, is) {
		return
	}
	table.set(u.Obj.Value, &is)
	k.changed(d, u.Obj, was, &is)
}

func (k keeper[T]) changed(d *draft, obj types.ManagedObjectReference, was, is *T) {
	c := Change{Kind: k.kind, Ref: obj.Value, Gone: is == nil}
	for _, v := range []*T{is, was} {
		if m, ok := any(v).(*Machine); ok && m != nil && c.InstanceUUID == "" {
			c.InstanceUUID = m.InstanceUUID
		}
	}
	if k.kind != "" {
		d.tell(c)
	}
	if is != nil {
		d.touched[obj] = true
	}
	if k.after != nil {
		k.after(d, obj, was, is)
	}
}

// set takes one property change. vCenter may send a part of a property instead of the whole (host["host-12"].mountInfo); then
// the whole is read.
func (k keeper[T]) set(d *draft, obj types.ManagedObjectReference, v *T, c types.PropertyChange) {
	if set := k.fields[c.Name]; set != nil {
		val := c.Val
		if c.Op == types.PropertyChangeOpRemove || c.Op == types.PropertyChangeOpIndirectRemove {
			val = nil
		}
		set(v, val)
		return
	}
	for path := range k.fields {
		if rest, ok := strings.CutPrefix(c.Name, path); ok && (rest[0] == '[' || rest[0] == '.') {
			d.again(obj, path)
			return
		}
		if strings.HasPrefix(path, c.Name+".") {
			d.again(obj, path)
		}
	}
}

// again asks for a direct read of a property.
func (d *draft) again(obj types.ManagedObjectReference, path string) {
	if d.reread[obj] == nil {
		d.reread[obj] = map[string]bool{}
	}
	d.reread[obj][path] = true
}

// index keeps key -> references. Slices are replaced, never changed: older inventories hold them.
func index(e *tableEdit[[]string], key, ref string, there bool) {
	if key == "" {
		return
	}
	var refs []string
	if p := e.get(key); p != nil {
		refs = *p
	}
	refs = slices.DeleteFunc(slices.Clone(refs), func(r string) bool { return r == ref })
	if there {
		refs = append(refs, ref)
	}
	if len(refs) == 0 {
		e.remove(key)
		return
	}
	e.set(key, &refs)
}

func machineChanged(d *draft, obj types.ManagedObjectReference, was, is *Machine) {
	var a, b Machine
	if was != nil {
		a = *was
	}
	if is != nil {
		b = *is
	}
	if a.InstanceUUID != b.InstanceUUID {
		index(d.byUUID, a.InstanceUUID, obj.Value, false)
		index(d.byUUID, b.InstanceUUID, obj.Value, true)
	}
	if a.Name != b.Name {
		index(d.byName, a.Name, obj.Value, false)
		index(d.byName, b.Name, obj.Value, true)
	}
}

// gone tells what the last inventory had and this one has not: after a new beginning of the stream no leave is sent.
func gone[T any](d *draft, kind ChangeKind, was Table[T], is *tableEdit[T]) {
	for ref, v := range was.All() {
		if is.get(ref) != nil {
			continue
		}
		c := Change{Kind: kind, Ref: ref, Gone: true}
		if m, ok := any(v).(*Machine); ok {
			c.InstanceUUID = m.InstanceUUID
		}
		d.tell(c)
	}
}

// restarted compares a draft that began empty with the inventory before the stream broke, so that only what differs is told.
func (d *draft) restarted(before *Inventory) {
	d.was = before
	unchanged := map[Change]bool{}
	same(unchanged, ChangeMachine, before.Machines, d.machines)
	same(unchanged, ChangeHost, before.Hosts, d.hosts)
	same(unchanged, ChangeCluster, before.Clusters, d.clusters)
	same(unchanged, ChangeResourcePool, before.ResourcePools, d.pools)
	same(unchanged, ChangeDatastore, before.Datastores, d.datastores)
	same(unchanged, ChangeNetwork, before.Networks, d.networks)
	same(unchanged, ChangeFolder, before.Folders, d.folders)
	same(unchanged, ChangeDatacenter, before.Datacenters, d.datacenters)
	d.changes = slices.DeleteFunc(d.changes, func(c Change) bool { return unchanged[Change{Kind: c.Kind, Ref: c.Ref}] })
	clear(d.told)
	for i, c := range d.changes {
		d.told[Change{Kind: c.Kind, Ref: c.Ref}] = i
	}
	gone(d, ChangeMachine, before.Machines, d.machines)
	gone(d, ChangeHost, before.Hosts, d.hosts)
	gone(d, ChangeCluster, before.Clusters, d.clusters)
	gone(d, ChangeResourcePool, before.ResourcePools, d.pools)
	gone(d, ChangeDatastore, before.Datastores, d.datastores)
	gone(d, ChangeNetwork, before.Networks, d.networks)
	gone(d, ChangeFolder, before.Folders, d.folders)
	gone(d, ChangeDatacenter, before.Datacenters, d.datacenters)
}

func same[T any](out map[Change]bool, kind ChangeKind, was Table[T], is *tableEdit[T]) {
	for ref, v := range was.All() {
		if n := is.get(ref); n != nil && reflect.DeepEqual(*v, *n) {
			out[Change{Kind: kind, Ref: ref}] = true
		}
	}
}

func keys[K comparable, V any](m map[K]V) []K { return slices.Collect(maps.Keys(m)) }
