// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/types"
)

func TestConnectTrustsByPinOrByRoots(t *testing.T) {
	st := startStock(t, nil)
	e := st.endpoint(t)
	cert, err := Probe(t.Context(), e)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM([]byte(cert.PEM)) {
		t.Fatal("the probe gave no PEM")
	}
	for name, change := range map[string]func(*Endpoint){
		"SHA-256":              func(e *Endpoint) { e.Thumbprint = cert.ThumbprintSHA256 },
		"SHA-1":                func(e *Endpoint) { e.Thumbprint = cert.ThumbprintSHA1 },
		"lower without colons": func(e *Endpoint) { e.Thumbprint = strings.ToLower(strings.ReplaceAll(cert.ThumbprintSHA256, ":", "")) },
		"roots":                func(e *Endpoint) { e.Thumbprint, e.RootCAs = "", roots },
		"with /sdk":            func(e *Endpoint) { e.URL += "/sdk" },
	} {
		t.Run(name, func(t *testing.T) {
			e := e
			change(&e)
			c := dial(t, e)
			if c.About().InstanceUUID != st.m.ServiceContent.About.InstanceUuid {
				t.Errorf("instance UUID %q", c.About().InstanceUUID)
			}
			if got := c.PeerCertificate(); got != cert {
				t.Errorf("peer certificate %+v, want %+v", got, cert)
			}
			if at, err := c.ServerTime(t.Context()); err != nil || time.Since(at).Abs() > time.Minute {
				t.Errorf("server time %s, %v", at, err)
			}
		})
	}
}

func TestConnectRefusesWhatItCannotTrust(t *testing.T) {
	st := startStock(t, nil)
	e := st.endpoint(t)
	right := e.Thumbprint

	e.Thumbprint = strings.Repeat("AB:", 31) + "AB"
	_, err := Connect(t.Context(), e)
	got := asError(t, err, CertificateChanged)
	if got.Pinned != e.Thumbprint || got.Presented != right {
		t.Errorf("pinned %s presented %s", got.Pinned, got.Presented)
	}
	for _, want := range []string{e.Thumbprint, right} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not show %s", err, want)
		}
	}

	e.Thumbprint = strings.Repeat("AB", 20)
	_, err = Connect(t.Context(), e)
	if got := asError(t, err, CertificateChanged); len(got.Presented) != 59 {
		t.Errorf("a SHA-1 pin was answered with %s", got.Presented)
	}

	e.Thumbprint = ""
	_, err = Connect(t.Context(), e)
	asError(t, err, CertificateUntrusted)

	e.Thumbprint = "AB:CD"
	_, err = Connect(t.Context(), e)
	asError(t, err, InvalidRequest)
	if n := st.count("Login"); n != 0 {
		t.Errorf("%d logins were sent to a server that was not trusted", n)
	}
}

func TestConnectDialsTheAddressAndAsksForTheName(t *testing.T) {
	st := startStock(t, nil)
	e := st.endpoint(t)
	e.Address = st.s.URL.Host
	e.URL = "https://vcenter.oslo.example.com"
	c := dial(t, e)
	if c.Host() != "vcenter.oslo.example.com" {
		t.Errorf("host %q", c.Host())
	}

	// Without a pin the certificate must say the name in URL, whatever was dialled.
	cert, _ := Probe(t.Context(), e)
	e.Thumbprint, e.RootCAs = "", x509.NewCertPool()
	e.RootCAs.AppendCertsFromPEM([]byte(cert.PEM))
	_, err := Connect(t.Context(), e)
	asError(t, err, CertificateUntrusted)
	if !strings.Contains(err.Error(), "vcenter.oslo.example.com") {
		t.Errorf("%q does not show the name", err)
	}
}

func TestConnectRefusesBadURLsWithoutShowingThem(t *testing.T) {
	for _, u := range []string{
		"https://root:" + testPassword + "@vc/sdk", "http://vc/sdk", "vc.example.com", "https://", "https://root:" + testPassword + "%zz@vc",
	} {
		_, err := Connect(t.Context(), Endpoint{URL: u, Username: "u", Password: "p"})
		asError(t, err, InvalidRequest)
		if strings.Contains(err.Error(), testPassword) {
			t.Errorf("the error shows the password: %v", err)
		}
	}
}

func TestConnectTellsThatNobodyIsThere(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	_, err = Connect(t.Context(), Endpoint{URL: "https://" + addr, Username: "u", Password: "p"})
	asError(t, err, Unreachable)
}

