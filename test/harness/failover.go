// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/avs-operator/avs-operator/test/env"
)

// Way in which the lead changes.
type Way string

// The ways.
const (
	Killed  Way = "the leader is killed"
	Asked   Way = "the leader is asked to end"
	Stopped Way = "the leader is stopped and wakes late"
	CutOff  Way = "the leader is cut off from the API server"
)

// Ways are all of them.
var Ways = []Way{Killed, Asked, Stopped, CutOff}

// lease is as short as a loaded machine can keep.
const lease = 10 * time.Second

// LedLife is a life with a leader and another process that waits for its lease.
type LedLife struct {
	*Life
	leader  *Operator
	seams   *Seams // of the leader
	changed atomic.Bool
	ended   chan error
	ends    bool // the old leader must end by itself
}

// NewLedLife starts a life whose operators want the lease of its namespace.
func NewLedLife(t testing.TB, cluster *env.Env, hub *Hub, subject *Subject) *LedLife {
	t.Helper()
	l := newLife(t, cluster, subject)
	l.elects = true
	LetElect(t, cluster, l.Namespace)
	l.begin(hub)
	return &LedLife{Life: l, leader: l.Operator, seams: l.seams, ended: make(chan error, 1)}
}

// LetElect gives the operator's ServiceAccount in a namespace what it has in its own for the election, so that operators of several tests lead
// at once.
func LetElect(t testing.TB, cluster *env.Env, namespace string) {
	t.Helper()
	meta := metav1.ObjectMeta{Namespace: namespace, Name: "leader-election"}
	cluster.Create(t, &rbacv1.Role{ObjectMeta: meta, Rules: []rbacv1.PolicyRule{
		{APIGroups: []string{"coordination.k8s.io"}, Resources: []string{"leases"}, Verbs: []string{"create", "get", "update"}},
		{APIGroups: []string{"", "events.k8s.io"}, Resources: []string{"events"}, Verbs: []string{"create", "patch"}},
	}})
	cluster.Create(t, &rbacv1.RoleBinding{ObjectMeta: meta,
		RoleRef:  rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: meta.Name},
		Subjects: []rbacv1.Subject{{Kind: "ServiceAccount", Namespace: env.OperatorNamespace, Name: env.OperatorServiceAccount}},
	})
}

// Lead starts the other process, and has the lead change at the leader's n-th call from now.
func (l *LedLife) Lead(way Way, n int, moment Moment) {
	l.t.Helper()
	who := l.holder()
	l.mu.Lock()
	l.start()
	l.mu.Unlock()
	follow := func(then func()) func() {
		return func() {
			l.changed.Store(true)
			then()
		}
	}
	switch way {
	case Killed:
		l.seams.Arm(n, moment, true, follow(func() {}))
	case Asked:
		l.seams.Arm(n, Meanwhile, true, follow(func() { l.leader.stop() }))
	case Stopped:
		l.Held, l.ends = true, true
		l.seams.Arm(n, Meanwhile, true, follow(func() {
			l.seams.Freeze()
			go func() {
				l.until(func() bool { now := l.holder(); return now != "" && now != who })
				time.Sleep(lease / 4) // the other is at work by now
				l.seams.Thaw()
			}()
		}))
	case CutOff:
		l.Held, l.ends = true, true
		l.seams.Arm(n, Meanwhile, true, follow(func() { l.seams.Cut(true) }))
	}
}

// Followed says what is wrong with the change: there was none, or the old leader did not end.
func (l *LedLife) Followed() (wrongs []string) {
	l.until(l.changed.Load)
	if !l.changed.Load() {
		return []string{"the lead did not change, so this was no test of it"}
	}
	if !l.ends {
		return nil
	}
	if ended, err := l.leader.Ended(env.Patience); !ended {
		wrongs = append(wrongs, "a leader that lost its lease goes on running")
	} else if err == nil || errors.Is(err, context.Canceled) {
		wrongs = append(wrongs, fmt.Sprintf("a leader that lost its lease ended with %v, as if it had been asked to", err))
	}
	return wrongs
}

func (l *LedLife) until(done func() bool) {
	for deadline := time.Now().Add(env.Patience); !done() && time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		continue
	}
}

// holder is who holds the lease.
func (l *LedLife) holder() string {
	who, _ := Leader(context.Background(), l.Cluster, l.Namespace)
	return who
}
