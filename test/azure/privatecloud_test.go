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
	cloud := harness.PrivateCloud(w.namespace, "weu")
	cloud.Spec.Tags = map[string]v1alpha1.TagValue{"team": "platform"}
	cloud.Spec.Credentials = &v1alpha1.PrivateCloudCredentials{SecretName: "weu-admin", VCenterRotation: "2026-11"}
	cluster.Create(t, cloud)
	ready(t, cloud)
	w.wrote(t, "PUT privateclouds/weu")
	if s := cloud.Status; s.ProvisioningState != "Succeeded" || s.ClusterSize != 3 || len(s.Hosts) != 3 || s.Endpoints == nil || s.Endpoints.VCenter == "" || s.Circuit == nil || s.ID != w.azure.PrivateCloudID("weu") {
		t.Errorf("status: %+v", s)
	}
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: "weu-admin"}}
	if err := cluster.Admin.Get(t.Context(), client.ObjectKeyFromObject(secret), secret); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"vcenterUsername", "vcenterPassword", "nsxtUsername", "nsxtPassword", "vcenterURL", "nsxtURL", "hcxURL"} {
		if len(secret.Data[key]) == 0 {
			t.Errorf("the Secret lacks %s", key)
		}
	}
	if tags := w.inAzure(t, "", "tags"); !reflect.DeepEqual(tags, map[string]any{"team": "platform", v1alpha1.TagOwner: w.inAzure(t, "", "tags", v1alpha1.TagOwner)}) {
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
	w.wrote(t, "PUT privateclouds/weu")
}

func TestDriftIsMendedByTheSmallestPatch(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fast)
	cloud := harness.PrivateCloud(w.namespace, "weu")
	cloud.Spec.Internet = "Enabled"
	cluster.Create(t, cloud)
	ready(t, cloud)
	if err := w.azure.SetInAzure(cloud.Status.ID, map[string]any{"properties": map[string]any{"internet": "Disabled"}, "tags": map[string]any{"theirs": "stays"}}); err != nil {
		t.Fatal(err)
	}
	cluster.Eventually(t, soon, "the drift to be mended", func(context.Context) error {
		if got := w.inAzure(t, "", "properties", "internet"); got != "Enabled" {
			return fmt.Errorf("internet is %v", got)
		}
		return nil
	}, cloud)
	ready(t, cloud)
	w.wrote(t, "PUT privateclouds/weu", "PATCH privateclouds/weu")
	if body := string(w.writes()[1].Body); body != `{"properties":{"internet":"Enabled"}}` {
		t.Errorf("the PATCH was %s", body)
	}
	if w.inAzure(t, "", "tags", "theirs") != "stays" {
		t.Error("a tag that the spec does not name was taken away")
	}
}

func TestWhatTheSpecDropsIsTakenAway(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fast)
	cloud := harness.PrivateCloud(w.namespace, "weu")
	cloud.Spec.Internet = "Enabled"
	cloud.Spec.Tags = map[string]v1alpha1.TagValue{"team": "platform", "cost": "42"}
	cluster.Create(t, cloud)
	ready(t, cloud)
	env.Edit(t, cluster, cloud, func(c *v1alpha1.PrivateCloud) {
		c.Spec.Internet = ""
		c.Spec.Tags = map[string]v1alpha1.TagValue{"team": "platform"}
	})
	ready(t, cloud)
	if got := w.inAzure(t, "", "properties", "internet"); got != "Disabled" {
		t.Errorf("internet is %v, and nobody asks for it any more", got)
	}
	if tags, _ := w.inAzure(t, "", "tags").(map[string]any); tags["cost"] != nil || tags["team"] != "platform" {
		t.Errorf("tags: %v", tags)
	}
}

