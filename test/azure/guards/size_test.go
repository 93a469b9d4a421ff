// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package guards

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/test/armsim"
	"github.com/avs-operator/avs-operator/test/env"
	"github.com/avs-operator/avs-operator/test/harness"
)

func firstError(all ...error) error { return errors.Join(all...) }

// oneReady is nil if one of the objects is Ready.
func oneReady(objects ...client.Object) error {
	for _, o := range objects {
		if meta.IsStatusConditionTrue(env.Conditions(o), v1alpha1.ConditionReady) {
			return nil
		}
	}
	return fmt.Errorf("none is Ready")
}

func TestGrowthWaitsForQuota(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *armsim.Config) { c.Subscriptions[0].HostQuota = map[string]int{"av36p": 7} })
	cloud := w.withCloud(t, 3)
	second := harness.Cluster(w.Namespace, "weu-2", 3)
	cluster.Create(t, second)
	cluster.WaitReady(t, second)
	resize(t, second, 6)
	w.stalled(t, second, v1alpha1.ReasonQuotaExceeded, "3 hosts", "1 left", "2 too few")
	resize(t, cloud, 5)
	w.stalled(t, cloud, v1alpha1.ReasonQuotaExceeded, "2 hosts", "1 left", "1 too few")
	if err := w.Azure.SetHostQuota(w.Azure.SubscriptionID, map[string]int{"av36p": 11}); err != nil {
		t.Fatal(err)
	}
	cluster.WaitReady(t, cloud)
	cluster.WaitReady(t, second)
	if cloud.Status.ClusterSize != 5 || second.Status.ClusterSize != 6 {
		t.Errorf("the sizes are %d and %d", cloud.Status.ClusterSize, second.Status.ClusterSize)
	}
}

func TestTheSizeRestsWhileMicrosoftWorks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	cloud := w.withCloud(t, 3)
	if _, err := w.Azure.Announce(string(w.id()), armsim.Maintenance{Name: "esx-8", Start: time.Now(), Estimated: 3 * time.Hour}); err != nil {
		t.Fatal(err)
	}
	resize(t, cloud, 4)
	w.held(t, cloud, v1alpha1.ConditionReconciling, v1alpha1.ReasonMaintenance, "esx-8 (ESXI) is in progress", "expected to end at")
	cluster.WaitReady(t, cloud) // three hours later
	if err := w.Azure.BeginMaintenance(string(w.id())+"/clusters/Cluster-1", cloud.Status.Hosts[0], "Replacement"); err != nil {
		t.Fatal(err)
	}
	resize(t, cloud, 3)
	w.held(t, cloud, v1alpha1.ConditionReconciling, v1alpha1.ReasonMaintenance, "1 host is under maintenance", cloud.Status.Hosts[0]+" (Replacement)")
	if err := w.Azure.BeginMaintenance(string(w.id())+"/clusters/Cluster-1", cloud.Status.Hosts[0], ""); err != nil {
		t.Fatal(err)
	}
	cluster.WaitReady(t, cloud)
	if cloud.Status.ClusterSize != 3 {
		t.Errorf("the size is %d", cloud.Status.ClusterSize)
	}
}

