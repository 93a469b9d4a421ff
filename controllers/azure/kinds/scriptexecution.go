// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/azure/body"
	"github.com/avs-operator/avs-operator/controllers/azure/diff"
	"github.com/avs-operator/avs-operator/controllers/azure/kind"
	"github.com/avs-operator/avs-operator/controllers/azure/lane"
	"github.com/avs-operator/avs-operator/controllers/connect/rulings"
	"github.com/avs-operator/avs-operator/controllers/outcome"
	"github.com/avs-operator/avs-operator/controllers/status"
	"github.com/avs-operator/avs-operator/controllers/text"
)

// +kubebuilder:rbac:groups=avs-operator.io,resources=scriptexecutions,verbs=get;list;watch;patch
// +kubebuilder:rbac:groups=avs-operator.io,resources=scriptexecutions/status,verbs=get;patch
// +kubebuilder:rbac:groups=avs-operator.io,resources=scriptexecutions/finalizers,verbs=update

// scriptExecution is Microsoft.AVS/privateClouds/scriptExecutions.
var scriptExecution = kind.Kind[*v1alpha1.ScriptExecution]{
	Traits: kind.Traits{ // a script that failed is Judge's: it is never run again
		Name: "ScriptExecution", Segment: "scriptExecutions", Lane: lane.Hosts, NoPatch: true, Once: true,
		Rules: diff.Rules{
			Sets:      []string{"/properties/parameters"},
			WriteOnly: secretParameters,
			// ISO 8601 writes one duration in many ways, and Azure does as it likes.
			ServerFilled: []string{"/properties/timeout", "/properties/retention"},
		},
		Immutable: []string{"/properties"},
	},
	New: func() *v1alpha1.ScriptExecution { return &v1alpha1.ScriptExecution{} },
	Parent: func(e *v1alpha1.ScriptExecution) kind.Parent {
		return kind.Parent{PrivateCloud: &e.Spec.PrivateCloudRef}
	},
	Desired: scriptExecutionDesired,
	Observe: scriptExecutionObserve,
	// AzureName tells by a hash what the object runs, so that two that run different things can never be taken for one.
	AzureName:    func(e *v1alpha1.ScriptExecution) string { return scriptName(e) },
	Resolve:      scriptExecutionResolve,
	Secrets:      scriptExecutionSecrets,
	Complete:     scriptExecutionComplete,
	Judge:        scriptExecutionJudge,
	Export:       &kind.Export[*v1alpha1.ScriptExecution]{Secret: scriptExecutionSecret, Content: scriptExecutionSecretContent},
	Expect:       scriptExecutionExpect,
	Confidential: scriptExecutionConfidential,
}

// secretParameters are the parts of parameters that Azure does not show, or that come from a Secret. Hidden ones it does not show at all: they are
// "not visible to ARM", as Microsoft's description has it.
var secretParameters = []string{
	"/properties/parameters/*/secureValue", "/properties/parameters/*/username", "/properties/parameters/*/password", "/properties/hiddenParameters",
}

// scriptExecutionDesired is without the cmdlet's id: Resolve finds it.
func scriptExecutionDesired(e *v1alpha1.ScriptExecution) map[string]any {
	properties := map[string]any{"timeout": isoDuration(e.Spec.TimeoutSeconds)}
	if e.Spec.RetentionSeconds > 0 {
		properties["retention"] = isoDuration(e.Spec.RetentionSeconds)
	}
	if len(e.Spec.Parameters) > 0 {
		properties["parameters"] = scriptParameters(e.Spec.Parameters)
	}
	if len(e.Spec.HiddenParameters) > 0 {
		properties["hiddenParameters"] = scriptParameters(e.Spec.HiddenParameters)
	}
	return map[string]any{"properties": properties}
}

// scriptExecutionSecrets are needed until it has begun: whether they change or go after that is nobody's business.
func scriptExecutionSecrets(e *v1alpha1.ScriptExecution) []kind.SecretValue {
	if e.Status.SubmittedAt != nil || e.Annotations[v1alpha1.AnnotationRan] != "" {
		return nil
	}
	return append(scriptSecrets("/properties/parameters", e.Spec.Parameters), scriptSecrets("/properties/hiddenParameters", e.Spec.HiddenParameters)...)
}

// scriptExecutionConfidential is what it was given, to the end of its days, and its secret outputs.
func scriptExecutionConfidential(e *v1alpha1.ScriptExecution, actual *arm.Resource) (refs []kind.SecretValue, values []string) {
	refs = append(scriptSecrets("/properties/parameters", e.Spec.Parameters), scriptSecrets("/properties/hiddenParameters", e.Spec.HiddenParameters)...)
	for _, value := range secretOutputs(e, actual) {
		values = append(values, string(value))
	}
	return refs, values
}

