// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"fmt"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/move/method"
	"github.com/avs-operator/avs-operator/controllers/vcenter"
)

// Fault says what a fault means and what to do: vCenter's own words name neither.
func Fault(fault vcenter.Fault, target v1alpha1.MachineTarget) (reason, message string) {
	e, ok := explanations[fault.Class]
	if !ok {
		e = explanation{v1alpha1.ReasonMoveFailed, "vCenter could not relocate the machine",
			"look at the task in vCenter, then ask for another try with the annotation " + v1alpha1.AnnotationRetryRequestedAt}
	}
	what := e.what
	switch fault.Class {
	case vcenter.FaultSpace, vcenter.FaultDatastore:
		what = fmt.Sprintf(what, target.Datastore.Name)
	case vcenter.FaultNameTaken:
		what = fmt.Sprintf(what, target.Folder.Name)
	case vcenter.FaultPrivilege:
		what = fmt.Sprintf(what, privilegeWords(fault))
	}
	if fault.Says != "" {
		what += ": " + fault.Says
	}
	advice := e.advice
	if fault.OnlyRunning && coldHelps[fault.Class] {
		advice = "set method: " + string(method.ForOff.Name) + " in the WorkloadMove, which this does not hinder, and delete this VirtualMachineMove, " +
			"so that it is made anew; or " + advice
	}
	return e.reason, fmt.Sprintf("%s (%s). To go on: %s", what, fault.String(), advice)
}

// coldHelps are the classes of faults of which some hinder a machine only while it runs.
var coldHelps = map[vcenter.FaultClass]bool{
	vcenter.FaultNetwork: true, vcenter.FaultDevice: true, vcenter.FaultHost: true, vcenter.FaultRules: true, vcenter.FaultSnapshot: true,
	vcenter.FaultTolerance: true, vcenter.FaultCPU: true,
}

func privilegeWords(fault vcenter.Fault) string {
	if fault.Privilege == "" {
		return "a privilege"
	}
	return fmt.Sprintf("the privilege %s on %s", fault.Privilege, fault.Object)
}

type explanation struct{ reason, what, advice string }

var explanations = map[vcenter.FaultClass]explanation{
	vcenter.FaultCertificate: {v1alpha1.ReasonCertificateChanged, "the source vCenter refused the target's certificate",
		"check that migration.url of the target's VCenter leads to that vCenter, and that its certificate is the one that the operator sees" + retry},
	vcenter.FaultCredentials: {v1alpha1.ReasonCredentialsInvalid, "the target vCenter refused the account, or the token, that the source vCenter logged in with",
		"name an account of the target in migration.credentialsRef of the target's VCenter, or correct the Secret that is named there" + retry},
	vcenter.FaultSession: {v1alpha1.ReasonUnreachable, "the session of the source vCenter with the target ended",
		"look whether the target vCenter was restarted or ends sessions early" + retry},
	vcenter.FaultPeer: {v1alpha1.ReasonUnreachable, "the source vCenter does not reach the target vCenter",
		"check that migration.url of the target's VCenter, or its url, resolves and leads there from the source vCenter itself (TCP 443)" + retry},
	vcenter.FaultLicense: {v1alpha1.ReasonMoveFailed, "a licence does not allow the move",
		"assign a licence that does in vCenter" + retry},
	vcenter.FaultRules: {v1alpha1.ReasonHostUnavailable, "a rule of DRS or the machine's affinity keeps it from the host",
		"change the rule or the affinity" + retry},
	vcenter.FaultHardware: {v1alpha1.ReasonHostUnavailable, "the hosts of the target do not run the machine's virtual hardware, on or off",
		"move it to hosts that do, or give the machine hardware that they run" + retry},
	vcenter.FaultTolerance: {v1alpha1.ReasonDevicePreventsMove, "Fault Tolerance stands in the way",
		"turn it off for the move" + retry},
	vcenter.FaultPrivilege: {v1alpha1.ReasonForbidden, "an account has not got %s",
		"give it a role with that privilege" + retry},
	vcenter.FaultNameTaken: {v1alpha1.ReasonNameTaken, "a machine with this name is in folder %s of the target already",
		"rename or move one of the two" + retry},
	vcenter.FaultSpace: {v1alpha1.ReasonTargetWithoutRoom, "datastore %s of the target has not got the room",
		"make room there, or map the machine's datastore to another" + retry},
	vcenter.FaultDatastore: {v1alpha1.ReasonDatastoreUnavailable, "datastore %s of the target, or the machine's own, cannot be used",
		"look at the datastore in vCenter" + retry},
	vcenter.FaultNetwork: {v1alpha1.ReasonNetworkUnavailable, "a network of the target cannot take the machine's adapter",
		"check that the mapped network is there, that the host reaches it and that it is of a compatible kind" + retry},
	vcenter.FaultHost: {v1alpha1.ReasonHostUnavailable, "the host cannot take the machine",
		"look at the hosts of the target cluster: connection, maintenance mode, vMotion network, free memory" + retry},
	vcenter.FaultCPU: {v1alpha1.ReasonCPUIncompatible, "the processors of the target lack what the running machine uses",
		"power it off and on under a lower EVC mode first" + retry},
	vcenter.FaultSnapshot: {v1alpha1.ReasonSnapshotPresent, "the machine's snapshots cannot be carried over",
		"remove or consolidate them" + retry},
	vcenter.FaultDevice: {v1alpha1.ReasonDevicePreventsMove, "a device of the machine cannot be carried over",
		"disconnect or remove it" + retry},
	vcenter.FaultCancelled: {v1alpha1.ReasonCancelled, "the relocation was cancelled in vCenter, not by this operator",
		"find out who did and why" + retry},
	vcenter.FaultTimedOut: {v1alpha1.ReasonTimedOut, "vCenter gave the relocation up because it took too long",
		"look at the network between the hosts (TCP 8000 and 902) and at the load on the machine's memory" + retry},
	vcenter.FaultBusy: {v1alpha1.ReasonMachineBusy, "another operation holds the machine, a file or a limit of vCenter",
		"wait for that operation's end" + retry},
	vcenter.FaultState: {v1alpha1.ReasonMoveFailed, "the machine's state does not allow it",
		"look at the machine's power and connection state, and whether VMware Tools run" + retry},
	vcenter.FaultNotFound: {v1alpha1.ReasonReferenceNotFound, "something that the plan refers to is not there any more",
		"delete this object, so that the machine is planned again"},
	vcenter.FaultInvalid: {v1alpha1.ReasonMoveFailed, "vCenter does not accept the relocation as it was planned",
		"delete this object, so that the machine is planned again; if that does not help, look at the machine's devices"},
}

// retry is how every advice ends that a person carries out.
const retry = ", then ask for another try with the annotation " + v1alpha1.AnnotationRetryRequestedAt
