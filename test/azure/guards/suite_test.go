// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package guards shows that what Azure would refuse is not asked of it: each guard says the number that is missing, lets go by itself when the
// cause is gone, and not one refused write is sent meanwhile.
package guards

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/google/uuid"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/feature"
	"github.com/avs-operator/avs-operator/test/armsim"
	"github.com/avs-operator/avs-operator/test/env"
	"github.com/avs-operator/avs-operator/test/harness"
)

var cluster *env.Env

func TestMain(m *testing.M) { harness.Main(m, &cluster, 6) }

const (
	// fast lets four hours of Azure's pass in four seconds, and ten minutes, after which guards look again, in a sixth of a second.
	fast = 3600
	soon = 90 * time.Second
)

// world is one test's Azure, namespace and operator.
type world struct {
	*harness.World
	// portal is somebody else who works in the same subscription.
	portal *arm.Client
}

func newWorld(t *testing.T, change ...func(*armsim.Config)) *world {
	t.Helper()
	w := &world{World: harness.NewWorld(t, cluster, fast)}
	w.StartAzure(t, change...)
	connection := harness.Transport(w.Azure.CAPEM())
	t.Cleanup(connection.CloseIdleConnections)
	credential, err := azidentity.NewClientSecretCredential(harness.TenantID, harness.ClientID, harness.ClientSecret, &azidentity.ClientSecretCredentialOptions{
		ClientOptions: policy.ClientOptions{Cloud: w.Azure.Cloud(), Transport: connection}, DisableInstanceDiscovery: true})
	if err != nil {
		t.Fatal(err)
	}
	if w.portal, err = arm.NewClient(arm.Options{Credential: credential, Cloud: w.Azure.Cloud(), Transport: connection, Principal: "portal",
		Speed: fast}); err != nil {
		t.Fatal(err)
	}
	w.StartOperator(t, func(o *controllers.Options) { o.Features, _ = feature.Parse("ScaleInHosts=true") })
	// Whatever a test does: nothing that was sent to Azure was refused.
	t.Cleanup(func() {
		for _, r := range w.Azure.Requests() {
			if r.Method != http.MethodGet && r.Status >= 400 {
				t.Errorf("Azure refused %s %s with %d", r.Method, r.Path, r.Status)
			}
		}
	})
	return w
}

// withCloud makes a private cloud named weu of so many hosts.
func (w *world) withCloud(t *testing.T, size int32) *v1alpha1.PrivateCloud {
	t.Helper()
	cloud := harness.PrivateCloud(w.Namespace, "weu")
	cloud.Spec.ManagementCluster.ClusterSize = size
	cluster.Create(t, cloud)
	cluster.WaitReady(t, cloud)
	return cloud
}

func (w *world) id() arm.ID { return arm.ID(w.Azure.PrivateCloudID("weu")) }

func properties(values map[string]any) map[string]any { return map[string]any{"properties": values} }

// put makes a resource in Azure as somebody in the portal would, and waits until it is there.
func (w *world) put(t *testing.T, id arm.ID, body string) {
	t.Helper()
	write := arm.Write{ID: id, Types: []string{id.Type()}, Verb: arm.PUT, OperationID: uuid.NewString(),
		Deadline: time.Now().Add(20 * time.Second), Body: []byte(body)}
	cluster.Eventually(t, soon, "a PUT of "+string(id), func(ctx context.Context) error {
		_, err := w.portal.Begin(ctx, write)
		return err
	})
	cluster.Eventually(t, soon, string(id), func(ctx context.Context) error {
		r, err := w.portal.Get(ctx, id)
		if err == nil && r.ProvisioningState() != "Succeeded" {
			err = fmt.Errorf("it is %s", r.ProvisioningState())
		}
		return err
	})
}

// held waits until the object is not Ready for the reason, with Stalled or Reconciling, and a message with all the words; and shows that then
// nothing is written to Azure.
func (w *world) held(t *testing.T, object client.Object, progress, reason string, words ...string) {
	t.Helper()
	cluster.WaitProgress(t, object, progress, reason, words...)
	w.NothingWritten(t, 300*time.Millisecond)
}

func (w *world) stalled(t *testing.T, object client.Object, reason string, words ...string) {
	t.Helper()
	w.held(t, object, v1alpha1.ConditionStalled, reason, words...)
}

// resize asks for another number of hosts.
func resize(t *testing.T, object client.Object, size int32) {
	t.Helper()
	env.Edit(t, cluster, object, func(object client.Object) {
		switch o := object.(type) {
		case *v1alpha1.PrivateCloud:
			o.Spec.ManagementCluster.ClusterSize = size
		case *v1alpha1.Cluster:
			o.Spec.ClusterSize = ptr.To(size)
		}
	})
}

// condition waits until a condition has the status and its message the words; an empty status waits until it is not there.
func condition(t *testing.T, object client.Object, name string, want metav1.ConditionStatus, words ...string) {
	t.Helper()
	if want != "" {
		cluster.WaitSays(t, object, name, want, "", words...)
		return
	}
	cluster.WaitFor(t, soon, object, name+" to be away", func() error {
		if c := env.Condition(object, name); c != nil {
			return fmt.Errorf("it is %+v", c)
		}
		return nil
	})
}

// withStretched makes a private cloud in two zones.
func (w *world) withStretched(t *testing.T) *v1alpha1.PrivateCloud {
	t.Helper()
	cloud := harness.PrivateCloud(w.Namespace, "weu")
	cloud.Spec.ManagementCluster.ClusterSize = 6
	cloud.Spec.Availability = &v1alpha1.Availability{Strategy: "DualZone", Zone: 1, SecondaryZone: 2}
	cluster.Create(t, cloud)
	cluster.WaitReady(t, cloud)
	return cloud
}
