// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/test/armsim"
	"github.com/avs-operator/avs-operator/test/env"
	"github.com/avs-operator/avs-operator/test/harness"
	"github.com/avs-operator/avs-operator/test/vcentersim"
)

// lockOf is the delete lock of the private cloud in Azure, as its path in a write.
const lockOf = "privateclouds/weu/providers/microsoft.authorization/locks/avs-operator"

// lockedWorld has a private cloud with a delete lock, and two objects in it.
func lockedWorld(t *testing.T, policy v1alpha1.DeletionPolicy, live bool) (
	w *world, cloud *v1alpha1.PrivateCloud, path *v1alpha1.IscsiPath, key *v1alpha1.ExpressRouteAuthorization) {
	t.Helper()
	w = newWorld(t, fast, func(c *armsim.Config) { c.NoVCenters = !live })
	cloud = harness.PrivateCloud(w.Namespace, "weu")
	cloud.Spec.DeleteLock, cloud.Spec.DeletionPolicy = "Enabled", policy
	cloud.Annotations = map[string]string{v1alpha1.AnnotationConfirmDelete: "weu"}
	if !live {
		cloud.Annotations[v1alpha1.AnnotationConfirmMachines] = "weu"
	}
	in := v1alpha1.ParentReference{Name: "weu"}
	path = &v1alpha1.IscsiPath{ObjectMeta: metav1.ObjectMeta{Namespace: w.Namespace, Name: "iscsi"},
		Spec: v1alpha1.IscsiPathSpec{PrivateCloudRef: in, NetworkBlock: "10.200.0.0/24"}}
	key = &v1alpha1.ExpressRouteAuthorization{ObjectMeta: metav1.ObjectMeta{Namespace: w.Namespace, Name: "hub"},
		Spec: v1alpha1.ExpressRouteAuthorizationSpec{PrivateCloudRef: in}}
	cluster.Create(t, cloud, path, key)
	cluster.WaitReady(t, path)
	cluster.WaitReady(t, key)
	cluster.WaitReady(t, cloud)
	w.locked(t, "avs-operator", true)
	return w, cloud, path, key
}

// lock reads a lock of the private cloud in Azure.
func (w *world) lock(name string) (map[string]any, bool) {
	return w.Azure.Resource(w.Azure.PrivateCloudID("weu") + "/providers/Microsoft.Authorization/locks/" + name)
}

func (w *world) locked(t *testing.T, name string, want bool) {
	t.Helper()
	cluster.Eventually(t, soon, fmt.Sprintf("a lock %s: %t", name, want), func(context.Context) error {
		if _, there := w.lock(name); there != want {
			return fmt.Errorf("it is there: %t", there)
		}
		return nil
	})
}

// deletedInOrder are the deletes that Azure was sent, the lock's too, and none of them was refused.
func (w *world) deletedInOrder(t *testing.T) []string {
	t.Helper()
	var out []string
	for _, r := range w.Azure.Writes() {
		if r.Method != http.MethodDelete {
			continue
		}
		if r.Status >= 400 {
			t.Errorf("Azure refused %s %s: %d", r.Method, r.Path, r.Status)
		}
		_, path, _ := strings.Cut(r.Path, "microsoft.avs/privateclouds/")
		out = append(out, path)
	}
	return out
}

// A private cloud with a delete lock and what is in it are deleted together, by object or with their namespace, in any order. It ends.
func TestALockedPrivateCloudIsDeletedTogetherWithWhatIsInIt(t *testing.T) {
	t.Parallel()
	for _, by := range []string{"object", "namespace"} {
		for _, policy := range []v1alpha1.DeletionPolicy{v1alpha1.DeletionPolicyDelete, v1alpha1.DeletionPolicyRetain} {
			t.Run(string(policy)+" by "+by, func(t *testing.T) {
				t.Parallel()
				w, cloud, path, key := lockedWorld(t, policy, false)
				all := []client.Object{path, cloud, key}
				asked := all
				if by == "namespace" {
					asked = []client.Object{&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: w.Namespace}}}
					all = append(all, asked...)
				}
				for _, object := range asked {
					cluster.Delete(t, object)
				}
				for _, object := range all {
					cluster.WaitGone(t, 2*soon, object)
				}
				deleted := w.deletedInOrder(t)
				if policy == v1alpha1.DeletionPolicyDelete {
					if len(deleted) != 4 || deleted[0] != strings.TrimPrefix(lockOf, "privateclouds/") || deleted[3] != "weu" {
						t.Errorf("deleted in Azure: %v", deleted)
					}
					return
				}
				if len(deleted) > 0 {
					t.Errorf("deleted in Azure although the private cloud is retained with its lock: %v", deleted)
				}
				if by == "object" {
					w.toldRetained(t, path)
				}
				w.locked(t, "avs-operator", true)
			})
		}
	}
}

// toldRetained wants an event that says why an object was let go.
func (w *world) toldRetained(t *testing.T, object client.Object) {
	t.Helper()
	list := &corev1.EventList{}
	if err := cluster.Admin.List(t.Context(), list, client.InNamespace(w.Namespace)); err != nil {
		t.Fatal(err)
	}
	for _, e := range list.Items {
		if e.InvolvedObject.Name == object.GetName() && e.Reason == v1alpha1.ReasonRetained {
			env.Says(t, e.Message, "PrivateCloud weu", "stays in Azure", "deletionPolicy Retain")
			return
		}
	}
	t.Errorf("no event says that %s was let go", object.GetName())
}

