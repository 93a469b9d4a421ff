// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package guards

import (
	"strings"
	"time"
)

// Host is one host as Azure shows it.
type Host struct {
	Name string
	// Maintenance is Replacement or Upgrade while Microsoft works on it, else empty.
	Maintenance string
}

// Announced is a maintenance of a private cloud.
type Announced struct {
	Name, Component, State string
	Began                  time.Time // zero: nobody says
	Lasts                  time.Duration
}

// Quiet refuses while Microsoft works on the private cloud: hosts come and go by themselves then, and a change of size meets them half-way.
func Quiet(all []Host, announced []Announced) *Refusal {
	for _, m := range announced {
		if !strings.EqualFold(m.State, "InProgress") {
			continue
		}
		until := ""
		if !m.Began.IsZero() && m.Lasts > 0 {
			until = ", expected to end at " + m.Began.Add(m.Lasts).UTC().Format(time.RFC3339)
		}
		return refuse(UnderMaintenance, "Microsoft's maintenance %s (%s) is in progress%s: the size is not changed before it is over; it goes on by itself",
			m.Name, orUnnamed(m.Component), until)
	}
	var busy []string
	for _, host := range all {
		if host.Maintenance != "" {
			busy = append(busy, host.Name+" ("+host.Maintenance+")")
		}
	}
	if len(busy) > 0 {
		return refuse(UnderMaintenance, "%s under maintenance by Microsoft: %s: the size is not changed before that is over; it goes on by itself",
			isAre(len(busy)), strings.Join(busy, ", "))
	}
	return nil
}

func isAre(n int) string {
	if n == 1 {
		return "1 host is"
	}
	return hosts(n) + " are"
}

func orUnnamed(component string) string {
	if component == "" {
		return "component not named"
	}
	return component
}
