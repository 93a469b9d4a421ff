// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package armsim

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/avs-operator/avs-operator/test/vcentersim"
)

const cluster1 = cloudPath + "/clusters/Cluster-1"

// within a private cloud, the body that Azure has now.
func (r *raw) see(path string) map[string]any {
	r.t.Helper()
	return r.want(http.StatusOK, http.MethodGet, path, nil).body
}

func (r *raw) make(path string, body map[string]any) map[string]any {
	r.t.Helper()
	got := r.follow(r.want(http.StatusCreated, http.MethodPut, path, body))
	if lookupString(got.body, "status") != succeeded {
		r.t.Fatalf("making %s ended in %v", path, got.body)
	}
	return r.see(path)
}

func withVCenters(c *Config) { c.NoVCenters = false }

// refused wants an error of this status that says this.
func (r *raw) refused(status int, says, method, path string, body any) {
	r.t.Helper()
	if got := r.want(status, method, path, body); !strings.Contains(got.message(), says) {
		r.t.Errorf("%s %s: %q does not say %q", method, path, got.message(), says)
	}
}

func TestScaleInRefusedByAntiAffinity(t *testing.T) {
	s := start(t, withVCenters)
	r := newRaw(t, s)
	r.build(cloudSize, `4`)
	members := []any{}
	for i := range 3 {
		ref := must(s.VCenter(cloudPath).AddMachine(vcentersim.MachineSpec{Name: fmt.Sprint("m", i)}))(t)
		members = append(members, cluster1+"/virtualMachines/"+ref)
	}
	r.make(cluster1+"/placementPolicies/apart", properties("type", "VmVm", "affinityType", "AntiAffinity", "vmMembers", members))
	r.refused(409, "anti-affinity policy 'apart' has 3", http.MethodPatch, cloudPath, grow(3))
	r.follow(r.want(http.StatusAccepted, http.MethodPatch, cluster1+"/placementPolicies/apart", properties("state", "Disabled")))
	r.follow(r.want(http.StatusCreated, http.MethodPatch, cloudPath, grow(3)))
	if got := s.VCenter(cloudPath).ClusterHosts(managementClusterName); len(got) != 3 {
		t.Errorf("the hosts are %v", got)
	}
}

func TestHostsListChoosesWhoLeaves(t *testing.T) {
	s := start(t, withVCenters)
	r := newRaw(t, s)
	r.build(cloudSize, `5`)
	now := hostList(r.see(cloudPath), cloudHosts)
	keep := []string{now[1], now[3], now[4]}
	r.refused(400, "is not one of this cluster", http.MethodPatch, cloudPath, properties("managementCluster.hosts", []string{"stranger"}))
	r.follow(r.want(http.StatusCreated, http.MethodPatch, cloudPath, properties("managementCluster.hosts", keep)))
	body := r.see(cloudPath)
	if got := hostList(body, cloudHosts); !slices.Equal(got, keep) || lookupHosts(body, cloudSize) != 3 ||
		!slices.Equal(s.VCenter(cloudPath).ClusterHosts(managementClusterName), keep) {
		t.Errorf("kept %v, wanted %v", got, keep)
	}
}

