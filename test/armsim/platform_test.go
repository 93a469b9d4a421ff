// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package armsim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/avs-operator/avs-operator/test/vcentersim"
)

const (
	lockQuery   = "?api-version=2016-09-01"
	groupsQuery = "?api-version=2022-09-01"
)

func lockPath(scope, name string) string {
	return scope + "/providers/Microsoft.Authorization/locks/" + name + lockQuery
}

func level(name string) map[string]any {
	return map[string]any{"properties": map[string]any{"level": name, "notes": "kept"}}
}

func TestLocks(t *testing.T) {
	s := start(t, stepped)
	r := newRaw(t, s)
	r.want(http.StatusCreated, http.MethodPut, cloudPath, privateCloud())
	s.Advance(6 * time.Hour)
	made := r.want(http.StatusCreated, http.MethodPut, lockPath(cloudPath, "keep"), level(canNotDelete))
	if again := r.want(http.StatusOK, http.MethodPut, lockPath(cloudPath, "KEEP"), level(canNotDelete)); !equal(made.body, again.body) {
		t.Errorf("the second PUT answered %v, the first %v", again.body, made.body)
	}
	locked := func(method, path string, body any) {
		t.Helper()
		if got := r.want(http.StatusConflict, method, path, body); got.code() != "ScopeLocked" || !strings.Contains(got.message(), "are locked: '/subscriptions/") {
			t.Errorf("%s %s was refused with %v", method, path, got.body)
		}
	}
	locked(http.MethodDelete, cloudPath, nil)
	locked(http.MethodDelete, cloudPath+"/clusters/none", nil) // inherited
	locked(http.MethodDelete, groupPath+groupsQuery, nil)      // contains it
	r.want(http.StatusCreated, http.MethodPatch, cloudPath, grow(4))
	s.Advance(time.Hour)
	r.want(http.StatusCreated, http.MethodPut, lockPath(groupPath, "frozen"), level(readOnly))
	locked(http.MethodPatch, cloudPath, grow(5))
	locked(http.MethodPost, cloudPath+"/listAdminCredentials", nil) // an action is a write
	locked(http.MethodPut, cloudPath+"-2", privateCloud())
	r.want(http.StatusOK, http.MethodGet, cloudPath, nil)
	for scope, count := range map[string]int{cloudPath: 2, groupPath: 2, "/subscriptions/" + subID: 2} {
		list, _ := r.want(http.StatusOK, http.MethodGet, scope+"/providers/Microsoft.Authorization/locks"+lockQuery, nil).body["value"].([]any)
		if len(list) != count {
			t.Errorf("%s has the locks %v", scope, list)
		}
	}
	r.want(http.StatusBadRequest, http.MethodPut, lockPath(cloudPath, "x"), level("Sometimes"))
	r.want(http.StatusNotFound, http.MethodPut, lockPath(cloudPath+"-none", "x"), level(readOnly))
	r.want(http.StatusNotFound, http.MethodGet, lockPath(cloudPath, "none"), nil)
	r.want(http.StatusBadRequest, http.MethodGet, cloudPath+"/providers/Microsoft.Authorization/locks/keep?api-version=1999-01-01", nil)
	r.want(http.StatusOK, http.MethodDelete, lockPath(groupPath, "frozen"), nil)
	r.want(http.StatusNoContent, http.MethodDelete, lockPath(groupPath, "frozen"), nil)
	r.want(http.StatusOK, http.MethodDelete, lockPath(cloudPath, "keep"), nil)
	r.want(http.StatusAccepted, http.MethodDelete, cloudPath, nil)
}

func listedClouds(r *raw) []any {
	list, _ := r.want(http.StatusOK, http.MethodGet, groupPath+"/providers/Microsoft.AVS/privateClouds", nil).body["value"].([]any)
	return list
}

