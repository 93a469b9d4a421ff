// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package privatecloud_test connects to the vCenters of private clouds: what Azure reports of them is followed, and cloudadmin's password
// with it.
package privatecloud_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/connect/identities"
	"github.com/avs-operator/avs-operator/controllers/connect/secrets"
	"github.com/avs-operator/avs-operator/test/armsim"
	"github.com/avs-operator/avs-operator/test/env"
	"github.com/avs-operator/avs-operator/test/harness"
	"github.com/avs-operator/avs-operator/test/vcentersim"
)

var cluster *env.Env

func TestMain(m *testing.M) { harness.Main(m, &cluster, 4) }

// speed lets six hours of building pass in four seconds.
const speed = 5000

const cloudadmin = "cloudadmin@vsphere.local"

// world is an Azure with a private cloud under way, a VCenter that names it, and the operator.
type world struct {
	*harness.World
	cloud   *v1alpha1.PrivateCloud
	vcenter *v1alpha1.VCenter
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{World: harness.NewWorld(t, cluster, speed)}
	w.vcenter = &v1alpha1.VCenter{ObjectMeta: w.Meta("weu"), Spec: v1alpha1.VCenterSpec{PrivateCloudRef: &v1alpha1.ObjectReference{Name: "weu"}}}
	w.cloud = harness.PrivateCloud(w.Namespace, "weu")
	cluster.Create(t, w.vcenter) // first: in an apply everything arrives in any order
	w.StartAzure(t, harness.LiveVCenters, func(c *armsim.Config) { c.VCenterPortGroups = []string{"finance-web"} })
	w.StartOperator(t)
	w.says(t, v1alpha1.ConditionReconciling, metav1.ConditionTrue, v1alpha1.ReasonReferenceNotFound, "PrivateCloud", "weu")
	cluster.Create(t, w.cloud)
	return w
}

// says waits until a condition of the VCenter has that status and reason, with the words in its message.
func (w *world) says(t *testing.T, condition string, status metav1.ConditionStatus, reason string, words ...string) {
	t.Helper()
	cluster.WaitSays(t, w.vcenter, condition, status, reason, words...)
}

