// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

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
