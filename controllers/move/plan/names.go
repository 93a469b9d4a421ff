// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"cmp"

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
