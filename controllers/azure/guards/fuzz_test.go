// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package guards

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"
)

// More of what is scarce never makes a refusal out of a permission, and less never the other way round; whatever the numbers and names are.
func FuzzDecisions(f *testing.F) {
	f.Add("av36p", "westeurope", "10.0.0.0/22", 3, 5, 200, 60.0, int64(90))
	f.Add("", "", "x", -1, 0, -5, -1.0, int64(-1))
	f.Add("AV64", "uk south", "::/0", 16, 97, 1<<40, 1e300, int64(1)<<40)
	f.Fuzz(func(t *testing.T, sku, location, block string, from, to, cores int, used float64, days int64) {
		from, to, cores = from%1e6, to%1e6, cores%1e9 // there are no more hosts than that
		w := Wanted{SKU: sku, Location: location, Zone: from}
		catalogue.Offered(w)
		pools := []Pool{{"one", sku, from}, {"two", "av36p", to}}
		less := []Pool{{"one", sku, from}, {"two", "av36p", to - 1}}
		narrower(t, "quota", Quota{true, map[string]int{sku: cores, "he2": cores}}.Allows(catalogue, w, to),
			Quota{true, map[string]int{sku: cores, "he2": cores}}.Allows(catalogue, w, to-1))
		narrower(t, "licence", License{"l", cores}.Covers(CoresOf(catalogue, pools), "f"), License{"l", cores}.Covers(CoresOf(catalogue, less), "f"))
		narrower(t, "limits", Within(pools), Within(less))
		if (NearLimit(pools) == "") && (NearLimit(less) != "") {
			t.Errorf("fewer hosts are nearer to a limit: %v", pools)
		}
		narrower(t, "networks", Apart([]string{block}, []Neighbour{{"n", []string{"10.0.0.0/8", block}}}),
			Apart([]string{block}, []Neighbour{{"n", []string{"10.0.0.0/8"}}}))
		shrinks(t, from, to, used)
		if now := time.Unix(0, 0); days > -1<<16 && days < 1<<16 {
			v := ValidAt("l", now.Add(time.Duration(days)*time.Hour), now)
			if later := ValidAt("l", now.Add(time.Duration(days)*time.Hour), now.Add(time.Hour)); later.Valid && !v.Valid {
				t.Errorf("a licence became valid by waiting: %d hours", days)
			}
			if v.Again < 0 || (v.Again == 0) != (days <= 0) {
				t.Errorf("looked at again after %s with %d hours left", v.Again, days)
			}
		}
	})
}

// narrower fails if what is refused with less is allowed with more of the same demand.
func narrower(t *testing.T, what string, more, less *Refusal) {
	t.Helper()
	if more == nil && less != nil {
		t.Errorf("%s: allowed, and refused when less is asked: %s", what, less.Message)
	}
}

func shrinks(t *testing.T, from, to int, used float64) {
	t.Helper()
	if from < 0 || from > 100 {
		return
	}
	s := Shrink{Cluster: "c", From: from, To: to, First: []string{"h1", "h1", "x"}}
	for i := range from {
		s.Hosts = append(s.Hosts, fmt.Sprint("h", i))
	}
	wider := s
	wider.To++
	for _, policy := range []Policy{{Name: "p", Enabled: true, Apart: true, Machines: to}, {Name: "q", Enabled: true, Hosts: []string{"h0", "/h/h1"}}} {
		narrower(t, "placement", s.Placed([]Policy{policy}), wider.Placed([]Policy{policy}))
	}
	narrower(t, "storage", s.Stored(Datastore{"d", 1e14, used}), wider.Stored(Datastore{"d", 1e14, used}))
	narrower(t, "tolerance", s.Tolerates(0, "x"), wider.Tolerates(0, "x"))
	narrower(t, "hosts", s.Named(), wider.Named())
}

// The list of SKUs is the network's: whatever it says, reading it ends.
func FuzzCatalogue(f *testing.F) {
	f.Add(`[{"name":"av36p","resourceType":"privateClouds","locations":["x"],` +
		`"locationInfo":[{"location":"x","zones":["1"]}],"restrictions":[{"type":"Zone","values":["1"]}]}]`)
	f.Add(`[{"name":[],"locations":{},"capabilities":[null,7,{"name":"CpuCoreCount","value":"-3"}]}]`)
	f.Fuzz(func(t *testing.T, text string) {
		var bodies []map[string]any
		if json.Unmarshal([]byte(text), &bodies) != nil {
			return
		}
		c := ReadCatalogue(bodies)
		for name, o := range c {
			if cores, known := c.Cores(name); known && cores <= 0 {
				t.Errorf("%s has %d cores", name, cores)
			}
			for location := range o.Zones {
				c.Offered(Wanted{SKU: name, Location: location, Zone: 1, Cluster: o.Clusters})
			}
		}
	})
}
