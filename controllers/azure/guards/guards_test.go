// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package guards

import (
	"strings"
	"testing"
	"time"
)

func body(kind, name, family, cores string, restrictions ...any) map[string]any {
	return map[string]any{
		"resourceType": kind, "name": name, "family": family, "locations": []any{"West Europe", "uksouth"},
		"locationInfo": []any{map[string]any{"location": "westeurope", "zones": []any{"1", "2"}}},
		"capabilities": []any{map[string]any{"name": "RamGB", "value": "768"}, map[string]any{"name": "CpuCoreCount", "value": cores}},
		"restrictions": restrictions,
	}
}

func withheld(kind, code string, zones []any, values ...any) map[string]any {
	return map[string]any{"type": kind, "reasonCode": code, "values": values, "restrictionInfo": map[string]any{"locations": values, "zones": zones}}
}

var catalogue = ReadCatalogue([]map[string]any{
	body("privateClouds", "AV36P", "he2", "36"), body("privateClouds/clusters", "av36p", "he2", "36"),
	body("privateClouds/clusters", "av64", "hs", "64"),
	body("privateClouds", "av52", "hf", "52", withheld("Location", "NotAvailableForSubscription", nil, "uksouth")),
	body("privateClouds", "av48", "he3", "48", withheld("Zone", "QuotaId", []any{"2"}, "westeurope")),
	body("privateClouds", "av20", "old", ""), {"name": 7}, {},
})

// refused is one expectation: the cause, and words that the sentence must say; an empty cause wants no refusal.
type refused struct {
	got   *Refusal
	cause Cause
	words string
}

func check(t *testing.T, cases map[string]refused) {
	t.Helper()
	for name, c := range cases {
		switch {
		case c.cause == "" && c.got != nil:
			t.Errorf("%s: refused: %+v", name, *c.got)
		case c.cause == "":
		case c.got == nil:
			t.Errorf("%s: not refused", name)
		case c.got.Cause != c.cause:
			t.Errorf("%s: refused for %s, want %s: %s", name, c.got.Cause, c.cause, c.got.Message)
		default:
			for _, word := range strings.Split(c.words, "|") {
				if !strings.Contains(c.got.Message, word) {
					t.Errorf("%s: the sentence does not say %q: %s", name, word, c.got.Message)
				}
			}
		}
	}
}

func TestOffers(t *testing.T) {
	check(t, map[string]refused{
		"offered in any case": {catalogue.Offered(Wanted{SKU: "Av36P", Location: "West Europe", Zone: 1}), "", ""},
		"no zone asked":       {catalogue.Offered(Wanted{SKU: "av36p", Location: "uksouth"}), "", ""},
		"zones not listed":    {catalogue.Offered(Wanted{SKU: "av36p", Location: "uksouth", Zone: 3}), "", ""},
		"another location": {catalogue.Offered(Wanted{SKU: "av36p", Location: "eastus"}), Offer,
			"not offered in eastus|uksouth, westeurope|nothing is offered in eastus"},
		"another zone":                {catalogue.Offered(Wanted{SKU: "av36p", Location: "westeurope", Zone: 3}), Offer, "zone 3 of westeurope|1, 2"},
		"an unknown SKU":              {catalogue.Offered(Wanted{SKU: "av99", Location: "westeurope"}), Offer, "av99|in westeurope there are av20, av36p"},
		"a cluster's SKU for a first": {catalogue.Offered(Wanted{SKU: "av64", Location: "westeurope"}), Offer, "a private cloud's first cluster"},
		"a first SKU for a cluster":   {catalogue.Offered(Wanted{SKU: "av52", Location: "westeurope", Cluster: true}), Offer, "further clusters"},
		"withheld in the location": {catalogue.Offered(Wanted{SKU: "av52", Location: "uksouth"}), Offer,
			"withheld|NotAvailableForSubscription|support request"},
		"withheld in another location":   {catalogue.Offered(Wanted{SKU: "av52", Location: "westeurope"}), "", ""},
		"withheld in the zone":           {catalogue.Offered(Wanted{SKU: "av48", Location: "westeurope", Zone: 2}), Offer, "zone 2|QuotaId"},
		"withheld in another zone":       {catalogue.Offered(Wanted{SKU: "av48", Location: "westeurope", Zone: 1}), "", ""},
		"withheld in a zone, none asked": {catalogue.Offered(Wanted{SKU: "av48", Location: "westeurope"}), "", ""},
		"nothing known":                  {Catalogue{}.Offered(Wanted{SKU: "av36p", Location: "westeurope"}), Unknown, "cannot be found out"},
	})
	if _, known := catalogue.Cores("av20"); known {
		t.Error("cores are known that nobody said")
	}
}

