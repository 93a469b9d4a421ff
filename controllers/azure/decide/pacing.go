// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package decide

import (
	"time"

	"github.com/avs-operator/avs-operator/controllers/azure/kind"
)

// coarsest is the longest pause between two polls: an operation that fails early is noticed within it.
const coarsest = 30 * time.Minute

// NextPoll is how long to wait before the next poll of an operation that has run for elapsed. Azure's Retry-After is a floor. Before the
// expected time polls are coarse but never jump over its start; within it they are fine, so that the end is seen soon; after it they get
// coarser again, because something is wrong and nothing is gained by asking often. All times are Azure's.
func NextPoll(elapsed time.Duration, e kind.Expectation, retryAfter time.Duration) time.Duration {
	var pause time.Duration
	switch {
	case e == (kind.Expectation{}):
		pause = min(max(elapsed/4, 5*time.Second), 2*time.Minute)
	case elapsed < e.Soonest:
		// As long again as has passed, so that a refusal in the first minutes is seen in the first minutes.
		pause = min(max(elapsed, e.Fine), coarsest)
		if left := e.Soonest - elapsed; pause > left {
			pause = max(left, e.Fine/2)
		}
	case elapsed <= e.Latest:
		pause = e.Fine
	default:
		pause = min(e.Fine+(elapsed-e.Latest)/4, coarsest)
	}
	return max(pause, retryAfter)
}