func TestListsLagBehindGets(t *testing.T) {
	s := start(t, stepped, func(c *Config) { c.ListLag = time.Minute })
	r := newRaw(t, s)
	r.want(http.StatusCreated, http.MethodPut, cloudPath, privateCloud())
	r.want(http.StatusOK, http.MethodGet, cloudPath, nil)
	if got := listedClouds(r); len(got) != 0 {
		t.Errorf("listed at once: %v", got)
	}
	s.Advance(2 * time.Minute)
	if got := listedClouds(r); len(got) != 1 {
		t.Errorf("after its lag the list is %v", got)
	}
	s.Advance(6 * time.Hour)
	if err := s.SetInAzure(cloudPath, map[string]any{"tags": map[string]any{"new": "yes"}}); err != nil {
		t.Fatal(err)
	}
	if got := listedClouds(r)[0].(map[string]any); lookupString(got, "tags.new") != "" {
		t.Errorf("the list shows the change at once: %v", got)
	}
	s.Advance(2 * time.Minute)
	if got := listedClouds(r)[0].(map[string]any); lookupString(got, "tags.new") != "yes" {
		t.Errorf("the list never shows the change: %v", got)
	}
	if err := s.RemoveInAzure(cloudPath); err != nil {
		t.Fatal(err)
	}
	r.want(http.StatusNotFound, http.MethodGet, cloudPath, nil)
	if got := listedClouds(r); len(got) != 1 {
		t.Errorf("what is gone is listed as %v", got)
	}
	s.Advance(2 * time.Minute)
	if got := listedClouds(r); len(got) != 0 {
		t.Errorf("what is long gone is listed as %v", got)
	}
}

func TestFaultsOnTheWire(t *testing.T) {
	s := start(t)
	r := newRaw(t, s)
	at := regexp.MustCompile("/rg-avs$")
	path := groupPath + groupsQuery
	s.Inject(Fault{Path: at, ExpiredToken: true})
	if got := r.want(http.StatusUnauthorized, http.MethodGet, path, nil); got.code() != "ExpiredAuthenticationToken" ||
		!strings.Contains(got.header.Get("WWW-Authenticate"), "invalid_token") {
		t.Errorf("the expired token got %v %v", got.body, got.header)
	}
	s.Inject(Fault{Path: at, Reset: true, Count: -1})
	if got, err := r.try(http.MethodGet, path, nil); err == nil {
		t.Errorf("a reset connection answered %v", got)
	}
	s.ClearFaults()
	s.Inject(Fault{Path: at, Status: http.StatusBadGateway, Body: "<html>Bad gateway</html>"})
	req := must(http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL()+path, nil))(t)
	req.Header.Set("Authorization", "Bearer "+r.token)
	resp := must(r.http.Do(req))(t)
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusBadGateway || resp.Header.Get("Content-Type") != "text/html" {
		t.Errorf("the gateway answered %v", resp)
	}
	s.Inject(Fault{Path: at, Status: http.StatusNoContent})
	r.want(http.StatusNoContent, http.MethodGet, path, nil)
	s.Inject(Fault{Path: at, Status: http.StatusServiceUnavailable, RetryAfter: time.Minute, RetryDate: true})
	when, err := http.ParseTime(r.want(http.StatusServiceUnavailable, http.MethodGet, path, nil).header.Get("Retry-After"))
	if err != nil || time.Until(when) < 55*time.Second || time.Until(when) > 61*time.Second {
		t.Errorf("Retry-After is %v, %v", when, err)
	}
	// Polling breaks, and the operation goes on.
	s.Inject(Fault{Path: regexp.MustCompile("/operationstatuses/"), Status: 404, Code: "NotFound"})
	began := r.want(http.StatusCreated, http.MethodPut, cloudPath, privateCloud())
	r.want(http.StatusNotFound, http.MethodGet, began.header.Get("Azure-AsyncOperation"), nil)
	if got := r.follow(began); lookupString(got.body, "status") != succeeded {
		t.Errorf("the operation ended as %v", got.body)
	}
}

func TestRetryDateForAll(t *testing.T) {
	s := start(t, func(c *Config) { c.RetryDate = true })
	got := newRaw(t, s).want(http.StatusCreated, http.MethodPut, cloudPath, privateCloud())
	if when, err := http.ParseTime(got.header.Get("Retry-After")); err != nil || time.Until(when) < 25*time.Second {
		t.Errorf("Retry-After is %q, %v", got.header.Get("Retry-After"), err)
	}
	if log := s.Requests(); log[len(log)-1].RetryAfter != 30 {
		t.Errorf("the log says %d seconds", log[len(log)-1].RetryAfter)
	}
}

