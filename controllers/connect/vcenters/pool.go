// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package vcenters makes sessions of VCenters. Both halves of the operator use it, so one vCenter has one session, one stream and one memory of refused
// logins, however many objects use it.
package vcenters

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/connect/dial"
	"github.com/avs-operator/avs-operator/controllers/connect/identities"
	"github.com/avs-operator/avs-operator/controllers/connect/secrets"
	"github.com/avs-operator/avs-operator/controllers/outcome"
	"github.com/avs-operator/avs-operator/controllers/vcenter"
	"github.com/avs-operator/avs-operator/controllers/watch"
)

// Options of New.
type Options struct {
	// Client reads VCenters, PrivateClouds and the metadata of Secrets and ConfigMaps from the cache.
	Client client.Client
	// Live reads what caches do not hold.
	Live secrets.Live
	// Azure asks for cloudadmin's password; nil: a VCenter with privateCloudRef needs credentialsRef.
	Azure *identities.Clients
	Pace  outcome.Pace
	// MayWrite is asked right before each call that changes a vCenter; nil: always.
	MayWrite  func() error
	UserAgent string
	// Local keeps connections to hosts that users named away from local addresses; nil: they may be local.
	Local *dial.LocalAddresses
	// WrapTransport stands around every transport to a vCenter, for tests; nil: nothing does.
	WrapTransport func(http.RoundTripper) http.RoundTripper
	// Observe is told of every call to a vCenter, for metrics; nil: nobody is.
	Observe func(vcenter.Call)
	// Watcher tunes the streams; the zero value is right for production.
	Watcher vcenter.WatcherOptions
}

// Pool hands out connected vCenters by VCenter object: one session and one stream a vCenter, however many objects use it, and one
// memory of refused logins for all.
type Pool struct {
	o     Options
	guard *vcenter.LoginGuard
	key   [32]byte // of fingerprints: what is kept to compare credentials must tell none

	mu        sync.Mutex
	ctx       context.Context // of Run; nil while this process does not lead
	pools     map[types.UID]*pooled
	lookups   map[types.UID]*lookups // by private cloud
	listeners watch.Listeners[Change]
	accounts  accounts
}

// Connected is a vCenter that can be asked, with an inventory that was read whole at least once.
type Connected struct {
	Object  *v1alpha1.VCenter
	Client  *vcenter.Client
	Watcher *vcenter.Watcher
	// URL and Username are what the operator uses, with privateCloudRef as Azure reports them.
	URL, Username string
}

// Change is something that changed in, or about the connection to, the vCenter of the named object.
type Change struct {
	Namespace, Name string
	Change          vcenter.Change
}

// patience is how long Get waits for a login under way, in real time: a reconcile that gets its vCenter at once saves a round.
const patience = 3 * time.Second

// New makes an empty pool. Nothing connects before Run.
func New(o Options) *Pool {
	return &Pool{o: o, guard: vcenter.NewLoginGuard(), key: newKey(), pools: map[types.UID]*pooled{}, lookups: map[types.UID]*lookups{}}
}

// Run lets vCenters be connected and watched until ctx ends; then it logs out everywhere. It belongs to the leader alone: a standby that
// watched too would double the load of every vCenter.
func (v *Pool) Run(ctx context.Context) error {
	v.mu.Lock()
	if v.ctx != nil {
		v.mu.Unlock()
		return errors.New("the vCenter connections run already")
	}
	v.ctx = ctx
	v.mu.Unlock()
	v.listeners.Tell(Change{Change: vcenter.Change{Kind: vcenter.ChangeConnection}}) // without a name it is about every vCenter

	<-ctx.Done()
	v.mu.Lock()
	pools := v.pools
	v.pools, v.ctx = map[types.UID]*pooled{}, nil
	v.mu.Unlock()
	var all sync.WaitGroup
	for _, p := range pools {
		all.Go(func() { p.close() })
	}
	all.Wait()
	return nil
}

// Get is the vCenter of the named object, connected and with its inventory read. Else it says what is waited for, tried again, or wrong;
// a login under way is waited for no longer than a moment. It returns the same client and watcher while nothing changed.
func (v *Pool) Get(ctx context.Context, namespace, name string) (*Connected, *outcome.Outcome) {
	object := &v1alpha1.VCenter{}
	err := v.o.Client.Get(ctx, types.NamespacedName{Namespace: namespace, Name: name}, object)
	if apierrors.IsNotFound(err) {
		return nil, secrets.Missing("VCenter %s/%s is not there: create it, or correct the name", namespace, name)
	}
	if err != nil {
		return nil, outcome.Retry(v1alpha1.ReasonTransient, err)
	}
	return v.Of(ctx, object)
}

// Of is Get for an object that was read already.
func (v *Pool) Of(ctx context.Context, object *v1alpha1.VCenter) (*Connected, *outcome.Outcome) {
	p, run := v.pooled(object)
	if run == nil {
		return nil, outcome.Wait(v1alpha1.ReasonReconciling, "the operator is starting").In(v.o.Pace.Elapsed(time.Second))
	}
	versions, o := v.versions(ctx, object)
	if o != nil {
		if c := p.present(object); c != nil && o.Reason == v1alpha1.ReasonReferenceNotReady {
			return c, nil // a private cloud whose last update failed still has the vCenter that machines are moving into
		}
		return nil, o
	}
	build := func(ctx context.Context) (*built, *outcome.Outcome, error) { return v.build(ctx, object, p) }
	if attempt := p.attempt(run, versions, build); attempt != nil {
		select {
		case <-attempt:
		case <-ctx.Done():
		case <-time.After(patience):
		}
	}
	return p.answer(object)
}

// Forget closes what belongs to an object that is gone.
func (v *Pool) Forget(name types.NamespacedName) {
	v.mu.Lock()
	var gone []*pooled
	for uid, p := range v.pools {
		if p.name == name {
			gone = append(gone, p)
			delete(v.pools, uid)
		}
	}
	v.mu.Unlock()
	for _, p := range gone {
		go p.close()
	}
}

// Hurry lets an unreachable vCenter be tried at once. A refused login keeps its pause: five refusals lock an account.
func (v *Pool) Hurry(uid types.UID) {
	v.mu.Lock()
	p := v.pools[uid]
	v.mu.Unlock()
	if p != nil {
		p.hurry()
	}
}

// Subscribe tells f each change of every vCenter, and of the connection to it, until cancel. f must not block.
func (v *Pool) Subscribe(f func(Change)) (cancel func()) { return v.listeners.Subscribe(f) }

// pooled is the pool's entry for an object, made on first use, and the context that connections live under.
func (v *Pool) pooled(object *v1alpha1.VCenter) (*pooled, context.Context) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.ctx == nil || v.ctx.Err() != nil {
		return nil, nil
	}
	p := v.pools[object.UID]
	if p == nil {
		name := types.NamespacedName{Namespace: object.Namespace, Name: object.Name}
		for uid, other := range v.pools { // of an object that was deleted and made again under the same name
			if other.name == name {
				delete(v.pools, uid)
				go other.close()
			}
		}
		p = &pooled{name: name, pace: v.o.Pace, tell: func(change vcenter.Change) {
			v.listeners.Tell(Change{Namespace: name.Namespace, Name: name.Name, Change: change})
		}}
		v.pools[object.UID] = p
	}
	return p, v.ctx
}
