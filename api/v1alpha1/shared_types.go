// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// ObjectReference names an object of a known kind in the same namespace.
type ObjectReference struct {
	// name of the object.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name"`
}

// ParentReference names the object of a known kind that another one stands below.
type ParentReference struct {
	// name of the object.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name"`
	// namespace of the object; absent: this one. Another namespace works when the private cloud's spec.allowedNamespaces names this one,
	// with the kind.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Namespace string `json:"namespace,omitempty"`
}

// SecretKeyReference names one value in a Secret of the same namespace. The Secret is of type kubernetes.io/basic-auth, or labelled
// avs-operator.io/use=allowed; what an AzureIdentity logs in with has a type of its own.
type SecretKeyReference struct {
	// name of the Secret.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name"`
	// key in the Secret's data.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Key string `json:"key"`
}

// CredentialsReference names a Secret of type kubernetes.io/basic-auth, or one labelled avs-operator.io/use=allowed, in the same namespace.
type CredentialsReference struct {
	// name of the Secret; its keys are username and password.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name"`
}

// CAReference names certificates to trust, PEM, in a ConfigMap or a Secret of the same namespace. A Secret is of type kubernetes.io/tls, or
// labelled avs-operator.io/use=allowed.
type CAReference struct {
	// kind of the object: ConfigMap or Secret.
	// +required
	// +kubebuilder:validation:Enum=ConfigMap;Secret
	Kind string `json:"kind"`
	// name of the object.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name"`
	// key in the object's data; absent: ca.crt.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Key string `json:"key,omitempty"`
}

// TagReference names a tag of vCenter by its category and name.
type TagReference struct {
	// category of the tag.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	Category string `json:"category"`
	// name of the tag.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	Name string `json:"name"`
}

// LicenseTerms are a licence of VMware's that was bought from Broadcom.
type LicenseTerms struct {
	// licenseKeySecretRef names the licence key, in a Secret of this namespace.
	// +optional
	LicenseKeySecretRef *SecretKeyReference `json:"licenseKeySecretRef,omitempty"`
	// cores that the licence covers.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000000
	Cores int32 `json:"cores,omitempty"`
	// endDate of the licence, such as 2027-12-31T00:00:00Z.
	// +optional
	EndDate *metav1.Time `json:"endDate,omitempty"`
	// broadcomSiteID is the site at Broadcom that the licence belongs to.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	BroadcomSiteID string `json:"broadcomSiteID,omitempty"`
	// broadcomContractNumber is the contract with Broadcom that the licence was bought under.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	BroadcomContractNumber string `json:"broadcomContractNumber,omitempty"`
	// labels are notes about the licence, kept in Azure.
	// +optional
	// +listType=map
	// +listMapKey=key
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=32
	Labels []LicenseLabel `json:"labels,omitempty"`
}

// LicenseLabel is a note about a licence.
type LicenseLabel struct {
	// key of the label.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	Key string `json:"key"`
	// value of the label.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	Value string `json:"value"`
}

// LicenseTermsStatus is what Azure says of a licence. It never shows the key.
type LicenseTermsStatus struct {
	// cores that the licence covers.
	// +optional
	Cores int32 `json:"cores,omitempty"`
	// endDate of the licence.
	// +optional
	EndDate *metav1.Time `json:"endDate,omitempty"`
	// provisioningState of the licence.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	ProvisioningState string `json:"provisioningState,omitempty"`
}

// ScaleIn says how hosts leave.
type ScaleIn struct {
	// hosts that leave first when the cluster shrinks, by the name in vCenter or its first label, such as esx03-r12. When
	// more leave than are named, the last in status.hosts follow.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=253
	Hosts []string `json:"hosts,omitempty"`
}

// ManagementPolicy says whether the operator may write to Azure.
// +kubebuilder:validation:Enum=Manage;Observe
type ManagementPolicy string

// AdoptionPolicy says what happens with a resource that was in Azure before the object.
// +kubebuilder:validation:Enum=IfUnchanged;Takeover;Always;Never
type AdoptionPolicy string

// DeletionPolicy says what happens in Azure when the object is deleted.
// +kubebuilder:validation:Enum=Delete;Retain
type DeletionPolicy string

// The values of the three policies.
const (
	ManagementPolicyManage  ManagementPolicy = "Manage"
	ManagementPolicyObserve ManagementPolicy = "Observe"

	AdoptionPolicyIfUnchanged AdoptionPolicy = "IfUnchanged"
	AdoptionPolicyTakeover    AdoptionPolicy = "Takeover"
	AdoptionPolicyAlways      AdoptionPolicy = "Always"
	AdoptionPolicyNever       AdoptionPolicy = "Never"

	DeletionPolicyDelete DeletionPolicy = "Delete"
	DeletionPolicyRetain DeletionPolicy = "Retain"
)

