// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import "time"

const (
	// calmPace is how often a stream may ask on average while nothing of ours runs, in vCenter's time, and calmBurst how often at once. In a
	// vCenter with ten thousand machines something changes every second: power, addresses, what DRS moves.
	calmPace  = 4 * time.Second
	calmBurst = 20
)

// restraint spaces calls: calmBurst at once, then one each pace. The zero value has its burst.
type restraint struct {
	at   time.Time // when the last call is paid for
	used bool
}

// wait is how long a call must wait now, and counts it.
func (r *restraint) wait(now time.Time, pace time.Duration) time.Duration {
	least := now.Add(-calmBurst * pace)
	if !r.used || r.at.Before(least) {
		r.at, r.used = least, true
	}
	r.at = r.at.Add(pace)
	return max(r.at.Sub(now), 0)
}
