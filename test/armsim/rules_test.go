// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package armsim

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// instant lets operations end at once.
func instant(c *Config) { c.Speed = 1e9 }

func TestPrivateCloudRules(t *testing.T) {
	s := start(t)
	r := newRaw(t, s)
	vnet := `"` + groupPath + `/providers/Microsoft.Network/virtualNetworks/vnet"`
	for name, c := range map[string]struct {
		edit []string
		want string
	}{
		"no location":         {[]string{"location", `""`}, "LocationRequired"},
		"unknown location":    {[]string{"location", `"atlantis"`}, "LocationNotAvailableForResourceType"},
		"no sku":              {[]string{"sku", `{}`}, "required property 'sku.name'"},
		"unknown sku":         {[]string{"sku.name", `"av1"`}, "SKU 'av1' is not known"},
		"no block":            {[]string{"properties.networkBlock", `""`}, "'properties.networkBlock' is missing"},
		"block /23":           {[]string{"properties.networkBlock", `"10.0.0.0/23"`}, "must be /22 or larger"},
		"public block":        {[]string{"properties.networkBlock", `"20.0.0.0/22"`}, "not private"},
		"block above private": {[]string{"properties.networkBlock", `"172.0.0.0/8"`}, "reserved"},
		"larger than private": {[]string{"properties.networkBlock", `"192.0.0.0/8"`}, "not private"},
		"reserved block":      {[]string{"properties.networkBlock", `"172.17.4.0/22"`}, "reserved"},
		"host bits":           {[]string{"properties.networkBlock", `"10.0.1.0/22"`}, "host bits"},
		"no CIDR":             {[]string{"properties.networkBlock", `"ten"`}, "not an IPv4 CIDR"},
		"no size":             {[]string{"properties.managementCluster", `{}`}, "'properties.managementCluster.clusterSize' is missing"},
		"size 2":              {[]string{cloudSize, `2`}, "3 to 16"},
		"size 17":             {[]string{cloudSize, `17`}, "3 to 16"},
		"size 3.5":            {[]string{cloudSize, `3.5`}, "3 to 16"},
		"size in words":       {[]string{cloudSize, `"3"`}, "3 to 16"},
		"internet":            {[]string{"properties.internet", `"Perhaps"`}, "Enabled, Disabled"},
		"strategy":            {[]string{"properties.availability", `{"strategy":"TripleZone"}`}, "SingleZone, DualZone"},
		"dual odd":            {[]string{"properties.availability", `{"strategy":"DualZone","zone":1,"secondaryZone":2}`, cloudSize, `7`}, "even number"},
		"dual small":          {[]string{"properties.availability", `{"strategy":"DualZone","zone":1,"secondaryZone":2}`, cloudSize, `4`}, "even number"},
		"dual one zone":       {[]string{"properties.availability", `{"strategy":"DualZone","zone":1}`, cloudSize, `6`}, "two different zones"},
		"encryption alone":    {[]string{"properties.encryption", `{"status":"Enabled"}`}, "system-assigned identity"},
		"av64 first":          {[]string{"sku.name", `"av64"`}, "cannot be the first cluster"},
		"vnet with av36p":     {[]string{"properties.virtualNetworkId", vnet}, "needs the SKU av64"},
		"vnet elsewhere": {[]string{"sku.name", `"av64"`, "properties.virtualNetworkId", strings.Replace(vnet, "rg-avs", "rg-b", 1)},
			"resource group of the private cloud"},
		"vnet with extension": {[]string{"sku.name", `"av64"`, "properties.virtualNetworkId", vnet, "properties.extendedNetworkBlocks", `["10.9.0.0/23"]`},
			"extendedNetworkBlocks"},
		"vnet with two zones": {[]string{"sku.name", `"av64"`, "properties.virtualNetworkId", vnet, "properties.availability",
			`{"strategy":"DualZone","zone":1,"secondaryZone":2}`, cloudSize, `6`}, "DualZone"},
		"extension is no CIDR": {[]string{"properties.extendedNetworkBlocks", `["x"]`}, "not a CIDR"},
		"tags":                 {[]string{"tags", `{"a":5}`}, "InvalidTagNameOrValue"},
	} {
		got := r.want(http.StatusBadRequest, http.MethodPut, cloudPath, privateCloud(c.edit...))
		if !strings.Contains(got.code()+" "+got.message(), c.want) {
			t.Errorf("%s: %s %s", name, got.code(), got.message())
		}
	}
	r.want(http.StatusBadRequest, http.MethodPut, cloudPath+"%20x", privateCloud())
	if made := s.Resources(""); len(made) != 0 {
		t.Errorf("a refused PUT made %v", made)
	}
}

