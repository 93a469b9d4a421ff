// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"fmt"
	"strings"
	"testing"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/azure/diff"
)

func TestStaying(t *testing.T) {
	all := []string{"esx01.a", "esx02.a", "esx03.a", "esx04.a", "esx05.a"}
	for name, c := range map[string]struct {
		first string
		size  int
		want  string
	}{
		"one by its first label":    {"esx02", 4, "esx01.a esx03.a esx04.a esx05.a"},
		"by its whole name":         {"ESX02.A", 4, "esx01.a esx03.a esx04.a esx05.a"},
		"more named than leave":     {"esx04 esx01", 4, "esx01.a esx02.a esx03.a esx05.a"},
		"fewer named than leave":    {"esx01", 3, "esx02.a esx03.a esx04.a"},
		"one that has left already": {"esx09 esx03", 4, "esx01.a esx02.a esx04.a esx05.a"},
		"none that is there":        {"esx09", 4, ""},
	} {
		if got := strings.Trim(fmt.Sprint(staying(all, strings.Fields(c.first), c.size)), "[]"); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

func TestConcernsOfAPrivateCloudGoOneByOne(t *testing.T) {
	var changes []diff.Change
	for _, path := range []string{
		"/properties/managementCluster/clusterSize", "/properties/vcfLicense/cores", "/properties/vcfLicense/endDate", "/properties/internet", "/properties/encryption/status",
		"/tags/a", "/identity/type", "/properties/identitySources",
	} {
		changes = append(changes, diff.Change{Path: path, Desired: "Enabled"})
	}
	order := func(changes []diff.Change) string {
		var out []string
		for _, group := range privateCloud.Concerns(&v1alpha1.PrivateCloud{}, changes) {
			var paths []string
			for _, change := range group {
				paths = append(paths, change.Path[strings.LastIndex(change.Path, "/")+1:])
			}
			out = append(out, strings.Join(paths, "+"))
		}
		return strings.Join(out, " ")
	}
	if got, want := order(changes), "a type status internet identitySources cores+endDate clusterSize"; got != want {
		t.Errorf("they go out as %s, want %s", got, want)
	}
	gone := []diff.Change{{Path: "/identity/type", Desired: "None"}, {Path: "/properties/encryption/status", Desired: "Disabled"}}
	if got := order(gone); got != "status type" {
		t.Errorf("an identity goes before the encryption that needs it: %s", got)
	}
}
