// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package armsim

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
)

// over drives what no typed client here knows, through azcore's plain pipeline and its pollers.
type over struct {
	t  *testing.T
	s  *Server
	pl runtime.Pipeline
}

// now sends a request whose answer is final.
func (o *over) now(status int, method, path string, body any) map[string]any {
	o.t.Helper()
	resp := send(o.t, o.s, o.pl, method, path, body)
	if resp.StatusCode != status {
		o.t.Fatalf("%s %s: %v", method, path, runtime.NewResponseError(resp))
	}
	var out map[string]any
	if err := runtime.UnmarshalAsJSON(resp, &out); err != nil {
		o.t.Fatal(err)
	}
	return out
}

// end sends a request and follows its operation with azcore's poller.
func (o *over) end(method, path string, body any) map[string]any {
	o.t.Helper()
	resp := send(o.t, o.s, o.pl, method, path, body)
	if resp.StatusCode >= 300 {
		o.t.Fatalf("%s %s: %v", method, path, runtime.NewResponseError(resp))
	}
	return must(finish(o.t, must(runtime.NewPoller[map[string]any](resp, o.pl, nil))(o.t)))(o.t)
}

func properties(pairs ...any) map[string]any {
	out := map[string]any{}
	for i := 0; i < len(pairs); i += 2 {
		put(out, "properties."+pairs[i].(string), pairs[i+1])
	}
	return out
}

func names(list map[string]any) string {
	var out []string
	items, _ := list["value"].([]any)
	for _, item := range items {
		out = append(out, lookupString(item.(map[string]any), "name"))
	}
	return strings.Join(out, " ")
}

// What came after the typed client's version, at 2025-09-01 over plain azcore.
func TestAdditionsOfTheNewestVersion(t *testing.T) {
	s := start(t, func(c *Config) { c.NoVCenters = false })
	o := &over{t, s, plain(t, s)}
	o.end(http.MethodPut, cloudPath, privateCloud("properties.vcfLicense",
		`{"kind":"vcf5","cores":108,"endDate":"2099-01-01T00:00:00Z","licenseKey":"secret-key"}`,
		"identity", `{"type":"SystemAssigned"}`))

	hosts := o.now(200, http.MethodGet, cloudPath+"/clusters/Cluster-1/hosts", nil)
	first := strings.Fields(names(hosts))[0]
	if host := o.now(200, http.MethodGet, cloudPath+"/clusters/Cluster-1/hosts/"+first, nil); lookupString(host, "properties.moRefId") == "" ||
		lookupString(host, "properties.kind") != "General" {
		t.Errorf("the host is %v", host)
	}
	if got := names(o.now(200, http.MethodGet, cloudPath+"/provisionedNetworks", nil)); !strings.Contains(got, "vmotion") {
		t.Errorf("the provisioned networks are %s", got)
	}
	o.now(200, http.MethodGet, cloudPath+"/provisionedNetworks/vmotion", nil)
	o.storage()
	o.licences()
	o.addonNetworks()
	o.end(http.MethodPost,
		groupPath[:strings.Index(groupPath, "/resourceGroups")]+"/providers/Microsoft.AVS/locations/westeurope/serviceComponents/hcx/checkAvailability", nil)
	skus := o.now(200, http.MethodGet, groupPath[:strings.Index(groupPath, "/resourceGroups")]+"/providers/Microsoft.AVS/skus", nil)
	if !strings.Contains(names(skus), "av64") {
		t.Errorf("the SKUs are %s", names(skus))
	}
	if got := o.now(200, http.MethodGet, cloudPath, nil); lookupString(got, "identity.principalId") == "" {
		t.Errorf("the identity is %v", got["identity"])
	}
}

func (o *over) storage() {
	o.end(http.MethodPut, cloudPath+"/iscsiPaths/default", properties("networkBlock", "10.200.0.0/24"))
	o.now(200, http.MethodGet, cloudPath+"/iscsiPaths/default", nil)
	san := cloudPath + "/clusters/Cluster-1/datastores/san"
	o.end(http.MethodPut, san, properties("elasticSanVolume.targetId",
		"/subscriptions/x/resourceGroups/y/providers/Microsoft.ElasticSan/elasticSans/e/volumeGroups/g/volumes/v"))
	if resp := send(o.t, o.s, o.pl, http.MethodDelete, cloudPath+"/iscsiPaths/default", nil); resp.StatusCode != http.StatusConflict {
		o.t.Errorf("deleting the iSCSI path under a datastore: %d", resp.StatusCode)
	}
	o.end(http.MethodDelete, san, nil)
	pure := properties("storagePoolId", "/subscriptions/x/pool", "storagePolicyDefinition", "definition")
	o.end(http.MethodPut, cloudPath+"/pureStoragePolicies/gold", pure)
	if got := names(o.now(200, http.MethodGet, cloudPath+"/pureStoragePolicies", nil)); got != "gold" {
		o.t.Errorf("the Pure Storage policies are %s", got)
	}
	o.end(http.MethodPut, cloudPath+"/clusters/Cluster-1/datastores/pure",
		properties("pureStorageVolume.storagePoolId", "/subscriptions/x/pool", "pureStorageVolume.sizeGb", 64))
	for _, gone := range []string{"/clusters/Cluster-1/datastores/pure", "/pureStoragePolicies/gold", "/iscsiPaths/default"} {
		o.end(http.MethodDelete, cloudPath+gone, nil)
	}
}

