// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package armsim

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"
)

// slow keeps an operation running until the test has looked at it.
func slow(c *Config) {
	c.Speed = 1
	c.Durations.AddHosts = Span{Min: time.Hour}
	for _, span := range []*Span{&c.Durations.CreatePrivateCloud, &c.Durations.CreateCluster, &c.Durations.Update} {
		*span = Span{Min: time.Millisecond, Max: time.Millisecond}
	}
}

func TestCreateAnswers(t *testing.T) {
	s := start(t, lasting(func(d *Durations) []*Span { return []*Span{&d.CreatePrivateCloud} }))
	r := newRaw(t, s)
	made := r.want(http.StatusCreated, http.MethodPut, cloudPath, privateCloud())
	if state := lookupString(made.body, "properties.provisioningState"); state != "Building" {
		t.Errorf("the state is %s; azurerm takes Building only", state)
	}
	if made.header.Get("Retry-After") != "30" || made.header.Get("Location") != "" || !strings.Contains(made.header.Get("Azure-AsyncOperation"), version) {
		t.Errorf("the headers are %v", made.header)
	}
	if !strings.Contains(lookupString(made.body, "id"), "/resourcegroups/") || lookupString(made.body, "sku.name") != "av36p" ||
		lookupString(made.body, "location") != "westeurope" {
		t.Errorf("the body is %v", made.body)
	}
	running := r.want(http.StatusOK, http.MethodGet, made.header.Get("Azure-AsyncOperation"), nil)
	if lookupString(running.body, "status") != inProgress || running.header.Get("Retry-After") == "" || lookupString(running.body, "startTime") == "" {
		t.Errorf("the running operation is %v %v", running.body, running.header)
	}
	seen := r.want(http.StatusOK, http.MethodGet, cloudPath, nil) // readable at once
	for _, path := range []string{"properties.endpoints.vcsa", "properties.endpoints.nsxtManager", "properties.managementNetwork",
		"properties.vmotionNetwork", "properties.provisioningNetwork", "properties.circuit.expressRouteID", "properties.vcenterCertificateThumbprint",
		"properties.availability.strategy",
		"properties.managementCluster.vsanDatastoreName"} {
		if lookupString(seen.body, path) == "" {
			t.Errorf("%s is missing while it builds", path)
		}
	}
	ended := r.follow(made)
	if lookupString(ended.body, "status") != succeeded || lookupString(ended.body, "endTime") == "" ||
		!strings.EqualFold(lookupString(ended.body, "resourceId"), cloudPath) {
		t.Errorf("the operation ended as %v", ended.body)
	}
	after := r.want(http.StatusOK, http.MethodGet, cloudPath, nil)
	if lookupString(after.body, "properties.provisioningState") != succeeded ||
		lookupString(after.body, "properties.managementCluster.provisioningState") != succeeded {
		t.Errorf("after the end: %v", after.body)
	}
	// Finished operations stay readable.
	r.want(http.StatusOK, http.MethodGet, made.header.Get("Azure-AsyncOperation"), nil)
}

func TestPatchAndDeleteAnswers(t *testing.T) {
	s := start(t, lasting(func(d *Durations) []*Span { return []*Span{&d.AddHosts, &d.DeletePrivateCloud} }))
	r := newRaw(t, s)
	r.build()
	patch := r.want(http.StatusCreated, http.MethodPatch, cloudPath,
		map[string]any{"properties": map[string]any{"managementCluster": map[string]any{"clusterSize": 4}}})
	if state := lookupString(patch.body, "properties.provisioningState"); state != "Updating" || patch.header.Get("Location") == "" ||
		patch.header.Get("Azure-AsyncOperation") != "" {
		t.Errorf("the PATCH answered %s %v", state, patch.header)
	}
	running := r.want(http.StatusAccepted, http.MethodGet, patch.header.Get("Location"), nil)
	if running.header.Get("Location") == "" || running.header.Get("Retry-After") == "" {
		t.Errorf("the running PATCH has %v", running.header)
	}
	ended := r.follow(patch)
	if size := lookupHosts(ended.body, cloudSize); ended.status != http.StatusOK || size != 4 || len(hostList(ended.body, cloudHosts)) != 4 ||
		lookupString(ended.body, "properties.provisioningState") != succeeded {
		t.Errorf("the PATCH ended in %d %v", ended.status, ended.body)
	}
	// What is already so is no operation.
	if same := r.want(http.StatusOK, http.MethodPatch, cloudPath, map[string]any{"tags": map[string]any{"team": "platform"}}); same.header.Get("Location") != "" {
		t.Errorf("an empty PATCH began %v", same.header)
	}
	gone := r.want(http.StatusAccepted, http.MethodDelete, cloudPath, nil)
	again := r.want(http.StatusAccepted, http.MethodDelete, cloudPath, nil)
	first, _, _ := strings.Cut(gone.header.Get("Location"), "&t=") // each answer signs anew
	if second, _, _ := strings.Cut(again.header.Get("Location"), "&t="); first == "" || first != second {
		t.Errorf("two deletes are at %q and %q", first, second)
	}
	if got := r.want(http.StatusOK, http.MethodGet, cloudPath, nil); lookupString(got.body, "properties.provisioningState") != "Deleting" {
		t.Errorf("while it is deleted: %v", got.body)
	}
	if got := r.follow(gone); got.status != http.StatusOK || got.body != nil {
		t.Errorf("the delete ended in %d %v, want an empty 200", got.status, got.body)
	}
	r.want(http.StatusNotFound, http.MethodGet, cloudPath, nil)
	r.want(http.StatusNoContent, http.MethodDelete, cloudPath, nil)
}