// AzureSpec is the part of the spec that every Azure kind has.
type AzureSpec struct {
	// azureName is the resource's name in Azure; metadata.name if absent. Immutable.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:Pattern=`^[-\w\._]+$`
	AzureName string `json:"azureName,omitempty"`

	// managementPolicy: Manage converges Azure toward the spec; Observe never writes and reports drift, so it is also the dry run.
	// Absent: Manage.
	// +optional
	ManagementPolicy ManagementPolicy `json:"managementPolicy,omitempty"`

	// adoptionPolicy: what to do when the resource already exists in Azure. IfUnchanged adopts it if nothing would change, and else stops
	// and shows the difference; Takeover does that too for what another Kubernetes cluster owned, changes nothing but the owner's tag, and makes
	// nothing that is not there; Always adopts and changes it, whoever owned it; Never refuses.
	// Absent: IfUnchanged.
	// +optional
	AdoptionPolicy AdoptionPolicy `json:"adoptionPolicy,omitempty"`

	// deletionPolicy: Delete removes the resource from Azure with the object; Retain lets the object go and leaves Azure alone.
	// Absent: Retain for PrivateCloud, Cluster, Addon and PublicIP, whose loss applying the manifest again does not mend; Delete for every
	// other kind. status.effective shows what will be done.
	// +optional
	DeletionPolicy DeletionPolicy `json:"deletionPolicy,omitempty"`

	// suspend stops new writes; an operation in flight is still followed to its end.
	// +optional
	Suspend bool `json:"suspend,omitempty"`
}

// AzureStatus is the part of the status that every Azure kind has.
type AzureStatus struct {
	// observedGeneration is the generation of the spec that the conditions speak of.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// conditions: Ready; Reconciling or Stalled while true; InSync, CredentialsReady, ReferencesReady.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=16
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// id is the ARM id, computed once.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	ID string `json:"id,omitempty"`

	// provisioningState as Azure last reported it.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	ProvisioningState string `json:"provisioningState,omitempty"`

	// operation is the write in flight, if any. It is stored before the request is sent.
	// +optional
	Operation *Operation `json:"operation,omitempty"`

	// failure is how the last operation ended, if it failed; gone with the next one that succeeds. Microsoft support asks for its id.
	// +optional
	Failure *OperationFailure `json:"failure,omitempty"`

	// refusals are the requests that Azure refused, so that the same is not asked too often, also by the next process.
	// +optional
	// +listType=map
	// +listMapKey=request
	// +kubebuilder:validation:MaxItems=8
	Refusals []Refusal `json:"refusals,omitempty"`

	// unkept are changes that Azure has accepted and of which it shows another value.
	// +optional
	// +listType=map
	// +listMapKey=change
	// +kubebuilder:validation:MaxItems=8
	Unkept []UnkeptChange `json:"unkept,omitempty"`

	// managed lists the paths that the spec has set in Azure, so that what it sets no longer can be taken away.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=256
	// +kubebuilder:validation:items:MaxLength=512
	Managed []string `json:"managed,omitempty"`

	// writeOnly tells by a keyed hash which write-only values Azure was last given, because it never shows them.
	// +optional
	// +listType=map
	// +listMapKey=path
	// +kubebuilder:validation:MaxItems=64
	WriteOnly []WriteOnlyValue `json:"writeOnly,omitempty"`

	// managedBy names the object, by kind, namespace and name, that manages the resource instead of this one. When this one goes, it takes nothing
	// along.
	// +optional
	// +kubebuilder:validation:MaxLength=512
	ManagedBy string `json:"managedBy,omitempty"`

	// companion is the ARM id of the resource that was made beside this one, such as a delete lock.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	Companion string `json:"companion,omitempty"`

	// companionLifted is the ARM id of the resource beside this one, such as a delete lock, that was taken away on the way to a deletion. It comes
	// back if the deletion is called off.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	CompanionLifted string `json:"companionLifted,omitempty"`

	// drift lists where Azure differs from the spec.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=32
	Drift []DriftItem `json:"drift,omitempty"`

	// effective shows what the operator decided for fields that the spec leaves out.
	// +optional
	Effective *EffectivePolicies `json:"effective,omitempty"`

	// lastHandledReconcileAt echoes the annotation avs-operator.io/reconcile-requested-at that was last acted on.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	LastHandledReconcileAt string `json:"lastHandledReconcileAt,omitempty"`
}

