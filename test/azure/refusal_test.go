// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/azure/kind"
	"github.com/avs-operator/avs-operator/test/armsim"
	"github.com/avs-operator/avs-operator/test/env"
	"github.com/avs-operator/avs-operator/test/harness"
)

// watched notes every reason that the conditions of an object give from now on, and how often they changed.
func watched(t *testing.T, object kind.Object) (said func() []string) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var mu sync.Mutex
	var all []string
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			fresh := object.DeepCopyObject().(kind.Object)
			if cluster.Admin.Get(ctx, client.ObjectKeyFromObject(object), fresh) == nil {
				text := ""
				for _, kind := range []string{v1alpha1.ConditionReady, v1alpha1.ConditionStalled, v1alpha1.ConditionReconciling} {
					if c := meta.FindStatusCondition(fresh.AzureStatus().Conditions, kind); c != nil {
						text += fmt.Sprintf("%s=%s %s: %s; ", c.Type, c.Status, c.Reason, c.Message)
					}
				}
				mu.Lock()
				if len(all) == 0 || all[len(all)-1] != text {
					all = append(all, text)
				}
				mu.Unlock()
			}
			time.Sleep(5 * time.Millisecond)
		}
	}()
	t.Cleanup(func() { cancel(); <-done })
	return func() []string {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(all)
	}
}

// Whatever Azure says for ever: the object says so once, in words that help, without a flicker; and however often the operator is started again,
// Azure is asked no more than twelve times in an hour, which the end of the test counts.
func TestARefusalThatRepeatsIsSaidOnce(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fault  armsim.Fault
		reason string
		words  []string
	}{
		"a conflict that nobody knows": {armsim.Fault{Status: 409, Code: "StrangeConflict", Message: "The moon is full."}, v1alpha1.ReasonConflict,
			[]string{"5 times", "StrangeConflict", "The moon is full."}},
		"a disabled subscription": {armsim.Fault{Status: 409, Code: "ReadOnlyDisabledSubscription", Message: "The subscription is disabled."},
			v1alpha1.ReasonSubscriptionDisabled, []string{"enabled again"}},
		"a lock": {armsim.Fault{Status: 409, Code: "ScopeLocked", Message: "The scope is locked."}, v1alpha1.ReasonScopeLocked,
			[]string{"take the lock off"}},
		"an error of Azure's": {armsim.Fault{Status: 500, Code: "InternalServerError", Message: "oops"}, v1alpha1.ReasonTransient, []string{"oops"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, 1800)
			c.fault.Verb, c.fault.Path, c.fault.Count = http.MethodPut, weu, -1
			w.Azure.Inject(c.fault)
			cloud := harness.PrivateCloud(w.Namespace, "weu")
			cluster.Create(t, cloud)
			progress := v1alpha1.ConditionStalled
			if c.reason == v1alpha1.ReasonTransient {
				progress = v1alpha1.ConditionReconciling
			}
			env.Says(t, cluster.WaitProgress(t, cloud, progress, c.reason), c.words...)
			said := watched(t, cloud)
			for range 4 {
				time.Sleep(1500 * time.Millisecond) // three quarters of an hour
				w.Operator.Stop(t)
				w.StartOperator(t)
			}
			time.Sleep(time.Second)
			// An operator that was stopped in the middle of a request does not know what became of it, and says so.
			all := slices.DeleteFunc(said(), func(text string) bool { return strings.Contains(text, v1alpha1.ReasonOperationUnknown) })
			if all = slices.Compact(all); len(all) != 1 {
				t.Errorf("it said\n  %s", strings.Join(all, "\n  "))
			}
			asked := len(w.Azure.Writes())
			cluster.Eventually(t, time.Minute, "Azure is asked once more, because nothing is given up for ever", func(context.Context) error {
				if now := len(w.Azure.Writes()); now == asked {
					return fmt.Errorf("it was asked %d times in three hours", now)
				}
				return nil
			})
			w.Azure.ClearFaults()
			env.Edit(t, cluster, cloud, func(c *v1alpha1.PrivateCloud) {
				metav1.SetMetaDataAnnotation(&c.ObjectMeta, v1alpha1.AnnotationReconcileRequestedAt, "the cause is gone")
			})
			cluster.WaitReady(t, cloud)
			if cloud.Status.Refusals != nil {
				t.Errorf("refusals are left: %+v", cloud.Status.Refusals)
			}
		})
	}
}

