// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package armsim

import (
	"slices"
	"time"

	"github.com/avs-operator/avs-operator/test/vcentersim"
)

// sample is what a live vCenter measured at one moment.
type sample struct {
	at       time.Time // of the wall clock, as all timestamps
	clusters []vcentersim.ClusterUsage
	stores   []vcentersim.DatastoreUsage
}

const (
	sampleEvery  = time.Minute // simulated, but never more often than sampleAtMost of real time
	sampleAtMost = time.Second
	keptSamples  = 1500 // a day of minutes
)

// follow measures the vCenter of a private cloud from now on, until it is closed. s.mu is held.
func (s *Server) follow(live *liveCloud) {
	every := max(sampleEvery, time.Duration(float64(sampleAtMost)*s.config.Speed))
	s.after(0, func() {
		live.measure() // without the lock: it asks the vCenter
		s.mu.Lock()
		defer s.mu.Unlock()
		s.after(every, func() {
			s.mu.Lock()
			defer s.mu.Unlock()
			for _, other := range s.clouds {
				if other == live {
					s.follow(live)
				}
			}
		})
	})
}

// measure takes a sample. It needs no lock of the server's.
func (l *liveCloud) measure() {
	clusters, stores := l.vcenter.Usage()
	l.measuring.Lock()
	defer l.measuring.Unlock()
	if len(l.samples) >= keptSamples {
		l.samples = slices.Delete(l.samples, 0, keptSamples/2)
	}
	l.samples = append(l.samples, sample{time.Now(), clusters, stores})
}

// between answers the samples of [from, to).
func (l *liveCloud) between(from, to time.Time) []sample {
	l.measuring.Lock()
	defer l.measuring.Unlock()
	var out []sample
	for _, one := range l.samples {
		if !one.at.Before(from) && one.at.Before(to) {
			out = append(out, one)
		}
	}
	return out
}
