// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sweep

import (
	"fmt"
	"slices"
	"testing"

	"github.com/avs-operator/avs-operator/controllers/azure/kinds"
	"github.com/avs-operator/avs-operator/test/harness"
)

// points of a life at which the leader changes: the n-th call to Azure, or write to the API server, of a phase.
var points = []struct {
	phase harness.Phase
	n     int
}{
	{harness.Create, 2}, {harness.Create, 5}, {harness.Create, 8}, {harness.Create, 11}, {harness.Create, 14}, {harness.Create, 17}, {harness.Create, 19},
	{harness.Edit, 1}, {harness.Edit, 3}, {harness.Edit, 5}, {harness.Edit, 7},
	{harness.Delete, 1}, {harness.Delete, 3}, {harness.Delete, 5}, {harness.Delete, 7},
}

// TestFailover changes the leader in the middle of operations, in each of four ways at fifteen points: killed; asked to end; stopped past its
// lease and woken when another leads; cut off from the API server, but not from Azure.
func TestFailover(t *testing.T) {
	for _, way := range harness.Ways {
		for i, at := range points {
			name := fmt.Sprintf("%s at call %d of %s", way, at.n, at.phase)
			if !chosen("failover " + name) {
				continue
			}
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				failover(t, way, at.phase, at.n, harness.Moments[i%len(harness.Moments)])
			})
		}
	}
}

func failover(t *testing.T, way harness.Way, at harness.Phase, n int, moment harness.Moment) {
	s, reference := subject(t, kinds.All[slices.IndexFunc(kinds.All, func(k kinds.Kind) bool { return k.Name == "Cluster" })])
	l := harness.NewLedLife(t, cluster, hub, s)
	var wrongs []string
	for _, phase := range s.Phases() {
		if phase == at {
			l.Lead(way, n, moment)
		}
		l.Begin(phase)
		end, wrong := l.Finish(phase)
		if phase == at {
			wrong = append(wrong, l.Followed()...)
		}
		for _, w := range append(wrong, end.Against(reference[phase])...) {
			wrongs = append(wrongs, fmt.Sprintf("%s: %s", phase, w))
		}
	}
	held(t, append(wrongs, l.Close()...), l.Life)
}
