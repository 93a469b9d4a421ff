// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"reflect"
	"regexp"
	"strings"
	"testing"

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

// newGroup is a resource group that a private cloud is moved to, in this subscription and in another one.
const newGroup = "rg-new"

// secondSubscription belongs to the tenant too.
func secondSubscription(w *world) string { return "2" + w.Azure.SubscriptionID[1:] }

// moveWorld has places to move to.
func moveWorld(t *testing.T) *world {
	t.Helper()
	return newWorld(t, fast, func(c *armsim.Config) {
		second, first := c.Subscriptions[0], c.Subscriptions[0].ID
		second.ID = "2" + first[1:]
		c.Subscriptions = append(c.Subscriptions, second)
		for _, subscription := range []string{first, second.ID} {
			c.ResourceGroups = append(c.ResourceGroups, armsim.ResourceGroup{SubscriptionID: subscription, Name: newGroup, Location: harness.Location})
		}
	})
}

// azureCall sends a request of somebody who works with Azure's REST API, and answers its body.
func (w *world) azureCall(t *testing.T, want int, verb, target, body string) (text []byte, location string) {
	t.Helper()
	client := harness.Transport(w.Azure.CAPEM())
	send := func(verb, target, kind, token, body string) ([]byte, *http.Response) {
		t.Helper()
		request, err := http.NewRequestWithContext(t.Context(), verb, target, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", kind)
		if token != "" {
			request.Header.Set("Authorization", "Bearer "+token)
		}
		answer, err := client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		text, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		return text, answer
	}
	login := url.Values{"grant_type": {"client_credentials"}, "client_id": {harness.ClientID}, "client_secret": {harness.ClientSecret},
		"scope": {w.Azure.URL() + "/.default"}}
	text, _ = send(http.MethodPost, w.Azure.URL()+"/"+harness.TenantID+"/oauth2/v2.0/token", "application/x-www-form-urlencoded", "", login.Encode())
	var issued struct {
		Token string `json:"access_token"`
	}
	if err := json.Unmarshal(text, &issued); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(target, "https://") {
		target = w.Azure.URL() + target + "?api-version=2021-04-01"
	}
	text, answer := send(verb, target, "application/json", issued.Token, body)
	if answer.StatusCode != want {
		t.Fatalf("%s %s: %d %s", verb, target, answer.StatusCode, text)
	}
	return text, answer.Header.Get("Location")
}

// move moves a private cloud as a person does, and waits until Azure has done it. It answers the new id.
func (w *world) move(t *testing.T, id, subscription, group string) string {
	t.Helper()
	source, rest, _ := strings.Cut(id, "/providers/")
	target := "/subscriptions/" + subscription + "/resourceGroups/" + group
	w.azureCall(t, http.StatusAccepted, http.MethodPost, source+"/moveResources", fmt.Sprintf(`{"resources":[%q],"targetResourceGroup":%q}`, id, target))
	cluster.Eventually(t, soon, "the end of the move", func(context.Context) error {
		if _, there := w.Azure.Resource(target + "/providers/" + rest); !there {
			return errors.New("it is not there")
		}
		return nil
	})
	return target + "/providers/" + rest
}

// A private cloud that was moved to another subscription is found there, with all that is in it, in clusters of it, beside it, and that refers to it, when
// the spec says where it is. Until then, whatever the spec says, nothing is ordered; and nothing is written to Azure for all of that. What is deleted then
// is deleted at the new place.
func TestAPrivateCloudThatWasMoved(t *testing.T) {
	t.Parallel()
	w := moveWorld(t)
	name := func(name string) metav1.ObjectMeta { return metav1.ObjectMeta{Namespace: w.Namespace, Name: name} }
	in := v1alpha1.ParentReference{Name: "weu"}
	cloud, other, second := harness.PrivateCloud(w.Namespace, "weu"), harness.PrivateCloud(w.Namespace, "other"), harness.Cluster(w.Namespace, "weu-2", 3)
	cloud.Spec.DeleteLock, cloud.Spec.Credentials = "Enabled", &v1alpha1.PrivateCloudCredentials{SecretName: "weu-admin"}
	other.Spec.NetworkBlock = "10.180.0.0/22"
	key := &v1alpha1.ExpressRouteAuthorization{ObjectMeta: name("hub"), Spec: v1alpha1.ExpressRouteAuthorizationSpec{PrivateCloudRef: in, SecretName: "hub-key"}}
	segment := &v1alpha1.Segment{ObjectMeta: name("web"),
		Spec: v1alpha1.SegmentSpec{PrivateCloudRef: in, Subnet: &v1alpha1.SegmentSubnet{GatewayAddress: "10.60.1.1/24"}}}
	store := &v1alpha1.Datastore{ObjectMeta: name("anf"),
		Spec: v1alpha1.DatastoreSpec{ClusterRef: &v1alpha1.ParentReference{Name: "weu-2"}, NetAppVolume: &v1alpha1.NetAppVolume{
			ID: "/subscriptions/" + w.Azure.SubscriptionID + "/resourceGroups/anf/providers/Microsoft.NetApp/netAppAccounts/a/capacityPools/p/volumes/v"}}}
	script := &v1alpha1.ScriptExecution{ObjectMeta: name("once"), Spec: v1alpha1.ScriptExecutionSpec{
		PrivateCloudRef: in, ScriptPackage: "Microsoft.AVS.Management", ScriptCmdlet: "Get-StoragePolicies", TimeoutSeconds: 900}}
	link := &v1alpha1.CloudLink{ObjectMeta: name("link"),
		Spec: v1alpha1.CloudLinkSpec{PrivateCloudRef: v1alpha1.ParentReference{Name: "other"}, LinkedCloudRef: &in}}
	inside := []kind.Object{second, key, segment, store, script}
	all := append([]kind.Object{cloud, other, link}, inside...)
	for _, object := range all {
		cluster.Create(t, object)
	}
	for _, object := range all {
		cluster.WaitReady(t, object)
	}
	rival := segment.DeepCopy()
	rival.ObjectMeta, rival.Spec.AzureName, rival.Spec.DisplayName, rival.Spec.AdoptionPolicy = name("rival"), "web", "rival", v1alpha1.AdoptionPolicyAlways
	cluster.Create(t, rival)
	cluster.WaitNotReady(t, rival, v1alpha1.ReasonAlreadyManaged, "Segment "+w.Namespace+"/web")
	was, writes := cloud.Status.ID, len(w.Azure.Writes())
	secrets := []*corev1.Secret{w.secret(t, "weu-admin"), w.secret(t, "hub-key")}
	immutable(t, cloud, "resourceGroup", newGroup)

	is := w.move(t, was, secondSubscription(w), newGroup)
	cluster.WaitNotReady(t, cloud, v1alpha1.ReasonNotFoundInAzure,
		"it is not at "+was+" any more: if it was moved, say where, with spec.subscriptionID and spec.resourceGroup", "not ordered a second time")
	for _, object := range inside {
		cluster.WaitReconciling(t, object, v1alpha1.ReasonReferenceNotReady)
	}
	env.Edit(t, cluster, cloud, func(c *v1alpha1.PrivateCloud) { c.Spec.ResourceGroup = "rg-neww" })
	cluster.WaitNotReady(t, cloud, v1alpha1.ReasonNotFoundInAzure, "not at "+was+" any more", "rg-neww/providers/Microsoft.AVS/privateClouds/weu either",
		"Nothing is ordered", "correct subscriptionID and resourceGroup")
	if err := w.Azure.SetAccess(secondSubscription(w), nil, []string{"somebody-else"}); err != nil {
		t.Fatal(err)
	}
	env.Edit(t, cluster, cloud, func(c *v1alpha1.PrivateCloud) {
		c.Spec.SubscriptionID, c.Spec.ResourceGroup = secondSubscription(w), newGroup
	})
	cluster.WaitNotReady(t, cloud, v1alpha1.ReasonForbidden, "whether it is at "+is+", as the spec says, cannot be found out", "Microsoft.AVS/privateClouds/read")
	w.Operator.Stop(t)
	if err := w.Azure.SetAccess(secondSubscription(w), nil, nil); err != nil {
		t.Fatal(err)
	}
	// as if Azure kept what it was told
	if err := w.Azure.SetInAzure(link.Status.ID, map[string]any{"properties": map[string]any{"linkedCloud": was}}); err != nil {
		t.Fatal(err)
	}
	w.StartOperator(t)
	for _, object := range all {
		cluster.WaitReady(t, object)
	}

	if cloud.Status.ID != is || strings.Join(cloud.Status.FormerIDs, " ") != was || cloud.Annotations[v1alpha1.AnnotationAzureID] != is ||
		!strings.HasPrefix(cloud.Status.Companion, is+"/") {
		t.Errorf("its ids are %s, %v, %s and %s", cloud.Status.ID, cloud.Status.FormerIDs, cloud.Annotations[v1alpha1.AnnotationAzureID], cloud.Status.Companion)
	}
	for _, object := range inside {
		cluster.WaitFor(t, soon, object, "its new id", func() error {
			id := object.AzureStatus().ID
			if !strings.HasPrefix(id, is+"/") || object.GetAnnotations()[v1alpha1.AnnotationAzureID] != id {
				return fmt.Errorf("%s is at %s and %s", object.GetName(), id, object.GetAnnotations()[v1alpha1.AnnotationAzureID])
			}
			return nil
		})
		cluster.WaitReady(t, object)
	}
	cluster.WaitNotReady(t, rival, v1alpha1.ReasonAlreadyManaged, is+"/", "Segment "+w.Namespace+"/web")
	for i, object := range []kind.Object{cloud, key} {
		if now := w.secret(t, secrets[i].Name); now.UID != secrets[i].UID || !reflect.DeepEqual(now.Data, secrets[i].Data) ||
			now.Annotations[v1alpha1.AnnotationAzureID] != object.AzureStatus().ID {
			t.Errorf("Secret %s of %s became another one, with the annotations %v", now.Name, object.AzureStatus().ID, now.Annotations)
		}
	}
	if err := w.Azure.RemoveInAzure(script.Status.ID); err != nil { // Azure forgets what has run
		t.Fatal(err)
	}
	cluster.WaitFor(t, soon, script, "the word that it has run", func() error {
		if c := meta.FindStatusCondition(script.Status.Conditions, v1alpha1.ConditionReady); c == nil || c.Status != metav1.ConditionTrue ||
			!strings.Contains(c.Message, "it has run") {
			return fmt.Errorf("Ready is %+v", c)
		}
		return nil
	})
	cluster.WaitReady(t, link)
	if got := w.Azure.Writes(); len(got) != writes {
		t.Errorf("written to Azure because of the move: %+v", got[writes:])
	}
	immutable(t, cloud, "subscriptionID", w.Azure.SubscriptionID)

	env.Edit(t, cluster, cloud, func(c *v1alpha1.PrivateCloud) { c.Spec.DeleteLock = "Disabled" })
	for _, object := range []kind.Object{rival, segment} {
		cluster.Remove(t, object)
	}
	for i, want := range []string{is + "/providers/Microsoft.Authorization/locks/avs-operator", is + "/workloadNetworks/default/segments/web"} {
		if got := w.Azure.Writes(); len(got) < writes+2 || got[writes+i].Method != http.MethodDelete || got[writes+i].Path != strings.ToLower(want) {
			t.Errorf("written after that: %+v", got[writes:])
		}
		if _, there := w.Azure.Resource(want); there {
			t.Errorf("%s is still there", want)
		}
	}
}

// secret reads a Secret.
func (w *world) secret(t *testing.T, name string) *corev1.Secret {
	t.Helper()
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: w.Namespace, Name: name}}
	cluster.Get(t, secret)
	return secret
}

