// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package advice

import (
	"slices"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
)

// Rows has every reason once.
var Rows = slices.Concat(general, converging, owned, leaving, inAzure, guarded, maintained, refused, vcenters, moves, faults)

var general = []Row{
	{Reason: v1alpha1.ReasonReady, Means: "the declared state is reached"},
	{Reason: v1alpha1.ReasonReconciling, Means: "the operator reads what there is, or has just been started"},
	{Reason: v1alpha1.ReasonObserved, Means: "`managementPolicy: Observe`: nothing is written, and the message says what differs"},
	{Reason: v1alpha1.ReasonSuspended, Means: "`suspend: true`: nothing new is written", Do: "take `suspend` away when it is to go on", Asks: []Ask{
		{Says: `until spec\.suspend is taken away`, By: "waits for a person"},
	}},
	{Reason: v1alpha1.ReasonFrozen, Means: "an administrator has frozen the operator",
		Do: "ask whoever froze it, with the words in the message; all goes on by itself when that ends", Asks: []Ask{
			{Says: `give its ServiceAccount get on configmaps there`, By: "TestAnOperatorThatCannotSeeWhetherItIsFrozenSaysSo"},
		}},
	{Reason: v1alpha1.ReasonStatusRefused, Means: "the API server does not take the status that was found, so the other conditions are older",
		Do: "report it, with the message", Asks: []Ask{
			{Says: `Please report this`, By: "TestAStatusThatIsRefusedIsTold", Told: "a report goes to people, who mend the operator"},
		}},
	{Reason: v1alpha1.ReasonTransient, Means: "something failed that may well work next time: a 5xx, a connection that broke", Asks: []Ask{
		{Says: `delete the Secret to have a new one made`, By: "TestASecretOfFingerprintsWithoutItsValueIsMadeAnew"},
	}},
	{Reason: v1alpha1.ReasonForbidden, Means: "the identity, or the account of a vCenter, lacks a right",
		Do: "give it the role that the message names, there where it says", Asks: []Ask{
			{Says: `give the identity (a role|the role).*`, By: "refused/Forbidden"},
			{Says: `give the account the role that the documentation lists`, By: "TestAnAccountWithoutItsRoleIsTold"},
			{Says: `give it a role with that privilege`, By: "TestFaultsBecomeSentences"},
		}},
	{Reason: v1alpha1.ReasonInvalidSpec, Means: "the spec cannot be carried out, or Azure does not take it",
		Do: "change the field that the message names", Asks: []Ask{
			{Says: `no resource group: set spec\.resourceGroup here, or on AzureIdentity %s`, By: "needs somebody first"},
			{Says: `change the spec as Azure says`, By: "refused/InvalidSpec"},
			{Says: `Install that version of the operator again, which takes the move to its end|Install the version that made this object, or set another ` +
				`method in the WorkloadMove and delete this object, so that it is made anew`, By: "TestAMethodOfANewerVersionMovesNothing",
				Told: "no other version of the operator can be installed in a test"},
			{Says: `Set another method, or install the version that knows it`, By: "TestAMethodOfANewerVersionPlansNothing"},
			{Says: `set connectedGateway to one of %s`, By: "TestASegmentFindsItsGatewayAndStaysForItsLastPort"},
			{Says: `it has no iSCSI path\. Delete this object`, By: "TestPrivateCloudsOfTheSecondGenerationAndStretchedOnes"},
			{Says: `name another one than %s`, By: "TestACloudLinkWaitsForTheOtherCloudAndLinksNoCloudToItself"},
			{Says: `use a GlobalReachConnection between regions`, By: "TestACloudLinkWaitsForTheOtherCloudAndLinksNoCloudToItself"},
			{Says: `name them in spec\.identitySources, each with its credentialsRef`, By: "TestALicenceDoesNotTakeAwayWhatAzureDoesNotShow"},
			{Says: `set its spec\.secretName`, By: "peer's authorization"},
			{Says: `name one of the peer's in peer\.authorizationRef|give peer\.circuit and its spec\.circuit the same value`, By: "TestGlobalReachSaysWhatDoesNotFit"},
			{Says: `Correct it there; nothing was sent`, By: "TestFirstPasswordsGoOutOnce"},
			{Says: `put the CA's certificates there`, By: "CA without certificates"},
			{Says: `correct url, address or trust`, By: "TestAHostIsNoVCenter"},
			{Says: `set clusterSize to %d( or %d)?`, By: "TestTwoZonesShareEvenly"},
			{Says: `set extendedNetworkBlocks on the PrivateCloud`, By: "TestHostsOfAV64NeedASeedAndAddresses"},
			{Says: `correct scaleIn\.hosts`, By: "TestHostsLeaveOnlyWhenNothingNeedsThem"},
			{Says: `write one such as Europe/Oslo`, By: "maintenance in no time zone"},
		}},
	{Reason: v1alpha1.ReasonFeatureDisabled, Means: "the spec sets a field whose feature gate is off",
		Do: "take the field out of the spec, or ask for the gate", Asks: []Ask{
			{Says: `Take it out of the spec; nothing is written before`, By: "feature gate"},
		}},
}