func (o *over) licences() {
	if got := o.now(200, http.MethodPost, cloudPath+"/getVcfLicense", nil); got["licenseKey"] != "secret-key" {
		o.t.Errorf("the VCF licence is %v", got)
	}
	path := cloudPath + "/licenses/VmwareFirewall"
	made := o.end(http.MethodPut, path, properties("kind", "VmwareFirewall", "cores", 108, "endDate", "2099-01-01T00:00:00Z", "licenseKey", "secret-too"))
	if strings.Contains(fmt.Sprint(made), "secret") || strings.Contains(fmt.Sprint(o.now(200, http.MethodGet, path, nil)), "secret") {
		o.t.Errorf("the licence shows its key: %v", made)
	}
	if got := o.now(200, http.MethodPost, path+"/getProperties", nil); got["licenseKey"] != "secret-too" {
		o.t.Errorf("its properties are %v", got)
	}
	if resp := send(o.t, o.s, o.pl, http.MethodPut, cloudPath+"/licenses/other",
		properties("kind", "VmwareFirewall", "cores", 1, "endDate", "2099-01-01T00:00:00Z")); resp.StatusCode != 400 {
		o.t.Errorf("a licence of another name: %d", resp.StatusCode)
	}
	o.end(http.MethodDelete, path, nil)
	if resp := send(o.t, o.s, o.pl, http.MethodPatch, cloudPath, properties("managementCluster.clusterSize", 4)); resp.StatusCode != 400 {
		o.t.Errorf("scaling beyond the licence: %d", resp.StatusCode)
	}
}

func (o *over) addonNetworks() {
	got := o.end(http.MethodPut, cloudPath+"/addons/HCX",
		properties("addonType", "HCX", "offer", "VMware MaaS Cloud Provider", "managementNetwork", "10.3.0.0/24", "uplinkNetwork", "10.4.0.0/24"))
	if lookupString(got, "properties.uplinkNetwork") != "10.4.0.0/24" {
		o.t.Errorf("the add-on is %v", got)
	}
}

// A maintenance is announced, checked, scheduled within its windows, moved, carried out, and listed by state and time.
func TestMaintenanceLife(t *testing.T) {
	blocked := time.Now().Add(72 * time.Hour)
	s := start(t, func(c *Config) {
		c.Maintenances = []Maintenance{{Name: "esx", ClusterID: 1, Estimated: time.Hour,
			Blocked:      []Blocked{{Reason: "Summer games", From: blocked, To: blocked.Add(24 * time.Hour)}},
			FailedChecks: []FailedCheck{{Name: "EPC_CDROM_MOUNTED", Details: "A CD is mounted"}}}}
	})
	o := &over{t, s, plain(t, s)}
	o.end(http.MethodPut, cloudPath, privateCloud())
	path := cloudPath + "/maintenances/esx"
	got := o.now(200, http.MethodGet, path, nil)
	if lookupString(got, stateName) != notScheduled || lookupString(got, "properties.maintenanceReadiness.status") != "NotReady" {
		t.Errorf("the maintenance is %v", got)
	}
	if err := s.SetFailedChecks(path); err != nil {
		t.Fatal(err)
	}
	for name, at := range map[string]time.Time{"past": time.Now().Add(-time.Hour), "blocked": blocked.Add(time.Hour),
		"outside": time.Now().Add(9000 * time.Hour)} {
		if resp := send(t, s, o.pl, http.MethodPost, path+"/schedule", map[string]any{"scheduleTime": timestamp(at)}); resp.StatusCode != 400 {
			t.Errorf("%s: %d", name, resp.StatusCode)
		}
	}
	if resp := send(t, s, o.pl, http.MethodPost, path+"/reschedule",
		map[string]any{"rescheduleTime": timestamp(time.Now().Add(time.Hour))}); resp.StatusCode != 409 {
		t.Errorf("rescheduling what is not scheduled: %d", resp.StatusCode)
	}
	if got = o.now(200, http.MethodPost, path+"/initiateChecks", nil); lookupString(got, "properties.maintenanceReadiness.status") != "Ready" {
		t.Errorf("after the checks: %v", got)
	}
	far := time.Now().Add(20 * 24 * time.Hour)
	o.now(200, http.MethodPost, path+"/schedule", map[string]any{"scheduleTime": timestamp(far), "message": "at night"})
	if got := names(o.at(cloudPath+"/maintenances", "&stateName=Scheduled&status=Active&from="+time.Now().UTC().Format(time.RFC3339))); got != "esx" {
		t.Errorf("listed %q", got)
	}
	if got := names(o.at(cloudPath+"/maintenances", "&status=Inactive")); got != "" {
		t.Errorf("listed %q as inactive", got)
	}
	o.now(200, http.MethodPost, path+"/reschedule", map[string]any{"rescheduleTime": timestamp(time.Now().Add(time.Hour))})
	for range 1000 {
		if got = o.now(200, http.MethodGet, path, nil); lookupString(got, stateName) == "Success" {
			break
		}
		time.Sleep(5 * time.Millisecond)
	}
	if lookupString(got, stateName) != "Success" || lookupString(got, "properties.state.endedAt") == "" {
		t.Errorf("in the end: %v", got)
	}
}

