// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/azure/kind"
	"github.com/avs-operator/avs-operator/test/env"
	"github.com/avs-operator/avs-operator/test/vcentersim"
)

const someTarget = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg-storage" +
	"/providers/Microsoft.ElasticSan/elasticSans/san/volumegroups/g/volumes/v"

func (w *world) elasticSAN(name string) *v1alpha1.Datastore {
	return &v1alpha1.Datastore{ObjectMeta: w.Meta(name), Spec: v1alpha1.DatastoreSpec{
		PrivateCloudRef: ptr.To(w.inCloud()), ElasticSanVolume: &v1alpha1.ElasticSanVolume{TargetID: someTarget},
	}}
}

func TestAnElasticSANWaitsForItsPathAndThePathStaysForIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fast, true)
	san := w.elasticSAN("san-01")
	cluster.Create(t, san)
	cluster.WaitNotReady(t, san, v1alpha1.ReasonReferenceNotReady, "iSCSI path", "/iscsiPaths/default")
	path := &v1alpha1.IscsiPath{ObjectMeta: w.Meta("iscsi"), Spec: v1alpha1.IscsiPathSpec{PrivateCloudRef: w.inCloud(), NetworkBlock: "10.200.0.0/24"}}
	cluster.Create(t, path)
	cluster.WaitReady(t, path)
	cluster.WaitReady(t, san)
	if san.Status.Status != "Accessible" || path.Status.NetworkBlock != "10.200.0.0/24" {
		t.Errorf("datastore %+v, path %+v", san.Status, path.Status)
	}

	cluster.Delete(t, path)
	env.Says(t, cluster.WaitNotReady(t, path, v1alpha1.ReasonDependentsExist), "san-01 of Cluster-1")
	a := w.administrator(t)
	machine := a.add(t, vcentersim.MachineSpec{Name: "db-01", Datastore: "san-01"})
	cluster.Delete(t, san)
	env.Says(t, cluster.WaitNotReady(t, san, v1alpha1.ReasonMachinesExist), "db-01", "move them to another datastore, or set deletionPolicy: Retain")
	if w.InAzure("/clusters/Cluster-1/datastores/san-01", "name") == nil {
		t.Error("it was detached although a machine has its disk there")
	}
	a.store(t, machine, "vsanDatastore")
	cluster.WaitGone(t, soon, san)
	cluster.WaitGone(t, soon, path)
	w.wrote(t, "PUT weu/iscsipaths/default", "PUT weu/clusters/cluster-1/datastores/san-01", "DELETE weu/clusters/cluster-1/datastores/san-01",
		"DELETE weu/iscsipaths/default")
	if inventory := w.vcenter(t).Machines(); !slices.ContainsFunc(inventory, func(m vcentersim.MachineState) bool { return m.Ref == machine }) {
		t.Error("the machine is gone")
	}
}

func TestWhatHasNoPatchIsPutWithWhatAzureHas(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fast, false)
	pool := "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg-storage/providers/PureStorage.Block/storagePools/pool"
	pure := &v1alpha1.Datastore{ObjectMeta: w.Meta("pure-01"), Spec: v1alpha1.DatastoreSpec{
		PrivateCloudRef: ptr.To(w.inCloud()), PureStorageVolume: &v1alpha1.PureStorageVolume{StoragePoolID: pool, SizeGB: 1024},
	}}
	policy := &v1alpha1.PureStoragePolicy{ObjectMeta: w.Meta("gold"),
		Spec: v1alpha1.PureStoragePolicySpec{PrivateCloudRef: w.inCloud(), StoragePolicyDefinition: "gold", StoragePoolID: pool}}
	key := &corev1.Secret{ObjectMeta: usable(w.Meta("srm")), StringData: map[string]string{"key": "srm-key-1"}}
	srm := &v1alpha1.Addon{ObjectMeta: w.Meta("recovery"), Spec: v1alpha1.AddonSpec{
		PrivateCloudRef: w.inCloud(), SRM: &v1alpha1.AddonSRM{LicenseKeySecretRef: &v1alpha1.SecretKeyReference{Name: "srm", Key: "key"}},
	}}
	vr := &v1alpha1.Addon{ObjectMeta: w.Meta("replication"), Spec: v1alpha1.AddonSpec{PrivateCloudRef: w.inCloud(), VR: &v1alpha1.AddonVR{VRSCount: 1}}}
	cluster.Create(t, pure, policy, key, srm, vr)
	for _, one := range []kind.Object{pure, policy, srm, vr} {
		cluster.WaitReady(t, one)
	}
	env.Edit(t, cluster, pure, func(d *v1alpha1.Datastore) { d.Spec.PureStorageVolume.SizeGB = 2048 })
	cluster.WaitReady(t, pure)
	env.Edit(t, cluster, vr, func(a *v1alpha1.Addon) { a.Spec.VR.VRSCount = 3 })
	cluster.WaitReady(t, vr)
	env.Edit(t, cluster, policy, func(p *v1alpha1.PureStoragePolicy) { p.Spec.StoragePolicyDefinition = "platinum" })
	cluster.WaitReady(t, policy)
	if w.InAzure("/clusters/Cluster-1/datastores/pure-01", "properties", "pureStorageVolume", "sizeGb") != float64(2048) ||
		w.InAzure("/addons/VR", "properties", "vrsCount") != float64(3) || w.InAzure("/addons/SRM", "name") == nil ||
		w.InAzure("/pureStoragePolicies/gold", "properties", "storagePolicyDefinition") != "platinum" {
		t.Errorf("in Azure: %v %v %v", w.InAzure("/clusters/Cluster-1/datastores/pure-01"), w.InAzure("/addons/VR"), w.InAzure("/pureStoragePolicies/gold"))
	}
	env.Edit(t, cluster, key, func(s *corev1.Secret) { s.Data["key"] = []byte("srm-key-2") })
	cluster.Eventually(t, soon, "the new key in Azure", w.puts("weu/addons/srm", 2))
	cluster.WaitReady(t, srm)
}
