// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"context"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/vmware/govmomi"
	"github.com/vmware/govmomi/find"
	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// process is the program, running.
type process struct {
	cmd  *exec.Cmd
	said map[string]string
}

func build(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "vcentersim")
	if out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return binary
}

func spawn(t *testing.T, binary string, args ...string) *process {
	t.Helper()
	p := &process{cmd: exec.Command(binary, args...), said: map[string]string{}}
	p.cmd.Env = append(os.Environ(), "VCENTERSIM_PASSWORD=secret-of-the-test")
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.cmd.Process.Kill() })
	lines := bufio.NewScanner(out)
	for len(p.said) < 5 && lines.Scan() {
		key, value, _ := strings.Cut(lines.Text(), ": ")
		p.said[key] = value
	}
	return p
}

func (p *process) login(t *testing.T) *govmomi.Client {
	t.Helper()
	u, err := url.Parse(p.said["url"] + "/sdk")
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword(p.said["username"], "secret-of-the-test")
	c, err := govmomi.NewClient(context.Background(), u, true)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestMachineCrossesBetweenProcesses(t *testing.T) {
	binary := build(t)
	source := spawn(t, binary, "-machines", "2", "-speed", "600", "-name", "Bergen")
	target := spawn(t, binary, "-layout", "AVS", "-portgroups", "seg-web", "-speed", "600")
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	from, to := source.login(t), target.login(t)
	vm, err := find.NewFinder(from.Client).VirtualMachine(ctx, "/Bergen/vm/Web/web-01")
	if err != nil {
		t.Fatal(err)
	}
	var before, after mo.VirtualMachine
	if err := vm.Properties(ctx, vm.Reference(), []string{"config", "runtime"}, &before); err != nil {
		t.Fatal(err)
	}
	moving, err := vm.Relocate(ctx, specFor(t, ctx, before, to, target), types.VirtualMachineMovePriorityDefaultPriority)
	if err != nil {
		t.Fatal(err)
	}
	info, err := moving.WaitForResult(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := to.RetrieveOne(ctx, info.Result.(types.ManagedObjectReference), []string{"config", "runtime"}, &after); err != nil {
		t.Fatal(err)
	}
	if after.Config.InstanceUuid != before.Config.InstanceUuid || after.Config.Uuid != before.Config.Uuid ||
		after.Runtime.PowerState != before.Runtime.PowerState {
		t.Errorf("arrived changed: %s %s %s", after.Config.InstanceUuid, after.Config.Uuid, after.Runtime.PowerState)
	}
	for _, p := range []*process{source, target} {
		if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		if err := p.cmd.Wait(); err != nil {
			t.Errorf("after TERM: %v", err)
		}
	}
}

func specFor(t *testing.T, ctx context.Context, vm mo.VirtualMachine, to *govmomi.Client, target *process) types.VirtualMachineRelocateSpec {
	t.Helper()
	finder := find.NewFinder(to.Client)
	pool, err := finder.ResourcePool(ctx, "/SDDC-Datacenter/host/Cluster-1/Resources")
	if err != nil {
		t.Fatal(err)
	}
	store, err := finder.Datastore(ctx, "/SDDC-Datacenter/datastore/vsanDatastore")
	if err != nil {
		t.Fatal(err)
	}
	network, err := finder.Network(ctx, "/SDDC-Datacenter/network/seg-web")
	if err != nil {
		t.Fatal(err)
	}
	backing, err := network.EthernetCardBackingInfo(ctx)
	if err != nil {
		t.Fatal(err)
	}
	card := object.VirtualDeviceList(vm.Config.Hardware.Device).SelectByType((*types.VirtualEthernetCard)(nil))[0]
	card.GetVirtualDevice().Backing = backing
	poolRef, storeRef := pool.Reference(), store.Reference()
	return types.VirtualMachineRelocateSpec{
		Pool: &poolRef, Datastore: &storeRef,
		DeviceChange: []types.BaseVirtualDeviceConfigSpec{&types.VirtualDeviceConfigSpec{Operation: "edit", Device: card}},
		Service: &types.ServiceLocator{
			InstanceUuid: target.said["instance-uuid"], Url: target.said["url"] + "/sdk", SslThumbprint: target.said["thumbprint"],
			Credential: &types.ServiceLocatorNamePassword{Username: target.said["username"], Password: "secret-of-the-test"},
		},
	}
}

func TestHelpAndBadFlags(t *testing.T) {
	var out, logs bytes.Buffer
	if err := run(context.Background(), []string{"-h"}, &out, &logs); err != nil || !strings.Contains(logs.String(), "-layout") {
		t.Errorf("help: %v\n%s", err, logs.String())
	}
	if err := run(context.Background(), []string{"-layout", "Moon"}, &out, &logs); err == nil || !strings.Contains(err.Error(), "OnPremises or AVS") {
		t.Errorf("a layout that does not exist: %v", err)
	}
}

func TestPasswordIsNeverPrinted(t *testing.T) {
	var out, logs bytes.Buffer
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	file := filepath.Join(t.TempDir(), "cert.pem")
	if err := run(ctx, []string{"-password", "hush-hush", "-machines", "1", "-cert-out", file}, &out, &logs); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(out.String()+logs.String(), "hush-hush") {
		t.Error("the password was printed")
	}
	if text, err := os.ReadFile(file); err != nil || !strings.Contains(string(text), "BEGIN CERTIFICATE") {
		t.Errorf("certificate: %v", err)
	}
}