// Hosts change by themselves: one fails and is replaced, and an upgrade adds one that Azure does not show.
func TestHostsChangeByThemselves(t *testing.T) {
	s := start(t, withVCenters)
	r := newRaw(t, s)
	r.build()
	old := hostList(r.see(cloudPath), cloudHosts)[0]
	ref := must(s.VCenter(cloudPath).AddMachine(vcentersim.MachineSpec{Name: "m"}))(t)
	r.make(cluster1+"/placementPolicies/near",
		properties("type", "VmHost", "affinityType", "Affinity", "vmMembers", []string{cluster1 + "/virtualMachines/" + ref}, "hostMembers", []string{old}))
	if err := s.BeginMaintenance(cluster1, old, "Replacement"); err != nil {
		t.Fatal(err)
	}
	if got := r.see(cluster1 + "/hosts/" + old); lookupString(got, "properties.maintenance") != "Replacement" {
		t.Errorf("the host is %v", got)
	}
	fresh := must(s.ReplaceHost(cluster1, old))(t)
	body := r.see(cloudPath)
	if got := hostList(body, cloudHosts); len(got) != 3 || slices.Contains(got, old) || !slices.Contains(got, fresh) || lookupHosts(body, cloudSize) != 3 {
		t.Errorf("the hosts are %v, without %s and with %s", got, old, fresh)
	}
	if got := hostList(r.see(cluster1+"/placementPolicies/near"), policyHosts); !slices.Equal(got, []string{fresh}) {
		t.Errorf("the platform left the policy's hosts at %v", got)
	}

	extra := must(s.AddMaintenanceHost(cluster1))(t)
	if !slices.Contains(s.VCenter(cloudPath).ClusterHosts(managementClusterName), extra) || strings.Contains(names(r.see(cluster1+"/hosts")), extra) {
		t.Errorf("the extra host %s is in the vCenter and not in Azure", extra)
	}
	if got := r.see(cluster1 + "/hosts/" + fresh); lookupString(got, "properties.maintenance") != "Upgrade" {
		t.Errorf("the host is %v", got)
	}
	r.follow(r.want(http.StatusCreated, http.MethodPatch, cloudPath, grow(4))) // a change of the size does not count it
	if got := hostList(r.see(cloudPath), cloudHosts); len(got) != 4 || slices.Contains(got, extra) ||
		len(s.VCenter(cloudPath).ClusterHosts(managementClusterName)) != 5 {
		t.Errorf("the hosts are %v", got)
	}
	if err := s.RemoveMaintenanceHost(cluster1); err != nil {
		t.Fatal(err)
	}
	if got := s.VCenter(cloudPath).ClusterHosts(managementClusterName); len(got) != 4 || slices.Contains(got, extra) {
		t.Errorf("after the upgrade: %v", got)
	}
}

func segment(s *Server, name, address string) map[string]any {
	s.mu.Lock()
	defer s.mu.Unlock()
	return properties("displayName", name, "connectedGateway", tenantNumber(s.resources[strings.ToLower(cloudPath)])+"-T1", "subnet.gatewayAddress", address)
}

func TestRevisionsOfNSX(t *testing.T) {
	s := start(t)
	r := newRaw(t, s)
	r.build()
	path := cloudPath + "/workloadNetworks/default/segments/web"
	answer := r.want(http.StatusCreated, http.MethodPut, path, segment(s, "web", "10.1.0.1/24"))
	if _, shown := lookup(answer.body, "properties.provisioningState"); shown {
		t.Error("the answer to the create has a provisioningState")
	}
	r.follow(answer)
	if got := r.see(path); lookupHosts(got, "properties.revision") != 1 {
		t.Errorf("a new segment has %v", got)
	}
	whole := func(name string, more ...any) map[string]any {
		body := segment(s, name, "10.1.0.1/24")
		for i := 0; i < len(more); i += 2 {
			put(body, "properties."+more[i].(string), more[i+1])
		}
		return body
	}
	r.follow(r.want(http.StatusAccepted, http.MethodPatch, path, whole("shop", "revision", 1, "subnet.dhcpRanges", []string{"10.1.0.10-10.1.0.20"})))
	r.refused(412, "revision 2", http.MethodPatch, path, whole("late", "revision", 1))
	r.refused(412, "revision 2", http.MethodPatch, path, whole("late"))
	r.refused(400, "gatewayAddress", http.MethodPatch, path, properties("displayName", "late", "revision", 2))
	r.follow(r.want(http.StatusAccepted, http.MethodPatch, path, whole("late", "revision", 2)))
	got := r.see(path)
	if _, kept := lookup(got, "properties.subnet.dhcpRanges"); kept || lookupHosts(got, "properties.revision") != 3 ||
		lookupString(got, "properties.displayName") != "late" {
		t.Errorf("in the end, with what a PATCH left out gone: %v", got)
	}
	for says, body := range map[string]map[string]any{
		"overlaps with that of": segment(s, "other", "10.1.0.129/25"), "network block": segment(s, "other", "10.175.1.1/24"),
		"display name": segment(s, "late", "10.2.0.1/24"), "not an address with": segment(s, "other", "10.2.0.0/24"),
	} {
		r.refused(map[bool]int{true: 409, false: 400}[says == "display name"], says, http.MethodPut, cloudPath+"/workloadNetworks/default/segments/other", body)
	}
}