// OperationPurpose is what a PUT is for.
type OperationPurpose string

// The purposes of a PUT.
const (
	OperationCreates OperationPurpose = "Create"
	OperationUpdates OperationPurpose = "Update"
)

// OperationFailure is how an operation failed.
type OperationFailure struct {
	// operationID of the operation, also its x-ms-correlation-request-id.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	OperationID string `json:"operationID,omitempty"`
	// verb of the operation.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	Verb string `json:"verb,omitempty"`
	// purpose of the operation, if it was a PUT.
	// +optional
	// +kubebuilder:validation:Enum=Create;Update
	Purpose OperationPurpose `json:"purpose,omitempty"`
	// code that Azure gave.
	// +optional
	// +kubebuilder:validation:MaxLength=256
	Code string `json:"code,omitempty"`
	// message that Azure gave.
	// +optional
	// +kubebuilder:validation:MaxLength=2048
	Message string `json:"message,omitempty"`
	// specHash tells for which spec it failed: a resource in state Failed is written once more when the spec is another one.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	SpecHash string `json:"specHash,omitempty"`
	// at is when it was seen.
	// +optional
	At *metav1.Time `json:"at,omitempty"`
}

// Refusal is what Azure said to one request, and how often.
type Refusal struct {
	// request names the request: a hash of its verb, its target and its body.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	Request string `json:"request,omitempty"`
	// what was asked: the verb and the action.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	What string `json:"what,omitempty"`
	// asker names who asked: a hash of the identity and of the reconcile that was requested last.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	Asker string `json:"asker,omitempty"`
	// count of the same answers in a row.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=2147483647
	Count int32 `json:"count,omitempty"`
	// since when that is the answer.
	// +optional
	Since metav1.MicroTime `json:"since,omitzero"`
	// at are the moments of the last hour at which it was given.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=12
	At []metav1.MicroTime `json:"at,omitempty"`
	// until when the same is not asked again.
	// +optional
	Until metav1.MicroTime `json:"until,omitzero"`
	// cause is the reason that the conditions give for it.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	Cause string `json:"cause,omitempty"`
	// message as it was given the first time.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=2048
	Message string `json:"message,omitempty"`
	// condition that it makes False, beside Ready.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	Condition string `json:"condition,omitempty"`
	// kind of conflict, if it was one: Busy or Unknown.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=16
	Kind string `json:"kind,omitempty"`
	// outcome of it: Wait for what ends by itself, Stall for what needs an edit or a person.
	// +optional
	// +kubebuilder:validation:Enum=Wait;Stall
	Outcome string `json:"outcome,omitempty"`
}

// UnkeptChange is a change that Azure has accepted, while it shows another value than was written.
type UnkeptChange struct {
	// change names it: a hash of its paths, of the values that the spec has for them and of those that Azure shows.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	Change string `json:"change,omitempty"`
	// times that Azure accepted it. After two it is not written again.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=2147483647
	Times int32 `json:"times,omitempty"`
	// requested is the value of the annotation avs-operator.io/reconcile-requested-at at that time; a new one lets it be written again.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	Requested string `json:"requested,omitempty"`
}

// EffectivePolicies are the policies in force.
type EffectivePolicies struct {
	// managementPolicy in force.
	// +optional
	ManagementPolicy ManagementPolicy `json:"managementPolicy,omitempty"`
	// adoptionPolicy in force.
	// +optional
	AdoptionPolicy AdoptionPolicy `json:"adoptionPolicy,omitempty"`
	// deletionPolicy in force: what the deletion of the object will do. Retain, whatever the spec says, for what is only observed and for what
	// comes with the private cloud.
	// +optional
	DeletionPolicy DeletionPolicy `json:"deletionPolicy,omitempty"`
}

// WriteOnlyValue is a value that Azure takes and never shows.
type WriteOnlyValue struct {
	// path in the ARM body, a JSON pointer.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	Path string `json:"path"`
	// hmac of the value with the operator's own key, hex.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	HMAC string `json:"hmac"`
}

// DriftItem is one difference between the spec and Azure.
type DriftItem struct {
	// path in the ARM body, a JSON pointer such as /properties/internet.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	Path string `json:"path"`
	// desired value by the spec, as JSON; absent if the spec wants it gone.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	Desired string `json:"desired,omitempty"`
	// actual value in Azure, as JSON; absent if Azure has none.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	Actual string `json:"actual,omitempty"`
}

