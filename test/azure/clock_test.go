// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/avs-operator/avs-operator/controllers"
	"github.com/avs-operator/avs-operator/controllers/ledger"
	"github.com/avs-operator/avs-operator/test/armsim"
	"github.com/avs-operator/avs-operator/test/harness"
)

// limbo holds the first PUT of a private cloud back between the last look at the lease and the socket. It leaves when it is let go, whoever
// waits for it or does not any more.
type limbo struct {
	next   http.RoundTripper
	once   sync.Once
	caught chan struct{}
	free   chan struct{}
}

func (l *limbo) RoundTrip(r *http.Request) (*http.Response, error) {
	first := false
	if r.Method == http.MethodPut && strings.HasSuffix(strings.ToLower(r.URL.Path), "/privateclouds/weu") {
		l.once.Do(func() { first = true })
	}
	if !first {
		return l.next.RoundTrip(r)
	}
	body, err := r.GetBody()
	if err != nil {
		return nil, err
	}
	late := r.Clone(context.WithoutCancel(r.Context()))
	late.Body = body
	close(l.caught)
	go func() {
		<-l.free
		if answer, err := l.next.RoundTrip(late); err == nil {
			answer.Body.Close()
		}
	}()
	<-r.Context().Done()
	return nil, r.Context().Err()
}

// TestClocksApart: a leader whose clock is five minutes off loses its lease with a request between the check and the socket. The next one, whose
// clock is five minutes off the other way, looks exactly when that request can no longer be on its way by the API server's clock, and asks with the
// same id; when the late request arrives after all, Azure still has begun one private cloud.
func TestClocksApart(t *testing.T) {
	t.Parallel()
	const speed = 10
	for name, apart := range map[string][2]time.Duration{
		"the next is ahead": {-5 * time.Minute, 5 * time.Minute}, "the next is behind": {5 * time.Minute, -5 * time.Minute}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := harness.NewWorld(t, cluster, speed)
			w.StartAzure(t, func(c *armsim.Config) { c.Speed = 1200 })
			clock := func(apart time.Duration) *ledger.Clock {
				return &ledger.Clock{Wall: func() time.Time { return time.Now().Add(apart) }}
			}
			between := &limbo{caught: make(chan struct{}), free: make(chan struct{})}
			seams := harness.NewSeams(&harness.History{}, speed, nil)
			first := harness.StartOperator(t, harness.OperatorOptions{
				Config: cluster.OperatorConfig(), Speed: speed, Namespace: w.Namespace, Seams: seams, Change: func(o *controllers.Options) {
					o.Clock = clock(apart[0])
					o.WrapTransport = func(next http.RoundTripper) http.RoundTripper { between.next = next; return between }
				},
			})
			cloud := harness.PrivateCloud(w.Namespace, "weu")
			cluster.Create(t, cloud)
			select {
			case <-between.caught:
			case <-time.After(soon):
				t.Fatal("the first leader asked for nothing")
			}
			recorded := time.Now()
			seams.Cut(true) // with its lease it has lost the API server
			go first.Abandon()
			w.StartOperator(t, func(o *controllers.Options) { o.Clock = clock(apart[1]) })
			wait := func(n int) []armsim.Request {
				t.Helper()
				cluster.Eventually(t, soon, fmt.Sprintf("%d requests", n), func(context.Context) error {
					if got := len(w.Azure.Writes()); got < n {
						return fmt.Errorf("%d", got)
					}
					return nil
				}, cloud)
				return w.Azure.Writes()
			}
			second := wait(1)[0]
			possible := (ledger.Sending.Bound + ledger.Grace.Bound) / speed
			if after := second.At.Sub(recorded); after < possible-time.Second || after > possible+2*time.Minute {
				t.Errorf("asked again %s after the record, while the first request was possible for %s", after, possible)
			}
			close(between.free)
			all := wait(2)
			if all[0].CorrelationID != all[1].CorrelationID || all[0].CorrelationID == "" {
				t.Errorf("the two requests have the ids %q and %q", all[0].CorrelationID, all[1].CorrelationID)
			}
			cluster.WaitReady(t, cloud)
			begun := 0
			for _, r := range w.Azure.Writes() {
				if r.Status/100 == 2 && r.Action != "" { // an equal request with the same id gets the first one's answer, and nobody is asked for rights
					begun++
				}
			}
			if begun != 1 {
				t.Errorf("Azure began %d times", begun)
			}
		})
	}
}