// The cluster is busy with another operation, for which Azure says so more and more rarely. The moment a list shows a change, it is asked again.
func TestAChangeInAListWakesWhatWaitsForAnotherOperation(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fast)
	cloud := harness.PrivateCloud(w.Namespace, "weu")
	cluster.Create(t, cloud)
	cluster.WaitReady(t, cloud)
	w.Operator.Stop(t)
	w.Speed = 60 // the pauses last long enough to see that one is cut short
	w.Azure.Inject(armsim.Fault{Verb: http.MethodPatch, Path: weu, Status: 409, Code: "AnotherOperationInProgress",
		Message: "Another operation is in progress.", RetryAfter: 40 * time.Minute, Count: 1})
	env.Edit(t, cluster, cloud, func(c *v1alpha1.PrivateCloud) { c.Spec.Internet = "Enabled" })
	w.StartOperator(t)
	cluster.WaitReconciling(t, cloud, v1alpha1.ReasonAzureBusy)
	time.Sleep(2 * time.Second)
	if n := len(w.Azure.Writes()); n != 2 {
		t.Fatalf("it was asked again before its time: %d writes", n)
	}
	began := time.Now()
	w.Azure.Set(t, w.Azure.PrivateCloudID("weu"), map[string]any{"tags": map[string]any{"somebody": "was here"}})
	cluster.WaitReady(t, cloud)
	if took := time.Since(began); took > 30*time.Second {
		t.Errorf("the change was seen within a second, and the write made after %s", took)
	}
}

var patchOfWeu = regexp.MustCompile(`/privateclouds/weu$`)

// What Azure accepts and keeps in another form is written twice and then said, with both values, until one of the two changes or a person asks.
func TestWhatAzureNormalisesIsNotWrittenForEver(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fast)
	cloud := harness.PrivateCloud(w.Namespace, "weu")
	cluster.Create(t, cloud)
	cluster.WaitReady(t, cloud)
	w.Azure.Inject(armsim.Fault{Verb: http.MethodPatch, Path: patchOfWeu, Count: -1, Stores: map[string]any{"properties": map[string]any{"internet": "Disabled"}}})
	env.Edit(t, cluster, cloud, func(c *v1alpha1.PrivateCloud) { c.Spec.Internet = "Enabled" })
	env.Says(t, cluster.WaitStalled(t, cloud, v1alpha1.ReasonNotAsWritten), "/properties/internet", `"Enabled"`, `"Disabled"`, "twice")
	patches := func() (n int) {
		for _, r := range w.Azure.Writes() {
			if r.Method == http.MethodPatch {
				n++
			}
		}
		return n
	}
	still := func(want int) {
		t.Helper()
		time.Sleep(time.Second)
		if n := patches(); n != want {
			t.Errorf("%d PATCHes, and %d are right", n, want)
		}
	}
	still(2)
	w.Operator.Stop(t)
	w.StartOperator(t)
	cluster.WaitStalled(t, cloud, v1alpha1.ReasonNotAsWritten)
	still(2)
	// Other changes go on.
	env.Edit(t, cluster, cloud, func(c *v1alpha1.PrivateCloud) { c.Spec.ManagementCluster.ClusterSize = 4 })
	cluster.WaitFor(t, soon, cloud, "four hosts", func() error {
		if cloud.Status.ClusterSize != 4 || cloud.Status.Operation != nil {
			return fmt.Errorf("it has %d", cloud.Status.ClusterSize)
		}
		return nil
	})
	cluster.WaitStalled(t, cloud, v1alpha1.ReasonNotAsWritten)
	still(3)
	// A person asks: once more.
	env.Edit(t, cluster, cloud, func(c *v1alpha1.PrivateCloud) {
		metav1.SetMetaDataAnnotation(&c.ObjectMeta, v1alpha1.AnnotationReconcileRequestedAt, "now")
	})
	still(4)
	cluster.WaitStalled(t, cloud, v1alpha1.ReasonNotAsWritten)
	// Azure keeps it as written at last.
	w.Azure.ClearFaults()
	env.Edit(t, cluster, cloud, func(c *v1alpha1.PrivateCloud) {
		metav1.SetMetaDataAnnotation(&c.ObjectMeta, v1alpha1.AnnotationReconcileRequestedAt, "again")
	})
	cluster.WaitReady(t, cloud)
	if cloud.Status.Unkept != nil {
		t.Errorf("left is %+v", cloud.Status.Unkept)
	}
}