// converging are the reasons of what is on its way.
var converging = []Row{
	{Reason: v1alpha1.ReasonCreating, Means: "Azure makes it"},
	{Reason: v1alpha1.ReasonUpdating, Means: "Azure changes it"},
	{Reason: v1alpha1.ReasonDeleting, Means: "Azure deletes it, or the object is let go"},
	{Reason: v1alpha1.ReasonRotating, Means: "Azure changes a password"},
	{Reason: v1alpha1.ReasonOperationWaits, Means: "another change of the private cloud comes first"},
	{Reason: v1alpha1.ReasonAzureBusy, Means: "Azure works on it, or on its private cloud, with something else"},
	{Reason: v1alpha1.ReasonThrottled, Means: "Azure's limit on requests is reached"},
	{Reason: v1alpha1.ReasonOperationUnknown, Means: "the answer to a request was lost: Azure is looked at first",
		Do: "nothing; of a script that ran, look at what it was to change, and make a new object to run it again", Asks: []Ask{
			{Says: `look at what it was to change|make a new object`, By: "script forgotten"},
		}},
	{Reason: v1alpha1.ReasonTakesTooLong, Means: "what Azure does lasts more than twice as long as usual",
		Do: "look at the activity log of the private cloud in Azure; open a support request if nothing moves there", Asks: []Ask{
			{Says: `look at the activity log of the private cloud in Azure, and open a support request with this text if nothing moves there`,
				By: "TestWhatTakesTooLongIsSaidByAllThatWaitForIt"},
		}},
	{Reason: v1alpha1.ReasonReferenceNotFound, Means: "something that the spec names is not there",
		Do: "create it, or correct the name; what is being deleted goes with `deletionPolicy: Retain`", Asks: []Ask{
			{Says: `create it, or name another with identityRef`, By: "identity missing"},
			{Says: `create it, or correct (%s|the name)`, By: "parent missing"},
			{Says: `create it again, or set deletionPolicy: Retain to leave Azure alone`, By: "parent gone before its child"},
			{Says: `create it, or correct peer\.authorizationRef`, By: "peer's authorization"},
			{Says: `create it, or make a policy for another`, By: "maintenance of a missing private cloud"},
			{Says: `make it, or name another one`, By: "named object missing"},
			{Says: `correct scriptPackage`, By: "TestAScriptThatFailsIsToldApartFromOneThatSucceeded"},
			{Says: `set connectedGateway to one that is there`, By: "TestASegmentFindsItsGatewayAndStaysForItsLastPort"},
			{Says: `under the key %q(, and its private key neither there nor under tls\.key)?: add it`, By: "key missing"},
			{Says: `delete this object, so that the machine is planned again`, By: "TestAMachineIsPlannedAgainWhenItsMoveIsDeleted"},
		}},
	{Reason: v1alpha1.ReasonReferenceNotReady, Means: "something that it stands on is not ready, or needs somebody itself",
		Do: "nothing, or what the object says that the message names", Asks: []Ask{
			{Says: `needs somebody first: .* says what to do`, By: "needs somebody first"},
			{Says: `declare it, unless something makes it already`, By: "TestAnHCXSiteWaitsForTheAddonWithoutARefusal"},
			{Says: `mend it in Azure, or name another one`, By: "named object failed"},
			{Says: `to leave it in Azure, set deletionPolicy: Retain`, By: "TestAMovedPrivateCloudIsDeletedWhereItIs"},
		}},
	{Reason: v1alpha1.ReasonReferenceNotPermitted, Means: "the private cloud's owner has not let this namespace have such an object",
		Do: "have the private cloud's `allowedNamespaces` name the namespace and the kind", Asks: []Ask{
			{Says: `its spec\.allowedNamespaces must have`, By: "TestConsentIsForKinds"},
			{Says: `use a credential of this namespace, or have the operator's flag --operator-identity-namespaces name it`,
				By: "TestOperatorsOwnIdentityIsNotForEveryNamespace"},
		}},
	{Reason: v1alpha1.ReasonCredentialsInvalid, Means: "the other side refuses the credential", Do: "correct the Secret; a new one is tried at once", Asks: []Ask{
		{Says: `correct the credential`, By: "refused credential"},
		{Says: `correct the Secret`, By: "TestARefusedPasswordIsTriedOnce"},
		{Says: `Name an account for other vCenters in migration\.credentialsRef, then no token is needed`, By: "TestARefusedTokenAsksForAnAccount"},
		{Says: `name an account of the target in migration\.credentialsRef of the target's VCenter, or correct the Secret that is named there` + again,
			By: "TestARefusedTokenAsksForAnAccount"},
	}},
	{Reason: v1alpha1.ReasonEndpointNotAllowed, Means: "an address that the administrator has not allowed",
		Do: "correct the address, or have an administrator allow it", Asks: []Ask{
			{Says: `correct (url or address|spec\.cloud\.endpoints)`, By: "TestLocalAddressesAreNotDialled"},
			{Says: `have it name the host of %s, or use one of the clouds that Microsoft runs \(spec\.cloud\.name\)`, By: "endpoint not allowed"},
		}},
	{Reason: v1alpha1.ReasonSecretNotPermitted, Means: "a Secret that nobody has given for this use",
		Do: "run the command in the message, as the Secret's owner", Asks: []Ask{
			{Says: `make it of type %s, or permit it: %s`, By: "secret not permitted"},
		}},
	{Reason: v1alpha1.ReasonSecretNotOwned, Means: "a Secret is in the place where one is to be written, and is somebody else's",
		Do: "choose another `secretName`, or delete that Secret", Asks: []Ask{
			{Says: `choose another secretName, or delete that Secret`, By: "secret not owned"},
			{Says: `delete it, and it is written again`, By: "secret made immutable"},
		}},
}

