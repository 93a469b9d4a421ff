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
	// endDate of the licence: its last day in UTC, such as 2027-12-31, or the moment at which it ends, such as 2027-12-31T12:00:00Z.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=40
	// +kubebuilder:validation:XValidation:rule="self.matches('^[0-9-]{10}(T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]+)?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9]))?$') && !format.date().validate(self.substring(0, 10)).hasValue()",message="endDate must be a day or a moment, for example 2027-12-31 or 2027-12-31T12:00:00Z"
	EndDate string `json:"endDate,omitempty"`
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
