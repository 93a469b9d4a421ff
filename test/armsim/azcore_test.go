// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package armsim

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	armruntime "github.com/Azure/azure-sdk-for-go/sdk/azcore/arm/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
)

// plain is azcore's ARM pipeline without a typed client, at the newest API version.
func plain(t *testing.T, s *Server) runtime.Pipeline {
	t.Helper()
	return must(armruntime.NewPipeline("test", "v0", secretCredential(t, s, tenant, client, clientSecret), runtime.PipelineOptions{},
		&arm.ClientOptions{ClientOptions: clientOptions(t, s), DisableRPRegistration: true}))(t)
}

func send(t *testing.T, s *Server, pl runtime.Pipeline, method, path string, body any) *http.Response {
	t.Helper()
	req := must(runtime.NewRequest(t.Context(), method, s.URL()+path+version))(t)
	if body != nil {
		if err := runtime.MarshalAsJSON(req, body); err != nil {
			t.Fatal(err)
		}
	}
	return must(pl.Do(req))(t)
}

// azcore's own pollers choose the right strategy from the headers, for each verb, at 2025-09-01.
func TestAzcorePollers(t *testing.T) {
	s := start(t)
	pl := plain(t, s)
	end := func(resp *http.Response) map[string]any {
		t.Helper()
		poller := must(runtime.NewPoller[map[string]any](resp, pl, nil))(t)
		if poller.Done() {
			t.Fatalf("%s was done at once", resp.Request.Method)
		}
		return must(finish(t, poller))(t)
	}
	made := end(send(t, s, pl, http.MethodPut, cloudPath,
		privateCloud("zones", `["1"]`, "properties.vcfLicense", `{"kind":"vcf5","cores":144,"endDate":"2027-01-01T00:00:00Z","licenseKey":"12345"}`)))
	if lookupString(made, "properties.provisioningState") != succeeded || lookupString(made, "properties.vcfLicense.kind") != "vcf5" ||
		strings.Contains(fmt.Sprint(made), "12345") {
		t.Errorf("built %v", made)
	}
	if grown := end(send(t, s, pl, http.MethodPatch, cloudPath, grow(4))); lookupHosts(grown, cloudSize) != 4 {
		t.Errorf("scaled to %v", grown)
	}
	end(send(t, s, pl, http.MethodPost, cloudPath+"/rotateNsxtPassword", nil))
	end(send(t, s, pl, http.MethodDelete, cloudPath, nil))
	if left := s.Resources(""); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

// A failed operation reaches azcore with the code of the status document.
func TestAzcoreSeesTheError(t *testing.T) {
	s := start(t)
	pl := plain(t, s)
	s.Inject(Fault{Verb: http.MethodPut, OperationFails: true, Code: "HostFailure", Message: "A host did not come up."})
	poller := must(runtime.NewPoller[map[string]any](send(t, s, pl, http.MethodPut, cloudPath, privateCloud()), pl, nil))(t)
	_, err := finish(t, poller)
	if got := azureError(t, err); got.ErrorCode != "HostFailure" {
		t.Errorf("azcore says %s: %v", got.ErrorCode, err)
	}
}

// With registration left on, azcore registers the provider by itself and repeats the write.
func TestAzcoreRegisters(t *testing.T) {
	s := start(t, func(c *Config) { c.Subscriptions[0].NotRegistered = true; c.Speed = 1e7 })
	pl := must(armruntime.NewPipeline("test", "v0", secretCredential(t, s, tenant, client, clientSecret), runtime.PipelineOptions{},
		&arm.ClientOptions{ClientOptions: policy.ClientOptions{Cloud: s.Cloud(), Transport: httpClient(t, s)}}))(t)
	if resp := send(t, s, pl, http.MethodPut, cloudPath, privateCloud()); resp.StatusCode != http.StatusCreated {
		t.Errorf("the PUT answered %s", resp.Status)
	}
}

// The frame serves other types by an entry of the table: authorizations beside a running scale, and the hosts of Cluster-1.
func TestOtherTypes(t *testing.T) {
	s := start(t, slow)
	r := newRaw(t, s)
	r.build()
	auth := cloudPath + "/authorizations/er"
	r.want(http.StatusCreated, http.MethodPut, cloudPath+"/clusters/two", clusterBody(3, "av36p"))
	made := r.want(http.StatusCreated, http.MethodPut, auth, map[string]any{}) // at the same time as the cluster
	if lookupString(made.body, "properties.expressRouteAuthorizationKey") != "" {
		t.Errorf("the key is there before the end: %v", made.body)
	}
	r.follow(made)
	got := r.want(http.StatusOK, http.MethodGet, auth, nil)
	if lookupString(got.body, "properties.expressRouteAuthorizationKey") == "" ||
		!strings.HasSuffix(lookupString(got.body, "properties.expressRouteAuthorizationId"), "/authorizations/er") {
		t.Errorf("the authorization is %v", got.body)
	}
	r.want(http.StatusMethodNotAllowed, http.MethodPatch, auth, map[string]any{})
	r.want(http.StatusAccepted, http.MethodDelete, auth, nil)

	list := r.want(http.StatusOK, http.MethodGet, cloudPath+"/clusters/Cluster-1/hosts", nil).body["value"].([]any)
	if len(list) != 3 {
		t.Fatalf("the hosts of Cluster-1 are %v", list)
	}
	one := list[0].(map[string]any)
	if same := r.want(http.StatusOK, http.MethodGet, lookupString(one, "id"), nil); lookupString(same.body, "properties.fqdn") == "" {
		t.Errorf("the host is %v", same.body)
	}
	r.want(http.StatusNotFound, http.MethodGet, cloudPath+"/clusters/none/hosts", nil)
	r.want(http.StatusMethodNotAllowed, http.MethodPut, cloudPath+"/clusters/Cluster-1/hosts/x", map[string]any{})
}

// A claims challenge makes azcore ask for one more token and repeat the request.
func TestClaimsChallenge(t *testing.T) {
	s := start(t)
	newRaw(t, s).build()
	pl := plain(t, s)
	s.Inject(Fault{Verb: http.MethodGet, Path: onCloud, Status: http.StatusUnauthorized, Code: "InvalidAuthenticationToken", Headers: map[string]string{
		"WWW-Authenticate": `Bearer error="insufficient_claims", claims="` +
			base64.StdEncoding.EncodeToString([]byte(`{"access_token":{"nbf":{"essential":true,"value":"1"}}}`)) + `"`,
	}})
	before := len(s.Requests())
	if resp := send(t, s, pl, http.MethodGet, cloudPath, nil); resp.StatusCode != http.StatusOK {
		t.Errorf("after the challenge: %s", resp.Status)
	}
	tokens := 0
	for _, req := range s.Requests()[before:] {
		if strings.HasSuffix(req.Path, "/token") {
			tokens++
		}
	}
	if tokens != 2 {
		t.Errorf("%d tokens were asked for, want one before and one after the challenge", tokens)
	}
}
