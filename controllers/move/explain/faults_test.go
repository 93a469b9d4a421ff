// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"strings"
	"testing"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/vcenter"
)

func TestEveryFaultHasASentence(t *testing.T) {
	target := v1alpha1.MachineTarget{
		Folder: v1alpha1.InventoryReference{Name: "/SDDC-Datacenter/vm/Workloads"}, Datastore: v1alpha1.InventoryReference{Name: "vsanDatastore"},
	}
	for _, class := range []vcenter.FaultClass{
		vcenter.FaultCertificate, vcenter.FaultCredentials, vcenter.FaultPrivilege, vcenter.FaultNameTaken, vcenter.FaultSpace, vcenter.FaultNetwork,
		vcenter.FaultHost, vcenter.FaultCPU, vcenter.FaultSnapshot, vcenter.FaultCancelled, vcenter.FaultTimedOut, vcenter.FaultDevice, vcenter.FaultBusy,
		vcenter.FaultState, vcenter.FaultNotFound, vcenter.FaultDatastore, vcenter.FaultInvalid, vcenter.FaultOther, vcenter.FaultSession, vcenter.FaultPeer,
		vcenter.FaultLicense, vcenter.FaultRules, vcenter.FaultHardware, vcenter.FaultTolerance, "of tomorrow",
	} {
		reason, message := Fault(vcenter.Fault{Type: "SomeFault", Message: "vCenter's own words", Class: class, Privilege: "Network.Assign",
			Object: "network-7"}, target)
		if reason == "" || strings.ContainsAny(reason, " .") {
			t.Errorf("%s: the reason %q is not one word", class, reason)
		}
		for _, part := range []string{"SomeFault: vCenter's own words", "To go on: "} {
			if !strings.Contains(message, part) {
				t.Errorf("%s: the sentence lacks %q: %s", class, part, message)
			}
		}
		if strings.Contains(message, "%!") || strings.Contains(message, "%s") {
			t.Errorf("%s: the sentence is not whole: %s", class, message)
		}
	}
}
