// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sweep

import (
	"fmt"
	"testing"

	"github.com/avs-operator/avs-operator/controllers/azure/kinds"
	"github.com/avs-operator/avs-operator/test/harness"
)

// TestCrashPoints kills the operator around every write of every phase of every kind's life, at each of three moments. One life has one
// death in each of its phases: the n-th write of each.
func TestCrashPoints(t *testing.T) {
	for _, kind := range kinds.All {
		t.Run(kind.Name, func(t *testing.T) {
			t.Parallel()
			crashes(t, kind)
		})
	}
}

func crashes(t *testing.T, kind kinds.Kind) {
	var lives []func(*testing.T)
	var names []string
	add := func(name string, life func(*testing.T)) { names, lives = append(names, name), append(lives, life) }
	for _, moment := range harness.Moments {
		for n := 1; n <= mostWrites; n++ {
			name := fmt.Sprintf("write %d %s", n, moment)
			if chosen(kind.Name + " " + name) {
				add(name, func(t *testing.T) { crash(t, kind, n, moment) })
			}
		}
	}
	if len(lives) == 0 {
		return
	}
	subject(t, kind)
	for i := range lives {
		t.Run(names[i], func(t *testing.T) {
			t.Parallel()
			lives[i](t)
		})
	}
}

// mostWrites is more than any phase has.
const mostWrites = 30

// crash is a life whose operator dies around the n-th write of each phase that has so many.
func crash(t *testing.T, kind kinds.Kind, n int, moment harness.Moment) {
	s, reference := subject(t, kind)
	last := 0
	for i, phase := range s.Phases() {
		if n <= len(reference[phase].Points) {
			last = i + 1
		}
	}
	if last == 0 {
		return // no phase has so many writes
	}
	l := harness.NewLife(t, cluster, hub, s)
	var wrongs []string
	for _, phase := range s.Phases()[:last] {
		died := l.Restarts()
		at := n
		if n > len(reference[phase].Points) {
			at = 0
		}
		l.Arm(at, moment)
		l.Begin(phase)
		end, wrong := l.Finish(phase)
		for _, w := range append(wrong, end.Against(reference[phase])...) {
			wrongs = append(wrongs, fmt.Sprintf("%s: %s", phase, w))
		}
		if at > 0 && l.Restarts() == died {
			t.Logf("%s had fewer than %d writes this time, as phases differ by one or two patches of status", phase, n)
		}
	}
	held(t, append(wrongs, l.Close()...), l)
}
