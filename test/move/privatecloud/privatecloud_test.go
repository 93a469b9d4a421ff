// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package privatecloud_test connects to the vCenters of private clouds: what Azure reports of them is followed, and cloudadmin's password
// with it.
package privatecloud_test

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/connect"
	"github.com/avs-operator/avs-operator/test/armsim"
	"github.com/avs-operator/avs-operator/test/env"
	"github.com/avs-operator/avs-operator/test/harness"
	"github.com/avs-operator/avs-operator/test/vcentersim"
)

var cluster *env.Env

func TestMain(m *testing.M) {
	os.Exit(env.Main(m, env.Options{Scheme: controllers.Scheme()}, func(e *env.Env) { cluster = e }))
}

// speed lets six hours of building pass in four seconds.
const speed = 5000

const cloudadmin = "cloudadmin@vsphere.local"

// world is an Azure with a private cloud under way, a VCenter that names it, and the operator.
type world struct {
	azure     *harness.Azure
	namespace string
	cloud     *v1alpha1.PrivateCloud
	vcenter   *v1alpha1.VCenter
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{namespace: cluster.Namespace(t)}
	w.azure = harness.StartAzure(t, speed, func(c *armsim.Config) { c.VCenterPortGroups = []string{"finance-web"} })
	w.vcenter = &v1alpha1.VCenter{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: "weu"},
		Spec:       v1alpha1.VCenterSpec{PrivateCloudRef: &v1alpha1.ObjectReference{Name: "weu"}},
	}
	w.cloud = harness.PrivateCloud(w.namespace, "weu")
	cluster.Create(t, w.vcenter) // first: in an apply everything arrives in any order
	cluster.Create(t, w.azure.Identity(w.namespace)...)
	harness.StartOperator(t, harness.OperatorOptions{Config: cluster.OperatorConfig(), Speed: speed, Namespace: w.namespace})
	w.says(t, v1alpha1.ConditionReconciling, metav1.ConditionTrue, v1alpha1.ReasonReferenceNotFound, "PrivateCloud", "weu")
	cluster.Create(t, w.cloud)
	return w
}

// says waits until a condition of the VCenter has that status and reason, with the words in its message.
func (w *world) says(t *testing.T, condition string, status metav1.ConditionStatus, reason string, words ...string) {
	t.Helper()
	cluster.WaitFor(t, 2*time.Minute, w.vcenter, fmt.Sprintf("%s=%s %s", condition, status, reason), func() error {
		c := meta.FindStatusCondition(w.vcenter.Status.Conditions, condition)
		if c == nil || c.Status != status || c.Reason != reason {
			return fmt.Errorf("it says %+v", c)
		}
		for _, word := range words {
			if !strings.Contains(c.Message, word) {
				return fmt.Errorf("the message lacks %q: %s", word, c.Message)
			}
		}
		return nil
	})
}

// logins counts cloudadmin's at the private cloud's vCenter.
func (w *world) logins() (accepted, refused int) {
	for _, login := range w.azure.VCenter(w.azure.PrivateCloudID("weu")).Logins() {
		switch {
		case login.User != cloudadmin:
		case login.OK:
			accepted++
		default:
			refused++
		}
	}
	return accepted, refused
}

func TestThePrivateCloudBringsItsVCenter(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.says(t, v1alpha1.ConditionReconciling, metav1.ConditionTrue, v1alpha1.ReasonReferenceNotReady, "as soon as Azure has built it")
	cluster.WaitCondition(t, 2*time.Minute, w.vcenter, v1alpha1.ConditionReady, "True")
	live := w.azure.VCenter(w.azure.PrivateCloudID("weu"))
	s := w.vcenter.Status
	if !strings.HasPrefix(s.URL, live.URL()) || s.InstanceUUID != live.InstanceUUID() || s.Inventory == nil || s.Inventory.Hosts != 3 {
		t.Errorf("the status is %+v, inventory %+v; the vCenter is %s at %s", s, s.Inventory, live.InstanceUUID(), live.URL())
	}
	// The password is nowhere but in memory.
	secrets := &corev1.SecretList{}
	if err := cluster.Admin.List(t.Context(), secrets, client.InNamespace(w.namespace)); err != nil {
		t.Fatal(err)
	}
	for _, secret := range secrets.Items {
		for key, value := range secret.Data {
			if strings.Contains(string(value), live.Password()) {
				t.Errorf("Secret %s holds cloudadmin's password under %s, and nobody asked for that", secret.Name, key)
			}
		}
	}
	if _, refused := w.logins(); refused != 0 {
		t.Errorf("%d logins were refused", refused)
	}
	size := client.RawPatch(types.MergePatchType, []byte(`{"spec":{"managementCluster":{"clusterSize":4}}}`))
	if err := cluster.Admin.Patch(t.Context(), w.cloud, size); err != nil {
		t.Fatal(err)
	}
	cluster.WaitFor(t, time.Minute, w.vcenter, "the fourth host", func() error {
		if w.vcenter.Status.Inventory.Hosts != 4 {
			return fmt.Errorf("%d hosts", w.vcenter.Status.Inventory.Hosts)
		}
		return nil
	})
}

