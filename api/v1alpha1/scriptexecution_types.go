// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// ScriptExecutionSpec is the execution that is wanted.
// +kubebuilder:validation:XValidation:rule="!has(self.azureName)",message="azureName cannot be chosen: it is the object's name with a hash of what it runs"
// +kubebuilder:validation:XValidation:rule="has(self.secretName) == has(self.secretOutputs)",message="secretName and secretOutputs belong together: which outputs are secret, and the Secret that they go to"
type ScriptExecutionSpec struct {
	AzureSpec `json:",inline"`

	// privateCloudRef names the PrivateCloud that the execution belongs to. Immutable once Azure was asked for it.
	// +required
	PrivateCloudRef ParentReference `json:"privateCloudRef,omitzero"`

	// scriptPackage that has the cmdlet, such as Microsoft.AVS.Management@7.0.187; without a version, the newest that the private cloud offers
	// when it runs. Immutable once Azure was asked for it.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	// +kubebuilder:validation:Pattern=`^[-\w\.]+(@[-\w\.]+)?$`
	ScriptPackage string `json:"scriptPackage"`

	// scriptCmdlet to run, such as New-LDAPSIdentitySource. Immutable once Azure was asked for it.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	// +kubebuilder:validation:Pattern=`^[-\w\.@]+$`
	ScriptCmdlet string `json:"scriptCmdlet"`

	// parameters of the cmdlet. Immutable once Azure was asked for it.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=32
	Parameters []ScriptParameter `json:"parameters,omitempty"`

	// hiddenParameters of the cmdlet, which the portal does not show. Immutable once Azure was asked for it.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=32
	HiddenParameters []ScriptParameter `json:"hiddenParameters,omitempty"`

	// timeoutSeconds after which Azure stops the script. Immutable once Azure was asked for it.
	// +required
	// +kubebuilder:validation:Minimum=60
	// +kubebuilder:validation:Maximum=86400
	TimeoutSeconds int32 `json:"timeoutSeconds"`

	// retentionSeconds after which Azure forgets the execution. Absent: 60 days, as Azure decides. Immutable once Azure was asked for it.
	// +optional
	// +kubebuilder:validation:Minimum=3600
	// +kubebuilder:validation:Maximum=31536000
	RetentionSeconds int32 `json:"retentionSeconds,omitempty"`

	// secretName is the Secret to write the secretOutputs to, in this namespace. One that the operator did not make is never touched.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	SecretName string `json:"secretName,omitempty"`

	// secretOutputs are the named outputs that are secret: they go to the Secret, each under its name, and never into status. "*" stands for
	// all of them and for what the script prints, which goes under the keys output, information, warnings and errors.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=128
	SecretOutputs []string `json:"secretOutputs,omitempty"`
}

// ScriptParameter is one parameter of a cmdlet.
// +kubebuilder:validation:XValidation:rule="(has(self.value) ? 1 : 0) + (has(self.valueSecretRef) ? 1 : 0) + (has(self.credentialsRef) ? 1 : 0) == 1",message="set exactly one of value, valueSecretRef (for a SecureString) and credentialsRef (for a Credential)"
type ScriptParameter struct {
	// name of the parameter.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	Name string `json:"name"`
	// value that is no secret.
	// +optional
	// +kubebuilder:validation:MaxLength=2048
	Value *string `json:"value,omitempty"`
	// valueSecretRef names a secret value, for a SecureString.
	// +optional
	ValueSecretRef *SecretKeyReference `json:"valueSecretRef,omitempty"`
	// credentialsRef names a username and a password, for a Credential.
	// +optional
	CredentialsRef *CredentialsReference `json:"credentialsRef,omitempty"`
}

// ScriptOutput is one result of a script.
type ScriptOutput struct {
	// name of the result.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	Name string `json:"name"`
	// value: a text as it is, anything else as JSON.
	// +optional
	// +kubebuilder:validation:MaxLength=2048
	Value *string `json:"value,omitempty"`
}

