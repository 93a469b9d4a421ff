// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package armsim

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/avs/armavs"
	"github.com/google/uuid"
)

var (
	onCloud  = regexp.MustCompile(`/privateclouds/weu$`)
	correlID = "x-ms-correlation-request-id"
)

func grow(size int) map[string]any {
	return map[string]any{"properties": map[string]any{"managementCluster": map[string]any{"clusterSize": size}}}
}

// A write with the correlation id of an earlier one is answered as that was, and does nothing.
func TestReplayByCorrelationID(t *testing.T) {
	s := start(t)
	r := newRaw(t, s)
	first := r.want(http.StatusCreated, http.MethodPut, cloudPath, privateCloud(), correlID, "one")
	again := r.want(http.StatusCreated, http.MethodPut, strings.ToUpper(cloudPath), privateCloud(), correlID, "ONE")
	if first.header.Get("Azure-AsyncOperation") != again.header.Get("Azure-AsyncOperation") {
		t.Error("the repeated PUT began another operation")
	}
	r.follow(first)

	patch := r.want(http.StatusCreated, http.MethodPatch, cloudPath, grow(4), correlID, "one") // the id with another verb
	r.follow(patch)
	r.want(http.StatusCreated, http.MethodPatch, cloudPath, grow(5), correlID, "one") // another body: swallowed all the same
	if now, _ := s.Resource(cloudPath); lookupHosts(now, cloudSize) != 4 || lookupString(now, "properties.provisioningState") != succeeded {
		t.Errorf("a swallowed PATCH had an effect: %v", now["properties"])
	}
	r.follow(r.want(http.StatusCreated, http.MethodPatch, cloudPath, grow(5), correlID, "two"))
	if now, _ := s.Resource(cloudPath); lookupHosts(now, cloudSize) != 5 {
		t.Errorf("a PATCH with a new id had no effect: %v", now["properties"])
	}
	// The id on another resource is another key: azurerm sends one id for all.
	r.follow(r.want(http.StatusCreated, http.MethodPut, cloudPath+"/clusters/two", clusterBody(3, "av36p"), correlID, "one"))

	// Refusals are repeated as well, although the reason has gone.
	r.want(http.StatusBadRequest, http.MethodPatch, cloudPath, grow(99), correlID, "three")
	r.want(http.StatusBadRequest, http.MethodPatch, cloudPath, grow(6), correlID, "three")

	rotated := r.want(http.StatusAccepted, http.MethodPost, cloudPath+"/rotateVcenterPassword", nil, correlID, "four")
	r.follow(rotated)
	same := r.want(http.StatusAccepted, http.MethodPost, cloudPath+"/rotateVcenterPassword", nil, correlID, "four")
	if rotated.header.Get("Azure-AsyncOperation") != same.header.Get("Azure-AsyncOperation") {
		t.Error("the repeated rotation began another operation")
	}

	// The memory ends with the resource: the same id may build it anew.
	r.follow(r.want(http.StatusAccepted, http.MethodDelete, cloudPath, nil, correlID, "one"))
	r.want(http.StatusNoContent, http.MethodDelete, cloudPath, nil, correlID, "one")
	r.follow(r.want(http.StatusCreated, http.MethodPut, cloudPath, privateCloud(), correlID, "one"))
	if _, ok := s.Resource(cloudPath); !ok {
		t.Error("the second creation was swallowed")
	}
}

// The effect is made and the answer is lost; the same id finds it again.
func TestLostAnswer(t *testing.T) {
	s := start(t)
	r := newRaw(t, s)
	for name, f := range map[string]Fault{"dropped": {Drop: true}, "truncated": {Truncate: true}} {
		f.Verb, f.Path, f.When = http.MethodPut, onCloud, After
		s.Inject(f)
		id := uuid.NewString()
		if got, err := r.try(http.MethodPut, cloudPath, privateCloud(), correlID, id); err == nil {
			t.Fatalf("%s: answered %v", name, got)
		}
		if _, ok := s.Resource(cloudPath); !ok {
			t.Fatalf("%s: the effect was not made", name)
		}
		r.follow(r.want(http.StatusCreated, http.MethodPut, cloudPath, privateCloud(), correlID, id))
		r.follow(r.want(http.StatusAccepted, http.MethodDelete, cloudPath, nil))
	}
}

