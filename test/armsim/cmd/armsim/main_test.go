// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
)

// buffer may be read while the program writes.
type buffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

var serving = regexp.MustCompile(`Serving Azure at (https://\S+),`)

func await(t *testing.T, out *buffer) string {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if m := serving.FindStringSubmatch(out.String()); m != nil {
			return m[1]
		}
	}
	t.Fatalf("it never served: %s", out)
	return ""
}

func TestHelpExplainsEveryFlag(t *testing.T) {
	var help bytes.Buffer
	if err := run(t.Context(), []string{"-h"}, &bytes.Buffer{}, &help); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"listen", "speed", "seed", "tenant", "client-id", "client-secret", "subscription", "resource-group", "state-out",
		"ca-out", "federated-jwks", "control", "load", "save", "stepped", "strict"} {
		if !strings.Contains(help.String(), "-"+name) {
			t.Errorf("-%s is not explained", name)
		}
	}
}

func TestRefusedFlags(t *testing.T) {
	t.Setenv("ARMSIM_CLIENT_SECRET", "")
	for _, args := range [][]string{
		{}, {"-nonsense"}, {"-speed", "0", "-client-secret", "x"}, {"extra"}, {"-client-certificate", "/does/not/exist"},
		{"-federated-issuer", "https://k8s"}, {"-client-secret", "x", "-listen", "256.0.0.1:1"},
		{"-client-secret", "x", "-control", "127.0.0.1:0"}, {"-client-secret", "x", "-load", "/does/not/exist"},
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		if err := run(ctx, append(args, "-ca-out", filepath.Join(t.TempDir(), "ca")), &bytes.Buffer{}, &bytes.Buffer{}); err == nil {
			t.Errorf("%v: no error", args)
		}
		cancel()
	}
}

// The program as others use it: a process with files, stopped by TERM.
func TestProgram(t *testing.T) {
	dir := t.TempDir()
	binary := filepath.Join(dir, "armsim")
	if text, err := exec.CommandContext(t.Context(), "go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("building: %v\n%s", err, text)
	}
	ca, stateFile := filepath.Join(dir, "ca.pem"), filepath.Join(dir, "state.json")
	cmd := exec.CommandContext(t.Context(), binary, "-speed", "1e6", "-ca-out", ca, "-state-out", stateFile, "-tenant", "t", "-client-id", "c",
		"-subscription", "s", "-no-vcenters")
	cmd.Env = append(os.Environ(), "ARMSIM_CLIENT_SECRET=hidden-secret")
	var out buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	url := await(t, &out)
	use(t, url, ca)
	const weu = "/subscriptions/s/resourcegroups/rg-avs/providers/microsoft.avs/privateclouds/weu"
	for deadline := time.Now().Add(time.Minute); !holds(stateFile, weu); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the state file never showed the private cloud")
		}
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("after TERM: %v", err)
	}
	if text := out.String(); !strings.Contains(text, "Stopped.") || strings.Contains(text, "hidden-secret") {
		t.Errorf("the output is %s", text)
	}
}

func holds(file, id string) bool {
	text, err := os.ReadFile(file)
	var doc document
	return err == nil && json.Unmarshal(text, &doc) == nil && doc.Resources[id] != nil
}

// use signs in with what the program printed and begins a private cloud.
func use(t *testing.T, url, ca string) {
	t.Helper()
	text, err := os.ReadFile(ca)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(text)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}}
	defer client.CloseIdleConnections()
	cred, err := azidentity.NewClientSecretCredential("t", "c", "hidden-secret", &azidentity.ClientSecretCredentialOptions{
		ClientOptions:            policy.ClientOptions{Transport: client, Cloud: cloud.Configuration{ActiveDirectoryAuthorityHost: url + "/"}},
		DisableInstanceDiscovery: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	token, err := cred.GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{url + "/.default"}})
	if err != nil {
		t.Fatal(err)
	}
	body := `{"location":"westeurope","sku":{"name":"av36p"},"properties":{"networkBlock":"10.0.0.0/22","managementCluster":{"clusterSize":3}}}`
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPut,
		url+"/subscriptions/s/resourceGroups/rg-avs/providers/Microsoft.AVS/privateClouds/weu?api-version=2025-09-01", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token.Token)
	req.Header.Set("Content-Type", "application/json")
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusCreated {
		t.Errorf("the PUT answered %s", resp.Status)
	}
}

// A state that is saved at the end is gone on from at the next start, and the control endpoint works.
func TestProgramGoesOn(t *testing.T) {
	t.Setenv("ARMSIM_CLIENT_SECRET", "hidden-secret")
	t.Setenv("ARMSIM_CONTROL_TOKEN", "hidden-token")
	dir := t.TempDir()
	saved, ca := filepath.Join(dir, "saved.json"), filepath.Join(dir, "ca.pem")
	const id = "/subscriptions/s/resourceGroups/rg-avs/providers/Microsoft.AVS/privateClouds/weu"
	for i, visit := range []func(url, control string){
		func(url, control string) {
			use(t, url, ca)
			if got := controlled(t, ca, http.MethodGet, control+"/resource?id="+id, ""); !strings.Contains(got, `"Building"`) {
				t.Errorf("while it is built: %s", got)
			}
		},
		func(_, control string) {
			controlled(t, ca, http.MethodPost, control+"/clock/advance", `{"by":"6h"}`)
			if got := controlled(t, ca, http.MethodGet, control+"/resource?id="+id, ""); !strings.Contains(got, `"Succeeded"`) {
				t.Errorf("after the restart and six hours: %s", got)
			}
		},
	} {
		ctx, stop := context.WithCancel(t.Context())
		var out buffer
		ended := make(chan error, 1)
		go func() {
			ended <- run(ctx, []string{"-stepped", "-no-vcenters", "-load", saved, "-save", saved, "-control", "127.0.0.1:0", "-ca-out", ca,
				"-tenant", "t", "-client-id", "c", "-subscription", "s"}, &out, &out)
		}()
		url := await(t, &out)
		visit(url, controlAt.FindStringSubmatch(out.String())[1])
		stop()
		if err := <-ended; err != nil {
			t.Fatalf("run %d: %v", i, err)
		}
		if text := out.String(); strings.Contains(text, "hidden-") {
			t.Errorf("run %d shows a secret: %s", i, text)
		}
		if info, err := os.Stat(saved); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("run %d: the saved state is %v, %v", i, info, err)
		}
	}
}

var controlAt = regexp.MustCompile(`Control is at (https://\S+),`)

func controlled(t *testing.T, ca, method, url, body string) string {
	t.Helper()
	text, err := os.ReadFile(ca)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(text)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}}
	defer client.CloseIdleConnections()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer hidden-token")
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s %s answered %s %s, %v", method, url, resp.Status, answer, err)
	}
	return string(answer)
}
