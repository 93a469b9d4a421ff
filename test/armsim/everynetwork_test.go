// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package armsim

import (
	"slices"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/avs/armavs"
)

// The rest of TestEveryOperationOfTheTypedClient: scripts, the workload network and what is around.

func (d *typed) scripts() {
	packages, cmdlets, runs := d.f.NewScriptPackagesClient(), d.f.NewScriptCmdletsClient(), d.f.NewScriptExecutionsClient()
	const management = "Microsoft.AVS.Management@7.0.187"
	if n := drain(d, packages.NewListPager(rgAVS, weu, nil)); n != len(scriptCatalog) {
		d.t.Errorf("listed %d packages", n)
	}
	must(packages.Get(d.ctx, rgAVS, weu, management, nil))(d.t)
	if n := drain(d, cmdlets.NewListPager(rgAVS, weu, management, nil)); n < 5 {
		d.t.Errorf("listed %d cmdlets", n)
	}
	cmdlet := must(cmdlets.Get(d.ctx, rgAVS, weu, management, "Get-StoragePolicies", nil))(d.t)
	p, err := runs.BeginCreateOrUpdate(d.ctx, rgAVS, weu, "policies", armavs.ScriptExecution{Properties: &armavs.ScriptExecutionProperties{
		ScriptCmdletID: cmdlet.ID, Timeout: to.Ptr("PT1H"),
	}}, nil)
	got := end(d, p, err)
	if *got.Properties.ProvisioningState != armavs.ScriptExecutionProvisioningStateSucceeded || len(got.Properties.Output) != 0 ||
		got.Properties.FinishedAt == nil {
		d.t.Errorf("the execution is %+v", got.Properties)
	}
	must(runs.Get(d.ctx, rgAVS, weu, "policies", nil))(d.t)
	logs := must(runs.GetExecutionLogs(d.ctx, rgAVS, weu, "policies", &armavs.ScriptExecutionsClientGetExecutionLogsOptions{
		ScriptOutputStreamType: []*armavs.ScriptOutputStreamType{to.Ptr(armavs.ScriptOutputStreamTypeOutput)},
	}))(d.t)
	if len(logs.Properties.Output) == 0 || logs.Properties.Errors != nil {
		d.t.Errorf("the logs are %+v", logs.Properties)
	}
	if n := drain(d, runs.NewListPager(rgAVS, weu, nil)); n != 1 {
		d.t.Errorf("listed %d executions", n)
	}
	r, err := runs.BeginDelete(d.ctx, rgAVS, weu, "policies", nil)
	end(d, r, err)
	d.did(packages, "NewListPager", "Get")
	d.did(cmdlets, "NewListPager", "Get")
	d.did(runs, "BeginCreateOrUpdate", "Get", "GetExecutionLogs", "NewListPager", "BeginDelete")
}

