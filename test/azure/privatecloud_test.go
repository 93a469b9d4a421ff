// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/test/armsim"
	"github.com/avs-operator/avs-operator/test/env"
	"github.com/avs-operator/avs-operator/test/harness"
)

func TestPrivateCloudIsMadeOnceAndThenLeftAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fast)
	cloud := harness.PrivateCloud(w.Namespace, "weu")
	cloud.Spec.Tags = map[string]v1alpha1.TagValue{"team": "platform"}
	cloud.Spec.Credentials = &v1alpha1.PrivateCloudCredentials{SecretName: "weu-admin", VCenterRotation: "2026-11"}
	cluster.Create(t, cloud)
	cluster.WaitReady(t, cloud)
	w.Wrote(t, "PUT privateclouds/weu")
	if s := cloud.Status; s.ProvisioningState != "Succeeded" || s.ClusterSize != 3 || len(s.Hosts) != 3 || s.Endpoints == nil ||
		s.Endpoints.VCenter == "" || s.Circuit == nil || s.ID != w.Azure.PrivateCloudID("weu") {
		t.Errorf("status: %+v", s)
	}
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: w.Namespace, Name: "weu-admin"}}
	cluster.Get(t, secret)
	for _, key := range []string{"vcenterUsername", "vcenterPassword", "nsxtUsername", "nsxtPassword", "vcenterURL", "nsxtURL", "hcxURL"} {
		if len(secret.Data[key]) == 0 {
			t.Errorf("the Secret lacks %s", key)
		}
	}
	if tags := w.InAzure("", "tags"); !reflect.DeepEqual(tags, map[string]any{"team": "platform", v1alpha1.TagOwner: w.InAzure("", "tags", v1alpha1.TagOwner)}) {
		t.Errorf("tags: %v", tags)
	}
	version := cloud.ResourceVersion
	cluster.Consistently(t, 2*time.Second, "nothing is written", func(ctx context.Context) error {
		if err := cluster.Admin.Get(ctx, client.ObjectKeyFromObject(cloud), cloud); err != nil {
			return err
		}
		if cloud.ResourceVersion != version {
			return errors.New("the object was written")
		}
		return nil
	})
	w.Wrote(t, "PUT privateclouds/weu")
}

func TestDriftIsMendedByTheSmallestPatch(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fast)
	cloud := harness.PrivateCloud(w.Namespace, "weu")
	cloud.Spec.Internet = "Enabled"
	cluster.Create(t, cloud)
	cluster.WaitReady(t, cloud)
	w.Azure.Set(t, cloud.Status.ID, map[string]any{"properties": map[string]any{"internet": "Disabled"}, "tags": map[string]any{"theirs": "stays"}})
	cluster.Eventually(t, soon, "the drift to be mended", func(context.Context) error {
		if got := w.InAzure("", "properties", "internet"); got != "Enabled" {
			return fmt.Errorf("internet is %v", got)
		}
		return nil
	}, cloud)
	cluster.WaitReady(t, cloud)
	w.Wrote(t, "PUT privateclouds/weu", "PATCH privateclouds/weu")
	if body := string(w.Azure.Writes()[1].Body); body != `{"properties":{"internet":"Enabled"}}` {
		t.Errorf("the PATCH was %s", body)
	}
	if w.InAzure("", "tags", "theirs") != "stays" {
		t.Error("a tag that the spec does not name was taken away")
	}
}

func TestWhatTheSpecDropsIsTakenAway(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fast)
	cloud := harness.PrivateCloud(w.Namespace, "weu")
	cloud.Spec.Internet = "Enabled"
	cloud.Spec.Tags = map[string]v1alpha1.TagValue{"team": "platform", "cost": "42"}
	cluster.Create(t, cloud)
	cluster.WaitReady(t, cloud)
	env.Edit(t, cluster, cloud, func(c *v1alpha1.PrivateCloud) {
		c.Spec.Internet = ""
		c.Spec.Tags = map[string]v1alpha1.TagValue{"team": "platform"}
	})
	cluster.WaitReady(t, cloud)
	if got := w.InAzure("", "properties", "internet"); got != "Disabled" {
		t.Errorf("internet is %v, and nobody asks for it any more", got)
	}
	if tags, _ := w.InAzure("", "tags").(map[string]any); tags["cost"] != nil || tags["team"] != "platform" {
		t.Errorf("tags: %v", tags)
	}
}