func TestRequestFaults(t *testing.T) {
	s := start(t)
	r := newRaw(t, s)
	s.Inject(Fault{Verb: http.MethodPut, Path: onCloud, Skip: 1, Count: 2, Status: 503, Code: "ServerUnavailable", Message: "Try later.",
		RetryAfter: 7 * time.Second})
	r.want(http.StatusBadRequest, http.MethodPut, cloudPath, map[string]any{}) // skipped
	for range 2 {
		got := r.want(http.StatusServiceUnavailable, http.MethodPut, cloudPath, privateCloud())
		if got.code() != "ServerUnavailable" || got.message() != "Try later." || got.header.Get("Retry-After") != "7" {
			t.Errorf("got %v %v", got.body, got.header)
		}
	}
	if made := s.Resources(""); len(made) != 0 {
		t.Errorf("a fault before the effect made %v", made)
	}
	s.Inject(Fault{Verb: http.MethodPut, Path: onCloud, Drop: true})
	if _, err := r.try(http.MethodPut, cloudPath, privateCloud()); err == nil || len(s.Resources("")) != 0 {
		t.Errorf("dropped before the effect: %v, made %v", err, s.Resources(""))
	}
	// An answer is an answer: the id of a request that was refused is used up.
	s.Inject(Fault{Verb: http.MethodPut, Path: onCloud, Status: 500})
	r.want(http.StatusInternalServerError, http.MethodPut, cloudPath, privateCloud(), correlID, "x")
	r.want(http.StatusInternalServerError, http.MethodPut, cloudPath, privateCloud(), correlID, "x")
	s.Inject(Fault{Verb: http.MethodPut, Path: onCloud, Delay: 300 * time.Millisecond})
	began := time.Now()
	r.want(http.StatusCreated, http.MethodPut, cloudPath, privateCloud())
	if took := time.Since(began); took < 300*time.Millisecond {
		t.Errorf("the delayed answer came after %v", took)
	}
	s.Inject(Fault{Count: -1, Status: 418})
	s.ClearFaults()
	r.want(http.StatusOK, http.MethodGet, cloudPath, nil)
}

// Entra fails in the same ways.
func TestEntraFaults(t *testing.T) {
	s := start(t)
	s.Inject(Fault{Path: regexp.MustCompile(`/oauth2/v2.0/token$`), Status: 503})
	cred := secretCredential(t, s, tenant, client, clientSecret)
	if _, err := cred.GetToken(t.Context(), tokenOptions(s)); err == nil || !strings.Contains(err.Error(), "503") {
		t.Errorf("the first token: %v", err)
	}
	usable(t, s, token(t, s, cred))
}