func (d *typed) segments() {
	c := d.f.NewWorkloadNetworksClient()
	must(c.Get(d.ctx, rgAVS, weu, armavs.WorkloadNetworkNameDefault, nil))(d.t)
	drain(d, c.NewListPager(rgAVS, weu, nil))
	gateway := ""
	for pager := c.NewListGatewaysPager(rgAVS, weu, nil); pager.More(); {
		for _, g := range must(pager.NextPage(d.ctx))(d.t).Value {
			if strings.Contains(*g.Name, "TNT") && strings.Contains(*g.Properties.Path, "tier-1s") {
				gateway = *g.Name
			}
		}
	}
	must(c.GetGateway(d.ctx, rgAVS, weu, gateway, nil))(d.t)
	segment := armavs.WorkloadNetworkSegment{Properties: &armavs.WorkloadNetworkSegmentProperties{
		DisplayName: to.Ptr("web"), ConnectedGateway: to.Ptr(gateway),
		Subnet: &armavs.WorkloadNetworkSegmentSubnet{GatewayAddress: to.Ptr("10.1.1.1/24"), DhcpRanges: []*string{to.Ptr("10.1.1.10-10.1.1.20")}},
	}}
	p, err := c.BeginCreateSegments(d.ctx, rgAVS, weu, "seg", segment, nil)
	made := end(d, p, err)
	if *made.Properties.Status != "SUCCESS" || *made.Properties.Revision != 1 || !slices.Contains(d.s.VCenter(cloudPath).PortGroups(), "web") {
		d.t.Errorf("the segment is %+v", made.Properties)
	}
	update := segment
	update.Properties.DisplayName, update.Properties.Revision = to.Ptr("shop"), to.Ptr[int64](1)
	u, err := c.BeginUpdateSegments(d.ctx, rgAVS, weu, "seg", update, nil)
	if got := end(d, u, err); *got.Properties.Revision != 2 || !slices.Contains(d.s.VCenter(cloudPath).PortGroups(), "shop") ||
		slices.Contains(d.s.VCenter(cloudPath).PortGroups(), "web") {
		d.t.Errorf("the segment is %+v, the port groups %v", got.Properties, d.s.VCenter(cloudPath).PortGroups())
	}
	must(c.GetSegment(d.ctx, rgAVS, weu, "seg", nil))(d.t)
	if n := drain(d, c.NewListSegmentsPager(rgAVS, weu, nil)); n != 1 {
		d.t.Errorf("listed %d segments", n)
	}
	d.dhcp(c)
	r, err := c.BeginDeleteSegment(d.ctx, rgAVS, weu, "seg", nil)
	end(d, r, err)
	if got := d.s.VCenter(cloudPath).PortGroups(); slices.Contains(got, "shop") {
		d.t.Errorf("the port groups are %v", got)
	}
	d.did(c, "Get", "NewListPager", "NewListGatewaysPager", "GetGateway", "BeginCreateSegments", "BeginUpdateSegments", "GetSegment",
		"NewListSegmentsPager", "BeginDeleteSegment")
}

func (d *typed) dhcp(c *armavs.WorkloadNetworksClient) {
	server := armavs.WorkloadNetworkDhcp{Properties: &armavs.WorkloadNetworkDhcpServer{DhcpType: to.Ptr(armavs.DhcpTypeEnumSERVER),
		ServerAddress: to.Ptr("10.1.9.1/24"), DisplayName: to.Ptr("dhcp")}}
	p, err := c.BeginCreateDhcp(d.ctx, rgAVS, weu, "dhcp", server, nil)
	made := end(d, p, err).Properties.(*armavs.WorkloadNetworkDhcpServer)
	if *made.LeaseTime != 86400 || len(made.Segments) != 1 {
		d.t.Errorf("the DHCP server is %+v", made)
	}
	u, err := c.BeginUpdateDhcp(d.ctx, rgAVS, weu, "dhcp", armavs.WorkloadNetworkDhcp{Properties: &armavs.WorkloadNetworkDhcpServer{
		DhcpType: to.Ptr(armavs.DhcpTypeEnumSERVER), ServerAddress: to.Ptr("10.1.9.1/24"), LeaseTime: to.Ptr[int64](600), Revision: to.Ptr[int64](1)}}, nil)
	if got := end(d, u, err).Properties.(*armavs.WorkloadNetworkDhcpServer); *got.LeaseTime != 600 {
		d.t.Errorf("the lease time is %d", *got.LeaseTime)
	}
	must(c.GetDhcp(d.ctx, rgAVS, "dhcp", weu, nil))(d.t)
	drain(d, c.NewListDhcpPager(rgAVS, weu, nil))
	r, err := c.BeginDeleteDhcp(d.ctx, rgAVS, weu, "dhcp", nil)
	end(d, r, err)
	d.did(c, "BeginCreateDhcp", "BeginUpdateDhcp", "GetDhcp", "NewListDhcpPager", "BeginDeleteDhcp")
}

