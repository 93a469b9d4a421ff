// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package programme_test

import (
	"context"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/test/vcentersim"
)

// What a user may get wrong: each gets a sentence that says what to change, and nothing is changed anywhere.
func TestBadInputSaysWhatToChangeAndChangesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.add(nil, "web-01", "web-02", "db-01")
	w.add(func(s *vcentersim.MachineSpec) { s.Folder = "Web" }, "web-01")
	w.add(func(s *vcentersim.MachineSpec) { s.Networks, s.Folder = []string{"VLAN-130"}, "Shop" }, "shop-01")
	for _, test := range []struct {
		name, reason string
		words        []string
		change       func(*v1alpha1.WorkloadMoveSpec)
	}{
		{"no-such-machine", "MachineNotFound", []string{`"web-09"`, "web-0", "Correct the name"}, func(s *v1alpha1.WorkloadMoveSpec) {
			s.Select = []v1alpha1.MachineSelector{{Names: []string{"web-09", "web-02"}}}
		}},
		{"two-machines", "AmbiguousMachine", []string{`"web-01"`, "/Oslo/vm/Finance/web-01", "/Oslo/vm/Web/web-01", "Set folder"},
			func(s *v1alpha1.WorkloadMoveSpec) {
				s.Select = []v1alpha1.MachineSelector{{Names: []string{"web-01"}}}
			}},
		{"no-such-folder", "SourceFolderNotFound", []string{`"/Oslo/vm/Finanse"`, "/Oslo/vm/Finance"}, func(s *v1alpha1.WorkloadMoveSpec) {
			s.Select = []v1alpha1.MachineSelector{{Folder: "/Oslo/vm/Finanse"}}
		}},
		{"nothing-matches", "NothingSelected", []string{"matches no machine", "oslo has 5 machines"}, func(s *v1alpha1.WorkloadMoveSpec) {
			s.Select = []v1alpha1.MachineSelector{{Names: []string{"nobody-*"}}}
		}},
		{"unmapped-network", "NetworkNotMapped", []string{"VLAN-130", "Add an entry with from and to"}, func(s *v1alpha1.WorkloadMoveSpec) {
			s.Select = []v1alpha1.MachineSelector{{Folder: "/Oslo/vm"}}
			s.Exclude = []v1alpha1.MachineSelector{{Folder: "/Oslo/vm/Web"}}
		}},
		{"no-such-network", "NetworkNotFound", []string{`"finance-wep"`, "finance-web"}, func(s *v1alpha1.WorkloadMoveSpec) {
			s.Networks[0].To = "finance-wep"
		}},
		{"excluded-nobody", "ExcludedMachineNotFound", []string{`"web-O2"`, "web-02", "would move"}, func(s *v1alpha1.WorkloadMoveSpec) {
			s.Exclude = []v1alpha1.MachineSelector{{Names: []string{"web-O2"}}}
		}},
		{"no-such-source-datastore", "SourceDatastoreNotFound", []string{`"DS-SSD-O1"`, "DS-SSD-01", "take the entry out"}, func(s *v1alpha1.WorkloadMoveSpec) {
			s.Datastores = []v1alpha1.NameMapping{{From: "DS-SSD-O1", To: "vsanDatastore"}}
		}},
		{"no-such-cluster", "ClusterNotFound", []string{`"Cluster-9"`, "Cluster-1"}, func(s *v1alpha1.WorkloadMoveSpec) { s.Target.Cluster = "Cluster-9" }},
		{"no-such-pool", "ResourcePoolNotFound", []string{`"Gold"`}, func(s *v1alpha1.WorkloadMoveSpec) { s.Target.Cluster, s.Target.ResourcePool = "", "Gold" }},
		{"no-such-target-folder", "FolderNotFound", []string{`"/SDDC-Datacenter/vm/Work"`, "/SDDC-Datacenter/vm/Workloads", "Create it"},
			func(s *v1alpha1.WorkloadMoveSpec) {
				s.Target.Folder = "/SDDC-Datacenter/vm/Work"
			}},
		{"no-such-datastore", "DatastoreNotFound", []string{`"vsan"`, "vsanDatastore"}, func(s *v1alpha1.WorkloadMoveSpec) { s.Target.Datastore = "vsan" }},
	} {
		t.Run(test.name, func(t *testing.T) {
			move := w.move(test.name, v1alpha1.MoveStateRun, test.change)
			w.says(move, metav1.ConditionFalse, test.reason, test.words...)
			if p := move.Status.Plan; p == nil || len(p.Concerns) == 0 || p.Concerns[0].Severity != v1alpha1.SeverityBlocking {
				t.Errorf("the plan does not show it: %+v", p)
			}
			w.untouched()
		})
	}
}

