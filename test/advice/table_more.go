// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package advice

import "github.com/avs-operator/avs-operator/api/v1alpha1"

// free is what frees an object whose deletion in Azure does not come to its end.
const free = `; to leave Azure alone and let this object go, set %v`

// again asks for another try of a move.
const again = `(,? then ask for another try with the annotation.*|%v)?`

// guarded are the reasons of what is asked before hosts come or go.
var guarded = []Row{
	{Reason: v1alpha1.ReasonSKUNotOffered, Means: "Azure does not offer the SKU there",
		Do: "choose another SKU, zone or location, or ask Microsoft for it", Asks: []Ask{
			{Says: `choose (another location|one of these)(, or another location|, or leave the zone to Azure)?`, By: "SKU not offered"},
			{Says: `(choose another zone, or )?ask for it with a support request to Microsoft for Azure VMware Solution`, By: "TestASKUThatIsNotOfferedIsNotAskedFor"},
		}},
	{Reason: v1alpha1.ReasonNetworkBlockInUse, Means: "the network block overlaps with one that is in use",
		Do: "choose a block that is in use nowhere else", Asks: []Ask{
			{Says: `choose a block that is in use nowhere else`, By: "network block in use"},
		}},
	{Reason: v1alpha1.ReasonQuotaExceeded, Means: "the subscription may have no more hosts", Do: "ask for host quota, as the message says", Asks: []Ask{
		{Says: `ask for host quota with a support request of type 'Service and subscription limits \(quotas\)' for Azure VMware Solution`,
			By: "TestCreationWaitsForRegistrationAndQuota"},
	}},
	{Reason: v1alpha1.ReasonNotRegistered, Means: "the subscription has not registered Microsoft.AVS", Do: "register it, with the command in the message",
		Asks: []Ask{
			{Says: `register it(:| with 'az) .*`, By: "TestCreationWaitsForRegistrationAndQuota"},
		}},
	{Reason: v1alpha1.ReasonLimitExceeded, Means: "more than Azure makes, than `maxHosts` of the identity allows, or than the operator reads of one vCenter",
		Do: "ask for fewer, put the others elsewhere, or have the bound raised", Asks: []Ask{
			{Says: `Ask for fewer hosts, or have maxHosts raised`, By: "TestMaxHostsBoundsTheSum"},
			{Says: `add hosts to a cluster that is there, or make another private cloud|make another private cloud for the others`, By: "limits"},
			{Says: `give the operator an account that sees less of it.*`, By: "TestAVCenterThatIsTooLargeIsTold",
				Told: "no simulated vCenter hides a part of its inventory from an account"},
		}},
	{Reason: v1alpha1.ReasonNearLimit, Means: "nearly as many hosts as there can be: the next ones need another cluster or private cloud"},
	{Reason: v1alpha1.ReasonPlacementNeedsHosts, Means: "a placement policy needs more hosts",
		Do: "take machines out of the policy, disable it, or have more hosts", Asks: []Ask{
			{Says: `take machines out of the policy, disable it, or set clusterSize to %d|add hosts to the policy, or disable it`,
				By: "TestHostsLeaveOnlyWhenNothingNeedsThem"},
			{Says: `make it larger, or take machines out of vmMembers`, By: "TestMachinesThatAreKeptApartWaitForHosts"},
		}},
	{Reason: v1alpha1.ReasonStorageInsufficient, Means: "the data does not fit on the hosts that would stay", Do: "free space, or keep more hosts", Asks: []Ask{
		{Says: `free %s, or set clusterSize to %d`, By: "TestHostsLeaveOnlyWhenNothingNeedsThem"},
	}},
	{Reason: v1alpha1.ReasonNotKnown, Means: "something that must be known before a write, or a deletion, cannot be found out",
		Do: "nothing; or say with the annotation in the message that it does not matter", Asks: []Ask{
			{Says: `To (delete|detach) it all the same, set the annotation %s=%s`, By: "TestAFailedDatastoreTakesAnotherObject"},
		}},
	{Reason: v1alpha1.ReasonLicenseCovered, Means: "the licence covers the cores of all hosts"},
	{Reason: v1alpha1.ReasonLicenseValid, Means: "the licence is good for another 60 days"},
	{Reason: v1alpha1.ReasonLicenseInsufficient, Means: "the licence covers fewer cores than there are", Do: "buy cores, and raise the number", Asks: []Ask{
		{Says: `buy cores from Broadcom and raise the number in`, By: "TestLicencesCoverEveryCore"},
	}},
	{Reason: v1alpha1.ReasonLicenseEnding, Means: "the licence ends within 60 days, or has ended", Do: "renew it, and set key, cores and end", Asks: []Ask{
		{Says: `renew it with Broadcom and set the new key, cores and endDate`, By: "TestLicencesCoverEveryCore"},
	}},
	{Reason: v1alpha1.ReasonMaintenance, Means: "Microsoft works on it, and its size rests meanwhile"},
}

