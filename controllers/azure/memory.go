// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"maps"
	"slices"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/ledger"
	"github.com/avs-operator/avs-operator/controllers/outcome"
)

// memory is what a reconciler remembers between reconciles of an object. Losing it costs a request, never a mistake.
type memory struct {
	mu      sync.Mutex
	objects map[types.NamespacedName]*remembered
	// users are the objects to wake when a resource or a whole collection changes, so that a change costs what it concerns and not what there is.
	users map[string]map[types.NamespacedName]bool
	// conflicts are those who wait for another operation in a private cloud to end.
	conflicts conflicts
}

type remembered struct {
	// uid of the object: another one of its name begins anew.
	uid types.UID
	// pollAt is when the operation may be polled again, and disagreed since when its success and a GET disagree, in so many reads.
	pollAt, disagreed time.Time
	disagreements     int
	// polled is what the last poll left to say, if that is not what the operation says.
	polled *outcome.Outcome
	// done is the last write that a read agreed with, and doneAt when that was.
	done   ledger.Request
	doneAt time.Time
	// wroteAt is when our last write to the resource was answered: a snapshot that was asked for earlier does not count.
	wroteAt time.Time
	// foreign is since when Azure works on the resource for somebody else.
	foreign time.Time
	// missing is since when a resource that was there is not found by itself; zero: it was found, or was not looked for.
	missing time.Time
	// relearning is since when a new process waits for the first list that has the object; zero when it does not.
	relearning time.Time
	// own is the resource of the object while it is watched.
	own string
	// uses are the resources and collections that are watched for the object, and what ends that.
	uses map[string]func()
	// secrets are the write-only values as they were last read, by path.
	secrets map[string]secretSeen
	// exported is the Secret that is written for the object as it was last looked into, and exportedAt when it was last written.
	exported   string
	exportedAt time.Time
	// doubts count how often its content may have changed in Azure, and inquire says that a person asked for a look.
	doubts  int
	inquire bool
	// busy is the resource that the lane was told Azure works on.
	busy string
	// cloud is whose lane the object may hold or wait for, identity who it acts as.
	cloud    string
	identity types.NamespacedName
}

// do changes the memory of an object.
func (m *memory) do(key types.NamespacedName, f func(*remembered)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	f(m.of(key))
}

// another says that what is remembered under a name is about an object that had it before.
func (m *memory) another(key types.NamespacedName, uid types.UID) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	one := m.objects[key]
	return one != nil && one.uid != "" && one.uid != uid
}

func (m *memory) of(key types.NamespacedName) *remembered {
	if m.objects == nil {
		m.objects = map[types.NamespacedName]*remembered{}
	}
	one := m.objects[key]
	if one == nil {
		one = &remembered{uses: map[string]func(){}}
		m.objects[key] = one
	}
	return one
}

// use has something watched for an object, unless it is already; begin starts that and says how it ends.
func (m *memory) use(key types.NamespacedName, what string, begin func() func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	one := m.of(key)
	if one.uses[what] != nil {
		return
	}
	one.uses[what] = begin()
	if m.users == nil {
		m.users = map[string]map[types.NamespacedName]bool{}
	}
	if m.users[what] == nil {
		m.users[what] = map[types.NamespacedName]bool{}
	}
	m.users[what][key] = true
}

// drop ends the watching of what an object uses and keep does not want.
func (m *memory) drop(key types.NamespacedName, keep func(what string) bool) {
	m.mu.Lock()
	var ends []func()
	if one := m.objects[key]; one != nil {
		for what, end := range one.uses {
			if keep(what) {
				continue
			}
			ends = append(ends, end)
			delete(one.uses, what)
			if one.own == what {
				one.own = ""
			}
			if delete(m.users[what], key); len(m.users[what]) == 0 {
				delete(m.users, what)
			}
		}
	}
	m.mu.Unlock()
	for _, end := range ends {
		end()
	}
}

// usersOf are the objects that a change is about: those that watch the resource, its whole collection, or, if the change is about a whole
// collection, anything in it.
func (m *memory) usersOf(change arm.Change) []types.NamespacedName {
	m.mu.Lock()
	defer m.mu.Unlock()
	found := map[types.NamespacedName]bool{}
	maps.Copy(found, m.users[collectionOf(change.Principal, change.Collection)])
	if change.ID != "" {
		maps.Copy(found, m.users[resourceOf(change.Principal, change.ID)])
	} else {
		for what, users := range m.users {
			if isIn(what, change.Principal, change.Collection) {
				maps.Copy(found, users)
			}
		}
	}
	return slices.Collect(maps.Keys(found))
}

// forget takes an object out, and hands out what was remembered last.
func (m *memory) forget(key types.NamespacedName) *remembered {
	m.drop(key, func(string) bool { return false })
	m.mu.Lock()
	defer m.mu.Unlock()
	one := m.objects[key]
	delete(m.objects, key)
	return one
}
