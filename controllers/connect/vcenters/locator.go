// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenters

import (
	"context"
	"time"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/connect/rulings"
	"github.com/avs-operator/avs-operator/controllers/outcome"
	"github.com/avs-operator/avs-operator/controllers/vcenter"
)

const (
	// tokenLife is how long a SAML token for a move is asked for, in real time: longer than vCenter lets a move wait in its own queue.
	// vCenter grants five minutes unless its administrator allowed more.
	tokenLife = 2 * time.Hour
	// leastTokenLife is what a start needs: a token that ends sooner could end before the call is carried out.
	leastTokenLife = 2 * time.Minute
)

// Locator is what a source vCenter gets to send machines to the vCenter of the named object: spec.migration's account, or a SAML token of
// this one. A token is short-lived, so each start asks for its own locator. Never the operator's own password: the other side would keep it.
func (v *Pool) Locator(ctx context.Context, namespace, name string) (*vcenter.Locator, *outcome.Outcome) {
	c, o := v.Get(ctx, namespace, name)
	if o != nil {
		return nil, o
	}
	certificate := c.Client.PeerCertificate()
	l := &vcenter.Locator{
		URL: migrationURL(c), InstanceUUID: c.Client.About().InstanceUUID,
		Thumbprint: certificate.ThumbprintSHA1, CertificatePEM: certificate.PEM,
	}
	if ref := migrationAccount(c.Object); ref != nil {
		l.Username, l.Password, o = v.account(ctx, c.Object, *ref)
		return l, o
	}
	token, err := c.Client.IssueToken(ctx, tokenLife)
	if err != nil {
		o := rulings.OfVCenter(err, c.Object, v.o.Pace)
		o.Message += nameAnAccount
		return nil, o
	}
	if token.Life < leastTokenLife {
		return nil, outcome.Stall(v1alpha1.ReasonCredentialsInvalid, "vCenter at %s grants tokens for %s only, too short for a move%s",
			c.Client.Host(), token.Life, nameAnAccount).In(rulings.StallPause).About(v1alpha1.ConditionCredentialsReady)
	}
	l.Token = token
	return l, nil
}

// nameAnAccount ends what is said about a token that cannot be had.
const nameAnAccount = ". Name an account for other vCenters in migration.credentialsRef, then no token is needed"

// migrationURL is how the other vCenter reaches this one.
func migrationURL(c *Connected) string {
	if m := c.Object.Spec.Migration; m != nil && m.URL != "" {
		return m.URL
	}
	return c.URL
}

// migrationAccount names the account that other vCenters get, nil for a token.
func migrationAccount(object *v1alpha1.VCenter) *v1alpha1.CredentialsReference {
	if object.Spec.Migration == nil {
		return nil
	}
	return object.Spec.Migration.CredentialsRef
}

// Arriving names the account as which machines come to a vCenter from another one: that of spec.migration, or the operator's own, as an empty
// name, because its token is what the other side gets.
func (v *Pool) Arriving(ctx context.Context, c *Connected) (string, *outcome.Outcome) {
	ref := migrationAccount(c.Object)
	if ref == nil {
		return "", nil
	}
	username, _, o := v.o.Live.BasicAuth(ctx, c.Object.Namespace, *ref)
	return username, o
}

// CheckMigration tries the migration account of a VCenter, once for each version of its Secret: that it is wrong should be known before
// the first machine wants to start.
func (v *Pool) CheckMigration(ctx context.Context, object *v1alpha1.VCenter) *outcome.Outcome {
	ref := migrationAccount(object)
	p, run := v.pooled(object)
	if ref == nil || run == nil {
		return nil
	}
	version, o := v.version(ctx, object, "Secret", ref.Name)
	if o != nil {
		return o
	}
	p.mu.Lock()
	known := p.account != "" && p.checked == version
	p.mu.Unlock()
	if known {
		return nil
	}
	if _, _, o := v.account(ctx, object, *ref); o != nil {
		return o
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.checked = version
	return nil
}

// account is the migration account, known to be accepted. It is tried here first, through the memory of refused logins: handed out wrong
// to twenty machines, it would be locked by the fifth.
func (v *Pool) account(ctx context.Context, object *v1alpha1.VCenter, ref v1alpha1.CredentialsReference) (string, string, *outcome.Outcome) {
	username, password, o := v.o.Live.BasicAuth(ctx, object.Namespace, ref)
	if o != nil {
		return "", "", o
	}
	fingerprint := v.fingerprint(username, password)
	p, run := v.pooled(object)
	if run == nil {
		return "", "", outcome.Wait(v1alpha1.ReasonReconciling, "the operator is starting").In(v.o.Pace.Elapsed(time.Second))
	}
	p.mu.Lock()
	known := p.account == fingerprint
	p.mu.Unlock()
	if known {
		return username, password, nil
	}
	e, _, o := v.endpoint(ctx, object)
	if o != nil {
		return "", "", o
	}
	e.Username, e.Password = username, password
	c, err := vcenter.Connect(ctx, e)
	if err != nil {
		o := rulings.Unproven(err, object, v.o.Pace)
		o.After = max(o.After, firstPause)
		o.Message = "the migration account in Secret " + ref.Name + ": " + o.Message
		return "", "", o
	}
	c.Close(ctx)
	p.mu.Lock()
	p.account = fingerprint
	p.mu.Unlock()
	return username, password, nil
}

// LocatorRefused forgets that the migration account of the named object was accepted, because a vCenter said otherwise: before it is handed
// out again it is tried here once.
func (v *Pool) LocatorRefused(namespace, name string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, p := range v.pools {
		if p.name.Namespace == namespace && p.name.Name == name {
			p.mu.Lock()
			p.account = ""
			p.mu.Unlock()
		}
	}
}
