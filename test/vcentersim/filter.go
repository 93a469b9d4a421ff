// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcentersim

import (
	"sync"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/types"
)

// filter follows objects for one collector. Between two answers it only collects names of changed objects; values are
// read when the answer is made, and only for those names.
type filter struct {
	self      reference
	spec      types.PropertyFilterSpec
	notify    func()
	collector *collector

	views   map[reference]*view // members come from these views, one level deep: the quick way
	fixed   map[reference]bool  // start objects that are followed themselves
	general bool                // anything else: walk the specification again whenever something in it changes
	silent  bool                // it goes through a property that tells no changes: what it found at first is followed, and nothing that comes later

	mu      sync.Mutex
	tracked map[reference]map[string]uint64 // hash of each property last told
	dirty   map[reference]bool
	rewalk  bool
	reading bool // an answer is being read: a change of anything now may concern an object that is about to be followed
	told    bool // the first answer was made
}

// newFilter sorts a specification into the quick kinds and the general one.
func newFilter(ctx *simulator.Context, self reference, spec types.PropertyFilterSpec, notify func()) *filter {
	f := &filter{
		self: self, spec: spec, notify: notify, views: map[reference]*view{}, fixed: map[reference]bool{},
		tracked: map[reference]map[string]uint64{}, dirty: map[reference]bool{},
	}
	for _, o := range spec.ObjectSet {
		w := viewOf(ctx, o.Obj)
		switch {
		case len(o.SelectSet) == 0:
			f.fixed[o.Obj] = true
		case w != nil && onlyView(o):
			f.views[o.Obj] = w
			if o.Skip == nil || !*o.Skip {
				f.fixed[o.Obj] = true
			}
		case throughSilent(o.SelectSet):
			f.silent = true
		default:
			f.general = true
		}
	}
	return f
}

// silent properties tell no changes. "In releases after vSphere API 5.0, vSphere Servers might not generate property collector update
// notifications for this property", says the reference of each: only a read, or a stream that begins anew, has their values.
var silent = set("recentTask", "disabledMethod")

func throughSilent(set []types.BaseSelectionSpec) bool {
	for _, s := range set {
		if t, ok := s.(*types.TraversalSpec); ok && (silent[t.Path] || throughSilent(t.SelectSet)) {
			return true
		}
	}
	return false
}

func onlyView(o types.ObjectSpec) bool {
	if len(o.SelectSet) != 1 {
		return false
	}
	t, ok := o.SelectSet[0].(*types.TraversalSpec)
	return ok && t.Path == "view" && len(t.SelectSet) == 0
}

func (f *filter) changed(ref reference) {
	f.mu.Lock()
	_, follows := f.tracked[ref]
	switch {
	case f.general:
		f.rewalk = true
		f.dirty[ref] = true
	case follows, f.reading:
		f.dirty[ref] = true
	default:
		f.mu.Unlock()
		return
	}
	f.mu.Unlock()
	f.notify()
}

func (f *filter) left(ref reference) { f.changed(ref) }

// viewChanged is told when an object entered or left one of the hub's views.
func (f *filter) viewChanged(w *view, ref reference) {
	if f.views[w.self] == nil && !f.general {
		return
	}
	f.mu.Lock()
	f.dirty[ref] = true
	f.rewalk = f.rewalk || f.general
	f.mu.Unlock()
	f.notify()
}

// member says whether a dirty object belongs to the filter now.
func (f *filter) member(ref reference) bool {
	if f.fixed[ref] {
		return true
	}
	if f.silent {
		f.mu.Lock()
		_, follows := f.tracked[ref]
		f.mu.Unlock()
		if follows {
			return true
		}
	}
	for _, w := range f.views {
		w.mu.Lock()
		_, ok := w.index[ref]
		w.mu.Unlock()
		if ok {
			return true
		}
	}
	return false
}

