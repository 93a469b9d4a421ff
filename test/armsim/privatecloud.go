// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package armsim

import (
	"fmt"
	"hash/fnv"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	cloudSize    = "properties.managementCluster.clusterSize"
	cloudHosts   = "properties.managementCluster.hosts"
	clusterSize  = "properties.clusterSize"
	clusterHosts = "properties.hosts"

	minHosts, maxHosts = 3, 16 // a cluster
	maxCloudHosts      = 96    // a private cloud
	maxClusters        = 12    // with the management cluster

	vcenterPassword = "properties.vcenterPassword"
	nsxtPassword    = "properties.nsxtPassword"
)

func privateClouds() *resourceType {
	return &resourceType{
		segment: "privateClouds", tracked: true, final: true, class: hostClass,
		put: viaAsyncOperation, patch: viaLocation, remove: viaLocation, creating: "Building", updating: "Updating",
		size:     cloudSize,
		required: []string{"location", "sku.name", cloudSize, "properties.networkBlock"},
		patchable: []string{"tags", "sku", "identity", cloudSize, cloudHosts, "properties.internet", "properties.identitySources", "properties.availability",
			"properties.encryption", "properties.extendedNetworkBlocks", "properties.dnsZoneType"},
		immutable: []string{"location", "sku.name", "properties.networkBlock", "properties.availability", "properties.virtualNetworkId", "zones"},
		readOnly: []string{"properties.provisioningState", "properties.circuit", "properties.secondaryCircuit", "properties.endpoints",
			"properties.managementNetwork", "properties.provisioningNetwork", "properties.vmotionNetwork", "properties.vcenterCertificateThumbprint",
			"properties.nsxtCertificateThumbprint", "properties.externalCloudLinks", "properties.nsxPublicIpQuotaRaised", "properties.managementCluster.clusterId",
			"properties.managementCluster.provisioningState", "identity.principalId", "identity.tenantId", keyVault + ".keyState", keyVault + ".versionType",
			keyVault + ".autoDetectedKeyVersion"},
		writeOnly: []string{vcenterPassword, nsxtPassword, "properties.vcfLicense.licenseKey", "properties.identitySources[].password",
			"properties.identitySources[].username"},
		optional: []string{"properties.vcfLicense"},
		kept:     []string{cloudHosts, "properties.managementCluster.vsanDatastoreName", "systemData"},
		defaults: map[string]any{"tags": map[string]any{}, "properties": map[string]any{
			"internet": "Disabled", "identitySources": []any{}, "encryption": map[string]any{"status": "Disabled"},
		}},
		newer: map[string]string{
			"properties.extendedNetworkBlocks": "2023-03-01", "properties.virtualNetworkId": "2023-09-01", "properties.dnsZoneType": "2023-09-01",
			"properties.endpoints.vcenterIp": "2023-09-01", "properties.endpoints.nsxtManagerIp": "2023-09-01", "properties.endpoints.hcxCloudManagerIp": "2023-09-01",
			"properties.managementCluster.vsanDatastoreName": "2023-09-01", "systemData": "2023-09-01", "zones": "2024-09-01", vcfLicense: "2025-09-01",
		},
		elements: map[string][]string{"properties.identitySources": {
			"name", "alias", "domain", "baseUserDN", "baseGroupDN", "primaryServer", "secondaryServer", "ssl", "username", "password",
		}},
		validate: validatePrivateCloud, fill: fillPrivateCloud, work: privateCloudWork, length: privateCloudLength, finish: finishPrivateCloud,
		actions: map[string]action{
			"listadmincredentials":  {name: "listAdminCredentials", run: listAdminCredentials},
			"rotatevcenterpassword": {name: "rotateVcenterPassword", run: rotate(vcenterPassword)},
			"rotatensxtpassword":    {name: "rotateNsxtPassword", run: rotate(nsxtPassword)},
			"getvcflicense":         {name: "getVcfLicense", run: getVCFLicense},
		},
	}
}

func invalid(format string, args ...any) *answer {
	return refuse(http.StatusBadRequest, "InvalidParameter", format, args...)
}

