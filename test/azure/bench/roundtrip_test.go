// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// times of something that was done often.
type times []time.Duration

// at is the time that a part of all does not pass: 0.5 for the median, 1 for the slowest.
func (ts times) at(part float64) time.Duration {
	sorted := slices.Sorted(slices.Values(ts))
	return sorted[int(part*float64(len(sorted)-1))].Round(100 * time.Microsecond)
}

// over is how many times as long as others these are, at that part of both.
func (ts times) over(others times, part float64) float64 {
	return float64(ts.at(part)) / float64(others.at(part))
}

// roundTrip is an object that is edited, and a watch of it.
type roundTrip struct {
	object *corev1.ConfigMap
	events watch.Interface
}

func newRoundTrip(t *testing.T, namespace string) *roundTrip {
	t.Helper()
	r := &roundTrip{object: &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "round-trip"}}}
	if err := cluster.Admin.Create(t.Context(), r.object); err != nil {
		t.Fatal(err)
	}
	var err error
	if r.events, err = cluster.Admin.Watch(t.Context(), &corev1.ConfigMapList{}, client.InNamespace(namespace)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.events.Stop)
	return r
}

// take is how long the API server needs to store an edit and to tell it to the watch.
func (r *roundTrip) take(t *testing.T) time.Duration {
	t.Helper()
	took, err := r.try(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return took
}

func (r *roundTrip) try(ctx context.Context) (time.Duration, error) {
	word := time.Now().Format(time.RFC3339Nano)
	before := time.Now()
	if err := cluster.Admin.Patch(ctx, r.object, client.RawPatch("application/merge-patch+json", []byte(`{"data":{"word":"`+word+`"}}`))); err != nil {
		return 0, err
	}
	for deadline := time.After(time.Minute); ; {
		select {
		case event, open := <-r.events.ResultChan():
			if !open {
				return 0, errors.New("the watch of the API server ended")
			}
			if one, ok := event.Object.(*corev1.ConfigMap); ok && one.Data["word"] == word {
				return time.Since(before), nil
			}
		case <-deadline:
			return 0, errors.New("the API server has not told an edit within a minute")
		}
	}
}

// A figure over another is taken at the same part of both, and the API server's own round trip is measured.
func TestRatiosOfTimes(t *testing.T) {
	t.Parallel()
	var fast, slow times
	for i := range 100 {
		fast, slow = append(fast, time.Duration(100-i)*time.Millisecond), append(slow, time.Duration(i+1)*3*time.Millisecond)
	}
	if fast.at(0.5) != 50*time.Millisecond || fast.at(0.99) != 99*time.Millisecond || fast.at(1) != 100*time.Millisecond || slow.over(fast, 0.99) != 3 {
		t.Errorf("median %s, p99 %s, slowest %s, ratio %g", fast.at(0.5), fast.at(0.99), fast.at(1), slow.over(fast, 0.99))
	}
	trip := newRoundTrip(t, cluster.Namespace(t))
	if first, second := trip.take(t), trip.take(t); first <= 0 || second <= 0 {
		t.Errorf("the API server took %s and %s", first, second)
	}
}
