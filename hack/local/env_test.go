// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// A shell must read back exactly what was written, whatever is in it: passwords are random, and paths are a user's.
func TestShellFileIsReadByAShell(t *testing.T) {
	variables := []variable{
		{"PLAIN", "https://127.0.0.1:1234/sdk"},
		{"QUOTES", `it's "quoted" $HOME ` + "`id`" + ` \ and so on`},
		{"LINES", "one\ntwo"},
		{"EMPTY", ""},
	}
	f := files{dir: t.TempDir()}
	if err := f.write("env", shellFile(variables)); err != nil {
		t.Fatal(err)
	}
	for _, v := range variables {
		output, err := exec.Command("sh", "-euc", `. "$1"; sh -c 'printf %s "$`+v.name+`"'`, "sh", f.env()).Output()
		if err != nil || string(output) != v.value {
			t.Errorf("%s: read %q, %v; wrote %q", v.name, output, err, v.value)
		}
	}
}

func TestEnvironmentVariablesAreWhatClientsKnow(t *testing.T) {
	w := startWorld(t)
	f := files{dir: t.TempDir()}
	values := map[string]string{}
	for _, v := range environmentVariables(f, w) {
		values[v.name] = v.value
	}
	for _, name := range strings.Fields(`AZURE_TENANT_ID AZURE_CLIENT_ID AZURE_CLIENT_SECRET AZURE_SUBSCRIPTION_ID AZURE_AUTHORITY_HOST
		AZURE_RESOURCE_MANAGER_ENDPOINT ARM_TENANT_ID ARM_CLIENT_ID ARM_CLIENT_SECRET ARM_SUBSCRIPTION_ID ARM_METADATA_HOSTNAME
		ARMSIM_CONTROL_URL ARMSIM_CONTROL_TOKEN GOVC_URL GOVC_USERNAME GOVC_PASSWORD GOVC_TLS_CA_CERTS`) {
		if values[name] == "" {
			t.Errorf("%s is missing", name)
		}
	}
	if host := values["ARM_METADATA_HOSTNAME"]; strings.Contains(host, "/") {
		t.Errorf("ARM_METADATA_HOSTNAME is %s: azurerm puts a scheme before it", host)
	}
	if url, there := values["ARM_CLOUD_METADATA_URL"]; there {
		t.Errorf("ARM_CLOUD_METADATA_URL is %s: az would know no other cloud in this shell", url)
	}
}

// What a shell trusts before it reads the file is trusted after it, also when it reads it again, from any directory.
func TestEnvFileKeepsWhatTheShellTrusts(t *testing.T) {
	w := startWorld(t)
	f := files{dir: t.TempDir()}
	if err := writeEnv(f, w); err != nil {
		t.Fatal(err)
	}
	company := filepath.Join(t.TempDir(), "company's.pem")
	if err := os.WriteFile(company, []byte("the company's own certificates\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	run := func(script string, environment ...string) string {
		command := exec.Command("sh", "-euc", script, "sh", f.env())
		command.Dir, command.Env = t.TempDir(), append([]string{"PATH=" + os.Getenv("PATH")}, environment...)
		output, err := command.CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", script, err, output)
		}
		return string(output)
	}
	simulated := string(w.azure.CAPEM())
	for _, script := range []string{`. "$1"`, `. "$1"; . "$1"`} {
		for _, name := range []string{"SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"} {
			got := run(script+`; cat "$`+name+`"`, name+"="+company)
			if !strings.Contains(got, "the company's own certificates") || !strings.Contains(got, simulated) {
				t.Errorf("%s after %s holds %d bytes: of the company %t, of the simulated Azure %t",
					name, script, len(got), strings.Contains(got, "company"), strings.Contains(got, simulated))
			}
			if got := run(script + `; cat "$` + name + `"`); strings.Contains(got, "company") || !strings.Contains(got, simulated) {
				t.Errorf("%s of a shell that had none: %d bytes", name, len(got))
			}
		}
	}
	if got := run(`. "$1"; env`); strings.Contains(got, "avs_local") {
		t.Errorf("the file leaves its own variables behind:\n%s", got)
	}
}

// Whoever has read the file can have the simulated Azure fail.
func TestEnvFileIsEnoughToInjectAFault(t *testing.T) {
	w := startWorld(t)
	f := files{dir: t.TempDir()}
	if err := writeEnv(f, w); err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequest(http.MethodPost, "", strings.NewReader(`{"verb":"PUT","status":503,"count":1}`))
	if err != nil {
		t.Fatal(err)
	}
	output, err := exec.Command("sh", "-euc", `. "$1"; printf '%s\n%s\n%s' "$ARMSIM_CONTROL_URL" "$ARMSIM_CONTROL_TOKEN" "$SSL_CERT_FILE"`, "sh", f.env()).Output()
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(output), "\n")
	if request.URL, err = url.Parse(lines[0] + "/faults"); err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+lines[1])
	answer, err := trusting(t, lines[2]).Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	if faults := w.azure.Faults(); answer.StatusCode/100 != 2 || len(faults) != 1 || faults[0].Status != http.StatusServiceUnavailable {
		t.Errorf("answered %s; the faults are %+v", answer.Status, faults)
	}
}