func validatePrivateCloud(s *Server, ch *change) *answer {
	_, size := lookup(ch.sent, "properties.managementCluster")
	if _, internet := lookup(ch.sent, "properties.internet"); ch.before != nil && internet && size &&
		lookupString(ch.before, "properties.internet") != lookupString(ch.after, "properties.internet") && ch.grows() != 0 {
		return invalid("The properties 'managementCluster.clusterSize' and 'internet' could not be changed together.")
	}
	if name := lookupString(ch.after, "sku.name"); !knownSKU(name) {
		return refuse(http.StatusBadRequest, "InvalidSku", "The SKU '%s' is not known. Known are: %s.", name, strings.Join(skuNames(), ", "))
	}
	if refused := fewerHosts(ch, cloudSize, cloudHosts); refused != nil {
		return refused
	}
	if refused := placed(ch); refused != nil {
		return refused
	}
	for _, check := range []func(*Server, *change) *answer{checkPasswords, checkSize, (*Server).checkVCFLicense, mayShrinkManagement} {
		if refused := check(s, ch); refused != nil {
			return refused
		}
	}
	if refused := checkNetworkBlock(lookupString(ch.after, "properties.networkBlock")); refused != nil {
		return refused
	}
	for path, allowed := range map[string][]string{
		"properties.internet": {"Enabled", "Disabled"}, "properties.encryption.status": {"Enabled", "Disabled"}, "properties.dnsZoneType": {"Public", "Private"},
		"properties.availability.strategy": {"SingleZone", "DualZone"}, "identity.type": {"None", "SystemAssigned"},
	} {
		if v, ok := lookup(ch.after, path); ok && !slices.Contains(allowed, fmt.Sprint(v)) {
			return invalid("The value '%v' of '%s' is not one of: %s.", v, path, strings.Join(allowed, ", "))
		}
	}
	for _, path := range []string{"properties.identitySources", "properties.extendedNetworkBlocks"} {
		if v, ok := lookup(ch.after, path); ok {
			if _, isList := v.([]any); !isList {
				return invalid("The value of '%s' is not a list.", path)
			}
		}
	}
	if lookupString(ch.after, "properties.encryption.status") == "Enabled" && lookupString(ch.after, "identity.type") != "SystemAssigned" {
		return invalid("Encryption needs a system-assigned identity on the private cloud.")
	}
	if refused := s.vaultOpens(ch); refused != nil {
		return refused
	}
	if refused := s.aloneInNetwork(ch); refused != nil {
		return refused
	}
	return checkTopology(ch)
}

// placed has zones and availability say the same, as the answer of PrivateClouds_CreateOrUpdate_StretchedZones does: either may be given.
func placed(ch *change) *answer {
	zones, refused := textList(ch.after, "zones")
	if refused != nil || len(zones) == 0 || ch.before != nil {
		return refused
	}
	if _, both := lookup(ch.sent, "properties.availability"); both {
		return invalid("The zones are given in 'zones' and in 'properties.availability': give them once.")
	}
	if len(zones) > 2 {
		return invalid("A private cloud stands in one or two zones; this one has %d.", len(zones))
	}
	for i, path := range []string{"properties.availability.zone", "properties.availability.secondaryZone"}[:len(zones)] {
		zone, err := strconv.Atoi(zones[i])
		if err != nil || zone < 1 {
			return invalid("The zone '%s' is not the number of a zone.", zones[i])
		}
		put(ch.after, path, float64(zone))
	}
	put(ch.after, "properties.availability.strategy", []string{"SingleZone", "DualZone"}[len(zones)-1])
	return nil
}

// checkPasswords holds first passwords to the rules of vCenter's single sign-on and of NSX (Planning and Preparation Workbook of VMware Cloud
// Foundation): the service publishes none of its own.
func checkPasswords(_ *Server, ch *change) *answer {
	for path, length := range map[string][2]int{vcenterPassword: {8, 20}, nsxtPassword: {12, 127}} {
		password := lookupString(ch.sent, path)
		if password == "" {
			continue
		}
		kinds := 0
		for _, of := range []string{"abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "0123456789", "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"} {
			if strings.ContainsAny(password, of) {
				kinds++
			}
		}
		if len(password) < length[0] || len(password) > length[1] || kinds < 4 {
			return invalid("The value of '%s' does not meet the complexity requirements: %d to %d characters, among them lower case, upper case, "+
				"a digit and a special character.", path, length[0], length[1])
		}
	}
	return nil
}

