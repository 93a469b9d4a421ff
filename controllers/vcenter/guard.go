// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"strings"
	"sync"
	"time"
)

// refusalMemory is how long a refused login is not repeated, in vCenter's time. Five refusals lock an account, for
// cloudadmin with every service that uses it; the usual lock and its counter last five minutes.
const refusalMemory = 10 * time.Minute

// LoginGuard remembers refused logins by vCenter, user and password, so that a wrong password costs one refusal
// and not one an object or a reconcile. A new password is a new key and is tried at once. It is safe for
// concurrent use; share one among all clients of a process.
type LoginGuard struct {
	salt []byte
	now  func() time.Time
	mu   sync.Mutex
	seen map[loginKey]*loginRecord
}

// loginKey is a keyed hash: the guard holds no password, and its memory tells none.
type loginKey [sha256.Size]byte

type loginRecord struct {
	turn    chan struct{} // held while somebody logs in with this key
	refused *Error
	users   int // waiting or logging in; a record in use is not swept
}

// NewLoginGuard returns an empty guard.
func NewLoginGuard() *LoginGuard {
	salt := make([]byte, 32)
	_, _ = rand.Read(salt) // never fails, by its documentation
	return &LoginGuard{salt: salt, now: time.Now, seen: map[loginKey]*loginRecord{}}
}

func (g *LoginGuard) key(server, user, password string) loginKey {
	mac := hmac.New(sha256.New, g.salt)
	for _, s := range []string{strings.ToLower(server), user, password} {
		sum := sha256.Sum256([]byte(s)) // fixed length: no two triples run together into one
		mac.Write(sum[:])
	}
	return loginKey(mac.Sum(nil))
}

// do runs login unless the same credentials were refused within refusalMemory; then it returns that refusal. Logins
// with the same key take turns: of ten that start together with a wrong password, one reaches vCenter.
func (g *LoginGuard) do(ctx context.Context, key loginKey, speed float64, login func() error) error {
	r := g.enter(key)
	defer g.leave(key, r)
	select {
	case r.turn <- struct{}{}:
		defer func() { <-r.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	g.mu.Lock()
	refused := r.refused
	g.mu.Unlock()
	if refused != nil && g.now().Before(refused.RetryAt) {
		return refused
	}
	err := login()
	var e *Error
	switch {
	case err == nil:
		g.remember(r, nil)
	case errors.As(err, &e) && (e.Class == CredentialsInvalid || e.Class == AccountLocked):
		e.RetryAt = g.now().Add(scaled(refusalMemory, speed))
		g.remember(r, e)
	}
	return err
}

func (g *LoginGuard) remember(r *loginRecord, e *Error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	r.refused = e
}

func (g *LoginGuard) enter(key loginKey) *loginRecord {
	g.mu.Lock()
	defer g.mu.Unlock()
	r := g.seen[key]
	if r == nil {
		r = &loginRecord{turn: make(chan struct{}, 1)}
		g.seen[key] = r
	}
	r.users++
	return r
}

// leave drops the record when nothing is remembered in it, and with it those whose time is over.
func (g *LoginGuard) leave(key loginKey, r *loginRecord) {
	g.mu.Lock()
	defer g.mu.Unlock()
	r.users--
	for k, other := range g.seen {
		if other.users == 0 && (other.refused == nil || !g.now().Before(other.refused.RetryAt)) {
			delete(g.seen, k)
		}
	}
}

// scaled is d at speed: simulated waits are shorter by that factor.
func scaled(d time.Duration, speed float64) time.Duration {
	if speed <= 0 || speed == 1 {
		return d
	}
	return time.Duration(float64(d) / speed)
}
