// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
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
}

// selector decides entry by entry.
type selector struct {
	in     *Input
	book   *book
	byName map[string][]*vcenter.Machine
	byUUID map[string][]*vcenter.Machine // at the source, without templates
	picked map[string]*vcenter.Machine   // by managed object id
	gone   map[string]*Known             // by instance UUID
	folder map[string]*vcenter.Machine   // machines in the target folder by name, without templates
	there  map[string]*vcenter.Machine   // of these, the named ones, by managed object id
	landed map[string]bool               // instance UUIDs at the target
}

// choose finds the machines that a move is about.
func choose(in *Input, b *book) selection {
	s := &selector{
		in: in, book: b, byName: map[string][]*vcenter.Machine{}, byUUID: map[string][]*vcenter.Machine{},
		picked: map[string]*vcenter.Machine{}, gone: map[string]*Known{}, folder: map[string]*vcenter.Machine{}, there: map[string]*vcenter.Machine{},
		landed: map[string]bool{},
	}
	for _, m := range in.Source.Inventory.Machines.All() {
		s.byName[m.Name] = append(s.byName[m.Name], m)
		if !m.Template {
			s.byUUID[m.InstanceUUID] = append(s.byUUID[m.InstanceUUID], m)
		}
	}
	for _, m := range in.Target.Inventory.Machines.All() {
		s.landed[m.InstanceUUID] = true
		if was := s.folder[m.Name]; samePath(m.Folder, in.Spec.Target.Folder) && !m.Template && (was == nil || m.Ref < was.Ref) {
			s.folder[m.Name] = m
		}
	}
	for _, e := range slices.Concat(in.Spec.Select, in.Spec.Exclude) {
		if e.Folder != "" && !folderExists(in.Source.Inventory, e.Folder) {
			b.say(SourceFolderNotFound, has("folder", e.Folder, paths(in.Source.Inventory.Folders)))
		}
	}
	for _, e := range in.Spec.Select {
		s.entry(e)
	}
	return s.selection()
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
	for _, m := range s.byName[name] {
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
		if k.Spec.Machine.Name == name && within(k.Spec.Source.Folder, folder) && !s.excluded(k.Spec.Source.Folder, name) {
			known = s.keep(k) || known
		}
	}
	switch {
	case len(found) == 1:
		s.picked[found[0].Ref] = found[0]
	case len(found) > 1:
		s.book.say(AmbiguousMachine, fmt.Sprintf("%q is %s", name, list(pathsOf(found))))
	case known || excluded:
	case s.folder[name] != nil:
		s.there[s.folder[name].Ref] = s.folder[name]
	default:
		s.book.say(MachineNotFound, has("machine", name, s.namesIn(folder)))
	}
}

// keep takes a known machine that is not at the source; one that is there is picked there.
func (s *selector) keep(k *Known) bool {
	uuid := k.Spec.Machine.InstanceUUID
	if !k.Own && (len(s.byUUID[uuid]) > 0 || !s.landed[uuid]) {
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

// matchesAny says whether a name matches one of the patterns; no patterns match everything.
func matchesAny(patterns []string, name string) bool {
	return len(patterns) == 0 || slices.ContainsFunc(patterns, func(p string) bool { return matches(p, name) })
}

// matches compares a name with a pattern in which * stands for any characters and ? for one. It takes at most len(pattern) * len(name)
// steps, whatever the pattern: a pattern is input from users.
func matches(pattern, name string) bool {
	p, n := []rune(pattern), []rune(name)
	i, star, mark := 0, -1, 0
	for j := 0; j < len(n); {
		switch {
		case i < len(p) && p[i] == '*':
			star, mark = i, j
			i++
		case i < len(p) && (p[i] == '?' || p[i] == n[j]):
			i, j = i+1, j+1
		case star >= 0:
			mark++
			i, j = star+1, mark
		default:
			return false
		}
	}
	for i < len(p) && p[i] == '*' {
		i++
	}
	return i == len(p)
}

// within says whether a path is a folder or below it. The empty folder has everything in it.
func within(path, folder string) bool {
	folder = strings.TrimSuffix(folder, "/")
	return folder == "" || path == folder || strings.HasPrefix(path, folder+"/")
}

func samePath(a, b string) bool { return strings.TrimSuffix(a, "/") == strings.TrimSuffix(b, "/") }

func in(folder string) string {
	if folder == "" {
		return ""
	}
	return "in " + folder
}

func folderExists(inventory *vcenter.Inventory, path string) bool {
	for _, f := range inventory.Folders.All() {
		if samePath(f.Path, path) {
			return true
		}
	}
	return false
}

func paths(folders vcenter.Table[vcenter.Folder]) []string {
	var out []string
	for _, f := range folders.All() {
		out = append(out, f.Path)
	}
	return out
}

func pathOf(m *vcenter.Machine) string { return strings.TrimSuffix(m.Folder, "/") + "/" + m.Name }

func byPath(a, b *vcenter.Machine) int {
	return cmp.Or(cmp.Compare(pathOf(a), pathOf(b)), cmp.Compare(a.Ref, b.Ref))
}

func pathsOf(machines []*vcenter.Machine) []string {
	out := make([]string, len(machines))
	for i, m := range machines {
		out[i] = pathOf(m)
	}
	slices.Sort(out)
	return out
}
