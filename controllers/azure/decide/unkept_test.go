// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package decide_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/azure/decide"
)

func TestWhatAzureDoesNotKeepIsWrittenTwice(t *testing.T) {
	shows := has(`{"properties":{"a":2}}`)
	s := a(plain, spec1, shows, managed())
	op := sentFor(t, s)
	for times := int32(1); times <= 2; times++ {
		s.Object.Status.Unkept = s.Unkept(op)
		if got := s.Object.Status.Unkept; len(got) != 1 || got[0].Times != times {
			t.Fatalf("after %d times it is %+v", times, got)
		}
		if again := decide.Decide(s).Write != nil; again != (times < 2) {
			t.Errorf("after %d times it is written again: %t", times, again)
		}
	}
	d := decide.Decide(s)
	still, o := s.NotAsWritten(&d)
	if len(still) != 1 || o == nil || o.Reason != v1alpha1.ReasonNotAsWritten || !strings.Contains(o.Message, "/properties/a was written as 1 and is 2") {
		t.Errorf("it says %+v and keeps %v", o, still)
	}
	noted(v1alpha1.AnnotationReconcileRequestedAt, "now")(&s)
	d = decide.Decide(s)
	if _, o := s.NotAsWritten(&d); o != nil || d.Write == nil {
		t.Errorf("a requested reconcile does not write it again: %v", o)
	}
	leaving(&s)
	if got := s.Unkept(op); len(got) != 1 || got[0].Times != 2 {
		t.Errorf("while it is deleted it counts: %+v", got)
	}
}

func TestWhatIsRememberedIsBounded(t *testing.T) {
	s := a(plain, spec1, has(`{"properties":{"a":2}}`), managed())
	for i := range 8 {
		s.Object.Status.Unkept = append(s.Object.Status.Unkept, v1alpha1.UnkeptChange{Change: fmt.Sprint(i), Times: 1})
	}
	if got := s.Unkept(sentFor(t, s)); len(got) != 8 || got[0].Change != "1" {
		t.Errorf("%d are remembered: %+v", len(got), got)
	}
}
