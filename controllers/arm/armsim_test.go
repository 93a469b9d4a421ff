// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package arm

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/google/uuid"

	"github.com/avs-operator/avs-operator/test/armsim"
)

const (
	simTenant       = "aaaaaaaa-0000-4000-8000-000000000001"
	simClient       = "cccccccc-0000-4000-8000-000000000001"
	simReader       = "cccccccc-0000-4000-8000-000000000002"
	simSubscription = "11111111-1111-1111-1111-111111111111"
	simSpeed        = 20_000 // a create of hours takes about a second
)

// simulator starts Azure's simulator, with the words of its errors chosen by others than the classes that read them.
func simulator(t *testing.T, edit ...func(*armsim.Config)) *armsim.Server {
	t.Helper()
	config := armsim.Config{
		Speed: simSpeed, Seed: 7, NoVCenters: true,
		Tenants: []armsim.Tenant{{ID: simTenant, Applications: []armsim.Application{
			{ClientID: simClient, Secrets: []string{secret}}, {ClientID: simReader, Secrets: []string{secret}}}}},
		Subscriptions: []armsim.Subscription{{ID: simSubscription, TenantID: simTenant, HostQuota: map[string]int{"av36p": 12},
			Contributors: []string{simClient}, Readers: []string{simReader}}},
		ResourceGroups: []armsim.ResourceGroup{{SubscriptionID: simSubscription, Name: "rg", Location: "westeurope"}},
	}
	for _, f := range edit {
		f(&config)
	}
	s, err := armsim.Start(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func connected(t *testing.T, s *armsim.Server, clientID, password string) *Client {
	t.Helper()
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(s.CAPEM())
	transport := &http.Transport{ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{RootCAs: pool}}
	t.Cleanup(transport.CloseIdleConnections)
	connection := &http.Client{Transport: transport}
	credential, err := azidentity.NewClientSecretCredential(simTenant, clientID, password, &azidentity.ClientSecretCredentialOptions{
		ClientOptions: policy.ClientOptions{Cloud: s.Cloud(), Transport: connection}, DisableInstanceDiscovery: true})
	if err != nil {
		t.Fatal(err)
	}
	c, err := NewClient(Options{Credential: credential, Cloud: s.Cloud(), Transport: connection, Principal: clientID, Speed: simSpeed})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func write(id ID, verb Verb, body string) Write {
	w := Write{ID: id, Types: []string{id.Type()}, Verb: verb, OperationID: uuid.NewString(), Deadline: time.Now().Add(20 * time.Second)}
	if body != "" {
		w.Body = []byte(body)
	}
	return w
}

const newCloud = `{"location":"westeurope","sku":{"name":"AV36P"},"properties":{"networkBlock":"10.10.0.0/22","managementCluster":{"clusterSize":3}}}`

// follow polls as the operator does, until the end.
func follow(t *testing.T, c *Client, a *Accepted) *Progress {
	t.Helper()
	ctx := soon(t)
	p := &Progress{Poll: a.Poll, RetryAfter: a.RetryAfter, State: InProgress}
	if a.Poll == (Poll{}) {
		return &Progress{State: Succeeded}
	}
	for p.State == InProgress {
		select {
		case <-time.After(max(wall(p.RetryAfter, simSpeed), 20*time.Millisecond)):
		case <-ctx.Done():
			t.Fatal("the operation does not end")
		}
		next, err := c.Poll(ctx, p.Poll)
		if ClassOf(err) == Throttled {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		p = next
	}
	return p
}

func do(t *testing.T, c *Client, w Write) *Progress {
	t.Helper()
	a, err := c.Begin(soon(t), w)
	if err != nil {
		t.Fatal(err)
	}
	return follow(t, c, a)
}

func want(t *testing.T, p *Progress, state State) {
	t.Helper()
	if p.State != state {
		t.Fatalf("%s, %v; want %s", p.State, p.Err, state)
	}
}

func TestWholeLifeAgainstTheSimulator(t *testing.T) {
	t.Parallel()
	s := simulator(t)
	c := connected(t, s, simClient, secret)
	ctx := soon(t)
	_, err := c.Get(ctx, private)
	wantClass(t, err, NotFound)
	want(t, do(t, c, write(private, PUT, newCloud)), Succeeded)
	r, err := c.Get(ctx, private)
	if err != nil || r.ProvisioningState() != "Succeeded" || r.ID != private || r.Int("/properties/managementCluster/clusterSize") != 3 {
		t.Fatalf("%+v %v", r, err)
	}
	want(t, do(t, c, write(private, PATCH, `{"properties":{"managementCluster":{"clusterSize":4}}}`)), Succeeded)
	want(t, do(t, c, write(second, PUT, `{"sku":{"name":"av36p"},"properties":{"clusterSize":3}}`)), Succeeded)
	list, err := c.List(ctx, second.Collection())
	if err != nil || len(list) != 1 || list[0].ID.Key() != second.Key() {
		t.Fatalf("%+v %v", list, err)
	}
	var before, after struct{ VcenterUsername, VcenterPassword string }
	if err := c.Post(ctx, private, "listAdminCredentials", nil, &before); err != nil || before.VcenterPassword == "" {
		t.Fatalf("%v", err)
	}
	rotate := write(private, POST, "")
	rotate.Action = "rotateVcenterPassword"
	want(t, do(t, c, rotate), Succeeded)
	if err := c.Post(ctx, private, "listAdminCredentials", nil, &after); err != nil || after.VcenterPassword == before.VcenterPassword {
		t.Fatalf("not rotated: %v", err)
	}
	want(t, do(t, c, write(second, DELETE, "")), Succeeded)
	want(t, do(t, c, write(private, DELETE, "")), Succeeded)
	_, err = c.Get(ctx, private)
	wantClass(t, err, NotFound)
	want(t, do(t, c, write(private, DELETE, "")), Succeeded) // 204
}

func TestClassesAgainstTheSimulator(t *testing.T) {
	t.Parallel()
	s := simulator(t, func(c *armsim.Config) { c.Capacity = map[string]int{"northeurope": 0} })
	c := connected(t, s, simClient, secret)
	ctx := soon(t)
	begin := func(w Write) error { _, err := c.Begin(ctx, w); return err }
	wantClass(t, begin(write(private, PUT, strings.Replace(newCloud, "westeurope", "northeurope", 1))), InsufficientCapacity)
	wantClass(t, begin(write(private, PUT, strings.Replace(newCloud, `"clusterSize":3`, `"clusterSize":13`, 1))), QuotaExceeded)
	wantClass(t, begin(write(private, PUT, strings.Replace(newCloud, "/22", "/24", 1))), InvalidRequest)
	wantClass(t, begin(write(second, PUT, `{"sku":{"name":"av36p"},"properties":{"clusterSize":3}}`)), NotFound)
	_, err := connected(t, s, simReader, secret).Begin(ctx, write(private, PUT, newCloud))
	wantClass(t, err, Forbidden)
	_, err = connected(t, s, simClient, "wrong").Get(ctx, private)
	wantClass(t, err, CredentialsInvalid)
	if !strings.Contains(err.Error(), "AADSTS") {
		t.Fatalf("says %v", err)
	}
	accepted, err := c.Begin(ctx, write(private, PUT, newCloud))
	if err != nil {
		t.Fatal(err)
	}
	wantClass(t, begin(write(private, PATCH, `{"properties":{"internet":"Enabled"}}`)), OperationInProgress)
	want(t, follow(t, c, accepted), Succeeded)
	wantClass(t, begin(write(private, PATCH, `{"properties":{"internet":null}}`)), InvalidRequest)

	s.Inject(armsim.Fault{Verb: "PUT", OperationFails: true, Code: "InternalServerError", Message: "It broke."})
	failed := do(t, c, write(second, PUT, `{"sku":{"name":"av36p"},"properties":{"clusterSize":3}}`))
	want(t, failed, Failed)
	if failed.Err == nil || failed.Err.Code != "InternalServerError" {
		t.Fatalf("%v", failed.Err)
	}
	wantClass(t, begin(write(second, PATCH, `{"properties":{"clusterSize":4}}`)), SupportRequired)
	s.Inject(armsim.Fault{Verb: "PATCH", Cancelled: true})
	want(t, do(t, c, write(private, PATCH, `{"properties":{"internet":"Enabled"}}`)), Canceled)
}

// TestALostAnswerIsFoundAndNotRepeated is the life of a record whose answer never came.
func TestALostAnswerIsFoundAndNotRepeated(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]armsim.Fault{
		"dropped":   {Verb: "PUT", When: armsim.After, Drop: true},
		"truncated": {Verb: "PUT", When: armsim.After, Truncate: true},
	} {
		t.Run(name, func(t *testing.T) {
			s := simulator(t)
			c := connected(t, s, simClient, secret)
			s.Inject(fault)
			w := write(private, PUT, newCloud)
			_, err := c.Begin(soon(t), w)
			wantClass(t, err, AnswerLost)
			if r, err := c.Get(soon(t), private); err != nil || r.ProvisioningState() == "Failed" {
				t.Fatalf("Azure has it: %v %v", r, err)
			}
			w.Deadline = time.Now().Add(10 * time.Second)
			want(t, do(t, c, w), Succeeded) // the same id: replayed, not done again
			puts := 0
			for _, r := range s.Requests() {
				if r.Method == http.MethodPut {
					puts++
				}
			}
			if puts != 2 {
				t.Fatalf("%d PUTs", puts)
			}
		})
	}
	s := simulator(t)
	c := connected(t, s, simClient, secret)
	s.Inject(armsim.Fault{Verb: "PUT", When: armsim.Before, Drop: true})
	_, err := c.Begin(soon(t), write(private, PUT, newCloud))
	wantClass(t, err, AnswerLost)
	_, err = c.Get(soon(t), private)
	wantClass(t, err, NotFound)
}

func TestRetryAfterOfTheSimulator(t *testing.T) {
	s := simulator(t)
	c := connected(t, s, simClient, secret)
	s.Inject(armsim.Fault{Status: 503, Code: "ServerBusy", RetryAfter: 5 * time.Hour, Path: regexp.MustCompile("/privateclouds/")})
	_, err := c.Get(soon(t), private)
	wantClass(t, err, Transient)
	if e := asError(err); e.RetryAfter != 5*time.Hour || e.Code != "ServerBusy" {
		t.Fatalf("%+v", e)
	}
	asked := len(s.Requests())
	_, err = c.Get(soon(t), private)
	wantClass(t, err, Transient)
	if e := asError(err); e.RetryAfter <= 0 || e.RetryAfter > 5*time.Hour || len(s.Requests()) != asked {
		t.Fatalf("within Retry-After %d requests were sent, and the caller was told %+v", len(s.Requests())-asked, e)
	}
	_, err = c.Get(soon(t), private+"-2")
	wantClass(t, err, NotFound) // another question
	time.Sleep(wall(5*time.Hour, simSpeed))
	_, err = c.Get(soon(t), private)
	wantClass(t, err, NotFound)
	s.Inject(armsim.Fault{Verb: "DELETE", Status: 429, Code: "TooManyRequests", RetryAfter: time.Hour})
	_, err = c.Begin(soon(t), write(private, DELETE, ""))
	wantClass(t, err, Throttled)
	before := len(s.Requests())
	if _, err = c.Begin(soon(t), write(private, DELETE, "")); ClassOf(err) != "" && ClassOf(err) != Throttled {
		t.Fatal(err)
	} else if ClassOf(err) == Throttled && len(s.Requests()) != before {
		t.Fatal("asked again within Retry-After")
	}
}

func TestWatcherAgainstTheSimulator(t *testing.T) {
	t.Parallel()
	s := simulator(t)
	c := connected(t, s, simClient, secret)
	want(t, do(t, c, write(private, PUT, newCloud)), Succeeded)
	w := NewWatcher(WatcherOptions{Speed: simSpeed})
	told := make(chan Change, 100)
	w.Subscribe(func(change Change) { told <- change })
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() { _ = w.Run(ctx) }()
	defer w.UseResource(c, private)()
	eventually(t, "the first snapshot", func() bool { return w.Look(simClient, private).Resource != nil })
	if first := <-told; first.ID != "" || first.Collection.Key() != private.Collection().Key() {
		t.Fatalf("%+v", first)
	}
	if err := s.SetInAzure(string(private), map[string]any{"properties": map[string]any{"internet": "Enabled"}}); err != nil {
		t.Fatal(err)
	}
	select {
	case change := <-told:
		if change.ID.Key() != private.Key() {
			t.Fatalf("%+v", change)
		}
	case <-time.After(time.Minute):
		t.Fatal("drift was not told")
	}
	if got := w.Look(simClient, private).Resource.String("/properties/internet"); got != "Enabled" {
		t.Fatal(fmt.Sprint("internet is ", got))
	}
}

func TestRecentListsAreNotAskedForTwice(t *testing.T) {
	s := simulator(t)
	c := connected(t, s, simClient, secret)
	skus := ID("/subscriptions/" + simSubscription + "/providers/Microsoft.AVS/skus")
	asked := func() (n int) {
		for _, r := range s.Requests() {
			if strings.HasSuffix(strings.ToLower(r.Path), "/skus") {
				n++
			}
		}
		return n
	}
	for range 3 {
		all, err := c.Recent(t.Context(), skus, 1000*time.Hour)
		if err != nil || len(all) == 0 || all[0].String("/name") == "" {
			t.Fatalf("got %d SKUs and %v", len(all), err)
		}
	}
	if asked() != 1 {
		t.Errorf("Azure was asked %d times within the time", asked())
	}
	if _, err := c.Recent(t.Context(), skus, 0); err != nil || asked() != 2 {
		t.Errorf("after the time Azure was asked %d times in all: %v", asked(), err)
	}
	if _, err := c.Recent(t.Context(), skus+"x", time.Hour); err == nil {
		t.Error("a list that cannot be read is no error")
	}
}
