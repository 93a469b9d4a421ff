// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package vcenter speaks to a vCenter: one session shared by all callers, one property-collector stream that keeps an
// inventory, direct reads, relocation within and across vCenters, tasks that can be found again, and power. It knows
// nothing of Kubernetes. Everything it fails with is an *Error whose class decides what to do next.
package vcenter

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/vmware/govmomi/vim25"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// CallTimeout bounds one SOAP exchange, in real time. vCenter answers in seconds or has lost the call; the stream has a
// bound of its own.
const CallTimeout = 60 * time.Second

// Client is a connection to one vCenter as one user. It is safe for concurrent use.
type Client struct {
	e       Endpoint
	host    string
	trust   *trust
	guard   *LoginGuard
	session *session
	vim     *vim25.Client
	checks  checks
	about   About // written once, before Connect returns; renewals find the same
}

// Connect logs in. The class of its error tells a changed or untrusted certificate, refused credentials, a locked account
// and an unreachable server apart.
func Connect(ctx context.Context, e Endpoint) (*Client, error) {
	const doing = "connect"
	u, err := sdkURL(e.URL)
	if err != nil {
		return nil, &Error{Class: InvalidRequest, Doing: doing, Server: "vCenter", Err: err}
	}
	t, err := newTrust(e)
	if err != nil {
		return nil, &Error{Class: InvalidRequest, Doing: doing, Server: u.Host, Err: err}
	}
	sc := soap.NewClient(u, false)
	sc.Namespace, sc.Version = "urn:"+vim25.Namespace, vim25.Version
	sc.UserAgent = e.UserAgent
	// A redirect could carry a password to another host; vCenter never redirects /sdk.
	sc.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	configure(sc.DefaultTransport(), u, e, t)
	sc.Transport = sc.DefaultTransport()
	if e.WrapTransport != nil {
		sc.Transport = e.WrapTransport(sc.Transport)
	}
	sc.Transport = bounded{next: sc.Transport, most: largestAnswer}

	c := &Client{e: e, host: u.Host, trust: t, guard: e.Guard}
	if c.guard == nil {
		c.guard = NewLoginGuard()
	}
	c.session = &session{c: c, soap: sc, turn: make(chan struct{}, 1)}
	c.vim = &vim25.Client{Client: sc, RoundTripper: c.session}
	if err := c.session.renew(ctx, nil); err != nil {
		sc.CloseIdleConnections()
		return nil, classify(ctx, doing, c.host, err, false)
	}
	return c, nil
}

func aboutOf(a types.AboutInfo) About {
	return About{
		InstanceUUID: a.InstanceUuid, Name: a.Name, Version: a.Version, Build: a.Build, APIVersion: a.ApiVersion,
	}
}

// About is what the vCenter said of itself at login.
func (c *Client) About() About { return c.about }

// Host is the name and port of the vCenter, as in errors.
func (c *Client) Host() string { return c.host }

// User is the name under which vCenter knows the session, VSPHERE.LOCAL\Administrator for example; tasks carry it.
func (c *Client) User() string {
	if l := c.session.now.Load(); l != nil {
		return l.user
	}
	return ""
}

// PeerCertificate is the leaf that the vCenter presented last; it is what a Locator for this vCenter needs.
func (c *Client) PeerCertificate() Certificate { return c.trust.certificate() }

// ServerTime is the vCenter's own clock: the one in which tasks are queued.
func (c *Client) ServerTime(ctx context.Context) (time.Time, error) {
	var at time.Time
	err := c.read(ctx, "read the clock", func(ctx context.Context) error {
		t, err := methods.GetCurrentTime(ctx, c.vim)
		if err == nil {
			at = *t
		}
		return err
	})
	return at, err
}

// Close logs out, as far as that is possible, and drops the connections; calls after it fail. vCenter counts open sessions,
// and a session left behind lives for half an hour.
func (c *Client) Close(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if !c.session.over.Swap(true) && c.session.now.Load() != nil {
		_, _ = methods.Logout(ctx, sessionless{c.session}, &types.Logout{This: *c.vim.ServiceContent.SessionManager})
	}
	c.session.soap.CloseIdleConnections()
}

// read runs one call that changes nothing, within CallTimeout.
func (c *Client) read(ctx context.Context, doing string, call func(context.Context) error) error {
	tctx, cancel := context.WithTimeout(ctx, CallTimeout)
	defer cancel()
	return classify(ctx, doing, c.host, call(tctx), false)
}

// write runs one call that changes vCenter, within CallTimeout. MayWrite is asked right before it goes out.
func (c *Client) write(ctx context.Context, doing string, call func(context.Context) error) error {
	w := new(writeCall)
	tctx, cancel := context.WithTimeout(context.WithValue(ctx, writeKey{}, w), CallTimeout)
	defer cancel()
	err := call(tctx)
	return classify(ctx, doing, c.host, err, w.sent.Load())
}

// typeByPrefix are the types of managed objects by how their references begin, longest first. vCenter looks objects up by
// value alone, but the type belongs to the wire format.
var typeByPrefix = []struct{ prefix, kind string }{
	{"dvportgroup-", "DistributedVirtualPortgroup"}, {"datacenter-", "Datacenter"}, {"datastore-", "Datastore"},
	{"resgroup-v", "VirtualApp"}, {"resgroup-", "ResourcePool"}, {"opaquenetwork-", "OpaqueNetwork"},
	{"network-o", "OpaqueNetwork"}, {"network-", "Network"}, {"domain-c", "ClusterComputeResource"},
	{"domain-s", "ComputeResource"}, {"group-p", "StoragePod"}, {"group-", "Folder"}, {"folder-", "Folder"},
	{"host-", "HostSystem"}, {"task-", "Task"}, {"dvs-", "VmwareDistributedVirtualSwitch"}, {"vm-", "VirtualMachine"},
}

// refOf makes a reference of a moref; "Type:value" names the type where the value does not tell it.
func refOf(moref string) types.ManagedObjectReference {
	if kind, value, ok := strings.Cut(moref, ":"); ok {
		return types.ManagedObjectReference{Type: kind, Value: value}
	}
	for _, p := range typeByPrefix {
		if strings.HasPrefix(moref, p.prefix) {
			return types.ManagedObjectReference{Type: p.kind, Value: moref}
		}
	}
	return types.ManagedObjectReference{Type: "ManagedEntity", Value: moref}
}

func typedRef(kind, moref string) types.ManagedObjectReference {
	return types.ManagedObjectReference{Type: kind, Value: moref}
}
