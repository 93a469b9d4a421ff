// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// startWorld starts the simulators for the length of the test.
func startWorld(t *testing.T) *simulators {
	t.Helper()
	f := files{dir: t.TempDir()}
	if err := os.MkdirAll(f.logs(), 0o700); err != nil {
		t.Fatal(err)
	}
	w, err := startSimulators(f, 600, "", "https://kubernetes.default.svc", func(context.Context) ([]byte, error) {
		return nil, errors.New("no API server here")
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.stop)
	return w
}

// A client that has only the env file gets a token and reads the subscription.
func TestEnvFileIsEnoughForAClient(t *testing.T) {
	w := startWorld(t)
	f := files{dir: t.TempDir()}
	if err := writeEnv(f, w); err != nil {
		t.Fatal(err)
	}
	values := map[string]string{}
	for _, v := range environmentVariables(f, w) {
		values[v.name] = v.value
	}
	web := trusting(t, f.at("ca-bundle.pem"))
	answer, err := web.PostForm(values["AZURE_AUTHORITY_HOST"]+"/"+values["AZURE_TENANT_ID"]+"/oauth2/v2.0/token", url.Values{
		"grant_type": {"client_credentials"}, "client_id": {values["AZURE_CLIENT_ID"]}, "client_secret": {values["AZURE_CLIENT_SECRET"]},
		"scope": {values["AZURE_RESOURCE_MANAGER_ENDPOINT"] + "/.default"},
	})
	if err != nil {
		t.Fatal(err)
	}
	var token struct {
		AccessToken string `json:"access_token"`
	}
	decode(t, answer, &token)
	request, err := http.NewRequest(http.MethodGet,
		values["AZURE_RESOURCE_MANAGER_ENDPOINT"]+"/subscriptions/"+values["AZURE_SUBSCRIPTION_ID"]+"?api-version=2022-12-01", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+token.AccessToken)
	if answer, err = web.Do(request); err != nil {
		t.Fatal(err)
	}
	var subscription struct {
		DisplayName string `json:"displayName"`
	}
	if decode(t, answer, &subscription); subscription.DisplayName != "Production" {
		t.Errorf("read subscription %+v", subscription)
	}
	if answer, err = web.Get(values["GOVC_URL"]); err != nil {
		t.Errorf("the vCenter in Oslo is not trusted: %v", err)
	} else {
		_ = answer.Body.Close()
	}
}

// trusting is a client that trusts the certificates of a file.
func trusting(t *testing.T, file string) *http.Client {
	t.Helper()
	bundle, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(bundle)
	return &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}}}
}

func decode(t *testing.T, answer *http.Response, into any) {
	t.Helper()
	defer func() { _ = answer.Body.Close() }()
	body, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("answer %s: %s %v", answer.Status, body, err)
	}
	if err := yaml.Unmarshal(body, into); err != nil {
		t.Fatal(err)
	}
}

// What the environment prepares and what the samples refer to must not drift apart.
func TestPreparedObjectsAreWhatTheSamplesName(t *testing.T) {
	w := startWorld(t)
	prepared, err := preparedObjects(w)
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, document := range strings.Split(strings.TrimPrefix(string(prepared), "---\n"), "\n---\n") {
		var object struct {
			Kind     string
			Metadata struct{ Name string }
		}
		if err := yaml.Unmarshal([]byte(document), &object); err != nil {
			t.Fatal(err)
		}
		names[object.Kind+"/"+object.Metadata.Name] = true
	}
	for sample, wanted := range map[string][]string{
		"azureidentity.yaml": {"Secret/azure-client-secret", tenantID, clientID, subscriptionID, resourceGroup},
		"vcenter_oslo.yaml":  {"Secret/oslo-vcenter"},
		"namespace.yaml":     {"Namespace/" + namespace},
		"privatecloud.yaml":  {location},
	} {
		content, err := os.ReadFile(filepath.Join("..", "..", "config", "samples", sample))
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range wanted {
			_, name, object := strings.Cut(want, "/")
			if object && !names[want] {
				t.Errorf("%s: %s is not prepared", sample, want)
			}
			if !object {
				name = want
			}
			if !strings.Contains(string(content), ": "+name) {
				t.Errorf("%s does not name %s", sample, name)
			}
		}
	}
}
