// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package api

// oneCase is a rule of a kind with what it refuses and what it accepts, each as a JSON merge patch of the kind's sample.
type oneCase struct {
	// rule is a part of its message, and at the place that it stands on, where two rules say the same.
	rule, at string
	// on is what the sample is changed to before.
	on string
	// refused and accepted are further changes; of a rule about transitions, edits of what on has made.
	refused, accepted string
}

// cases that do not follow from the rules themselves.
var cases = map[string][]oneCase{
	"Addon": {
		{rule: "cannot become another one", on: `spec: {hcx: {offer: "VMware MaaS Cloud Provider"}, srm: null, vr: null, arc: null}`,
			refused: `spec: {hcx: null, vr: {vrsCount: 1}}`, accepted: `metadata: {labels: {edited: "yes"}}`},
	},
	"AzureIdentity": {
		{rule: "tenantID and clientID are needed", refused: `spec: {clientID: null}`},
		{rule: "tenantID and clientID are needed", refused: `spec: {tenantID: null}`},
		{rule: "tenantID and clientID are needed", accepted: `spec: {tenantID: null, clientID: null, clientSecretRef: null, operator: {}}`},
	},
	"CloudLink": {
		{rule: "cannot be linked to itself", on: `spec: {privateCloudRef: {name: weu}, linkedCloudRef: {name: neu}, linkedCloudID: null}`,
			refused: `spec: {linkedCloudRef: {name: weu}}`},
	},
	"Cluster": {
		{rule: "or give another azureName", refused: `metadata: {name: cluster-1}`, accepted: `{metadata: {name: cluster-1}, spec: {azureName: weu-2}}`},
		{rule: "comes with the private cloud", at: "spec", refused: `spec: {azureName: Cluster-1}`, accepted: `spec: {azureName: Cluster-2}`},
	},
	"DHCPConfiguration": {
		{rule: "must be an IP address", on: `spec: {server: null, relay: {serverAddresses: [10.0.0.4]}}`, refused: `spec: {relay: {serverAddresses: [10.0.0.0/33]}}`},
		{rule: "must be an IP address", on: `spec: {server: null, relay: {serverAddresses: [10.0.0.4/24, 10.0.0.5]}}`,
			refused: `spec: {relay: {serverAddresses: [dhcp.example.com]}}`},
		{rule: "cannot change between server and relay", on: `spec: {server: {serverAddress: 10.60.255.1/30}, relay: null}`,
			refused: `spec: {server: null, relay: {serverAddresses: [10.0.0.4]}}`, accepted: `spec: {server: {serverAddress: 10.60.255.5/30}}`},
	},
	"DNSService": {
		{rule: "dnsServiceIP is needed", refused: `{metadata: {name: other}, spec: {azureName: null, dnsServiceIP: null}}`,
			accepted: `spec: {azureName: DNS-Forwarder, dnsServiceIP: null}`},
	},
	"DNSZone": {
		{rule: "domain is needed", refused: `{metadata: {name: other}, spec: {azureName: null, domain: null}}`,
			accepted: `{metadata: {name: default-dns-zone}, spec: {azureName: null, domain: null}}`},
		{rule: "leave domain out", refused: `spec: {azureName: Default-DNS-Zone, domain: [corp.example.com]}`,
			accepted: `spec: {azureName: other, domain: [corp.example.com]}`},
	},
	"ExpressRouteAuthorization": {
		{rule: "by expressRouteID or by circuit", refused: `spec: {circuit: Secondary, expressRouteID: ` + expressRoute + `}`,
			accepted: `spec: {circuit: Secondary}`},
	},
	"GlobalReachConnection": {
		{rule: "authorizationKeySecretRef is needed", refused: `spec: {authorizationKeySecretRef: null}`,
			accepted: `spec: {authorizationKeySecretRef: null, peerExpressRouteCircuitID: null, peer: {privateCloudRef: {name: neu}, authorizationRef: {name: key}}}`},
		{rule: "authorizationKeySecretRef is needed",
			refused: `spec: {authorizationKeySecretRef: null, peerExpressRouteCircuitID: null, peer: {privateCloudRef: {name: neu}}}`},
		{rule: "peerExpressRouteCircuitID is needed", refused: `spec: {peerExpressRouteCircuitID: null}`,
			accepted: `spec: {peerExpressRouteCircuitID: null, peer: {privateCloudRef: {name: neu}}}`},
		{rule: "name the other circuit", refused: `spec: {peer: {privateCloudRef: {name: neu}}}`,
			accepted: `spec: {peerExpressRouteCircuitID: null, peer: {privateCloudRef: {name: neu}, circuit: Secondary}}`},
		{rule: "where the authorization's key is", on: `spec: {peerExpressRouteCircuitID: null, peer: {privateCloudRef: {name: neu}}}`,
			refused: `spec: {peer: {authorizationRef: {name: key}}}`},
		{rule: "the circuit on this side", refused: `spec: {circuit: Secondary, expressRouteID: ` + expressRoute + `}`, accepted: `spec: {circuit: Secondary}`},
	},
	"License": {
		{rule: "endDate must be", refused: `spec: {endDate: "2027-02-29"}`, accepted: `spec: {endDate: "2028-02-29"}`},
		{rule: "endDate must be", refused: `spec: {endDate: "2027-12-31T25:00:00Z"}`, accepted: `spec: {endDate: "2027-12-31T12:00:00.5+01:00"}`},
		{rule: "endDate must be", refused: `spec: {endDate: 31.12.2027}`},
	},
	"PlacementPolicy": {
		{rule: "leave out hostMembers",
			on:      `spec: {type: VmVm, hostMembers: null, affinityStrength: null, azureHybridBenefitType: null, vmMembers: [{name: a}, {name: b}]}`,
			refused: `spec: {hostMembers: [esx03-r12]}`},
		{rule: "needs hostMembers", refused: `spec: {type: VmHost, hostMembers: null}`, accepted: `spec: {type: VmHost, hostMembers: [esx03-r12]}`},
		{rule: "needs two vmMembers", on: `spec: {type: VmVm, hostMembers: null, affinityStrength: null, azureHybridBenefitType: null}`,
			refused: `spec: {vmMembers: [{name: a}]}`, accepted: `spec: {vmMembers: [{tag: {category: app, name: ledger}}]}`},
	},
	"PrivateCloud": {
		{rule: "/22 or larger", refused: `spec: {networkBlock: 10.175.0.0/23}`, accepted: `spec: {networkBlock: 10.175.0.0/22}`},
		{rule: "must be private", refused: `spec: {networkBlock: 20.0.0.0/22}`, accepted: `spec: {networkBlock: 192.168.0.0/16}`},
		{rule: "must be private", refused: `spec: {networkBlock: 172.17.4.0/22}`, accepted: `spec: {networkBlock: 172.18.0.0/22}`},
		{rule: "must be private", refused: `spec: {networkBlock: 172.16.0.0/12}`, accepted: `spec: {networkBlock: 172.16.0.0/16}`},
		{rule: "without host bits", at: "spec.networkBlock", refused: `spec: {networkBlock: 10.175.0.1/22}`},
		{rule: "without host bits", at: "spec.networkBlock", refused: `spec: {networkBlock: 10.175.0.0/222}`},
		{rule: "clusterSize must be even", on: `spec: {availability: {strategy: DualZone, zone: 1, secondaryZone: 2}, managementCluster: {clusterSize: 6}}`,
			refused: `spec: {managementCluster: {clusterSize: 7}}`},
		{rule: "clusterSize must be even", on: `spec: {availability: {strategy: DualZone, zone: 1, secondaryZone: 2}, managementCluster: {clusterSize: 16}}`,
			refused: `spec: {managementCluster: {clusterSize: 4}}`},
		{rule: "must be the id of a virtual network", on: gen2, refused: `spec: {virtualNetworkID: /subscriptions/1}`},
		{rule: "hosts of sku av64 and no other", on: gen2, refused: `spec: {sku: av36p}`},
		{rule: "sku av64 needs virtualNetworkID", on: gen2, refused: `spec: {virtualNetworkID: null}`},
		{rule: "has no extendedNetworkBlocks", on: gen2, refused: `spec: {extendedNetworkBlocks: [10.76.4.0/23]}`},
		{rule: "virtual network cannot have availability.strategy DualZone", on: gen2,
			refused:  `spec: {managementCluster: {clusterSize: 6}, availability: {strategy: DualZone, zone: 1, secondaryZone: 2}}`,
			accepted: `spec: {availability: {strategy: SingleZone, zone: 1}}`},
		{rule: "in the resource group", on: gen2, refused: `spec: {resourceGroup: rg}`, accepted: `spec: {resourceGroup: RG-AVS}`},
		{rule: "in the subscription", on: gen2, refused: `spec: {subscriptionID: 22222222-1111-1111-1111-111111111111}`,
			accepted: `spec: {subscriptionID: 11111111-1111-1111-1111-111111111111}`},
		{rule: "encryption needs systemAssignedIdentity",
			on:      `spec: {systemAssignedIdentity: Enabled, encryption: {status: Enabled, keyVault: {url: "https://contoso.vault.azure.net", keyName: k}}}`,
			refused: `spec: {systemAssignedIdentity: null}`},
		{rule: "needs keyVault", on: `spec: {systemAssignedIdentity: Enabled}`, refused: `spec: {encryption: {status: Enabled}}`,
			accepted: `spec: {encryption: {status: Disabled}}`},
		{rule: "clusterSize must be even", on: `spec: {zones: ["1", "2"], managementCluster: {clusterSize: 6}}`,
			refused: `spec: {managementCluster: {clusterSize: 5}}`},
		{rule: "nor two zones", on: gen2, refused: `spec: {managementCluster: {clusterSize: 6}, zones: ["1", "2"]}`, accepted: `spec: {zones: ["1"]}`},
		{rule: "with zones or with availability", refused: `spec: {zones: ["1"], availability: {zone: 1}}`, accepted: `spec: {zones: ["1"]}`},
		{rule: "a zone is the number", refused: `spec: {zones: ["10"]}`, accepted: `spec: {zones: ["3"]}`},
		{rule: "or neither", refused: `spec: {managementCluster: {clusterSize: 6}, availability: {strategy: DualZone, zone: 1}}`,
			accepted: `spec: {managementCluster: {clusterSize: 6}, availability: {strategy: DualZone}}`},
		{rule: "initial needs", refused: `spec: {credentials: {initial: {}}}`, accepted: `spec: {credentials: {initial: {nsxtSecretRef: {name: first, key: nsxt}}}}`},
		{rule: "that is yet to be made", on: `spec: {credentials: {initial: {nsxtSecretRef: {name: first, key: nsxt}}}}`,
			refused: `spec: {credentials: {initial: {nsxtSecretRef: {name: second}}}}`, accepted: `spec: {credentials: {initial: null}}`},
		{rule: "that is yet to be made", refused: `spec: {credentials: {initial: {nsxtSecretRef: {name: first, key: nsxt}}}}`,
			accepted: `spec: {credentials: {nsxtRotation: one}}`},
		{rule: "two different zones", refused: `spec: {managementCluster: {clusterSize: 6}, availability: {strategy: DualZone, zone: 1, secondaryZone: 1}}`,
			accepted: `spec: {managementCluster: {clusterSize: 6}, availability: {strategy: DualZone, zone: 1, secondaryZone: 2}}`},
		{rule: "secondaryZone is for strategy DualZone", refused: `spec: {availability: {zone: 1, secondaryZone: 2}}`, accepted: `spec: {availability: {zone: 1}}`},
		{rule: "at most 512 characters", refused: `spec: {tags: {` + long(513) + `: x}}`, accepted: `spec: {tags: {` + long(512) + `: x}}`},
		{rule: "the operator's own", refused: `spec: {tags: {avs-operator-owner: me}}`, accepted: `spec: {tags: {owner: me}}`},
		{rule: "needs licenseKeySecretRef", on: licensed, refused: `spec: {vcfLicense: {licenseKeySecretRef: null}}`},
		{rule: "needs cores", on: licensed, refused: `spec: {vcfLicense: {cores: null}}`},
		{rule: "needs cores", on: licensed, refused: `spec: {vcfLicense: {endDate: null}}`},
		{rule: "endDate must be", on: licensed, refused: `spec: {vcfLicense: {endDate: "2027-13-01"}}`, accepted: `spec: {vcfLicense: {endDate: "2027-12-31"}}`},
	},
	"ScriptExecution": {
		{rule: "secretName and secretOutputs", refused: `spec: {secretName: out, secretOutputs: null}`,
			accepted: `spec: {secretName: out, secretOutputs: [password]}`},
	},
	"Segment": {
		{rule: "gateway's own address", refused: `spec: {subnet: {gatewayAddress: 10.60.1.0/24, dhcpRanges: null}}`,
			accepted: `spec: {subnet: {gatewayAddress: 10.60.1.0/31, dhcpRanges: null}}`},
		{rule: "within the subnet", on: `spec: {subnet: {gatewayAddress: 10.60.1.1/24}}`, refused: `spec: {subnet: {dhcpRanges: [10.60.2.10-10.60.2.20]}}`,
			accepted: `spec: {subnet: {dhcpRanges: [10.60.1.10-10.60.1.20, 10.60.1.64/26]}}`},
	},
	"VCenter": {
		{rule: "cannot change between url and privateCloudRef", refused: toPrivateCloud, accepted: `spec: {url: "https://vcenter2.oslo.example.com"}`},
		{rule: "cannot change between url and privateCloudRef", on: toPrivateCloud, refused: `spec: {privateCloudRef: {name: neu}}`,
			accepted: `metadata: {labels: {edited: "yes"}}`},
		{rule: "leave address and trust out", on: toPrivateCloud, refused: `spec: {address: 10.1.0.2}`},
		{rule: "thumbprint must be", refused: `spec: {trust: {thumbprint: "AA:BB"}}`},
	},
	"VirtualMachineMove": {
		{rule: "cannot be edited", refused: `spec: {bytes: 17}`, accepted: `metadata: {labels: {edited: "yes"}}`},
		{rule: "lose data, its identity", refused: `spec: {waivers: [{concern: SnapshotPresent, reason: r}]}`,
			accepted: `spec: {waivers: [{concern: DeviceConnected, reason: r}]}`},
		{rule: "has no place to go", refused: `spec: {waivers: [{concern: NetworkNotMapped, reason: r}]}`,
			accepted: `spec: {waivers: [{concern: DeviceConnected, reason: r}]}`},
	},
	"WorkloadMove": {
		{rule: "at most 52 characters", refused: `metadata: {name: ` + long(53) + `}`, accepted: `metadata: {name: ` + long(52) + `}`},
		{rule: "must be two vCenters", refused: `spec: {target: {vcenterRef: {name: oslo}}}`},
		{rule: "Cancel is final", on: `spec: {state: Cancel}`, refused: `spec: {state: Run}`, accepted: `metadata: {labels: {edited: "yes"}}`},
		{rule: "Cancel is final", on: `spec: {state: Cancel}`, refused: `spec: {state: null}`, accepted: `metadata: {labels: {edited: "yes"}}`},
		{rule: "name at least one", at: "spec.select[]", refused: `spec: {select: [{}]}`, accepted: `spec: {select: [{names: [a]}]}`},
		{rule: "name at least one", at: "spec.exclude[]", refused: `spec: {exclude: [{}]}`, accepted: `spec: {exclude: [{names: [a]}]}`},
		{rule: "lose data, its identity", refused: `spec: {waivers: [{concern: SnapshotPresent, reason: r}]}`,
			accepted: `spec: {waivers: [{concern: DeviceConnected, reason: r, until: "2027-03-31"}]}`},
		{rule: "lose data, its identity", refused: `spec: {waivers: [{concern: RDMNotPreserved, reason: r}]}`,
			accepted: `spec: {waivers: [{concern: NetworksMayNotBeTheSame, reason: r}]}`},
		{rule: "has no place to go", refused: `spec: {waivers: [{concern: NetworkNotMapped, reason: r}]}`,
			accepted: `spec: {waivers: [{concern: TargetWithoutRoom, reason: r}]}`},
	},
}

