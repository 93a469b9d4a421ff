// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"fmt"
	"slices"
	"strings"

	"github.com/avs-operator/avs-operator/controllers/azure/kinds/ask"
)

// Right is a line of a role that the operator's identity needs in Azure, with the actions that the operator uses of it. A role takes only what
// matches an action that the provider publishes (InvalidActionOrNotAction), and Microsoft.AVS publishes neither skus/read nor the statuses of
// operations that are served beside private clouds nor the POST form of checkQuotaAvailability: hence the patterns. The published list is in
// Microsoft's documentation, "Azure permissions for Compute".
type Right struct {
	// Scope that the role is assigned at: ResourceGroup or Subscription.
	Scope string
	// Pattern as it stands in the role.
	Pattern string
	// Why, for whoever gives it.
	Why string
	// Actions that are used, sorted.
	Actions []string
}

// The scopes.
const (
	ResourceGroup = "resource group"
	Subscription  = "subscription"
)

const clouds = "Microsoft.AVS/privateClouds"

// Rights are all that the identity needs. What of an action is asked at which scope is not told apart: the read of private clouds, say, is asked
// of the subscription too, for the networks of others.
func Rights() []Right {
	return []Right{
		{ResourceGroup, clouds + "/*", "everything in a private cloud; *Contributor* has it too", inClouds()},
		{ResourceGroup, "Microsoft.Insights/metrics/read", "how full its storage is, before hosts leave", []string{"Microsoft.Insights/metrics/read"}},
		{ResourceGroup, "Microsoft.Authorization/locks/*", "only for deleteLock", []string{
			"Microsoft.Authorization/locks/delete", "Microsoft.Authorization/locks/read", "Microsoft.Authorization/locks/write"}},
		{Subscription, "Microsoft.Resources/subscriptions/read", "whether the identity sees the subscription", []string{"Microsoft.Resources/subscriptions/read"}},
		{Subscription, "Microsoft.Resources/subscriptions/providers/read", "whether Microsoft.AVS is registered",
			[]string{"Microsoft.Resources/subscriptions/providers/read"}},
		{Subscription, "Microsoft.AVS/locations/*", "host quota, in both forms that Azure has of the action; how far operations are", []string{
			"Microsoft.AVS/locations/checkQuotaAvailability/action", "Microsoft.AVS/locations/checkQuotaAvailability/read",
			"Microsoft.AVS/locations/operationResults/read", "Microsoft.AVS/locations/operationStatuses/read"}},
		{Subscription, "Microsoft.AVS/*/read", "SKUs, networks of other private clouds, operations that are followed below a resource group", []string{
			"Microsoft.AVS/operationStatuses/read", "Microsoft.AVS/skus/read"}},
	}
}

// inClouds are the actions on private clouds and what is in them: those of every kind, and of what is looked at beside.
func inClouds() []string {
	var out []string
	for _, k := range All {
		typ := clouds
		switch {
		case k.InCluster:
			typ += "/clusters/" + k.Segment
		case k.Segment != "privateClouds":
			typ += "/" + strings.Replace(k.Segment, ask.NetworkSegment, "workloadNetworks/", 1)
		}
		out = append(out, typ+"/read")
		if k.ChangedBy != "" {
			out = append(out, typ+"/"+k.ChangedBy+"/action")
			continue
		}
		out = append(out, typ+"/write", typ+"/delete")
	}
	for _, beside := range []string{
		"listAdminCredentials/action", "rotateVcenterPassword/action", "rotateNsxtPassword/action",
		"clusters/hosts/read", "maintenances/read", "maintenances/schedule/action", "maintenances/reschedule/action", "maintenances/initiateChecks/action",
		"scriptPackages/read", "scriptPackages/scriptCmdlets/read", "scriptExecutions/getExecutionLogs/action",
		"workloadNetworks/gateways/read", "workloadNetworks/virtualMachines/read",
	} {
		out = append(out, clouds+"/"+beside)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Uses says whether an action is one that the operator uses. ARM compares actions without case.
func Uses(action string) bool {
	return slices.ContainsFunc(Rights(), func(r Right) bool {
		return slices.ContainsFunc(r.Actions, func(used string) bool { return strings.EqualFold(used, action) })
	})
}

// RightsFor is what a role for a scope holds, as the documentation shows it.
func RightsFor(scope string) string {
	var out strings.Builder
	for _, right := range Rights() {
		if right.Scope == scope {
			fmt.Fprintf(&out, "%-50s %s\n", right.Pattern, right.Why)
		}
	}
	return out.String()
}