// owned are the reasons of whose a resource is, and of how it differs.
var owned = []Row{
	{Reason: v1alpha1.ReasonInSync, Means: "Azure equals the spec"},
	{Reason: v1alpha1.ReasonDrifted,
		Means: "Azure differs from the spec, where the message and `status.drift` say; it is mended by itself unless Ready says otherwise"},
	{Reason: v1alpha1.ReasonNotObserved, Means: "Azure has not been seen lately, so nobody knows whether it equals the spec"},
	{Reason: v1alpha1.ReasonHostsAboveSpec, Means: "Azure has more hosts than the spec says; they stay",
		Do: "set `clusterSize` to what is there, and after that to fewer if they are to go", Asks: []Ask{
			{Says: `Set clusterSize to %d to accept them, or after that to %d to let them go`, By: "hosts above the spec"},
		}},
	{Reason: v1alpha1.ReasonAdoptionRefused, Means: "it is in Azure already, and may not be taken over as it is",
		Do: "change the spec to what Azure has, choose another `azureName`, or set `adoptionPolicy: Always`", Asks: []Ask{
			{Says: `(?i)choose another azureName, or `, By: "adoption never"},
			{Says: `allow its adoption`, By: "adoption never"},
			{Says: `Change the spec to what Azure has, or set adoptionPolicy: Always to have Azure changed`, By: "adoption of what differs"},
			{Says: `Change the spec to what Azure has; edit it again after it has been taken over`, By: "takeover of what differs"},
		}},
	{Reason: v1alpha1.ReasonAlreadyManaged, Means: "another object manages it",
		Do: "delete one of the two, with `deletionPolicy: Retain`; or take it over as the message says", Asks: []Ask{
			{Says: `delete one of the two objects \(with deletionPolicy Retain, so that Azure is left alone\)`, By: "two objects"},
			{Says: `set adoptionPolicy: Takeover, which changes nothing else, after the other has let go`, By: "owner has let go"},
			{Says: `Set deletionPolicy: Retain here and in what stands in it, and delete these objects; or set adoptionPolicy: Always to take it back`,
				By: "taken over by another"},
			{Says: `delete one of the two, or let this one observe`, By: "TestTwoPolicies"},
			{Says: `was not made by this WorkloadMove: delete it`, By: "TestAVirtualMachineMoveInTheWayIsTold"},
		}},
	{Reason: v1alpha1.ReasonImmutableField, Means: "Azure, or the record of what this object manages, has a value that never changes",
		Do: "set the value back, or make another object", Asks: []Ask{
			{Says: `correct the spec, or make another resource`, By: "immutable field"},
			{Says: `set the Secret back, or make another resource`, By: "immutable secret"},
			{Says: `set them back, or make a new object for the other resource`, By: "TestAnIdentityThatChangesItsSubscription"},
			{Says: `set deletionPolicy: Delete, or delete it in Azure`, By: "TestAConnectionThatNeverCameToBeIsMadeAnew"},
		}},
	{Reason: v1alpha1.ReasonNotFoundInAzure, Means: "it is not in Azure, and is not made by itself",
		Do: "what the message says: where it was moved to, a command that orders it again, or how to do without it", Asks: []Ask{
			{Says: `correct the name if it is called otherwise there, or take adoptionPolicy out of the spec to have it made`, By: "takeover of what is not there"},
			{Says: `(?is)if it was (moved|deleted).*`, By: "TestVanishedIsNotMadeASecondTime"},
			{Says: `to do without it: .*`, By: "private cloud that is gone"},
		}},
	{Reason: v1alpha1.ReasonNotAsWritten, Means: "Azure has accepted a value twice and shows another one", Do: "write it in the spec as Azure shows it",
		Asks: []Ask{
			{Says: `write it in the spec as Azure shows it`, By: "TestWhatAzureNormalisesIsNotWrittenForEver"},
		}},
}

