// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"crypto/x509"
	"net/url"
	"testing"

	"github.com/vmware/govmomi"
	"github.com/vmware/govmomi/find"
	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/session"
	"github.com/vmware/govmomi/vapi/rest"
	"github.com/vmware/govmomi/vapi/tags"
	"github.com/vmware/govmomi/vim25"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"

	"github.com/avs-operator/avs-operator/test/vcentersim"
)

// administrator is a person at the vCenter of the private cloud.
type administrator struct {
	vcenter *vcentersim.VCenter
	client  *govmomi.Client
	tags    *tags.Manager
}

func (w *world) administrator(t *testing.T) *administrator {
	t.Helper()
	v := w.vcenter(t)
	u, err := url.Parse(v.URL() + "/sdk")
	if err != nil {
		t.Fatal(err)
	}
	wire := soap.NewClient(u, false)
	wire.DefaultTransport().TLSClientConfig.RootCAs = x509.NewCertPool()
	wire.DefaultTransport().TLSClientConfig.RootCAs.AppendCertsFromPEM(v.CertificatePEM())
	c, err := vim25.NewClient(t.Context(), wire)
	if err != nil {
		t.Fatal(err)
	}
	user := url.UserPassword(v.Username(), v.Password())
	a := &administrator{vcenter: v, client: &govmomi.Client{Client: c, SessionManager: session.NewManager(c)}}
	if err := a.client.Login(t.Context(), user); err != nil {
		t.Fatal(err)
	}
	r := rest.NewClient(c)
	if err := r.Login(t.Context(), user); err != nil {
		t.Fatal(err)
	}
	a.tags = tags.NewManager(r)
	return a
}

func vmRef(ref string) types.ManagedObjectReference {
	return types.ManagedObjectReference{Type: "VirtualMachine", Value: ref}
}

// add makes a machine and returns its managed object id.
func (a *administrator) add(t *testing.T, spec vcentersim.MachineSpec) string {
	t.Helper()
	spec.DiskGB = []int{10}
	ref, err := a.vcenter.AddMachine(spec)
	if err != nil {
		t.Fatal(err)
	}
	return ref
}

func (a *administrator) destroy(t *testing.T, ref string) {
	t.Helper()
	task, err := object.NewVirtualMachine(a.client.Client, vmRef(ref)).Destroy(t.Context())
	if err == nil {
		err = task.Wait(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
}

// store moves a machine's files to another datastore.
func (a *administrator) store(t *testing.T, ref, datastore string) {
	t.Helper()
	finder := find.NewFinder(a.client.Client)
	to, err := finder.Datastore(t.Context(), "/*/datastore/"+datastore)
	if err != nil {
		t.Fatal(err)
	}
	at := to.Reference()
	task, err := object.NewVirtualMachine(a.client.Client, vmRef(ref)).Relocate(t.Context(), types.VirtualMachineRelocateSpec{Datastore: &at},
		types.VirtualMachineMovePriorityDefaultPriority)
	if err == nil {
		err = task.Wait(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
}

func (a *administrator) rename(t *testing.T, ref, name string) {
	t.Helper()
	task, err := object.NewVirtualMachine(a.client.Client, vmRef(ref)).Rename(t.Context(), name)
	if err == nil {
		err = task.Wait(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
}

// tag makes a tag and puts it on machines.
func (a *administrator) tag(t *testing.T, category, name string, refs ...string) (id string) {
	t.Helper()
	in, err := a.tags.CreateCategory(t.Context(), &tags.Category{Name: category, Cardinality: "MULTIPLE"})
	if err != nil {
		t.Fatal(err)
	}
	if id, err = a.tags.CreateTag(t.Context(), &tags.Tag{Name: name, CategoryID: in}); err != nil {
		t.Fatal(err)
	}
	for _, ref := range refs {
		a.attach(t, id, ref)
	}
	return id
}

func (a *administrator) attach(t *testing.T, tag, ref string) {
	t.Helper()
	if err := a.tags.AttachTag(t.Context(), tag, vmRef(ref)); err != nil {
		t.Fatal(err)
	}
}
