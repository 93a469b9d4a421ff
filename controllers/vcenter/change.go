// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import "time"

// ChangeKind says what kind of thing changed.
type ChangeKind string

// The kinds of change that a watcher tells.
const (
	ChangeMachine      ChangeKind = "Machine"
	ChangeHost         ChangeKind = "Host"
	ChangeCluster      ChangeKind = "Cluster"
	ChangeResourcePool ChangeKind = "ResourcePool"
	ChangeDatastore    ChangeKind = "Datastore"
	ChangeNetwork      ChangeKind = "Network"
	ChangeFolder       ChangeKind = "Folder"
	ChangeDatacenter   ChangeKind = "Datacenter"
	ChangeTask         ChangeKind = "Task"
	ChangeConnection   ChangeKind = "Connection" // synced, lost or back: Synced and Err tell which
)

// Change names one thing that changed; what it is now stands in the inventory.
type Change struct {
	Kind         ChangeKind
	Ref          string // moref; empty for Connection
	InstanceUUID string // of a machine, also of one that is gone
	Entity       string // moref of the object that a task works on
	Gone         bool
}

// WatcherOptions tune a Watcher. The zero value is right for production.
type WatcherOptions struct {
	MaxWait    time.Duration // longest silence of the stream, 60 s if zero; whole seconds, real time
	MaxObjects int32         // objects an update, 500 if zero
	Most       int           // objects that are held, 100,000 if zero; more are TooLarge
	MinBackoff time.Duration // first pause after a failure, 1 s if zero; vCenter's time
	MaxBackoff time.Duration // longest pause, 60 s if zero; vCenter's time
}
