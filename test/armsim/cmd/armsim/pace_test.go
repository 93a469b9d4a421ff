// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"github.com/avs-operator/avs-operator/test/armsim"
)

// What the program promises with 10,000 children of a private cloud while 20 operations run: medians at the client, over TLS.
const (
	pageBound   = 10 * time.Millisecond // 100 items
	walkBound   = 2 * time.Second       // all, through nextLink
	getBound    = 5 * time.Millisecond
	memoryBound = 500 << 20 // bytes, resident
)

const (
	paceGroup   = "/subscriptions/s/resourceGroups/rg-avs/providers/Microsoft.AVS/privateClouds/"
	paceVersion = "?api-version=2025-09-01"
)

// children is 10,000 under make bench, and less where other tests want the machine.
func children(t *testing.T) int {
	text := os.Getenv("ARMSIM_CHILDREN")
	if text == "" {
		return 2000
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("ARMSIM_CHILDREN is %q", text)
	}
	return n
}

func TestPace(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("resident memory is read from /proc")
	}
	n, dir := children(t), t.TempDir()
	saved := crowd(t, n, filepath.Join(dir, "state.json"))
	binary, ca := filepath.Join(dir, "armsim"), filepath.Join(dir, "ca.pem")
	if text, err := exec.CommandContext(t.Context(), "go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("building: %v\n%s", err, text)
	}
	cmd := exec.CommandContext(t.Context(), binary, "-speed", "200", "-load", saved, "-ca-out", ca, "-tenant", "t", "-client-id", "c",
		"-subscription", "s", "-no-vcenters", "-quota-sku", "av36p", "-quota-hosts", "1000")
	cmd.Env = append(os.Environ(), "ARMSIM_CLIENT_SECRET=hidden-secret")
	var out buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	c := newCustomer(t, await(t, &out), must(os.ReadFile(ca))(t))
	for i := range 20 {
		c.do(http.MethodPut, paceGroup+fmt.Sprintf("busy-%d", i)+paceVersion, cloudBody(i+1), http.StatusCreated)
	}
	list := c.url + paceGroup + "crowd/authorizations" + paceVersion
	var page, get, walk time.Duration
	slow := true
	for range 3 { // the machine may be busy with something else for a while
		page = median(50, func() { c.page(list) })
		get = median(200, func() { c.do(http.MethodGet, paceGroup+"crowd/authorizations/er-77"+paceVersion, "", http.StatusOK) })
		walk = median(5, func() { c.walk(list, n) })
		if slow = page > pageBound || get > getBound || walk > walkBound; !slow {
			break
		}
	}
	memory := resident(t, cmd.Process.Pid)
	if got := c.building(); got != 20 {
		t.Errorf("%d of 20 operations still ran at the end", got)
	}
	t.Logf("%d children: a page in %v, all in %v, a get in %v, %d MB resident", n, page, walk, get, memory>>20)
	if slow && !raced {
		t.Errorf("a page may take %v, all pages %v, a get %v", pageBound, walkBound, getBound)
	}
	if memory > memoryBound {
		t.Errorf("%d MB are resident", memory>>20)
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("after TERM: %v\n%s", err, out.String())
	}
}

func cloudBody(block int) string {
	return fmt.Sprintf(`{"location":"westeurope","sku":{"name":"av36p"},"properties":{"networkBlock":"10.%d.0.0/22","managementCluster":{"clusterSize":3}}}`,
		block)
}

