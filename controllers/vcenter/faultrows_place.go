// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

// placeFaults are faults whose cause is where the machine is or shall be: hosts, networks, storage, rules. See faultRows.
var placeFaults = map[FaultClass]string{
	FaultHost: `
NoCompatibleHost | no host can take the machine
NoCompatibleHostWithAccessToDevice | no host that can take the machine reaches its devices
HostCommunication | vCenter does not reach the host
HostNotConnected | the host is disconnected from vCenter
HostNotReachable | the host does not answer vCenter
HostConfigFault | the host's configuration does not allow it
HostConfigFailed | the host could not be configured
-BlockedByFirewall | a firewall of the host is in the way
ClockSkew | the host's clock is wrong
InvalidHostState | the host is in maintenance, or its state does not allow it otherwise
InvalidHostConnectionState | the host's connection does not allow it
NoActiveHostInCluster | no host of the cluster is on, connected and out of maintenance
InsufficientResourcesFault | the host or the pool has not got the resources
InsufficientAgentVmsDeployed | agent machines that the host needs are not there yet
InsufficientCpuResourcesFault | the host or the pool has not got the processor capacity that the machine reserves
InsufficientMemoryResourcesFault | the host or the pool has not got the memory that the machine reserves
InsufficientFailoverResourcesFault | the cluster would not have room for the failure of a host
InsufficientGraphicsResourcesFault | the host has not got the graphics memory that the machine needs
InsufficientHostCapacityFault | the host has not got the capacity
InsufficientHostCpuCapacityFault | the host has not got the processor capacity
InsufficientHostMemoryCapacityFault | the host has not got the memory
InsufficientNetworkCapacity | the host has not got the network bandwidth that the machine reserves
InsufficientNetworkResourcePoolCapacity | the network resource pool has not got the bandwidth that the machine reserves
InsufficientStandbyResource | not even the hosts in standby have the resources
InsufficientStandbyCpuResource | not even the hosts in standby have the processor capacity
InsufficientStandbyMemoryResource | not even the hosts in standby have the memory
QuarantineModeFault | the host is in quarantine because of its health
HostHasComponentFailure | a component of the host has failed
HAErrorsAtDest | vSphere HA has errors on the host
-WillLoseHAProtection | vSphere HA would not protect the machine there
-DrsVmotionIncompatibleFault | DRS cannot move the machine to the host
CannotPlaceWithoutPrerequisiteMoves | DRS would have to move other machines first
GenericDrsFault | DRS found no place for the machine
MigrationFault | vCenter could not move the machine
MigrationNotReady | the machine is not ready to move
-MigrationDisabled | a host does not let machines move
-VMotionInterfaceIssue | a host's vMotion interface is not in order
-VMotionNotConfigured | a host has no vMotion interface
-VMotionNotSupported | a host does not support vMotion
VMotionLinkDown | the link of a host's vMotion interface is down
VMotionLinkCapacityLow | the link of a host's vMotion interface is too slow
-VMotionProtocolIncompatible | the two hosts speak different versions of vMotion
-MigrationFeatureNotSupported | a host does not support a feature that the move needs
-FullStorageVMotionNotSupported | a host does not move a running machine with all its disks
-StorageVMotionNotSupported | a host does not move disks of a running machine
-UnsharedSwapVMotionNotSupported | a host does not move a running machine whose swap file the other does not see
-VMotionAcrossNetworkNotSupported | a host does not move a running machine to another network
MaintenanceModeFileMove | a host that enters maintenance does not take files
-OperationDisallowedOnHost | the host does not allow the operation
DisallowedOperationOnFailoverHost | the host is kept for the failure of another
-HostAccessRestrictedToManagementServer | the host takes orders from its own vCenter alone
-EightHostLimitViolated | more than eight hosts would use the disk
IncompatibleHostForVmReplication | the host does not suit the machine's replication
ReplicationNotSupportedOnHost | the host does not support the machine's replication
IORMNotSupportedHostOnDatastore | a host of the datastore does not support storage I/O control
-NotSupportedHost | the host's version is not supported
-NotSupportedHostInCluster | the host's version does not go with its cluster
-NotSupportedHostInDvs | the host's version does not go with its distributed switch
-NotSupportedHostForChecksum | the host does not support the checksum of a disk
HostIncompatibleForRecordReplay | the host does not suit record and replay
`,
	FaultRules: `
AffinityConfigured | the machine is bound to processors or memory nodes of its host
RuleViolation | a rule of DRS would be broken
VmHostAffinityRuleViolation | a rule that keeps machines on hosts would be broken
NoCompatibleHardAffinityHost | no host that the machine must run on can take it
NoCompatibleSoftAffinityHost | no host that the machine should run on can take it
SoftRuleVioCorrectionDisallowed | a rule that should hold cannot be held
SoftRuleVioCorrectionImpact | a rule that should hold could only be held at the cost of others
InvalidAffinitySettingFault | the machine's affinity is not one that vCenter accepts
DrsDisabledOnVm | DRS is turned off for the machine
`,
	FaultNetwork: `
CannotAccessNetwork | the host does not reach the network
CannotUseNetwork | the network cannot take the machine's adapter
DestinationSwitchFull | the switch has no port left
LegacyNetworkInterfaceInUse | a network adapter of an old kind is connected, which cannot move while the machine runs
VMOnConflictDVPort | the port of the machine's network adapter is in conflict
VMOnVirtualIntranet | the machine is on a network that does not leave its host
NetworksMayNotBeTheSame | the two networks may not be the same one
MismatchedNetworkPolicies | the two networks have different security policies
MismatchedVMotionNetworkNames | the vMotion networks of the two hosts have different names
VirtualEthernetCardNotSupported | the host does not support the kind of a network adapter
DVPortNotSupported | the host does not support the distributed port group of a network adapter
InvalidNetworkResource | the network of the host is not set up right
InvalidNetworkInType | a network in the machine's vApp properties is not there
NetworkInaccessible | the network cannot be reached
NetworkDisruptedAndConfigRolledBack | the network broke, and its configuration was taken back
DvsFault | the distributed switch refuses it
DvsApplyOperationFault | the distributed switch could not apply it
DvsOperationBulkFault | the distributed switch could not apply it on every host
DvsNotAuthorized | another extension owns the distributed switch
DvsScopeViolated | the port group is not for machines in that folder
ConflictingConfiguration | settings of the distributed switch contradict each other
NoVirtualNic | the host has no such network interface
NoGateway | the host has no gateway
ExtendedFault | an extension, NSX for example, refuses it
`,
	FaultSpace: `
NoDiskSpace | the datastore is full
InsufficientStorageSpace | the datastores have not got the room
InsufficientStorageIops | the datastore has not got the throughput that the machine reserves
FileTooLarge | the datastore does not take files as large
MemorySizeNotSupportedByDatastore | the datastore does not take a file as large as the machine's memory
NamespaceFull | the store of the machine's metadata is full
`,
	FaultDatastore: `
InvalidDatastore | the datastore cannot be used
InvalidDatastorePath | the path on the datastore is not one
InvalidDatastoreState | the datastore is in maintenance, or its state does not allow it otherwise
DatastoreNotWritableOnHost | the host cannot write to the datastore
SwapDatastoreNotWritableOnHost | the host cannot write to the datastore of swap files
SwapDatastoreUnset | the host has no datastore for swap files
SwapPlacementOverrideNotSupported | the machine's swap file cannot be placed so
InaccessibleDatastore | the datastore cannot be reached
ConflictingDatastoreFound | two datastores contradict each other
StorageVmotionIncompatible | the datastore does not go with moving disks of a running machine
NoCompatibleDatastore | no datastore suits the machine's storage policy
NoConnectedDatastore | no datastore is connected
UnsupportedDatastore | the datastore does not hold machines of this kind
UnsupportedVmxLocation | the machine's home cannot lie there
MemoryFileFormatNotSupportedByDatastore | the datastore does not take the format of memory files
DatacenterMismatch | the datastore and the host are in different datacenters
FileFault | a file could not be read or written
CannotAccessFile | a file cannot be reached
CannotCreateFile | a file could not be created
CannotDeleteFile | a file could not be removed
DirectoryNotEmpty | a directory is not empty
FileNameTooLong | the name of a file is too long
FileNotFound | a file is not there
FileNotWritable | a file cannot be written
IncorrectFileType | a file is not of the kind that is needed
NotADirectory | what should be a directory is none
NotAFile | what should be a file is none
+NetworkCopyFault | a file could not be copied over the network
TooManyNativeCloneLevels | the storage array has as many levels of clones as it may have
TooManyNativeClonesOnFile | the storage array has as many clones of a file as it may have
NamespaceWriteProtected | the store of the machine's metadata is read-only
VmMetadataManagerFault | the machine's metadata could not be kept
NasConfigFault | an NFS datastore is not set up right
NasVolumeNotMounted | an NFS datastore is not mounted
NasConnectionLimitReached | a host has as many NFS datastores as it may have
VmfsMountFault | a VMFS datastore cannot be mounted
`,
	FaultNameTaken: `
DuplicateName | the name is taken
AlreadyExists | it is there already
FileAlreadyExists | a file of that name is there already
VmAlreadyExistsInDatacenter | the machine is registered in that datacenter already
`,
	FaultBusy: `
TaskInProgress | another task works on the machine
VAppTaskInProgress | another task works on the machine's vApp
VAppOperationInProgress | another operation works on the machine's vApp
ReplicationVmInProgressFault | the machine's replication is at work
ResourceInUse | something that is needed is in use
ResourceNotAvailable | something that is needed is not to be had now
QuiesceDatastoreIOForHAFailed | the datastore could not be brought to rest
ConcurrentAccess | somebody else changed it at the same time
FileLocked | another host or process holds a file of the machine
LimitExceeded | a limit of vCenter is reached
TooManyConcurrentNativeClones | the storage array makes as many clones at once as it may
MethodDisabled | an operation, a backup perhaps, has turned moving off for the machine
MethodAlreadyDisabledFault | an operation has turned that off already
NamespaceLimitReached | a limit of the machine's metadata is reached
HostInventoryFull | the host or vCenter manages as many as it may
`,
}
