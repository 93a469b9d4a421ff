// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"strings"
	"testing"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/azure/diff"
)

func TestConcernsOfAPrivateCloudGoOneByOne(t *testing.T) {
	var changes []diff.Change
	for _, path := range []string{
		"/properties/managementCluster/clusterSize", "/properties/vcfLicense/cores", "/properties/vcfLicense/endDate",
		"/properties/internet", "/properties/encryption/status",
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
