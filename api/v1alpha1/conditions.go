// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// Condition types. Ready is always there; Reconciling and Stalled are there only while true, and never both, as kstatus reads them.
const (
	// ConditionReady says whether the declared state is reached; of a move, whether it is accepted and needs no person.
	ConditionReady = "Ready"
	// ConditionReconciling is there while the operator or the outside world still works toward the declared state.
	ConditionReconciling = "Reconciling"
	// ConditionStalled is there while nothing can go on without an edit or a person.
	ConditionStalled = "Stalled"
	// ConditionInSync says whether the object in Azure equals the spec; Unknown while that has not been seen lately.
	ConditionInSync = "InSync"
	// ConditionCredentialsReady says whether the identity or the account is accepted by the other side.
	ConditionCredentialsReady = "CredentialsReady"
	// ConditionReferencesReady says whether everything that the spec refers to is there and usable.
	ConditionReferencesReady = "ReferencesReady"
	// ConditionLicenseCovered says whether the VCF licence of a private cloud has as many cores as its hosts. It is there while Azure has one.
	ConditionLicenseCovered = "LicenseCovered"
	// ConditionLicenseValid says whether that licence is good for another 60 days.
	ConditionLicenseValid = "LicenseValid"
	// ConditionRoomToGrow is there, and False, while a cluster or private cloud is so near to the most hosts that it can have that Microsoft
	// alerts.
	ConditionRoomToGrow = "RoomToGrow"
	// ConditionPlanned says whether a move has a plan that nothing blocks.
	ConditionPlanned = "Planned"
	// ConditionComplete says whether every machine is where the move's state wants it.
	ConditionComplete = "Complete"
	// ConditionNewMachines says whether a move's select matches machines that appeared after its selection was made, and are left alone.
	ConditionNewMachines = "NewMachines"
	// ConditionFrozen is there, and True, while the operator begins nothing new because a person froze it.
	ConditionFrozen = "Frozen"
	// ConditionThumbprintStrong: False while a VCenter is trusted by a SHA-1 thumbprint that a user wrote; absent without one.
	ConditionThumbprintStrong = "ThumbprintStrong"
	// ConditionFailed says whether machines of a move have failed.
	ConditionFailed = "Failed"
)