const (
	gen2 = `spec: {sku: av64, virtualNetworkID: ` + network + `, resourceGroup: null, subscriptionID: null}`

	network = `/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg-avs/providers/Microsoft.Network/virtualNetworks/vnet`

	licensed = `spec: {vcfLicense: {licenseKeySecretRef: {name: vcf, key: licenseKey}, cores: 144, endDate: "2027-12-31T00:00:00Z"}}`

	expressRoute = `/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg-avs/providers/Microsoft.Network/expressRouteCircuits/c`

	toPrivateCloud = `spec: {url: null, address: null, trust: null, credentialsRef: null, migration: null, privateCloudRef: {name: weu}}`
)

// long is a name of n characters.
func long(n int) string {
	name := make([]byte, n)
	for i := range name {
		name[i] = 'a'
	}
	return string(name)
}

// values say how an object has, and lacks, a field that is immutable, where that takes more than the field.
type values struct{ field, having, lacking string }

var immutables = map[string][]values{
	"GlobalReachConnection": {{field: "peer", having: `spec: {peerExpressRouteCircuitID: null, peer: {privateCloudRef: {name: neu}}}`,
		lacking: `spec: {peerExpressRouteCircuitID: ` + expressRoute + `}`}},
	"PrivateCloud": {{field: "virtualNetworkID", having: gen2, lacking: `spec: {sku: av36p}`}},
}
