// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package guards

import "strings"

// Quota is what a subscription may still have in a location.
type Quota struct {
	Enabled bool
	// Remaining hosts by SKU family, type of host, or SKU.
	Remaining map[string]int
}

// left is what remains of a SKU: by its family or type of host, as Azure answers, or by its own name in case that it does.
func (q Quota) left(o *Offering, sku string) (left int, known bool) {
	names := []string{sku}
	if o != nil {
		names = []string{o.Family, o.HostType, sku}
	}
	for _, name := range names {
		for key, remaining := range q.Remaining {
			if name != "" && strings.EqualFold(key, name) {
				return remaining, true
			}
		}
	}
	return 0, false
}

// askForQuota is where hosts are asked for.
const askForQuota = "ask for host quota with a support request of type 'Service and subscription limits (quotas)' for Azure VMware Solution; " +
	"that takes up to five business days"

// Allows refuses more hosts than the quota has left.
func (q Quota) Allows(c Catalogue, w Wanted, more int) *Refusal {
	if more <= 0 {
		return nil
	}
	location := Location(w.Location)
	left, known := q.left(c.Find(w.SKU), w.SKU)
	switch {
	case !q.Enabled:
		return refuse(HostQuota, "%s of SKU %s are needed and the subscription has no host quota in %s at all: %s", hosts(more), w.SKU, location, askForQuota)
	case !known:
		return refuse(HostQuota, "%s of SKU %s are needed and Azure names no quota for that SKU in %s: %s", hosts(more), w.SKU, location, askForQuota)
	case more > left:
		return refuse(HostQuota, "%s of SKU %s are needed and the host quota has %d left in %s, %d too few: %s",
			hosts(more), w.SKU, max(left, 0), location, more-max(left, 0), askForQuota)
	}
	return nil
}

// Registered refuses while a subscription does not know the resource provider. state is ARM's registrationState.
func Registered(state, subscription string) *Refusal {
	switch strings.ToLower(state) {
	case "registered":
		return nil
	case "registering":
		return refuse(Unknown, "the resource provider Microsoft.AVS is being registered in subscription %s, which takes minutes; it goes on by itself", subscription)
	case "":
		return refuse(Unknown, "whether the resource provider Microsoft.AVS is registered in subscription %s cannot be found out: Azure does not say", subscription)
	}
	return refuse(Registration, "the resource provider Microsoft.AVS is %s in subscription %s: "+
		"register it with 'az provider register --namespace Microsoft.AVS --subscription %s'", state, subscription, subscription)
}
