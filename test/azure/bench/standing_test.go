// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/azure/kind"
	"github.com/avs-operator/avs-operator/test/armsim"
)

// What 5,000 resources may cost that stand still, and one among them that is edited.
const (
	mostMemory = 150 << 20
	// mostIdle is processor time for each second while nothing happens, in pieces of work. What lists bring of 5,000 resources once a minute are five
	// pieces a minute; the rest is what comparing, caching and leases cost.
	mostIdle = 2.0
	// An edit takes this many times as long as the API server needs to store one of the test's and tell it to a watch: at the median, and at the 99th of 100.
	mostMedian, mostSlow = 10, 10
)

const (
	edits = 200
	idle  = 2 * time.Minute
)

func TestManyStanding(t *testing.T) {
	if !full {
		t.Log("measured with AVS_OPERATOR_BENCH=1 only: to make them takes minutes")
		return
	}
	f := newFleet(t, 100, 10, 500, segmentsAndZones, func(c *armsim.Config) {
		// They are made to be there: how long that takes in Azure is not what is measured.
		moment := armsim.Span{Min: time.Second, Max: time.Second}
		c.Durations = armsim.Durations{CreatePrivateCloud: moment, Network: moment, Update: moment}
		c.RetryAfter, c.Throttling.Writes = time.Second, armsim.Bucket{Size: 10_000, PerSecond: 1000}
	})
	making := f.StartOperator(t)
	f.apply(t)
	f.waitReady(t, 20*time.Minute)
	making.Stop(t)

	p := startProcess(t, f.Namespace)
	f.settle(t, time.Now())
	f.measureIdle(t, p)
	f.measureEdits(t, p)
	t.Logf("%d resources after the edits: %d MB resident, %d MB at most", len(f.objects()), p.memory(t, "VmRSS")>>20, p.memory(t, "VmHWM")>>20)
	if got := p.memory(t, "VmRSS"); got > mostMemory {
		t.Errorf("that is more than %d MB", mostMemory>>20)
	}
}

// settle waits until a new operator has listed every collection, and counts what it reads by itself: next to nothing, because all is in order.
func (f *fleet) settle(t *testing.T, from time.Time) {
	t.Helper()
	time.Sleep(90 * time.Second) // real pace: the first lists are staggered over a minute
	reads := 0
	for _, r := range f.Azure.Requests() {
		if r.At.After(from) && r.Principal != "" && !isList(r) && !isLaterPage(r) {
			reads++
		}
	}
	t.Logf("a new process made %d requests beside lists to learn about %d resources", reads, len(f.objects()))
	if reads > len(f.objects())/20 {
		t.Errorf("that is more than one for twenty")
	}
}

func (f *fleet) measureIdle(t *testing.T, p *process) {
	t.Helper()
	around, before := lookAround(t), pieceOfWork(t)
	from, began := p.processor(t), time.Now()
	time.Sleep(idle)
	share := float64(p.processor(t)-from) / float64(time.Since(began))
	piece := (before + pieceOfWork(t)) / 2
	pieces := share * float64(time.Second) / float64(piece)
	t.Logf("%d resources standing: %.2f%% of a core, which are %.2f pieces of work a second (one takes %s: a list of 1,000 segments decoded); "+
		"%d MB resident, %d MB at most", len(f.objects()),
		100*share, pieces, piece.Round(10*time.Microsecond), p.memory(t, "VmRSS")>>20, p.memory(t, "VmHWM")>>20)
	around.tell(t, p.Cmd.Process.Pid)
	if pieces > mostIdle {
		t.Errorf("that is more than %g pieces of work a second", mostIdle)
	}
	if got := p.memory(t, "VmRSS"); got > mostMemory {
		t.Errorf("that is more than %d MB", mostMemory>>20)
	}
}