// OperationState says how far the record of a write has come.
// +kubebuilder:validation:Enum=Intended;Accepted
type OperationState string

const (
	// OperationIntended: stored before the request; whether it was sent is known only from Azure.
	OperationIntended OperationState = "Intended"
	// OperationAccepted: Azure has accepted the request and works on it.
	OperationAccepted OperationState = "Accepted"
)

// OperationFormat is the format of the operation records that this version writes. One in another format is followed by looking at
// Azure, never by guessing.
const OperationFormat = 1

// Operation is the write-ahead record of one write to Azure.
type Operation struct {
	// format of this record.
	// +required
	Format int32 `json:"format"`
	// id of this operation, also the x-ms-correlation-request-id that Microsoft support asks for.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	ID string `json:"id"`
	// verb: PUT, PATCH, DELETE or POST.
	// +required
	// +kubebuilder:validation:Enum=PUT;PATCH;DELETE;POST
	Verb string `json:"verb"`
	// purpose of a PUT of the object's own resource, which makes it or changes it.
	// +optional
	// +kubebuilder:validation:Enum=Create;Update
	Purpose OperationPurpose `json:"purpose,omitempty"`
	// action of a POST, such as rotateVcenterPassword.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	Action string `json:"action,omitempty"`
	// target is the ARM id that is written to; absent: the object's own. A private cloud's lock and a DNS service that a zone must leave are
	// written beside the resource itself.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	Target string `json:"target,omitempty"`
	// writeOnly are the write-only values that it carries.
	// +optional
	// +listType=map
	// +listMapKey=path
	// +kubebuilder:validation:MaxItems=64
	WriteOnly []WriteOnlyValue `json:"writeOnly,omitempty"`
	// state of the record.
	// +required
	State OperationState `json:"state"`
	// bodyHash is the SHA-256 of the request body, hex.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	BodyHash string `json:"bodyHash,omitempty"`
	// hosts that the resource has if it succeeds, of a write that says so.
	// +optional
	Hosts int32 `json:"hosts,omitempty"`
	// specHash is the SHA-256 of what the spec asked for when the write was made, hex.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	SpecHash string `json:"specHash,omitempty"`
	// generation of the spec that the write came from.
	// +optional
	Generation int64 `json:"generation,omitempty"`
	// attempt counts the sends of this id; it is above 1 only when an answer was lost.
	// +optional
	Attempt int32 `json:"attempt,omitempty"`
	// startedAt is when the record was stored.
	// +required
	StartedAt metav1.MicroTime `json:"startedAt"`
	// deadline after which the request is not sent any more.
	// +required
	Deadline metav1.MicroTime `json:"deadline"`
	// asyncOperation is the polling URL of the header Azure-AsyncOperation: a path, asked of the host of the identity's cloud, or an absolute URL
	// of a regional host of it. Azure signs these URLs, which makes them 3,100 characters long.
	// +optional
	// +kubebuilder:validation:MaxLength=16384
	AsyncOperation string `json:"asyncOperation,omitempty"`
	// location is the polling URL of the header Location, likewise; or the path of the resource, where Azure gave no polling URL that can be
	// followed.
	// +optional
	// +kubebuilder:validation:MaxLength=16384
	Location string `json:"location,omitempty"`
	// refusedPolls are polls that Azure refused in a row.
	// +optional
	RefusedPolls int32 `json:"refusedPolls,omitempty"`
	// retryAfterSeconds that Azure asked for with its answer.
	// +optional
	RetryAfterSeconds int32 `json:"retryAfterSeconds,omitempty"`
}

// Window is a time that comes again and again, on the wall clock of a time zone. Where clocks are put forward over its beginning it opens
// in that moment; where its hour comes twice it opens once, in the first.
type Window struct {
	// schedule is when it opens: a cron expression of minute, hour, day of month, month and day of week.
	// +required
	// +kubebuilder:validation:MinLength=9
	// +kubebuilder:validation:MaxLength=128
	// +kubebuilder:validation:Pattern=`^[0-9A-Za-z*?,/-]+( +[0-9A-Za-z*?,/-]+){4}$`
	Schedule string `json:"schedule,omitempty"`
	// durationSeconds is how long it is open, at most 31 days.
	// +required
	// +kubebuilder:validation:Minimum=60
	// +kubebuilder:validation:Maximum=2678400
	DurationSeconds int32 `json:"durationSeconds,omitempty"`
	// timeZone of the schedule, such as Europe/Oslo. Absent: UTC.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:Pattern=`^[A-Za-z0-9_+/-]+$`
	TimeZone string `json:"timeZone,omitempty"`
}