// leaving are the reasons of what is being deleted.
var leaving = []Row{
	{Reason: v1alpha1.ReasonRetained, Means: "its private cloud stays in Azure with its delete lock, so this stays too"},
	{Reason: v1alpha1.ReasonConfirmationNeeded, Means: "something that cannot be undone waits for a person",
		Do: "set the annotation in the message; a deletion ends with `deletionPolicy: Retain` too", Asks: []Ask{
			{Says: `confirm with the annotation %s=%s, or set deletionPolicy: Retain to leave Azure alone`, By: "TestTheLockComesBackWhenTheDeletionIsCalledOff"},
			{Says: `give them one with a failures-to-tolerate of 1, such as RAID-1 FTT-1, and then say so with %s`,
				By: "TestNotKnowingIsNoPermissionAndSixHostsAreAThreshold"},
		}},
	{Reason: v1alpha1.ReasonDependentsExist, Means: "something still stands in it or uses it", Do: "delete what the message names, or let it end", Asks: []Ask{
		{Says: `Delete those that are not being deleted yet`, By: "dependents"},
		{Says: `so delete them too, with deletionPolicy: Retain where Azure is to be left alone`, By: "identity that is needed"},
		{Says: `Delete them first`, By: "TestAnElasticSANWaitsForItsPathAndThePathStaysForIt"},
		{Says: `let it end, or cancel it`, By: "TestAMoveHoldsADeletionBack"},
		{Says: `delete that first, or have it use another group`, By: "TestAGroupFindsItsMachinesAndStaysForItsProfile"},
		{Says: free, By: "deletions"},
	}},
	{Reason: v1alpha1.ReasonMachinesExist, Means: "machines are in it, or have disks on it",
		Do: "move them away; or say with the annotation in the message that they go too", Asks: []Ask{
			{Says: `move them away, set deletionPolicy: Retain to leave Azure alone, or set the annotation %s=%s to destroy them`, By: "TestMachinesHoldADeletionBack"},
			{Says: `move them to another datastore, or set deletionPolicy: Retain to leave Azure alone`, By: "TestAnElasticSANWaitsForItsPathAndThePathStaysForIt"},
		}},
	{Reason: v1alpha1.ReasonPortsInUse, Means: "ports of the segment are in use; it is deleted when the last machine has left"},
	{Reason: v1alpha1.ReasonScopeLocked, Means: "a lock in Azure forbids it", Do: "take the lock off, or set `deletionPolicy: Retain`", Asks: []Ask{
		{Says: `take the lock off in Azure`, By: "refused/ScopeLocked"},
		{Says: `set deleteLock: Disabled on PrivateCloud %s; to let go of this object alone, set its deletionPolicy: Retain`,
			By: "TestWhatIsDeletedUnderALockIsFreedAsItsMessageSays"},
	}},
}