// names are DNS.
func (d *typed) names() {
	c := d.f.NewWorkloadNetworksClient()
	z, err := c.BeginCreateDNSZone(d.ctx, rgAVS, weu, "corp", armavs.WorkloadNetworkDNSZone{Properties: &armavs.WorkloadNetworkDNSZoneProperties{
		DisplayName: to.Ptr("corp"), Domain: []*string{to.Ptr("corp.example.com")}, DNSServerIPs: []*string{to.Ptr("10.1.1.53")},
	}}, nil)
	end(d, z, err)
	zone := must(c.GetDNSZone(d.ctx, rgAVS, weu, "corp", nil))(d.t).WorkloadNetworkDNSZone
	zone.Properties.DNSServerIPs = []*string{to.Ptr("10.1.1.54")}
	zu, err := c.BeginUpdateDNSZone(d.ctx, rgAVS, weu, "corp", zone, nil)
	end(d, zu, err)
	must(c.GetDNSZone(d.ctx, rgAVS, weu, "corp", nil))(d.t)
	if n := drain(d, c.NewListDNSZonesPager(rgAVS, weu, nil)); n != 2 {
		d.t.Errorf("listed %d zones, want the default one and corp", n)
	}
	with := func(zones ...*string) armavs.WorkloadNetworkDNSService {
		service := must(c.GetDNSService(d.ctx, rgAVS, weu, defaultService, nil))(d.t).WorkloadNetworkDNSService
		service.Properties.FqdnZones = append([]*string{}, zones...)
		return service
	}
	su, err := c.BeginUpdateDNSService(d.ctx, rgAVS, weu, defaultService, with(to.Ptr("corp")), nil)
	end(d, su, err)
	if _, err := c.BeginDeleteDNSZone(d.ctx, rgAVS, "corp", weu, nil); azureError(d.t, err).StatusCode != 409 {
		d.t.Errorf("deleting a zone in use: %v", err)
	}
	back, err := c.BeginCreateDNSService(d.ctx, rgAVS, weu, "second",
		armavs.WorkloadNetworkDNSService{Properties: &armavs.WorkloadNetworkDNSServiceProperties{DNSServiceIP: to.Ptr("10.1.2.53")}}, nil)
	end(d, back, err)
	must(c.GetDNSService(d.ctx, rgAVS, weu, defaultService, nil))(d.t)
	if n := drain(d, c.NewListDNSServicesPager(rgAVS, weu, nil)); n != 2 {
		d.t.Errorf("listed %d services", n)
	}
	sd, err := c.BeginDeleteDNSService(d.ctx, rgAVS, "second", weu, nil)
	end(d, sd, err)
	none, err := c.BeginUpdateDNSService(d.ctx, rgAVS, weu, defaultService, with(), nil)
	end(d, none, err)
	zd, err := c.BeginDeleteDNSZone(d.ctx, rgAVS, "corp", weu, nil)
	end(d, zd, err)
	d.did(c, "BeginCreateDNSZone", "BeginUpdateDNSZone", "GetDNSZone", "NewListDNSZonesPager", "BeginDeleteDNSZone",
		"BeginCreateDNSService", "BeginUpdateDNSService", "GetDNSService", "NewListDNSServicesPager", "BeginDeleteDNSService")
}

