// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/test/armsim"
	"github.com/avs-operator/avs-operator/test/harness"
)

// An upgrade of the operator stops it at any moment. A write that has left by then is waited for, and its answer stored: the next operator follows
// the operation at once, and need not wait until what may have become of it can be looked up.
func TestAStopLosesNoAnswer(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fast, func(c *armsim.Config) { c.Durations.CreatePrivateCloud = armsim.Span{Min: time.Hour, Max: time.Hour} })
	w.Azure.Inject(armsim.Fault{Verb: http.MethodPut, Path: weu, When: armsim.After, Delay: 1500 * time.Millisecond})
	cloud := harness.PrivateCloud(w.Namespace, "weu")
	cluster.Create(t, cloud)
	cluster.Eventually(t, soon, "the PUT to be on its way", func(context.Context) error {
		if len(w.Azure.Writes()) == 0 {
			return errors.New("nothing was written")
		}
		return nil
	}, cloud)
	w.Operator.Stop(t)
	cluster.Get(t, cloud)
	op := cloud.Status.Operation
	if op == nil || op.State != v1alpha1.OperationAccepted || op.AsyncOperation == "" {
		t.Fatalf("after the stop, the record says %+v", op)
	}
	w.StartOperator(t)
	cluster.WaitReady(t, cloud)
	w.Wrote(t, "PUT privateclouds/weu")
}

// However often, and at whatever moment, the operator is stopped: no record is left whose write was answered or not sent, for each would be waited for.
func TestNoStopLeavesARecordWithoutAnAnswer(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fast, func(c *armsim.Config) {
		c.Durations.Network = armsim.Span{Min: 30 * time.Second, Max: 40 * time.Second}
	})
	cloud := harness.PrivateCloud(w.Namespace, "weu")
	cluster.Create(t, cloud)
	cluster.WaitReady(t, cloud)
	w.Operator.Stop(t)
	var segments []*v1alpha1.Segment
	for i := range 24 {
		segment := w.segment(i)
		cluster.Create(t, segment)
		segments = append(segments, segment)
	}
	for i := range 12 {
		sent := len(w.Azure.Writes())
		w.StartOperator(t)
		cluster.Eventually(t, soon, "a write", func(context.Context) error {
			if len(w.Azure.Writes()) == sent {
				return errors.New("nothing was written")
			}
			return nil
		})
		time.Sleep(time.Duration(i*7) * time.Millisecond)
		w.Operator.Stop(t)
		for _, segment := range segments {
			cluster.Get(t, segment)
			if op := segment.Status.Operation; op != nil && op.State != v1alpha1.OperationAccepted {
				t.Errorf("stop %d: Segment %s has the record %+v", i, segment.Name, op)
			}
		}
	}
	w.StartOperator(t)
	for _, segment := range segments {
		cluster.WaitReady(t, segment)
	}
}

// An operator that is killed again and again leaves several records without an answer in one lane. The next one looks all of them up, and they get
// their turns one after another.
func TestLostRecordsInOneLaneGetTheirTurns(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fast)
	cloud := harness.PrivateCloud(w.Namespace, "weu")
	cluster.Create(t, cloud)
	cluster.WaitReady(t, cloud)
	w.Operator.Stop(t)
	now := time.Now().UTC().Format("2006-01-02T15:04:05.000000Z")
	var segments []*v1alpha1.Segment
	for i := range 8 {
		segment := w.segment(i)
		cluster.Create(t, segment)
		cluster.PatchStatus(t, segment, fmt.Sprintf(`{"status":{"operation":{"format":%d,"id":%q,"verb":"PUT","purpose":"Create","state":"Intended","attempt":1,
			"bodyHash":"0","generation":1,"startedAt":%q,"deadline":%[3]q}}}`, v1alpha1.OperationFormat, uuid.NewString(), now))
		segments = append(segments, segment)
	}
	w.StartOperator(t)
	for _, segment := range segments {
		cluster.WaitReady(t, segment)
	}
}

// segment is one of many in the private cloud weu.
func (w *world) segment(i int) *v1alpha1.Segment {
	return &v1alpha1.Segment{ObjectMeta: w.Meta(fmt.Sprintf("web-%d", i)), Spec: v1alpha1.SegmentSpec{
		PrivateCloudRef: v1alpha1.ParentReference{Name: "weu"}, Subnet: &v1alpha1.SegmentSubnet{GatewayAddress: fmt.Sprintf("10.61.%d.1/24", i)},
	}}
}
