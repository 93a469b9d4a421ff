// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
)

func TestISODuration(t *testing.T) {
	for seconds, want := range map[int32]string{60: "PT1M0S", 900: "PT15M0S", 86400: "P1D", 90061: "P1DT1H1M1S", 5184000: "P60D", 3600: "PT1H0M0S"} {
		if got := isoDuration(seconds); got != want {
			t.Errorf("%d s are %s, want %s", seconds, got, want)
		}
	}
}

func TestTheNewestPackageIsFoundByNumbers(t *testing.T) {
	var packages []*arm.Resource
	for _, name := range []string{"Microsoft.AVS.Management@7.0.99", "Microsoft.AVS.Management@7.0.187", "Microsoft.AVS.Management@7.0.19-preview",
		"Microsoft.AVS.NFS@9.0.0"} {
		packages = append(packages, &arm.Resource{Name: name})
	}
	for name, want := range map[string]string{"microsoft.avs.management": "Microsoft.AVS.Management@7.0.187",
		"Microsoft.AVS.NFS": "Microsoft.AVS.NFS@9.0.0", "Microsoft.AVS": ""} {
		if got := newestPackage(name, packages); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

func TestScriptNamesTellWhatRuns(t *testing.T) {
	value := "a"
	script := func(change func(*v1alpha1.ScriptExecution)) string {
		e := &v1alpha1.ScriptExecution{ObjectMeta: metav1.ObjectMeta{Name: strings.Repeat("n", 80)}, Spec: v1alpha1.ScriptExecutionSpec{
			ScriptPackage: "p", ScriptCmdlet: "c", TimeoutSeconds: 60, Parameters: []v1alpha1.ScriptParameter{{Name: "x", Value: &value}},
		}}
		change(e)
		return scriptName(e)
	}
	same := script(func(*v1alpha1.ScriptExecution) {})
	if len(same) > 64 {
		t.Errorf("%s is longer than Azure allows", same)
	}
	for what, change := range map[string]func(*v1alpha1.ScriptExecution){
		"how it is managed": func(e *v1alpha1.ScriptExecution) { e.Spec.Suspend, e.Spec.SecretName = true, "s" },
		"the private cloud": func(e *v1alpha1.ScriptExecution) { e.Spec.PrivateCloudRef.Name = "other" },
	} {
		if got := script(change); got != same {
			t.Errorf("%s changes the name", what)
		}
	}
	for what, change := range map[string]func(*v1alpha1.ScriptExecution){
		"the cmdlet":  func(e *v1alpha1.ScriptExecution) { e.Spec.ScriptCmdlet = "d" },
		"a parameter": func(e *v1alpha1.ScriptExecution) { other := "b"; e.Spec.Parameters[0].Value = &other },
		"a secret's place": func(e *v1alpha1.ScriptExecution) {
			e.Spec.Parameters[0] = v1alpha1.ScriptParameter{Name: "x", ValueSecretRef: &v1alpha1.SecretKeyReference{Name: "s", Key: "k"}}
		},
		"the timeout": func(e *v1alpha1.ScriptExecution) { e.Spec.TimeoutSeconds = 61 },
	} {
		if got := script(change); got == same {
			t.Errorf("%s does not change the name", what)
		}
	}
}

func TestOutputsGoWhereTheyMay(t *testing.T) {
	actual := &arm.Resource{Body: map[string]any{"properties": map[string]any{
		"output": []any{"line"}, "namedOutputs": map[string]any{"plain": "text", "list": []any{"a", 1.0}, "the key": "hush"},
	}}}
	some := &v1alpha1.ScriptExecution{Spec: v1alpha1.ScriptExecutionSpec{SecretOutputs: []string{"the key"}}}
	public := publicOutputs(some, actual)
	if len(public) != 2 || public[0].Name != "list" || *public[0].Value != `["a",1]` || *public[1].Value != "text" {
		t.Errorf("shown: %+v", public)
	}
	if got := secretOutputs(some, actual); len(got) != 1 || string(got["the_key"]) != "hush" {
		t.Errorf("secret: %q", got)
	}
	all := &v1alpha1.ScriptExecution{Spec: v1alpha1.ScriptExecutionSpec{SecretOutputs: []string{everyOutput}}}
	scriptExecution.Observe(all, actual)
	if len(all.Status.NamedOutputs)+len(all.Status.Output) > 0 || string(secretOutputs(all, actual)["output"]) != "line" {
		t.Errorf("with all secret, shown: %+v", all.Status)
	}
}
