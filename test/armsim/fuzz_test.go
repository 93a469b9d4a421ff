// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package armsim

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

// fuzzed is a server for the router's fuzz test: without limits, with a private cloud that stands and one on its way.
func fuzzed(t testing.TB) (*Server, string) {
	s := start(t, stepped, func(c *Config) {
		c.Throttling = Throttling{Bucket{1 << 40, 1}, Bucket{1 << 40, 1}, Bucket{1 << 40, 1}}
	})
	r := newRaw(t, s)
	r.want(http.StatusCreated, http.MethodPut, cloudPath, privateCloud())
	s.Advance(6 * time.Hour)
	r.want(http.StatusCreated, http.MethodPut, cloudPath+"/clusters/two", clusterBody(3, "av36p"))
	r.want(http.StatusCreated, http.MethodPut, cloudPath+"-2", privateCloud("properties.networkBlock", `"10.200.0.0/22"`))
	return s, r.token
}

// FuzzRouter sends whatever to every handler: nothing may panic, and every refusal has ARM's error shape, or Entra's.
func FuzzRouter(f *testing.F) {
	body := `{"location":"westeurope","sku":{"name":"av36p"},"properties":{"networkBlock":"10.0.0.0/22","managementCluster":{"clusterSize":3}}}`
	nsx := cloudPath + "/workloadNetworks/default"
	for _, seed := range [][4]string{
		{"PUT", cloudPath + "-3" + version, "application/json", body},
		{"PUT", cloudPath + version, "application/json", body},
		{"PATCH", cloudPath + version, "application/json", `{"properties":{"managementCluster":{"clusterSize":4}}}`},
		{"PATCH", cloudPath + version, "text/plain", `{`},
		{"PATCH", cloudPath + version, "application/json", `{"properties":null,"sku":7,"tags":[[]]}`},
		{"PUT", cloudPath + "/clusters/three" + version, "application/json", `{"sku":{"name":"av36p"},"properties":{"clusterSize":1e300}}`},
		{"GET", cloudPath + "/clusters/Cluster-1/hosts" + version, "", ""},
		{"POST", cloudPath + "/clusters/Cluster-1/listZones" + version, "", ""},
		{"POST", cloudPath + "/listAdminCredentials" + version, "", ""},
		{"POST", cloudPath + "/rotateVcenterPassword" + version, "application/json", `{}`},
		{"DELETE", cloudPath + "/authorizations/x" + version, "", ""},
		{"PUT", nsx + "/segments/s" + version, "application/json",
			`{"properties":{"displayName":"s","connectedGateway":"T1","subnet":{"gatewayAddress":"10.1.0.1/24","dhcpRanges":["x"]}}}`},
		{"PUT", nsx + "/dhcpConfigurations/d" + version, "application/json", `{"properties":{"dhcpType":"SERVER","leaseTime":-1}}`},
		{"PUT", cloudPath + "/scriptExecutions/e" + version, "application/json", `{"properties":{"scriptCmdletId":"","timeout":"P","parameters":[{}]}}`},
		{"PUT", cloudPath + "/addons/HCX" + version, "application/json", `{"properties":{"addonType":"HCX","offer":[]}}`},
		{"PUT", cloudPath + "/clusters/Cluster-1/datastores/d" + version, "application/json", `{"properties":{"netAppVolume":{},"diskPoolVolume":1}}`},
		{"PUT", cloudPath + "/clusters/Cluster-1/placementPolicies/p" + version, "application/json", `{"properties":{"type":"VmVm","vmMembers":"x"}}`},
		{"GET", "/subscriptions/" + subID + "/providers/Microsoft.AVS/privateClouds" + version + "&$skiptoken=-1", "", ""},
		{"GET", "/subscriptions/" + subID + "/providers?api-version=2022-09-01&$top=0", "", ""},
		{"POST", "/subscriptions/" + subID + "/providers/Microsoft.AVS/locations/westeurope/checkQuotaAvailability" + version, "application/json", `[]`},
		{"PUT", groupPath + "/providers/Microsoft.Authorization/locks/l?api-version=2016-09-01", "application/json", `{"properties":{"level":"ReadOnly"}}`},
		{"DELETE", groupPath + "/providers/Microsoft.Authorization/locks/l?api-version=2016-09-01", "", ""},
		{"GET", cloudPath + "/providers/Microsoft.Insights/metrics?api-version=2023-10-01&metricnames=CpuUsageAverage&timespan=x/y&interval=PT5M", "", ""},
		{"POST", "/subscriptions", "", ""}, {"GET", "/tenants/x/y", "", ""}, {"GET", "/providers/" + strings.Repeat("a/", 50), "", ""},
		{"GET", "//metadata//endpoints?api-version=2019-05-01", "", ""}, {"GET", "/" + tenant + "/v2.0/.well-known/openid-configuration", "", ""},
		{"POST", "/" + tenant + "/oauth2/v2.0/token", "application/x-www-form-urlencoded",
			"grant_type=client_credentials&client_id=" + client + "&client_assertion=a.b.c"},
		{"POST", "/" + tenant + "/oauth2/v2.0/token", "application/json", "%zz"},
		{"GET", groupPath + "/../%2e%2e/%2Fsubscriptions/%00" + version, "", ""}, {"GET", "/%ff/%5c" + version, "", ""},
		{"GET", "/subſcriptions/" + subID + "/resourceGroups/\u212A\u0130?api-version=2022-09-01", "", ""},
	} {
		f.Add(seed[0], seed[1], seed[2], seed[3], true)
		f.Add(seed[0], seed[1], seed[2], seed[3], false)
	}
	s, token := fuzzed(f)
	f.Fuzz(func(t *testing.T, method, target, contentType, body string, signedIn bool) {
		uri, err := url.ParseRequestURI(target)
		if err != nil || method == "" {
			t.Skip("no HTTP server hands such a request on")
		}
		req := httptest.NewRequest(http.MethodGet, "/", strings.NewReader(body))
		req.Method, req.URL, req.RequestURI = method, uri, target
		req.Header.Set("Content-Type", contentType)
		if signedIn {
			req.Header.Set("Authorization", "Bearer "+token)
		}
		out := httptest.NewRecorder()
		s.ServeHTTP(out, req)
		if out.Code == http.StatusInternalServerError {
			t.Fatalf("%s %s %q broke the server: %s", method, target, body, out.Body)
		}
		if out.Code < 400 {
			return
		}
		var shape struct{ Error any }
		if err := json.Unmarshal(out.Body.Bytes(), &shape); err != nil {
			t.Fatalf("%s %s: %d with %q", method, target, out.Code, out.Body)
		}
		object, _ := shape.Error.(map[string]any)
		if name, isText := shape.Error.(string); (!isText || name == "") && (lookupString(object, "code") == "" || lookupString(object, "message") == "") {
			t.Fatalf("%s %s: %d with %q, which is not ARM's shape", method, target, out.Code, out.Body)
		}
	})
}