// What must be taken, at the edges.
func TestPrivateCloudRulesAllow(t *testing.T) {
	s := start(t, instant)
	r := newRaw(t, s)
	vnet := `"` + groupPath + `/providers/Microsoft.Network/virtualNetworks/vnet"`
	for i, edit := range [][]string{
		{"properties.networkBlock", `"10.0.0.0/8"`},
		{"properties.networkBlock", `"172.16.0.0/22"`, cloudSize, `16`},
		{"properties.networkBlock", `"192.168.252.0/22"`},
		{"properties.availability", `{"strategy":"DualZone","zone":1,"secondaryZone":3}`, cloudSize, `6`},
		{"sku.name", `"AV64"`, "properties.virtualNetworkId", vnet, "properties.dnsZoneType", `"Private"`},
		{"identity.type", `"SystemAssigned"`, "properties.encryption", `{"status":"Enabled"}`},
	} {
		status := http.StatusCreated
		if slices.Contains(edit, vnet) {
			status = http.StatusOK // of the second generation
		}
		got := r.follow(r.want(status, http.MethodPut, fmt.Sprint(cloudPath, i), privateCloud(edit...)))
		if lookupString(got.body, "status") != succeeded {
			t.Errorf("%v: %v", edit, got.body)
		}
	}
	stretched, _ := s.Resource(cloudPath + "3")
	if lookupString(stretched, "properties.secondaryCircuit.expressRouteID") == "" {
		t.Errorf("a stretched private cloud has no second circuit: %v", stretched)
	}
	block, _ := s.Resource(cloudPath + "1")
	if lookupString(block, "properties.networkBlock") != "172.16.0.0/22" || lookupString(block, "properties.vmotionNetwork") != "172.16.1.128/25" {
		t.Errorf("the networks are %v", block["properties"])
	}
}

func TestUpdateRules(t *testing.T) {
	s := start(t)
	r := newRaw(t, s)
	r.build()
	patch := func(edit ...string) map[string]any {
		body := privateCloud(edit...)
		for _, path := range []string{"location", "sku", "tags", "properties.networkBlock"} {
			remove(body, path)
		}
		if len(edit) > 0 && edit[0] != cloudSize {
			remove(body, "properties.managementCluster")
		}
		put(body, edit[0], must(decode(edit[1]))(t))
		return body
	}
	both := patch(cloudSize, `4`)
	put(both, "properties.internet", "Enabled")
	for name, c := range map[string]struct {
		method string
		body   map[string]any
		status int
		want   string
	}{
		"internet and size": {http.MethodPatch, both, 400, "could not be changed together"},
		"size 2":            {http.MethodPatch, patch(cloudSize, `2`), 400, "3 to 16"},
		"network block":     {http.MethodPatch, patch("properties.networkBlock", `"10.0.0.0/22"`), 400, "Changing property 'properties.networkBlock'"},
		"sku":               {http.MethodPatch, patch("sku.name", `"av52"`), 400, "Changing property 'sku.name'"},
		"availability": {http.MethodPatch, patch("properties.availability", `{"strategy":"SingleZone","zone":2}`),
			400, "Changing property 'properties.availability'"},
		"virtual network":    {http.MethodPatch, patch("properties.virtualNetworkId", `"/x"`), 400, "Changing property 'properties.virtualNetworkId'"},
		"licence by PATCH":   {http.MethodPatch, patch("properties.vcfLicense", `{"kind":"vcf5"}`), 400, "'properties.vcfLicense.kind' cannot be set by PATCH"},
		"location by PUT":    {http.MethodPut, privateCloud("location", `"eastus"`), 409, "InvalidResourceLocation"},
		"block by PUT":       {http.MethodPut, privateCloud("properties.networkBlock", `"10.0.0.0/22"`), 400, "Changing property"},
		"PATCH of a missing": {"MISSING", patch(cloudSize, `4`), 404, "ResourceNotFound"},
	} {
		path := cloudPath
		if c.method == "MISSING" {
			c.method, path = http.MethodPatch, cloudPath+"-b"
		}
		got := r.want(c.status, c.method, path, c.body)
		if !strings.Contains(got.code()+" "+got.message(), c.want) {
			t.Errorf("%s: %s %s", name, got.code(), got.message())
		}
	}
	before, _ := s.Resource(cloudPath)
	// An echo of what is there, in other casing, is no change.
	if got := r.want(http.StatusOK, http.MethodPut, cloudPath,
		privateCloud("sku.name", `"Av36P"`, "location", `"westeurope"`, "properties.colour", `"blue"`)); got.header.Get("Azure-AsyncOperation") != "" {
		t.Error("an equal PUT began an operation")
	}
	if after, _ := s.Resource(cloudPath); !equal(before, after) {
		t.Errorf("refused and equal writes changed\n%v\nto\n%v", before, after)
	}
	// A PUT sets back what it leaves out; a PATCH replaces the tags as a whole.
	r.follow(r.want(http.StatusCreated, http.MethodPatch, cloudPath,
		map[string]any{"tags": map[string]any{"a": "b"}, "properties": map[string]any{"internet": "Enabled"}}))
	if now, _ := s.Resource(cloudPath); fmt.Sprint(now["tags"]) != "map[a:b]" || lookupString(now, "properties.internet") != "Enabled" {
		t.Errorf("after the PATCH: %v", now)
	}
	ended := r.follow(r.want(http.StatusOK, http.MethodPut, cloudPath, privateCloud(cloudSize, `5`)))
	if now, _ := s.Resource(cloudPath); lookupString(ended.body, "status") != succeeded || lookupString(now, "properties.internet") != "Disabled" ||
		len(hostList(now, cloudHosts)) != 5 {
		t.Errorf("after the PUT: %v", now)
	}
}

