// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package decide

import (
	"github.com/avs-operator/avs-operator/controllers/azure/kind"
)

// Decide says what follows from a situation. For an object that is being deleted it compares nothing: what its resource should be does not matter any
// more, and what its spec refers to may be gone.
func Decide[T kind.Object](s Situation[T]) Decision {
	if s.deleting() {
		return Decision{Drift: s.stat().Drift, WriteOnly: s.stat().WriteOnly}
	}
	d := s.compare()
	if s.Actual != nil {
		d.Drift = driftOf(d.Changes)
		d.Facts = append(d.Facts, s.inSync(d.Drift))
	}
	s.admit(&d)
	if d.Stop == nil && d.Busy == "" && !d.Gone {
		d.Write = s.next(&d)
	}
	return d
}

// Compare is only what differs, whatever may be written.
func Compare[T kind.Object](s Situation[T]) Decision { return s.compare() }
