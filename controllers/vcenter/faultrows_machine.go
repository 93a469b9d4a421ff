// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

// machineFaults are faults whose cause is the machine: its devices, its disks and snapshots, its state. See faultRows.
var machineFaults = map[FaultClass]string{
	FaultCPU: `
CpuIncompatible | the host's processor lacks what the running machine uses
CpuIncompatible1ECX | the host's processor lacks instructions that the running machine uses
CpuIncompatible81EDX | the host's processor lacks 64-bit features that the running machine uses
CpuCompatibilityUnknown | vCenter cannot tell whether the host's processor suits the machine
FaultToleranceCpuIncompatible | the host's processor does not suit Fault Tolerance
FeatureRequirementsNotMet | the host lacks processor features that the running machine uses
EVCAdmissionFailed | the host does not fit the EVC mode of its cluster
EVCAdmissionFailedCPUFeaturesForMode | the host's processor lacks features of its cluster's EVC mode
EVCAdmissionFailedCPUModel | the host's processor model is not one for EVC
EVCAdmissionFailedCPUModelForMode | the host's processor model is not one for its cluster's EVC mode
EVCAdmissionFailedCPUVendor | the host's processor is of another make than its cluster's EVC mode
EVCAdmissionFailedCPUVendorUnknown | the make of the host's processor is not one for EVC
EVCAdmissionFailedHostDisconnected | the host is disconnected, so EVC cannot look at its processor
EVCAdmissionFailedHostSoftware | the host's ESXi is too old for EVC
EVCAdmissionFailedHostSoftwareForMode | the host's ESXi is too old for its cluster's EVC mode
EVCAdmissionFailedVmActive | machines that run on the host use more than the EVC mode has
WillModifyConfigCpuRequirements | the move would change which processor features the machine asks for
CannotModifyConfigCpuRequirements | which processor features the machine asks for cannot be changed while it runs
`,
	FaultHardware: `
VirtualHardwareVersionNotSupported | the host does not run virtual hardware as new as the machine's
VirtualHardwareCompatibilityIssue | the host does not run the machine's virtual hardware
NumVirtualCpusNotSupported | the host does not run as many virtual processors as the machine has
NumVirtualCpusIncompatible | the number of the machine's virtual processors does not go with its other settings
NumVirtualCpusExceedsLimit | the machine has more virtual processors than the licence or the host allows
NumVirtualCoresPerSocketNotSupported | the host does not run as many cores a socket as the machine has
NotEnoughCpus | the host has fewer processors than the machine
NotEnoughLogicalCpus | the host has fewer logical processors than the machine
InsufficientPerCpuCapacity | no single processor of the host is fast enough for the machine's reservation
MemorySizeNotSupported | the host does not run machines with as much memory
MemorySizeNotRecommended | the machine has more or less memory than is recommended for its guest
CpuHotPlugNotSupported | processors cannot be added while the machine runs
MemoryHotPlugNotSupported | memory cannot be added while the machine runs
UnsupportedGuest | the host does not run the machine's guest operating system
VMINotSupported | the host does not support the VMI paravirtualisation that the machine uses
WakeOnLanNotSupported | the machine's network adapter does not support Wake on LAN
DeviceUnsupportedForVmVersion | a device needs newer virtual hardware than the machine has
DeviceUnsupportedForVmPlatform | a device is not supported on the host's platform
IncompatibleDefaultDevice | a default device of the machine is not supported on the host
`,
	FaultDevice: `
DeviceNotSupported | the host does not support a device of the machine
DeviceBackingNotSupported | the host does not support what backs a device of the machine
DeviceControllerNotSupported | the host does not support a controller of the machine
DiskNotSupported | the host does not support a disk of the machine
IDEDiskNotSupported | the host does not support IDE disks
DigestNotSupported | the host does not support the digest of a disk
FileBackedPortNotSupported | a serial or parallel port writes to a file, which does not move along
MultiWriterNotSupported | a disk is shared by several writers
NonPersistentDisksNotSupported | a disk is not persistent
RawDiskNotSupported | a disk is a raw disk of its host
RemoteDeviceNotSupported | a device is connected that stands on a client or on the host
SharedBusControllerNotSupported | a SCSI controller shares its bus with other machines
VirtualDiskModeNotSupported | the mode of a disk is not supported
VirtualDiskBlocksNotFullyProvisioned | blocks of a disk are not provisioned, which Fault Tolerance needs
UnusedVirtualDiskBlocksNotScrubbed | unused blocks of a disk are not zeroed, which Fault Tolerance needs
DisallowedMigrationDeviceAttached | a device is attached that keeps the machine on its host
RDMNotPreserved | a raw device mapping would not be kept
RDMConversionNotSupported | a raw device mapping cannot be made a virtual disk on the way
LargeRDMConversionNotSupported | a raw device mapping above 2 TB cannot be made a virtual disk on the way
RDMNotSupported | the host does not support raw device mappings
PhysCompatRDMNotSupported | the host does not support raw device mappings in physical mode
RDMNotSupportedOnDatastore | the datastore does not take raw device mappings
LargeRDMNotSupportedOnDatastore | the datastore does not take raw device mappings above 2 TB
RDMPointsToInaccessibleDisk | the host does not see the disk behind a raw device mapping
NonHomeRDMVMotionNotSupported | a raw device mapping does not lie in the machine's home
IndependentDiskVMotionNotSupported | an independent disk lies where the move does not reach
ReadOnlyDisksWithLegacyDestination | a read-only disk cannot go to a host as old as that
TooManyDisksOnLegacyHost | the machine has more disks than a host as old as that takes
CannotAccessVmComponent | the host does not reach a part of the machine
CannotAccessVmConfig | the host does not reach the machine's configuration file
CannotAccessVmDevice | the host does not reach what backs a device of the machine
CannotAccessVmDisk | the host does not reach a disk of the machine
CannotAccessLocalSource | a device is backed by something that only its present host has
ToolsInstallationInProgress | the VMware Tools installer is mounted
InvalidDeviceSpec | the request changes a device in a way that vCenter does not accept
InvalidDeviceBacking | the request gives a device a backing that it cannot have
InvalidDeviceOperation | the request does with a device what cannot be done with it
InvalidController | a device names a controller that cannot hold it
MissingController | a device names a controller that is not there
DeviceNotFound | a device that the request names is not there any more
DeviceHotPlugNotSupported | a device cannot be changed while the machine runs
DisallowedDiskModeChange | the mode of a disk cannot be changed
TooManyDevices | the machine has more devices than it may have
VmValidateMaxDevice | the machine has more devices of a kind than it may have
VmWwnConflict | the machine's world wide name is another machine's
InvalidDiskFormat | the format of a disk is not one that the host reads
InvalidFormat | a file of the machine is not in a form that the host reads
InaccessibleVFlashSource | the host does not reach the flash cache of a disk
VFlashCacheHotConfigNotSupported | the flash cache of a disk cannot be changed while the machine runs
VFlashModuleNotSupported | the host does not have the module of a disk's flash cache
VFlashModuleVersionIncompatible | the host's flash cache module is of another version
InsufficientVFlashResourcesFault | the host has not got the flash cache that a disk reserves
UnSupportedDatastoreForVFlash | the datastore does not go with a flash cache
EncryptionKeyRequired | the keys of the encrypted machine are not there
VmMonitorIncompatibleForFaultTolerance | the machine's monitor mode does not suit Fault Tolerance
`,
	FaultSnapshot: `
SnapshotFault | a snapshot stands in the way
SnapshotCopyNotSupported | the machine's snapshots cannot be copied to that place
SnapshotCloneNotSupported | a machine with snapshots cannot be cloned so
SnapshotMoveNotSupported | a machine with snapshots cannot be moved so
SnapshotMoveFromNonHomeNotSupported | the machine's snapshots do not all lie in its home
SnapshotMoveToNonHomeNotSupported | the machine's snapshots must go to its home
HotSnapshotMoveNotSupported | a running machine with snapshots cannot be moved so
CloneFromSnapshotNotSupported | the machine cannot be cloned from its snapshot
SnapshotRevertIssue | a snapshot could not be reverted to at the target
WillResetSnapshotDirectory | the directory of the machine's snapshots would be lost
CannotMoveVmWithDeltaDisk | the machine has delta disks, which its snapshots need
CannotMoveVmWithNativeDeltaDisk | the machine has delta disks of its storage array
DeltaDiskFormatNotSupported | the datastore does not take the format of the machine's delta disks
UncommittedUndoableDisk | an undoable disk has changes that were neither kept nor dropped
ApplicationQuiesceFault | the guest's applications could not be brought to rest for a snapshot
FilesystemQuiesceFault | the guest's file systems could not be brought to rest for a snapshot
MemorySnapshotOnIndependentDisk | the memory of a machine with independent disks cannot be kept in a snapshot
MultipleSnapshotsNotSupported | the machine may have a single snapshot
SnapshotDisabled | snapshots are turned off for the machine
SnapshotIncompatibleDeviceInVm | the machine has a device that does not go with snapshots
+SnapshotLocked | a snapshot is locked by another operation
SnapshotNoChange | nothing changed since the last snapshot
TooManySnapshotLevels | the machine has more levels of snapshots than it may have
CannotDisableSnapshot | snapshots cannot be turned off for the machine
InvalidSnapshotFormat | a snapshot is not in a form that the host reads
`,
	FaultState: `
InvalidState | the machine's state does not allow it
InvalidPowerState | the machine's power state does not allow it
InvalidVmState | the machine's connection state does not allow it
SuspendedRelocateNotSupported | a suspended machine cannot be moved so
+QuestionPending | the machine waits for the answer to a question in vCenter
VmPowerOnDisabled | powering on is turned off for the machine
MksConnectionLimitReached | the machine has as many consoles open as it may have
ToolsUnavailable | VMware Tools do not run in the guest
NoGuestHeartbeat | the guest gives no sign of life
OvfConsumerPowerOnFault | the extension that made the machine does not let it power on
CannotPowerOffVmInCluster | the machine cannot be powered off because of its cluster's settings
VAppNotRunning | the machine's vApp is not running
InvalidOperationOnSecondaryVm | the machine is the secondary of a fault tolerant pair
`,
	FaultTolerance: `
VmFaultToleranceIssue | Fault Tolerance stands in the way
CannotMoveFaultToleranceVm | a machine with Fault Tolerance cannot be moved there
FaultToleranceAntiAffinityViolated | both machines of a fault tolerant pair would be on one host
FaultToleranceNeedsThickDisk | Fault Tolerance needs thick disks
FaultToleranceNotSameBuild | the host has another build than Fault Tolerance needs
FaultToleranceCannotEditMem | the memory of a machine with Fault Tolerance cannot be changed
FaultToleranceNotLicensed | the host has no licence for Fault Tolerance
FaultTolerancePrimaryPowerOnNotAttempted | the primary of the fault tolerant pair was not powered on
FaultToleranceVmNotDasProtected | the fault tolerant machine is not protected by vSphere HA
FtIssuesOnHost | the host has troubles with Fault Tolerance
FtVmHostRuleViolation | a rule of hosts does not go with the fault tolerant pair
CannotChangeDrsBehaviorForFtSecondary | what DRS does with the secondary of a fault tolerant pair cannot be changed
CannotChangeHaSettingsForFtSecondary | what vSphere HA does with the secondary of a fault tolerant pair cannot be changed
CannotComputeFTCompatibleHosts | vCenter cannot tell which hosts suit the fault tolerant pair
HostIncompatibleForFaultTolerance | the host does not suit Fault Tolerance
IncompatibleHostForFtSecondary | the host does not suit the secondary of the fault tolerant pair
NoHostSuitableForFtSecondary | no host suits the secondary of the fault tolerant pair
NotSupportedDeviceForFT | the machine has a device that does not go with Fault Tolerance
PowerOnFtSecondaryFailed | the secondary of the fault tolerant pair was not powered on
PowerOnFtSecondaryTimedout | the secondary of the fault tolerant pair was not powered on in time
SecondaryVmAlreadyDisabled | the secondary of the fault tolerant pair is turned off already
SecondaryVmAlreadyEnabled | the secondary of the fault tolerant pair is turned on already
SecondaryVmAlreadyRegistered | the secondary of the fault tolerant pair is registered already
SecondaryVmNotRegistered | the secondary of the fault tolerant pair is not registered
VmFaultToleranceConfigIssue | the machine's settings do not go with Fault Tolerance
VmFaultToleranceConfigIssueWrapper | the machine's settings do not go with Fault Tolerance
VmFaultToleranceInvalidFileBacking | a file of the machine does not go with Fault Tolerance
VmFaultToleranceOpIssuesList | Fault Tolerance found several troubles
VmFaultToleranceTooManyFtVcpusOnHost | the host runs as many fault tolerant processors as it may
VmFaultToleranceTooManyVMsOnHost | the host runs as many fault tolerant machines as it may
VmSmpFaultToleranceTooManyVMsOnHost | the host runs as many fault tolerant machines with several processors as it may
VmConfigIncompatibleForFaultTolerance | the machine's configuration does not go with Fault Tolerance
VmConfigIncompatibleForRecordReplay | the machine's configuration does not go with record and replay
InaccessibleFTMetadataDatastore | the datastore of the fault tolerant pair's metadata cannot be reached
FailToLockFaultToleranceVMs | another operation works on the fault tolerant pair
`,
}
