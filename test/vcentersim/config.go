// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcentersim

import (
	"log/slog"
	"time"
)

// Layout names the inventory that a vCenter starts with.
type Layout string

const (
	// OnPremises is a customer's vCenter: datacenter Config.Name, Cluster-A, VMFS datastores, VLAN port groups.
	OnPremises Layout = "OnPremises"
	// AVS is the vCenter of a private cloud: SDDC-Datacenter, Cluster-1, vsanDatastore, NSX-backed port groups.
	AVS Layout = "AVS"
)

// Config says what a vCenter looks like and how fast its time runs.
type Config struct {
	Layout Layout
	// Name is the datacenter's name on premises (default "Oslo"); for AVS it only enters host names.
	Name string
	// Listen is the TCP address, default 127.0.0.1:0.
	Listen string
	// Username and Password of the first account: administrator@vsphere.local on premises, with every right,
	// cloudadmin@vsphere.local on AVS, with CloudAdmin's. Password has no default that is worth keeping: "VMware1!".
	Username, Password string
	// Hosts of the first cluster, default 3.
	Hosts int
	// Machines that run from the start; OnPremises only.
	Machines int
	// PortGroups that exist from the start beside the layout's own; NSX-backed on AVS.
	PortGroups []string
	// Speed divides every duration that stands for vCenter's time: transfers, guest shutdown, lock-out. 1 is real time.
	Speed float64
	// Seed makes sizes, UUIDs and MAC addresses of generated machines repeatable; 0 means 1.
	Seed int64
	// Log gets what an administrator would want to see; nil discards.
	Log *slog.Logger

	// Bandwidth in bytes a simulated second that all moves leaving this vCenter share; default 1.25e9 (10 Gbit/s).
	Bandwidth float64
	// ClosedRoot forbids every account but administrators to place machines in the root pool of a cluster, as VMware Cloud on AWS does; each
	// cluster then has a pool Compute-ResourcePool for them.
	ClosedRoot bool
	// Pools are the names of that pool, or of several; empty: Compute-ResourcePool.
	Pools []string
	// SessionIdle is the real time, at any speed, after which an unused session ends; default two hours, vCenter's own.
	// It is not scaled for the reason that token lifetimes are not: a client cannot keep a session alive faster.
	SessionIdle time.Duration
	// TokenLife is the real time, at any speed, that a bearer token lives at most, whatever is asked for; default five minutes, vCenter's own.
	// As in a real vCenter it is good for ten minutes longer, the tolerance for clocks.
	TokenLife time.Duration
	// TokenClockAhead is how far the token service's clock is ahead of this machine's; negative: behind.
	TokenClockAhead time.Duration
	// AccountsOnly refuses moves to a vCenter of another single sign-on domain whose locator carries a token. Nobody in public says that a
	// vCenter takes such a token, and every tool passes a name and a password.
	AccountsOnly bool
	// LockTime is the simulated time that an account stays locked after five refusals; default five minutes.
	LockTime time.Duration
	// ShutdownTime is the simulated time that a guest needs to shut down; default 40 s.
	ShutdownTime time.Duration
	// DatastoreGB is the capacity of each datastore in GiB: per datastore on premises (default 20480), per host on AVS (default 10240).
	DatastoreGB int
	// EVCMode that the hosts offer, default intel-broadwell on premises and intel-cascadelake on AVS.
	EVCMode string
	// ClockAhead is how far this vCenter's clock is ahead of everybody else's; below zero, behind.
	ClockAhead time.Duration
	// InstanceUUID of the vCenter itself; empty makes a new one.
	InstanceUUID string
}

func (c Config) withDefaults() Config {
	avs := c.Layout == AVS
	if c.Layout == "" {
		c.Layout = OnPremises
	}
	setDefault(&c.Name, pick(avs, "sddc", "Oslo"))
	setDefault(&c.Listen, "127.0.0.1:0")
	setDefault(&c.Username, pick(avs, "cloudadmin@vsphere.local", "administrator@vsphere.local"))
	setDefault(&c.Password, "VMware1!")
	setDefault(&c.Hosts, 3)
	setDefault(&c.Speed, 1)
	setDefault(&c.Seed, 1)
	setDefault(&c.Bandwidth, 1.25e9)
	setDefault(&c.SessionIdle, 2*time.Hour)
	setDefault(&c.TokenLife, 5*time.Minute)
	setDefault(&c.LockTime, 5*time.Minute)
	setDefault(&c.ShutdownTime, 40*time.Second)
	setDefault(&c.DatastoreGB, pick(avs, 10240, 20480))
	setDefault(&c.EVCMode, pick(avs, "intel-cascadelake", "intel-broadwell"))
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

func pick[T any](first bool, a, b T) T {
	if first {
		return a
	}
	return b
}
