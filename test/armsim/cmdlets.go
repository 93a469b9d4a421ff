// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package armsim

import (
	"fmt"
	"slices"
	"strings"

	"github.com/avs-operator/avs-operator/test/vcentersim"
)

// scriptRun is one run of a cmdlet: what it is given, and what comes out.
type scriptRun struct {
	server  *Server
	cloud   *resource
	cmdlet  *cmdlet
	vcenter *vcentersim.VCenter // nil without a live one
	given   map[string]string   // by lower-case name

	output, information, warnings, errors []string
	named                                 map[string]any
	failure                               string
}

func (r *scriptRun) value(name string) string { return r.given[strings.ToLower(name)] }

func (r *scriptRun) say(format string, args ...any) {
	r.output = append(r.output, fmt.Sprintf(format, args...))
}

func (r *scriptRun) fail(format string, args ...any) { r.failure = fmt.Sprintf(format, args...) }

func (r *scriptRun) logs() map[string][]string {
	return map[string][]string{"information": r.information, "warnings": r.warnings, "errors": r.errors}
}

// remembered is a list that the private cloud keeps out of sight, such as its identity sources.
func (r *scriptRun) remembered(name string) []string {
	r.server.mu.Lock()
	defer r.server.mu.Unlock()
	return hostList(r.cloud.hidden, name)
}

func (r *scriptRun) remember(name string, list []string) {
	r.server.mu.Lock()
	defer r.server.mu.Unlock()
	r.cloud.hide(name, clone(list))
}

const (
	identitySources = "identitySources"
	adminGroups     = "cloudAdminGroups"
)

func newIdentitySource(r *scriptRun) {
	secure := r.cmdlet.name == "New-LDAPSIdentitySource"
	for _, name := range []string{"PrimaryUrl", "SecondaryUrl"} {
		url := r.value(name)
		if url == "" {
			continue
		}
		if strings.HasPrefix(strings.ToLower(url), "ldaps://") != secure || !strings.Contains(url, "://") {
			r.fail("vCenter failed to connect to the external server: the URL '%s' does not fit %s", url, r.cmdlet.name)
			return
		}
	}
	if url := r.value("SSLCertificatesSasUrl"); url != "" {
		// Microsoft's module Microsoft.AVS.Management does so by Write-Host, signature and all; which stream that becomes is published nowhere.
		r.say("Downloading Cert 1 from %s", url)
	}
	domain, now := r.value("DomainName"), r.remembered(identitySources)
	if contains(now, domain) {
		r.fail("Identity source '%s' already exists", domain)
		return
	}
	r.remember(identitySources, append(now, domain))
	r.say("Successfully added external identity source %s", domain)
	r.information = append(r.information, "Connected to "+r.value("PrimaryUrl"))
	if group := r.value("GroupName"); group != "" {
		r.remember(adminGroups, append(r.remembered(adminGroups), domain+`\`+group))
		r.say("Added %s to CloudAdmins", group)
	}
	r.named["domainName"] = domain
}

func getIdentitySources(r *scriptRun) {
	for _, domain := range r.remembered(identitySources) {
		r.say("Name: %s", domain)
	}
	r.named["identitySources"] = clone(r.remembered(identitySources))
}

func removeIdentitySources(r *scriptRun) {
	domain, now := r.value("DomainName"), r.remembered(identitySources)
	if domain != "" && !contains(now, domain) {
		r.fail("No external identity source found that matches %s", domain)
		return
	}
	r.remember(identitySources, slices.DeleteFunc(now, func(d string) bool { return domain == "" || strings.EqualFold(d, domain) }))
	r.say("Removed external identity sources")
}

func getAdminGroups(r *scriptRun) {
	for _, group := range r.remembered(adminGroups) {
		r.say("%s", group)
	}
}

func addAdminGroup(r *scriptRun) {
	if len(r.remembered(identitySources)) == 0 {
		r.fail("No external identity source is configured, so the group %s cannot be found", r.value("GroupName"))
		return
	}
	r.remember(adminGroups, append(r.remembered(adminGroups), r.value("GroupName")))
	r.say("Successfully added %s to CloudAdmins", r.value("GroupName"))
}

var storagePolicies = []string{"Management Storage Policy - Thin", "RAID-1 FTT-1", "RAID-1 FTT-2", "RAID-5 FTT-1", "RAID-6 FTT-2",
	"vSAN Default Storage Policy"}

func getStoragePolicies(r *scriptRun) {
	for _, name := range storagePolicies {
		r.say("Name: %s", name)
	}
	r.named["storagePolicies"] = clone(storagePolicies)
}

func (r *scriptRun) knownPolicy() bool {
	if slices.Contains(storagePolicies, r.value("StoragePolicyName")) {
		return true
	}
	r.fail("Could not find storage policy with the name '%s'", r.value("StoragePolicyName"))
	return false
}

func setMachinePolicy(r *scriptRun) {
	if !r.knownPolicy() || r.vcenter == nil {
		return
	}
	name := r.value("VMName")
	if !slices.ContainsFunc(r.vcenter.Machines(), func(m vcentersim.MachineState) bool { return m.Name == name }) {
		r.fail("Was not able to set storage policies. Could not find virtual machine with name '%s'", name)
		return
	}
	r.say("Successfully applied %s to %s", r.value("StoragePolicyName"), name)
}

func setClusterPolicy(r *scriptRun) {
	if !r.knownPolicy() || r.vcenter == nil {
		return
	}
	if r.vcenter.ClusterHosts(r.value("ClusterName")) == nil {
		r.fail("Could not find cluster with the name '%s'", r.value("ClusterName"))
		return
	}
	r.say("Successfully set the default storage policy of %s", r.value("ClusterName"))
}

func rescanHost(r *scriptRun) {
	if r.vcenter != nil && r.vcenter.HostRef(r.value("VMHostName")) == "" {
		r.fail("Could not find host '%s'", r.value("VMHostName"))
		return
	}
	r.say("Rescanned the storage of %s", r.value("VMHostName"))
	r.warnings = append(r.warnings, "Rescanning may take some time to show")
}

func getDatastores(r *scriptRun) {
	if r.vcenter == nil {
		return
	}
	for _, name := range r.vcenter.Datastores() {
		r.say("Name: %s", name)
	}
	r.named["datastores"] = clone(r.vcenter.Datastores())
}