// maintained are the reasons of a MaintenancePolicy.
var maintained = []Row{
	{Reason: v1alpha1.ReasonScheduling, Means: "a maintenance is being given its time"},
	{Reason: v1alpha1.ReasonChecking, Means: "Azure checks whether a maintenance can begin"},
	{Reason: v1alpha1.ReasonNoWindow, Means: "no window has room for a maintenance", Do: "add a window or make one longer, or schedule it by hand", Asks: []Ask{
		{Says: `(add (one|another window)|make one longer|lower noticeSeconds), or schedule it by hand`, By: "TestNoWindow"},
	}},
	{Reason: v1alpha1.ReasonMaintenanceNotReady, Means: "checks that Microsoft makes before a maintenance fail", Do: "mend what `failedChecks` names"},
}

// refused are further reasons for which Azure refuses a request.
var refused = []Row{
	{Reason: v1alpha1.ReasonConflict, Means: "Azure refuses it again and again and names no reason that the operator knows",
		Do: "read Azure's own words in the message"},
	{Reason: v1alpha1.ReasonPolicyDenied, Means: "an Azure Policy forbids it", Do: "change the spec or the Azure Policy", Asks: []Ask{
		{Says: `change the spec or the Azure Policy`, By: "refused/PolicyDenied"},
	}},
	{Reason: v1alpha1.ReasonKeyVaultDenied, Means: "the key vault does not let the private cloud's identity in",
		Do: "let it in; it is tried again by itself", Asks: []Ask{
			{Says: `let the private cloud's identity, status\.systemAssignedIdentity\.principalID, into the key vault.*?; `, By: "TestEncryptionFollowsTheIdentity"},
		}},
	{Reason: v1alpha1.ReasonSubscriptionDisabled, Means: "Azure takes no changes in the subscription", Do: "have its owner enable it again"},
	{Reason: v1alpha1.ReasonSubscriptionNotFound, Means: "Azure shows the identity no such subscription",
		Do: "correct `subscriptionID`, or give the identity a role there", Asks: []Ask{
			{Says: `correct subscriptionID; if it is right, `, By: "subscription misspelt"},
			{Says: `give the identity a role in that subscription and check tenantID`, By: "refused/SubscriptionNotFound"},
		}},
	{Reason: v1alpha1.ReasonVersionNotOffered, Means: "this cloud or region does not offer the version of the API that the operator speaks",
		Do: "use another region or cloud, or another release of the operator", Asks: []Ask{
			{Says: `use one that does, or a release of the operator that speaks one of those that it offers`, By: "version not offered"},
		}},
	{Reason: v1alpha1.ReasonInsufficientCapacity, Means: "Azure has no hosts to give there now; it is tried again every half hour"},
}