func clusterBody(size int, sku string) map[string]any {
	return map[string]any{"sku": map[string]any{"name": sku}, "properties": map[string]any{"clusterSize": size}}
}

func TestClusterRules(t *testing.T) {
	s := start(t, instant)
	r := newRaw(t, s)
	r.build()
	at := func(name string) string { return cloudPath + "/clusters/" + name }
	for name, c := range map[string]struct {
		path string
		body map[string]any
		want string
	}{
		"reserved name":  {at("cluster-1"), clusterBody(3, "av36p"), "management cluster"},
		"size 2":         {at("two"), clusterBody(2, "av36p"), "3 to 16"},
		"size 17":        {at("two"), clusterBody(17, "av36p"), "3 to 16"},
		"another sku":    {at("two"), clusterBody(3, "av52"), "only av64 can"},
		"av64 unfounded": {at("two"), clusterBody(3, "av64"), "extendedNetworkBlocks"},
		"no sku":         {at("two"), map[string]any{"properties": map[string]any{"clusterSize": 3}}, "'sku.name' is missing"},
	} {
		if got := r.want(http.StatusBadRequest, http.MethodPut, c.path, c.body); !strings.Contains(got.message(), c.want) {
			t.Errorf("%s: %s", name, got.message())
		}
	}
	r.want(http.StatusBadRequest, http.MethodDelete, at("Cluster-1"), nil)
	r.follow(r.want(http.StatusCreated, http.MethodPut, at("two"), clusterBody(3, "AV36P")))
	r.want(http.StatusBadRequest, http.MethodPatch, at("two"), map[string]any{"sku": map[string]any{"name": "av52"}})
	r.follow(r.want(http.StatusCreated, http.MethodPatch, at("two"), map[string]any{"properties": map[string]any{"clusterSize": 5}}))

	// Naming hosts decides who leaves.
	now, _ := s.Resource(at("two"))
	hosts := hostList(now, clusterHosts)
	keep := []string{hosts[4], hosts[1], hosts[2]}
	r.follow(r.want(http.StatusCreated, http.MethodPatch, at("two"), map[string]any{"properties": map[string]any{"clusterSize": 3, "hosts": keep}}))
	if now, _ = s.Resource(at("two")); fmt.Sprint(hostList(now, clusterHosts)) != fmt.Sprint(keep) {
		t.Errorf("kept %v, want %v", hostList(now, clusterHosts), keep)
	}

	// At most 12 clusters, the first among them; ids are not used twice.
	for i := 3; i <= 12; i++ {
		r.follow(r.want(http.StatusCreated, http.MethodPut, at(fmt.Sprint("c", i)), clusterBody(3, "av36p")))
	}
	if got := r.want(http.StatusBadRequest, http.MethodPut, at("c13"), clusterBody(3, "av36p")); got.code() != "LimitExceeded" {
		t.Errorf("a thirteenth cluster: %v", got.body)
	}
	ids := map[any]bool{}
	list := r.want(http.StatusOK, http.MethodGet, cloudPath+"/clusters", nil).body["value"].([]any)
	for _, item := range list {
		id, _ := lookup(item.(map[string]any), "properties.clusterId")
		ids[id] = true
	}
	if len(list) != 11 || len(ids) != 11 {
		t.Errorf("%d clusters with %d ids", len(list), len(ids))
	}
	// Deleting the private cloud takes them all away.
	r.follow(r.want(http.StatusAccepted, http.MethodDelete, cloudPath, nil))
	if left := s.Resources(""); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestHostLimitOfAPrivateCloud(t *testing.T) {
	s := start(t, instant, func(c *Config) { c.Subscriptions[0].HostQuota = map[string]int{"AV36P": 500} })
	r := newRaw(t, s)
	r.build(cloudSize, `16`)
	for i := range 5 {
		r.follow(r.want(http.StatusCreated, http.MethodPut, fmt.Sprint(cloudPath, "/clusters/c", i), clusterBody(16, "av36p")))
	}
	if got := r.want(http.StatusBadRequest, http.MethodPut, cloudPath+"/clusters/more", clusterBody(3, "av36p")); got.code() != "LimitExceeded" ||
		!strings.Contains(got.message(), "96") {
		t.Errorf("99 hosts: %v", got.body)
	}
}

func TestQuotaAndCapacity(t *testing.T) {
	s := start(t, func(c *Config) {
		c.Subscriptions[0].HostQuota = map[string]int{"AV36P": 7}
		c.Capacity = map[string]int{"East US": 2, "westeurope": 6}
	})
	r := newRaw(t, s)
	left := func() any {
		const check = "/subscriptions/" + subID + "/providers/Microsoft.AVS/locations/westeurope/checkQuotaAvailability"
		return r.want(http.StatusOK, http.MethodPost, check, nil).body["hostsRemaining"].(map[string]any)["he2"]
	}
	if got := r.want(http.StatusConflict, http.MethodPut, cloudPath, privateCloud("location", `"eastus"`)); got.code() != "Conflict" ||
		got.message() != "No capacity for new tenants in eastus" {
		t.Errorf("a full location: %v", got.body)
	}
	if got := r.want(http.StatusConflict, http.MethodPut, cloudPath, privateCloud(cloudSize, `8`)); got.code() != "QuotaExceeded" {
		t.Errorf("above the quota: %v", got.body)
	}
	if got := r.want(http.StatusConflict, http.MethodPut, cloudPath, privateCloud("sku.name", `"av52"`)); got.code() != "QuotaExceeded" {
		t.Errorf("a SKU without quota: %v", got.body)
	}
	r.build()
	if left() != float64(4) {
		t.Errorf("%v hosts remain, want 4", left())
	}
	grow := func(size int) map[string]any {
		return map[string]any{"properties": map[string]any{"managementCluster": map[string]any{"clusterSize": size}}}
	}
	if got := r.want(http.StatusConflict, http.MethodPatch, cloudPath, grow(7)); got.message() != "No capacity for additional hosts in westeurope" {
		t.Errorf("above the capacity: %v", got.body)
	}
	s.SetCapacity("West Europe", 10)
	r.follow(r.want(http.StatusCreated, http.MethodPatch, cloudPath, grow(7)))
	if left() != float64(0) {
		t.Errorf("%v hosts remain, want none", left())
	}
	if err := s.SetHostQuota(subID, map[string]int{"av36p": 20}); err != nil {
		t.Fatal(err)
	}
	r.want(http.StatusConflict, http.MethodPatch, cloudPath, grow(16)) // 4 of capacity left
	r.follow(r.want(http.StatusCreated, http.MethodPatch, cloudPath, grow(3)))
	r.follow(r.want(http.StatusCreated, http.MethodPatch, cloudPath, grow(11)))
	r.follow(r.want(http.StatusAccepted, http.MethodDelete, cloudPath, nil))
	if left() != float64(20) {
		t.Errorf("%v hosts remain after the delete, want 20", left())
	}
}

func TestRegistration(t *testing.T) {
	s := start(t, func(c *Config) { c.Subscriptions[0].NotRegistered = true })
	r := newRaw(t, s)
	if got := r.want(http.StatusConflict, http.MethodPut, cloudPath, privateCloud()); got.code() != "MissingSubscriptionRegistration" {
		t.Errorf("before the registration: %v", got.body)
	}
	path := "/subscriptions/" + subID + "/providers/Microsoft.AVS"
	state := func(got response) string { return lookupString(got.body, "registrationState") }
	if got := state(r.want(http.StatusOK, http.MethodPost, path+"/register?api-version=2019-05-01", nil)); got != "Registering" {
		t.Errorf("at first the state is %s", got)
	}
	now := func() string {
		return state(r.want(http.StatusOK, http.MethodGet, path+"?api-version=2022-09-01", nil))
	}
	for deadline := time.Now().Add(time.Minute); now() != "Registered"; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("never registered")
		}
	}
	all := r.want(http.StatusOK, http.MethodGet, "/subscriptions/"+subID+"/providers?api-version=2022-09-01", nil)
	if text := fmt.Sprint(all.body); !strings.Contains(text, "privateClouds/clusters") {
		t.Errorf("the providers are %s", text)
	}
	r.build()
}
