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
			w.azure.Inject(armsim.Fault{Path: polls, Status: status, Code: "AuthorizationFailed", Message: "The client does not have authorization to perform action 'Microsoft.AVS/locations/operationStatuses/read'.", Count: -1})
			cloud := harness.PrivateCloud(w.namespace, "weu")
			cluster.Create(t, cloud)
			ready(t, cloud)
			second := newCluster(w.namespace, "weu-2", 3)
			cluster.Create(t, second)
			ready(t, second) // so the lane is free
			asked := map[string]int{}
			for _, r := range w.azure.Requests() {
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
	cloud := harness.PrivateCloud(w.namespace, "weu")
	cluster.Create(t, cloud)
	ready(t, cloud)
	w.azure.Inject(armsim.Fault{Path: polls, Status: 200, Body: `{"status":"InProgress"}`, Count: -1})
	second := newCluster(w.namespace, "weu-2", 3)
	cluster.Create(t, second)
	began := time.Now()
	ready(t, second)
	if took := time.Since(began) * fast; took < 3*time.Hour || took > 40*time.Hour {
		t.Errorf("the poll was given up after %s, and three hours are twice the usual", took)
	}
	w.wrote(t, "PUT privateclouds/weu", "PUT privateclouds/weu/clusters/weu-2")
}

var weu2 = regexp.MustCompile(`/clusters/weu-2$`)

// While Azure works on for longer than that, the object, whoever waits for the lane and whoever stands below it say so, and go on by themselves.
func TestWhatTakesTooLongIsSaidByAllThatWaitForIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fast)
	cloud := harness.PrivateCloud(w.namespace, "weu")
	cluster.Create(t, cloud)
	ready(t, cloud)
	w.azure.Inject(armsim.Fault{Verb: http.MethodPut, Path: weu2, Lasts: 16 * time.Hour})
	second, third := newCluster(w.namespace, "weu-2", 3), newCluster(w.namespace, "weu-3", 3)
	cluster.Create(t, second)
	notReady(t, second, v1alpha1.ConditionReconciling, v1alpha1.ReasonCreating)
	below := &v1alpha1.PlacementPolicy{ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: "below"}}
	below.Spec.ClusterRef, below.Spec.ManagementPolicy = &v1alpha1.ParentReference{Name: "weu-2"}, v1alpha1.ManagementPolicyObserve
	cluster.Create(t, below)
	cluster.Create(t, third)
	notReady(t, third, v1alpha1.ConditionReconciling, v1alpha1.ReasonOperationWaits)
	for _, object := range []azureObject{second, third, below} {
		message := notReady(t, object, v1alpha1.ConditionReconciling, v1alpha1.ReasonTakesTooLong)
		env.Says(t, message, "since 20", "1h30m")
	}
	// A new process says the same.
	w.operator.Stop(t)
	w.start(t)
	notReady(t, third, v1alpha1.ConditionReconciling, v1alpha1.ReasonTakesTooLong)
	ready(t, second)
	ready(t, third)
	w.wrote(t, "PUT privateclouds/weu", "PUT privateclouds/weu/clusters/weu-2", "PUT privateclouds/weu/clusters/weu-3")
}

// Somebody else's operation too.
func TestWhatSomebodyElseDoesForTooLongIsSaid(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fast)
	cloud := harness.PrivateCloud(w.namespace, "weu")
	cluster.Create(t, cloud)
	ready(t, cloud)
	if err := w.azure.SetInAzure(w.azure.PrivateCloudID("weu"), map[string]any{"properties": map[string]any{"provisioningState": "Updating"}}); err != nil {
		t.Fatal(err)
	}
	notReady(t, cloud, v1alpha1.ConditionReconciling, v1alpha1.ReasonAzureBusy)
	second := newCluster(w.namespace, "weu-2", 3)
	cluster.Create(t, second)
	env.Says(t, notReady(t, cloud, v1alpha1.ConditionReconciling, v1alpha1.ReasonTakesTooLong), "since 20", "Updating")
	env.Says(t, notReady(t, second, v1alpha1.ConditionReconciling, v1alpha1.ReasonTakesTooLong), "since 20")
	if err := w.azure.SetInAzure(w.azure.PrivateCloudID("weu"), map[string]any{"properties": map[string]any{"provisioningState": "Succeeded"}}); err != nil {
		t.Fatal(err)
	}
	ready(t, cloud)
	ready(t, second)
}
