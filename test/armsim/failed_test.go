// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package armsim

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// A private cloud or cluster that failed is for support; other resources take a PUT, which makes what was never made, and can be deleted.
func TestWhatAFailedResourceTakes(t *testing.T) {
	s := start(t, withVCenters)
	r := newRaw(t, s)
	r.build()
	fails := func(path string, body map[string]any) map[string]any { // the PUT of path begins an operation that fails
		t.Helper()
		s.Inject(Fault{Verb: http.MethodPut, Path: regexp.MustCompile(strings.ToLower(path) + "$"), OperationFails: true})
		r.want(http.StatusCreated, http.MethodPut, path, body)
		for range 2000 {
			if got := r.see(path); lookupString(got, "properties.provisioningState") == failed {
				return got
			}
			time.Sleep(2 * time.Millisecond)
		}
		t.Fatalf("%s did not fail: %v", path, r.see(path))
		return nil
	}
	cluster := map[string]any{"sku": map[string]any{"name": "av36p"}, "properties": map[string]any{"clusterSize": 3}}
	fails(cloudPath+"/clusters/two", cluster)
	for _, verb := range []string{http.MethodPut, http.MethodPatch} {
		r.refused(409, "can not edit a resource in a failed state", verb, cloudPath+"/clusters/two", cluster)
	}
	r.refused(409, "can not edit a resource in a failed state", http.MethodDelete, cloudPath+"/clusters/two", nil)

	web := cloudPath + "/workloadNetworks/default/segments/web"
	if got := fails(web, segment(s, "web", "10.1.0.1/24")); slices.Contains(s.VCenter(cloudPath).PortGroups(), "web") {
		t.Fatalf("the segment is %v", got)
	}
	whole := segment(s, "web", "10.2.0.1/24")
	put(whole, "properties.revision", 1)
	r.refused(409, "can not edit a resource in a failed state", http.MethodPatch, web, whole)
	r.follow(r.want(http.StatusOK, http.MethodPut, web, whole))
	if got := r.see(web); lookupString(got, "properties.provisioningState") != succeeded || lookupString(got, gatewayAddress) != "10.2.0.1/24" ||
		!slices.Contains(s.VCenter(cloudPath).PortGroups(), "web") {
		t.Errorf("mended, the segment is %v, the port groups %v", got, s.VCenter(cloudPath).PortGroups())
	}

	store := cloudPath + "/clusters/Cluster-1/datastores/anf"
	volume := properties("netAppVolume.id", "/subscriptions/s/resourceGroups/g/providers/Microsoft.NetApp/netAppAccounts/a/capacityPools/p/volumes/v")
	fails(store, volume)
	r.follow(r.want(http.StatusAccepted, http.MethodDelete, store, nil)) // there is nothing in vCenter that it could take away
	if got := r.make(store, volume); lookupString(got, "properties.status") != "Accessible" {
		t.Errorf("made anew, the datastore is %v", got)
	}
}

// What no answer shows goes with the list that holds it, and with a PUT that leaves it out.
func TestSecretsGoWithWhatHeldThem(t *testing.T) {
	s := start(t)
	r := newRaw(t, s)
	r.build()
	held := func(path string) string { value, _ := s.Secret(cloudPath, path); return value }
	source := func(more ...any) map[string]any {
		return map[string]any{"properties": map[string]any{"identitySources": []any{properties(
			append([]any{"name", "corp", "domain", "corp.example.com"}, more...)...)["properties"]}}}
	}
	const password = "properties.identitySources[corp].password"
	r.follow(r.want(http.StatusCreated, http.MethodPatch, cloudPath, source("username", "u", "password", "hush")))
	r.follow(r.want(http.StatusCreated, http.MethodPatch, cloudPath, properties("internet", "Enabled")))
	if held(password) != "hush" {
		t.Errorf("after a change of something else the password is %q", held(password))
	}
	body := r.see(cloudPath)
	r.follow(r.want(http.StatusOK, http.MethodPut, cloudPath, body))
	if held(password) != "" {
		t.Errorf("after a PUT of what a GET shows the password is still %q", held(password))
	}
	if held(vcenterPassword) == "" {
		t.Error("a PUT has taken cloudadmin's password")
	}
}
