// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcentersim

import (
	"sync"
	"time"

	"github.com/vmware/govmomi/vim25/types"
)

// entry is what the vCenter knows of a machine beside its managed object.
type entry struct {
	folder          types.ManagedObjectReference
	name            string
	disks           map[int32]diskUse
	powerOffs       int
	ignoresShutdown bool
	shutdownTime    time.Duration
	moving          bool // a relocate is queued or running: a second one, or a power operation, is refused
}

type diskUse struct {
	datastore      types.ManagedObjectReference
	used, capacity int64
}

// machineBook keeps entries by managed object id, and the sums that free space and name checks need.
type machineBook struct {
	mu       sync.Mutex
	entries  map[types.ManagedObjectReference]*entry
	names    map[folderName]int
	used     map[types.ManagedObjectReference]int64
	promised map[types.ManagedObjectReference]int64
}

type folderName struct {
	folder types.ManagedObjectReference
	name   string
}

func newMachineBook() *machineBook {
	return &machineBook{
		entries: map[types.ManagedObjectReference]*entry{}, names: map[folderName]int{},
		used: map[types.ManagedObjectReference]int64{}, promised: map[types.ManagedObjectReference]int64{},
	}
}

func (b *machineBook) put(ref types.ManagedObjectReference, e *entry) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.forget(ref)
	b.entries[ref] = e
	b.names[folderName{e.folder, e.name}]++
	for _, d := range e.disks {
		b.used[d.datastore] += d.used
		b.promised[d.datastore] += d.capacity - d.used
	}
}

// remove returns the datastores that have more room now.
func (b *machineBook) remove(ref types.ManagedObjectReference) []types.ManagedObjectReference {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.forget(ref)
}

func (b *machineBook) forget(ref types.ManagedObjectReference) []types.ManagedObjectReference {
	e := b.entries[ref]
	if e == nil {
		return nil
	}
	delete(b.entries, ref)
	at := folderName{e.folder, e.name}
	if b.names[at]--; b.names[at] <= 0 {
		delete(b.names, at)
	}
	var freed []types.ManagedObjectReference
	for _, d := range e.disks {
		b.used[d.datastore] -= d.used
		b.promised[d.datastore] -= d.capacity - d.used
		freed = append(freed, d.datastore)
	}
	return freed
}

// rename keeps the book right when a machine is renamed or goes to another folder.
func (b *machineBook) rename(ref, folder types.ManagedObjectReference, name string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	e := b.entries[ref]
	if e == nil || (e.folder == folder && e.name == name) {
		return
	}
	old := folderName{e.folder, e.name}
	if b.names[old]--; b.names[old] <= 0 {
		delete(b.names, old)
	}
	e.folder, e.name = folder, name
	b.names[folderName{folder, name}]++
}

func (b *machineBook) named(folder types.ManagedObjectReference, name string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.names[folderName{folder, name}] > 0
}

// usage of a datastore in bytes: written, and promised to thin disks beyond that.
func (b *machineBook) usage(ds types.ManagedObjectReference) (used, promised int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.used[ds], b.promised[ds]
}

// reserve takes space for a machine that is on its way, and gives it back.
func (b *machineBook) reserve(sizes map[types.ManagedObjectReference]int64, sign int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for ds, n := range sizes {
		b.used[ds] += sign * n
	}
}

// read calls f with a copy of the entry; the zero entry when the machine is not in the book.
func (b *machineBook) read(ref types.ManagedObjectReference) entry {
	b.mu.Lock()
	defer b.mu.Unlock()
	if e := b.entries[ref]; e != nil {
		return *e
	}
	return entry{}
}

func (b *machineBook) change(ref types.ManagedObjectReference, f func(*entry)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	e := b.entries[ref]
	if e == nil {
		e = &entry{}
		b.entries[ref] = e
	}
	f(e)
}

// claim marks the machine as moving; false when it is already.
func (b *machineBook) claim(ref types.ManagedObjectReference) bool {
	ok := false
	b.change(ref, func(e *entry) { ok, e.moving = !e.moving, true })
	return ok
}

func (b *machineBook) release(ref types.ManagedObjectReference) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if e := b.entries[ref]; e != nil {
		e.moving = false
	}
}
