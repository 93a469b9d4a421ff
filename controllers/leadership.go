// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
)

// LeaseName is the Lease that the leader holds, in the operator's namespace.
const LeaseName = "avs-operator"

// +kubebuilder:rbac:groups=coordination.k8s.io,resources=leases,verbs=create;get;update,namespace=avs-operator-system

// Leadership is the lease that makes one process the leader. It remembers when it was last renewed, so that a process which was stopped, or
// starved, past its lease asks itself before each write to Azure or vCenter and does not send it. The library underneath ends the
// process for that too, but only once its goroutine runs again, and another's may run first.
type Leadership struct {
	resourcelock.Interface
	duration time.Duration
	renewed  atomic.Pointer[time.Time] // with its monotonic part
}

// NewLeadership makes the lock for a process that calls itself identity.
func NewLeadership(config *rest.Config, namespace, identity string, duration time.Duration) (*Leadership, error) {
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("make a client for leader election: %w", err)
	}
	lock, err := resourcelock.New(resourcelock.LeasesResourceLock, namespace, LeaseName, client.CoreV1(), client.CoordinationV1(),
		resourcelock.ResourceLockConfig{Identity: identity})
	if err != nil {
		return nil, fmt.Errorf("make the lease for leader election: %w", err)
	}
	return &Leadership{Interface: lock, duration: duration}, nil
}

// Create takes the lease that nobody has held yet.
func (l *Leadership) Create(ctx context.Context, record resourcelock.LeaderElectionRecord) error {
	return l.written(record, func() error { return l.Interface.Create(ctx, record) })
}

// Update takes, renews or releases the lease.
func (l *Leadership) Update(ctx context.Context, record resourcelock.LeaderElectionRecord) error {
	return l.written(record, func() error { return l.Interface.Update(ctx, record) })
}

// written counts a renewal from before it was asked for: the others count from when they saw it, which is later.
func (l *Leadership) written(record resourcelock.LeaderElectionRecord, write func() error) error {
	before := time.Now()
	if record.HolderIdentity != l.Identity() {
		l.renewed.Store(nil) // released: nothing is written after it, whatever the answer is
	}
	if err := write(); err != nil {
		return err
	}
	if record.HolderIdentity == l.Identity() {
		l.renewed.Store(&before)
	}
	return nil
}

// errNotLeader is what a write gets that must not be sent.
var errNotLeader = errors.New("this process does not hold the lease (any more), so it writes nothing")

// MayWrite says whether the lease still holds. It is asked right before each write leaves.
func (l *Leadership) MayWrite() error {
	renewed := l.renewed.Load()
	if renewed == nil || age(*renewed, time.Now()) >= l.duration {
		return errNotLeader
	}
	return nil
}

// age is how long ago a moment was, by the clock that shows more: the monotonic one stands still while a whole machine is suspended, and the wall
// clock may be set back.
func age(then, now time.Time) time.Duration {
	return max(now.Sub(then), now.Round(0).Sub(then.Round(0)))
}