// collect reads what changed since the last call; all of it the first time.
func (f *filter) collect(ctx *simulator.Context, first bool) ([]types.ObjectUpdate, types.BaseMethodFault) {
	f.mu.Lock()
	dirty, rewalk := f.dirty, f.rewalk || first
	f.dirty, f.rewalk, f.reading = map[reference]bool{}, false, true
	f.mu.Unlock()
	defer func() {
		f.mu.Lock()
		f.reading = false
		f.mu.Unlock()
	}()
	if rewalk {
		return f.walk(ctx)
	}
	var updates []types.ObjectUpdate
	var read []types.ObjectSpec
	for ref := range dirty {
		if f.member(ref) {
			read = append(read, types.ObjectSpec{Obj: ref})
		} else if u := f.leave(ref); u != nil {
			updates = append(updates, *u)
		}
	}
	if len(read) == 0 {
		return updates, nil
	}
	contents, fault := retrieve(ctx, types.PropertyFilterSpec{
		PropSet: f.spec.PropSet, ObjectSet: read, ReportMissingObjectsInResults: types.NewBool(true),
	})
	if fault != nil {
		return nil, fault
	}
	found := map[reference]bool{}
	for _, content := range contents {
		found[content.Obj] = true
		updates = f.compare(updates, content)
	}
	for _, o := range read {
		if !found[o.Obj] {
			if u := f.leave(o.Obj); u != nil {
				updates = append(updates, *u)
			}
		}
	}
	return updates, nil
}

// walk reads the whole specification, and tells what entered, changed and left.
func (f *filter) walk(ctx *simulator.Context) ([]types.ObjectUpdate, types.BaseMethodFault) {
	spec := f.spec
	spec.ReportMissingObjectsInResults = types.NewBool(true)
	contents, fault := retrieve(ctx, spec)
	if fault != nil {
		return nil, fault
	}
	var updates []types.ObjectUpdate
	found := map[reference]bool{}
	for _, content := range contents {
		found[content.Obj] = true
		updates = f.compare(updates, content)
	}
	f.mu.Lock()
	var gone []reference
	for ref := range f.tracked {
		if !found[ref] {
			gone = append(gone, ref)
		}
	}
	f.mu.Unlock()
	for _, ref := range gone {
		if u := f.leave(ref); u != nil {
			updates = append(updates, *u)
		}
	}
	return updates, nil
}

func (f *filter) leave(ref reference) *types.ObjectUpdate {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, ok := f.tracked[ref]; !ok {
		return nil
	}
	delete(f.tracked, ref)
	return &types.ObjectUpdate{Kind: types.ObjectUpdateKindLeave, Obj: ref}
}

// compare tells the properties whose values differ from those told last. It finds also what govmomi changed without
// naming it: ReconfigVM, for one, reports config.changeVersion only.
func (f *filter) compare(updates []types.ObjectUpdate, content types.ObjectContent) []types.ObjectUpdate {
	f.mu.Lock()
	defer f.mu.Unlock()
	known, follows := f.tracked[content.Obj]
	u := types.ObjectUpdate{Kind: types.ObjectUpdateKindModify, Obj: content.Obj, MissingSet: content.MissingSet}
	if !follows {
		u.Kind = types.ObjectUpdateKindEnter
	}
	now := make(map[string]uint64, len(content.PropSet))
	for _, p := range content.PropSet {
		sum := hashOf(p.Val)
		now[p.Name] = sum
		if follows && silent[p.Name] {
			now[p.Name] = known[p.Name]
			continue
		}
		if old, ok := known[p.Name]; !ok || old != sum {
			u.ChangeSet = append(u.ChangeSet, types.PropertyChange{Name: p.Name, Op: types.PropertyChangeOpAssign, Val: p.Val})
		}
	}
	for name := range known {
		if _, ok := now[name]; !ok {
			u.ChangeSet = append(u.ChangeSet, types.PropertyChange{Name: name, Op: types.PropertyChangeOpAssign})
		}
	}
	f.tracked[content.Obj] = now
	if follows && len(u.ChangeSet) == 0 {
		return updates
	}
	return append(updates, u)
}

// retrieve reads through govmomi's collector, which knows the types, takes the locks and copies the values.
func retrieve(ctx *simulator.Context, spec types.PropertyFilterSpec) ([]types.ObjectContent, types.BaseMethodFault) {
	var collector simulator.PropertyCollector
	res := collector.RetrievePropertiesEx(ctx, &types.RetrievePropertiesEx{SpecSet: []types.PropertyFilterSpec{spec}})
	if f := res.Fault(); f != nil {
		if fault, ok := f.Detail.Fault.(types.BaseMethodFault); ok {
			return nil, fault
		}
		return nil, &types.RuntimeFault{}
	}
	return res.(*methods.RetrievePropertiesExBody).Res.Returnval.Objects, nil
}