func TestSegmentWithPortsInUse(t *testing.T) {
	s := start(t, withVCenters)
	r := newRaw(t, s)
	r.build()
	path := cloudPath + "/workloadNetworks/default/segments/web"
	r.make(path, segment(s, "web", "10.1.0.1/24"))
	must(s.VCenter(cloudPath).AddMachine(vcentersim.MachineSpec{Name: "m", Networks: []string{"web"}}))(t)
	if got, _ := lookup(r.see(path), "properties.portVif"); len(got.([]any)) != 1 {
		t.Errorf("the ports are %v", got)
	}
	r.refused(409, "1 of its ports", http.MethodDelete, path, nil)
}

func TestDNSDefaultsAndZonesInUse(t *testing.T) {
	r := newRaw(t, start(t))
	r.build()
	network := cloudPath + "/workloadNetworks/default"
	if got := r.see(network + "/dnsServices/" + defaultService); lookupString(got, "properties.defaultDnsZone") != defaultZone {
		t.Errorf("the default service is %v", got)
	}
	r.refused(400, "private cloud's own", http.MethodDelete, network+"/dnsServices/"+defaultService, nil)
	r.refused(400, "private cloud's own", http.MethodDelete, network+"/dnsZones/"+defaultZone, nil)
	r.make(network+"/dnsZones/corp", properties("domain", []string{"corp.example.com"}, "dnsServerIps", []string{"10.1.1.53"}))
	service := func(zones ...string) map[string]any {
		is := r.see(network + "/dnsServices/" + defaultService)
		return properties("dnsServiceIp", lookupString(is, "properties.dnsServiceIp"), "defaultDnsZone", defaultZone,
			"fqdnZones", append([]string{}, zones...), "revision", lookupHosts(is, "properties.revision"))
	}
	r.follow(r.want(http.StatusAccepted, http.MethodPatch, network+"/dnsServices/"+defaultService, service("corp")))
	r.refused(409, "referenced by", http.MethodDelete, network+"/dnsZones/corp", nil)
	r.follow(r.want(http.StatusAccepted, http.MethodPatch, network+"/dnsServices/"+defaultService, service()))
	r.follow(r.want(http.StatusAccepted, http.MethodDelete, network+"/dnsZones/corp", nil))
}

func execution(cmdlet string, parameters ...any) map[string]any {
	return properties("timeout", "PT1H",
		"scriptCmdletId", cloudPath+"/scriptPackages/Microsoft.AVS.Management@7.0.187/scriptCmdlets/"+cmdlet, "parameters", append([]any{}, parameters...))
}

