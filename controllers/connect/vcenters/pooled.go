// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenters

import (
	"context"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/connect/rulings"
	"github.com/avs-operator/avs-operator/controllers/outcome"
	"github.com/avs-operator/avs-operator/controllers/vcenter"
)

// pooled is one VCenter object's place in the pool: its connection, if it has one, and when the next attempt may be made.
type pooled struct {
	name types.NamespacedName
	pace outcome.Pace
	tell func(vcenter.Change)

	mu       sync.Mutex
	versions string        // what the last attempt was made from
	running  chan struct{} // closed at the end of the attempt under way; nil: none is
	now      *connection
	problem  *outcome.Outcome // of the last attempt, if it failed
	refused  bool             // the problem is a refused login, whose pause nobody shortens
	retryAt  time.Time
	failures int
	account  string // fingerprint of the migration account that logged in last; see Locator
	checked  string // version of its Secret then
}

// connection is a session and its stream.
type connection struct {
	client      *vcenter.Client
	watcher     *vcenter.Watcher
	url         string
	username    string
	fingerprint string // of the endpoint it was made from, credentials included
	stop        func() // ends the stream; logging out is another matter
}

// built is what an attempt made: a connection, or that the present one is still right.
type built struct {
	connection *connection
	same       bool
}

// ConnectWithin bounds one attempt to connect, in real time.
const ConnectWithin = 2 * time.Minute

// Pauses between attempts, in vCenter's time.
const (
	firstPause = 5 * time.Second
	MostPause  = 5 * time.Minute
	// goodbye is how long a replaced session stays, in real time: reconciles that hold it end first.
	goodbye = 30 * time.Second
)

// attempt makes sure that an attempt to connect is under way if one is due, and returns what its end closes; nil: nothing to wait for.
func (p *pooled) attempt(run context.Context, versions string, build func(context.Context) (*built, *outcome.Outcome, error)) <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.running != nil {
		return p.running
	}
	if !p.due(versions, time.Now()) {
		return nil
	}
	if versions != p.versions {
		p.failures, p.refused = 0, false
	}
	done := make(chan struct{})
	p.versions, p.running = versions, done
	go func() {
		ctx, cancel := context.WithTimeout(run, ConnectWithin)
		defer cancel()
		b, o, err := build(ctx)
		p.finish(run, b, o, err)
		close(done)
		p.tell(vcenter.Change{Kind: vcenter.ChangeConnection})
	}()
	return done
}

// due says whether to connect now: something changed, there is no connection and the pause is over, or the one there is cannot heal by
// itself.
func (p *pooled) due(versions string, now time.Time) bool {
	if versions != p.versions {
		return true
	}
	if now.Before(p.retryAt) {
		return false
	}
	return p.now == nil || beyondHealing(p.now.watcher.Err())
}

// beyondHealing says that a connection is lost for a cause that its stream's own attempts do not mend: cloudadmin's password may have been
// changed in Azure, or the vCenter at this address may be another now.
func beyondHealing(err error) bool {
	switch vcenter.ClassOf(err) {
	case vcenter.CredentialsInvalid, vcenter.AccountLocked, vcenter.IdentityChanged:
		return true
	}
	return false
}

// finish takes over what an attempt made.
func (p *pooled) finish(run context.Context, b *built, o *outcome.Outcome, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.running = nil
	class := vcenter.ClassOf(err)
	switch {
	case o != nil:
		p.failures++
		p.refused = class == vcenter.CredentialsInvalid || class == vcenter.AccountLocked
		if o.After == 0 {
			o.After = min(firstPause<<min(p.failures-1, 10), MostPause)
		}
		p.problem, p.retryAt = o, time.Now().Add(p.pace.Real(o.After))
		p.drop(goodbye)
	case b.same:
		p.problem, p.failures, p.retryAt = nil, 0, time.Now().Add(p.pace.Real(rulings.StallPause))
	default:
		p.problem, p.failures, p.retryAt = nil, 0, time.Now().Add(p.pace.Real(rulings.StallPause))
		p.drop(goodbye)
		p.now = b.connection
		p.watch(run, b.connection)
	}
}

// watch runs the connection's stream until it is dropped or this process stops to lead.
func (p *pooled) watch(run context.Context, c *connection) {
	ctx, cancel := context.WithCancel(run)
	unsubscribe := c.watcher.Subscribe(p.tell)
	c.stop = func() { unsubscribe(); cancel() }
	go func() {
		if err := c.watcher.Run(ctx); err != nil && ctx.Err() == nil {
			ctrl.Log.WithName("vcenter").Error(err, "Stream ended", "vcenter", p.name)
		}
	}()
}

// drop lets the present connection go: its stream now, its session after the grace.
func (p *pooled) drop(grace time.Duration) {
	c := p.now
	if c == nil {
		return
	}
	p.now = nil
	c.stop()
	time.AfterFunc(grace, func() { c.client.Close(context.Background()) })
}

// close ends the connection for good and logs out.
func (p *pooled) close() {
	p.mu.Lock()
	c := p.now
	p.now = nil
	p.mu.Unlock()
	if c == nil {
		return
	}
	c.stop()
	c.client.Close(context.Background())
}

// hurry ends the pause of anything but a refused login.
func (p *pooled) hurry() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.refused {
		p.retryAt = time.Time{}
	}
}

// answer is what Get says now.
func (p *pooled) answer(object *v1alpha1.VCenter) (*Connected, *outcome.Outcome) {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := p.now
	switch {
	case c == nil && p.problem != nil:
		return nil, p.again(p.problem)
	case c == nil:
		return nil, outcome.Wait(v1alpha1.ReasonReconciling, "logging in to vCenter").In(p.pace.Elapsed(patience)).Quietly()
	}
	if usable := p.usable(object); usable != nil {
		return usable, nil
	}
	if err := c.watcher.Err(); err != nil {
		o := rulings.OfVCenter(err, object, p.pace)
		if o.After == 0 {
			o.After = MostPause // the stream tries again by itself and tells when it is back
		}
		return nil, o
	}
	return nil, outcome.Wait(v1alpha1.ReasonReconciling, "reading vCenter's inventory").In(MostPause).Quietly()
}

// present is the connection as it is, nil if it cannot be used.
func (p *pooled) present(object *v1alpha1.VCenter) *Connected {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.usable(object)
}

func (p *pooled) usable(object *v1alpha1.VCenter) *Connected {
	c := p.now
	if c == nil || c.watcher.Err() != nil || !c.watcher.Synced() {
		return nil
	}
	return &Connected{Object: object, Client: c.client, Watcher: c.watcher, URL: c.url, Username: c.username}
}

// again is the problem with the pause that is left of it.
func (p *pooled) again(problem *outcome.Outcome) *outcome.Outcome {
	o := *problem
	o.After = max(p.pace.Elapsed(time.Until(p.retryAt)), p.pace.Elapsed(10*time.Millisecond))
	return &o
}
