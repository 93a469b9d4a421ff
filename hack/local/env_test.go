// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
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
		ARM_CLOUD_METADATA_URL SSL_CERT_FILE REQUESTS_CA_BUNDLE GOVC_URL GOVC_USERNAME GOVC_PASSWORD GOVC_TLS_CA_CERTS`) {
		if values[name] == "" {
			t.Errorf("%s is missing", name)
		}
	}
	if host := values["ARM_METADATA_HOSTNAME"]; strings.Contains(host, "/") {
		t.Errorf("ARM_METADATA_HOSTNAME is %s: azurerm puts a scheme before it", host)
	}
	if !filepath.IsAbs(values["SSL_CERT_FILE"]) {
		t.Errorf("SSL_CERT_FILE is %s: a client may run anywhere", values["SSL_CERT_FILE"])
	}
}