func TestARefusedLoginIsCountedOnce(t *testing.T) {
	st := startStock(t, nil)
	e := st.endpoint(t)
	e.Guard, e.Password = NewLoginGuard(), "wrong-"+testPassword
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() {
			_, err := Connect(t.Context(), e)
			got := asError(t, err, CredentialsInvalid)
			if left := time.Until(got.RetryAt); left <= 0 || left > scaled(refusalMemory, e.Speed) {
				t.Errorf("retry in %s", left)
			}
			if strings.Contains(err.Error(), e.Password) {
				t.Errorf("the error shows the password: %v", err)
			}
		})
	}
	wg.Wait()
	if n := st.count("Login"); n != 1 {
		t.Fatalf("ten clients with one wrong password made %d logins, want 1", n)
	}

	right := e
	right.Password = testPassword
	dial(t, right) // another password is tried at once
	if n := st.count("Login"); n != 2 {
		t.Fatalf("%d logins, want 2", n)
	}

	later := time.Now().Add(scaled(refusalMemory, e.Speed))
	e.Guard.now = func() time.Time { return later.Add(time.Second) }
	_, err := Connect(t.Context(), e)
	asError(t, err, CredentialsInvalid)
	if n := st.count("Login"); n != 3 {
		t.Fatalf("after the time was over there were %d logins, want 3", n)
	}
}

func TestTheGuardForgetsWhatIsOver(t *testing.T) {
	g := NewLoginGuard()
	refuse := func() error {
		return &Error{Class: AccountLocked, Doing: "log in", Server: "vc", Err: errors.New("locked")}
	}
	for i := range 50 {
		key := g.key("vc", "user", fmt.Sprint(i))
		if ClassOf(g.do(t.Context(), key, 1, refuse)) != AccountLocked {
			t.Fatal("the refusal did not come back")
		}
	}
	g.now = func() time.Time { return time.Now().Add(refusalMemory + time.Second) }
	if err := g.do(t.Context(), g.key("vc", "user", "new"), 1, func() error { return nil }); err != nil {
		t.Fatal(err)
	}
	if len(g.seen) != 0 {
		t.Errorf("%d records are kept for ever", len(g.seen))
	}
}

// expire ends every session, as a restart of vCenter's services does.
func (st *stock) expire(t *testing.T) {
	t.Helper()
	admin := dial(t, st.endpoint(t))
	ctx := t.Context()
	objects, err := admin.retrieve(ctx, "list the sessions", []types.ObjectSpec{{Obj: *admin.vim.ServiceContent.SessionManager}},
		types.PropertySpec{Type: "SessionManager", PathSet: []string{"sessionList"}})
	if err != nil {
		t.Fatal(err)
	}
	list, _ := prop(objects[0], "sessionList").(types.ArrayOfUserSession)
	ids := []string{}
	for _, s := range list.UserSession {
		if s.Key != admin.session.now.Load().key {
			ids = append(ids, s.Key)
		}
	}
	if len(ids) == 0 {
		t.Fatal("there is no session to end")
	}
	if _, err := methods.TerminateSession(ctx, admin.vim, &types.TerminateSession{This: *admin.vim.ServiceContent.SessionManager, SessionId: ids}); err != nil {
		t.Fatal(err)
	}
}