// logins counts cloudadmin's at the private cloud's vCenter.
func (w *world) logins() (accepted, refused int) {
	for _, login := range w.Azure.VCenter(w.Azure.PrivateCloudID("weu")).Logins() {
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
	cluster.WaitReady(t, w.vcenter)
	live := w.Azure.VCenter(w.Azure.PrivateCloudID("weu"))
	s := w.vcenter.Status
	if !strings.HasPrefix(s.URL, live.URL()) || s.InstanceUUID != live.InstanceUUID() || s.Inventory == nil || s.Inventory.Hosts != 3 {
		t.Errorf("the status is %+v, inventory %+v; the vCenter is %s at %s", s, s.Inventory, live.InstanceUUID(), live.URL())
	}
	// The password is nowhere but in memory.
	secrets := &corev1.SecretList{}
	if err := cluster.Admin.List(t.Context(), secrets, client.InNamespace(w.Namespace)); err != nil {
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
	cluster.Patch(t, w.cloud, `{"spec":{"managementCluster":{"clusterSize":4}}}`)
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
	cluster.WaitReady(t, w.vcenter)
	live := w.Azure.VCenter(w.Azure.PrivateCloudID("weu"))

	cluster.Patch(t, w.cloud, `{"spec":{"credentials":{"vcenterRotation":"first"}}}`)
	cluster.WaitFor(t, time.Minute, w.cloud, "the word to be noted", func() error {
		if r := w.cloud.Status.Rotations; r == nil || r.VCenter != "first" {
			return fmt.Errorf("rotations are %+v", r)
		}
		return nil
	})
	before := len(live.Logins())
	cluster.Patch(t, w.cloud, `{"spec":{"credentials":{"vcenterRotation":"second"}}}`)
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
	cluster.WaitReady(t, w.vcenter)
	harness.RefusalsApart(t, live, cloudadmin, speed)
}

// TestARotationThatNoObjectTellsIsFollowed changes cloudadmin's password in the portal: the session that ends is renewed with the new one,
// after the old one was refused once, and the Secret that the private cloud writes has it too.
func TestARotationThatNoObjectTellsIsFollowed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	cluster.WaitReady(t, w.vcenter)
	live := w.Azure.VCenter(w.Azure.PrivateCloudID("weu"))
	exported := func(want string) {
		t.Helper()
		cluster.Eventually(t, time.Minute, "the password in the Secret", func(ctx context.Context) error {
			secret := &corev1.Secret{}
			if err := cluster.Admin.Get(ctx, client.ObjectKey{Namespace: w.Namespace, Name: "weu-admin"}, secret); err != nil {
				return err
			}
			if string(secret.Data["vcenterPassword"]) != want {
				return errors.New("it has another one")
			}
			return nil
		}, w.cloud)
	}
	cluster.Patch(t, w.cloud, `{"spec":{"credentials":{"secretName":"weu-admin"}}}`)
	before := live.Password()
	exported(before)
	old := live.Logins()
	portal, _, o := identities.New(identities.Options{
		Client: cluster.Admin, Live: secrets.Live{Reader: cluster.Admin}, Pace: speed, AllowedEndpoints: []string{"127.0.0.1"}, // where the simulator serves
	}).Client(t.Context(), w.Namespace, nil)
	if o != nil {
		t.Fatal(o.Message)
	}
	id, err := arm.ParseID(w.Azure.PrivateCloudID("weu"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := portal.Begin(t.Context(), arm.Write{ID: id, Types: []string{id.Type()}, Verb: arm.POST, Action: "rotateVcenterPassword",
		OperationID: "by-hand", Deadline: time.Now().Add(time.Minute)}); err != nil {
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
	cluster.WaitReady(t, w.vcenter)
	if live.Password() == before {
		t.Fatal("the portal has changed no password")
	}
	exported(live.Password())
	harness.RefusalsApart(t, live, cloudadmin, speed)
}

// TestAPrivateCloudIsHeldForAMachineUnderWay deletes a private cloud, and all that its vCenter's password is asked for with, while a machine is
// on its way there: all of it stays until the machine has arrived, so that an operator which is started meanwhile logs in too, and goes then.
func TestAPrivateCloudIsHeldForAMachineUnderWay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	cluster.WaitReady(t, w.vcenter)
	target := w.Azure.VCenter(w.Azure.PrivateCloudID("weu"))
	source := w.StartVCenter(t, "oslo", harness.OnPremises())
	deleted := make(chan struct{})
	source.Inject(vcentersim.Fault{Relocate: true, AtPercent: 50, Hang: true, Until: deleted})
	if _, err := source.AddMachine(vcentersim.MachineSpec{Name: "web-01", Folder: "Finance", Networks: []string{"VLAN-120"}, DiskGB: []int{40},
		PoweredOn: true}); err != nil {
		t.Fatal(err)
	}
	move := harness.WorkloadMove(w.Namespace, "finance", v1alpha1.MoveStateRun)
	cluster.Create(t, move)
	cluster.Eventually(t, 2*time.Minute, "the machine to be under way", func(ctx context.Context) error {
		moves := &v1alpha1.VirtualMachineMoveList{}
		if err := cluster.Admin.List(ctx, moves, client.InNamespace(w.Namespace)); err != nil {
			return err
		}
		for _, m := range moves.Items {
			if m.Status.Step == v1alpha1.MoveStepRelocating && m.Status.Task != nil && m.Status.Task.State == v1alpha1.OperationAccepted {
				return nil
			}
		}
		return fmt.Errorf("%d moves", len(moves.Items))
	}, move)

	needed := append([]client.Object{w.cloud}, w.Azure.Identity(w.Namespace)...)
	for _, object := range needed {
		cluster.Delete(t, object)
	}
	logins, _ := w.logins()
	w.RestartOperator(t)
	cluster.Eventually(t, time.Minute, "the new operator's login at the target", func(context.Context) error {
		if now, refused := w.logins(); now == logins || refused > 0 {
			return fmt.Errorf("%d logins, %d refused", now-logins, refused)
		}
		return nil
	}, w.vcenter)
	for _, object := range needed {
		if err := cluster.Admin.Get(t.Context(), client.ObjectKeyFromObject(object), object); err != nil || object.GetDeletionTimestamp() == nil {
			t.Errorf("%T %s was not held while a machine was under way: %v", object, object.GetName(), err)
		}
	}
	close(deleted)
	cluster.WaitCondition(t, 2*time.Minute, move, v1alpha1.ConditionComplete, "True")
	for _, object := range needed {
		cluster.WaitGone(t, 2*time.Minute, object)
	}
	if at := target.Machines(); !slices.ContainsFunc(at, func(m vcentersim.MachineState) bool { return m.Name == "web-01" && m.PowerState == "poweredOn" }) {
		t.Errorf("at the target are %+v", at)
	}
	if n := len(source.Machines()); n != 0 {
		t.Errorf("%d machines are left at the source", n)
	}
}