// A script that fails is a resource that succeeds. Secrets of it are never shown, and a name runs once.
func TestScriptsRunAndFail(t *testing.T) {
	s := start(t)
	r := newRaw(t, s)
	r.build()
	value := func(name, v string) any { return map[string]any{"type": "Value", "name": name, "value": v} }
	ldap := func(url string) map[string]any {
		return execution("New-LDAPSIdentitySource", value("Name", "corp"), value("DomainName", "corp.example.com"), value("DomainAlias", "corp"),
			value("PrimaryUrl", url), value("BaseDNUsers", "DC=corp"), value("BaseDNGroups", "DC=corp"),
			map[string]any{"type": "Credential", "name": "Credential", "username": "u", "password": "hush-hush"})
	}
	path := cloudPath + "/scriptExecutions/"
	if got := r.make(path+"bad", ldap("ldap://wrong")); lookupString(got, "properties.provisioningState") != succeeded ||
		!strings.Contains(lookupString(got, "properties.failureReason"), "failed to connect") {
		t.Errorf("the failed script is %v", got)
	}
	if got := r.make(path+"good", ldap("ldaps://dc1:636")); lookupString(got, "properties.failureReason") != "" || strings.Contains(fmt.Sprint(got), "hush") {
		t.Errorf("the script is %v", got)
	}
	got := r.make(path+"list", execution("Get-ExternalIdentitySources"))
	if _, shown := lookup(got, "properties.output"); shown {
		t.Errorf("a GET shows the output: %v", got)
	}
	logs := r.want(http.StatusOK, http.MethodPost, path+"list/getExecutionLogs", nil).body
	if !slices.Contains(hostList(logs, "properties.output"), "Name: corp.example.com") {
		t.Errorf("the sources are %v", got)
	}
	hides := execution("Remove-ExternalIdentitySources")
	put(hides, "properties.hiddenParameters", []any{value("DomainName", "corp.example.com")})
	got = r.make(path+"hides", hides)
	if _, shown := lookup(got, "properties.hiddenParameters"); shown || lookupString(got, "properties.failureReason") != "" {
		t.Errorf("a script with hidden parameters is %v", got)
	}
	s.Inject(Fault{Verb: http.MethodPut, Path: regexp.MustCompile("scriptexecutions/ordered$"), FailureReason: "as ordered"})
	if got := r.make(path+"ordered", execution("Get-CloudAdminGroups")); lookupString(got, "properties.failureReason") != "as ordered" {
		t.Errorf("the script is %v", got)
	}
	r.refused(409, "exists already", http.MethodPut, path+"good", ldap("ldaps://dc1:636"))
	r.refused(400, "needs the parameter 'GroupName'", http.MethodPut, path+"x", execution("Add-GroupToCloudAdmins"))
	r.refused(400, "does not exist", http.MethodPut, path+"x", execution("Format-Disk"))
}

// A DELETE ends a script that runs.
func TestScriptIsCancelled(t *testing.T) {
	s := start(t, lasting(func(d *Durations) []*Span { return []*Span{&d.RunScript} }))
	r := newRaw(t, s)
	r.build()
	path := cloudPath + "/scriptExecutions/long"
	run := r.want(http.StatusCreated, http.MethodPut, path, execution("Get-CloudAdminGroups"))
	gone := r.want(http.StatusAccepted, http.MethodDelete, path, nil)
	r.follow(gone)
	r.want(http.StatusNotFound, http.MethodGet, path, nil)
	if got := r.follow(run); lookupString(got.body, "status") != "Cancelled" {
		t.Errorf("the run ended as %v", got.body)
	}
}

// A private cloud in a virtual network: 200 while it builds, av64 only, alone in its network and group.
func TestSecondGeneration(t *testing.T) {
	r := newRaw(t, start(t))
	network := groupPath + "/providers/Microsoft.Network/virtualNetworks/hub"
	body := privateCloud("sku", `{"name":"AV64"}`, "properties.virtualNetworkId", `"`+network+`"`)
	made := r.want(http.StatusOK, http.MethodPut, cloudPath, body)
	if lookupString(made.body, "properties.provisioningState") != "Building" {
		t.Errorf("the answer is %v", made.body)
	}
	r.follow(made)
	r.refused(409, "already", http.MethodPut, cloudPath+"-2", privateCloud("sku", `{"name":"AV64"}`, "properties.virtualNetworkId", `"`+network+`"`))
	r.refused(409, "resource group", http.MethodPut, cloudPath+"-2", privateCloud("sku", `{"name":"AV64"}`, "properties.virtualNetworkId", `"`+network+`2"`))
	r.refused(400, "no iSCSI path", http.MethodPut, cloudPath+"/iscsiPaths/default", properties("networkBlock", "10.9.0.0/24"))
}

