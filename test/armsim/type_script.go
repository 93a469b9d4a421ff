// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package armsim

import (
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// scriptTypes are the packages of Run Command, what is in them, and their executions.
func scriptTypes(cloud *resourceType) []*resourceType {
	packages := &resourceType{
		segment: "scriptPackages", parent: cloud, rows: packageRows,
		newer: map[string]string{"properties.company": "2022-05-01", "systemData": "2023-09-01"},
		// A package is no resource that somebody made, but it has children.
		reserved: func(name string) *answer {
			if packageNamed(name) == nil {
				return nil
			}
			return refuse(http.StatusMethodNotAllowed, "MethodNotAllowed", "The script package '%s' cannot be changed.", name)
		},
	}
	cmdlets := &resourceType{segment: "scriptCmdlets", parent: packages, rows: cmdletRows, newer: map[string]string{"properties.audience": "2023-09-01"}}
	return []*resourceType{packages, cmdlets, scriptExecutions(cloud)}
}

type scriptPackage struct {
	name, version, description string
	cmdlets                    []cmdlet
}

type cmdlet struct {
	name, description, timeout string
	parameters                 []cmdletParameter
	run                        func(*scriptRun)
}

type cmdletParameter struct {
	name, kind string
	required   bool
}

// scriptCatalog is what every private cloud offers.
var scriptCatalog []scriptPackage

func init() {
	text := func(name string) cmdletParameter { return cmdletParameter{name, "String", true} }
	ldap := []cmdletParameter{
		text("Name"), text("DomainName"), text("DomainAlias"), text("PrimaryUrl"), {"SecondaryUrl", "String", false}, text("BaseDNUsers"), text("BaseDNGroups"),
		{"Credential", "Credential", true}, {"GroupName", "String", false},
	}
	scriptCatalog = []scriptPackage{
		{"Microsoft.AVS.Management", "7.0.187", "Azure VMware Solution administrative and support cmdlets", []cmdlet{
			{"New-LDAPIdentitySource", "Add an external identity source over LDAP", "PT15M", ldap, newIdentitySource},
			{"New-LDAPSIdentitySource", "Add an external identity source over LDAPS", "PT15M",
				append(ldap, cmdletParameter{"SSLCertificatesSasUrl", "SecureString", false}), newIdentitySource},
			{"Get-ExternalIdentitySources", "List the external identity sources", "PT15M", nil, getIdentitySources},
			{"Remove-ExternalIdentitySources", "Remove external identity sources", "PT15M", []cmdletParameter{{"DomainName", "String", false}}, removeIdentitySources},
			{"Get-CloudAdminGroups", "List the groups of the role CloudAdmin", "PT15M", nil, getAdminGroups},
			{"Add-GroupToCloudAdmins", "Give a group the role CloudAdmin", "PT15M", []cmdletParameter{text("GroupName"), {"Domain", "String", false}}, addAdminGroup},
			{"Get-StoragePolicies", "List the storage policies", "PT15M", nil, getStoragePolicies},
			{"Set-VMStoragePolicy", "Set the storage policy of virtual machines", "PT1H",
				[]cmdletParameter{text("StoragePolicyName"), text("VMName")}, setMachinePolicy},
			{"Set-ClusterDefaultStoragePolicy", "Set the default storage policy of a cluster", "PT1H",
				[]cmdletParameter{text("StoragePolicyName"), text("ClusterName")}, setClusterPolicy},
		}},
		{"Microsoft.AVS.VMFS", "1.0.157", "Cmdlets for VMFS datastores of partners", []cmdlet{
			{"Sync-VMHostStorage", "Rescan the storage of a host", "PT15M", []cmdletParameter{text("VMHostName")}, rescanHost},
		}},
		{"Microsoft.AVS.NFS", "1.0.95", "Cmdlets for NFS datastores", []cmdlet{
			{"Get-Datastores", "List the datastores of the private cloud", "PT15M", nil, getDatastores},
		}},
	}
}

func packageNamed(name string) *scriptPackage {
	for i := range scriptCatalog {
		if p := &scriptCatalog[i]; strings.EqualFold(name, p.name+"@"+p.version) {
			return p
		}
	}
	return nil
}

func packageRows(_ *Server, parent *resource, _ string) []map[string]any {
	var out []map[string]any
	for _, p := range scriptCatalog {
		name := p.name + "@" + p.version
		out = append(out, map[string]any{
			"id": parent.id + "/scriptPackages/" + name, "name": name, "type": avs + "/privateClouds/scriptPackages",
			"properties": map[string]any{
				"description": p.description, "version": p.version, "company": "Microsoft", "uri": "https://www.powershellgallery.com/packages/" + p.name + "/" + p.version,
				"provisioningState": succeeded,
			},
		})
	}
	return out
}

func cmdletRows(_ *Server, parent *resource, packageName string) []map[string]any {
	p := packageNamed(packageName)
	if p == nil {
		return nil
	}
	var out []map[string]any
	for _, c := range p.cmdlets {
		parameters := []any{}
		for _, par := range c.parameters {
			optional := "Optional"
			if par.required {
				optional = "Required"
			}
			parameters = append(parameters,
				map[string]any{"name": par.name, "type": par.kind, "description": par.name + " of " + c.name, "visibility": "Visible", "optional": optional})
		}
		out = append(out, map[string]any{
			"id": parent.id + "/scriptPackages/" + p.name + "@" + p.version + "/scriptCmdlets/" + c.name, "name": c.name,
			"type": avs + "/privateClouds/scriptPackages/scriptCmdlets",
			"properties": map[string]any{"description": c.description, "timeout": c.timeout, "audience": "Any", "parameters": parameters,
				"provisioningState": succeeded},
		})
	}
	return out
}

// cmdletOf finds what a scriptCmdletId names.
func cmdletOf(cloud *resource, id string) *cmdlet {
	rest, ok := strings.CutPrefix(strings.ToLower(id), cloud.key()+"/scriptpackages/")
	name, of, ok2 := strings.Cut(rest, "/scriptcmdlets/")
	p := packageNamed(name)
	if !ok || !ok2 || p == nil {
		return nil
	}
	for i := range p.cmdlets {
		if strings.EqualFold(p.cmdlets[i].name, of) {
			return &p.cmdlets[i]
		}
	}
	return nil
}

var isoDuration = regexp.MustCompile(`^P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$`)

// parseISO reads an ISO 8601 duration; months have 30 days.
func parseISO(text string) (time.Duration, bool) {
	m := isoDuration.FindStringSubmatch(text)
	if m == nil || text == "P" || strings.HasSuffix(text, "T") {
		return 0, false
	}
	day := 24 * time.Hour
	var sum time.Duration
	for i, unit := range []time.Duration{365 * day, 30 * day, day, time.Hour, time.Minute, time.Second} {
		if m[i+1] == "" {
			continue
		}
		n, err := strconv.Atoi(m[i+1])
		if err != nil || n > 100_000 {
			return 0, false
		}
		sum += time.Duration(n) * unit
	}
	return sum, true
}
