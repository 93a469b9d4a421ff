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
	lists := []string{"controllers/azure/kinds/kinds.go", "config/samples/kustomization.yaml", "api/v1alpha1/consent.go"}
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
