// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

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
