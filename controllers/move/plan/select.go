// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/text"
	"github.com/avs-operator/avs-operator/controllers/vcenter"
)

// selection is what select and exclude mean today.
type selection struct {
	// machines at the source, by path, templates only if they are named.
	machines []*vcenter.Machine
	// known machines that are selected but not at the source any more.
	known []*Known
	// inFolder are named machines that no VirtualMachineMove knows and the source does not have, but the target folder by name.
	inFolder []*vcenter.Machine
	// unwanted are machines that have started and are not selected any more, by instance UUID.
	unwanted map[string]bool
	// later are machines that select matches and that appeared after the selection was made; missing are instance UUIDs that it has and
	// neither vCenter shows.
	later   []*vcenter.Machine
	missing []string
}

// selector decides entry by entry.
type selector struct {
	in      *Input
	book    *book
	byName  map[string][]*vcenter.Machine
	byUUID  map[string][]*vcenter.Machine // at the source, without templates
	picked  map[string]*vcenter.Machine   // by managed object id
	gone    map[string]*Known             // by instance UUID
	folder  map[string]*vcenter.Machine   // machines in the target folder by name, without templates
	there   map[string]*vcenter.Machine   // of these, the named ones, by managed object id
	arrived map[string]bool               // instance UUIDs at the target
}

func newSelector(in *Input, b *book) *selector {
	s := &selector{
		in: in, book: b, byName: map[string][]*vcenter.Machine{}, byUUID: map[string][]*vcenter.Machine{},
		picked: map[string]*vcenter.Machine{}, gone: map[string]*Known{}, folder: map[string]*vcenter.Machine{}, there: map[string]*vcenter.Machine{},
		arrived: map[string]bool{},
	}
	for _, m := range in.Source.Inventory.Machines.All() {
		s.byName[m.Name] = append(s.byName[m.Name], m)
		if !m.Template {
			s.byUUID[m.InstanceUUID] = append(s.byUUID[m.InstanceUUID], m)
		}
	}
	for _, m := range in.Target.Inventory.Machines.All() {
		s.arrived[m.InstanceUUID] = true
		if was := s.folder[m.Name]; samePath(m.Folder, in.Spec.Target.Folder) && !m.Template && (was == nil || m.Ref < was.Ref) {
			s.folder[m.Name] = m
		}
	}
	return s
}

// read takes in what select and exclude say.
func (s *selector) read() {
	for _, e := range slices.Concat(s.in.Spec.Select, s.in.Spec.Exclude) {
		if e.Folder != "" && !folderExists(s.in.Source.Inventory, e.Folder) {
			s.book.say(SourceFolderNotFound, has("folder", e.Folder, paths(s.in.Source.Inventory.Folders)))
		}
	}
	for _, e := range s.in.Spec.Exclude {
		s.exclusion(e)
	}
	for _, e := range s.in.Spec.Select {
		s.entry(e)
	}
}

// exclusion says what of an entry of exclude matches nothing. A name that nobody has is a slip of the pen: the machine that was meant would
// move. A pattern may be a precaution.
func (s *selector) exclusion(e v1alpha1.MachineSelector) {
	if len(e.Names) == 0 && folderExists(s.in.Source.Inventory, e.Folder) && !s.anyone(e.Folder, "*") {
		s.book.say(ExcludeMatchesNothing, in(e.Folder))
	}
	for _, name := range e.Names {
		switch {
		case s.anyone(e.Folder, name):
		case strings.ContainsAny(name, "*?"):
			s.book.say(ExcludeMatchesNothing, strings.TrimSpace(name+" "+in(e.Folder)))
		default:
			s.book.say(ExcludedMachineNotFound, has("machine", name, s.namesIn(e.Folder)))
		}
	}
}

// anyone says whether the source has, or had before it moved, a machine of this name in the folder.
func (s *selector) anyone(folder, pattern string) bool {
	for _, m := range s.in.Source.Inventory.Machines.All() {
		if within(m.Folder, folder) && matches(pattern, m.Name) {
			return true
		}
	}
	return slices.ContainsFunc(s.in.Known, func(k Known) bool {
		return within(k.Spec.Source.Folder, folder) && matches(pattern, k.Spec.Machine.Name)
	}) || s.arrivedAs(pattern) != nil
}

// entry picks the machines of one entry of select: by pattern what is there, by name exactly one.
func (s *selector) entry(e v1alpha1.MachineSelector) {
	var patterns []string
	for _, name := range e.Names {
		if strings.ContainsAny(name, "*?") {
			patterns = append(patterns, name)
			continue
		}
		s.named(e.Folder, name)
	}
	if len(e.Names) > 0 && len(patterns) == 0 {
		return
	}
	found := false
	for _, m := range s.in.Source.Inventory.Machines.All() {
		if !within(m.Folder, e.Folder) || !matchesAny(patterns, m.Name) || s.excluded(m.Folder, m.Name) {
			continue
		}
		found = true
		if m.Template {
			s.book.sayOf(m.Ref, m.Name, TemplateSkipped)
			continue
		}
		s.picked[m.Ref] = m
	}
	for i := range s.in.Known {
		k := &s.in.Known[i]
		if within(k.Spec.Source.Folder, e.Folder) && matchesAny(patterns, k.Spec.Machine.Name) && !s.excluded(k.Spec.Source.Folder, k.Spec.Machine.Name) {
			found = s.keep(k) || found
		}
	}
	if !found {
		s.book.say(PatternMatchesNothing, strings.TrimSpace(strings.Join(patterns, ", ")+" "+in(e.Folder)))
	}
}