// TestARotationIsFollowed changes cloudadmin's password as the spec says.
func TestARotationIsFollowed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	cluster.WaitCondition(t, 2*time.Minute, w.vcenter, v1alpha1.ConditionReady, "True")
	live := w.azure.VCenter(w.azure.PrivateCloudID("weu"))

	word := client.RawPatch(types.MergePatchType, []byte(`{"spec":{"credentials":{"vcenterRotation":"first"}}}`))
	if err := cluster.Admin.Patch(t.Context(), w.cloud, word); err != nil {
		t.Fatal(err)
	}
	cluster.WaitFor(t, time.Minute, w.cloud, "the word to be noted", func() error {
		if r := w.cloud.Status.Rotations; r == nil || r.VCenter != "first" {
			return fmt.Errorf("rotations are %+v", r)
		}
		return nil
	})
	before := len(live.Logins())
	word = client.RawPatch(types.MergePatchType, []byte(`{"spec":{"credentials":{"vcenterRotation":"second"}}}`))
	if err := cluster.Admin.Patch(t.Context(), w.cloud, word); err != nil {
		t.Fatal(err)
	}
	cluster.WaitFor(t, time.Minute, w.cloud, "the rotation", func() error {
		if r := w.cloud.Status.Rotations; r == nil || r.VCenter != "second" {
			return fmt.Errorf("rotations are %+v", r)
		}
		return nil
	})
	cluster.Eventually(t, time.Minute, "a login with the new password", func(context.Context) error {
		for _, login := range live.Logins()[before:] {
			if login.User == cloudadmin && login.OK {
				return nil
			}
		}
		return fmt.Errorf("logins since: %+v", live.Logins()[before:])
	}, w.vcenter)
	live.ExpireSessions()
	cluster.WaitCondition(t, time.Minute, w.vcenter, v1alpha1.ConditionReady, "True")
	if _, refused := w.logins(); refused > 1 {
		t.Errorf("%d logins were refused on the way; five lock the account", refused)
	}
}

// TestARotationThatNoObjectTellsIsFollowed changes cloudadmin's password in the portal: the session that ends is renewed with the new one,
// after the old one was refused once.
func TestARotationThatNoObjectTellsIsFollowed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	cluster.WaitCondition(t, 2*time.Minute, w.vcenter, v1alpha1.ConditionReady, "True")
	live := w.azure.VCenter(w.azure.PrivateCloudID("weu"))
	old := live.Logins()
	portal, _, o := connect.NewAzure(connect.AzureOptions{
		Client: cluster.Admin, Live: connect.Live{Reader: cluster.Admin}, Pace: speed, AllowedEndpoints: []string{"127.0.0.1"}, // where the simulator serves
	}).Client(t.Context(), w.namespace, nil)
	if o != nil {
		t.Fatal(o.Message)
	}
	id, err := arm.ParseID(w.azure.PrivateCloudID("weu"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := portal.Begin(t.Context(), arm.Write{ID: id, Verb: arm.POST, Action: "rotateVcenterPassword", OperationID: "by-hand", Deadline: time.Now().Add(time.Minute)}); err != nil {
		t.Fatal(err)
	}
	refused := func() (at int) { // among the logins since, -1 if there is none
		return slices.IndexFunc(live.Logins()[len(old):], func(l vcentersim.Login) bool { return l.User == cloudadmin && !l.OK })
	}
	cluster.Eventually(t, time.Minute, "the old password to be refused", func(context.Context) error {
		if refused() < 0 {
			live.ExpireSessions()
			return fmt.Errorf("logins since: %+v", live.Logins()[len(old):])
		}
		return nil
	}, w.vcenter)
	cluster.Eventually(t, time.Minute, "a login with the new password", func(context.Context) error {
		since := live.Logins()[len(old):]
		if !slices.ContainsFunc(since[refused():], func(l vcentersim.Login) bool { return l.User == cloudadmin && l.OK }) {
			return fmt.Errorf("logins since: %+v", since)
		}
		return nil
	}, w.vcenter)
	cluster.WaitCondition(t, time.Minute, w.vcenter, v1alpha1.ConditionReady, "True")
	if _, refused := w.logins(); refused > 2 {
		t.Errorf("the old password was tried %d times; five refusals lock the account", refused)
	}
}