// crowd saves the state of a server with n authorizations under one private cloud.
func crowd(t *testing.T, n int, file string) string {
	t.Helper()
	much := armsim.Bucket{Size: 1 << 30, PerSecond: 1}
	s, err := armsim.Start(t.Context(), armsim.Config{
		Stepped: true, NoVCenters: true, Throttling: armsim.Throttling{Reads: much, Writes: much, Deletes: much},
		Tenants:        []armsim.Tenant{{ID: "t", Applications: []armsim.Application{{ClientID: "c", Secrets: []string{"hidden-secret"}}}}},
		Subscriptions:  []armsim.Subscription{{ID: "s", TenantID: "t", HostQuota: map[string]int{"av36p": 1000}}},
		ResourceGroups: []armsim.ResourceGroup{{SubscriptionID: "s", Name: "rg-avs", Location: "westeurope"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	c := newCustomer(t, s.URL(), s.CAPEM())
	c.do(http.MethodPut, paceGroup+"crowd"+paceVersion, cloudBody(100), http.StatusCreated)
	s.Advance(6 * time.Hour)
	var work sync.WaitGroup
	for part := range 4 {
		work.Go(func() {
			for i := part; i < n; i += 4 {
				c.do(http.MethodPut, paceGroup+fmt.Sprintf("crowd/authorizations/er-%d", i)+paceVersion, "{}", http.StatusCreated)
			}
		})
	}
	work.Wait()
	s.Advance(time.Hour)
	if err := s.SaveFile(file); err != nil {
		t.Fatal(err)
	}
	return file
}

// customer speaks plain HTTP with a token.
type customer struct {
	t          *testing.T
	url, token string
	http       *http.Client
}

func newCustomer(t *testing.T, url string, ca []byte) *customer {
	t.Helper()
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(ca)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, ForceAttemptHTTP2: true}}
	t.Cleanup(client.CloseIdleConnections)
	cred, err := azidentity.NewClientSecretCredential("t", "c", "hidden-secret", &azidentity.ClientSecretCredentialOptions{
		ClientOptions: policy.ClientOptions{Transport: client, Cloud: cloud.Configuration{ActiveDirectoryAuthorityHost: url + "/"}}, DisableInstanceDiscovery: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	token, err := cred.GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{url + "/.default"}})
	if err != nil {
		t.Fatal(err)
	}
	return &customer{t, url, token.Token, client}
}

// do may run beside others, so it reports without ending the test.
func (c *customer) do(method, path, body string, want int) []byte {
	if !strings.HasPrefix(path, "https://") {
		path = c.url + path
	}
	req, err := http.NewRequestWithContext(context.Background(), method, path, bytes.NewBufferString(body))
	if err != nil {
		c.t.Error(err)
		return nil
	}
	req.Header.Set("Authorization", "Bearer "+c.token)
	req.Header.Set("Content-Type", "application/json")
	resp, err := c.http.Do(req)
	if err != nil {
		c.t.Error(err)
		return nil
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != want {
		c.t.Errorf("%s %s answered %s %s, %v", method, path, resp.Status, text, err)
	}
	return text
}

func (c *customer) page(url string) (items int, next string) {
	var list struct {
		Value    []json.RawMessage
		NextLink string
	}
	if err := json.Unmarshal(c.do(http.MethodGet, url, "", http.StatusOK), &list); err != nil {
		c.t.Fatal(err)
	}
	return len(list.Value), list.NextLink
}

// walk follows nextLink through all pages.
func (c *customer) walk(list string, want int) {
	seen := 0
	for next := list; next != ""; {
		var items int
		items, next = c.page(next)
		seen += items
	}
	if seen != want {
		c.t.Fatalf("the pages hold %d children of %d", seen, want)
	}
}

// building counts the private clouds whose operation still runs.
func (c *customer) building() int {
	var list struct {
		Value []struct {
			Properties struct{ ProvisioningState string }
		}
	}
	if err := json.Unmarshal(c.do(http.MethodGet, strings.TrimSuffix(paceGroup, "/")+paceVersion, "", http.StatusOK), &list); err != nil {
		c.t.Fatal(err)
	}
	n := 0
	for _, item := range list.Value {
		if item.Properties.ProvisioningState == "Building" {
			n++
		}
	}
	return n
}

func median(n int, f func()) time.Duration {
	took := make([]time.Duration, n)
	for i := range took {
		began := time.Now()
		f()
		took[i] = time.Since(began)
	}
	slices.Sort(took)
	return took[n/2]
}

var residentLine = regexp.MustCompile(`VmRSS:\s+(\d+) kB`)

// resident is the resident memory of a process in bytes.
func resident(t *testing.T, pid int) int {
	t.Helper()
	text := must(os.ReadFile(fmt.Sprintf("/proc/%d/status", pid)))(t)
	match := residentLine.FindSubmatch(text)
	if match == nil {
		t.Fatalf("no VmRSS in %s", text)
	}
	return must(strconv.Atoi(string(match[1])))(t) << 10
}

func must[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}