// ScriptExecutionStatus is the execution as Azure has it.
type ScriptExecutionStatus struct {
	AzureStatus `json:",inline"`

	// scriptCmdletID is the ARM id of the cmdlet that ran.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	ScriptCmdletID string `json:"scriptCmdletID,omitempty"`
	// submittedAt is when Azure took it.
	// +optional
	SubmittedAt *metav1.Time `json:"submittedAt,omitempty"`
	// startedAt is when it began to run.
	// +optional
	StartedAt *metav1.Time `json:"startedAt,omitempty"`
	// finishedAt is when it ended.
	// +optional
	FinishedAt *metav1.Time `json:"finishedAt,omitempty"`
	// failureReason is why the script failed; Azure's provisioningState may be Succeeded all the same.
	// +optional
	// +kubebuilder:validation:MaxLength=2048
	FailureReason string `json:"failureReason,omitempty"`
	// output are the last lines of what it printed.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:items:MaxLength=1024
	Output []string `json:"output,omitempty"`
	// information are the last lines of its information stream.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:items:MaxLength=1024
	Information []string `json:"information,omitempty"`
	// warnings are the last lines of its warning stream.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:items:MaxLength=1024
	Warnings []string `json:"warnings,omitempty"`
	// errors are the last lines of its error stream.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:items:MaxLength=1024
	Errors []string `json:"errors,omitempty"`
	// namedOutputs are its results by name, without those in secretOutputs.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=64
	NamedOutputs []ScriptOutput `json:"namedOutputs,omitempty"`
	// outputsOf tells of which run the outputs are: Azure shows them only when asked, and is asked once.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	OutputsOf string `json:"outputsOf,omitempty"`
}

