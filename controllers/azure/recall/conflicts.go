// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package recall

import "k8s.io/apimachinery/pkg/types"

// conflicts know which objects wait for another operation in a private cloud to end, so that a change there wakes them.
type conflicts struct {
	// changes that were seen, by private cloud.
	changes map[string]int
	// waiting are the requests that wait, by private cloud and object, with the changes that had been seen when they were refused.
	waiting map[string]map[types.NamespacedName]map[string]int
}

// RefusedNow notes that a request was refused just now.
func (m *Memory) RefusedNow(key types.NamespacedName, cloud, request string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	c := &m.conflicts
	c.of(cloud, key)[request] = c.changes[cloud]
}

// ChangedSince says whether anything has changed in the private cloud since a request was refused. One that this process does not know counts as
// refused now.
func (m *Memory) ChangedSince(key types.NamespacedName, cloud, request string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	c := &m.conflicts
	before, known := c.of(cloud, key)[request]
	if !known {
		c.of(cloud, key)[request] = c.changes[cloud]
		return false
	}
	return c.changes[cloud] > before
}

func (c *conflicts) of(cloud string, key types.NamespacedName) map[string]int {
	if c.waiting == nil {
		c.waiting, c.changes = map[string]map[types.NamespacedName]map[string]int{}, map[string]int{}
	}
	if c.waiting[cloud] == nil {
		c.waiting[cloud] = map[types.NamespacedName]map[string]int{}
	}
	if c.waiting[cloud][key] == nil {
		c.waiting[cloud][key] = map[string]int{}
	}
	return c.waiting[cloud][key]
}

// NoteChange notes a change in a private cloud, and names those that wait for one.
func (m *Memory) NoteChange(cloud string) (waiting []types.NamespacedName) {
	m.mu.Lock()
	defer m.mu.Unlock()
	c := &m.conflicts
	if len(c.waiting[cloud]) == 0 {
		return nil
	}
	c.changes[cloud]++
	for key := range c.waiting[cloud] {
		waiting = append(waiting, key)
	}
	return waiting
}

// ForgetConflicts forgets what an object waited for.
func (m *Memory) ForgetConflicts(key types.NamespacedName, cloud string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.conflicts.waiting[cloud], key)
	if len(m.conflicts.waiting[cloud]) == 0 {
		delete(m.conflicts.waiting, cloud)
	}
}