// NSX and what touches no host goes on beside a scale; what touches hosts does not.
func TestWhatExcludesWhat(t *testing.T) {
	s := start(t, stepped)
	r := newRaw(t, s)
	built := r.want(http.StatusCreated, http.MethodPut, cloudPath, privateCloud())
	s.Advance(6 * time.Hour)
	r.follow(built)
	r.want(http.StatusCreated, http.MethodPatch, cloudPath, grow(4)) // takes half an hour at least
	r.refused(409, "Another operation", http.MethodPut, cluster1+"/datastores/anf", properties("netAppVolume.id", "/subscriptions/x"))
	r.refused(409, "Another operation", http.MethodPut, cloudPath+"/addons/SRM", properties("addonType", "SRM"))
	beside := map[string]map[string]any{
		"/authorizations/key": {}, "/workloadNetworks/default/segments/web": segment(s, "web", "10.1.0.1/24"),
		"/globalReachConnections/home": properties("authorizationKey", "k", "peerExpressRouteCircuit",
			"/subscriptions/x/resourceGroups/y/providers/Microsoft.Network/expressRouteCircuits/z"),
	}
	for path, body := range beside {
		r.want(http.StatusCreated, http.MethodPut, cloudPath+path, body)
	}
	s.Advance(10 * time.Minute)
	for path := range beside {
		if got := r.see(cloudPath + path); lookupString(got, "properties.provisioningState") != succeeded {
			t.Errorf("%s is %v", path, got)
		}
	}
	if got := lookupString(r.see(cloudPath), "properties.provisioningState"); got != "Updating" {
		t.Errorf("the private cloud is %s meanwhile", got)
	}
}

// What a type's own rules refuse.
func TestRulesOfTheTypes(t *testing.T) {
	r := newRaw(t, start(t))
	r.build()
	network := "/workloadNetworks/default"
	for path, c := range map[string]struct {
		body map[string]any
		says string
	}{
		"/addons/HCX":                         {properties("addonType", "SRM"), "must be its type"},
		"/addons/SRM":                         {properties("addonType", "SRM", "offer", "x"), "has no 'properties.offer'"},
		"/addons/VR":                          {properties("addonType", "VR"), "vrsCount"},
		"/addons/other":                       {properties("addonType", "SRM"), "must be one of"},
		"/clusters/Cluster-1/datastores/none": {properties(), "exactly one"},
		"/clusters/Cluster-1/datastores/both": {properties("netAppVolume.id", "/subscriptions/x", "diskPoolVolume.targetId", "/subscriptions/x",
			"diskPoolVolume.lunName", "l"), "this one has 2"},
		"/clusters/Cluster-1/placementPolicies/p": {properties("type", "VmVm", "affinityType", "Sideways", "vmMembers", []string{"a", "b"}),
			"Affinity, AntiAffinity"},
		"/iscsiPaths/other":   {properties("networkBlock", "10.9.0.0/24"), "must be one of"},
		"/iscsiPaths/default": {properties("networkBlock", "10.175.0.0/24"), "overlaps"},
		"/cloudLinks/self":    {properties("linkedCloud", cloudPath), "linked to itself"},
		"/globalReachConnections/g": {properties("authorizationKey", "k", "peerExpressRouteCircuit", "circuit"),
			"not the id of an ExpressRoute circuit"},
		network + "/dhcpConfigurations/d": {properties("dhcpType", "RELAY", "serverAddresses", []string{"1.1.1.1", "1.1.1.2", "1.1.1.3", "1.1.1.4"}),
			"1 to 3 servers"},
		network + "/publicIPs/p":             {properties("numberOfPublicIPs", 65), "at most 64"},
		network + "/portMirroringProfiles/m": {properties("direction", "INGRESS", "source", "a", "destination", "b"), "does not exist"},
		network + "/dnsServices/s":           {properties("dnsServiceIp", "10.1.1.1", "logLevel", "LOUD"), "DEBUG, INFO"},
		"/licenses/VmwareFirewall":           {properties("kind", "VmwareFirewall", "cores", 1, "endDate", "2001-01-01T00:00:00Z"), "ended at"},
	} {
		r.refused(400, c.says, http.MethodPut, cloudPath+path, c.body)
	}
	r.refused(409, "needs the HCX add-on", http.MethodPut, cloudPath+"/hcxEnterpriseSites/s", properties())
	r.make(cloudPath+network+"/publicIPs/p", properties("numberOfPublicIPs", 2))
	r.refused(400, "Changing property", http.MethodPut, cloudPath+network+"/publicIPs/p", properties("numberOfPublicIPs", 4))
	r.want(http.StatusMethodNotAllowed, http.MethodPatch, cloudPath+network+"/publicIPs/p", properties("numberOfPublicIPs", 4))
}