// vcenters are the reasons of a VCenter.
var vcenters = []Row{
	{Reason: v1alpha1.ReasonSHA256, Means: "the thumbprint that is trusted is SHA-256"},
	{Reason: v1alpha1.ReasonSHA1, Means: "the thumbprint that is trusted is SHA-1",
		Do: "put the SHA-256 there, which the command in the message shows", Asks: []Ask{
			{Says: `put the SHA-256 there, .*`, By: "TestASHA1PinIsWarnedOf"},
		}},
	{Reason: v1alpha1.ReasonCertificateChanged, Means: "the vCenter presents another certificate than the one that is trusted",
		Do: "if it was renewed, put the new thumbprint there", Asks: []Ask{
			{Says: `put the new thumbprint there`, By: "TestAWrongThumbprintIsToldWithBothAndNothingIsSent"},
			{Says: `check that migration\.url of the target's VCenter leads to that vCenter, and that its certificate is the one that the operator sees` + again,
				By: "TestFaultsBecomeSentences"},
		}},
	{Reason: v1alpha1.ReasonCertificateUntrusted, Means: "no authority that is trusted has signed the vCenter's certificate",
		Do: "correct `trust.caRef`, or pin the certificate with `trust.thumbprint`", Asks: []Ask{
			{Says: `correct trust\.caRef, or pin the certificate with trust\.thumbprint`, By: "TestACertificateThatNobodyVouchesForIsPinned"},
		}},
	{Reason: v1alpha1.ReasonIdentityChanged, Means: "another vCenter answers than the one that is meant",
		Do: "correct the VCenter if another one is meant; moves that were planned with the other one are deleted, to be planned again", Asks: []Ask{
			{Says: `Correct the VCenter, or delete this object to have it planned again`, By: "TestAMoveThatWasPlannedWithAnotherVCenterStops"},
		}},
	{Reason: v1alpha1.ReasonUnreachable, Means: "the vCenter cannot be reached, or does not answer as it should",
		Do: "nothing, if it comes back by itself; else look at the network, name resolution and clocks", Asks: []Ask{
			{Says: `set both by NTP`, By: "TestClocksThatDifferAreTold"},
			{Says: `look whether the target vCenter was restarted or ends sessions early` + again, By: "TestFaultsBecomeSentences"},
			{Says: `check that migration\.url of the target's VCenter, or its url, resolves and leads there from the source vCenter itself \(TCP 443\)` + again,
				By: "TestFaultsBecomeSentences"},
		}},
}