func TestRotationAnswers(t *testing.T) {
	s := start(t, lasting(func(d *Durations) []*Span { return []*Span{&d.Rotate} }))
	r := newRaw(t, s)
	r.build()
	before := r.want(http.StatusOK, http.MethodPost, cloudPath+"/listAdminCredentials", nil)
	got := r.want(http.StatusAccepted, http.MethodPost, cloudPath+"/rotateVcenterPassword", nil)
	status := regexp.MustCompile(`/resourcegroups/rg-avs/providers/Microsoft.AVS/operationstatuses/[-0-9a-f]+\?api-version=`)
	if !status.MatchString(got.header.Get("Azure-AsyncOperation")) || got.header.Get("Location") != "" {
		t.Errorf("the rotation answered %v", got.header)
	}
	during := r.want(http.StatusOK, http.MethodPost, cloudPath+"/listAdminCredentials", nil)
	r.follow(got)
	after := r.want(http.StatusOK, http.MethodPost, cloudPath+"/listAdminCredentials", nil)
	if before.body["vcenterPassword"] != during.body["vcenterPassword"] || during.body["vcenterPassword"] == after.body["vcenterPassword"] ||
		before.body["nsxtPassword"] != after.body["nsxtPassword"] {
		t.Error("the vCenter password must change with the operation's end, and the NSX one not at all")
	}
}

func TestPasswordsAreWriteOnly(t *testing.T) {
	s := start(t)
	r := newRaw(t, s)
	for path, password := range map[string]string{vcenterPassword: `"password"`, nsxtPassword: `"Sh0rt-one"`} {
		r.refused(http.StatusBadRequest, "complexity", http.MethodPut, cloudPath, privateCloud(path, password))
	}
	r.build("properties.vcenterPassword", `"Given-Passw0rd!"`, "properties.nsxtPassword", `""`, "properties.identitySources",
		`[{"name":"ldap","username":"u","password":"p"}]`)
	got := r.want(http.StatusOK, http.MethodGet, cloudPath, nil)
	sources := got.body["properties"].(map[string]any)["identitySources"]
	if text := fmt.Sprint(got.body); strings.Contains(text, "assword") || fmt.Sprint(sources) != "[map[name:ldap]]" {
		t.Errorf("GET shows %s", text)
	}
	creds := r.want(http.StatusOK, http.MethodPost, cloudPath+"/listAdminCredentials", nil)
	if creds.body["vcenterPassword"] != "Given-Passw0rd!" || creds.body["nsxtPassword"] == "" {
		t.Errorf("the credentials are %v", creds.body)
	}
}

