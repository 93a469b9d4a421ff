// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"cmp"
	"slices"
	"strings"

	"github.com/avs-operator/avs-operator/controllers/vcenter"
)

// named is what inventory objects have in common: a name, and what tells one of several with the same name.
type named interface {
	vcenter.Cluster | vcenter.ResourcePool | vcenter.Datastore | vcenter.Network
}

// meant is how a user means an object: Is by what it has alone, Means by its name as well.
type meant interface {
	Is(written string) bool
	Means(written string) bool
}

// refOf is an object's managed object id.
func refOf[T named](v *T) string {
	ref, _, _ := labels(v)
	return ref
}

func labels[T named](v *T) (ref, name, path string) {
	switch x := any(v).(type) {
	case *vcenter.Cluster:
		return x.Ref, x.Name, x.Path
	case *vcenter.ResourcePool:
		return x.Ref, x.Name, x.Path
	case *vcenter.Datastore:
		return x.Ref, x.Name, x.Path
	case *vcenter.Network:
		return x.Ref, x.Name, x.Path
	}
	return "", "", ""
}

// label tells an object from every other: two networks of one name in one folder have even one path, as when NSX shows a segment on two
// switches.
func label[T named](v *T) string {
	ref, name, path := labels(v)
	return cmp.Or(path, name) + " (" + ref + ")"
}

func everything[T any](*T) bool { return true }

// one finds the one object that a word means: a name, an inventory path or an id. Where several have the name, the preferred ones count; an
// uplink or a network of another cluster is never what was meant.
func one[T named](b *book, table vcenter.Table[T], word, notFound, ambiguous, what string, preferred func(*T) bool) *T {
	found, exact := lookup(table, word)
	if len(exact) > 0 {
		found = exact
	}
	if len(found) > 1 {
		var better []*T
		for _, v := range found {
			if preferred(v) {
				better = append(better, v)
			}
		}
		if len(better) > 0 {
			found = better
		}
	}
	switch len(found) {
	case 0:
		b.say(notFound, has(what, word, namesOf(table, preferred)))
		return nil
	case 1:
		return found[0]
	}
	for _, v := range found {
		b.say(ambiguous, label(v))
	}
	return nil
}

// lookup finds the objects that have a word as their name, and those that have it alone.
func lookup[T named](table vcenter.Table[T], word string) (byName, alone []*T) {
	for _, v := range table.All() {
		m := any(v).(meant) //nolint:forcetypeassert // every named object is
		switch {
		case m.Is(word):
			alone = append(alone, v)
		case m.Means(word):
			byName = append(byName, v)
		}
	}
	return byName, alone
}

func namesOf[T named](table vcenter.Table[T], wanted func(*T) bool) []string {
	var out []string
	for _, v := range table.All() {
		if wanted(v) {
			_, name, _ := labels(v)
			out = append(out, name)
		}
	}
	return out
}

// matchesAny says whether a name matches one of the patterns; no patterns match everything.
func matchesAny(patterns []string, name string) bool {
	return len(patterns) == 0 || slices.ContainsFunc(patterns, func(p string) bool { return matches(p, name) })
}

// matches compares a name with a pattern, which may be escaped.
func matches(pattern, name string) bool {
	return glob(pattern, name) || strings.Contains(pattern, "%") && glob(vcenter.UnescapeName(pattern), name)
}

// glob compares a name with a pattern in which * stands for any characters and ? for one. The number of steps is at most
// len(pattern) * len(name), whatever the pattern: a pattern is input from users.
func glob(pattern, name string) bool {
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

// within says whether a path is a folder, which a user may have written, or below it. The empty folder has everything in it.
func within(path, folder string) bool {
	folder = strings.TrimSuffix(vcenter.CleanPath(folder), "/")
	return folder == "" || path == folder || strings.HasPrefix(path, folder+"/")
}

func samePath(a, b string) bool { return a == b || vcenter.CleanPath(a) == vcenter.CleanPath(b) }

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