// scriptExecutionResolve finds the cmdlet. What has run keeps the version that it ran with.
func scriptExecutionResolve(ctx context.Context, w kind.World[*v1alpha1.ScriptExecution], desired map[string]any) *outcome.Outcome {
	properties := body.Properties(desired)
	spec := &w.Object.Spec
	switch ran := w.Actual.String("/properties/scriptCmdletId"); {
	case ran != "" && runsCmdlet(arm.ID(ran), spec):
		properties["scriptCmdletId"] = ran
		return nil
	case w.Actual == nil && runsCmdlet(arm.ID(w.Object.Status.ScriptCmdletID), spec):
		properties["scriptCmdletId"] = w.Object.Status.ScriptCmdletID
		return nil
	}
	name := spec.ScriptPackage
	if !versioned(name) {
		packages, err := w.List(ctx, w.CloudID+"/scriptPackages")
		if err != nil {
			return rulings.OfAzure(err)
		}
		if name = newestPackage(name, packages); name == "" {
			return outcome.Wait(v1alpha1.ReasonReferenceNotFound, "the private cloud offers no script package %s: correct scriptPackage",
				spec.ScriptPackage).In(time.Hour)
		}
	}
	properties["scriptCmdletId"] = string(w.CloudID.Child("scriptPackages", name).Child("scriptCmdlets", spec.ScriptCmdlet))
	return nil
}

func scriptExecutionObserve(e *v1alpha1.ScriptExecution, actual *arm.Resource) {
	s := &e.Status
	s.ScriptCmdletID = actual.String("/properties/scriptCmdletId")
	s.SubmittedAt = status.Moment(actual.String("/properties/submittedAt"))
	s.StartedAt = status.Moment(actual.String("/properties/startedAt"))
	s.FinishedAt = status.Moment(actual.String("/properties/finishedAt"))
	s.FailureReason = text.Cut(actual.String("/properties/failureReason"), 2048)
}

// scriptExecutionComplete asks once for what the script wrote: Azure answers neither streams nor results to a GET. What is secret is not kept here;
// Content asks for it again.
func scriptExecutionComplete(ctx context.Context, w kind.World[*v1alpha1.ScriptExecution]) *outcome.Outcome {
	s, secret := &w.Object.Status, w.Object.Spec.SecretOutputs
	of := body.Fingerprint(w.Actual.ID.Name(), w.Actual.String("/properties/finishedAt"), strings.Join(secret, "\n"))
	if s.OutputsOf == of {
		return nil
	}
	s.OutputsOf, s.NamedOutputs, s.Output, s.Information, s.Warnings, s.Errors = "", nil, nil, nil, nil, nil
	logs, err := executionLogs(ctx, w)
	if err != nil {
		o := rulings.OfAzure(err)
		o.Message = "the script has run, and what it wrote cannot be read: " + o.Message
		return o
	}
	if !slices.Contains(secret, everyOutput) {
		s.Output, s.Information = lastLines(logs, "output"), lastLines(logs, "information")
		s.Warnings, s.Errors = lastLines(logs, "warnings"), lastLines(logs, "errors")
	}
	s.NamedOutputs, s.OutputsOf = publicOutputs(w.Object, logs), of
	return nil
}

// scriptExecutionJudge: Azure says Succeeded of a script that ran to its end, whatever came out.
func scriptExecutionJudge(e *v1alpha1.ScriptExecution, actual *arm.Resource) *outcome.Outcome {
	state, why := actual.ProvisioningState(), actual.String("/properties/failureReason")
	if state == "Succeeded" && why == "" {
		return nil
	}
	if why == "" {
		why = "Azure gives no reason"
	}
	more := ""
	if n := len(e.Status.Errors); n > 0 && e.Status.Errors[n-1] != why {
		more = fmt.Sprintf(" (%s)", e.Status.Errors[n-1])
	}
	return outcome.Stall(v1alpha1.ReasonScriptFailed,
		"the script failed (%s): %s%s. It is not run again: to do so, make a new object, or delete this one and apply it again", state, text.Cut(why, 1024), more)
}

// scriptExecutionSecret is written once the script has ended.
func scriptExecutionSecret(e *v1alpha1.ScriptExecution, actual *arm.Resource) (name, version string) {
	switch {
	case actual == nil:
		return e.Spec.SecretName, ""
	case !arm.IsTerminal(actual.ProvisioningState()):
		return "", ""
	}
	return e.Spec.SecretName, actual.ID.Name() + "|" + actual.String("/properties/finishedAt")
}

func scriptExecutionSecretContent(ctx context.Context, w kind.World[*v1alpha1.ScriptExecution]) (map[string][]byte, error) {
	logs, err := executionLogs(ctx, w)
	if err != nil {
		return nil, fmt.Errorf("reading what the script wrote: %w", err)
	}
	return secretOutputs(w.Object, logs), nil
}

func scriptExecutionExpect(arm.Verb, *v1alpha1.ScriptExecution) kind.Expectation {
	return kind.Expectation{Soonest: 50 * time.Second, Latest: 4 * time.Minute, Fine: 10 * time.Second}
}
