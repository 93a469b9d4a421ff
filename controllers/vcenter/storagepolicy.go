// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/vmware/govmomi/pbm"
	"github.com/vmware/govmomi/pbm/methods"
	pbmtypes "github.com/vmware/govmomi/pbm/types"
)

// Redundancy is how a storage policy keeps the data of an object on vSAN.
type Redundancy struct {
	Failures int  // hosts or devices that may fail: 0 to 3
	Erasure  bool // RAID-5 or RAID-6 instead of mirrors
	Copies   int  // sites that hold the whole of it, in a stretched cluster; 0 and 1: one
}

// Factor is how many bytes of vSAN's devices one byte of an object takes (VMware, "vSAN storage policies" and "RAID-5 with the Express Storage
// Architecture"). Of the Express architecture, RAID-5 is 2+1 up to five hosts, and 4+1 with more.
func (r Redundancy) Factor(express bool, hosts int) float64 {
	factor := float64(r.Failures + 1)
	switch {
	case r.Erasure && r.Failures >= 2:
		factor = 6.0 / 4
	case r.Erasure && r.Failures == 1 && express && hosts >= 6:
		factor = 5.0 / 4
	case r.Erasure && r.Failures == 1 && express:
		factor = 3.0 / 2
	case r.Erasure && r.Failures == 1:
		factor = 4.0 / 3
	}
	return factor * float64(max(r.Copies, 1))
}

// DefaultRedundancy reads what the default storage policy of a vSAN datastore keeps: a machine that comes from another vCenter gets it. An
// error of class NotFound says that the datastore has none.
func (c *Client) DefaultRedundancy(ctx context.Context, datastore string) (Redundancy, error) {
	doing := "read the default storage policy of " + datastore
	var found []pbmtypes.BasePbmProfile
	err := c.read(ctx, doing, func(ctx context.Context) error {
		policies, err := pbm.NewClient(ctx, c.vim)
		if err != nil {
			return err
		}
		res, err := methods.PbmQueryDefaultRequirementProfile(ctx, policies, &pbmtypes.PbmQueryDefaultRequirementProfile{
			This: policies.ServiceContent.ProfileManager, Hub: pbmtypes.PbmPlacementHub{HubType: "Datastore", HubId: datastore},
		})
		if err != nil || res.Returnval == nil {
			return err
		}
		found, err = policies.RetrieveContent(ctx, []pbmtypes.PbmProfileId{*res.Returnval})
		return err
	})
	if err != nil {
		return Redundancy{}, err
	}
	for _, profile := range found {
		if p, ok := profile.(*pbmtypes.PbmCapabilityProfile); ok {
			if r, ok := redundancyOf(p); ok {
				return r, nil
			}
		}
	}
	return Redundancy{}, &Error{Class: NotFound, Doing: doing, Server: c.host, Err: errors.New("the datastore has no default policy with rules of vSAN")}
}

// redundancyOf reads the rules of vSAN in a policy; false if it has none.
func redundancyOf(p *pbmtypes.PbmCapabilityProfile) (Redundancy, bool) {
	rules, ok := p.Constraints.(*pbmtypes.PbmCapabilitySubProfileConstraints)
	if !ok {
		return Redundancy{}, false
	}
	values := map[string]string{}
	for _, sub := range rules.SubProfiles {
		for _, capability := range sub.Capability {
			for _, constraint := range capability.Constraint {
				for _, property := range constraint.PropertyInstance {
					if capability.Id.Namespace == "VSAN" {
						values[property.Id] = fmt.Sprint(property.Value)
					}
				}
			}
		}
	}
	failures, has := values["hostFailuresToTolerate"]
	if !has {
		return Redundancy{}, false
	}
	r := Redundancy{Failures: digit(failures), Erasure: strings.Contains(values["replicaPreference"], "RAID-5/6")}
	if within, stretched := values["subFailuresToTolerate"]; stretched { // the first rule then counts sites
		r.Copies, r.Failures = r.Failures+1, digit(within)
	}
	return r, true
}

// digit is a count of failures; what is none counts as one, vSAN's default.
func digit(text string) int {
	if len(text) == 1 && text[0] >= '0' && text[0] <= '9' {
		return int(text[0] - '0')
	}
	return 1
}