func TestOperationsThatEndBadly(t *testing.T) {
	for name, c := range map[string]struct {
		fault Fault
		want  string
	}{
		"failed":    {Fault{OperationFails: true, Code: "HostFailure", Message: "A host did not come up."}, "Failed"},
		"canceled":  {Fault{Canceled: true}, "Canceled"},
		"cancelled": {Fault{Cancelled: true}, "Cancelled"},
	} {
		s := start(t)
		r := newRaw(t, s)
		c.fault.Verb = http.MethodPut
		s.Inject(c.fault)
		ended := r.follow(r.want(http.StatusCreated, http.MethodPut, cloudPath, privateCloud()))
		if lookupString(ended.body, "status") != c.want || lookupString(ended.body, "error.code") == "" || lookupString(ended.body, "error.message") == "" {
			t.Errorf("%s: the operation ended as %v", name, ended.body)
		}
		if now, _ := s.Resource(cloudPath); lookupString(now, "properties.provisioningState") != c.want {
			t.Errorf("%s: the private cloud is %v", name, now["properties"])
		}
		if c.want != "Failed" {
			r.want(http.StatusConflict, http.MethodPut, cloudPath+"/clusters/two", clusterBody(3, "av36p"))
			r.follow(r.want(http.StatusOK, http.MethodPut, cloudPath, privateCloud())) // the same again carries it through
			if now, _ := s.Resource(cloudPath); lookupString(now, "properties.provisioningState") != succeeded {
				t.Errorf("%s: after a second PUT it is %v", name, now["properties"])
			}
			r.follow(r.want(http.StatusAccepted, http.MethodDelete, cloudPath, nil))
			continue
		}
		if lookupString(ended.body, "error.code") != "HostFailure" {
			t.Errorf("the error is %v", ended.body)
		}
		// A failed resource refuses every change until support has repaired it.
		for method, body := range map[string]any{http.MethodPatch: grow(4), http.MethodPut: privateCloud(cloudSize, `4`), http.MethodDelete: nil} {
			if got := r.want(http.StatusConflict, method, cloudPath, body); !strings.Contains(got.message(), "can not edit a resource in a failed state") {
				t.Errorf("%s: %v", method, got.body)
			}
		}
		if err := s.SetInAzure(cloudPath, map[string]any{"properties": map[string]any{"provisioningState": succeeded}}); err != nil {
			t.Fatal(err)
		}
		r.follow(r.want(http.StatusCreated, http.MethodPatch, cloudPath, grow(4)))
	}
}

// A failed update leaves the old values, whatever was promised; through Location only the state tells.
func TestUpdateThatFails(t *testing.T) {
	s := start(t)
	r := newRaw(t, s)
	r.build()
	s.Inject(Fault{Verb: http.MethodPatch, OperationFails: true})
	ended := r.follow(r.want(http.StatusCreated, http.MethodPatch, cloudPath, grow(4)))
	if ended.status != http.StatusOK || lookupString(ended.body, "properties.provisioningState") != failed || lookupHosts(ended.body, cloudSize) != 3 {
		t.Errorf("the PATCH ended in %d %v", ended.status, ended.body)
	}
	s2 := start(t)
	r2 := newRaw(t, s2)
	r2.build()
	s2.Inject(Fault{Verb: http.MethodDelete, OperationFails: true, Code: "Stuck"})
	if ended := r2.follow(r2.want(http.StatusAccepted, http.MethodDelete, cloudPath, nil)); ended.code() != "Stuck" || ended.status != http.StatusConflict {
		t.Errorf("the DELETE ended in %d %v", ended.status, ended.body)
	}
	if now, ok := s2.Resource(cloudPath); !ok || lookupString(now, "properties.provisioningState") != failed {
		t.Errorf("after a delete that failed: %v", now)
	}
	s3 := start(t)
	r3 := newRaw(t, s3)
	r3.build()
	before := r3.want(http.StatusOK, http.MethodPost, cloudPath+"/listAdminCredentials", nil)
	s3.Inject(Fault{Verb: http.MethodPost, OperationFails: true})
	r3.follow(r3.want(http.StatusAccepted, http.MethodPost, cloudPath+"/rotateVcenterPassword", nil))
	if after := r3.want(http.StatusOK, http.MethodPost, cloudPath+"/listAdminCredentials", nil); after.body["vcenterPassword"] != before.body["vcenterPassword"] {
		t.Error("a rotation that failed changed the password")
	}
}