func TestRotation(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fast)
	cloud := harness.PrivateCloud(w.namespace, "weu")
	cloud.Spec.Credentials = &v1alpha1.PrivateCloudCredentials{SecretName: "weu-admin", VCenterRotation: "one"}
	cluster.Create(t, cloud)
	ready(t, cloud)
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: "weu-admin"}}
	password := func() string {
		if err := cluster.Admin.Get(t.Context(), client.ObjectKeyFromObject(secret), secret); err != nil {
			t.Fatal(err)
		}
		return string(secret.Data["vcenterPassword"])
	}
	first := password()
	env.Edit(t, cluster, cloud, func(c *v1alpha1.PrivateCloud) { c.Spec.Credentials.VCenterRotation = "two" })
	ready(t, cloud)
	if password() == first {
		t.Error("the Secret has the old password after the rotation")
	}
	w.wrote(t, "PUT privateclouds/weu", "POST privateclouds/weu/rotatevcenterpassword")
	if cloud.Annotations[v1alpha1.AnnotationVCenterRotation] != "two" || cloud.Status.Rotations.VCenter != "two" {
		t.Errorf("the handled word is not kept: %v, %+v", cloud.Annotations, cloud.Status.Rotations)
	}
	env.Edit(t, cluster, cloud, func(c *v1alpha1.PrivateCloud) { c.Spec.Credentials.NSXTRotation = "first seen" })
	ready(t, cloud)
	w.wrote(t, "PUT privateclouds/weu", "POST privateclouds/weu/rotatevcenterpassword")
}

func TestSuspendStopsWritesAndFollowsWhatRuns(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 600)
	cloud := harness.PrivateCloud(w.namespace, "weu")
	cluster.Create(t, cloud)
	notReady(t, cloud, v1alpha1.ConditionReconciling, v1alpha1.ReasonCreating)
	env.Edit(t, cluster, cloud, func(c *v1alpha1.PrivateCloud) { c.Spec.Suspend = true })
	ready(t, cloud)
	env.Edit(t, cluster, cloud, func(c *v1alpha1.PrivateCloud) { c.Spec.Internet = "Enabled" })
	env.Says(t, notReady(t, cloud, v1alpha1.ConditionReconciling, v1alpha1.ReasonSuspended), "spec.suspend")
	w.wrote(t, "PUT privateclouds/weu")
	env.Edit(t, cluster, cloud, func(c *v1alpha1.PrivateCloud) { c.Spec.Suspend = false })
	ready(t, cloud)
	w.wrote(t, "PUT privateclouds/weu", "PATCH privateclouds/weu")
}

func TestObserveNeverWritesAndReportsDrift(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fast)
	absent := harness.PrivateCloud(w.namespace, "weu")
	absent.Spec.ManagementPolicy = v1alpha1.ManagementPolicyObserve
	cluster.Create(t, absent)
	notReady(t, absent, v1alpha1.ConditionReconciling, v1alpha1.ReasonNotFoundInAzure)
	w.wrote(t)
	if err := cluster.Admin.Delete(t.Context(), absent); err != nil {
		t.Fatal(err)
	}
	cluster.WaitGone(t, soon, absent)

	w.madeByHand(t, nil)
	before := len(w.writes())
	watching := &v1alpha1.PrivateCloud{ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: "weu"}}
	watching.Spec.ManagementPolicy = v1alpha1.ManagementPolicyObserve
	watching.Spec.Internet = "Enabled"
	cluster.Create(t, watching)
	ready(t, watching)
	if inSync := meta.FindStatusCondition(watching.Status.Conditions, v1alpha1.ConditionInSync); inSync == nil || inSync.Status != metav1.ConditionFalse {
		t.Errorf("InSync: %+v", inSync)
	}
	if want := []v1alpha1.DriftItem{{Path: "/properties/internet", Desired: `"Enabled"`, Actual: `"Disabled"`}}; !reflect.DeepEqual(watching.Status.Drift, want) {
		t.Errorf("drift: %+v", watching.Status.Drift)
	}
	if len(w.writes()) != before {
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
	cloud := harness.PrivateCloud(w.namespace, "weu")
	cloud.Spec.AdoptionPolicy = v1alpha1.AdoptionPolicyNever
	cluster.Create(t, cloud)
	env.Says(t, notReady(t, cloud, v1alpha1.ConditionStalled, v1alpha1.ReasonAdoptionRefused), "adoptionPolicy is Never", "azureName")
	env.Edit(t, cluster, cloud, func(c *v1alpha1.PrivateCloud) {
		c.Spec.AdoptionPolicy, c.Spec.Internet = v1alpha1.AdoptionPolicyIfUnchanged, "Enabled"
	})
	cluster.Eventually(t, soon, "the difference to be shown", func(context.Context) error {
		message := notReady(t, cloud, v1alpha1.ConditionStalled, v1alpha1.ReasonAdoptionRefused)
		if !strings.Contains(message, "/properties/internet") {
			return errors.New(message)
		}
		return nil
	})
	w.wrote(t, "PUT privateclouds/weu")
	env.Edit(t, cluster, cloud, func(c *v1alpha1.PrivateCloud) { c.Spec.AdoptionPolicy = v1alpha1.AdoptionPolicyAlways })
	ready(t, cloud)
	if w.inAzure(t, "", "properties", "internet") != "Enabled" {
		t.Error("Always did not change Azure")
	}
}