func TestRotation(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fast)
	cloud := harness.PrivateCloud(w.Namespace, "weu")
	cloud.Spec.Credentials = &v1alpha1.PrivateCloudCredentials{SecretName: "weu-admin", VCenterRotation: "one"}
	cluster.Create(t, cloud)
	cluster.WaitReady(t, cloud)
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: w.Namespace, Name: "weu-admin"}}
	password := func() string {
		cluster.Get(t, secret)
		return string(secret.Data["vcenterPassword"])
	}
	first := password()
	env.Edit(t, cluster, cloud, func(c *v1alpha1.PrivateCloud) { c.Spec.Credentials.VCenterRotation = "two" })
	cluster.WaitReady(t, cloud)
	if password() == first {
		t.Error("the Secret has the old password after the rotation")
	}
	w.Wrote(t, "PUT privateclouds/weu", "POST privateclouds/weu/rotatevcenterpassword")
	if cloud.Annotations[v1alpha1.AnnotationVCenterRotation] != "two" || cloud.Status.Rotations.VCenter != "two" {
		t.Errorf("the handled word is not kept: %v, %+v", cloud.Annotations, cloud.Status.Rotations)
	}
	env.Edit(t, cluster, cloud, func(c *v1alpha1.PrivateCloud) { c.Spec.Credentials.NSXTRotation = "first seen" })
	cluster.WaitReady(t, cloud)
	w.Wrote(t, "PUT privateclouds/weu", "POST privateclouds/weu/rotatevcenterpassword")
}

func TestSuspendStopsWritesAndFollowsWhatRuns(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 600)
	cloud := harness.PrivateCloud(w.Namespace, "weu")
	cluster.Create(t, cloud)
	cluster.WaitReconciling(t, cloud, v1alpha1.ReasonCreating)
	env.Edit(t, cluster, cloud, func(c *v1alpha1.PrivateCloud) { c.Spec.Suspend = true })
	cluster.WaitReady(t, cloud)
	env.Edit(t, cluster, cloud, func(c *v1alpha1.PrivateCloud) { c.Spec.Internet = "Enabled" })
	env.Says(t, cluster.WaitReconciling(t, cloud, v1alpha1.ReasonSuspended), "spec.suspend")
	w.Wrote(t, "PUT privateclouds/weu")
	env.Edit(t, cluster, cloud, func(c *v1alpha1.PrivateCloud) { c.Spec.Suspend = false })
	cluster.WaitReady(t, cloud)
	w.Wrote(t, "PUT privateclouds/weu", "PATCH privateclouds/weu")
}

func TestObserveNeverWritesAndReportsDrift(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fast)
	absent := harness.PrivateCloud(w.Namespace, "weu")
	absent.Spec.ManagementPolicy = v1alpha1.ManagementPolicyObserve
	cluster.Create(t, absent)
	cluster.WaitReconciling(t, absent, v1alpha1.ReasonNotFoundInAzure)
	w.Wrote(t)
	cluster.Remove(t, absent)

	w.madeByHand(t, nil)
	before := len(w.Azure.Writes())
	watching := &v1alpha1.PrivateCloud{ObjectMeta: metav1.ObjectMeta{Namespace: w.Namespace, Name: "weu"}}
	watching.Spec.ManagementPolicy = v1alpha1.ManagementPolicyObserve
	watching.Spec.Internet = "Enabled"
	cluster.Create(t, watching)
	cluster.WaitReady(t, watching)
	if inSync := meta.FindStatusCondition(watching.Status.Conditions, v1alpha1.ConditionInSync); inSync == nil || inSync.Status != metav1.ConditionFalse {
		t.Errorf("InSync: %+v", inSync)
	}
	if want := []v1alpha1.DriftItem{{Path: "/properties/internet", Desired: `"Enabled"`, Actual: `"Disabled"`}}; !reflect.DeepEqual(watching.Status.Drift, want) {
		t.Errorf("drift: %+v", watching.Status.Drift)
	}
	if len(w.Azure.Writes()) != before {
		t.Error("an observer wrote")
	}
	if watching.Annotations[v1alpha1.AnnotationAzureID] != "" {
		t.Error("an observer claims what it looks at")
	}
}

