// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/vcenter"
)

// MostMachines is how many machines one WorkloadMove takes: so many identities a status holds.
const MostMachines = 20_000

// SelectionHash tells one select and exclude from another.
func SelectionHash(spec *v1alpha1.WorkloadMoveSpec) string {
	h := sha256.New()
	_ = json.NewEncoder(h).Encode([]any{spec.Select, spec.Exclude}) // plain values to a hash cannot fail
	return hex.EncodeToString(h.Sum(nil))
}

// Identities are the instance UUIDs of the machines of a plan, sorted: the selection that a move keeps once it runs.
func (p *Plan) Identities() []string {
	var out []string
	for i := range p.Machines {
		if uuid := p.Machines[i].Identity.InstanceUUID; uuid != "" {
			out = append(out, uuid)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// frozenSelection finds the machines of the selection that was made. While select and exclude are as they were, these are its machines wherever
// they are by now and whatever they are called: one that is renamed is not left off. After an edit, what matches no more is out; what matches
// and was not selected waits for a person, because an exclusion must not take in what appeared meanwhile.
func frozenSelection(in *Input, b *book) selection {
	wanted := setOf(in.Selection.Machines...)
	same := in.Selection.Hash == SelectionHash(in.Spec)
	said := b
	if same {
		said = newBook() // what their words find today is not what counts
	}
	s := newSelector(in, said)
	s.read()
	out := s.selection()
	for i := range in.Known {
		if in.Known[i].Own {
			wanted[in.Known[i].Spec.Machine.InstanceUUID] = true
		}
	}
	out.machines = slices.DeleteFunc(out.machines, func(m *vcenter.Machine) bool {
		if wanted[m.InstanceUUID] {
			return false
		}
		out.later = append(out.later, m)
		return true
	})
	out.known = slices.DeleteFunc(out.known, func(k *Known) bool { return !wanted[k.Spec.Machine.InstanceUUID] })
	if same {
		s.all(wanted, &out)
	}
	return out
}

// all takes every machine of a selection, by what it is.
func (s *selector) all(wanted map[string]bool, out *selection) {
	out.machines, out.known, out.inFolder, out.unwanted = nil, nil, nil, nil
	known := map[string]*Known{}
	for i := range s.in.Known {
		if k := &s.in.Known[i]; known[k.Spec.Machine.InstanceUUID] == nil || k.Own {
			known[k.Spec.Machine.InstanceUUID] = k
		}
	}
	there := map[string]*vcenter.Machine{}
	for _, m := range s.in.Target.Inventory.Machines.All() {
		there[m.InstanceUUID] = m
	}
	for uuid := range wanted {
		k := known[uuid]
		switch {
		case k != nil && k.Own && k.Started, k != nil && len(s.byUUID[uuid]) == 0 && (k.Own || there[uuid] != nil):
			out.known = append(out.known, k)
		case len(s.byUUID[uuid]) > 0:
			out.machines = append(out.machines, s.byUUID[uuid]...)
		case there[uuid] != nil:
			out.inFolder = append(out.inFolder, there[uuid])
		default:
			out.missing = append(out.missing, uuid)
		}
	}
	slices.SortFunc(out.machines, byPath)
	slices.SortFunc(out.inFolder, byPath)
	slices.SortFunc(out.known, func(a, b *Known) int { return cmp.Compare(a.Spec.Machine.InstanceUUID, b.Spec.Machine.InstanceUUID) })
	slices.Sort(out.missing)
}

// tooMany says that a plan has more machines than a selection can hold.
func (b *book) tooMany(n int) {
	if n > MostMachines {
		b.say(TooManyMachines, fmt.Sprintf("%d of %d", n, MostMachines))
	}
}

// choose finds the machines that a move is about: by what select and exclude mean today, or by the selection that was made.
func choose(in *Input, b *book) selection {
	if in.Selection != nil {
		return frozenSelection(in, b)
	}
	s := newSelector(in, b)
	s.read()
	return s.selection()
}
