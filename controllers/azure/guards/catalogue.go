// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package guards

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Offering is a SKU as Azure lists it for a subscription. The list is the only source: a SKU that came last week is in it, and one that was
// withdrawn is not.
type Offering struct {
	// HostType, such as he2, and Family: either may be what the quota is counted by.
	Name, Family, HostType string
	// Cores of a host; 0: the list does not say.
	Cores int
	// Clusters says that the SKU can be added as a cluster, PrivateClouds that a private cloud can begin with it.
	Clusters, PrivateClouds bool
	// Zones by location in ARM's form; a location without zones has an empty list.
	Zones map[string][]string
	// Withheld by location: why the subscription cannot have it there, empty zones meaning everywhere in the location.
	Withheld []Withheld
}

// Withheld is a restriction of a SKU.
type Withheld struct {
	Location, Code string
	Zones          []string
}

// Catalogue is what a subscription can have, by lower-case SKU name.
type Catalogue map[string]*Offering

// ReadCatalogue reads the bodies that the list of SKUs holds. What it cannot read it leaves out.
func ReadCatalogue(bodies []map[string]any) Catalogue {
	out := Catalogue{}
	for _, body := range bodies {
		name := strings.ToLower(text(body["name"]))
		if name == "" {
			continue
		}
		o := out[name]
		if o == nil {
			o = &Offering{Name: name, Zones: map[string][]string{}}
			out[name] = o
		}
		o.read(body)
	}
	return out
}

func (o *Offering) read(body map[string]any) {
	switch kind := strings.ToLower(text(body["resourceType"])); {
	case strings.HasSuffix(kind, "clusters"): // privateClouds/clusters
		o.Clusters = true
	default:
		o.PrivateClouds = true
	}
	if family := text(body["family"]); family != "" {
		o.Family = family
	}
	for _, location := range list(body["locations"]) {
		if at := Location(text(location)); at != "" && o.Zones[at] == nil {
			o.Zones[at] = []string{}
		}
	}
	for _, one := range list(body["locationInfo"]) {
		info, _ := one.(map[string]any)
		if at := Location(text(info["location"])); at != "" {
			o.Zones[at] = texts(info["zones"])
		}
	}
	for _, one := range list(body["capabilities"]) {
		capability, _ := one.(map[string]any)
		if strings.EqualFold(text(capability["name"]), "HostType") {
			o.HostType = text(capability["value"])
		}
		if cores, err := strconv.Atoi(text(capability["value"])); err == nil && cores > 0 && strings.EqualFold(text(capability["name"]), "CpuCoreCount") {
			o.Cores = cores
		}
	}
	for _, one := range list(body["restrictions"]) {
		restriction, _ := one.(map[string]any)
		o.restrict(restriction)
	}
}

func (o *Offering) restrict(restriction map[string]any) {
	info, _ := restriction["restrictionInfo"].(map[string]any)
	places := texts(info["locations"])
	zones := texts(info["zones"])
	if strings.EqualFold(text(restriction["type"]), "Zone") {
		if len(zones) == 0 {
			zones = texts(restriction["values"])
		}
		if len(zones) == 0 {
			return // withholds nothing
		}
	} else {
		zones = nil
		places = append(places, texts(restriction["values"])...)
	}
	for _, place := range places {
		o.Withheld = append(o.Withheld, Withheld{Location: Location(place), Code: text(restriction["reasonCode"]), Zones: zones})
	}
}

// Location is ARM's form of a region's name: "West Europe" is westeurope.
func Location(name string) string {
	return strings.ToLower(strings.ReplaceAll(name, " ", ""))
}

// Find is a SKU by its name in any case.
func (c Catalogue) Find(sku string) *Offering { return c[strings.ToLower(sku)] }

// tellsClusters says that Azure lists what it offers for clusters by itself; where it does not, what it offers for private clouds is meant.
func (c Catalogue) tellsClusters() bool {
	for _, o := range c {
		if o.Clusters {
			return true
		}
	}
	return false
}