// groups are those of machines, with port mirroring and public addresses.
func (d *typed) groups() {
	c := d.f.NewWorkloadNetworksClient()
	for _, name := range []string{"from", "to"} {
		p, err := c.BeginCreateVMGroup(d.ctx, rgAVS, weu, name,
			armavs.WorkloadNetworkVMGroup{Properties: &armavs.WorkloadNetworkVMGroupProperties{DisplayName: to.Ptr(name), Members: []*string{to.Ptr("vm-1")}}}, nil)
		end(d, p, err)
	}
	group := must(c.GetVMGroup(d.ctx, rgAVS, weu, "from", nil))(d.t).WorkloadNetworkVMGroup
	group.Properties.Members = []*string{to.Ptr("vm-2")}
	gu, err := c.BeginUpdateVMGroup(d.ctx, rgAVS, weu, "from", group, nil)
	end(d, gu, err)
	must(c.GetVMGroup(d.ctx, rgAVS, weu, "from", nil))(d.t)
	drain(d, c.NewListVMGroupsPager(rgAVS, weu, nil))

	mirror := armavs.WorkloadNetworkPortMirroring{Properties: &armavs.WorkloadNetworkPortMirroringProperties{
		DisplayName: to.Ptr("m"), Direction: to.Ptr(armavs.PortMirroringDirectionEnumINGRESS), Source: to.Ptr("from"), Destination: to.Ptr("to"),
	}}
	p, err := c.BeginCreatePortMirroring(d.ctx, rgAVS, weu, "m", mirror, nil)
	end(d, p, err)
	if _, err := c.BeginDeleteVMGroup(d.ctx, rgAVS, "from", weu, nil); azureError(d.t, err).StatusCode != 409 {
		d.t.Errorf("deleting a group in use: %v", err)
	}
	mirror.Properties.Direction, mirror.Properties.Revision = to.Ptr(armavs.PortMirroringDirectionEnumEGRESS), to.Ptr[int64](1)
	u, err := c.BeginUpdatePortMirroring(d.ctx, rgAVS, weu, "m", mirror, nil)
	end(d, u, err)
	must(c.GetPortMirroring(d.ctx, rgAVS, weu, "m", nil))(d.t)
	drain(d, c.NewListPortMirroringPager(rgAVS, weu, nil))
	r, err := c.BeginDeletePortMirroring(d.ctx, rgAVS, "m", weu, nil)
	end(d, r, err)
	gd, err := c.BeginDeleteVMGroup(d.ctx, rgAVS, "from", weu, nil)
	end(d, gd, err)

	a, err := c.BeginCreatePublicIP(d.ctx, rgAVS, weu, "edge",
		armavs.WorkloadNetworkPublicIP{Properties: &armavs.WorkloadNetworkPublicIPProperties{DisplayName: to.Ptr("edge"), NumberOfPublicIPs: to.Ptr[int64](4)}},
		nil)
	if got := end(d, a, err); !strings.HasSuffix(*got.Properties.PublicIPBlock, "/30") {
		d.t.Errorf("four addresses are %s", *got.Properties.PublicIPBlock)
	}
	must(c.GetPublicIP(d.ctx, rgAVS, weu, "edge", nil))(d.t)
	drain(d, c.NewListPublicIPsPager(rgAVS, weu, nil))
	ad, err := c.BeginDeletePublicIP(d.ctx, rgAVS, "edge", weu, nil)
	end(d, ad, err)
	if n := drain(d, c.NewListVirtualMachinesPager(rgAVS, weu, nil)); n != 2 {
		d.t.Errorf("listed %d machines", n)
	}
	machine := d.s.VCenter(cloudPath).Machines()[0]
	if got := must(c.GetVirtualMachine(d.ctx, rgAVS, weu, machine.Ref, nil))(d.t); *got.Properties.DisplayName != machine.Name {
		d.t.Errorf("the machine is %+v", got.Properties)
	}
	d.did(c, "BeginCreateVMGroup", "BeginUpdateVMGroup", "GetVMGroup", "NewListVMGroupsPager", "BeginDeleteVMGroup", "BeginCreatePortMirroring",
		"BeginUpdatePortMirroring", "GetPortMirroring", "NewListPortMirroringPager", "BeginDeletePortMirroring", "BeginCreatePublicIP", "GetPublicIP",
		"NewListPublicIPsPager", "BeginDeletePublicIP",
		"NewListVirtualMachinesPager", "GetVirtualMachine")
}

// around are locations and operations.
func (d *typed) around() {
	locations, operations := d.f.NewLocationsClient(), d.f.NewOperationsClient()
	if got := must(locations.CheckQuotaAvailability(d.ctx, "westeurope", nil))(d.t); *got.QuotaEnabled != armavs.QuotaEnabledEnabled ||
		*got.HostsRemaining["he2"] != 64-3-4 {
		d.t.Errorf("the quota is %+v", got.Quota)
	}
	must(locations.CheckTrialAvailability(d.ctx, "westeurope", nil))(d.t)
	names := 0
	for pager := operations.NewListPager(nil); pager.More(); {
		names += len(must(pager.NextPage(d.ctx))(d.t).Value)
	}
	if names < 60 {
		d.t.Errorf("listed %d operations of the provider", names)
	}
	d.did(locations, "CheckQuotaAvailability", "CheckTrialAvailability")
	d.did(operations, "NewListPager")
}