// moves are the reasons of a WorkloadMove and a VirtualMachineMove.
var moves = []Row{
	{Reason: v1alpha1.ReasonPlanning, Means: "the move is being planned"},
	{Reason: v1alpha1.ReasonPlanned, Means: "the plan is made, and nothing blocks it", Do: "look at it, and set `state: Run`", Asks: []Ask{
		{Says: `set state to Run to start`, By: "TestAProgrammeIsPlannedRunPausedRunAgainAndComplete"},
	}},
	{Reason: v1alpha1.ReasonBlocked, Means: "something keeps machines from moving",
		Do: "mend what `status.plan.concerns` and the VirtualMachineMoves name; machines go on by themselves then", Asks: []Ask{
			{Says: `See status\.plan\.concerns and the VirtualMachineMoves`, By: "TestBlockedMachinesAreNamedAndTheOthersGoOn"},
			{Says: `Name one of its pools with spec\.target\.resourcePool instead of cluster`, By: "TestOfSeveralPoolsOneIsNamed"},
			{Says: `To take them in, set state to Plan, look at the plan, and set it to Run again`, By: "TestWhatAppearsLaterIsLeftAloneUntilItIsTakenIn"},
		}},
	{Reason: v1alpha1.ReasonMoving, Means: "machines are on their way"},
	{Reason: v1alpha1.ReasonWaitingForTurn, Means: "other machines come first"},
	{Reason: v1alpha1.ReasonPaused, Means: "`state: Pause`, or not yet `Run`: nothing new starts"},
	{Reason: v1alpha1.ReasonComplete, Means: "every machine is where it should be"},
	{Reason: v1alpha1.ReasonCancelled, Means: "cancelled, by the state, one by one, or in vCenter",
		Do: "of a relocation that somebody cancelled in vCenter, find out why, and ask for another try; " +
			"machines are planned again when their VirtualMachineMoves are gone", Asks: []Ask{
			{Says: `find out who did and why` + again, By: "TestFaultsBecomeSentences"},
		}},
	{Reason: v1alpha1.ReasonMachinesFailed, Means: "machines have failed; their VirtualMachineMoves say why",
		Do: "mend the cause, and ask for another try with the annotation in the message"},
	{Reason: v1alpha1.ReasonMoveFailed, Means: "vCenter could not move the machine",
		Do: "look at the task in vCenter, and ask for another try; or delete the VirtualMachineMove to have it planned again", Asks: []Ask{
			{Says: `look at the task in vCenter, then ask for another try with the annotation.*`, By: "TestAFailedMoveIsTriedAgainWhenAPersonAsks"},
			{Says: `assign a licence that does in vCenter` + again, By: "TestFaultsBecomeSentences"},
			{Says: `look at the machine's power and connection state, and whether VMware Tools run` + again, By: "TestFaultsBecomeSentences"},
			{Says: `delete this object, so that the machine is planned again; if that does not help, look at the machine's devices`,
				By: "TestAMachineIsPlannedAgainWhenItsMoveIsDeleted"},
			{Says: `,? then ask for another try with the annotation.*`, By: "TestAFailedMoveIsTriedAgainWhenAPersonAsks"},
			{Says: `set method: %v in the WorkloadMove, which this does not hinder, and delete this VirtualMachineMove, so that it is made anew`,
				By: "TestAMachineIsPlannedAgainWhenItsMoveIsDeleted"},
		}},
	{Reason: v1alpha1.ReasonClaimedByAnother, Means: "another move has the machine; this one goes on when that one has ended",
		Do: "let the other end, or exclude the machine from one of the two", Asks: []Ask{
			{Says: `or exclude the machine from one of the two`, By: "TestAMachineOfTwoMovesIsExcludedFromOne"},
		}},
	{Reason: v1alpha1.ReasonNetworkNotMapped, Means: "the move does not say where a network of a machine goes", Do: "add an entry to `spec.networks`"},
	{Reason: v1alpha1.ReasonPowerOffNotAllowed, Means: "the machine runs, and the move may not power it off", Do: "power it off, or plan the move again",
		Asks: []Ask{
			{Says: `power it off yourself, or plan the move again with power\.powerOff Guest, or with method Live`,
				By: "TestAColdMoveOfARunningMachineIsBlockedUntilItIsOff"},
		}},
	{Reason: v1alpha1.ReasonToolsNotRunning, Means: "the guest cannot be asked to shut down",
		Do: "start VMware Tools, power the machine off, or plan the move again", Asks: []Ask{
			{Says: `start Tools, power it off yourself, or plan the move again with power\.powerOff GuestThenHard`, By: "TestAGuestWithoutToolsCannotBeAsked"},
		}},
	{Reason: v1alpha1.ReasonShutdownTimedOut, Means: "the guest did not shut down in time", Do: "shut it down, or allow more, and ask for another try",
		Asks: []Ask{
			{Says: `Shut it down yourself, allow more with power\.timeoutSeconds, or use power\.powerOff GuestThenHard; then ask for another try ` +
				`with the annotation %s`, By: "TestAGuestThatIgnoresTheShutdownIsLeftRunning"},
		}},
	{Reason: v1alpha1.ReasonPowerOnFailed, Means: "the machine is whole and powered off, and cannot be powered on",
		Do: "power it on, or ask for another try", Asks: []Ask{
			{Says: `Power it on yourself, .*`, By: "TestPowerOnRefusedForEverAtTheTarget"},
		}},
	{Reason: v1alpha1.ReasonMachineLostFromView, Means: "neither vCenter shows the machine", Do: "look for it in both; it goes on when one shows it"},
	{Reason: v1alpha1.ReasonMachineAtBoth, Means: "both vCenters show the machine", Do: "remove the one that is not wanted", Asks: []Ask{
		{Says: `Remove the one that is not wanted`, By: "TestAMachineAtBothVCentersIsLeftToAPerson"},
	}},
	{Reason: v1alpha1.ReasonVerificationFailed, Means: "the machine has arrived and is not what left", Do: "compare it, and ask for another look", Asks: []Ask{
		{Says: `compare it yourself, then ask for another look with the annotation %s`, By: "TestAMachineThatChangedOnTheWayIsNotCalledMoved"},
	}},
	{Reason: v1alpha1.ReasonNoProgress, Means: "a relocation has stood still for long; it is followed on",
		Do: "look at what the message names; to end it, cancel the task in vCenter or delete the VirtualMachineMove", Asks: []Ask{
			{Says: `cancel the task in vCenter, or delete this object`, By: "TestARelocationThatStandsStillSaysSo"},
		}},
	{Reason: v1alpha1.ReasonRelocationNotChecked, Means: "vCenter could not check whether the machine can go once it is off",
		Do: "power it off, move it Live, or accept it with a waiver", Asks: []Ask{
			{Says: `power it off yourself, move it Live, or accept this with a waiver of %[sv]`, By: "TestAMachineIsNotPoweredOffForWhatCouldNotBeChecked"},
		}},
}