// inAzure are the reasons of what Azure could not do.
var inAzure = []Row{
	{Reason: v1alpha1.ReasonOperationFailed, Means: "Azure began and could not do it; the resource is in state Failed",
		Do: "correct the spec, which is then written once more; or ask for another try with the annotation in the message", Asks: []Ask{
			{Says: `correct the spec, which is then written again by itself`, By: "TestAFailedSegmentIsMendedByTheCorrectedSpec"},
			{Says: `have it written once more with the annotation %s=<any new word>`, By: "TestAFailedUpdateIsMendedAndNeverByDeleting"},
			{Says: `what the spec cannot change takes another object, after this one is deleted`, By: "TestAFailedDatastoreTakesAnotherObject"},
			{Says: `set adoptionPolicy: Always`, By: "takeover of what failed"},
		}},
	{Reason: v1alpha1.ReasonSupportRequired, Means: "only Microsoft can mend it", Do: "open a support request with the message", Asks: []Ask{
		{Says: `open a support request with (this text|the text and correlation id above)`, By: "refused/SupportRequired"},
	}},
	{Reason: v1alpha1.ReasonScriptFailed, Means: "the script ran and failed; it is not run again",
		Do: "make a new object, or delete this one and apply it again", Asks: []Ask{
			{Says: `make a new object, or delete this one and apply it again`, By: "script failed"},
		}},
	{Reason: v1alpha1.ReasonHostNotFound, Means: "a host that the spec names is not in the cluster", Do: "correct `hostMembers`", Asks: []Ask{
		{Says: `correct hostMembers`, By: "TestPlacementFindsHostsByTheirShortName"},
	}},
	{Reason: v1alpha1.ReasonMachineNotFound, Means: "a machine that the spec names is not there",
		Do: "nothing, if it is still to come; else correct the name", Asks: []Ask{
			{Says: `else correct vmMembers`, By: "TestPlacementFindsMachinesByNameIdentityAndTag"},
			{Says: `else make a new object for another machine`, By: "TestMovementRestrictionKeepsToItsMachine"},
			{Says: `or take it out of members`, By: "TestAGroupFindsItsMachinesAndStaysForItsProfile"},
		}},
	{Reason: v1alpha1.ReasonAmbiguousMachine, Means: "several machines have that name", Do: "name it by its id, or say in which folder", Asks: []Ask{
		{Says: `name them by instanceUUID`, By: "TestPlacementFindsMachinesByNameIdentityAndTag"},
		{Says: `make a new object that names it by instanceUUID`, By: "TestMovementRestrictionKeepsToItsMachine"},
		{Says: `name the one that is meant by its id, one of %s`, By: "TestAGroupFindsItsMachinesAndStaysForItsProfile"},
		{Says: `remove the copies, or give them another instance UUID`, By: "TestACopyWithTheSameIdentityIsLeftToAPerson"},
	}},
}
