// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package armsim

import (
	"go/ast"
	"go/parser"
	gotoken "go/token"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The documented table of behaviours names tests that exist, and at least one a row.
func TestBehavioursAreShown(t *testing.T) {
	tests := map[string]bool{}
	for _, file := range must(filepath.Glob("*_test.go"))(t) {
		parsed := must(parser.ParseFile(gotoken.NewFileSet(), file, nil, 0))(t)
		for _, d := range parsed.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && strings.HasPrefix(f.Name.Name, "Test") {
				tests[f.Name.Name] = true
			}
		}
	}
	text := string(must(os.ReadFile("../../docs/armsim.md"))(t))
	_, section, ok := strings.Cut(text, "\n## Behaviours and the tests that show them\n")
	if !ok {
		t.Fatal("docs/armsim.md has no section on behaviours")
	}
	section, _, _ = strings.Cut(section, "\n## ")
	named, rows := regexp.MustCompile("`(Test[A-Za-z0-9]+)`"), 0
	for _, line := range strings.Split(section, "\n") {
		if !strings.HasPrefix(line, "|") || strings.HasPrefix(line, "|---") || strings.HasPrefix(line, "| behaviour ") {
			continue
		}
		rows++
		found := named.FindAllStringSubmatch(line, -1)
		if len(found) == 0 {
			t.Errorf("no test shows: %s", line)
		}
		for _, f := range found {
			if !tests[f[1]] {
				t.Errorf("%s does not exist: %s", f[1], line)
			}
		}
	}
	if rows < 30 {
		t.Errorf("the table has %d rows", rows)
	}
}

// A private cloud gets an identity and shows the state of its key; a trial ends with the first private cloud.
func TestKeysIdentityAndTrials(t *testing.T) {
	r := newRaw(t, start(t, func(c *Config) { c.Subscriptions[0].TrialHosts = 3 }))
	trial := func() string {
		path := "/subscriptions/" + subID + "/providers/Microsoft.AVS/locations/westeurope/checkTrialAvailability"
		return lookupString(r.want(http.StatusOK, http.MethodPost, path, nil).body, "status")
	}
	if got := trial(); got != "TrialAvailable" {
		t.Errorf("at first the trial is %s", got)
	}
	r.build()
	if got := trial(); got != "TrialUsed" {
		t.Errorf("then the trial is %s", got)
	}
	encrypted := properties("encryption.status", "Enabled", "encryption.keyVaultProperties.keyName", "k",
		"encryption.keyVaultProperties.keyVaultUrl", "https://vault")
	r.refused(400, "system-assigned identity", http.MethodPatch, cloudPath, encrypted)
	r.follow(r.want(http.StatusCreated, http.MethodPatch, cloudPath, map[string]any{"identity": map[string]any{"type": "SystemAssigned"}}))
	r.follow(r.want(http.StatusCreated, http.MethodPatch, cloudPath, encrypted))
	got := r.see(cloudPath)
	if lookupString(got, "identity.principalId") == "" || lookupString(got, keyVault+".keyState") != "Connected" ||
		lookupString(got, keyVault+".versionType") != "AutoDetected" {
		t.Errorf("the private cloud is %v", got)
	}
	r.follow(r.want(http.StatusCreated, http.MethodPatch, cloudPath, properties("encryption.keyVaultProperties.keyVersion", "1")))
	if got := r.see(cloudPath); lookupString(got, keyVault+".versionType") != "Fixed" {
		t.Errorf("with a version the key is %v", got)
	}
}
