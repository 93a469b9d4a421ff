// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcentersim_test

import (
	"context"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/session"
	"github.com/vmware/govmomi/sts"
	"github.com/vmware/govmomi/vapi/rest"
	"github.com/vmware/govmomi/vapi/tags"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"

	sim "github.com/avs-operator/avs-operator/test/vcentersim"
)

func TestFiveRefusalsLockTheAccount(t *testing.T) {
	v := start(t, sim.Config{Speed: 100, LockTime: 30 * time.Second}) // 0.3 s
	try := func(password string) error {
		return session.NewManager(connect(t, v)).Login(context.Background(), url.UserPassword(v.Username(), password))
	}
	for range 5 {
		if got := faultType(try("wrong")); got != "InvalidLogin" {
			t.Fatalf("a wrong password gives %s", got)
		}
	}
	if try(v.Password()) == nil {
		t.Fatal("the account is not locked")
	}
	attempts := v.Logins()
	if len(attempts) != 6 || !attempts[5].Locked || attempts[5].OK {
		t.Errorf("attempts: %+v", attempts)
	}
	eventually(t, "the lock ends", func() bool { return try(v.Password()) == nil })
}

func TestSessionsExpire(t *testing.T) {
	v := start(t, sim.Config{Speed: 1, SessionIdle: time.Second})
	c := login(t, v)
	if _, err := methods.GetCurrentTime(context.Background(), c); err != nil {
		t.Fatal(err)
	}
	time.Sleep(1100 * time.Millisecond)
	if _, err := methods.GetCurrentTime(context.Background(), c); faultType(err) != "NotAuthenticated" {
		t.Errorf("an idle session goes on: %v", err)
	}
	c = login(t, v)
	if _, err := methods.GetCurrentTime(context.Background(), c); err != nil {
		t.Fatal(err)
	}
	v.ExpireSessions()
	if _, err := methods.GetCurrentTime(context.Background(), c); faultType(err) != "NotAuthenticated" {
		t.Errorf("an expired session goes on: %v", err)
	}
}

func TestPasswordChange(t *testing.T) {
	v := start(t, sim.Config{})
	old := v.Password()
	v.SetPassword(v.Username(), "new")
	try := func(password string) error {
		return session.NewManager(connect(t, v)).Login(context.Background(), url.UserPassword(v.Username(), password))
	}
	if try(old) == nil || try("new") != nil || v.Password() != "new" {
		t.Error("the new password does not hold, or the old one does")
	}
}

func TestTwoVCentersAreTwo(t *testing.T) {
	p := newPair(t, sim.Config{}, sim.Config{})
	a, b := p.from.ServiceContent.About, p.to.ServiceContent.About
	if a.InstanceUuid == b.InstanceUuid || a.InstanceUuid != p.source.InstanceUUID() || a.Version != "8.0.2" {
		t.Errorf("about: %+v, %+v", a, b)
	}
	if p.source.Thumbprint() == p.target.Thumbprint() {
		t.Error("one certificate for two")
	}
	if err := session.NewManager(connect(t, p.source)).Login(context.Background(), url.UserPassword(p.target.Username(), p.target.Password())); err == nil {
		t.Error("an account of one works at the other")
	}
}

func TestCloudAdminIsLimited(t *testing.T) {
	v := start(t, sim.Config{Layout: sim.AVS})
	c := login(t, v)
	ctx := context.Background()
	manager := object.NewAuthorizationManager(c.Client)
	root := c.ServiceContent.RootFolder
	held, err := manager.FetchUserPrivilegeOnEntities(ctx, []types.ManagedObjectReference{root}, v.Username())
	if err != nil {
		t.Fatal(err)
	}
	has := map[string]bool{}
	for _, p := range held[0].Privileges {
		has[p] = true
	}
	for _, want := range []string{"Resource.AssignVMToPool", "Resource.HotMigrate", "Resource.ColdMigrate", "Network.Assign",
		"Datastore.AllocateSpace", "VirtualMachine.Inventory.Create", "Global.CancelTask", "InventoryService.Tagging.AttachTag"} {
		if !has[want] {
			t.Errorf("CloudAdmin lacks %s", want)
		}
	}
	for _, never := range []string{"Host.Config.Maintenance", "DVSwitch.Create", "DVPortgroup.Create", "StorageProfile.Update",
		"Cryptographer.Migrate", "Sessions.TerminateSession", "VApp.PullFromUrls", "Global.Licenses"} {
		if has[never] {
			t.Errorf("CloudAdmin holds %s", never)
		}
	}
	answers, err := manager.HasUserPrivilegeOnEntities(ctx, []types.ManagedObjectReference{root}, v.Username(), []string{"Host.Config.Network", "Network.Assign"})
	if err != nil || answers[0].PrivAvailability[0].IsGranted || !answers[0].PrivAvailability[1].IsGranted {
		t.Errorf("HasUserPrivilegeOnEntities: %+v, %v", answers, err)
	}
	_, err = object.NewRootFolder(c.Client).CreateDatacenter(ctx, "mine")
	if faultType(err) != "NoPermission" {
		t.Errorf("CloudAdmin made a datacenter: %v", err)
	}
}

