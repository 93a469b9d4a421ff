// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import (
	"context"
	"errors"
	"time"
)

var errUnbuilt = errors.New("not built yet")

type Client struct{}

func Connect(ctx context.Context, e Endpoint) (*Client, error)      { return nil, errUnbuilt }
func Probe(ctx context.Context, e Endpoint) (Certificate, error)    { return Certificate{}, errUnbuilt }
func (c *Client) About() About                                      { return About{} }
func (c *Client) PeerCertificate() Certificate                      { return Certificate{} }
func (c *Client) User() string                                      { return "" }
func (c *Client) ServerTime(ctx context.Context) (time.Time, error) { return time.Time{}, errUnbuilt }
func (c *Client) Close(ctx context.Context)                         {}

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

func (c *Client) FindMachine(ctx context.Context, instanceUUID string) ([]Machine, error) {
	return nil, errUnbuilt
}
func (c *Client) Details(ctx context.Context, refs []string) ([]MachineDetails, error) {
	return nil, errUnbuilt
}
func (c *Client) DatastoreSpace(ctx context.Context, refs []string) (map[string]Space, error) {
	return nil, errUnbuilt
}
func (c *Client) HostLoad(ctx context.Context, refs []string) (map[string]HostLoad, error) {
	return nil, errUnbuilt
}
func (c *Client) PoolLoad(ctx context.Context, refs []string) (map[string]PoolLoad, error) {
	return nil, errUnbuilt
}
func (c *Client) RunningTasks(ctx context.Context) ([]Task, error) { return nil, errUnbuilt }

// Privileges: refs are references "Type:value" or morefs whose type shows in their name.
func (c *Client) Privileges(ctx context.Context, refs, ids []string) (missing map[string][]string, err error) {
	return nil, errUnbuilt
}
func (c *Client) IssueToken(ctx context.Context, lifetime time.Duration) (string, error) {
	return "", errUnbuilt
}
func (c *Client) CheckRelocate(ctx context.Context, r Relocation) (warnings, faults []Fault, err error) {
	return nil, nil, errUnbuilt
}
func (c *Client) Relocate(ctx context.Context, r Relocation) (TaskHandle, error) {
	return TaskHandle{}, errUnbuilt
}
func (c *Client) Task(ctx context.Context, ref string) (*Task, error)       { return nil, errUnbuilt }
func (c *Client) FindTask(ctx context.Context, q TaskQuery) ([]Task, error) { return nil, errUnbuilt }
func (c *Client) CancelTask(ctx context.Context, ref string) error          { return errUnbuilt }
func (c *Client) ShutdownGuest(ctx context.Context, ref string) error       { return errUnbuilt }
func (c *Client) PowerOff(ctx context.Context, ref string) (TaskHandle, error) {
	return TaskHandle{}, errUnbuilt
}
func (c *Client) PowerOn(ctx context.Context, ref string) (TaskHandle, error) {
	return TaskHandle{}, errUnbuilt
}
