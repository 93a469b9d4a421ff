// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package ask is what kinds, and the guards of hosts, ask Azure, vCenter and the API server: each function is one question, and what cannot be found out is
// an error or a wait, never an answer. It knows no kind.
package ask

import (
	"context"
	"strings"
	"time"

	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/azure/guards"
)

// skusKept is how long, in Azure's time, the list of SKUs is believed: it changes by the month.
const skusKept = time.Hour

// provider is Microsoft.AVS in the subscription of an id.
func provider(id arm.ID) arm.ID {
	return arm.ID("/subscriptions/" + id.SubscriptionID() + "/providers/Microsoft.AVS")
}

// Catalogue is what the subscription of an id is offered. It is kept for an hour.
func Catalogue(ctx context.Context, client *arm.Client, id arm.ID) (guards.Catalogue, error) {
	all, err := client.Recent(ctx, provider(id)+"/skus", skusKept)
	if err != nil {
		return nil, err
	}
	bodies := make([]map[string]any, len(all))
	for i := range all {
		bodies[i] = all[i].Body
	}
	return guards.ReadCatalogue(bodies), nil
}

// Registration refuses if the subscription of an id has not registered Microsoft.AVS.
func Registration(ctx context.Context, client *arm.Client, id arm.ID) (*guards.Refusal, error) {
	var answer struct {
		RegistrationState string `json:"registrationState"`
	}
	if err := client.GetPath(ctx, string(provider(id)), "2021-04-01", &answer); err != nil {
		return nil, err
	}
	return guards.Registered(answer.RegistrationState, id.SubscriptionID()), nil
}

// Quota is how many more hosts the subscription of an id may have in a location.
func Quota(ctx context.Context, client *arm.Client, id arm.ID, w guards.Wanted) (guards.Quota, error) {
	var answer struct {
		HostsRemaining map[string]int `json:"hostsRemaining"`
		QuotaEnabled   string         `json:"quotaEnabled"`
	}
	location := provider(id).Child("locations", guards.Location(w.Location))
	err := client.Post(ctx, location, "checkQuotaAvailability", nil, &answer) // it takes no body, and answers for every family
	return guards.Quota{Enabled: strings.EqualFold(answer.QuotaEnabled, "Enabled"), Remaining: answer.HostsRemaining}, err
}

// Maintenances are those that Microsoft has announced for a private cloud, with those that are in progress.
func Maintenances(ctx context.Context, client *arm.Client, cloud arm.ID) ([]guards.Announced, error) {
	all, err := client.List(ctx, cloud+"/maintenances")
	var out []guards.Announced
	for i := range all {
		began, _ := time.Parse(time.RFC3339, all[i].String("/properties/state/startedAt"))
		out = append(out, guards.Announced{
			Name: all[i].Name, Component: all[i].String("/properties/component"), State: all[i].String("/properties/state/name"),
			Began: began, Lasts: time.Duration(all[i].Int("/properties/estimatedDurationInMinutes")) * time.Minute,
		})
	}
	return out, err
}

// Hosts are those of a cluster, which may be Cluster-1.
func Hosts(ctx context.Context, client *arm.Client, cluster arm.ID) ([]guards.Host, error) {
	all, err := client.List(ctx, cluster+"/hosts")
	var out []guards.Host
	for i := range all {
		out = append(out, guards.Host{Name: all[i].Name, Maintenance: all[i].String("/properties/maintenance")})
	}
	return out, err
}

// Policies are the placement policies of a cluster, which may be Cluster-1.
func Policies(ctx context.Context, client *arm.Client, cluster arm.ID) ([]guards.Policy, error) {
	all, err := client.List(ctx, cluster+"/placementPolicies")
	var out []guards.Policy
	for i := range all {
		out = append(out, guards.Policy{
			Name: all[i].Name, Enabled: !strings.EqualFold(all[i].String("/properties/state"), "Disabled"),
			Apart:    strings.EqualFold(all[i].String("/properties/affinityType"), "AntiAffinity"),
			Machines: len(all[i].Texts("/properties/vmMembers")), Hosts: all[i].Texts("/properties/hostMembers"),
		})
	}
	return out, err
}

// Clusters are those of a private cloud as they are now, without Cluster-1.
func Clusters(ctx context.Context, client *arm.Client, cloud arm.ID) ([]*arm.Resource, error) {
	all, err := client.List(ctx, cloud+"/clusters")
	out := make([]*arm.Resource, len(all))
	for i := range all {
		out[i] = &all[i]
	}
	return out, err
}
