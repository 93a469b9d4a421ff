// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package vcentersim is a vCenter to test against, on top of govmomi's simulator: real SOAP over TLS, accounts that
// lock, sessions that expire, privileges that are missing, and moves that really cross from one vCenter to another,
// also between two processes.
package vcentersim

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25"
	"github.com/vmware/govmomi/vim25/types"
)

// VCenter is one running vCenter. Several in one process share nothing.
type VCenter struct {
	config   Config
	log      *slog.Logger
	identity *identity
	accounts *accounts
	sessions *sessions
	journal  *journal
	faults   *faultPlan
	tokens   *tokenSigner
	// tokenClockAhead is the token service's clock, in nanoseconds.
	tokenClockAhead atomic.Int64
	hub             *hub
	budget          *budget
	link            *link
	machines        *machineBook
	history         taskHistory
	transit         *transit
	policies        *policies

	model    *simulator.Model
	service  *simulator.Service
	client   *vim25.Client // in process, for building the inventory
	layout   layoutRefs
	rng      *rand.Rand
	rngMu    sync.Mutex
	building sync.Mutex // one change of clusters, hosts and networks at a time
	attached []attachment
	nextTask atomic.Int64
	// downUntil is when a vpxd that restarts answers again, in nanoseconds.
	downUntil atomic.Int64
	nextRef   atomic.Int64

	server   *http.Server
	listener net.Listener
	home     string
	ctx      context.Context
	cancel   context.CancelFunc
	work     sync.WaitGroup
	closed   sync.Once
}

// Start builds the inventory and serves it until Close, or until ctx ends.
func Start(ctx context.Context, c Config) (*VCenter, error) {
	c = c.withDefaults()
	if c.Speed <= 0 {
		return nil, fmt.Errorf("speed %v: must be above zero", c.Speed)
	}
	v, err := newVCenter(c)
	if err != nil {
		return nil, err
	}
	v.ctx, v.cancel = context.WithCancel(ctx)
	v.faults.live = v.ctx.Done()
	if err := v.buildLayout(v.ctx); err != nil {
		v.Close()
		return nil, fmt.Errorf("build the inventory: %w", err)
	}
	if err := v.serve(); err != nil {
		v.Close()
		return nil, err
	}
	context.AfterFunc(v.ctx, v.Close)
	v.log.Info("Serving vCenter", "url", v.URL(), "layout", c.Layout, "thumbprint", v.Thumbprint(), "instanceUUID", v.InstanceUUID())
	return v, nil
}

func newVCenter(c Config) (*VCenter, error) {
	host, _, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return nil, fmt.Errorf("listen address %q: %w", c.Listen, err)
	}
	id, err := newIdentity(host)
	if err != nil {
		return nil, err
	}
	home, err := os.MkdirTemp("", "vcentersim-")
	if err != nil {
		return nil, fmt.Errorf("make a directory for datastores: %w", err)
	}
	v := &VCenter{
		config: c, log: c.Log, identity: id, home: home,
		accounts: newAccounts(scaled(c.LockTime, c.Speed)),
		journal:  &journal{},
		faults:   &faultPlan{},
		budget:   newBudget(),
		link:     newLink(c.Bandwidth),
		machines: newMachineBook(),
		rng:      rand.New(rand.NewSource(c.Seed)), //nolint:gosec // repeatable on purpose.
	}
	v.tokenClockAhead.Store(int64(c.TokenClockAhead))
	v.nextTask.Store(100000)
	v.nextRef.Store(1000)
	v.transit = newTransit(v)
	v.sessions = newSessions(v, c.SessionIdle)
	v.tokens = newTokenSigner(id)
	v.accounts.add(c.Username, c.Password, pick(c.Layout == AVS, CloudAdmin, Administrator))
	if err := v.createModel(); err != nil {
		_ = os.RemoveAll(home)
		return nil, err
	}
	return v, nil
}

// createModel makes the empty simulator: service instance and managers, no inventory.
func (v *VCenter) createModel() error {
	m := simulator.VPX()
	m.Datacenter, m.Cluster, m.Host, m.Machine, m.Datastore, m.Portgroup = 0, 0, 0, 0, 0, 0
	setDefault(&v.config.InstanceUUID, uuid.NewString())
	about := &m.ServiceContent.About
	about.InstanceUuid = v.config.InstanceUUID
	about.Version, about.ApiVersion, about.Build = "8.0.2", "8.0.2.0", "22617221"
	about.Name, about.FullName = "VMware vCenter Server", "VMware vCenter Server 8.0.2 build-22617221"
	about.OsType, about.LicenseProductName, about.LicenseProductVersion = "linux-x64", "VMware VirtualCenter Server", "8.0"
	if err := createAlone(m); err != nil {
		return fmt.Errorf("create the simulator: %w", err)
	}
	v.model, v.service = m, m.Service
	client, err := vim25.NewClient(context.Background(), v.service)
	if err != nil {
		return fmt.Errorf("connect in process: %w", err)
	}
	v.client = client
	v.hub = newHub(v)
	v.installDispatch()
	return nil
}