// ARM compares the names of tags without case.
func TestATagInAnotherCaseIsTheSame(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fast)
	cloud := harness.PrivateCloud(w.Namespace, "weu")
	cloud.Spec.Tags = map[string]v1alpha1.TagValue{"CostCenter": "17"}
	cluster.Create(t, cloud)
	cluster.WaitReady(t, cloud)
	env.Edit(t, cluster, cloud, func(c *v1alpha1.PrivateCloud) { c.Spec.Tags = map[string]v1alpha1.TagValue{"costcenter": "17"} })
	cluster.WaitReady(t, cloud)
	w.Wrote(t, "PUT privateclouds/weu")
	env.Edit(t, cluster, cloud, func(c *v1alpha1.PrivateCloud) { c.Spec.Tags = map[string]v1alpha1.TagValue{"costcenter": "18"} })
	cluster.WaitReady(t, cloud)
	time.Sleep(time.Second)
	w.Wrote(t, "PUT privateclouds/weu", "PATCH privateclouds/weu")
	if tags, _ := w.InAzure("", "tags").(map[string]any); tags["CostCenter"] != "18" || tags["costcenter"] != nil {
		t.Errorf("tags: %v", tags)
	}
}

// What Azure refuses is not asked again because the operator put its finalizer on the Secret or ConfigMap of the identity, or somebody a label, nor
// because the operator was started again.
func TestARefusedRequestIsNotRepeatedForAFinalizer(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 60) // an hour's rest is a minute
	w.Azure.Inject(armsim.Fault{Verb: http.MethodPut, Path: weu, Status: 400, Code: "InvalidParameter", Message: "The value is not known.", Count: -1})
	cloud := harness.PrivateCloud(w.Namespace, "weu")
	cluster.Create(t, cloud)
	cluster.WaitStalled(t, cloud, v1alpha1.ReasonInvalidSpec)
	label := func(word string) {
		t.Helper()
		secret, ca := &corev1.Secret{}, &corev1.ConfigMap{}
		secret.Namespace, secret.Name, ca.Namespace, ca.Name = w.Namespace, "azure-client-secret", w.Namespace, "azure-ca"
		env.Edit(t, cluster, secret, func(s *corev1.Secret) { metav1.SetMetaDataLabel(&s.ObjectMeta, "example.com/touched", word) })
		env.Edit(t, cluster, ca, func(c *corev1.ConfigMap) { metav1.SetMetaDataLabel(&c.ObjectMeta, "example.com/touched", word) })
	}
	for _, word := range []string{"first", "second"} {
		label(word)
		time.Sleep(time.Second)
		env.Edit(t, cluster, cloud, func(c *v1alpha1.PrivateCloud) { metav1.SetMetaDataLabel(&c.ObjectMeta, "example.com/woken", word) })
		time.Sleep(2 * time.Second)
		if n := len(w.Azure.Writes()); n != 1 {
			t.Fatalf("after the %s label Azure had been asked %d times", word, n)
		}
		w.Operator.Stop(t)
		w.StartOperator(t)
	}
	time.Sleep(2 * time.Second)
	if n := len(w.Azure.Writes()); n != 1 {
		t.Fatalf("after a restart Azure had been asked %d times", n)
	}
	// Azure takes another secret of the same application as well, so that the identity stays Ready: what was refused is asked again all the same.
	other := &corev1.Secret{}
	other.Namespace, other.Name = w.Namespace, "azure-client-secret"
	env.Edit(t, cluster, other, func(s *corev1.Secret) { s.Data["clientSecret"] = []byte(harness.OtherClientSecret) })
	cluster.Eventually(t, 15*time.Second, "the request with another secret", func(context.Context) error {
		if n := len(w.Azure.Writes()); n != 2 {
			return fmt.Errorf("Azure has been asked %d times", n)
		}
		return nil
	}, cloud)
}