func TestAnExpiredSessionIsRenewedOnceForAll(t *testing.T) {
	st := startStock(t, nil)
	c := dial(t, st.endpoint(t))
	st.expire(t)
	before := st.count("Login")
	var wg sync.WaitGroup
	for range 12 {
		wg.Go(func() {
			if _, err := c.FindMachine(t.Context(), "no-such-machine"); err != nil { // the stock simulator reads properties for anybody
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := st.count("Login") - before; n != 1 {
		t.Errorf("twelve calls renewed the session %d times, want 1", n)
	}
}

func TestARenewalThatIsRefusedIsTold(t *testing.T) {
	st := startStock(t, nil)
	c := dial(t, st.endpoint(t))
	st.m.Service.Listen.User = url.UserPassword(testUser, "rotated")
	admin := st.endpoint(t)
	admin.Password = "rotated"
	a := dial(t, admin)
	terminate(t, a, c)
	for range 5 {
		_, err := c.FindMachine(t.Context(), "no-such-machine")
		asError(t, err, CredentialsInvalid)
	}
	if n := st.count("Login"); n != 3 {
		t.Errorf("%d logins, want the two that held and one refusal", n)
	}
}

func terminate(t *testing.T, admin, victim *Client) {
	t.Helper()
	_, err := methods.TerminateSession(t.Context(), admin.vim, &types.TerminateSession{
		This: *admin.vim.ServiceContent.SessionManager, SessionId: []string{victim.session.now.Load().key},
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestAClosedClientStaysOut(t *testing.T) {
	st := startStock(t, nil)
	c, err := Connect(t.Context(), st.endpoint(t))
	if err != nil {
		t.Fatal(err)
	}
	c.Close(t.Context())
	c.Close(t.Context())
	_, err = c.FindMachine(t.Context(), "no-such-machine")
	asError(t, err, Canceled)
	if in, out := st.count("Login"), st.count("Logout"); in != 1 || out != 1 {
		t.Errorf("%d logins and %d logouts, want one of each", in, out)
	}
}

func TestNothingIsSentWithoutLeave(t *testing.T) {
	st := startStock(t, nil)
	e := st.endpoint(t)
	var asked atomic.Int32
	e.MayWrite = func() error { asked.Add(1); return errors.New("the lease is lost") }
	c := dial(t, e)
	vm := watch(t, c, WatcherOptions{}).Inventory().MachinesByName("DC0_H0_VM0")[0]
	ctx := t.Context()

	_, err := c.PowerOff(ctx, vm.Ref)
	asError(t, err, WriteRefused)
	_, err = c.PowerOn(ctx, vm.Ref)
	asError(t, err, WriteRefused)
	asError(t, c.ShutdownGuest(ctx, vm.Ref), WriteRefused)
	asError(t, c.CancelTask(ctx, "task-1"), WriteRefused)
	_, err = c.Relocate(ctx, Relocation{Machine: vm.Ref, Datastore: vm.Datastores[0]})
	asError(t, err, WriteRefused)
	if !strings.Contains(err.Error(), "the lease is lost") {
		t.Errorf("%q does not tell why", err)
	}
	for _, m := range []string{"PowerOffVM_Task", "PowerOnVM_Task", "ShutdownGuest", "CancelTask", "RelocateVM_Task"} {
		if st.count(m) != 0 {
			t.Errorf("%s was sent", m)
		}
	}
	if asked.Load() != 5 {
		t.Errorf("asked %d times, want once a call", asked.Load())
	}
}

func TestALostAnswerIsToldApartFromNoConnection(t *testing.T) {
	st := startStock(t, nil)
	e := st.endpoint(t)
	relay := newRelay(t, st.s.URL.Host)
	e.Address = relay.addr
	c := dial(t, e)
	vm := watch(t, dial(t, st.endpoint(t)), WatcherOptions{}).Inventory().MachinesByName("DC0_H0_VM0")[0]

	relay.cut.Store(true) // requests still pass, answers do not
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	_, err := c.PowerOff(ctx, vm.Ref)
	asError(t, err, AnswerLost)
	eventually(t, 5*time.Second, "the call arrived", func() bool { return st.count("PowerOffVM_Task") == 1 })

	relay.close()
	_, err = c.PowerOff(t.Context(), vm.Ref)
	asError(t, err, Unreachable)
	if n := st.count("PowerOffVM_Task"); n != 1 {
		t.Errorf("the call arrived %d times", n)
	}
}

func TestSecretsDoNotPrint(t *testing.T) {
	secret := "s3cret-s3cret"
	l := Locator{URL: "https://vc", InstanceUUID: "u", Username: "a", Password: secret, Token: Token{SAML: secret}}
	e := Endpoint{URL: "https://vc", Username: "a", Password: secret}
	j, err := json.Marshal(struct {
		L *Locator
		E Endpoint
		R Relocation
	}{&l, e, Relocation{Locator: &l}})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{
		string(j), fmt.Sprint(l), fmt.Sprintf("%+v %#v %s %q", l, l, l, l), fmt.Sprintf("%+v %#v", &l, &l),
		fmt.Sprintf("%v %+v %#v", e, e, e), fmt.Sprintf("%+v %#v", Relocation{Locator: &l}, Relocation{Locator: &l}),
		fmt.Sprintf("%+v", []any{l, e}),
	} {
		if strings.Contains(s, secret) {
			t.Errorf("a secret prints: %s", s)
		}
	}
}