// named picks the one machine that a name without wildcards means.
func (s *selector) named(folder, name string) {
	var found []*vcenter.Machine
	excluded := false
	for _, m := range s.called(name) {
		switch {
		case !within(m.Folder, folder):
		case s.excluded(m.Folder, m.Name):
			excluded = true
		default:
			found = append(found, m)
		}
	}
	known := false
	for i := range s.in.Known {
		k := &s.in.Known[i]
		if vcenter.SameName(k.Spec.Machine.Name, name) && within(k.Spec.Source.Folder, folder) && !s.excluded(k.Spec.Source.Folder, name) {
			known = s.keep(k) || known
		}
	}
	switch {
	case len(found) == 1:
		s.picked[found[0].Ref] = found[0]
	case len(found) > 1:
		s.book.say(AmbiguousMachine, fmt.Sprintf("%q is %s", name, text.List(pathsOf(found), mostListed)))
	case known || excluded:
	case s.arrivedAs(name) != nil:
		m := s.arrivedAs(name)
		s.there[m.Ref] = m
	default:
		s.book.say(MachineNotFound, has("machine", name, s.namesIn(folder)))
	}
}

// called are the machines of a name, written as people see it or as vCenter sends it.
func (s *selector) called(name string) []*vcenter.Machine {
	if found := s.byName[name]; len(found) > 0 {
		return found
	}
	return s.byName[vcenter.UnescapeName(name)]
}

// arrivedAs is the machine in the target folder of a name, nil if there is none.
func (s *selector) arrivedAs(name string) *vcenter.Machine {
	if m := s.folder[name]; m != nil {
		return m
	}
	return s.folder[vcenter.UnescapeName(name)]
}

// keep takes a known machine that is not at the source; one that is there is picked there.
func (s *selector) keep(k *Known) bool {
	uuid := k.Spec.Machine.InstanceUUID
	if !k.Own && (len(s.byUUID[uuid]) > 0 || !s.arrived[uuid]) {
		return false // it is back at the source, or gone from both: nothing that this move could count
	}
	if was := s.gone[uuid]; was == nil || !was.Own {
		s.gone[uuid] = k
	}
	return true
}

func (s *selector) selection() selection {
	out := selection{unwanted: map[string]bool{}}
	for _, m := range s.picked {
		out.machines = append(out.machines, m)
	}
	for i := range s.in.Known { // what has started stays in the plan, whatever the selection says by now
		if k := &s.in.Known[i]; k.Own && k.Started {
			uuid := k.Spec.Machine.InstanceUUID
			if s.gone[uuid] == nil && !s.has(uuid) {
				out.unwanted[uuid] = true
			}
			s.gone[uuid] = k
		}
	}
	for _, k := range s.gone {
		if !s.has(k.Spec.Machine.InstanceUUID) {
			out.known = append(out.known, k)
		}
	}
	for _, m := range s.there {
		out.inFolder = append(out.inFolder, m)
	}
	slices.SortFunc(out.machines, byPath)
	slices.SortFunc(out.inFolder, byPath)
	slices.SortFunc(out.known, func(a, b *Known) int { return cmp.Compare(a.Spec.Machine.InstanceUUID, b.Spec.Machine.InstanceUUID) })
	if len(out.machines)+len(out.known)+len(out.inFolder) == 0 && s.book.about[MachineNotFound] == nil && s.book.about[AmbiguousMachine] == nil &&
		s.book.about[SourceFolderNotFound] == nil {
		s.book.say(NothingSelected, fmt.Sprintf("%s has %d machines", s.in.Source.Name, s.in.Source.Inventory.Machines.Len()))
	}
	return out
}

// has says whether a machine with this identity is picked at the source.
func (s *selector) has(uuid string) bool {
	return slices.ContainsFunc(s.byUUID[uuid], func(m *vcenter.Machine) bool { return s.picked[m.Ref] != nil })
}

func (s *selector) excluded(folder, name string) bool {
	return slices.ContainsFunc(s.in.Spec.Exclude, func(e v1alpha1.MachineSelector) bool {
		return within(folder, e.Folder) && matchesAny(e.Names, name)
	})
}

// namesIn are the names of machines in a folder, all if it is empty.
func (s *selector) namesIn(folder string) []string {
	var out []string
	for name, machines := range s.byName {
		if slices.ContainsFunc(machines, func(m *vcenter.Machine) bool { return within(m.Folder, folder) && !m.Template }) {
			out = append(out, name)
		}
	}
	return out
}