// faults are the reasons of what a relocation failed for.
var faults = []Row{
	{Reason: v1alpha1.ReasonTargetWithoutRoom, Means: "the target has not got the room",
		Do: "make room there, or map the datastore to another, and ask for another try", Asks: []Ask{
			{Says: `make room there, or map the machine's datastore to another` + again, By: "TestAFailedMoveIsTriedAgainWhenAPersonAsks"},
		}},
	{Reason: v1alpha1.ReasonNameTaken, Means: "the target's folder has a machine of that name",
		Do: "rename or move one of the two, and ask for another try", Asks: []Ask{
			{Says: `rename or move one of the two` + again, By: "TestFaultsBecomeSentences"},
		}},
	{Reason: v1alpha1.ReasonNetworkUnavailable, Means: "a network of the target cannot take the machine",
		Do: "look at the mapped network, and ask for another try", Asks: []Ask{
			{Says: `check that the mapped network is there.*`, By: "TestFaultsBecomeSentences"},
		}},
	{Reason: v1alpha1.ReasonDatastoreUnavailable, Means: "a datastore cannot be used", Do: "look at it in vCenter, and ask for another try", Asks: []Ask{
		{Says: `look at the datastore in vCenter` + again, By: "TestFaultsBecomeSentences"},
	}},
	{Reason: v1alpha1.ReasonHostUnavailable, Means: "no host of the target can take the machine",
		Do: "look at the hosts, rules and hardware, and ask for another try", Asks: []Ask{
			{Says: `(change the rule or the affinity|move it to hosts that do, or give the machine hardware that they run|look at the hosts of the ` +
				`target cluster: .*)` + again, By: "TestFaultsBecomeSentences"},
		}},
	{Reason: v1alpha1.ReasonCPUIncompatible, Means: "the target's processors lack what the running machine uses",
		Do: "set `method: Cold` and delete the VirtualMachineMove; or power the machine off and on under a lower EVC mode, and ask for another try", Asks: []Ask{
			{Says: `power it off and on under a lower EVC mode first` + again, By: "TestFaultsBecomeSentences"},
		}},
	{Reason: v1alpha1.ReasonSnapshotPresent, Means: "the machine's snapshots cannot go along", Do: "remove or consolidate them, and ask for another try",
		Asks: []Ask{
			{Says: `remove or consolidate them` + again, By: "TestASnapshotThatCameAfterThePlanIsFoundBeforeTheStart"},
		}},
	{Reason: v1alpha1.ReasonDevicePreventsMove, Means: "a device, or Fault Tolerance, keeps the machine from moving",
		Do: "disconnect it, or turn it off, and ask for another try", Asks: []Ask{
			{Says: `(turn it off for the move|disconnect or remove it)` + again, By: "TestFaultsBecomeSentences"},
		}},
	{Reason: v1alpha1.ReasonTimedOut, Means: "vCenter gave the relocation up because it took too long",
		Do: "look at the network and the load, and ask for another try", Asks: []Ask{
			{Says: `look at the network between the hosts \(TCP 8000 and 902\) and at the load on the machine's memory` + again, By: "TestFaultsBecomeSentences"},
		}},
	{Reason: v1alpha1.ReasonMachineBusy, Means: "something else works on the machine",
		Do: "nothing; if the move has failed for it, ask for another try when that has ended", Asks: []Ask{
			{Says: `wait for that operation's end` + again, By: "TestFaultsBecomeSentences"},
		}},
}
