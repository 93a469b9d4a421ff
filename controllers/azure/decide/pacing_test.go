// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package decide

import (
	"testing"
	"time"

	"github.com/avs-operator/avs-operator/controllers/azure/kind"
)

// follow polls an operation of the given length, and returns how often, and how long after its end that was seen.
func follow(length time.Duration, e kind.Expectation, retryAfter time.Duration) (polls int, late time.Duration) {
	elapsed := NextPoll(0, e, retryAfter)
	for polls = 1; elapsed < length; polls++ {
		elapsed += NextPoll(elapsed, e, retryAfter)
	}
	return polls, elapsed - length
}

var creation = kind.Expectation{Soonest: 147 * time.Minute, Latest: 366 * time.Minute, Fine: 79 * time.Second}

func TestAnEndThatIsExpectedIsSeenSoonAndCheaply(t *testing.T) {
	for length := 150 * time.Minute; length <= 6*time.Hour; length += 7 * time.Second {
		if polls, late := follow(length, creation, 0); polls > 175 || late > creation.Fine {
			t.Errorf("%s: %d polls, seen after %s", length, polls, late)
		}
	}
}

func TestAnEarlyEndIsSeenWithinAsLongAgain(t *testing.T) {
	for length := time.Second; length < creation.Soonest; length += 13 * time.Second {
		if _, late := follow(length, creation, 0); late > max(length, creation.Fine) || late > coarsest {
			t.Errorf("%s: seen after %s", length, late)
		}
	}
}

func TestALateEndCostsLittle(t *testing.T) {
	if polls, late := follow(24*time.Hour, creation, 0); polls > 260 || late > coarsest {
		t.Errorf("%d polls, seen after %s", polls, late)
	}
}

func TestRetryAfterIsAFloor(t *testing.T) {
	for _, e := range []kind.Expectation{{}, creation} {
		for elapsed := time.Duration(0); elapsed < 7*time.Hour; elapsed += time.Minute {
			if pause := NextPoll(elapsed, e, 10*time.Minute); pause < 10*time.Minute {
				t.Fatalf("after %s the pause is %s", elapsed, pause)
			}
		}
	}
}

func TestAnUnknownOperationIsPolledMoreAndMoreSlowly(t *testing.T) {
	last := time.Duration(0)
	for elapsed := time.Duration(0); elapsed < time.Hour; elapsed += last {
		pause := NextPoll(elapsed, kind.Expectation{}, 0)
		if pause < last || pause > 2*time.Minute {
			t.Fatalf("after %s the pause went from %s to %s", elapsed, last, pause)
		}
		last = pause
	}
}

func TestHours(t *testing.T) {
	for d, want := range map[time.Duration]string{147 * time.Minute: "2h30m", 366 * time.Minute: "6h", 20 * time.Minute: "20m", 90 * time.Minute: "1h30m"} {
		if got := Hours(d); got != want {
			t.Errorf("%s is said as %q, want %q", d, got, want)
		}
	}
}
