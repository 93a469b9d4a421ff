// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package armsim

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"time"
)

// Config says what exists when the simulator starts and how it behaves.
type Config struct {
	Listen string  // host:port; empty: 127.0.0.1 and a free port
	Name   string  // host name that everything is at, such as localhost; empty: the listener's address. The certificate covers *.Name too
	Region string  // label of the regional host that polling URLs and nextLinks name: westeurope makes westeurope.<Name>; empty: none does
	Speed  float64 // divides every simulated duration; 0 means 1, real time
	Seed   int64   // makes operation lengths repeatable
	// Stepped stops simulated time: only Server.Advance moves it. Live vCenters still go by Speed.
	Stepped bool
	Log     *slog.Logger

	Tenants        []Tenant
	Subscriptions  []Subscription
	ResourceGroups []ResourceGroup

	// KeyVaults are the URLs of key vaults that let nobody in but whom LetIntoKeyVault names. Vaults that are not listed let everybody in.
	KeyVaults []string

	// Control is the host:port of the control endpoint, which wants ControlToken as a bearer token; empty: there is none.
	Control      string
	ControlToken string

	// State is what Server.Save wrote: the server goes on from there. It wins over what Config says about the same subscription,
	// resource group or location; who may sign in is always Config's.
	State io.Reader

	Durations  Durations
	RetryAfter time.Duration // simulated, in Retry-After of operations; whole seconds, at least 1 s; 0 means 30 s
	RetryDate  bool          // Retry-After is an HTTP-date instead of seconds: now plus as many real seconds
	PageSize   int           // most items in a page of a list; 0 means 100
	ListLag    time.Duration // simulated time that lists lag behind gets, after every write
	Throttling Throttling    // zero: ARM's documented buckets

	// Capacity limits the hosts that a location can still hand out, by location name; a location that is not named has no limit.
	Capacity map[string]int

	// Strict refuses properties that Azure would drop because it does not know them, to find a client's mistakes.
	Strict bool
	// Maintenances are announced to every private cloud when it has been built.
	Maintenances []Maintenance

	// NoVCenters gives private clouds endpoints without a live vCenter behind them: cheap, for tests of ARM alone.
	NoVCenters bool
	// VCenterPortGroups are the port groups that the vCenter of a new private cloud starts with.
	VCenterPortGroups []string
}

// Tenant is an Entra ID directory.
type Tenant struct {
	ID           string
	Applications []Application
}

// Application is an app registration with its service principal.
type Application struct {
	ClientID     string
	ObjectID     string // of the service principal; empty: derived from ClientID
	Secrets      []string
	Certificates []*x509.Certificate
	Federated    []FederatedCredential
}

// FederatedCredential trusts tokens of another issuer, such as a Kubernetes API server.
type FederatedCredential struct {
	Issuer   string
	Subject  string // system:serviceaccount:<namespace>:<name>
	Audience string // empty: api://AzureADTokenExchange
	// Keys answers the issuer's current keys as a JWKS document. It is asked for every assertion, so rotated keys are seen.
	Keys func(context.Context) ([]byte, error)
}

// Subscription belongs to a tenant. Client ids in Contributors may do everything in it, those in Readers may read; when both
// are empty, every application of the tenant contributes.
type Subscription struct {
	ID            string
	TenantID      string
	DisplayName   string
	HostQuota     map[string]int // hosts by SKU name; nil: 64 of each
	Readers       []string
	Contributors  []string
	TrialHosts    int  // offered as a trial until the first private cloud; 0: no trial
	NotRegistered bool // Microsoft.AVS has to be registered first
}

// ResourceGroup exists from the start.
type ResourceGroup struct {
	SubscriptionID string
	Name           string
	Location       string
}

// Span is a simulated length, drawn evenly from Min to Max.
type Span struct{ Min, Max time.Duration }

// Durations are the simulated lengths of operations. A zero Span takes the default.
type Durations struct {
	CreatePrivateCloud  Span // 2.5 to 6 h
	DeletePrivateCloud  Span // 2 to 3 h
	CreateCluster       Span // 40 to 75 min
	DeleteCluster       Span // 20 to 40 min
	AddHosts            Span // 30 to 45 min: hosts of one request come in parallel
	RemoveHosts         Span // 15 to 30 min
	Update              Span // 2 to 8 min: anything else in a PATCH or PUT
	Rotate              Span // 5 to 10 min
	Register            Span // 30 s to 2 min: a resource provider
	Network             Span // 20 to 90 s: an object of NSX
	DeployHCX           Span // 20 to 35 min
	RunScript           Span // 1 to 4 min
	DeleteResourceGroup Span // 1 to 2 min, after what is in it
	MoveResources       Span // 3 to 10 min, at most 4 h
}