// measureEdits edits one segment after the other, each in a private cloud whose lane is free, and takes the time until Azure has been asked. Before each
// edit, it takes the time of an edit that nobody but a watch has to do with.
func (f *fleet) measureEdits(t *testing.T, p *process) {
	t.Helper()
	around, trip := lookAround(t), newRoundTrip(t, f.Namespace)
	took, trips := make(times, 0, edits), make(times, 0, edits)
	for round := 0; len(took) < edits; round++ {
		for _, c := range f.clouds {
			trips = append(trips, trip.take(t))
			took = append(took, f.edit(t, c, round))
		}
		time.Sleep(3 * time.Second) // the operations of this round end
	}
	median, slow := took.over(trips, 0.5), took.over(trips, 0.99)
	t.Logf("an edit of one among %d reaches ARM within %s (median), %s (p99), %s (slowest of %d); the API server stores one and tells it within %s, "+
		"%s, %s: %.1f, %.1f, %.1f times that",
		len(f.objects()), took.at(0.5), took.at(0.99), took.at(1), len(took), trips.at(0.5), trips.at(0.99), trips.at(1), median, slow, took.over(trips, 1))
	around.tell(t, p.Cmd.Process.Pid)
	if median > mostMedian || slow > mostSlow {
		t.Errorf("that is more than %d times at the median, or %d times at p99", mostMedian, mostSlow)
	}
}

// edit gives a segment another name to show, and returns how long that took to arrive.
func (f *fleet) edit(t *testing.T, c *cloud, round int) time.Duration {
	t.Helper()
	var segments []*v1alpha1.Segment
	for _, child := range c.children {
		if s, ok := child.(*v1alpha1.Segment); ok {
			segments = append(segments, s)
		}
	}
	s := segments[rand.IntN(len(segments))] //nolint:gosec // a choice, no secret
	word := fmt.Sprintf("edit-%d-%s", round, s.Name)
	before := time.Now()
	patch := client.RawPatch("application/merge-patch+json", []byte(`{"spec":{"displayName":"`+word+`"}}`))
	if err := cluster.Admin.Patch(t.Context(), s, patch); err != nil {
		t.Fatal(err)
	}
	for {
		requests := f.Azure.Requests()
		for _, r := range slices.Backward(requests[max(0, len(requests)-50):]) {
			if r.Method == "PATCH" && strings.Contains(string(r.Body), word) {
				return r.At.Sub(before)
			}
		}
		if time.Since(before) > time.Minute {
			t.Fatalf("the edit of %s has not reached Azure within a minute: %s", s.Name, cluster.Describe(t.Context(), s))
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// segmentsAndZones is what there is most of in large private clouds.
func segmentsAndZones(index, count int, namespace string) []kind.Object {
	in := v1alpha1.ParentReference{Name: fmt.Sprintf("cloud-%d", index)}
	out := make([]kind.Object, 0, count)
	for i := range count {
		name := fmt.Sprintf("n%d", i)
		meta := metav1.ObjectMeta{Namespace: namespace, Name: fmt.Sprintf("c%d-%s", index, name)}
		spec := v1alpha1.AzureSpec{AzureName: name}
		if i%5 == 4 {
			out = append(out, &v1alpha1.DNSZone{ObjectMeta: meta,
				Spec: v1alpha1.DNSZoneSpec{AzureSpec: spec, PrivateCloudRef: in, Domain: []string{name + ".example.com"}, DNSServerIPs: []string{"10.1.0.53"}}})
			continue
		}
		out = append(out, &v1alpha1.Segment{ObjectMeta: meta, Spec: v1alpha1.SegmentSpec{AzureSpec: spec, PrivateCloudRef: in, DisplayName: name,
			Subnet: &v1alpha1.SegmentSubnet{GatewayAddress: fmt.Sprintf("10.%d.%d.1/24", 60+i/256, i%256),
				DHCPRanges: []string{fmt.Sprintf("10.%d.%d.10-10.%d.%d.200", 60+i/256, i%256, 60+i/256, i%256)}}}})
	}
	return out
}