func TestQuota(t *testing.T) {
	w := Wanted{SKU: "av36p", Location: "westeurope"}
	q := Quota{Enabled: true, Remaining: map[string]int{"HE2": 4, "av64": 2}}
	check(t, map[string]refused{
		"enough":              {q.Allows(catalogue, w, 4), "", ""},
		"one too few":         {q.Allows(catalogue, w, 5), HostQuota, "5 hosts|4 left|1 too few|support request"},
		"nothing asked":       {Quota{}.Allows(catalogue, w, 0), "", ""},
		"by the SKU's name":   {q.Allows(catalogue, Wanted{SKU: "av64"}, 3), HostQuota, "2 left"},
		"no family named":     {q.Allows(catalogue, Wanted{SKU: "av52"}, 1), HostQuota, "names no quota"},
		"never enabled":       {Quota{Remaining: q.Remaining}.Allows(catalogue, w, 3), HostQuota, "no host quota"},
		"a catalogue without": {q.Allows(nil, Wanted{SKU: "AV64"}, 2), "", ""},
		"registered":          {Registered("Registered", "s"), "", ""},
		"registering":         {Registered("Registering", "s"), Unknown, "takes minutes"},
		"not registered":      {Registered("NotRegistered", "s-1"), Registration, "az provider register|s-1"},
		"nobody says":         {Registered("", "s"), Unknown, "does not say"},
	})
}

func TestLicensedCores(t *testing.T) {
	needed := CoresOf(catalogue, []Pool{{"Cluster-1", "AV36P", 3}, {"two", "av36p", 4}, {"three", "av64", 3}, {"none", "av99", 0}})
	if needed.Total != 7*36+3*64 || needed.Words != "7 x 36 (av36p) + 3 x 64 (av64)" || len(needed.Unknown) != 0 {
		t.Fatalf("the cores add up to %+v", needed)
	}
	half := CoresOf(catalogue, []Pool{{"Cluster-1", "av36p", 3}, {"two", "av20", 3}})
	vcf := func(cores int) License { return License{"the VCF licence", cores} }
	check(t, map[string]refused{
		"exactly":                  {vcf(444).Covers(needed, "spec.vcfLicense.cores"), "", ""},
		"one core short":           {vcf(443).Covers(needed, "spec.vcfLicense.cores"), LicensedCores, "443 cores|444|1 are missing|Broadcom|spec.vcfLicense.cores"},
		"a SKU without cores":      {vcf(500).Covers(half, "x"), Unknown, "av20|500 cores"},
		"too few without it even":  {vcf(100).Covers(half, "x"), LicensedCores, "8 are missing"},
		"the gateway firewall":     {vcf(64).FirewallCovers(needed, "x"), "", ""},
		"the distributed firewall": {vcf(443).FirewallCovers(needed, "x"), LicensedCores, "443"},
	})
}

