// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/azure/diff"
	"github.com/avs-operator/avs-operator/controllers/outcome"
	"github.com/avs-operator/avs-operator/controllers/text"
)

// What Azure normalises: it accepts a value and shows another one, in another form or cut to what it allows. Written again and again, that would
// be a request a minute for ever, each of which holds up the private cloud. Twice is enough to know.

// mostUnkept bounds what a status remembers, and acceptedEnough is how often a change must have been accepted.
const (
	mostUnkept     = 8
	acceptedEnough = 2
)

// changeKey names changes with the values on both sides: it is another as soon as the spec or Azure has another value.
func changeKey(changes []diff.Change) string {
	hash := sha256.New()
	for _, change := range changes {
		content, err := json.Marshal([]any{change.Path, change.Desired, change.Actual})
		if err != nil {
			content = fmt.Append(nil, change)
		}
		hash.Write(content)
	}
	return hex.EncodeToString(hash.Sum(nil)[:16])
}

// requested is the reconcile that a person asked for last.
func (s *scope[T]) requested() string {
	return text.Cut(s.obj.GetAnnotations()[v1alpha1.AnnotationReconcileRequestedAt], 64)
}

// futile says that Azure has accepted the changes often enough, and shows the same other values as before.
func (s *scope[T]) futile(concern []diff.Change) bool {
	key := changeKey(concern)
	return slices.ContainsFunc(s.stat().Unkept, func(one v1alpha1.UnkeptChange) bool {
		return one.Change == key && one.Times >= acceptedEnough && one.Requested == s.requested()
	})
}

// noteUnkept counts what an operation that succeeded has not changed, although a read has had the time to show it.
func (r *Reconciler[T]) noteUnkept(s *scope[T], op *v1alpha1.Operation) {
	verb := arm.Verb(op.Verb)
	if s.actual == nil || s.desired == nil || op.Generation != s.obj.GetGeneration() || verb != arm.PUT && verb != arm.PATCH && !r.byAction(op) {
		return
	}
	for _, concern := range r.concerns(s, r.compare(s)) {
		if name, _, o := r.hash(context.Background(), s, *r.writeFor(s, concern)); o != nil || verb != arm.PUT && name != op.BodyHash {
			continue // another operation is to change this
		}
		key, now := changeKey(concern), v1alpha1.UnkeptChange{Times: 1, Requested: s.requested()}
		now.Change = key
		at := slices.IndexFunc(s.stat().Unkept, func(one v1alpha1.UnkeptChange) bool { return one.Change == key })
		if at < 0 {
			s.stat().Unkept = append(s.stat().Unkept, now)
			s.stat().Unkept = s.stat().Unkept[max(0, len(s.stat().Unkept)-mostUnkept):]
			continue
		}
		now.Times = s.stat().Unkept[at].Times + 1
		s.stat().Unkept[at] = now
	}
}

// asWritten ends a reconcile that has nothing more to do with what Azure has accepted and shows otherwise. It also forgets what is not so any more.
func (r *Reconciler[T]) asWritten(_ context.Context, s *scope[T]) *outcome.Outcome {
	if len(s.stat().Unkept) == 0 || s.observes() {
		s.stat().Unkept = nil
		return nil
	}
	var left []diff.Change
	still := map[string]bool{}
	for _, concern := range r.concerns(s, s.changes) {
		still[changeKey(concern)] = true
		if s.futile(concern) {
			left = append(left, concern...)
		}
	}
	s.stat().Unkept = slices.DeleteFunc(s.stat().Unkept, func(one v1alpha1.UnkeptChange) bool { return !still[one.Change] })
	if len(s.stat().Unkept) == 0 {
		s.stat().Unkept = nil
	}
	if len(left) == 0 {
		return nil
	}
	return outcome.Stall(v1alpha1.ReasonNotAsWritten,
		"Azure has accepted this twice and shows another value: %s. It is not written again until one of the two changes, or a reconcile is requested. Azure may keep the value in another form: write it in the spec as Azure shows it",
		unkeptWords(left))
}

// unkeptWords show both values of each change.
func unkeptWords(changes []diff.Change) string {
	var parts []string
	for _, change := range changes {
		parts = append(parts, fmt.Sprintf("%s was written as %s and is %s", change.Path, orNothing(asJSON(change.Desired)), orNothing(asJSON(change.Actual))))
	}
	return strings.Join(parts, "; ")
}