// checkSize holds for private clouds and clusters.
func checkSize(s *Server, ch *change) *answer {
	size, whole := lookupInt(ch.after, ch.typ.size)
	if !whole || size < minHosts || size > maxHosts {
		v, _ := lookup(ch.after, ch.typ.size)
		return invalid("The cluster size %v is invalid: a cluster has %d to %d hosts.", v, minHosts, maxHosts)
	}
	root := ch.cloud()
	zones := ch.after
	if ch.parent != nil {
		zones = root.body
	}
	if dual := lookupString(zones, "properties.availability.strategy") == "DualZone"; dual && (size < 6 || size%2 != 0) {
		return invalid("The cluster size %d is invalid: a cluster in two availability zones has an even number of hosts, 6 to %d.", size, maxHosts)
	}
	total := ch.grows()
	for _, r := range append(s.below(root), root) {
		if s.resources[r.key()] == r && r.typ.size != "" {
			total += r.hosts()
		}
	}
	if ch.grows() > 0 && total > maxCloudHosts {
		return refuse(http.StatusBadRequest, "LimitExceeded", "A private cloud has at most %d hosts; this change makes it %d.", maxCloudHosts, total)
	}
	return nil
}

// checkNetworkBlock wants a private /22 or larger outside of 172.17.0.0/16, which AVS uses itself.
func checkNetworkBlock(text string) *answer {
	block, err := netip.ParsePrefix(text)
	switch {
	case err != nil || !block.Addr().Is4():
		return invalid("The network block '%s' is not an IPv4 CIDR block.", text)
	case block.Masked() != block:
		return invalid("The network block '%s' has host bits set; the block is %s.", text, block.Masked())
	case block.Bits() > 22:
		return invalid("The network block '%s' is too small: it must be /22 or larger.", text)
	case block.Overlaps(netip.MustParsePrefix("172.17.0.0/16")):
		return invalid("The network block '%s' overlaps with 172.17.0.0/16, which is reserved.", text)
	}
	for _, private := range []string{"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"} {
		if p := netip.MustParsePrefix(private); p.Contains(block.Addr()) && block.Bits() >= p.Bits() {
			return nil
		}
	}
	return invalid("The network block '%s' is not private (RFC 1918).", text)
}

// checkTopology holds the rules between SKU, zones and virtual network: one generation's options refuse the other's.
func checkTopology(ch *change) *answer {
	network := lookupString(ch.after, "properties.virtualNetworkId")
	sku := lookupString(ch.after, "sku.name")
	dual := lookupString(ch.after, "properties.availability.strategy") == "DualZone"
	blocks, _ := lookup(ch.after, "properties.extendedNetworkBlocks")
	extended, _ := blocks.([]any)
	for _, block := range extended {
		if _, err := netip.ParsePrefix(fmt.Sprint(block)); err != nil {
			return invalid("The extended network block '%v' is not a CIDR block.", block)
		}
	}
	first, _ := lookupInt(ch.after, "properties.availability.zone")
	second, _ := lookupInt(ch.after, "properties.availability.secondaryZone")
	_, one := lookup(ch.after, "properties.availability.zone")
	_, other := lookup(ch.after, "properties.availability.secondaryZone")
	switch {
	case dual && (one || other) && (first < 1 || second < 1 || first == second):
		return invalid("The availability strategy DualZone needs two different zones in 'zone' and 'secondaryZone', or none.")
	case network == "" && sku == "av64":
		return invalid("The SKU av64 cannot be the first cluster of a private cloud without 'virtualNetworkId'.")
	case network == "":
		return nil
	case sku != "av64":
		return invalid("A private cloud with 'virtualNetworkId' needs the SKU av64, not '%s'.", sku)
	case dual:
		return invalid("A private cloud with 'virtualNetworkId' cannot have the availability strategy DualZone.")
	case len(extended) > 0:
		return invalid("A private cloud with 'virtualNetworkId' cannot have 'extendedNetworkBlocks'.")
	case !strings.HasPrefix(strings.ToLower(network),
		strings.ToLower(ch.r.id[:strings.Index(ch.r.id, "/providers/")])+"/providers/microsoft.network/virtualnetworks/"):
		return invalid("The virtual network '%s' must be in the resource group of the private cloud.", network)
	}
	return nil
}

