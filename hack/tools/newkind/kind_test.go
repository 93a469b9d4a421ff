// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestNames(t *testing.T) {
	t.Parallel()
	for name, want := range map[string][3]string{
		"GoldPolicy": {"goldPolicy", "gold policy", "goldPolicies"}, "DNSZone": {"dnsZone", "dns zone", "dnsZones"},
		"VMGroup": {"vmGroup", "vm group", "vmGroups"}, "License": {"license", "license", "licenses"}, "PublicIP": {"publicIP", "public ip", "publicIPs"},
		"IscsiPath": {"iscsiPath", "iscsi path", "iscsiPaths"},
	} {
		k, err := describe(name, "Cluster", "", "sizeGb=3 poolId=p", true)
		if err != nil || k.Var != want[0] || k.Words != want[1] || k.Segment != want[2] {
			t.Errorf("%s: %s, %q, %s, want %q (%v)", name, k.Var, k.Words, k.Segment, want, err)
		}
	}
	k, err := describe("GoldPolicy", "Cluster", "", "sizeGb=3 poolId=p", true)
	want := []field{{"sizeGb", "sizeGb", "SizeGb", "3", true}, {"poolId", "poolID", "PoolID", "p", false}}
	if err != nil || len(k.Fields) != 2 || k.Fields[0] != want[0] || k.Fields[1] != want[1] ||
		k.ARMType != "Microsoft.AVS/privateClouds/clusters/goldPolicies" || k.Plural != "goldpolicies" {
		t.Errorf("%+v %v", k, err)
	}
	for _, bad := range [][3]string{{"goldPolicy", "Cluster", "a=1"}, {"Gold", "Segment", "a=1"}, {"Gold", "Cluster", ""}, {"Gold", "Cluster", "a"},
		{"Gold", "Cluster", "A=1"}} {
		if _, err := describe(bad[0], bad[1], "", bad[2], false); err == nil {
			t.Errorf("%q is accepted", bad)
		}
	}
}

// A kind is written into a copy of the lists, once: a second time nothing changes, and what is there is not written over.
func TestAKindIsWrittenIntoTheLists(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	lists := []string{"controllers/azure/kinds/kinds.go", "config/samples/kustomization.yaml", "api/v1alpha1/consent.go", "docs/guide.md"}
	for _, path := range lists {
		text, err := os.ReadFile(filepath.Join("../../..", path))
		if err == nil {
			err = os.MkdirAll(filepath.Join(root, filepath.Dir(path)), 0o700)
		}
		if err == nil {
			err = os.WriteFile(filepath.Join(root, path), text, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	k, err := describe("GoldPolicy", "PrivateCloud", "", "storagePoolId=pool-1 sizeGb=3", false)
	if err == nil {
		err = write(root, k)
	}
	if err != nil {
		t.Fatal(err)
	}
	for path, words := range map[string][]string{
		lists[0]:                           {"\tregister(&vmGroup),\n\tregister(&goldPolicy),\n}\n"},
		lists[1]:                           {"- goldpolicy.yaml\n- vcenter_weu.yaml\n"},
		lists[2]:                           {";GlobalReachConnection;GoldPolicy;HCXEnterpriseSite;"},
		lists[3]:                           {"\n| `Delete` | `Datastore`, ", "`VMGroup`, `GoldPolicy` | the manifest makes them again"},
		"api/v1alpha1/goldpolicy_types.go": {"StoragePoolID string `json:\"storagePoolID,omitempty\"`", "SizeGb int32", "func (g *GoldPolicy) AzureSpec()"},
		"controllers/azure/kinds/goldpolicy.go": {"var goldPolicy = kind.Kind[*v1alpha1.GoldPolicy]{",
			"\tbody.Set(properties, \"storagePoolId\", g.Spec.StoragePoolID)", "resources=goldpolicies/status"},
		"config/samples/goldpolicy.yaml": {"kind: GoldPolicy\n", "  storagePoolID: pool-1\n  sizeGb: 3\n"},
	} {
		text, err := os.ReadFile(filepath.Join(root, path))
		if err != nil {
			t.Fatal(err)
		}
		for _, word := range words {
			if !strings.Contains(string(text), word) {
				t.Errorf("%s lacks %q:\n%s", path, word, text)
			}
		}
	}
	if err := write(root, k); err == nil || !strings.Contains(err.Error(), "is there already") {
		t.Errorf("it is written over: %v", err)
	}
}

// A kind of NSX takes from networkKind what those have in common.
func TestAKindOfTheNetwork(t *testing.T) {
	t.Parallel()
	for _, segment := range []string{"workloadNetworks/goldRules", "workloadNetworks/default/goldRules"} {
		k, err := describe("GoldRule", "PrivateCloud", segment, "scope=all", false)
		if err != nil || k.ARMType != "Microsoft.AVS/privateClouds/workloadNetworks/goldRules" {
			t.Fatalf("%+v %v", k, err)
		}
		made, err := render("kind.go.tmpl", k)
		if err != nil {
			t.Fatal(err)
		}
		for _, word := range []string{"var goldRule = networkKind(kind.Kind[*v1alpha1.GoldRule]{",
			"Traits: kind.Traits{Name: \"GoldRule\", Segment: \"goldRules\"},", "\n})\n"} {
			if !strings.Contains(string(made), word) {
				t.Errorf("it lacks %q:\n%s", word, made)
			}
		}
		if strings.Contains(string(made), "lane") || strings.Contains(string(made), "Expect") {
			t.Errorf("it says what networkKind fills in:\n%s", made)
		}
	}
	if _, err := describe("GoldRule", "Cluster", "workloadNetworks/goldRules", "scope=all", false); err == nil {
		t.Error("a network in a cluster is accepted")
	}
}

// A second kind of an ARM type is refused, by the file that has the first; a type of that name that stands elsewhere is another one.
func TestATypeHasOneKind(t *testing.T) {
	t.Parallel()
	for segment, file := range map[string]string{
		"workloadNetworks/segments": "segment.go", "workloadNetworks/default/vmGroups": "vmgroup.go", "addons": "addon.go",
		"pureStoragePolicies": "purestoragepolicy.go",
		"segments":            "", "workloadNetworks/addons": "", "workloadNetworks/virtualMachines": "",
	} {
		k, err := describe("GoldCopy", "PrivateCloud", segment, "size=3", false)
		if err == nil {
			err = isNew("../../..", k)
		}
		if file == "" && err != nil || file != "" && (err == nil || !strings.Contains(err.Error(), file)) {
			t.Errorf("%s: %v, want %q", segment, err, file)
		}
	}
}