func TestLicencesCoverEveryCore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	cloud := w.withCloud(t, 3)
	condition(t, cloud, v1alpha1.ConditionLicenseCovered, "")
	license := func(cores float64, ends time.Duration) {
		t.Helper()
		w.Azure.Set(t, string(w.id()),
			properties(map[string]any{"vcfLicense": map[string]any{"kind": "vcf5", "cores": cores, "endDate": time.Now().Add(ends).UTC().Format(time.RFC3339)}}))
	}
	license(108, 400*24*time.Hour)
	condition(t, cloud, v1alpha1.ConditionLicenseCovered, metav1.ConditionTrue, "covers 108 cores", "3 x 36 (av36p)")
	condition(t, cloud, v1alpha1.ConditionLicenseValid, metav1.ConditionTrue, "valid until")
	resize(t, cloud, 4)
	w.stalled(t, cloud, v1alpha1.ReasonLicenseInsufficient, "covers 108 cores", "need 144", "4 x 36 (av36p)", "36 are missing", "Broadcom")
	second := harness.Cluster(w.Namespace, "weu-2", 3)
	cluster.Create(t, second)
	w.stalled(t, second, v1alpha1.ReasonLicenseInsufficient, "need 216", "108 are missing")
	license(252, 59*24*time.Hour+time.Hour)
	cluster.WaitReady(t, cloud)
	cluster.WaitReady(t, second)
	condition(t, cloud, v1alpha1.ConditionLicenseValid, metav1.ConditionFalse, "in 59 days", "renew it with Broadcom and set the new key, cores and endDate")
	condition(t, cloud, v1alpha1.ConditionLicenseCovered, metav1.ConditionTrue, "7 x 36 (av36p)")
	license(252, 400*24*time.Hour)
	condition(t, cloud, v1alpha1.ConditionLicenseValid, metav1.ConditionTrue, "valid until")

	// Somebody takes cores away, and then the whole licence.
	license(251, 59*24*time.Hour)
	condition(t, cloud, v1alpha1.ConditionLicenseCovered, metav1.ConditionFalse, "1 are missing")
	w.Azure.Set(t, string(w.id()), properties(map[string]any{"vcfLicense": nil}))
	condition(t, cloud, v1alpha1.ConditionLicenseCovered, "")
	condition(t, cloud, v1alpha1.ConditionLicenseValid, "")

	// The firewall has a licence of its own.
	firewall := w.id().Child("licenses", "VmwareFirewall")
	w.put(t, firewall, fmt.Sprintf(`{"properties":{"kind":"VmwareFirewall","licenseKey":"AAAAA-BBBBB","cores":252,"endDate":%q}}`,
		time.Now().Add(9000*time.Hour).UTC().Format(time.RFC3339)))
	resize(t, cloud, 5)
	w.stalled(t, cloud, v1alpha1.ReasonLicenseInsufficient, "the firewall covers 252 cores", "need 288", "36 are missing")
	w.Azure.Set(t, string(firewall), properties(map[string]any{"cores": 288.0}))
	cluster.WaitReady(t, cloud)
}

func TestHostsLeaveOnlyWhenNothingNeedsThem(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	cloud := w.withCloud(t, 5)
	first := w.id().Child("clusters", "Cluster-1")
	spread := first.Child("placementPolicies", "spread")
	w.put(t, spread, fmt.Sprintf(`{"properties":{"type":"VmVm","affinityType":"AntiAffinity","state":"Enabled","vmMembers":[%q,%q,%q,%q]}}`,
		first.Child("virtualMachines", "vm-1"), first.Child("virtualMachines", "vm-2"), first.Child("virtualMachines", "vm-3"),
		first.Child("virtualMachines", "vm-4")))
	// 5 hosts of 19.2 TB hold 96 TB, of which 4 may fill 57.6.
	if err := w.Azure.SetDiskUsed(string(w.id()), "vsanDatastore", 60e12); err != nil {
		t.Fatal(err)
	}
	resize(t, cloud, 4)
	w.stalled(t, cloud, v1alpha1.ReasonPlacementNeedsHosts, "spread keeps 4 machines apart", "5 in all")
	if err := w.Azure.RemoveInAzure(string(spread)); err != nil {
		t.Fatal(err)
	}
	w.stalled(t, cloud, v1alpha1.ReasonStorageInsufficient, "holds 60.00 TB", "57.60 TB could be used", "free 2.40 TB")
	if err := w.Azure.SetDiskUsed(string(w.id()), "vsanDatastore", 57e12); err != nil {
		t.Fatal(err)
	}
	cluster.WaitReady(t, cloud)

	// Which ones: a policy binds machines to the only host that is named to leave.
	if err := w.Azure.SetDiskUsed(string(w.id()), "vsanDatastore", 1e12); err != nil {
		t.Fatal(err)
	}
	bound := first.Child("placementPolicies", "bound")
	w.put(t, bound, fmt.Sprintf(`{"properties":{"type":"VmHost","affinityType":"Affinity","state":"Enabled","vmMembers":[%q],"hostMembers":[%q]}}`,
		first.Child("virtualMachines", "vm-1"), cloud.Status.Hosts[1]))
	env.Edit(t, cluster, cloud, func(cloud *v1alpha1.PrivateCloud) {
		cloud.Spec.ManagementCluster.ClusterSize = 3
		cloud.Spec.ManagementCluster.ScaleIn = &v1alpha1.ScaleIn{Hosts: []string{"esx-nowhere"}}
	})
	w.stalled(t, cloud, v1alpha1.ReasonInvalidSpec, "esx-nowhere", "scaleIn.hosts")
	env.Edit(t, cluster, cloud, func(cloud *v1alpha1.PrivateCloud) {
		cloud.Spec.ManagementCluster.ScaleIn.Hosts = []string{cloud.Status.Hosts[1]}
	})
	w.stalled(t, cloud, v1alpha1.ReasonPlacementNeedsHosts, "bound binds machines to 1 host")
	leaves := cloud.Status.Hosts[2]
	env.Edit(t, cluster, cloud, func(cloud *v1alpha1.PrivateCloud) { cloud.Spec.ManagementCluster.ScaleIn.Hosts = []string{leaves} })
	cluster.WaitReady(t, cloud)
	for _, host := range cloud.Status.Hosts {
		if host == leaves {
			t.Errorf("%s was to leave, and there are %v", leaves, cloud.Status.Hosts)
		}
	}
}