// Lagging replicas: 404 after a create, the old body after an update, and a PATCH that echoes "Succeeded".
func TestLaggingReplicas(t *testing.T) {
	s := start(t)
	r := newRaw(t, s)
	s.Inject(Fault{Verb: http.MethodPut, Path: onCloud, StaleGets: 2})
	made := r.want(http.StatusCreated, http.MethodPut, cloudPath, privateCloud())
	r.want(http.StatusNotFound, http.MethodGet, cloudPath, nil)
	r.want(http.StatusNotFound, http.MethodGet, cloudPath, nil)
	r.want(http.StatusOK, http.MethodGet, cloudPath, nil)
	r.follow(made)

	s.Inject(Fault{Verb: http.MethodPatch, StaleGets: 1, EchoOldBody: true, NoPollingHeaders: true})
	echo := r.want(http.StatusCreated, http.MethodPatch, cloudPath, grow(4))
	if lookupString(echo.body, "properties.provisioningState") != succeeded || lookupHosts(echo.body, cloudSize) != 3 || echo.header.Get("Location") != "" {
		t.Errorf("the echo is %v %v", echo.body, echo.header)
	}
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) {
		if now, _ := s.Resource(cloudPath); lookupHosts(now, cloudSize) == 4 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the PATCH never ended")
		}
	}
	if got := r.want(http.StatusOK, http.MethodGet, cloudPath, nil); lookupHosts(got.body, cloudSize) != 3 {
		t.Errorf("the first GET sees %d hosts, want the old 3", lookupHosts(got.body, cloudSize))
	}
	if got := r.want(http.StatusOK, http.MethodGet, cloudPath, nil); lookupHosts(got.body, cloudSize) != 4 {
		t.Errorf("the second GET sees %d hosts, want 4", lookupHosts(got.body, cloudSize))
	}
}

// azcore's own poller takes an echoed "Succeeded" for the end: the trap that the fault is for.
func TestEchoFoolsAzcore(t *testing.T) {
	s := start(t)
	newRaw(t, s).build()
	s.Inject(Fault{Verb: http.MethodPatch, EchoOldBody: true, NoPollingHeaders: true})
	poller := must(factory(t, s).NewPrivateCloudsClient().BeginUpdate(t.Context(), "rg-avs", "weu", armavs.PrivateCloudUpdate{
		Properties: &armavs.PrivateCloudUpdateProperties{ManagementCluster: &armavs.ManagementCluster{ClusterSize: to.Ptr[int32](4)}},
	}, nil))(t)
	if !poller.Done() {
		t.Error("the poller was not fooled")
	}
}

// A service may accept a value and keep it in another form, and take longer than it should.
func TestWhatIsStoredOtherwise(t *testing.T) {
	s := start(t)
	r := newRaw(t, s)
	body := privateCloud()
	body["tags"] = map[string]any{"CostCenter": "17"}
	r.follow(r.want(http.StatusCreated, http.MethodPut, cloudPath, body))
	s.Inject(Fault{Verb: http.MethodPatch, Stores: map[string]any{"properties": map[string]any{"internet": "as I like it"}}, Lasts: 12 * time.Hour})
	began := time.Now()
	r.follow(r.want(http.StatusCreated, http.MethodPatch, cloudPath, map[string]any{
		"properties": map[string]any{"internet": "Enabled"}, "tags": map[string]any{"costcenter": "18", "other": "x"},
	}))
	if took := time.Since(began) * quick; took < 12*time.Hour {
		t.Errorf("it took %s", took)
	}
	now, _ := s.Resource(cloudPath)
	tags, _ := now["tags"].(map[string]any)
	if lookupString(now, "properties.internet") != "as I like it" || len(tags) != 2 || tags["CostCenter"] != "18" {
		t.Errorf("stored is %v with tags %v", now["properties"], tags)
	}
}

// A list may lack for a while what a GET shows.
func TestListThatLacks(t *testing.T) {
	s := start(t)
	r := newRaw(t, s)
	r.build()
	list, _, _ := strings.Cut(cloudPath, "/weu")
	count := func() int {
		rows, _ := r.want(http.StatusOK, http.MethodGet, list, nil).body["value"].([]any)
		return len(rows)
	}
	s.Inject(Fault{Verb: http.MethodGet, Path: regexp.MustCompile(`/privateclouds$`), ListLacks: "^weu$", Count: 2})
	for i, want := range []int{0, 0, 1} {
		if got := count(); got != want {
			t.Errorf("list %d has %d, want %d", i, got, want)
		}
		r.want(http.StatusOK, http.MethodGet, cloudPath, nil)
	}
	s.Inject(Fault{Verb: http.MethodGet, Path: regexp.MustCompile(`/privateclouds$`), ListLacks: "^other$"})
	if got := count(); got != 1 {
		t.Errorf("a list that lacks another has %d", got)
	}
}