// TestAMethodOfANewerVersionPlansNothing asks an operator, with the CRD of a newer one, for a method that it does not know; with another method it plans.
func TestAMethodOfANewerVersionPlansNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.add(nil, "web-01")
	crd := &unstructured.Unstructured{}
	crd.SetAPIVersion("apiextensions.k8s.io/v1")
	crd.SetKind("CustomResourceDefinition")
	crd.SetName("workloadmoves.avs-operator.io")
	newer := `[{"op":"add","path":"/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/method/enum/-","value":"Teleport"}]`
	if err := cluster.Admin.Patch(t.Context(), crd, client.RawPatch(types.JSONPatchType, []byte(newer))); err != nil {
		t.Fatal(err)
	}
	move := w.move("newer", v1alpha1.MoveStatePlan, nil)
	cluster.Eventually(t, time.Minute, "the API server takes the new method", func(ctx context.Context) error {
		return cluster.Admin.Patch(ctx, move, client.RawPatch(types.MergePatchType, []byte(`{"spec":{"method":"Teleport"}}`)))
	})
	w.says(move, metav1.ConditionFalse, v1alpha1.ReasonInvalidSpec, "does not know spec.method Teleport", "it knows Auto, Live, Cold", "Set another method")
	w.edit(move, `{"method":"Live"}`)
	w.says(move, metav1.ConditionTrue, v1alpha1.ReasonPlanned)
	w.untouched()
}

func TestATargetWithoutRoomIsSaidWithNumbersAndNothingIsChanged(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name    string
		machine func(*vcentersim.MachineSpec)
		words   []string
	}{
		{"storage", func(s *vcentersim.MachineSpec) { s.DiskGB, s.UsedPercent = []int{400}, 90 },
			[]string{"datastore vsanDatastore lacks", "GiB needed", "25 % of it kept free for vSAN"}},
		{"memory", func(s *vcentersim.MachineSpec) { s.MemoryMB = 64 << 20 }, []string{"cluster Cluster-1 lacks", "of memory", "one host kept for failover"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, func(c *vcentersim.Config) { c.DatastoreGB = 100 })
			w.add(test.machine, "big-01", "big-02")
			move := w.move("finance", v1alpha1.MoveStateRun, nil)
			w.says(move, metav1.ConditionFalse, v1alpha1.ReasonTargetWithoutRoom, test.words...)
			w.untouched()
		})
	}
}

func TestAnUnknownOrUntrustedVCenterIsWaitedForAndNothingIsChanged(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.add(nil, "web-01")
	unknown := w.move("unknown", v1alpha1.MoveStateRun, func(s *v1alpha1.WorkloadMoveSpec) { s.Target.VCenterRef.Name = "neu" })
	w.says(unknown, metav1.ConditionFalse, v1alpha1.ReasonReferenceNotFound, "VCenter neu", "create it")
	w.untouched()

	wrong := strings.Repeat("AB:", 19) + "AB"
	w.Declare(t, "stranger", w.Target, func(v *v1alpha1.VCenter) { v.Spec.Trust.Thumbprint = wrong })
	stranger := w.move("stranger", v1alpha1.MoveStateRun, func(s *v1alpha1.WorkloadMoveSpec) { s.Target.VCenterRef.Name = "stranger" })
	w.says(stranger, metav1.ConditionFalse, v1alpha1.ReasonReferenceNotReady, "VCenter stranger", "CertificateChanged", wrong, w.Target.Thumbprint())
	w.untouched()

	w.Declare(t, "neu", w.Target) // it heals without an edit
	cluster.WaitCondition(t, soon, unknown, v1alpha1.ConditionComplete, "True")
	w.whole([]string{"web-01"})
}

func TestACorrectedWorkloadMoveGoesOn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.add(func(s *vcentersim.MachineSpec) { s.Networks = []string{"VLAN-130"} }, "web-01")
	move := w.move("finance", v1alpha1.MoveStateRun, nil)
	w.says(move, metav1.ConditionFalse, v1alpha1.ReasonNetworkNotMapped, "VLAN-130")
	w.untouched()
	w.edit(move, `{"networks":[{"from":"VLAN-130","to":"finance-web"}]}`)
	cluster.WaitCondition(t, soon, move, v1alpha1.ConditionComplete, "True")
	w.whole([]string{"web-01"})
	w.counts(move, 1, 1, 0, 0, 0)
}