// The bucket of all principals together is fifteen times that of one, and refills by the clock.
func TestThrottlingOfAllPrincipals(t *testing.T) {
	s := start(t, stepped, func(c *Config) {
		c.Subscriptions[0].Readers, c.Subscriptions[0].Contributors = nil, nil
		c.Throttling.Reads = Bucket{4, 1}
		for i := range 20 {
			c.Tenants[0].Applications = append(c.Tenants[0].Applications, Application{ClientID: fmt.Sprintf("app-%d", i), Secrets: []string{clientSecret}})
		}
	})
	served := 0
	var last response
	for i := range 20 {
		r := newRawAs(t, s, tenant, fmt.Sprintf("app-%d", i))
		for range 4 {
			if last = r.do(http.MethodGet, groupPath+groupsQuery, nil); last.status == http.StatusOK {
				served++
			}
		}
	}
	if served != 60 || last.status != http.StatusTooManyRequests || last.header.Get("Retry-After") == "" {
		t.Errorf("%d reads were served, and then %d %v", served, last.status, last.header)
	}
	s.Advance(2 * time.Second) // 30 tokens for all, two for each
	r := newRawAs(t, s, tenant, "app-0")
	if got := r.want(http.StatusOK, http.MethodGet, groupPath+groupsQuery, nil); got.header.Get("x-ms-ratelimit-remaining-subscription-global-reads") != "29" ||
		got.header.Get("x-ms-ratelimit-remaining-subscription-reads") != "1" {
		t.Errorf("left is %v", got.header)
	}
}

func TestProvidersAndTenants(t *testing.T) {
	s := start(t)
	r := newRaw(t, s)
	tenants := r.want(http.StatusOK, http.MethodGet, "/tenants?api-version=2020-01-01", nil)
	if got := tenants.body["value"].([]any); lookupString(got[0].(map[string]any), "tenantId") != tenant {
		t.Errorf("the tenants are %v", got)
	}
	provider := "/subscriptions/" + subID + "/providers/microsoft.storage"
	r.want(http.StatusOK, http.MethodPost, provider+"/unregister?api-version=2022-09-01", nil)
	if got := r.want(http.StatusOK, http.MethodGet, provider+"?api-version=2022-09-01", nil); got.body["registrationState"] != "NotRegistered" ||
		got.body["namespace"] != "Microsoft.Storage" {
		t.Errorf("after unregister: %v", got.body)
	}
	r.want(http.StatusOK, http.MethodPost, provider+"/register?api-version=2022-09-01", nil)
	if got := r.want(http.StatusNotFound, http.MethodGet, groupPath+"/providers/Microsoft.Storage/accounts/x"+version, nil); got.code() != "InvalidResourceType" {
		t.Errorf("a type that is not simulated: %v", got.body)
	}
	if got := r.want(http.StatusNotFound, http.MethodGet, groupPath+"/providers/Contoso.Nothing/x/y"+version, nil); got.code() != "InvalidResourceNamespace" {
		t.Errorf("a namespace that is none: %v", got.body)
	}
}

// az reads a list of clouds, and a cloud of the name AzureCloud would get Microsoft's login address.
func TestMetadataForCLI(t *testing.T) {
	s := start(t)
	resp := must(httpClient(t, s).Get(s.URL() + "//metadata/endpoints?api-version=2019-05-01"))(t)
	defer resp.Body.Close()
	var clouds []map[string]any
	if err := json.NewDecoder(resp.Body).Decode(&clouds); err != nil || len(clouds) != 1 {
		t.Fatalf("the clouds are %v, %v", clouds, err)
	}
	for _, path := range []string{"resourceManager", "authentication.loginEndpoint", "sqlManagement", "batch", "gallery", "graphAudience",
		"vmImageAliasDoc", "media", "suffixes.storage", "suffixes.keyVaultDns", "suffixes.sqlServerHostname"} {
		if lookupString(clouds[0], path) == "" {
			t.Errorf("az needs %s", path)
		}
	}
	if clouds[0]["name"] == "AzureCloud" {
		t.Error("az would sign in at Microsoft's")
	}
}