// Cores of a host of a SKU.
func (c Catalogue) Cores(sku string) (cores int, known bool) {
	if o := c.Find(sku); o != nil && o.Cores > 0 {
		return o.Cores, true
	}
	return 0, false
}

// in names the SKUs that are to be had in a location.
func (c Catalogue) in(location string) []string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(c)) {
		if _, there := c[name].Zones[location]; there {
			out = append(out, name)
		}
	}
	return out
}

// Wanted are hosts that a write would make.
type Wanted struct {
	SKU, Location string
	// Zone 0: Azure chooses.
	Zone int
	// Cluster says that they are for a cluster beside Cluster-1.
	Cluster bool
}

// Offered refuses a SKU that is not to be had where it is wanted.
func (c Catalogue) Offered(w Wanted) *Refusal {
	location, o := Location(w.Location), c.Find(w.SKU)
	if len(c) == 0 {
		return refuse(Unknown, "Azure lists no SKU of Azure VMware Solution for this subscription, so whether %s is offered in %s cannot be found out: "+
			"it is asked again by itself. What Azure answers is seen with 'az rest --url /subscriptions/.../providers/Microsoft.AVS/skus'", w.SKU, location)
	}
	if o == nil {
		return refuse(Offer, "the SKU %s is not offered to this subscription; %s", w.SKU, c.instead(location))
	}
	if w.Cluster && !o.Clusters && c.tellsClusters() || !w.Cluster && !o.PrivateClouds {
		return refuse(Offer, "the SKU %s is not offered for %s; %s", o.Name, purpose(w.Cluster), c.instead(location))
	}
	zones, there := o.Zones[location]
	if !there {
		return refuse(Offer, "the SKU %s is not offered in %s, only in %s; %s",
			o.Name, location, strings.Join(slices.Sorted(maps.Keys(o.Zones)), ", "), c.instead(location))
	}
	zone := strconv.Itoa(w.Zone)
	if w.Zone > 0 && len(zones) > 0 && !slices.Contains(zones, zone) {
		return refuse(Offer, "the SKU %s is not offered in zone %s of %s, only in %s: choose one of these, or leave the zone to Azure",
			o.Name, zone, location, strings.Join(zones, ", "))
	}
	for _, r := range o.Withheld {
		switch {
		case r.Location != location:
		case len(r.Zones) == 0:
			return refuse(Offer,
				"the SKU %s is withheld from this subscription in %s (%s): ask for it with a support request to Microsoft for Azure VMware Solution; %s",
				o.Name, location, r.Code, c.instead(location))
		case w.Zone > 0 && slices.Contains(r.Zones, zone), w.Zone == 0 && len(zones) > 0 && covers(r.Zones, zones):
			return refuse(Offer, "the SKU %s is withheld from this subscription in zone %s of %s (%s): choose another zone, "+
				"or ask for it with a support request to Microsoft for Azure VMware Solution",
				o.Name, strings.Join(r.Zones, ", "), location, r.Code)
		}
	}
	return nil
}

func covers(all, these []string) bool {
	return !slices.ContainsFunc(these, func(one string) bool { return !slices.Contains(all, one) })
}

func purpose(cluster bool) string {
	if cluster {
		return "further clusters"
	}
	return "a private cloud's first cluster"
}

func (c Catalogue) instead(location string) string {
	there := c.in(location)
	if len(there) == 0 {
		return "nothing is offered in " + location + ": choose another location"
	}
	return "in " + location + " there are " + strings.Join(there, ", ") + ": choose one of these, or another location"
}

func text(value any) string {
	out, _ := value.(string)
	return out
}

func list(value any) []any {
	out, _ := value.([]any)
	return out
}

func texts(value any) []string {
	out := []string{}
	for _, one := range list(value) {
		if t := text(one); t != "" {
			out = append(out, t)
		}
	}
	return out
}
