// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"testing"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/outcome"
	"github.com/avs-operator/avs-operator/controllers/status"
)

// TestAnOldReadDoesNotLeaveAnOldStatus: a reconcile wrote "Azure works on it", and the next one, which finds that all is well again, still reads
// the object of before that write from its cache. It must not take "nothing has changed" for done: nothing would wake it again.
func TestAnOldReadDoesNotLeaveAnOldStatus(t *testing.T) {
	t.Parallel()
	segment := &v1alpha1.Segment{Spec: v1alpha1.SegmentSpec{PrivateCloudRef: v1alpha1.ParentReference{Name: "none"}}}
	segment.Spec.ManagementPolicy = v1alpha1.ManagementPolicyObserve
	segment.Name, segment.Namespace = "stale", cluster.Namespace(t)
	cluster.Create(t, segment)
	publisher := &status.Publisher{Client: cluster.Admin}
	publish := func(read *v1alpha1.Segment, o *outcome.Outcome) (*v1alpha1.Segment, bool) {
		t.Helper()
		after := read.DeepCopy()
		result, err := publisher.Publish(t.Context(), status.Subject{
			Before: read, Object: after, Conditions: &after.Status.Conditions, ObservedGeneration: &after.Status.ObservedGeneration,
		}, status.Report{Outcome: o})
		if err != nil {
			t.Fatal(err)
		}
		return after, result.RequeueAfter > 0
	}
	well, again := publish(segment, nil)
	if again {
		t.Error("a status that was written is written again")
	}
	if _, again = publish(well, outcome.Wait(v1alpha1.ReasonAzureBusy, "Azure works on it")); again {
		t.Error("a status that was written is written again")
	}
	if _, again = publish(well, nil); !again {
		t.Error("what an old read says to be well is never looked at again, although status says that Azure works on it")
	}
	cluster.Get(t, segment)
	if well, again = publish(segment, nil); again {
		t.Error("a new read is taken for an old one")
	}
	if _, again = publish(well, nil); again {
		t.Error("what is as it was written is looked at again")
	}
}