// The numbers are those of the live vCenter: they change when machines start there.
func TestMetrics(t *testing.T) {
	s := start(t, stepped, func(c *Config) { c.NoVCenters, c.Speed = false, 1000 })
	r := newRaw(t, s)
	r.want(http.StatusCreated, http.MethodPut, cloudPath, privateCloud())
	s.Advance(6 * time.Hour)
	ask := func(query string) response {
		return r.do(http.MethodGet, cloudPath+"/providers/Microsoft.Insights/metrics?api-version=2023-10-01&"+query, nil)
	}
	span := url.QueryEscape(time.Now().Add(-30*time.Minute).UTC().Format(time.RFC3339) + "/" + time.Now().Add(time.Minute).UTC().Format(time.RFC3339))
	latest := func(metric, dimension string, aggregation string) float64 {
		t.Helper()
		got := ask("metricnames=" + metric + "&timespan=" + span + "&interval=PT30M&aggregation=" + aggregation + "&$filter=" + url.QueryEscape(dimension+" eq '*'"))
		if got.status != http.StatusOK {
			t.Fatalf("%s answered %d %v", metric, got.status, got.body)
		}
		series := got.body["value"].([]any)[0].(map[string]any)["timeseries"].([]any)
		if len(series) != 1 {
			t.Fatalf("%s has the series %v", metric, series)
		}
		for _, point := range series[0].(map[string]any)["data"].([]any) {
			if value, ok := point.(map[string]any)[strings.ToLower(aggregation)].(float64); ok {
				return value
			}
		}
		t.Fatalf("%s has no value: %v", metric, series)
		return 0
	}
	memory, cpu, disk := latest("MemUsageAverage", "clustername", "Maximum"), latest("CpuUsageAverage", "clustername", "Maximum"),
		latest("DiskUsedLatest", "dsname", "Maximum")
	for i := range 20 {
		if _, err := s.VCenter(cloudPath).AddMachine(vcentersim.MachineSpec{Name: fmt.Sprintf("vm-%d", i), NumCPU: 8, MemoryMB: 64 << 10,
			PoweredOn: true}); err != nil {
			t.Fatal(err)
		}
	}
	if now := latest("UsageAverage", "clustername", "Maximum"); now < memory+40 || now > 100 {
		t.Errorf("20 machines of 64 GB took the memory from %v %% to %v %%", memory, now)
	}
	if now := latest("CpuUsageAverage", "clustername", "Maximum"); now < cpu+20 || now > 100 {
		t.Errorf("20 machines of 8 CPUs took the CPU from %v %% to %v %%", cpu, now)
	}
	if now := latest("DiskUsedLatest", "dsname", "Maximum"); now <= disk {
		t.Errorf("20 machines took the disk from %v to %v bytes", disk, now)
	}
	for _, wrong := range []string{"metricnames=Nonsense", "metricnames=CapacityLatest&interval=PT30M&timespan=x/y",
		"metricnames=CapacityLatest&interval=PT30M&timespan=PT1H", "metricnames=CapacityLatest&interval=PT7M",
		"metricnames=CapacityLatest&interval=PT30M&aggregation=Mode", "metricnames=CapacityLatest", "metricnames=CapacityLatest&interval=PT5M",
		"metricnames=CpuUsageAverage&interval=PT1M", "metricnames=DiskUsedPercentage,DiskUsedLatest&interval=PT15M", "metricnames=OverheadAverage&interval=PT5M",
		"metricnames=CapacityLatest&interval=PT30M&$filter=" + url.QueryEscape("colour eq 'red'")} {
		if got := ask(wrong); got.status != http.StatusBadRequest || got.code() == "" {
			t.Errorf("%s answered %d %v", wrong, got.status, got.body)
		}
	}
	for _, right := range []string{"metricnames=DiskUsedPercentage&interval=PT5M", "metricnames=MemOverheadAverage&interval=PT5M",
		"metricnames=DiskCapacityLatest,DiskUsedLatest&interval=P1D"} {
		if got := ask(right); got.status != http.StatusOK {
			t.Errorf("%s answered %d %v", right, got.status, got.body)
		}
	}
	if got := ask("metricnames=DiskUsedPercentage,CapacityLatest&interval=PT5M"); got.message() != "Commonly allowed time grains: "+
		"00:30:00,01:00:00,06:00:00,12:00:00,1.00:00:00 between metrics: "+
		"DiskUsedPercentage,CapacityLatest, can not support requested time grain: 00:05:00 please adjust your interval parameter to use one of the common grains" {
		t.Errorf("a grain that one of two metrics lacks was refused with %q", got.message())
	}
	definitions, _ := r.want(http.StatusOK, http.MethodGet,
		cloudPath+"/providers/microsoft.insights/metricDefinitions?api-version=2018-01-01", nil).body["value"].([]any)
	if len(definitions) != 15 {
		t.Errorf("there are %d definitions", len(definitions))
	}
}
