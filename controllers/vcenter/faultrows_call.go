// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

// callFaults are faults whose cause is the call, whoever makes it or how vCenter and its peer get along. See faultRows.
var callFaults = map[FaultClass]string{
	FaultCertificate: `
SSLVerifyFault | the certificate of the other side is not the one that was named
SSLDisabledFault | the other side does not speak TLS
MultipleCertificatesVerifyFault | certificates of the other side are not the ones that were named
GatewayToHostTrustVerifyFault | the certificate behind the gateway is not trusted
InvalidClientCertificate | the client's certificate is not accepted
`,
	FaultCredentials: `
InvalidLogin | user name and password, or the token, are not accepted
PasswordExpired | the password has expired
GatewayToHostAuthFault | the account behind the gateway is not accepted
UserNotFound | the account is not there
`,
	FaultSession: `
NotAuthenticated | the session of one vCenter with the other has ended
InvalidToken | the token of a session is not accepted any more
`,
	FaultPeer: `
HostConnectFault | the source vCenter could not connect to the target
NoHost | the source vCenter does not reach the target
HttpFault | the source vCenter got no proper answer from the target
GatewayConnectFault | the source vCenter does not reach the target through its gateway
GatewayNotFound | the gateway to the target is not there
GatewayNotReachable | the gateway to the target does not answer
GatewayOperationRefused | the gateway refused to connect to the target
GatewayToHostConnectFault | the gateway does not reach the target
GatewayHostNotReachable | the gateway does not reach the target
`,
	FaultPrivilege: `
NoPermission | the account has not got a privilege
SecurityError | the account may not do that
AuthMinimumAdminPermission | the last administrator cannot be taken away
RestrictedByAdministrator | an administrator has forbidden it
NoPermissionOnHost | the account has no rights on the host
NoPermissionOnNasVolume | the host has no rights on an NFS datastore
SolutionUserRequired | only a service of vCenter itself may do that
DisallowedChangeByService | an extension that owns the machine does not allow it
`,
	FaultLicense: `
VMotionNotLicensed | a host has no licence for vMotion
NotEnoughLicenses | there are not enough licences
ExpiredFeatureLicense | the licence of a feature has expired
ExpiredAddonLicense | the licence of an add-on has expired
ExpiredEditionLicense | the licence of an edition has expired
LicenseExpired | the licence has expired
LicenseRestricted | the licence does not allow it
LicenseAssignmentFailed | a licence could not be assigned
ThirdPartyLicenseAssignmentFailed | the licence of another maker could not be assigned
LicenseDowngradeDisallowed | features are in use that the licence has not got
LicenseKeyEntityMismatch | the licence is for something else
LicenseSourceUnavailable | the licence server does not answer
NoLicenseServerConfigured | no licence server is set up
InvalidEditionLicense | the licence is of the wrong edition
InUseFeatureManipulationDisallowed | a licensed feature is in use
IncorrectHostInformation | the licence server was told wrong of a host
InventoryHasStandardAloneHosts | hosts stand alone that the licence does not allow
FailToEnableSPBM | the licence does not allow storage policies
VmLimitLicense | the licence allows no more machines
VramLimitLicense | the licence allows no more memory of machines
`,
	FaultCancelled: `
RequestCanceled | it was cancelled
`,
	FaultTimedOut: `
Timedout | it took too long
`,
	FaultNotFound: `
NotFound | something that the request names is not there
ManagedObjectNotFound | an object that the request names is not there any more
KeyNotFound | a key that the request names is not there
UnrecognizedHost | the host is not one that this vCenter knows
`,
	FaultInvalid: `
RestrictedVersion | this version of vCenter does not offer it
InvalidArgument | a parameter is not one that vCenter accepts
IncompatibleSetting | two settings contradict each other
InvalidIndexArgument | a number in the request is out of range
InvalidProfileReferenceHost | a profile refers to a host that does not suit
InvalidRequest | vCenter does not understand the request
InvalidType | a type in the request is not one that vCenter knows
InvalidProperty | a property in the request is not one that vCenter knows
InvalidName | the name is not one that vCenter accepts
InvalidFolder | the folder cannot hold it
NotSupported | vCenter does not do that here
NotImplemented | vCenter does not do that at all
MethodNotFound | this version of vCenter does not know the call
OutOfBounds | a value in the request is out of bounds
VmConfigFault | the machine's configuration does not allow it
GenericVmConfigFault | the machine's configuration does not allow it
InvalidVmConfig | the machine's configuration is not one that vCenter accepts
InvalidResourcePoolStructureFault | the resource pools do not allow it
DiskMoveTypeNotSupported | disks cannot be moved in that way
InvalidPropertyType | a property of the machine's vApp is of the wrong type
InvalidPropertyValue | a property of the machine's vApp has a wrong value
UnconfiguredPropertyValue | a property of the machine's vApp has no value
NotUserConfigurableProperty | a property of the machine's vApp cannot be set
VAppPropertyFault | a property of the machine's vApp is wrong
VAppConfigFault | the configuration of the machine's vApp is wrong
MissingPowerOffConfiguration | the vApp does not say how it is powered off
MissingPowerOnConfiguration | the vApp does not say how it is powered on
NoVmInVApp | the vApp has no machine
MissingIpPool | the machine's network has no IP pool
MissingNetworkIpConfig | the machine's network has no IP configuration
NoAvailableIp | the IP pool of the machine's network is empty
NoVcManagedIpConfigured | the machine's vApp has no address that vCenter manages
OvfConsumerValidationFault | the extension that made the machine does not accept it
ReplicationFault | the machine's replication stands in the way
ReplicationConfigFault | the machine's replication is not set up right
ReplicationDiskConfigFault | the replication of a disk is not set up right
ReplicationVmConfigFault | the machine's replication is not set up right
ReplicationVmFault | the machine's replication does not allow it
ReplicationIncompatibleWithFT | replication and Fault Tolerance do not go together
ReplicationInvalidOptions | the options of the machine's replication are wrong
CustomizationFault | the guest could not be customised
CannotDecryptPasswords | passwords of the guest's customisation cannot be read
CustomizationPending | a customisation of the guest waits already
IpHostnameGeneratorError | address or host name of the guest could not be generated
LinuxVolumeNotClean | a file system of the guest was not closed properly
MissingLinuxCustResources | what customises Linux guests is not there
MissingWindowsCustResources | what customises Windows guests is not there
MountError | a disk of the guest could not be mounted
NicSettingMismatch | the customisation has another number of network adapters than the machine
NoDisksToCustomize | the machine has no disk to customise
UncustomizableGuest | the guest cannot be customised
UnexpectedCustomizationFault | the guest's customisation failed
VolumeEditorError | a file system of the guest could not be edited
`,
	FaultOther: `
RuntimeFault | vCenter failed
SystemError | vCenter failed
UnexpectedFault | vCenter failed in a way that it does not know itself
DatabaseError | vCenter's database failed
`,
}
