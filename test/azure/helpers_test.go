// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/test/armsim"
	"github.com/avs-operator/avs-operator/test/harness"
)

// soon is how long a test waits: a private cloud takes up to 36 s to make at the slowest speed that the suite uses.
const soon = time.Minute

// fast lets four hours of Azure's pass in four seconds.
const fast = 3600

// azureObject is any Azure kind.
type azureObject interface {
	client.Object
	AzureSpec() *v1alpha1.AzureSpec
	AzureStatus() *v1alpha1.AzureStatus
}

// ready waits until the object is Ready, and checks what must hold of every ready object.
func ready(t *testing.T, object azureObject) {
	t.Helper()
	cluster.WaitCondition(t, soon, object, v1alpha1.ConditionReady, "True")
	for _, condition := range []string{v1alpha1.ConditionReconciling, v1alpha1.ConditionStalled} {
		if meta.FindStatusCondition(object.AzureStatus().Conditions, condition) != nil {
			t.Errorf("%s is there on a ready object", condition)
		}
	}
	if object.AzureStatus().Operation != nil {
		t.Errorf("a ready object has an operation: %+v", object.AzureStatus().Operation)
	}
}

// notReady waits until Ready is False for the reason, and returns its message. Exactly one of Reconciling and Stalled says so too.
func notReady(t *testing.T, object azureObject, progress, reason string) string {
	t.Helper()
	var message string
	cluster.WaitFor(t, soon, object, "reason "+reason, func() error {
		c := meta.FindStatusCondition(object.AzureStatus().Conditions, v1alpha1.ConditionReady)
		if c == nil || c.Status != metav1.ConditionFalse || c.Reason != reason {
			return fmt.Errorf("Ready is %+v", c)
		}
		message = c.Message
		return nil
	})
	other := map[string]string{v1alpha1.ConditionReconciling: v1alpha1.ConditionStalled, v1alpha1.ConditionStalled: v1alpha1.ConditionReconciling}[progress]
	if !meta.IsStatusConditionTrue(object.AzureStatus().Conditions, progress) || meta.FindStatusCondition(object.AzureStatus().Conditions, other) != nil {
		t.Errorf("want %s and not %s beside reason %s: %+v", progress, other, reason, object.AzureStatus().Conditions)
	}
	return message
}

// writes are the requests that changed, or were to change, something in Azure.
func (w *world) writes() []armsim.Request {
	var out []armsim.Request
	for _, r := range w.azure.Requests() {
		action := r.Method == http.MethodPost && strings.Contains(r.Path, "/rotate")
		if action || r.Method == http.MethodPut || r.Method == http.MethodPatch || r.Method == http.MethodDelete {
			out = append(out, r)
		}
	}
	return out
}

// wrote fails unless exactly these writes were sent, as "PUT privateclouds/weu".
func (w *world) wrote(t *testing.T, want ...string) {
	t.Helper()
	var got []string
	for _, r := range w.writes() {
		_, path, _ := strings.Cut(r.Path, "microsoft.avs/")
		got = append(got, r.Method+" "+path)
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("written to Azure:\n  %s\nwant:\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

// inAzure reads a value of a private cloud, or of what is below it, in Azure.
func (w *world) inAzure(t *testing.T, below string, path ...string) any {
	t.Helper()
	body, ok := w.azure.Resource(w.azure.PrivateCloudID("weu") + below)
	if !ok {
		return nil
	}
	var here any = body
	for _, part := range path {
		inner, _ := here.(map[string]any)
		here = inner[part]
	}
	return here
}

// madeByHand makes a private cloud in Azure that no object manages, by letting an operator make one and go.
func (w *world) madeByHand(t *testing.T, change func(*v1alpha1.PrivateCloud)) {
	t.Helper()
	cloud := harness.PrivateCloud(w.namespace, "by-hand")
	cloud.Spec.AzureName = "weu"
	if change != nil {
		change(cloud)
	}
	cluster.Create(t, cloud)
	ready(t, cloud)
	if err := cluster.Admin.Delete(t.Context(), cloud); err != nil {
		t.Fatal(err)
	}
	cluster.WaitGone(t, soon, cloud)
	if err := w.azure.SetInAzure(w.azure.PrivateCloudID("weu"), map[string]any{"tags": map[string]any{v1alpha1.TagOwner: nil}}); err != nil {
		t.Fatal(err)
	}
}

func newCluster(namespace, name string, size int32) *v1alpha1.Cluster {
	return &v1alpha1.Cluster{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec:       v1alpha1.ClusterSpec{PrivateCloudRef: v1alpha1.ParentReference{Name: "weu"}, SKU: "av36p", ClusterSize: ptr.To(size)},
	}
}