func TestAdoptionOfWhatIsEqualChangesTheOwnersTagAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fast)
	w.madeByHand(t, nil)
	cloud := harness.PrivateCloud(w.namespace, "weu")
	cluster.Create(t, cloud)
	ready(t, cloud)
	writes := w.writes()
	if len(writes) != 2 || writes[1].Method != "PATCH" || !strings.HasPrefix(string(writes[1].Body), `{"tags":{"`+v1alpha1.TagOwner) {
		t.Errorf("writes: %+v", writes)
	}
}

func TestOneManagerOneResource(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fast)
	first := harness.PrivateCloud(w.namespace, "weu")
	cluster.Create(t, first)
	ready(t, first)
	time.Sleep(time.Second) // creation times have seconds
	second := harness.PrivateCloud(w.namespace, "second")
	second.Spec.AzureName = "weu"
	second.Spec.Internet = "Enabled"
	second.Spec.AdoptionPolicy = v1alpha1.AdoptionPolicyAlways
	cluster.Create(t, second)
	env.Says(t, notReady(t, second, v1alpha1.ConditionStalled, v1alpha1.ReasonAlreadyManaged), "PrivateCloud", w.namespace+"/weu")
	w.wrote(t, "PUT privateclouds/weu")
}

// TestVanishedIsNotMadeASecondTime: what the message of a private cloud that is gone advises is done, word by word, and what stands in it points there.
func TestVanishedIsNotMadeASecondTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fast)
	cloud := harness.PrivateCloud(w.namespace, "weu")
	key := &v1alpha1.ExpressRouteAuthorization{ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: "hub"},
		Spec: v1alpha1.ExpressRouteAuthorizationSpec{PrivateCloudRef: v1alpha1.ParentReference{Name: "weu"}}}
	cluster.Create(t, cloud, key)
	ready(t, cloud)
	ready(t, key)
	vanish := func() string {
		t.Helper()
		if err := w.azure.RemoveInAzure(cloud.Status.ID); err != nil {
			t.Fatal(err)
		}
		return notReady(t, cloud, v1alpha1.ConditionStalled, v1alpha1.ReasonNotFoundInAzure)
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
		w.wrote(t, want...)
	}
	gone := vanish()
	env.Says(t, gone, "it is not at "+cloud.Status.ID+" any more: if it was moved, say where", "not ordered a second time")
	if strings.Contains(gone, "recreate") {
		t.Errorf("before anybody said whether it was moved, another is advised to be ordered: %s", gone)
	}
	says(t, key, v1alpha1.ReasonReferenceNotReady, "PrivateCloud weu needs somebody first", "NotFoundInAzure")
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
	ready(t, cloud)
	ready(t, key)
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
	theirs := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: "weu-admin"}, StringData: map[string]string{"mine": "precious"}}
	cloud := harness.PrivateCloud(w.namespace, "weu")
	cloud.Spec.Credentials = &v1alpha1.PrivateCloudCredentials{SecretName: "weu-admin"}
	cluster.Create(t, theirs, cloud)
	env.Says(t, notReady(t, cloud, v1alpha1.ConditionStalled, v1alpha1.ReasonSecretNotOwned), "weu-admin", "secretName")
	if err := cluster.Admin.Get(t.Context(), client.ObjectKeyFromObject(theirs), theirs); err != nil || len(theirs.Data) != 1 {
		t.Errorf("the Secret was touched: %v, %d keys", err, len(theirs.Data))
	}
}

// While Azure cannot be seen, nobody says that it is in sync, nor that it is not; and when it can be seen again, that heals by itself.
func TestNotSeeingIsUnknown(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fast)
	cloud := harness.PrivateCloud(w.namespace, "weu")
	cluster.Create(t, cloud)
	ready(t, cloud)
	w.azure.Inject(armsim.Fault{Path: regexp.MustCompile(`/privateclouds`), Status: 503, Code: "ServiceUnavailable", Message: "away", Count: -1})
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
	w.azure.ClearFaults()
	inSync(metav1.ConditionTrue)
	ready(t, cloud)
	w.wrote(t, "PUT privateclouds/weu")
}