func TestEndOfLicence(t *testing.T) {
	now := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	day := 24 * time.Hour
	for name, c := range map[string]struct {
		left  time.Duration
		valid bool
		words string
		again time.Duration
	}{
		"a year":           {365 * day, true, "until 2027-11-25", 305 * day},
		"just above sixty": {60*day + time.Second, true, "until", time.Second},
		"sixty":            {60 * day, false, "in 60 days", 1},
		"a day and a half": {36 * time.Hour, false, "in 1 day:", 12*time.Hour + 1},
		"an hour":          {time.Hour, false, "in 0 days", time.Hour + 1},
		"over":             {0, false, "ended on 2026-11-25", 0},
		"long over":        {-day, false, "ended on 2026-11-24", 0},
	} {
		got := ValidAt("the VCF licence", now.Add(c.left), now)
		if got.Valid != c.valid || !strings.Contains(got.Message, c.words) || got.Again != c.again {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestLimitsAndCombinations(t *testing.T) {
	many := func(n, size int) []Pool {
		out := make([]Pool, n)
		for i := range out {
			out[i] = Pool{Cluster: "c", SKU: "av36p", Hosts: size}
		}
		return out
	}
	av64In := func(change func(*Extension)) *Refusal {
		e := Extension{SKU: "AV64", First: "av36p", FirstHosts: 3, ExtendedBlocks: []string{"10.1.0.0/23"}}
		change(&e)
		return e.Fits()
	}
	check(t, map[string]refused{
		"twelve clusters":    {Within(many(12, 8)), "", ""},
		"thirteen clusters":  {Within(many(13, 3)), Limit, "13 clusters|at most 12"},
		"sixteen hosts":      {Within(many(1, 16)), "", ""},
		"seventeen hosts":    {Within(many(1, 17)), Limit, "17 hosts|at most 16"},
		"96 hosts":           {Within(many(6, 16)), "", ""},
		"97 hosts":           {Within(append(many(6, 16), many(1, 1)...)), Limit, "97 hosts|at most 96"},
		"odd in one zone":    {Even("c", false, 5), "", ""},
		"even in two zones":  {Even("c", true, 8), "", ""},
		"odd in two zones":   {Even("c", true, 7), Combination, "set clusterSize to 6 or 8"},
		"few in two zones":   {Even("c", true, 4), Combination, "set clusterSize to 6"},
		"av64 after av36p":   {av64In(func(*Extension) {}), "", ""},
		"three small blocks": {av64In(func(e *Extension) { e.ExtendedBlocks = []string{"10.1.0.0/25", "10.1.1.0/25", "10.1.2.0/25"} }), "", ""},
		"two small blocks": {av64In(func(e *Extension) { e.ExtendedBlocks = []string{"10.1.0.0/25", "10.1.1.0/25"} }), Combination,
			"one block of /23 or three of /25|0 and 2|extendedNetworkBlocks"},
		"av64 after a trial":    {av64In(func(e *Extension) { e.First = "av36t" }), Combination, "av36, av36p, av48, av52"},
		"a seed too small":      {av64In(func(e *Extension) { e.FirstHosts = 2 }), Combination, "at least 3 hosts|there are 2"},
		"av64 in generation 2":  {av64In(func(e *Extension) { e.First, e.SecondGeneration, e.ExtendedBlocks = "av64", true, nil }), "", ""},
		"av36p in generation 2": {av64In(func(e *Extension) { e.SKU, e.First, e.SecondGeneration = "av36p", "av64", true }), Combination, "second generation"},
		"av52 beside av36p":     {av64In(func(e *Extension) { e.SKU = "av52" }), Combination, "only av36p and av64"},
		"the same":              {av64In(func(e *Extension) { e.SKU = "AV36p" }), "", ""},
	})
	if NearLimit(many(6, 13)) != "" || !strings.Contains(NearLimit(many(1, 14)), "14 of at most 16") ||
		!strings.Contains(NearLimit(many(7, 13)), "91 of at most 96") {
		t.Error("Microsoft's alerts are not said where they are due")
	}
}

func TestMaintenanceAndNetworks(t *testing.T) {
	began := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	check(t, map[string]refused{
		"quiet": {Quiet([]Host{{Name: "a"}}, []Announced{{Name: "m", State: "Scheduled"}, {Name: "n", State: "Success"}}), "", ""},
		"a maintenance": {Quiet(nil, []Announced{{Name: "esx-8", Component: "ESXI", State: "inProgress", Began: began, Lasts: 16 * time.Hour}}),
			UnderMaintenance, "esx-8 (ESXI)|2026-11-26T04:00:00Z|by itself"},
		"one without times": {Quiet(nil, []Announced{{Name: "m", State: "InProgress"}}), UnderMaintenance, "component not named"},
		"a host":            {Quiet([]Host{{"a", "Upgrade"}, {"b", ""}}, nil), UnderMaintenance, "1 host is|a (Upgrade)"},
		"six hosts": {Quiet([]Host{{"a", "U"}, {"b", "U"}, {"c", "U"}, {"d", "U"}, {"e", "U"}, {"f", "U"}}, nil), UnderMaintenance,
			"6 hosts are|a (U), b (U), c (U), d (U), e (U), f (U)"},
		"apart":                  {Apart([]string{"10.0.0.0/22"}, []Neighbour{{"a", []string{"10.0.4.0/22", "nonsense"}}}), "", ""},
		"inside a neighbour":     {Apart([]string{"10.0.0.0/22"}, []Neighbour{{"a", nil}, {"b", []string{"10.0.0.0/16"}}}), Network, "10.0.0.0/22|10.0.0.0/16 of b"},
		"around a neighbour's":   {Apart([]string{"", "10.0.0.0/16"}, []Neighbour{{"b", []string{"10.1.0.0/22", "10.0.8.0/23"}}}), Network, "10.0.8.0/23 of b"},
		"blocks beside another":  {Disjoint([]string{"10.0.0.0/22", "10.0.4.0/23"}), "", ""},
		"blocks over each other": {Disjoint([]string{"10.0.0.0/22", "10.0.4.0/23", "10.0.2.0/23"}), Network, "the same private cloud"},
		"the first of refusals":  {First(nil, refuse(Limit, "one"), refuse(Offer, "two")), Limit, "one"},
	})
}

func TestShrinking(t *testing.T) {
	s := func(hosts, to int, first ...string) Shrink {
		return Shrink{Cluster: "Cluster-1", From: hosts, Hosts: strings.Split("h1.avs h2.avs h3.avs h4.avs h5.avs h6.avs h7.avs h8.avs", " ")[:hosts],
			To: to, First: first}
	}
	apart := func(n int) []Policy { return []Policy{{Name: "spread", Enabled: true, Apart: true, Machines: n}} }
	bound := func(hosts ...string) []Policy {
		return []Policy{{Name: "licensed", Enabled: true, Machines: 9, Hosts: hosts}}
	}
	full := func(share float64) Datastore {
		return Datastore{Name: "vsanDatastore", Capacity: 100e12, Used: share * 1e12}
	}
	check(t, map[string]refused{
		"hosts to leave that are there":   {s(5, 4, "H5").Named(), "", ""},
		"a host that is not there":        {s(5, 4, "h9").Named(), Combination, "h9|scaleIn.hosts"},
		"a host of another domain":        {s(5, 4, "h5.net").Named(), Combination, "h5.net"},
		"three apart on four":             {s(5, 4).Placed(apart(3)), "", ""},
		"four apart on four":              {s(5, 4).Placed(apart(4)), Placement, "spread|4 machines|5 in all|clusterSize to 5"},
		"a disabled policy":               {s(5, 4).Placed([]Policy{{Name: "off", Apart: true, Machines: 9}}), "", ""},
		"machines together":               {s(5, 4).Placed([]Policy{{Name: "near", Enabled: true, Machines: 9}}), "", ""},
		"a policy's last host":            {s(5, 4).Placed(bound("h5")), Placement, "licensed|1 host,|add hosts to the policy"},
		"more hosts than leave":           {s(5, 4).Placed(bound("h4", "h5")), "", ""},
		"as many as leave":                {s(5, 3).Placed(bound("/x/hosts/h4", "/x/hosts/H5")), Placement, "2 hosts"},
		"as many, and another is named":   {s(5, 4, "h1").Placed(bound("h5")), "", ""},
		"the named one is the policy's":   {s(5, 4, "h5").Placed(bound("h5")), Placement, "licensed"},
		"one named, one chosen":           {s(5, 3, "h1").Placed(bound("h4")), Placement, "licensed"},
		"hosts that are gone already":     {s(5, 3).Placed(bound("h9")), "", ""},
		"just fits":                       {s(5, 4).Stored(full(60)), "", ""},
		"does not fit":                    {s(5, 4).Stored(full(61)), Storage, "61.00 TB|60.00 TB|free 1.00 TB|clusterSize to 5"},
		"fits on one more":                {s(8, 4).Stored(full(40)), Storage, "clusterSize to 5"},
		"not known":                       {s(5, 4).Stored(Datastore{Name: "vsanDatastore"}), Unknown, "vsanDatastore|asked again"},
		"not shrinking":                   {s(4, 4).Stored(Datastore{}), "", ""},
		"six to five":                     {s(6, 5).Tolerates(0, "the annotation x"), Tolerance, "6 hosts to 5|RAID-1 FTT-1|the annotation x"},
		"six to five, confirmed":          {s(6, 5).Tolerates(5, "x"), "", ""},
		"six to four, confirmed for five": {s(6, 4).Tolerates(5, "x"), Tolerance, "to 4"},
		"seven to six":                    {s(7, 6).Tolerates(0, "x"), "", ""},
		"five to three":                   {s(5, 3).Tolerates(0, "x"), "", ""},
	})
}