func (o *over) at(path, query string) map[string]any {
	o.t.Helper()
	return newRaw(o.t, o.s).want(http.StatusOK, http.MethodGet, path+version+query, nil).body
}

// A type and a property that a version does not have yet are not there at it.
func TestOlderVersions(t *testing.T) {
	s := start(t)
	r := newRaw(t, s)
	r.build("properties.extendedNetworkBlocks", `["10.9.0.0/23"]`)
	for _, c := range []struct{ path, version, since string }{
		{"/clusters/Cluster-1/hosts", "2023-09-01", "2024-09-01"}, {"/provisionedNetworks", "2023-09-01", "2024-09-01"}, {"/iscsiPaths", "2023-03-01", "2023-09-01"},
		{"/pureStoragePolicies", "2023-09-01", "2024-09-01"}, {"/licenses", "2024-09-01", "2025-09-01"}, {"/maintenances", "2024-09-01", "2025-09-01"},
	} {
		got := r.want(http.StatusNotFound, http.MethodGet, cloudPath+c.path+"?api-version="+c.version, nil)
		if got.code() != "InvalidResourceType" {
			t.Errorf("%s at %s: %s", c.path, c.version, got.code())
		}
		r.want(http.StatusOK, http.MethodGet, cloudPath+c.path+"?api-version="+c.since, nil)
	}
	for version, shown := range map[string]map[string]bool{
		"2022-05-01": {"properties.extendedNetworkBlocks": false, "properties.endpoints.vcenterIp": false, "systemData": false, "properties.endpoints.vcsa": true},
		"2023-03-01": {"properties.extendedNetworkBlocks": true, "properties.endpoints.vcenterIp": false},
		"2025-09-01": {"properties.extendedNetworkBlocks": true, "properties.endpoints.vcenterIp": true, "systemData": true},
	} {
		body := r.want(http.StatusOK, http.MethodGet, cloudPath+"?api-version="+version, nil).body
		for path, there := range shown {
			if _, ok := lookup(body, path); ok != there {
				t.Errorf("%s at %s: shown %v", path, version, ok)
			}
		}
	}
	// An older client writes the whole resource and does not take away what it cannot know.
	r.follow(r.want(http.StatusOK, http.MethodPut, cloudPath+"?api-version=2022-05-01", privateCloud("tags", `{"by":"an older client"}`)))
	if body, _ := s.Resource(strings.Replace(cloudPath, "resourceGroups", "resourcegroups", 1)); len(hostList(body, "properties.extendedNetworkBlocks")) != 1 {
		t.Errorf("an older PUT took the extended blocks away: %v", body)
	}
	r.want(http.StatusNotFound, http.MethodPost, cloudPath+"/getVcfLicense?api-version=2024-09-01", nil)
	provider := r.want(http.StatusOK, http.MethodGet, "/subscriptions/"+subID+"/providers/Microsoft.AVS?api-version=2022-09-01", nil).body
	for _, item := range provider["resourceTypes"].([]any) {
		kind := item.(map[string]any)
		if lookupString(kind, "resourceType") == "privateClouds/licenses" && fmt.Sprint(kind["apiVersions"]) != "[2025-09-01]" {
			t.Errorf("licences have the versions %v", kind["apiVersions"])
		}
	}
}

// Unknown properties are dropped without a word, or refused with a sentence in strict mode.
func TestUnknownProperties(t *testing.T) {
	r := newRaw(t, start(t))
	r.build("properties.colour", `"blue"`, "properties.identitySources", `[{"name":"a","colour":"blue"}]`)
	body := r.want(http.StatusOK, http.MethodGet, cloudPath, nil).body
	if strings.Contains(fmt.Sprint(body), "blue") {
		t.Errorf("an unknown property is shown: %v", body)
	}
	strict := newRaw(t, start(t, func(c *Config) { c.Strict = true }))
	for path, wants := range map[string]string{"properties.colour": "properties.colour", "properties.identitySources": "properties.identitySources[].colour"} {
		value := `"blue"`
		if path == "properties.identitySources" {
			value = `[{"name":"a","colour":"blue"}]`
		}
		got := strict.want(http.StatusBadRequest, http.MethodPut, cloudPath, privateCloud(path, value))
		if !strings.Contains(got.message(), "'"+wants+"'") {
			t.Errorf("%s: %s", path, got.message())
		}
	}
	late := strict.want(http.StatusBadRequest, http.MethodPut, cloudPath+"?api-version=2022-05-01",
		privateCloud("properties.extendedNetworkBlocks", `["10.9.0.0/23"]`))
	if late.code() != "UnknownProperty" {
		t.Errorf("a property that came later: %s", late.code())
	}
	strict.build("properties.identitySources", `[{"name":"a","password":"p","username":"u"}]`)
}
