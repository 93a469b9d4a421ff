// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package maintenance

import (
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/avs-operator/avs-operator/controllers/maintenance/windows"
	"github.com/avs-operator/avs-operator/controllers/outcome"
)

// recall is what the reconciler remembers between reconciles of a policy. Losing it costs a request, never a mistake.
type recall struct {
	mu      sync.Mutex
	objects map[types.NamespacedName]*policyRecall
}

type policyRecall struct {
	// watched is the principal and collection that are watched, and release ends that.
	watched string
	release func()
	// cloud is whose lane the policy may hold or wait for.
	cloud string
	// wroteAt is when our last write was answered: a snapshot that was asked for earlier does not count.
	wroteAt time.Time
	// announced holds what is known of single maintenances, by name.
	announced map[string]*maintenanceRecall
	// question is what was refused as a whole, refused what Azure said, and refusedUntil how long that is not asked again.
	question     string
	refused      outcome.Outcome
	refusedUntil time.Time
}

// maintenanceRecall is what is remembered of one maintenance.
type maintenanceRecall struct {
	// checkedAt is when checks were asked for last.
	checkedAt time.Time
	// sent is what Azure accepted last, sentAt when: until it shows it, it is not asked again.
	sent   string
	sentAt time.Time
	// refused are starts that Azure did not take, for the question, and until when it is not asked again at all.
	refused  []windows.Block
	question string
	pause    *outcome.Outcome
	until    time.Time
}

func (m *recall) policy(key types.NamespacedName, f func(*policyRecall)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.objects == nil {
		m.objects = map[types.NamespacedName]*policyRecall{}
	}
	one := m.objects[key]
	if one == nil {
		one = &policyRecall{announced: map[string]*maintenanceRecall{}}
		m.objects[key] = one
	}
	f(one)
}

// maintenance changes what is remembered of one maintenance.
func (m *recall) maintenance(key types.NamespacedName, name string, f func(*maintenanceRecall)) {
	m.policy(key, func(one *policyRecall) {
		if one.announced[name] == nil {
			one.announced[name] = &maintenanceRecall{}
		}
		f(one.announced[name])
	})
}

func (m *recall) each(f func(types.NamespacedName, *policyRecall)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for key, one := range m.objects {
		f(key, one)
	}
}

// forget forgets a policy and returns the key of its private cloud's lanes.
func (m *recall) forget(key types.NamespacedName) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	one := m.objects[key]
	delete(m.objects, key)
	if one == nil {
		return ""
	}
	return one.cloud
}
