// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package guards

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Pool is the hosts of one cluster.
type Pool struct {
	Cluster, SKU string
	Hosts        int
}

// Cores that the hosts of some clusters have, SKU by SKU.
type Cores struct {
	Total int
	// Unknown are the SKUs whose cores nobody says; their hosts are not in Total.
	Unknown []string
	// Words add it up for a person: "3 x 36 (av36p) + 3 x 64 (av64)".
	Words string
}

// CoresOf adds up the cores of all hosts.
func CoresOf(c Catalogue, pools []Pool) Cores {
	var out Cores
	bySKU := map[string]int{}
	var order []string
	for _, pool := range pools {
		name := strings.ToLower(pool.SKU)
		if _, seen := bySKU[name]; !seen {
			order = append(order, name)
		}
		bySKU[name] += max(pool.Hosts, 0)
	}
	slices.Sort(order)
	var words []string
	for _, name := range order {
		if bySKU[name] == 0 {
			continue
		}
		cores, known := c.Cores(name)
		if !known {
			out.Unknown = append(out.Unknown, name)
			continue
		}
		out.Total += bySKU[name] * cores
		words = append(words, fmt.Sprintf("%d x %d (%s)", bySKU[name], cores, name))
	}
	out.Words = strings.Join(words, " + ")
	return out
}

// License is what was bought from Broadcom, as Azure holds it.
type License struct {
	// Name for a person, such as "the VCF licence".
	Name  string
	Cores int
}

const askForCores = "buy cores from Broadcom and raise the number in"

// Covers refuses hosts whose cores a licence does not cover. field is where its cores are set.
func (l License) Covers(needed Cores, field string) *Refusal {
	switch {
	case needed.Total > l.Cores:
		return refuse(LicensedCores, "%s covers %s and the hosts of the private cloud need %d: %s; %d are missing: %s %s",
			l.Name, counted(l.Cores, "core"), needed.Total, needed.Words, needed.Total-l.Cores, askForCores, field)
	case len(needed.Unknown) > 0:
		return refuse(Unknown, "whether %s, of %s, covers all hosts cannot be found out: Azure's list of SKUs does not say how many cores a host of %s has",
			l.Name, counted(l.Cores, "core"), strings.Join(needed.Unknown, ", "))
	}
	return nil
}

// Cover says how a licence covers what it covers.
func (l License) Cover(needed Cores) string {
	return fmt.Sprintf("%s covers %s, and the hosts have %d: %s", l.Name, counted(l.Cores, "core"), needed.Total, needed.Words)
}

// gatewayFirewallCores is what a licence for the gateway firewall alone has, however many hosts there are.
const gatewayFirewallCores = 64

// FirewallCovers is Covers for the licence of the firewall. The distributed firewall needs a core for each core; a licence of exactly as many
// as the gateway firewall takes is for that one, which does not grow with the hosts.
func (l License) FirewallCovers(needed Cores, field string) *Refusal {
	if l.Cores == gatewayFirewallCores {
		return nil
	}
	return l.Covers(needed, field)
}

// Licences are bought for years and renewed by people: they are told this long before.
const noticeOfEnd = 60 * 24 * time.Hour

// Validity of a licence at a moment.
type Validity struct {
	Valid   bool
	Message string
	// Again is after how long the answer changes by the clock alone; 0: never.
	Again time.Duration
}

// ValidAt says whether a licence is good for long enough. now and ends are of the same clock.
func ValidAt(name string, ends, now time.Time) Validity {
	left := ends.Sub(now)
	date := ends.UTC().Format(time.DateOnly)
	if left > noticeOfEnd {
		return Validity{Valid: true, Message: fmt.Sprintf("%s is valid until %s", name, date), Again: left - noticeOfEnd}
	}
	if left <= 0 {
		return Validity{Message: fmt.Sprintf("%s ended on %s: renew it with Broadcom and set the new key, cores and endDate", name, date)}
	}
	days := int(left / (24 * time.Hour))
	return Validity{
		Message: fmt.Sprintf("%s ends on %s, in %s: renew it with Broadcom and set the new key, cores and endDate", name, date, counted(days, "day")),
		Again:   left - time.Duration(days)*24*time.Hour + 1, // one instant later a day less is left
	}
}