func TestAdoption(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fast)
	w.madeByHand(t, nil)
	cloud := harness.PrivateCloud(w.Namespace, "weu")
	cloud.Spec.AdoptionPolicy = v1alpha1.AdoptionPolicyNever
	cluster.Create(t, cloud)
	env.Says(t, cluster.WaitStalled(t, cloud, v1alpha1.ReasonAdoptionRefused), "adoptionPolicy is Never", "azureName")
	env.Edit(t, cluster, cloud, func(c *v1alpha1.PrivateCloud) {
		c.Spec.AdoptionPolicy, c.Spec.Internet = v1alpha1.AdoptionPolicyIfUnchanged, "Enabled"
	})
	cluster.Eventually(t, soon, "the difference to be shown", func(context.Context) error {
		message := cluster.WaitStalled(t, cloud, v1alpha1.ReasonAdoptionRefused)
		if !strings.Contains(message, "/properties/internet") {
			return errors.New(message)
		}
		return nil
	})
	w.Wrote(t, "PUT privateclouds/weu")
	env.Edit(t, cluster, cloud, func(c *v1alpha1.PrivateCloud) { c.Spec.AdoptionPolicy = v1alpha1.AdoptionPolicyAlways })
	cluster.WaitReady(t, cloud)
	if w.InAzure("", "properties", "internet") != "Enabled" {
		t.Error("Always did not change Azure")
	}
}

func TestAdoptionOfWhatIsEqualChangesTheOwnersTagAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fast)
	w.madeByHand(t, nil)
	cloud := harness.PrivateCloud(w.Namespace, "weu")
	cluster.Create(t, cloud)
	cluster.WaitReady(t, cloud)
	writes := w.Azure.Writes()
	if len(writes) != 2 || writes[1].Method != "PATCH" || !strings.HasPrefix(string(writes[1].Body), `{"tags":{"`+v1alpha1.TagOwner) {
		t.Errorf("writes: %+v", writes)
	}
}

func TestOneManagerOneResource(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fast)
	first := harness.PrivateCloud(w.Namespace, "weu")
	cluster.Create(t, first)
	cluster.WaitReady(t, first)
	time.Sleep(time.Second) // creation times have seconds
	second := harness.PrivateCloud(w.Namespace, "second")
	second.Spec.AzureName = "weu"
	second.Spec.Internet = "Enabled"
	second.Spec.AdoptionPolicy = v1alpha1.AdoptionPolicyAlways
	cluster.Create(t, second)
	env.Says(t, cluster.WaitStalled(t, second, v1alpha1.ReasonAlreadyManaged), "PrivateCloud", w.Namespace+"/weu")
	w.Wrote(t, "PUT privateclouds/weu")
}