// creation is one at a time: govmomi writes a package variable, the evaluation licence, for each model.
var creation sync.Mutex

// createAlone also stops the licence manager from reading that variable later, whenever a host is added.
func createAlone(m *simulator.Model) error {
	creation.Lock()
	defer creation.Unlock()
	if err := m.Create(); err != nil {
		return err
	}
	for _, obj := range m.Service.Context.Map.AllReference("LicenseAssignmentManager") {
		if handler, ok := obj.(simulator.RegisterObject); ok {
			m.Service.Context.Map.RemoveHandler(handler)
		}
	}
	return nil
}

// Close stops serving, cancels moves under way and removes the vCenter's files. It may be called twice.
func (v *VCenter) Close() {
	v.closed.Do(func() {
		v.cancel()
		if v.server != nil {
			_ = v.server.Close()
		}
		v.work.Wait()
		v.model.Remove()
		_ = os.RemoveAll(v.home)
	})
}

// URL of the vCenter, https://host:port without a path; the SDK is at /sdk.
func (v *VCenter) URL() string { return "https://" + v.listener.Addr().String() }

// Thumbprint of the certificate, SHA-1, AA:BB:… as vSphere shows it.
func (v *VCenter) Thumbprint() string { return thumbprintSHA1(v.identity.leaf) }

// ThumbprintSHA256 of the certificate in the same form.
func (v *VCenter) ThumbprintSHA256() string { return thumbprintSHA256(v.identity.leaf) }

// CertificatePEM is the self-signed certificate, which is its own root.
func (v *VCenter) CertificatePEM() []byte { return append([]byte(nil), v.identity.pem...) }

// InstanceUUID is About.InstanceUuid.
func (v *VCenter) InstanceUUID() string { return v.config.InstanceUUID }

// BecomeAnother ends every session and lets a vCenter of another identity answer at the same address, with the same certificate, as after a restore
// under the old name.
func (v *VCenter) BecomeAnother(instanceUUID string) {
	ctx := v.newContext("")
	if si, ok := ctx.Map.Get(vim25.ServiceInstance).(*simulator.ServiceInstance); ok {
		ctx.WithLock(si, func() { si.Content.About.InstanceUuid = instanceUUID })
	}
	v.ExpireSessions()
}

// Username of the first account.
func (v *VCenter) Username() string { return v.config.Username }

// Password of the first account, as it is now: SetPassword changes it.
func (v *VCenter) Password() string { return v.accounts.passwordOf(v.config.Username) }

// SetPassword changes an account's password and unlocks it. Live sessions go on, as they do at a real vCenter.
func (v *VCenter) SetPassword(user, password string) { v.accounts.setPassword(user, password) }

// AddUser makes an account, or replaces it.
func (v *VCenter) AddUser(user, password string, role Role) { v.accounts.add(user, password, role) }

// Revoke takes privileges from one account, whatever its role grants.
func (v *VCenter) Revoke(user string, privileges ...string) { v.accounts.revoke(user, privileges...) }

// Logins lists every attempt to log in, oldest first.
func (v *VCenter) Logins() []Login { return v.accounts.logins() }

// Requests lists every SOAP call of a client, oldest first.
func (v *VCenter) Requests() []Request { return v.journal.list() }

// ExpireSessions ends every session: the next call of each gets NotAuthenticated.
func (v *VCenter) ExpireSessions() { v.sessions.expireAll() }

// scaled turns vCenter's time into the wall clock's.
func scaled(d time.Duration, speed float64) time.Duration { return time.Duration(float64(d) / speed) }

// newContext is for work outside a SOAP call. The simulator's locks belong to a context, so each piece of work needs
// its own: sharing one would let two goroutines into the same object.
func (v *VCenter) newContext(user string) *simulator.Context {
	c := *v.service.Context
	c.Context = context.Background()
	c.Session = &simulator.Session{
		UserSession: types.UserSession{UserName: user, Key: internalSessionKey},
		Registry:    simulator.NewRegistry(),
		Map:         c.Map,
	}
	return &c
}

// newUUID and draw take from the seeded source, so that one seed makes one inventory.
func (v *VCenter) newUUID() string {
	v.rngMu.Lock()
	defer v.rngMu.Unlock()
	id, _ := uuid.NewRandomFromReader(v.rng)
	return strings.ToLower(id.String())
}

func (v *VCenter) draw(n int) int {
	v.rngMu.Lock()
	defer v.rngMu.Unlock()
	return v.rng.Intn(n)
}
