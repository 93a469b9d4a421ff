// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers"
	"github.com/avs-operator/avs-operator/controllers/azure/kind"
	"github.com/avs-operator/avs-operator/test/armsim"
	"github.com/avs-operator/avs-operator/test/env"
	"github.com/avs-operator/avs-operator/test/harness"
)

// estate is what a test has in Azure, as one Kubernetes cluster declares it.
type estate struct {
	cloud   *v1alpha1.PrivateCloud
	hosts   *v1alpha1.Cluster
	key     *v1alpha1.ExpressRouteAuthorization
	segment *v1alpha1.Segment
	script  *v1alpha1.ScriptExecution
}

func declared(namespace string, policy v1alpha1.AdoptionPolicy) estate {
	of := func(name string) metav1.ObjectMeta { return metav1.ObjectMeta{Namespace: namespace, Name: name} }
	in := v1alpha1.ParentReference{Name: "weu"}
	e := estate{
		cloud: harness.PrivateCloud(namespace, "weu"),
		hosts: &v1alpha1.Cluster{ObjectMeta: of("more"), Spec: v1alpha1.ClusterSpec{PrivateCloudRef: in, SKU: "av36p", ClusterSize: ptr.To[int32](3)}},
		key:   &v1alpha1.ExpressRouteAuthorization{ObjectMeta: of("hub"), Spec: v1alpha1.ExpressRouteAuthorizationSpec{PrivateCloudRef: in, SecretName: "hub-key"}},
		segment: &v1alpha1.Segment{ObjectMeta: of("web"),
			Spec: v1alpha1.SegmentSpec{PrivateCloudRef: in, Subnet: &v1alpha1.SegmentSubnet{GatewayAddress: "10.1.0.1/24"}}},
		script: &v1alpha1.ScriptExecution{ObjectMeta: of("look"), Spec: v1alpha1.ScriptExecutionSpec{
			PrivateCloudRef: in, ScriptPackage: "Microsoft.AVS.Management", ScriptCmdlet: "Get-StoragePolicies", TimeoutSeconds: 900}},
	}
	for _, object := range e.all() {
		object.AzureSpec().AdoptionPolicy = policy
	}
	return e
}

func (e estate) all() []kind.Object {
	return []kind.Object{e.cloud, e.hosts, e.key, e.segment, e.script}
}

// TestANewClusterTakesOverFromALostOne follows the guide's page: the Kubernetes cluster is lost in the middle of its work, and another one, with
// its own API server, takes over what it had in Azure, with one write: the owner's tag.
func TestANewClusterTakesOverFromALostOne(t *testing.T) {
	t.Parallel()
	other, err := env.Start(t.Context(), env.Options{Scheme: controllers.Scheme()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := other.Stop(); err != nil {
			t.Error(err)
		}
	})
	w := newWorld(t, 1200)
	lost := declared(w.Namespace, "")
	cluster.Create(t, lost.cloud, lost.key, lost.segment, lost.script)
	for _, object := range []kind.Object{lost.cloud, lost.key, lost.segment, lost.script} {
		cluster.WaitReady(t, object)
	}
	cluster.Create(t, lost.hosts)
	cluster.Eventually(t, soon, "the order of hosts", func(context.Context) error {
		if all := w.Azure.Writes(); len(all) == 0 || !strings.HasSuffix(all[len(all)-1].Path, "/clusters/more") {
			return fmt.Errorf("%d writes", len(all))
		}
		return nil
	}, lost.hosts)
	w.Operator.Stop(t) // and with it the Kubernetes cluster
	before := len(w.Azure.Writes())

	namespace := other.Namespace(t)
	other.Create(t, w.Azure.Identity(namespace)...)
	harness.StartOperator(t, harness.OperatorOptions{Config: other.OperatorConfig(), Speed: w.Speed, Namespace: namespace})
	found := declared(namespace, v1alpha1.AdoptionPolicyTakeover)
	absent := found.segment.DeepCopy()
	absent.Name, absent.Spec.Subnet.GatewayAddress = "never-made", "10.3.0.1/24"
	found.segment.Spec.Subnet.GatewayAddress = "10.2.0.1/24" // not what Azure has
	for _, object := range found.all() {
		other.Create(t, object)
	}
	other.Create(t, absent)
	stalled := func(object kind.Object, reason string, words ...string) {
		t.Helper()
		env.Says(t, other.WaitStalled(t, object, reason), words...)
	}
	for _, object := range []kind.Object{found.cloud, found.hosts, found.key, found.script} {
		other.WaitReady(t, object)
	}
	stalled(absent, v1alpha1.ReasonNotFoundInAzure, "with adoptionPolicy: Takeover nothing is made")
	stalled(found.segment, v1alpha1.ReasonAdoptionRefused, "nothing is changed", "10.1.0.1/24", "10.2.0.1/24")
	// Whoever gives up taking over takes nothing out of Azure.
	other.Delete(t, found.segment)
	other.WaitGone(t, soon, found.segment)
	writes := slices.DeleteFunc(w.Azure.Writes()[before:], func(r armsim.Request) bool { return r.Status == http.StatusConflict }) // while the order runs
	if len(writes) != 1 || writes[0].Method != http.MethodPatch || !strings.HasSuffix(writes[0].Path, "/privateclouds/weu") {
		t.Fatalf("taking over wrote %v, want the owner's tag alone", writes)
	}
	if w.InAzure("/workloadNetworks/default/segments/web", "id") == nil {
		t.Error("the segment that was not taken over is gone")
	}
	// From here on it is managed as if it had been made here.
	env.Edit(t, other, found.cloud, func(c *v1alpha1.PrivateCloud) { c.Spec.AdoptionPolicy, c.Spec.Internet = "", "Enabled" })
	other.WaitFor(t, soon, found.cloud, "the edit in Azure", func() error {
		if got := w.InAzure("", "properties", "internet"); got != "Enabled" {
			return fmt.Errorf("internet is %v", got)
		}
		return nil
	})
	secret := &metav1.PartialObjectMetadata{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Secret"}}
	if err := other.Admin.Get(t.Context(), client.ObjectKey{Namespace: namespace, Name: "hub-key"}, secret); err != nil {
		t.Errorf("the key was not exported again: %v", err)
	}
}
