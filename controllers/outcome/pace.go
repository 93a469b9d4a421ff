// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package outcome

import "time"

// Pace turns the time of Azure and vCenter into real time. 1 is real time; 600 lets four hours pass in 24 seconds, against simulators
// that run at the same pace. Leases, HTTP exchanges and token lifetimes are not scaled: they belong to the real world. The zero value is
// real time.
type Pace float64

// Real is how long d of Azure's or vCenter's time lasts here.
func (p Pace) Real(d time.Duration) time.Duration {
	if p <= 0 || p == 1 {
		return d
	}
	return time.Duration(float64(d) / float64(p))
}

// RealAtLeast is Real, but never shorter than floor: what waits for a real network exchange or a real process cannot be sped up.
func (p Pace) RealAtLeast(d, floor time.Duration) time.Duration {
	return max(p.Real(d), min(d, floor))
}

// Elapsed is how much of Azure's or vCenter's time has passed in the real time d.
func (p Pace) Elapsed(d time.Duration) time.Duration {
	if p <= 0 || p == 1 {
		return d
	}
	return time.Duration(float64(d) * float64(p))
}