func TestNotKnowingIsNoPermissionAndSixHostsAreAThreshold(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	cloud := w.withCloud(t, 6)
	fault := w.Azure.Inject(armsim.Fault{Verb: http.MethodGet, Path: regexp.MustCompile(`microsoft\.insights/metrics`), Count: -1,
		Status: http.StatusServiceUnavailable, Code: "ServiceUnavailable", Message: "Azure Monitor rests"})
	resize(t, cloud, 5)
	w.stalled(t, cloud, v1alpha1.ReasonConfirmationNeeded, "from 6 hosts to 5", "RAID-1 FTT-1", v1alpha1.AnnotationConfirmTolerance+"=5")
	env.Edit(t, cluster, cloud, func(cloud *v1alpha1.PrivateCloud) { cloud.Annotations[v1alpha1.AnnotationConfirmTolerance] = "5" })
	w.held(t, cloud, v1alpha1.ConditionReconciling, v1alpha1.ReasonTransient, "how full the datastore is cannot be found out", "Azure Monitor rests")
	w.Azure.RemoveFault(fault)
	// A grain without a value, and a value of 0, are what Azure Monitor answers for what it has not measured.
	fault = w.Azure.Inject(armsim.Fault{Verb: http.MethodGet, Path: regexp.MustCompile(`microsoft\.insights/metrics`), Count: -1, Status: http.StatusOK,
		Body: `{"value":[` +
			`{"name":{"value":"DiskCapacityLatest"},"timeseries":[{"data":[` +
			`{"timeStamp":"2026-01-01T00:00:00Z","average":1e14},{"timeStamp":"2026-01-01T00:30:00Z"}]}]},` +
			`{"name":{"value":"DiskUsedLatest"},"timeseries":[{"data":[{"average":0},{"average":null},{}]}]}]}`})
	w.held(t, cloud, v1alpha1.ConditionReconciling, v1alpha1.ReasonNotKnown, "has no capacity and usage", "vsanDatastore")
	w.Azure.RemoveFault(fault)
	cluster.WaitReady(t, cloud)
	if cloud.Status.ClusterSize != 5 {
		t.Errorf("the size is %d", cloud.Status.ClusterSize)
	}
}

func TestTwoZonesShareEvenly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	cloud := w.withStretched(t)
	second := harness.Cluster(w.Namespace, "weu-2", 7)
	cluster.Create(t, second)
	w.stalled(t, second, v1alpha1.ReasonInvalidSpec, "7 hosts", "clusterSize to 6 or 8")
	resize(t, second, 6)
	cluster.WaitReady(t, second)
	resize(t, cloud, 14)
	cluster.WaitReady(t, cloud)
	condition(t, cloud, v1alpha1.ConditionRoomToGrow, metav1.ConditionFalse, "Cluster-1 has 14 of at most 16")
}