func TestOneOperationAtATime(t *testing.T) {
	s := start(t, slow)
	r := newRaw(t, s)
	r.build()
	r.want(http.StatusCreated, http.MethodPatch, cloudPath, map[string]any{"properties": map[string]any{"managementCluster": map[string]any{"clusterSize": 4}}})
	cluster := map[string]any{"sku": map[string]any{"name": "AV36P"}, "properties": map[string]any{"clusterSize": 3}}
	for _, c := range []struct {
		method, path string
		body         any
	}{
		{http.MethodPut, cloudPath + "/clusters/two", cluster},
		{http.MethodPatch, cloudPath, map[string]any{"properties": map[string]any{"internet": "Enabled"}}},
		{http.MethodPost, cloudPath + "/rotateNsxtPassword", nil},
		{http.MethodDelete, cloudPath, nil},
	} {
		if got := r.want(http.StatusConflict, c.method, c.path, c.body); got.code() != "AnotherOperationInProgress" ||
			!strings.Contains(got.message(), "Another operation on this or dependent resource is in progress") {
			t.Errorf("%s %s: %v", c.method, c.path, got.body)
		}
	}
	// Reads are free meanwhile, and the size has not changed yet.
	if got := r.want(http.StatusOK, http.MethodGet, cloudPath, nil); lookupHosts(got.body, cloudSize) != 3 {
		t.Errorf("the size is %d before the end", lookupHosts(got.body, cloudSize))
	}
	r.want(http.StatusOK, http.MethodPost, cloudPath+"/listAdminCredentials", nil)
}

// A cluster's operation blocks the private cloud as well.
func TestClusterBlocksPrivateCloud(t *testing.T) {
	s := start(t, slow, func(c *Config) { c.Durations.CreateCluster = Span{Min: time.Hour} })
	r := newRaw(t, s)
	cluster := map[string]any{"sku": map[string]any{"name": "AV36P"}, "properties": map[string]any{"clusterSize": 3}}
	r.want(http.StatusNotFound, http.MethodPut, cloudPath+"/clusters/two", cluster)
	r.build()
	made := r.want(http.StatusCreated, http.MethodPut, cloudPath+"/clusters/two", cluster)
	if lookupString(made.body, "properties.provisioningState") != "Updating" || made.header.Get("Azure-AsyncOperation") == "" {
		t.Errorf("the cluster answered %v %v", made.body, made.header)
	}
	for method, path := range map[string]string{http.MethodPatch: cloudPath, http.MethodDelete: cloudPath, http.MethodPut: cloudPath + "/clusters/three"} {
		body := cluster
		if method == http.MethodPatch {
			body = map[string]any{"tags": map[string]any{}}
		}
		r.want(http.StatusConflict, method, path, body)
	}
}

func TestParentMustBeReady(t *testing.T) {
	s := start(t, func(c *Config) { c.Durations.CreatePrivateCloud = Span{Min: 1e6 * time.Hour} })
	r := newRaw(t, s)
	r.want(http.StatusCreated, http.MethodPut, cloudPath, privateCloud())
	cluster := map[string]any{"sku": map[string]any{"name": "AV36P"}, "properties": map[string]any{"clusterSize": 3}}
	r.want(http.StatusConflict, http.MethodPut, cloudPath+"/clusters/two", cluster)
	r.want(http.StatusConflict, http.MethodPost, cloudPath+"/listAdminCredentials", nil)
}

// Lengths come from the seed and the resource, not from what else goes on, and lie within the span.
func TestLengthsAreRepeatable(t *testing.T) {
	span := Span{Min: 150 * time.Minute, Max: 6 * time.Hour}
	draw := func(seed int64, keys ...string) (out time.Duration) {
		s := &Server{config: Config{Seed: seed}, draws: map[string]int{}}
		for _, k := range keys {
			out = s.draw(span, k)
		}
		return out
	}
	seen := map[time.Duration]bool{}
	for seed := range int64(20) {
		d := draw(seed, "put/a")
		if d < span.Min || d > span.Max {
			t.Errorf("seed %d drew %v", seed, d)
		}
		if d != draw(seed, "put/b", "put/c", "put/a") {
			t.Errorf("seed %d: another resource changed the length", seed)
		}
		seen[d] = true
	}
	if len(seen) != 20 || draw(1, "put/a", "put/a") == draw(1, "put/a") {
		t.Errorf("20 seeds drew %d lengths", len(seen))
	}
}

// Retry-After is in simulated seconds, and Speed divides the length.
func TestSpeed(t *testing.T) {
	s := start(t, func(c *Config) {
		c.Speed = 3600
		c.RetryAfter = 45 * time.Second
		c.Durations.CreatePrivateCloud = Span{Min: 30 * time.Minute, Max: 30 * time.Minute}
	})
	r := newRaw(t, s)
	began := time.Now()
	made := r.want(http.StatusCreated, http.MethodPut, cloudPath, privateCloud())
	if made.header.Get("Retry-After") != "45" {
		t.Errorf("Retry-After is %s", made.header.Get("Retry-After"))
	}
	r.follow(made)
	if took := time.Since(began); took < 500*time.Millisecond || took > 30*time.Second {
		t.Errorf("half an hour at speed 3600 took %v, want 0.5 s", took)
	}
}