func TestTokens(t *testing.T) {
	v, other := start(t, sim.Config{}), start(t, sim.Config{TokenClockAhead: 11 * time.Minute})
	ctx := context.Background()
	issue := func(v *sim.VCenter, password string, life time.Duration) (*sts.Signer, error) {
		client, err := sts.NewClient(ctx, connect(t, v))
		if err != nil {
			return nil, err
		}
		return client.Issue(ctx, sts.TokenRequest{Userinfo: url.UserPassword(v.Username(), password), Lifetime: life})
	}
	use := func(v *sim.VCenter, s *sts.Signer) error {
		c := connect(t, v)
		return session.NewManager(c).LoginByToken(c.WithHeader(ctx, soap.Header{Security: s}))
	}
	good := must(issue(v, v.Password(), time.Hour))(t)
	if life := good.Lifetime.Expires.Sub(good.Lifetime.Created); life != 5*time.Minute {
		t.Errorf("asked for an hour, got %s: vCenter grants 300 s", life)
	}
	if err := use(v, good); err != nil {
		t.Errorf("a good token is refused: %v", err)
	}
	if faultType(use(other, good)) != "InvalidLogin" {
		t.Error("another vCenter takes the token")
	}
	if err := use(v, must(issue(v, v.Password(), time.Millisecond))(t)); err != nil {
		t.Errorf("a token that ended within the tolerance for clocks is refused: %v", err)
	}
	if _, err := issue(other, other.Password(), time.Hour); err == nil || !strings.Contains(err.Error(), "clock") {
		t.Errorf("a token for a client whose clock is 11 minutes off: %v", err)
	}
	short := start(t, sim.Config{TokenLife: time.Millisecond, TokenClockAhead: 10*time.Minute - time.Second})
	late := must(issue(short, short.Password(), time.Hour))(t)
	time.Sleep(1100 * time.Millisecond)
	if faultType(use(short, late)) != "InvalidLogin" {
		t.Error("an expired token is good")
	}
	forged := *good
	forged.Token = replaceOnce(good.Token, "administrator@", "Administrator@")
	if faultType(use(v, &forged)) != "InvalidLogin" {
		t.Error("a changed token is good")
	}
	for range 5 {
		if _, err := issue(v, "wrong", time.Hour); err == nil {
			t.Fatal("a token for a wrong password")
		}
	}
	if _, err := issue(v, v.Password(), time.Hour); err == nil {
		t.Error("refusals at the token service do not lock the account")
	}
}

func TestMoveWithToken(t *testing.T) {
	p := newPair(t, sim.Config{Machines: 2}, sim.Config{})
	client := must(sts.NewClient(context.Background(), connect(t, p.target)))(t)
	signer := must(client.Issue(context.Background(), sts.TokenRequest{Userinfo: url.UserPassword(p.target.Username(), p.target.Password())}))(t)
	spec := p.spec("web-01", "seg-web")
	spec.Service.Credential = &types.ServiceLocatorSAMLCredential{Token: signer.Token}
	if _, err := p.relocate("web-01", spec); err != nil {
		t.Fatalf("relocate with a token: %v", err)
	}
	spec = p.spec("fin-app-01", "seg-finance")
	spec.Service.Credential = &types.ServiceLocatorSAMLCredential{Token: replaceOnce(signer.Token, "cloudadmin", "Cloudadmin")}
	if _, err := p.relocate("fin-app-01", spec); faultType(err) != "InvalidLogin" {
		t.Errorf("a forged token moves machines: %v", err)
	}
}

func TestTagging(t *testing.T) {
	v := start(t, sim.Config{Machines: 1})
	ctx := context.Background()
	r := rest.NewClient(login(t, v).Client)
	if err := r.Login(ctx, url.UserPassword(v.Username(), "wrong")); err == nil {
		t.Error("REST takes a wrong password")
	}
	if err := r.Login(ctx, url.UserPassword(v.Username(), v.Password())); err != nil {
		t.Fatal(err)
	}
	m := tags.NewManager(r)
	category := must(m.CreateCategory(ctx, &tags.Category{Name: "tier", Cardinality: "SINGLE"}))(t)
	tag := must(m.CreateTag(ctx, &tags.Tag{Name: "gold", CategoryID: category}))(t)
	ref := types.ManagedObjectReference{Type: "VirtualMachine", Value: v.Machines()[0].Ref}
	if err := m.AttachTag(ctx, tag, ref); err != nil {
		t.Fatal(err)
	}
	if got := must(m.GetAttachedTags(ctx, ref))(t); len(got) != 1 || got[0].Name != "gold" {
		t.Errorf("attached: %+v", got)
	}
}
