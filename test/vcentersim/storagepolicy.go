// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcentersim

import (
	"fmt"
	"sync"

	"github.com/vmware/govmomi/pbm/methods"
	pbm "github.com/vmware/govmomi/pbm/simulator"
	pbmtypes "github.com/vmware/govmomi/pbm/types"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// policies is the service of storage policies, at /pbm, with what govmomi's leaves out: the default policy of a datastore.
type policies struct {
	pbm.ProfileManager

	mu     sync.Mutex
	byHub  map[string]string // datastore to profile
	common string            // of every other datastore of vSAN
	kind   func(datastore string) string
}

// vsanDefault is the policy that every vSAN comes with: RAID-1, one failure to tolerate.
const vsanDefault = "aa6d5a82-1c88-45da-85d3-3d74b91a5bad"

// shippedPolicies is govmomi's service as it is made. That writes into what every service shares, so it is made once in a process, before any serves;
// vCenters share the policies that it ships, and nobody here makes others.
var shippedPolicies = sync.OnceValue(pbm.New)

// servePolicies mounts the service.
func (v *VCenter) servePolicies() {
	shipped := shippedPolicies()
	registry := simulator.NewRegistry()
	registry.Namespace, registry.Path, registry.Cookie = shipped.Namespace, shipped.Path, shipped.Cookie
	for _, kind := range []string{"PbmServiceInstance", "PbmPlacementSolver", "PbmProfileProfileManager"} {
		for _, ref := range shipped.AllReference(kind) {
			if manager, ok := ref.(*pbm.ProfileManager); ok {
				v.policies = &policies{ProfileManager: *manager, byHub: map[string]string{}, common: vsanDefault, kind: v.kindOfDatastore}
				registry.Put(v.policies)
				continue
			}
			registry.Put(ref)
		}
	}
	v.service.RegisterSDK(registry)
}

func (v *VCenter) kindOfDatastore(id string) string {
	if ds, ok := v.service.Context.Map.Get(types.ManagedObjectReference{Type: "Datastore", Value: id}).(*simulator.Datastore); ok {
		return ds.Summary.Type
	}
	return ""
}

// PbmQueryDefaultRequirementProfile answers the policy that an object on a datastore gets if none is asked for.
func (p *policies) PbmQueryDefaultRequirementProfile(req *pbmtypes.PbmQueryDefaultRequirementProfile) soap.HasFault {
	p.mu.Lock()
	defer p.mu.Unlock()
	id := p.byHub[req.Hub.HubId]
	if id == "" && p.kind(req.Hub.HubId) == "vsan" {
		id = p.common
	}
	res := &pbmtypes.PbmQueryDefaultRequirementProfileResponse{}
	if id != "" {
		res.Returnval = &pbmtypes.PbmProfileId{UniqueId: id}
	}
	return &methods.PbmQueryDefaultRequirementProfileBody{Res: res}
}

// SetDefaultPolicy gives a vSAN datastore another default policy: so many failures to tolerate, by erasure coding (RAID-5, RAID-6) or mirrors.
func (v *VCenter) SetDefaultPolicy(datastore string, failures int, erasure bool) error {
	ds := v.datastoreNamed(datastore)
	if ds == nil {
		return fmt.Errorf("set the default policy of %s: not found", datastore)
	}
	rule := func(id string, value any) pbmtypes.PbmCapabilityInstance {
		return pbmtypes.PbmCapabilityInstance{
			Id: pbmtypes.PbmCapabilityMetadataUniqueId{Namespace: "VSAN", Id: id},
			Constraint: []pbmtypes.PbmCapabilityConstraintInstance{{
				PropertyInstance: []pbmtypes.PbmCapabilityPropertyInstance{{Id: id, Value: value}},
			}},
		}
	}
	preference := pick(erasure, "RAID-5/6 (Erasure Coding) - Capacity", "RAID-1 (Mirroring) - Performance")
	made := v.policies.PbmCreate(v.newContext(""), &pbmtypes.PbmCreate{CreateSpec: pbmtypes.PbmCapabilityProfileCreateSpec{
		Name:         fmt.Sprintf("%s %s %d", datastore, preference, failures),
		ResourceType: pbmtypes.PbmProfileResourceType{ResourceType: "STORAGE"}, Category: "REQUIREMENT",
		Constraints: &pbmtypes.PbmCapabilitySubProfileConstraints{SubProfiles: []pbmtypes.PbmCapabilitySubProfile{{
			//nolint:gosec // 0 to 3
			Name: "VSAN", Capability: []pbmtypes.PbmCapabilityInstance{rule("hostFailuresToTolerate", int32(failures)), rule("replicaPreference", preference)},
		}}},
	}}).(*methods.PbmCreateBody)
	if made.Res == nil {
		return fmt.Errorf("set the default policy of %s: %v", datastore, made.Fault())
	}
	v.policies.mu.Lock()
	defer v.policies.mu.Unlock()
	v.policies.byHub[ds.Self.Value] = made.Res.Returnval.UniqueId
	return nil
}
