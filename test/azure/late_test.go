// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"net/http"
	"regexp"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/azure/kind"
	"github.com/avs-operator/avs-operator/test/armsim"
	"github.com/avs-operator/avs-operator/test/env"
	"github.com/avs-operator/avs-operator/test/harness"
)

// ARM lets only who began an operation read its result, and a role may lack the right to: after three refusals the resource is asked instead.
func TestAPollThatIsRefusedIsReplacedByAReadOfTheResource(t *testing.T) {
	t.Parallel()
	for name, status := range map[string]int{"403": 403, "401": 401, "500": 500} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, fast)
			w.Azure.Inject(armsim.Fault{Path: polls, Status: status, Code: "AuthorizationFailed",
				Message: "The client does not have authorization to perform action 'Microsoft.AVS/locations/operationStatuses/read'.", Count: -1})
			cloud := harness.PrivateCloud(w.Namespace, "weu")
			cluster.Create(t, cloud)
			cluster.WaitReady(t, cloud)
			second := harness.Cluster(w.Namespace, "weu-2", 3)
			cluster.Create(t, second)
			cluster.WaitReady(t, second) // so the lane is free
			asked := map[string]int{}
			for _, r := range w.Azure.Requests() {
				if polls.MatchString(r.Path) {
					asked[r.Path]++
				}
			}
			for path, n := range asked {
				if n > 3 {
					t.Errorf("%s was asked %d times", path, n)
				}
			}
			if len(asked) == 0 {
				t.Error("nothing was polled, so this was no test")
			}
		})
	}
}

// A poll that says InProgress for ever ends when the resource is at rest, twice the longest usual time after the beginning.
func TestAPollThatNeverEndsIsReplacedByAReadOfTheResource(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fast)
	cloud := harness.PrivateCloud(w.Namespace, "weu")
	cluster.Create(t, cloud)
	cluster.WaitReady(t, cloud)
	w.Azure.Inject(armsim.Fault{Path: polls, Status: 200, Body: `{"status":"InProgress"}`, Count: -1})
	second := harness.Cluster(w.Namespace, "weu-2", 3)
	cluster.Create(t, second)
	began := time.Now()
	cluster.WaitReady(t, second)
	if took := time.Since(began) * fast; took < 3*time.Hour || took > 40*time.Hour {
		t.Errorf("the poll was given up after %s, and three hours are twice the usual", took)
	}
	w.Wrote(t, "PUT privateclouds/weu", "PUT privateclouds/weu/clusters/weu-2")
}

var weu2 = regexp.MustCompile(`/clusters/weu-2$`)

// While Azure works on for longer than that, the object, whoever waits for the lane and whoever stands below it say so, and go on by themselves.
func TestWhatTakesTooLongIsSaidByAllThatWaitForIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fast)
	cloud := harness.PrivateCloud(w.Namespace, "weu")
	cluster.Create(t, cloud)
	cluster.WaitReady(t, cloud)
	w.Azure.Inject(armsim.Fault{Verb: http.MethodPut, Path: weu2, Lasts: 16 * time.Hour})
	second, third := harness.Cluster(w.Namespace, "weu-2", 3), harness.Cluster(w.Namespace, "weu-3", 3)
	cluster.Create(t, second)
	cluster.WaitReconciling(t, second, v1alpha1.ReasonCreating)
	below := &v1alpha1.PlacementPolicy{ObjectMeta: metav1.ObjectMeta{Namespace: w.Namespace, Name: "below"}}
	below.Spec.ClusterRef, below.Spec.ManagementPolicy = &v1alpha1.ParentReference{Name: "weu-2"}, v1alpha1.ManagementPolicyObserve
	cluster.Create(t, below)
	cluster.Create(t, third)
	cluster.WaitReconciling(t, third, v1alpha1.ReasonOperationWaits)
	for _, object := range []kind.Object{second, third, below} {
		message := cluster.WaitReconciling(t, object, v1alpha1.ReasonTakesTooLong)
		env.Says(t, message, "since 20", "1h30m")
	}
	// A new process says the same.
	w.Operator.Stop(t)
	w.StartOperator(t)
	cluster.WaitReconciling(t, third, v1alpha1.ReasonTakesTooLong)
	cluster.WaitReady(t, second)
	cluster.WaitReady(t, third)
	w.Wrote(t, "PUT privateclouds/weu", "PUT privateclouds/weu/clusters/weu-2", "PUT privateclouds/weu/clusters/weu-3")
}

// Somebody else's operation too.
func TestWhatSomebodyElseDoesForTooLongIsSaid(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fast)
	cloud := harness.PrivateCloud(w.Namespace, "weu")
	cluster.Create(t, cloud)
	cluster.WaitReady(t, cloud)
	w.Azure.Set(t, w.Azure.PrivateCloudID("weu"), map[string]any{"properties": map[string]any{"provisioningState": "Updating"}})
	cluster.WaitReconciling(t, cloud, v1alpha1.ReasonAzureBusy)
	second := harness.Cluster(w.Namespace, "weu-2", 3)
	cluster.Create(t, second)
	env.Says(t, cluster.WaitReconciling(t, cloud, v1alpha1.ReasonTakesTooLong), "since 20", "Updating")
	env.Says(t, cluster.WaitReconciling(t, second, v1alpha1.ReasonTakesTooLong), "since 20")
	w.Azure.Set(t, w.Azure.PrivateCloudID("weu"), map[string]any{"properties": map[string]any{"provisioningState": "Succeeded"}})
	cluster.WaitReady(t, cloud)
	cluster.WaitReady(t, second)
}
