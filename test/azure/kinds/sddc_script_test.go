// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/test/env"
)

func (w *world) script(name, cmdlet string, parameters ...v1alpha1.ScriptParameter) *v1alpha1.ScriptExecution {
	return &v1alpha1.ScriptExecution{ObjectMeta: w.Meta(name), Spec: v1alpha1.ScriptExecutionSpec{
		PrivateCloudRef: w.inCloud(), ScriptPackage: "Microsoft.AVS.Management", ScriptCmdlet: cmdlet, TimeoutSeconds: 900, Parameters: parameters,
	}}
}

func text(name, value string) v1alpha1.ScriptParameter {
	return v1alpha1.ScriptParameter{Name: name, Value: ptr.To(value)}
}

func TestAScriptRunsOnceAndItsOutputsAreKept(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fast, false)
	list := w.script("policies", "Get-StoragePolicies")
	list.Spec.RetentionSeconds = 86400
	secret := w.script("policies-secret", "Get-StoragePolicies")
	secret.Spec.SecretName, secret.Spec.SecretOutputs = "policies-out", []string{"storagePolicies"}
	cluster.Create(t, list, secret)
	cluster.WaitReady(t, list)
	cluster.WaitReady(t, secret)

	name := list.Status.ID[strings.LastIndex(list.Status.ID, "/")+1:]
	if !strings.HasPrefix(name, "policies-") || len(name) != len("policies-")+10 {
		t.Errorf("its name in Azure is %s, without a hash of what it runs", name)
	}
	if w.InAzure("/scriptExecutions/"+name, "properties", "retention") != "P1D" || w.InAzure("/scriptExecutions/"+name, "properties", "timeout") != "PT15M0S" {
		t.Errorf("timeout and retention in Azure: %v", w.InAzure("/scriptExecutions/"+name, "properties"))
	}
	if len(list.Status.Output) == 0 || len(list.Status.NamedOutputs) != 1 || !strings.Contains(*list.Status.NamedOutputs[0].Value, "RAID-1 FTT-1") {
		t.Errorf("outputs in status: %q, %+v", list.Status.Output, list.Status.NamedOutputs)
	}
	if list.Status.FinishedAt == nil || !strings.HasSuffix(strings.ToLower(list.Status.ScriptCmdletID),
		"/scriptpackages/microsoft.avs.management@7.0.187/scriptcmdlets/get-storagepolicies") {
		t.Errorf("what ran, and when it ended: %+v", list.Status)
	}
	if len(secret.Status.NamedOutputs) != 0 {
		t.Errorf("a secret output is in status: %+v", secret.Status.NamedOutputs)
	}
	out := &corev1.Secret{}
	cluster.Eventually(t, soon, "the Secret", func(ctx context.Context) error {
		return cluster.Admin.Get(ctx, client.ObjectKey{Namespace: w.Namespace, Name: "policies-out"}, out)
	})
	if !strings.Contains(string(out.Data["storagePolicies"]), "RAID-1 FTT-1") {
		t.Errorf("the Secret has %v", out.Data)
	}

	// What stays in Azure leaves its outputs here.
	env.Edit(t, cluster, secret, func(e *v1alpha1.ScriptExecution) { e.Spec.DeletionPolicy = v1alpha1.DeletionPolicyRetain })
	cluster.Remove(t, secret)
	if err := cluster.Admin.Get(t.Context(), client.ObjectKeyFromObject(out), out); err != nil || len(out.OwnerReferences) > 0 {
		t.Errorf("the Secret of a script that is retained: %v, owners %v", err, out.OwnerReferences)
	}

	if err := w.Azure.RemoveInAzure(list.Status.ID); err != nil { // as after its retention
		t.Fatal(err)
	}
	before := len(w.writes())
	cluster.WaitFor(t, soon, list, "that Azure forgot it", func() error {
		if list.Status.ProvisioningState != "" {
			return fmt.Errorf("it is %s", list.Status.ProvisioningState)
		}
		return nil
	})
	cluster.WaitReady(t, list)
	time.Sleep(500 * time.Millisecond)
	if len(w.writes()) != before {
		t.Errorf("a script that Azure forgot was run again: %v", w.writes())
	}
}