// TestVanishedIsNotMadeASecondTime: what the message of a private cloud that is gone advises is done, word by word, and what stands in it points there.
func TestVanishedIsNotMadeASecondTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fast)
	cloud := harness.PrivateCloud(w.Namespace, "weu")
	key := &v1alpha1.ExpressRouteAuthorization{ObjectMeta: metav1.ObjectMeta{Namespace: w.Namespace, Name: "hub"},
		Spec: v1alpha1.ExpressRouteAuthorizationSpec{PrivateCloudRef: v1alpha1.ParentReference{Name: "weu"}}}
	cluster.Create(t, cloud, key)
	cluster.WaitReady(t, cloud)
	cluster.WaitReady(t, key)
	vanish := func() string {
		t.Helper()
		if err := w.Azure.RemoveInAzure(cloud.Status.ID); err != nil {
			t.Fatal(err)
		}
		return cluster.WaitStalled(t, cloud, v1alpha1.ReasonNotFoundInAzure)
	}
	recreate := func(at time.Time) {
		t.Helper()
		env.Edit(t, cluster, cloud, func(c *v1alpha1.PrivateCloud) {
			metav1.SetMetaDataAnnotation(&c.ObjectMeta, v1alpha1.AnnotationRecreateRequestedAt, at.UTC().Format(time.RFC3339))
		})
	}
	ordered := func(times int) {
		t.Helper()
		var want []string
		for range times {
			want = append(want, "PUT privateclouds/weu", "PUT privateclouds/weu/authorizations/hub")
		}
		w.Wrote(t, want...)
	}
	gone := vanish()
	env.Says(t, gone, "it is not at "+cloud.Status.ID+" any more: if it was moved, say where", "not ordered a second time")
	if strings.Contains(gone, "recreate") {
		t.Errorf("before anybody said whether it was moved, another is advised to be ordered: %s", gone)
	}
	cluster.WaitNotReady(t, key, v1alpha1.ReasonReferenceNotReady, "PrivateCloud weu needs somebody first", "NotFoundInAzure")
	recreate(time.Now().Add(-time.Hour)) // what was asked before it was gone was not asked for this
	cluster.WaitFor(t, soon, cloud, "the word about an old time", func() error {
		if c := meta.FindStatusCondition(cloud.Status.Conditions, v1alpha1.ConditionStalled); c == nil || !strings.Contains(c.Message, "is not a time after") {
			return fmt.Errorf("%+v", c)
		}
		return nil
	})
	ordered(1)
	time.Sleep(time.Second) // conditions have seconds
	recreate(time.Now())
	cluster.WaitReady(t, cloud)
	cluster.WaitReady(t, key)
	ordered(2)

	env.Says(t, vanish(), "you do without it: set deletionPolicy: Retain here and in what stands in it, and delete these objects")
	env.Edit(t, cluster, cloud, func(c *v1alpha1.PrivateCloud) { c.Spec.DeletionPolicy = v1alpha1.DeletionPolicyRetain })
	env.Edit(t, cluster, key, func(k *v1alpha1.ExpressRouteAuthorization) { k.Spec.DeletionPolicy = v1alpha1.DeletionPolicyRetain })
	cluster.Delete(t, cloud)
	cluster.Delete(t, key)
	cluster.WaitGone(t, soon, cloud)
	cluster.WaitGone(t, soon, key)
	ordered(2)
}

func TestSecretOfSomebodyElseIsNotTouched(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fast)
	theirs := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: w.Namespace, Name: "weu-admin"}, StringData: map[string]string{"mine": "precious"}}
	cloud := harness.PrivateCloud(w.Namespace, "weu")
	cloud.Spec.Credentials = &v1alpha1.PrivateCloudCredentials{SecretName: "weu-admin"}
	cluster.Create(t, theirs, cloud)
	env.Says(t, cluster.WaitStalled(t, cloud, v1alpha1.ReasonSecretNotOwned), "weu-admin", "secretName")
	if err := cluster.Admin.Get(t.Context(), client.ObjectKeyFromObject(theirs), theirs); err != nil || len(theirs.Data) != 1 {
		t.Errorf("the Secret was touched: %v, %d keys", err, len(theirs.Data))
	}
}

// While Azure cannot be seen, nobody says that it is in sync, nor that it is not; and when it can be seen again, that heals by itself.
func TestNotSeeingIsUnknown(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fast)
	cloud := harness.PrivateCloud(w.Namespace, "weu")
	cluster.Create(t, cloud)
	cluster.WaitReady(t, cloud)
	w.Azure.Inject(armsim.Fault{Path: regexp.MustCompile(`/privateclouds`), Status: 503, Code: "ServiceUnavailable", Message: "away", Count: -1})
	inSync := func(want metav1.ConditionStatus) {
		t.Helper()
		cluster.WaitFor(t, soon, cloud, "InSync "+string(want), func() error {
			if c := meta.FindStatusCondition(cloud.Status.Conditions, v1alpha1.ConditionInSync); c == nil || c.Status != want {
				return fmt.Errorf("InSync is %+v", c)
			}
			return nil
		})
	}
	inSync(metav1.ConditionUnknown)
	w.Azure.ClearFaults()
	inSync(metav1.ConditionTrue)
	cluster.WaitReady(t, cloud)
	w.Wrote(t, "PUT privateclouds/weu")
}