// immutable fails unless the API server refuses another place while the private cloud is where it is.
func immutable(t *testing.T, cloud *v1alpha1.PrivateCloud, field, value string) {
	t.Helper()
	patch := client.RawPatch("application/merge-patch+json", []byte(fmt.Sprintf(`{"spec":{%q:%q}}`, field, value)))
	if err := cluster.Admin.Patch(t.Context(), cloud.DeepCopy(), patch, client.DryRunAll); err == nil ||
		!strings.Contains(err.Error(), field+" is immutable while") {
		t.Errorf("the edit of %s: %v", field, err)
	}
}

// What is at the place that the spec names is taken only if it is this object's, and the same one.
func TestWhatIsAtTheNewPlaceMustBeIt(t *testing.T) {
	t.Parallel()
	w := moveWorld(t)
	cloud, theirs := harness.PrivateCloud(w.Namespace, "weu"), harness.PrivateCloud(w.Namespace, "theirs")
	theirs.Spec.AzureName, theirs.Spec.ResourceGroup, theirs.Spec.NetworkBlock = "weu", newGroup, "10.180.0.0/22"
	cluster.Create(t, cloud, theirs)
	cluster.WaitReady(t, cloud)
	cluster.WaitReady(t, theirs)
	there := theirs.Status.ID
	cluster.Remove(t, theirs)
	if err := w.Azure.RemoveInAzure(cloud.Status.ID); err != nil {
		t.Fatal(err)
	}
	cluster.WaitNotReady(t, cloud, v1alpha1.ReasonNotFoundInAzure, "say where")
	env.Edit(t, cluster, cloud, func(c *v1alpha1.PrivateCloud) { c.Spec.ResourceGroup = newGroup })
	cluster.WaitNotReady(t, cloud, v1alpha1.ReasonAlreadyManaged, "is not this object's: its tag avs-operator-owner is ", "/theirs and not ",
		w.Namespace+"/weu", "Nothing is ordered")
	tag := func(owner any) {
		t.Helper()
		w.Azure.Set(t, there, map[string]any{"tags": map[string]any{v1alpha1.TagOwner: owner}})
	}
	tag(nil)
	cluster.WaitNotReady(t, cloud, v1alpha1.ReasonAlreadyManaged, "avs-operator-owner is absent")
	kube := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "kube-system"}}
	cluster.Get(t, kube)
	tag(string(kube.UID) + "/" + w.Namespace + "/weu")
	cluster.WaitNotReady(t, cloud, v1alpha1.ReasonImmutableField, "is another private cloud: its network is 10.180.0.0/22 and not 10.175.0.0/22")
	env.Edit(t, cluster, cloud, func(c *v1alpha1.PrivateCloud) { c.Spec.ResourceGroup = "" })
	cluster.WaitNotReady(t, cloud, v1alpha1.ReasonNotFoundInAzure, "say where")
	if len(cloud.Status.FormerIDs) > 0 || cloud.Status.ID != w.Azure.PrivateCloudID("weu") {
		t.Errorf("it is at %s, and was at %v", cloud.Status.ID, cloud.Status.FormerIDs)
	}
	w.Wrote(t, "PUT privateclouds/weu", "PUT privateclouds/weu")
}