// Reasons: one stable CamelCase word each. The message beside it says what happened, what it means and what to do.
const (
	ReasonReady       = "Ready"
	ReasonReconciling = "Reconciling"
	ReasonSuspended   = "Suspended"
	ReasonFrozen      = "Frozen"
	ReasonObserved    = "Observed"

	ReasonCreating         = "Creating"
	ReasonUpdating         = "Updating"
	ReasonDeleting         = "Deleting"
	ReasonRotating         = "RotatingPassword"
	ReasonOperationUnknown = "OperationOutcomeUnknown"
	ReasonOperationWaits   = "OperationWaits"
	ReasonOperationFailed  = "OperationFailed"
	ReasonAzureBusy        = "AzureBusy"
	ReasonTakesTooLong     = "TakesTooLong"
	ReasonConflict         = "Conflict"
	ReasonNotAsWritten     = "NotAsWritten"
	ReasonStatusRefused    = "StatusRefused"

	ReasonReferenceNotFound     = "ReferenceNotFound"
	ReasonReferenceNotReady     = "ReferenceNotReady"
	ReasonReferenceNotPermitted = "ReferenceNotPermitted"
	ReasonCredentialsInvalid    = "CredentialsInvalid"
	ReasonEndpointNotAllowed    = "EndpointNotAllowed"
	ReasonSecretNotOwned        = "SecretNotOwned"
	ReasonSecretNotPermitted    = "SecretNotPermitted"

	ReasonInSync             = "InSync"
	ReasonDrifted            = "Drifted"
	ReasonHostsAboveSpec     = "HostsAboveSpec"
	ReasonNotObserved        = "NotObserved"
	ReasonNotFoundInAzure    = "NotFoundInAzure"
	ReasonAdoptionRefused    = "AdoptionRefused"
	ReasonAlreadyManaged     = "AlreadyManaged"
	ReasonImmutableField     = "ImmutableFieldChanged"
	ReasonInvalidSpec        = "InvalidSpec"
	ReasonConfirmationNeeded = "ConfirmationNeeded"
	ReasonDependentsExist    = "DependentsExist"
	ReasonMachinesExist      = "MachinesExist"
	ReasonPortsInUse         = "PortsInUse"

	ReasonScriptFailed = "ScriptFailed"
	ReasonHostNotFound = "HostNotFound"

	ReasonForbidden            = "Forbidden"
	ReasonPolicyDenied         = "PolicyDenied"
	ReasonKeyVaultDenied       = "KeyVaultAccessDenied"
	ReasonScopeLocked          = "ScopeLocked"
	ReasonRetained             = "Retained"
	ReasonNotRegistered        = "ProviderNotRegistered"
	ReasonSubscriptionDisabled = "SubscriptionDisabled"
	ReasonSubscriptionNotFound = "SubscriptionNotFound"
	ReasonVersionNotOffered    = "APIVersionNotOffered"
	ReasonQuotaExceeded        = "QuotaExceeded"
	ReasonInsufficientCapacity = "InsufficientCapacity"
	ReasonThrottled            = "Throttled"
	ReasonSupportRequired      = "SupportRequired"
	ReasonFeatureDisabled      = "FeatureDisabled"
	ReasonTransient            = "TransientError"

	ReasonSKUNotOffered       = "SKUNotOffered"
	ReasonNetworkBlockInUse   = "NetworkBlockInUse"
	ReasonLimitExceeded       = "LimitExceeded"
	ReasonNearLimit           = "NearLimit"
	ReasonMaintenance         = "MaintenanceInProgress"
	ReasonPlacementNeedsHosts = "PlacementPolicyNeedsHosts"
	ReasonStorageInsufficient = "StorageInsufficient"
	ReasonNotKnown            = "NotKnown"
	ReasonLicenseCovered      = "LicenseCovered"
	ReasonLicenseInsufficient = "LicenseInsufficient"
	ReasonLicenseValid        = "LicenseValid"
	ReasonLicenseEnding       = "LicenseEnding"

	ReasonScheduling          = "SchedulingMaintenance"
	ReasonChecking            = "CheckingReadiness"
	ReasonNoWindow            = "NoWindow"
	ReasonMaintenanceNotReady = "MaintenanceNotReady"

	ReasonCertificateChanged   = "CertificateChanged"
	ReasonCertificateUntrusted = "CertificateUntrusted"
	ReasonIdentityChanged      = "VCenterIdentityChanged"
	ReasonSHA1                 = "SHA1"
	ReasonSHA256               = "SHA256"
	ReasonUnreachable          = "Unreachable"
	ReasonPlanning             = "Planning"
	ReasonPlanned              = "Planned"
	ReasonBlocked              = "Blocked"
	ReasonMoving               = "Moving"
	ReasonPaused               = "Paused"
	ReasonCancelled            = "Cancelled"
	ReasonComplete             = "Complete"
	ReasonMachinesFailed       = "MachinesFailed"
	ReasonMoveFailed           = "MoveFailed"
	ReasonClaimedByAnother     = "ClaimedByAnotherMove"
	ReasonAmbiguousMachine     = "AmbiguousMachine"
	ReasonMachineNotFound      = "MachineNotFound"
	ReasonNetworkNotMapped     = "NetworkNotMapped"
	ReasonTargetWithoutRoom    = "TargetWithoutRoom"
	ReasonWaitingForTurn       = "WaitingForTurn"
	ReasonPowerOffNotAllowed   = "PowerOffNotAllowed"
	ReasonShutdownTimedOut     = "ShutdownTimedOut"
	ReasonMachineLostFromView  = "MachineNotFoundAnywhere"
	ReasonMachineAtBoth        = "MachineAtBothVCenters"
	ReasonToolsNotRunning      = "ToolsNotRunning"
	ReasonMachineBusy          = "MachineBusy"
	ReasonNameTaken            = "NameTaken"
	ReasonNetworkUnavailable   = "NetworkUnavailable"
	ReasonDatastoreUnavailable = "DatastoreUnavailable"
	ReasonHostUnavailable      = "HostUnavailable"
	ReasonCPUIncompatible      = "CPUIncompatible"
	ReasonSnapshotPresent      = "SnapshotPresent"
	ReasonDevicePreventsMove   = "DevicePreventsMove"
	ReasonTimedOut             = "TimedOut"
	ReasonPowerOnFailed        = "PowerOnFailed"
	ReasonVerificationFailed   = "VerificationFailed"
	ReasonNoProgress           = "NoProgress"
	ReasonRelocationNotChecked = "RelocationNotChecked"
)

