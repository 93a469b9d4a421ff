// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import (
	"context"
	"errors"
	"time"
)

var errUnbuilt = errors.New("not built yet")

type Watcher struct{}

func NewWatcher(c *Client, o WatcherOptions) *Watcher       { return nil }
func (w *Watcher) Run(ctx context.Context) error            { return errUnbuilt }
func (w *Watcher) Synced() bool                             { return false }
func (w *Watcher) Err() error                               { return errUnbuilt }
func (w *Watcher) LastContact() time.Time                   { return time.Time{} }
func (w *Watcher) Inventory() *Inventory                    { return nil }
func (w *Watcher) Subscribe(f func(Change)) (cancel func()) { return nil }
func (w *Watcher) WatchTask(ref string)                     {}
func (w *Watcher) ForgetTask(ref string)                    {}
func (w *Watcher) Task(ref string) *Task                    { return nil }

func (i *Inventory) MachinesByInstanceUUID(uuid string) []*Machine         { return nil }
func (i *Inventory) MachinesByName(name string) []*Machine                 { return nil }
func (i *Inventory) MachineByPath(path string) []*Machine                  { return nil }
func (i *Inventory) FolderByPath(path string) *Folder                      { return nil }
func (i *Inventory) ClustersByName(nameOrPath string) []*Cluster           { return nil }
func (i *Inventory) ResourcePoolsByName(nameOrPath string) []*ResourcePool { return nil }
func (i *Inventory) DatastoresByName(nameOrPath string) []*Datastore       { return nil }
func (i *Inventory) NetworksByName(nameOrPath string) []*Network           { return nil }
func (i *Inventory) DatacenterOf(path string) *Datacenter                  { return nil }