// A private cloud that was moved, and whose old resource group is gone, is deleted where its spec says that it is now, with what is in it.
func TestAMovedPrivateCloudIsDeletedWhereItIs(t *testing.T) {
	t.Parallel()
	w := moveWorld(t)
	cloud := harness.PrivateCloud(w.Namespace, "weu")
	cloud.Spec.DeletionPolicy = v1alpha1.DeletionPolicyDelete
	cloud.Annotations = map[string]string{v1alpha1.AnnotationConfirmDelete: "weu", v1alpha1.AnnotationConfirmMachines: "weu"}
	key := &v1alpha1.ExpressRouteAuthorization{ObjectMeta: metav1.ObjectMeta{Namespace: w.Namespace, Name: "hub"},
		Spec: v1alpha1.ExpressRouteAuthorizationSpec{PrivateCloudRef: v1alpha1.ParentReference{Name: "weu"}}}
	stays := key.DeepCopy()
	stays.Name = "stays"
	cluster.Create(t, cloud, key, stays)
	cluster.WaitReady(t, key)
	cluster.WaitReady(t, stays)
	cluster.WaitReady(t, cloud)
	is := w.move(t, cloud.Status.ID, w.Azure.SubscriptionID, newGroup)
	old := "/subscriptions/" + w.Azure.SubscriptionID + "/resourceGroups/" + harness.ResourceGroup
	w.azureCall(t, http.StatusAccepted, http.MethodDelete, old, "")
	cluster.Eventually(t, soon, "the end of the old group", func(context.Context) error {
		if _, there := w.Azure.Resource(old); there {
			return errors.New("it is there")
		}
		return nil
	})
	cluster.WaitNotReady(t, cloud, v1alpha1.ReasonNotFoundInAzure, "say where")
	w.Operator.Stop(t)
	env.Edit(t, cluster, cloud, func(c *v1alpha1.PrivateCloud) { c.Spec.ResourceGroup = newGroup })
	cluster.Delete(t, key)
	cluster.Delete(t, stays)
	cluster.Delete(t, cloud)
	before := len(w.Azure.Writes())
	hidden := w.Azure.Inject(armsim.Fault{Verb: http.MethodGet,
		Path: regexp.MustCompile(regexp.QuoteMeta(strings.ToLower(is)) + "$"), Status: http.StatusServiceUnavailable, Count: -1})
	w.StartOperator(t)
	// While Azure does not show it at the new place, what is in it waits, and is left there by whoever says so.
	cluster.WaitNotReady(t, stays, v1alpha1.ReasonReferenceNotReady, "was moved and is not found yet", "to leave it in Azure, set deletionPolicy: Retain")
	env.Edit(t, cluster, stays, func(k *v1alpha1.ExpressRouteAuthorization) { k.Spec.DeletionPolicy = v1alpha1.DeletionPolicyRetain })
	cluster.WaitGone(t, soon, stays)
	if _, there := w.Azure.Resource(is + "/authorizations/stays"); !there || len(w.Azure.Writes()) != before {
		t.Errorf("it is not in Azure any more; written: %v", w.Azure.Writes()[before:])
	}
	w.Azure.RemoveFault(hidden)
	cluster.WaitGone(t, soon, key)
	cluster.WaitGone(t, soon, cloud)
	var deleted []string
	for _, r := range w.Azure.Writes()[before:] {
		deleted = append(deleted, r.Method+" "+r.Path)
	}
	if want := "DELETE " + strings.ToLower(is) + "/authorizations/hub DELETE " + strings.ToLower(is); strings.Join(deleted, " ") != want {
		t.Errorf("written: %v, want %s", deleted, want)
	}
	if left := w.Azure.Resources(strings.ToLower(is)); len(left) > 0 {
		t.Errorf("left in Azure: %v", left)
	}
}