// fillPrivateCloud sets what the service knows at once: addresses and thumbprints are there while it still builds.
func fillPrivateCloud(s *Server, ch *change) {
	body := ch.r.body
	block := netip.MustParsePrefix(lookupString(body, "properties.networkBlock"))
	at := func(offset int, bits int) string { return fmt.Sprintf("%s/%d", addressAt(block, offset), bits) }
	p := "properties."
	put(body, p+"managementNetwork", at(0, 26))
	put(body, p+"provisioningNetwork", at(128, 26))
	put(body, p+"vmotionNetwork", at(256+128, 25))
	ids := func(name string) string {
		return "/subscriptions/" + ch.sub.config.ID + "/resourceGroups/tnt-" + tenantName(ch.r) + "/providers/Microsoft.Network/expressRouteCircuits/" + name
	}
	circuit := func(name string, offset int) map[string]any {
		return map[string]any{"primarySubnet": at(offset, 30), "secondarySubnet": at(offset+4, 30), "expressRouteID": ids(name),
			"expressRoutePrivatePeeringID": ids(name) + "/peerings/AzurePrivatePeering"}
	}
	put(body, p+"circuit", circuit("tnt-"+tenantName(ch.r)+"-er", 232))
	if lookupString(body, p+"availability.strategy") == "DualZone" {
		put(body, p+"secondaryCircuit", circuit("tnt-"+tenantName(ch.r)+"-er2", 240))
		if _, chosen := lookup(body, p+"availability.zone"); !chosen {
			put(body, p+"availability.zone", float64(1))
			put(body, p+"availability.secondaryZone", float64(2))
		}
	} else {
		put(body, p+"availability.strategy", "SingleZone")
		if _, ok := lookup(body, p+"availability.zone"); !ok {
			put(body, p+"availability.zone", float64(1))
		}
	}
	put(body, p+"externalCloudLinks", []any{})
	put(body, p+"nsxPublicIpQuotaRaised", "Disabled")
	put(body, p+"managementCluster.clusterId", float64(1))
	if _, ok := lookup(body, p+"managementCluster.vsanDatastoreName"); !ok {
		put(body, p+"managementCluster.vsanDatastoreName", "vsanDatastore")
	}
	for name, offset := range map[string]int{"vcenterIp": 2, "nsxtManagerIp": 3, "hcxCloudManagerIp": 9} {
		put(body, p+"endpoints."+name, addressAt(block, offset))
	}
	put(body, p+"endpoints.vcsa", "https://"+addressAt(block, 2)+"/")
	put(body, p+"endpoints.nsxtManager", "https://"+addressAt(block, 3)+"/")
	put(body, p+"endpoints.hcxCloudManager", "https://"+addressAt(block, 9)+"/")
	put(body, p+"vcenterCertificateThumbprint", madeThumbprint("vcenter"+ch.r.key()))
	put(body, p+"nsxtCertificateThumbprint", madeThumbprint("nsxt"+ch.r.key()))
	put(body, cloudHosts, hostNames(ch.r, nil, 1, lookupHosts(body, cloudSize)))
	put(body, "systemData.createdAt", timestamp(time.Now()))
	for _, path := range []string{vcenterPassword, nsxtPassword} {
		if ch.r.secrets[path] == "" {
			ch.r.secrets[path] = newPassword()
		}
	}
	s.openCloud(ch.r)
}

func lookupHosts(body map[string]any, path string) int {
	size, _ := lookupInt(body, path)
	return size
}

func addressAt(block netip.Prefix, offset int) string {
	b := block.Addr().As4()
	sum := int(b[3]) + offset
	b[3] = byte(sum)
	carry := int(b[2]) + sum>>8
	b[2] = byte(carry)
	b[1] += byte(carry >> 8)
	return netip.AddrFrom4(b).String()
}

// tenantName is the short name that AVS gives a private cloud in host names and hidden groups.
func tenantName(r *resource) string {
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(r.root().key()))
	return fmt.Sprintf("%016x", hash.Sum64())[:12]
}

func madeThumbprint(of string) string {
	hash := fnv.New128a()
	_, _ = hash.Write([]byte(of))
	return strings.ToUpper(fmt.Sprintf("%x%x", hash.Sum(nil), hash.Sum(nil)[:4]))
}

// hostNames keeps the first names of now and adds new ones until there are size.
func hostNames(r *resource, now []string, cluster, size int) []string {
	out := slices.Clone(now)
	for n := 1; len(out) < size; n++ {
		name := fmt.Sprintf("esx%02d-r%02d.%s.%s.avs.azure.com", n, cluster, tenantName(r), r.location())
		if !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out[:size]
}

func privateCloudLength(s *Server, ch *change) Span {
	d := s.config.Durations
	switch {
	case ch.remove:
		return d.DeletePrivateCloud
	case ch.create():
		return d.CreatePrivateCloud
	}
	return resizeLength(d, ch)
}

func resizeLength(d Durations, ch *change) Span {
	switch grows := ch.grows(); {
	case grows > 0:
		return d.AddHosts
	case grows < 0:
		return d.RemoveHosts
	}
	return d.Update
}
