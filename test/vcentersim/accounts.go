// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcentersim

import (
	"crypto/subtle"
	"errors"
	"strings"
	"sync"
	"time"
)

// Five refusals lock an account, vCenter Single Sign-On's default policy.
const refusalsThatLock = 5

var (
	errWrongPassword = errors.New("incorrect user name or password")
	errLocked        = errors.New("user account is locked")
)

// Login is one attempt to log in, over SOAP, the token service or REST.
type Login struct {
	User string
	OK   bool
	At   time.Time
	// Locked is true when the attempt was refused because the account was locked, whatever the password.
	Locked bool
}

type account struct {
	password    string
	role        Role
	revoked     map[string]bool
	refusals    int
	lockedUntil time.Time
}

// accounts keeps users, their roles and every login attempt.
type accounts struct {
	mu       sync.Mutex
	users    map[string]*account
	lockTime time.Duration
	attempts []Login
}

func newAccounts(lockTime time.Duration) *accounts {
	return &accounts{users: map[string]*account{}, lockTime: lockTime}
}

// accountKey folds case and the two ways to write a domain, because vCenter takes DOMAIN\user and user@domain for one.
func accountKey(user string) string {
	user = strings.ToLower(strings.TrimSpace(user))
	if domain, name, ok := strings.Cut(user, `\`); ok {
		return name + "@" + domain
	}
	return user
}

func (a *accounts) add(user, password string, role Role) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.users[accountKey(user)] = &account{password: password, role: role, revoked: map[string]bool{}}
}

// passwordOf is the account's password now, empty if there is no such account.
func (a *accounts) passwordOf(user string) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	if u := a.users[accountKey(user)]; u != nil {
		return u.password
	}
	return ""
}

func (a *accounts) setPassword(user, password string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if u := a.users[accountKey(user)]; u != nil {
		u.password, u.refusals, u.lockedUntil = password, 0, time.Time{}
	}
}

// check compares a password and records the attempt. A locked account refuses even the right one.
func (a *accounts) check(user, password string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := time.Now()
	u := a.users[accountKey(user)]
	if u != nil && now.Before(u.lockedUntil) {
		a.attempts = append(a.attempts, Login{User: user, At: now, Locked: true})
		return errLocked
	}
	ok := u != nil && subtle.ConstantTimeCompare([]byte(u.password), []byte(password)) == 1
	a.attempts = append(a.attempts, Login{User: user, OK: ok, At: now})
	if ok {
		u.refusals = 0
		return nil
	}
	if u != nil {
		if u.refusals++; u.refusals >= refusalsThatLock {
			u.refusals, u.lockedUntil = 0, now.Add(a.lockTime)
		}
	}
	return errWrongPassword
}

// note records an attempt that was decided elsewhere, by a token for example.
func (a *accounts) note(user string, ok bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.attempts = append(a.attempts, Login{User: user, OK: ok, At: time.Now()})
}

func (a *accounts) exists(user string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.users[accountKey(user)] != nil
}

func (a *accounts) logins() []Login {
	a.mu.Lock()
	defer a.mu.Unlock()
	return append([]Login(nil), a.attempts...)
}

// granted says whether the user holds the privilege; an unknown user holds none.
func (a *accounts) granted(user, privilege string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	u := a.users[accountKey(user)]
	return u != nil && u.role.grants(privilege) && !u.revoked[privilege]
}

func (a *accounts) revoke(user string, privileges ...string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if u := a.users[accountKey(user)]; u != nil {
		for _, p := range privileges {
			u.revoked[p] = true
		}
	}
}

// privilegesOf lists what the user holds.
func (a *accounts) privilegesOf(user string, all []string) []string {
	var held []string
	for _, p := range all {
		if a.granted(user, p) {
			held = append(held, p)
		}
	}
	return held
}
