// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package env

import (
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
)

// TestAWaitSaysWhatIsMissing: a wait goes on until the condition is as wanted, and what it goes on for is what a failure shows.
func TestAWaitSaysWhatIsMissing(t *testing.T) {
	t.Parallel()
	is := metav1.Condition{
		Type: v1alpha1.ConditionReady, Status: metav1.ConditionFalse, ObservedGeneration: 2, Reason: v1alpha1.ReasonQuotaExceeded, Message: "2 hosts are too few",
	}
	for name, c := range map[string]struct {
		generation int64
		condition  string
		status     metav1.ConditionStatus
		reason     string
		words      []string
		misses     string
	}{
		"as wanted":     {2, is.Type, is.Status, is.Reason, []string{"2 hosts", "few"}, ""},
		"any reason":    {2, is.Type, is.Status, "", nil, ""},
		"absent":        {2, v1alpha1.ConditionInSync, is.Status, "", nil, "there is no condition InSync"},
		"generation":    {3, is.Type, is.Status, is.Reason, nil, "condition Ready is of generation 2, the object of 3"},
		"status":        {2, is.Type, metav1.ConditionTrue, "", nil, "condition Ready is False for QuotaExceeded"},
		"reason":        {2, is.Type, is.Status, v1alpha1.ReasonForbidden, nil, "condition Ready is False for QuotaExceeded"},
		"message":       {2, is.Type, is.Status, is.Reason, []string{"2 hosts", "many"}, `the message of Ready does not say "many": 2 hosts are too few`},
		"of its status": {2, is.Type, is.Status, is.Reason, []string{"Quota"}, `does not say "Quota"`},
	} {
		object := &v1alpha1.PrivateCloud{ObjectMeta: metav1.ObjectMeta{Generation: c.generation}}
		object.Status.Conditions = []metav1.Condition{is}
		message, err := says(object, c.condition, c.status, c.reason, c.words)
		switch {
		case c.misses == "" && (err != nil || message != is.Message):
			t.Errorf("%s: %q, %v", name, message, err)
		case c.misses != "" && (err == nil || !strings.Contains(err.Error(), c.misses)):
			t.Errorf("%s: %v, want %q", name, err, c.misses)
		}
	}
}