// An object that is deleted alone waits for the lock, and does what its message says frees it, also while the private cloud is being deleted.
func TestWhatIsDeletedUnderALockIsFreedAsItsMessageSays(t *testing.T) {
	t.Parallel()
	w, cloud, path, key := lockedWorld(t, v1alpha1.DeletionPolicyDelete, true)
	vcenter := w.Azure.VCenter(cloud.Status.ID)
	if _, err := vcenter.AddMachine(vcentersim.MachineSpec{Name: "ledger", DiskGB: []int{10}, PoweredOn: true}); err != nil {
		t.Fatal(err)
	}
	cluster.Delete(t, path)
	cluster.Delete(t, key)
	env.Says(t, cluster.WaitReconciling(t, path, v1alpha1.ReasonScopeLocked), "deleteLock: Disabled on PrivateCloud weu", "deletionPolicy: Retain")
	cluster.Delete(t, cloud)
	cluster.WaitReconciling(t, cloud, v1alpha1.ReasonMachinesExist)
	w.locked(t, "avs-operator", true) // something still holds the deletion back, so nothing is unprotected yet
	env.Edit(t, cluster, path, func(p *v1alpha1.IscsiPath) { p.Spec.DeletionPolicy = v1alpha1.DeletionPolicyRetain })
	cluster.WaitGone(t, soon, path)
	if deleted := w.deletedInOrder(t); len(deleted) > 0 {
		t.Errorf("deleted: %v", deleted)
	}
	env.Edit(t, cluster, cloud, func(c *v1alpha1.PrivateCloud) { c.Spec.DeleteLock = "Disabled" })
	cluster.WaitGone(t, soon, key)
	if deleted := w.deletedInOrder(t); len(deleted) != 2 || deleted[1] != "weu/authorizations/hub" {
		t.Errorf("deleted: %v", deleted)
	}
}

// A deletion that is called off once the lock is off puts it back, whichever way it is called off.
func TestTheLockComesBackWhenTheDeletionIsCalledOff(t *testing.T) {
	t.Parallel()
	for name, callOff := range map[string]func(*v1alpha1.PrivateCloud){
		"unconfirmed": func(c *v1alpha1.PrivateCloud) { delete(c.Annotations, v1alpha1.AnnotationConfirmDelete) },
		"retained":    func(c *v1alpha1.PrivateCloud) { c.Spec.DeletionPolicy = v1alpha1.DeletionPolicyRetain },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, cloud, path, key := lockedWorld(t, v1alpha1.DeletionPolicyDelete, false)
			cluster.Delete(t, cloud)
			env.Says(t, cluster.WaitReconciling(t, cloud, v1alpha1.ReasonDependentsExist), "IscsiPath iscsi")
			w.locked(t, "avs-operator", false)
			env.Edit(t, cluster, cloud, callOff)
			w.locked(t, "avs-operator", true)
			cluster.Delete(t, path)
			cluster.Delete(t, key)
			if name == "unconfirmed" {
				cluster.WaitReconciling(t, cloud, v1alpha1.ReasonConfirmationNeeded)
				env.Edit(t, cluster, cloud, func(c *v1alpha1.PrivateCloud) { c.Annotations[v1alpha1.AnnotationConfirmDelete] = "weu" })
			}
			for _, object := range []client.Object{path, key, cloud} {
				cluster.WaitGone(t, soon, object)
			}
			if _, there := w.Azure.Resource(w.Azure.PrivateCloudID("weu")); there != (name == "retained") {
				t.Errorf("the private cloud is in Azure: %t", there)
			}
		})
	}
}

// A lock that somebody else made, under whatever name, is neither changed nor taken off, and a new name moves ours.
func TestALockOfSomebodyElseIsLeftAlone(t *testing.T) {
	t.Parallel()
	w, cloud, path, _ := lockedWorld(t, v1alpha1.DeletionPolicyRetain, false)
	w.Azure.LockInAzure(w.Azure.PrivateCloudID("weu"), "audit", "CanNotDelete", "kept for the auditors")
	env.Edit(t, cluster, cloud, func(c *v1alpha1.PrivateCloud) { c.Spec.DeleteLockName = "keep" })
	w.locked(t, "avs-operator", false)
	w.locked(t, "keep", true)
	env.Edit(t, cluster, cloud, func(c *v1alpha1.PrivateCloud) { c.Spec.DeleteLockName = "audit" })
	w.locked(t, "keep", false)
	env.Edit(t, cluster, cloud, func(c *v1alpha1.PrivateCloud) { c.Spec.DeleteLock = "Disabled" })
	cluster.WaitReady(t, cloud)
	cluster.Delete(t, path)
	env.Says(t, cluster.WaitStalled(t, path, v1alpha1.ReasonScopeLocked), "take the lock off in Azure", "deletionPolicy: Retain")
	body, there := w.lock("audit")
	if notes := fmt.Sprint(body["properties"]); !there || !strings.Contains(notes, "kept for the auditors") {
		t.Errorf("the lock of somebody else: %t %s", there, notes)
	}
	env.Edit(t, cluster, path, func(p *v1alpha1.IscsiPath) { p.Spec.DeletionPolicy = v1alpha1.DeletionPolicyRetain })
	cluster.WaitGone(t, soon, path)
}