// Bucket is a token bucket: Size requests at once, refilled by PerSecond in simulated time.
type Bucket struct {
	Size      int
	PerSecond float64
}

// Throttling are ARM's buckets a subscription and principal. All principals of a subscription share fifteen times as much.
type Throttling struct{ Reads, Writes, Deletes Bucket }

func (c *Config) setDefaults() {
	if c.Listen == "" {
		c.Listen = "127.0.0.1:0"
	}
	if c.Speed <= 0 {
		c.Speed = 1
	}
	if c.Log == nil {
		c.Log = slog.New(slog.NewTextHandler(io.Discard, nil))
	}
	if c.RetryAfter < time.Second {
		c.RetryAfter = 30 * time.Second
	}
	if c.PageSize <= 0 {
		c.PageSize = pageSize
	}
	c.Durations.setDefaults()
	c.Throttling.setDefaults()
}

func (d *Durations) setDefaults() {
	for _, one := range []struct {
		span     *Span
		min, max time.Duration
	}{
		{&d.CreatePrivateCloud, 150 * time.Minute, 6 * time.Hour},
		{&d.DeletePrivateCloud, 2 * time.Hour, 3 * time.Hour},
		{&d.CreateCluster, 40 * time.Minute, 75 * time.Minute},
		{&d.DeleteCluster, 20 * time.Minute, 40 * time.Minute},
		{&d.AddHosts, 30 * time.Minute, 45 * time.Minute},
		{&d.RemoveHosts, 15 * time.Minute, 30 * time.Minute},
		{&d.Update, 2 * time.Minute, 8 * time.Minute},
		{&d.Rotate, 5 * time.Minute, 10 * time.Minute},
		{&d.Register, 30 * time.Second, 2 * time.Minute},
		{&d.Network, 20 * time.Second, 90 * time.Second},
		{&d.DeployHCX, 20 * time.Minute, 35 * time.Minute},
		{&d.RunScript, time.Minute, 4 * time.Minute},
		{&d.DeleteResourceGroup, time.Minute, 2 * time.Minute},
		{&d.MoveResources, 3 * time.Minute, 10 * time.Minute},
	} {
		if *one.span == (Span{}) {
			*one.span = Span{one.min, one.max}
		}
	}
}

func (t *Throttling) setDefaults() {
	if t.Reads == (Bucket{}) {
		t.Reads = Bucket{250, 25}
	}
	if t.Writes == (Bucket{}) {
		t.Writes = Bucket{200, 10}
	}
	if t.Deletes == (Bucket{}) {
		t.Deletes = Bucket{200, 10}
	}
}

// check refuses what could only fail later, as a riddle in some client.
func (c *Config) check() error {
	if c.Control != "" && c.ControlToken == "" {
		return errors.New("the control endpoint needs a token")
	}
	if c.Region != "" && (c.Name == "" || net.ParseIP(c.Name) != nil) {
		return fmt.Errorf("a regional host, %s.<name>, needs a name to stand before, and %q is none", c.Region, c.Name)
	}
	tenants := map[string]bool{}
	for _, t := range c.Tenants {
		if t.ID == "" {
			return errors.New("a tenant has no ID")
		}
		tenants[strings.ToLower(t.ID)] = true
		if err := t.check(); err != nil {
			return err
		}
	}
	subscriptions := map[string]bool{}
	for _, s := range c.Subscriptions {
		if s.ID == "" || !tenants[strings.ToLower(s.TenantID)] {
			return fmt.Errorf("subscription %q names tenant %q, which is not configured", s.ID, s.TenantID)
		}
		subscriptions[strings.ToLower(s.ID)] = true
	}
	for _, g := range c.ResourceGroups {
		if g.Name == "" || g.Location == "" || !subscriptions[strings.ToLower(g.SubscriptionID)] {
			return fmt.Errorf("resource group %q needs a name, a location and a configured subscription, not %q", g.Name, g.SubscriptionID)
		}
	}
	return nil
}

func (t *Tenant) check() error {
	for _, a := range t.Applications {
		if a.ClientID == "" {
			return fmt.Errorf("an application of tenant %s has no ClientID", t.ID)
		}
		for _, f := range a.Federated {
			if f.Issuer == "" || f.Subject == "" || f.Keys == nil {
				return fmt.Errorf("a federated credential of application %s lacks Issuer, Subject or Keys", a.ClientID)
			}
		}
	}
	return nil
}