// Annotations and labels that the operator reads or writes.
const (
	// AnnotationAzureID keeps the ARM id, so that a backup restored without status still names the same thing in Azure.
	AnnotationAzureID = "avs-operator.io/azure-id"
	// AnnotationWritten is set before the first write to Azure, or when what is there is taken over, and is never removed: from then on the ARM
	// id stays, also when a backup is restored without status.
	AnnotationWritten = "avs-operator.io/written"
	// LabelAzureIDHash is a hash of the ARM id, by which other objects with the same one are found.
	LabelAzureIDHash = "avs-operator.io/azure-id-hash"
	// AnnotationRan keeps the ARM id of what runs once, such as a script, when it has run.
	AnnotationRan = "avs-operator.io/ran"
	// AnnotationReconcileRequestedAt asks for a look now; its value is echoed in status.lastHandledReconcileAt.
	AnnotationReconcileRequestedAt = "avs-operator.io/reconcile-requested-at"
	// AnnotationRecreateRequestedAt asks for a private cloud or cluster that somebody deleted in Azure to be ordered once more: a time (RFC 3339)
	// after the object said that it is gone.
	AnnotationRecreateRequestedAt = "avs-operator.io/recreate-requested-at"
	// AnnotationRetryRequestedAt asks a failed VirtualMachineMove to try again; any new value does.
	AnnotationRetryRequestedAt = "avs-operator.io/retry-requested-at"
	// AnnotationConfirmDelete must hold metadata.name before a PrivateCloud or Cluster is deleted in Azure.
	AnnotationConfirmDelete = "avs-operator.io/confirm-delete"
	// AnnotationConfirmMachines must hold metadata.name to delete one that still runs workload machines.
	AnnotationConfirmMachines = "avs-operator.io/confirm-machines"
	// AnnotationConfirmTolerance holds the smallest clusterSize that the storage policies of the machines allow; below six hosts a cluster
	// cannot keep data that survives two failures as RAID-6.
	AnnotationConfirmTolerance = "avs-operator.io/confirm-fault-tolerance"
	// AnnotationVCenterRotation and AnnotationNSXTRotation keep the last rotation word that was handled.
	AnnotationVCenterRotation = "avs-operator.io/handled-vcenter-rotation"
	AnnotationNSXTRotation    = "avs-operator.io/handled-nsxt-rotation"
	// AnnotationScheduled keeps the starts that a MaintenancePolicy has asked for, by the name of the maintenance: what has another start was
	// moved by somebody else.
	AnnotationScheduled = "avs-operator.io/scheduled-maintenances"
	// LabelManaged marks a Secret that the operator wrote; one without it is never touched.
	LabelManaged = "avs-operator.io/managed"
	// LabelUse lets the operator use a Secret of any type, if its value is UseAllowed.
	LabelUse = "avs-operator.io/use"
	// UseAllowed is the value of LabelUse that permits.
	UseAllowed = "allowed"
	// LabelMove names the WorkloadMove that made a VirtualMachineMove.
	LabelMove = "avs-operator.io/workload-move"
	// Finalizer is held while something outside the cluster must be let go in order.
	Finalizer = "avs-operator.io/finalizer"
	// FinalizerInUse is held by an AzureIdentity, and by what it refers to, while something must still be deleted in Azure with it.
	FinalizerInUse = "avs-operator.io/in-use"
	// FinalizerInUseByMoves is held by a VCenter, and by what it refers to, while a machine is under way with it.
	FinalizerInUseByMoves = "avs-operator.io/in-use-by-moves"
	// TagOwner is the Azure tag of a private cloud that names the Kubernetes cluster and object managing it.
	TagOwner = "avs-operator-owner"
)

// SecretTypeAzure is the type of a Secret that was made for an AzureIdentity: clientSecret, or tls.crt and tls.key.
const SecretTypeAzure = "avs-operator.io/azure"