// Hidden parameters never come back, and a script that ran with them is none that differs.
func TestAScriptWithHiddenParametersSucceeds(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fast, false)
	cluster.Create(t, &corev1.Secret{ObjectMeta: w.Meta("ldap"), Type: corev1.SecretTypeBasicAuth,
		StringData: map[string]string{"username": "reader@corp", "password": "s3cr3t-of-ldap"}})
	script := w.script("directory", "New-LDAPIdentitySource", text("Name", "corp"), text("DomainName", "corp.example.com"), text("DomainAlias", "CORP"),
		text("PrimaryUrl", "ldap://dc1.corp.example.com"))
	script.Spec.HiddenParameters = []v1alpha1.ScriptParameter{
		text("BaseDNUsers", "ou=users"), text("BaseDNGroups", "ou=groups"), {Name: "Credential", CredentialsRef: &v1alpha1.CredentialsReference{Name: "ldap"}},
	}
	cluster.Create(t, script)
	cluster.WaitReady(t, script)
	if len(script.Status.Drift) > 0 || len(script.Status.Output)+len(script.Status.Information) == 0 {
		t.Errorf("status is %+v", script.Status)
	}
	asked := func() (n int) {
		for _, r := range w.Azure.Requests() {
			if strings.HasSuffix(strings.ToLower(r.Path), "/getexecutionlogs") {
				n++
			}
		}
		return n
	}
	if n := asked(); n != 1 {
		t.Errorf("what it wrote was asked for %d times", n)
	}
	env.Edit(t, cluster, script, func(e *v1alpha1.ScriptExecution) { e.Annotations[v1alpha1.AnnotationReconcileRequestedAt] = "now" })
	cluster.WaitFor(t, soon, script, "the look that was asked for", func() error {
		if script.Status.LastHandledReconcileAt != "now" {
			return fmt.Errorf("handled: %q", script.Status.LastHandledReconcileAt)
		}
		return nil
	})
	cluster.WaitReady(t, script)
	if n := asked(); n != 1 {
		t.Errorf("what it wrote was asked for %d times", n)
	}
}

func TestAScriptThatFailsIsToldApartFromOneThatSucceeded(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fast, false)
	failing := w.script("remove", "Remove-ExternalIdentitySources", text("DomainName", "nowhere.example.com"))
	wrong := w.script("wrong", "Get-StoragePolicies")
	wrong.Spec.ScriptPackage = "Microsoft.AVS.Nothing"
	cluster.Create(t, failing, wrong)
	env.Says(t, cluster.WaitNotReady(t, failing, v1alpha1.ReasonScriptFailed), "nowhere.example.com", "Succeeded", "make a new object")
	cluster.WaitFor(t, soon, failing, "why it failed, in status", func() error {
		if failing.Status.ProvisioningState != "Succeeded" || !strings.Contains(failing.Status.FailureReason, "nowhere.example.com") {
			return fmt.Errorf("Azure says %s, for %q", failing.Status.ProvisioningState, failing.Status.FailureReason)
		}
		return nil
	})
	env.Says(t, cluster.WaitNotReady(t, wrong, v1alpha1.ReasonReferenceNotFound), "Microsoft.AVS.Nothing", "correct scriptPackage")
	env.Edit(t, cluster, wrong, func(e *v1alpha1.ScriptExecution) { e.Spec.ScriptPackage = failing.Spec.ScriptPackage })
	cluster.WaitReady(t, wrong)
}

func TestAScriptTakesCredentialsAndShowsNone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fast, false)
	cluster.Create(t, &corev1.Secret{ObjectMeta: w.Meta("ldap"), Type: corev1.SecretTypeBasicAuth,
		StringData: map[string]string{"username": "reader@corp", "password": "s3cr3t-of-ldap"}},
		&corev1.Secret{ObjectMeta: usable(w.Meta("sas")), StringData: map[string]string{"url": "https://example.com/?sig=s3cr3t-of-sas"}})
	script := w.script("directory", "New-LDAPSIdentitySource", text("Name", "corp"), text("DomainName", "corp.example.com"), text("DomainAlias", "CORP"),
		text("PrimaryUrl", "ldaps://dc1.corp.example.com:636"), text("BaseDNUsers", "ou=users"), text("BaseDNGroups", "ou=groups"),
		v1alpha1.ScriptParameter{Name: "Credential", CredentialsRef: &v1alpha1.CredentialsReference{Name: "ldap"}},
		v1alpha1.ScriptParameter{Name: "SSLCertificatesSasUrl", ValueSecretRef: &v1alpha1.SecretKeyReference{Name: "sas", Key: "url"}})
	cluster.Create(t, script)
	cluster.WaitReady(t, script)
	sent := false
	for _, r := range w.Azure.Requests() {
		if r.Method == "PUT" && strings.Contains(strings.ToLower(r.Path), "/scriptexecutions/") {
			sent = true
		}
	}
	shown, err := json.Marshal(script)
	if err != nil || !sent {
		t.Fatal(sent, err)
	}
	if strings.Contains(string(shown), "s3cr3t") {
		t.Errorf("a secret is in the object: %s", shown)
	}

	before := len(w.writes())
	cluster.Delete(t, &corev1.Secret{ObjectMeta: w.Meta("sas")}) // what it was given is nobody's business any more
	env.Edit(t, cluster, script, func(e *v1alpha1.ScriptExecution) { e.Annotations[v1alpha1.AnnotationReconcileRequestedAt] = "now" })
	cluster.WaitFor(t, soon, script, "the look that was asked for", func() error {
		if script.Status.LastHandledReconcileAt != "now" {
			return fmt.Errorf("handled: %q", script.Status.LastHandledReconcileAt)
		}
		return nil
	})
	cluster.WaitReady(t, script)
	if len(w.writes()) != before {
		t.Errorf("written: %v", w.writes())
	}
}
