// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcentersim

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/vmware/govmomi/vim25/types"
)

// offer asks for room: what comes and where it shall stand.
type offer struct {
	Name  string
	Live  bool
	Sizes map[int32]int64
	Place json.RawMessage // a VirtualMachineRelocateSpec with everything resolved
}

// holding is how a planned fault delays, cuts off or swallows the machine.
type holding struct {
	Hidden    time.Duration
	Lost, Cut bool
}

// delivery is the machine itself.
type delivery struct {
	Name            string
	Config, Guest   json.RawMessage
	PowerState      string
	BootTime        *time.Time
	EVCMode         string
	Snapshots       []string
	Used            map[int32]int64
	PowerOffs       int
	IgnoresShutdown bool
	ShutdownTime    time.Duration
	Holding         holding
}

func newOffer(c cargo, p plan) (offer, error) {
	spec := types.VirtualMachineRelocateSpec{Folder: p.folder, Pool: p.pool, Host: p.host, Datastore: p.home}
	for key, ds := range p.disks {
		spec.Disk = append(spec.Disk, types.VirtualMachineRelocateSpecDiskLocator{DiskId: key, Datastore: ds})
	}
	for key, backing := range p.nics {
		card := &types.VirtualVmxnet3{}
		card.Key, card.Backing = key, backing
		spec.DeviceChange = append(spec.DeviceChange, &types.VirtualDeviceConfigSpec{
			Operation: types.VirtualDeviceConfigSpecOperationEdit, Device: card,
		})
	}
	place, err := marshal(spec)
	return offer{Name: c.name, Live: c.live, Sizes: c.diskBytes, Place: place}, err
}

func (o offer) placement() (placement, error) {
	var spec types.VirtualMachineRelocateSpec
	if err := unmarshal(o.Place, &spec); err != nil {
		return placement{}, fmt.Errorf("read the placement: %w", err)
	}
	if spec.Folder == nil || spec.Pool == nil || spec.Host == nil || spec.Datastore == nil {
		return placement{}, errors.New("the placement is not complete")
	}
	p := placement{
		folder: spec.Folder, pool: spec.Pool, host: spec.Host, home: spec.Datastore,
		disks: map[int32]reference{}, nics: map[int32]types.BaseVirtualDeviceBackingInfo{},
	}
	for _, l := range spec.Disk {
		p.disks[l.DiskId] = l.Datastore
	}
	for _, c := range spec.DeviceChange {
		if card, ok := c.GetVirtualDeviceConfigSpec().Device.(types.BaseVirtualEthernetCard); ok {
			p.nics[card.GetVirtualEthernetCard().Key] = card.GetVirtualEthernetCard().Backing
		}
	}
	return p, nil
}

func newDelivery(r *record, hold holding) (delivery, error) {
	config, err := marshal(r.Config)
	if err != nil {
		return delivery{}, fmt.Errorf("encode the configuration: %w", err)
	}
	guest, err := marshal(r.Guest)
	if err != nil {
		return delivery{}, fmt.Errorf("encode the guest: %w", err)
	}
	return delivery{
		Name: r.Name, Config: config, Guest: guest, PowerState: string(r.PowerState), BootTime: r.BootTime, EVCMode: r.EVCMode,
		Snapshots: r.Snapshots, Used: r.Used, PowerOffs: r.PowerOffs, IgnoresShutdown: r.IgnoresShutdown, ShutdownTime: r.ShutdownTime,
		Holding: hold,
	}, nil
}

func (d delivery) record() (*record, error) {
	r := &record{
		Name: d.Name, PowerState: types.VirtualMachinePowerState(d.PowerState), BootTime: d.BootTime, EVCMode: d.EVCMode,
		Snapshots: d.Snapshots, Used: d.Used, PowerOffs: d.PowerOffs, IgnoresShutdown: d.IgnoresShutdown, ShutdownTime: d.ShutdownTime,
	}
	if err := unmarshal(d.Config, &r.Config); err != nil {
		return nil, fmt.Errorf("decode the configuration: %w", err)
	}
	if err := unmarshal(d.Guest, &r.Guest); err != nil {
		return nil, fmt.Errorf("decode the guest: %w", err)
	}
	return r, nil
}

// reserve holds room at another vCenter; it waits as long as that one queues.
func (d *destination) reserve(ctx context.Context, c cargo, p plan) (string, types.BaseMethodFault) {
	if !d.remote {
		return "", nil
	}
	o, err := newOffer(c, p)
	if err != nil {
		return "", &types.SystemErrorFault{Reason: err.Error()}
	}
	var answer struct {
		ID string `json:"id"`
	}
	fault := d.exchange(ctx, http.MethodPost, transitPath, o, &answer)
	return answer.ID, fault
}

// beat tells the destination that the move lives.
func (d *destination) beat(ctx context.Context, id string) types.BaseMethodFault {
	if !d.remote || id == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return d.exchange(ctx, http.MethodPost, transitPath+"/"+id+"/alive", nil, nil)
}

// deliver hands the machine over. An answer that got lost is asked for again, because the machine may stand there.
func (d *destination) deliver(ctx context.Context, id string, r *record, hold holding) (ref reference, fault types.BaseMethodFault) {
	body, err := newDelivery(r, hold)
	if err != nil {
		return ref, &types.SystemErrorFault{Reason: err.Error()}
	}
	for range 3 {
		try, cancel := context.WithTimeout(ctx, patience)
		fault = d.exchange(try, http.MethodPut, transitPath+"/"+id, body, &ref)
		cancel()
		if _, lost := fault.(*types.NoHost); !lost {
			return ref, fault
		}
		time.Sleep(200 * time.Millisecond)
	}
	return ref, fault
}

// abandon gives the room back.
func (d *destination) abandon(id string) {
	if !d.remote || id == "" {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	_ = d.exchange(ctx, http.MethodDelete, transitPath+"/"+id, nil, nil)
}

// exchange is one HTTPS call with the other vCenter; what it refuses comes back as the fault that it names.
func (d *destination) exchange(ctx context.Context, method, path string, body, into any) types.BaseMethodFault {
	var text bytes.Buffer
	if body != nil {
		if err := json.NewEncoder(&text).Encode(body); err != nil {
			return &types.SystemErrorFault{Reason: err.Error()}
		}
	}
	u := *d.client.URL()
	u.Path = path
	req, err := http.NewRequestWithContext(ctx, method, u.String(), &text)
	if err != nil {
		return &types.SystemErrorFault{Reason: err.Error()}
	}
	res, err := d.httpClient().Do(req)
	if err != nil {
		return unreachable(ctx, &u)
	}
	defer func() { _ = res.Body.Close() }()
	answer, err := io.ReadAll(io.LimitReader(res.Body, 16<<20))
	switch {
	case err != nil:
		return unreachable(ctx, &u)
	case res.StatusCode >= 300:
		var refused types.LocalizedMethodFault
		if unmarshal(answer, &refused) == nil && refused.Fault != nil {
			return refused.Fault
		}
		return &types.SystemErrorFault{Reason: "the remote vCenter answered " + res.Status}
	case into != nil && len(answer) > 0:
		if err := json.Unmarshal(answer, into); err != nil {
			return &types.SystemErrorFault{Reason: err.Error()}
		}
	}
	return nil
}