// ScriptExecution is one run of a cmdlet of Run Command, which does with Azure's rights what cloudadmin may not. It runs once.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Namespaced,shortName=avsscript,categories=avs
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`
// +kubebuilder:printcolumn:name="State",type=string,JSONPath=`.status.provisioningState`
// +kubebuilder:printcolumn:name="Cmdlet",type=string,JSONPath=`.spec.scriptCmdlet`
// +kubebuilder:printcolumn:name="Finished",type=date,JSONPath=`.status.finishedAt`
// +kubebuilder:printcolumn:name="Since",type=date,JSONPath=`.status.conditions[?(@.type=="Ready")].lastTransitionTime`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="PrivateCloud",type=string,priority=1,JSONPath=`.spec.privateCloudRef.name`
// +kubebuilder:printcolumn:name="Operation",type=string,priority=1,JSONPath=`.status.operation.verb`
// +kubebuilder:printcolumn:name="On-Delete",type=string,priority=1,JSONPath=`.status.effective.deletionPolicy`
// +kubebuilder:printcolumn:name="Message",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Ready")].message`
// +kubebuilder:validation:XValidation:rule="!(has(self.status) && (has(self.status.operation) || has(self.status.managed) || (has(self.status.provisioningState) && !(has(self.status.conditions) && self.status.conditions.exists(c, c.type == 'Stalled' && c.reason in ['AdoptionRefused', 'AlreadyManaged', 'ImmutableFieldChanged']))))) || (self.spec.privateCloudRef == oldSelf.spec.privateCloudRef)",message="privateCloudRef is immutable: an execution stays in its private cloud"
// +kubebuilder:validation:XValidation:rule="!(has(self.status) && (has(self.status.operation) || has(self.status.managed) || (has(self.status.provisioningState) && !(has(self.status.conditions) && self.status.conditions.exists(c, c.type == 'Stalled' && c.reason in ['AdoptionRefused', 'AlreadyManaged', 'ImmutableFieldChanged']))))) || (has(self.spec.scriptPackage) == has(oldSelf.spec.scriptPackage) && (!has(self.spec.scriptPackage) || self.spec.scriptPackage == oldSelf.spec.scriptPackage))",message="scriptPackage is immutable: a script runs once; make a new object to run it again"
// +kubebuilder:validation:XValidation:rule="!(has(self.status) && (has(self.status.operation) || has(self.status.managed) || (has(self.status.provisioningState) && !(has(self.status.conditions) && self.status.conditions.exists(c, c.type == 'Stalled' && c.reason in ['AdoptionRefused', 'AlreadyManaged', 'ImmutableFieldChanged']))))) || (has(self.spec.scriptCmdlet) == has(oldSelf.spec.scriptCmdlet) && (!has(self.spec.scriptCmdlet) || self.spec.scriptCmdlet == oldSelf.spec.scriptCmdlet))",message="scriptCmdlet is immutable: a script runs once; make a new object to run it again"
// +kubebuilder:validation:XValidation:rule="!(has(self.status) && (has(self.status.operation) || has(self.status.managed) || (has(self.status.provisioningState) && !(has(self.status.conditions) && self.status.conditions.exists(c, c.type == 'Stalled' && c.reason in ['AdoptionRefused', 'AlreadyManaged', 'ImmutableFieldChanged']))))) || (has(self.spec.parameters) == has(oldSelf.spec.parameters) && (!has(self.spec.parameters) || self.spec.parameters == oldSelf.spec.parameters))",message="parameters is immutable: a script runs once; make a new object to run it again"
// +kubebuilder:validation:XValidation:rule="!(has(self.status) && (has(self.status.operation) || has(self.status.managed) || (has(self.status.provisioningState) && !(has(self.status.conditions) && self.status.conditions.exists(c, c.type == 'Stalled' && c.reason in ['AdoptionRefused', 'AlreadyManaged', 'ImmutableFieldChanged']))))) || (has(self.spec.hiddenParameters) == has(oldSelf.spec.hiddenParameters) && (!has(self.spec.hiddenParameters) || self.spec.hiddenParameters == oldSelf.spec.hiddenParameters))",message="hiddenParameters is immutable: a script runs once; make a new object to run it again"
// +kubebuilder:validation:XValidation:rule="!(has(self.status) && (has(self.status.operation) || has(self.status.managed) || (has(self.status.provisioningState) && !(has(self.status.conditions) && self.status.conditions.exists(c, c.type == 'Stalled' && c.reason in ['AdoptionRefused', 'AlreadyManaged', 'ImmutableFieldChanged']))))) || (has(self.spec.timeoutSeconds) == has(oldSelf.spec.timeoutSeconds) && (!has(self.spec.timeoutSeconds) || self.spec.timeoutSeconds == oldSelf.spec.timeoutSeconds))",message="timeoutSeconds is immutable: a script runs once; make a new object to run it again"
// +kubebuilder:validation:XValidation:rule="!(has(self.status) && (has(self.status.operation) || has(self.status.managed) || (has(self.status.provisioningState) && !(has(self.status.conditions) && self.status.conditions.exists(c, c.type == 'Stalled' && c.reason in ['AdoptionRefused', 'AlreadyManaged', 'ImmutableFieldChanged']))))) || (has(self.spec.retentionSeconds) == has(oldSelf.spec.retentionSeconds) && (!has(self.spec.retentionSeconds) || self.spec.retentionSeconds == oldSelf.spec.retentionSeconds))",message="retentionSeconds is immutable: a script runs once; make a new object to run it again"
type ScriptExecution struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is the standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitzero"`
	// spec is the execution that is wanted.
	// +required
	Spec ScriptExecutionSpec `json:"spec,omitzero"`
	// status is the execution as Azure has it.
	// +optional
	// +kubebuilder:default:={"observedGeneration":-1}
	Status ScriptExecutionStatus `json:"status,omitzero"`
}

// AzureSpec returns the part of the spec that every Azure kind has.
func (s *ScriptExecution) AzureSpec() *AzureSpec { return &s.Spec.AzureSpec }

// AzureStatus returns the part of the status that every Azure kind has.
func (s *ScriptExecution) AzureStatus() *AzureStatus { return &s.Status.AzureStatus }

// ScriptExecutionList is a list of ScriptExecution.
//
// +kubebuilder:object:root=true
type ScriptExecutionList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []ScriptExecution `json:"items"`
}

func init() { register(&ScriptExecution{}, &ScriptExecutionList{}) }
