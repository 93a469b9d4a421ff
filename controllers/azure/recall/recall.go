// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package recall is what a process remembers of each object between reconciles: when to poll, what is watched, who waits for whom. Losing it costs a
// request, never a mistake.
package recall

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/ledger"
	"github.com/avs-operator/avs-operator/controllers/outcome"
)

// Memory is what the reconciler of one kind remembers.
type Memory struct {
	mu      sync.Mutex
	objects map[types.NamespacedName]*Object
	// users are the objects to wake when a resource or a whole collection changes, so that a change costs what it concerns and not what there is.
	users map[string]map[types.NamespacedName]bool
	// conflicts are those who wait for another operation in a private cloud to end.
	conflicts conflicts
}

// Object is what is remembered of one object.
type Object struct {
	// UID of the object: another one of its name begins anew.
	UID types.UID
	// PollAt is when the operation may be polled again, and Disagreed since when its success and a GET disagree, in so many reads.
	PollAt, Disagreed time.Time
	Disagreements     int
	// Polled is what the last poll left to say, if that is not what the operation says.
	Polled *outcome.Outcome
	// Done is the last write that a read agreed with, and DoneAt when that was.
	Done   ledger.Request
	DoneAt time.Time
	// WroteAt is when our last write to the resource was answered: a snapshot that was asked for earlier does not count.
	WroteAt time.Time
	// Foreign is since when Azure works on the resource for somebody else.
	Foreign time.Time
	// Missing is since when a resource that was there is not found by itself; zero: it was found, or was not looked for.
	Missing time.Time
	// AwaitsList is since when a new process waits for the first list that has the object; zero when it does not.
	AwaitsList time.Time
	// Own is the resource of the object while it is watched.
	Own string
	// uses are the resources and collections that are watched for the object, and what ends that.
	uses map[string]func()
	// Secrets are the write-only values as they were last read, by path.
	Secrets map[string]SecretSeen
	// Exported is the Secret that is written for the object as it was last looked into, and ExportedAt when it was last written.
	Exported   string
	ExportedAt time.Time
	// Doubts count how often its content may have changed in Azure, and Inquire says that a person asked for a look.
	Doubts  int
	Inquire bool
	// Busy is the resource that the lane was told Azure works on.
	Busy string
	// Cloud is whose lane the object may hold or wait for, Identity who it acts as.
	Cloud    string
	Identity types.NamespacedName
}

// Do changes the memory of an object.
func (m *Memory) Do(key types.NamespacedName, f func(*Object)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	f(m.of(key))
}

// Another says that what is remembered under a name is about an object that had it before.
func (m *Memory) Another(key types.NamespacedName, uid types.UID) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	one := m.objects[key]
	return one != nil && one.UID != "" && one.UID != uid
}

func (m *Memory) of(key types.NamespacedName) *Object {
	if m.objects == nil {
		m.objects = map[types.NamespacedName]*Object{}
	}
	one := m.objects[key]
	if one == nil {
		one = &Object{uses: map[string]func(){}}
		m.objects[key] = one
	}
	return one
}

// Use has something watched for an object, unless it is already; begin starts that and says how it ends.
func (m *Memory) Use(key types.NamespacedName, what string, begin func() func()) {
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

// Drop ends the watching of what an object uses and keep does not want.
func (m *Memory) Drop(key types.NamespacedName, keep func(what string) bool) {
	m.mu.Lock()
	var ends []func()
	if one := m.objects[key]; one != nil {
		for what, end := range one.uses {
			if keep(what) {
				continue
			}
			ends = append(ends, end)
			delete(one.uses, what)
			if one.Own == what {
				one.Own = ""
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

// UsersOf are the objects that a change is about: those that watch the resource, its whole collection, or, if the change is about a whole
// collection, anything in it.
func (m *Memory) UsersOf(change arm.Change) []types.NamespacedName {
	m.mu.Lock()
	defer m.mu.Unlock()
	found := map[types.NamespacedName]bool{}
	maps.Copy(found, m.users[CollectionKey(change.Principal, change.Collection)])
	if change.ID != "" {
		maps.Copy(found, m.users[ResourceKey(change.Principal, change.ID)])
	} else {
		for what, users := range m.users {
			if isIn(what, change.Principal, change.Collection) {
				maps.Copy(found, users)
			}
		}
	}
	return slices.Collect(maps.Keys(found))
}

// Forget takes an object out, and hands out what was remembered last.
func (m *Memory) Forget(key types.NamespacedName) *Object {
	m.Drop(key, func(string) bool { return false })
	m.mu.Lock()
	defer m.mu.Unlock()
	one := m.objects[key]
	delete(m.objects, key)
	return one
}

// SecretSeen is the hash of a write-only value as a version of its Secret had it.
type SecretSeen struct{ Version, HMAC string }

// ResourceKey is how a resource that is watched is named.
func ResourceKey(principal string, id arm.ID) string { return principal + " " + id.Key() }

// CollectionKey is how a whole collection that is watched is named: with a slash at its end.
func CollectionKey(principal string, collection arm.ID) string {
	return principal + " " + strings.TrimSuffix(collection.Key(), "/") + "/"
}

// isIn says that what is watched is a resource of a collection.
func isIn(what, principal string, collection arm.ID) bool {
	name, ok := strings.CutPrefix(what, CollectionKey(principal, collection))
	return ok && name != "" && !strings.Contains(name, "/")
}
