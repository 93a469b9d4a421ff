// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package machine_test

import (
	"context"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/vcenter"
)

// relocateAs makes the call that a killed operator had made, with a session of its own.
func (w *world) relocateAs(m *v1alpha1.VirtualMachineMove) {
	w.t.Helper()
	ctx := w.t.Context()
	source, err := vcenter.Connect(ctx, vcenter.Endpoint{
		URL: w.Source.URL(), Thumbprint: w.Source.Thumbprint(), Username: w.Source.Username(), Password: w.Source.Password(), Speed: speed,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	defer source.Close(context.WithoutCancel(ctx))
	target, err := vcenter.Connect(ctx, vcenter.Endpoint{
		URL: w.Target.URL(), Thumbprint: w.Target.Thumbprint(), Username: w.Target.Username(), Password: w.Target.Password(), Speed: speed,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	defer target.Close(context.WithoutCancel(ctx))
	watcher := vcenter.NewWatcher(target, vcenter.WatcherOptions{})
	wctx, stop := context.WithCancel(ctx)
	defer stop()
	synced := make(chan struct{}, 1)
	watcher.Subscribe(func(c vcenter.Change) {
		if c.Kind == vcenter.ChangeConnection && watcher.Synced() {
			synced <- struct{}{}
		}
	})
	go func() { _ = watcher.Run(wctx) }()
	<-synced
	t := m.Spec.Target
	r := vcenter.Relocation{
		Machine: m.Status.Task.Entity, Folder: t.Folder.Ref, ResourcePool: t.ResourcePool.Ref, Datastore: t.Datastore.Ref,
		Locator: &vcenter.Locator{
			URL: w.Target.URL(), InstanceUUID: w.Target.InstanceUUID(), Thumbprint: w.Target.Thumbprint(),
			Username: w.Target.Username(), Password: w.Target.Password(),
		},
	}
	for _, host := range watcher.Inventory().Hosts.All() {
		r.Host = host.Ref
	}
	for _, nic := range t.NetworkAdapters {
		r.NICs = append(r.NICs, vcenter.NICPlacement{Key: nic.Key, Network: *watcher.Inventory().Networks.Get(nic.Network.Ref)})
	}
	if _, err := source.Relocate(ctx, r); err != nil {
		w.t.Fatal(err)
	}
}
