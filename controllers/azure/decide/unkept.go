// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package decide

import (
	"fmt"
	"slices"
	"strings"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/azure/body"
	"github.com/avs-operator/avs-operator/controllers/azure/diff"
	"github.com/avs-operator/avs-operator/controllers/outcome"
)

// What Azure normalises: it accepts a value and shows another one, in another form or cut to what it allows. Written again and again, that would
// be a request a minute for ever, each of which holds up the private cloud. Twice is enough to know.

// mostUnkept bounds what a status remembers, and acceptedEnough is how often a change must have been accepted.
const (
	mostUnkept     = 8
	acceptedEnough = 2
)

// Unkept is status.unkept with what an operation that succeeded has not changed, although a read has had the time to show it.
func (s Situation[T]) Unkept(op *v1alpha1.Operation) []v1alpha1.UnkeptChange {
	out := slices.Clone(s.stat().Unkept)
	verb := arm.Verb(op.Verb)
	if s.deleting() || s.Actual == nil || s.Asked == nil || op.Generation != s.Object.GetGeneration() ||
		verb != arm.PUT && verb != arm.PATCH && !ByAction(s.Kind.Traits, op) {
		return out
	}
	d := s.compare()
	for _, concern := range s.concerns(d.Changes) {
		if hash, _, err := s.Hash(s.updateFor(&d, concern)); err != nil || verb != arm.PUT && hash != op.BodyHash {
			continue // another operation is to change this
		}
		now := v1alpha1.UnkeptChange{Change: changeKey(concern), Times: 1, Requested: s.requested()}
		at := slices.IndexFunc(out, func(one v1alpha1.UnkeptChange) bool { return one.Change == now.Change })
		if at < 0 {
			out = append(out, now)
			out = out[max(0, len(out)-mostUnkept):]
			continue
		}
		now.Times = out[at].Times + 1
		out[at] = now
	}
	return out
}

// NotAsWritten says what Azure has accepted and shows otherwise, if that is all that is left to do; still is what status.unkept is to remember of it.
func (s Situation[T]) NotAsWritten(d *Decision) (still []v1alpha1.UnkeptChange, o *outcome.Outcome) {
	if len(s.stat().Unkept) == 0 || s.observes() {
		return nil, nil
	}
	var left []diff.Change
	seen := map[string]bool{}
	for _, concern := range s.concerns(d.Changes) {
		seen[changeKey(concern)] = true
		if s.futile(concern) {
			left = append(left, concern...)
		}
	}
	for _, one := range s.stat().Unkept {
		if seen[one.Change] {
			still = append(still, one)
		}
	}
	if len(left) == 0 {
		return still, nil
	}
	return still, outcome.Stall(v1alpha1.ReasonNotAsWritten,
		"Azure has accepted this twice and shows another value: %s. It is not written again until one of the two changes, or a reconcile is requested. "+
			"Azure may keep the value in another form: write it in the spec as Azure shows it", unkeptWords(left))
}

// unkeptWords show both values of each change.
func unkeptWords(changes []diff.Change) string {
	var parts []string
	for _, change := range changes {
		parts = append(parts, fmt.Sprintf("%s was written as %s and is %s", change.Path, body.OrAbsent(shown(change.Desired)), body.OrAbsent(shown(change.Actual))))
	}
	return strings.Join(parts, "; ")
}
