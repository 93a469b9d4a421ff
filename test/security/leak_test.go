// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package security

import (
	"regexp"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/test/armsim"
	"github.com/avs-operator/avs-operator/test/env"
)

func text(name, value string) v1alpha1.ScriptParameter {
	return v1alpha1.ScriptParameter{Name: name, Value: &value}
}

// A script that prints what it was given, and says it when it fails, shows nothing of it: not while the Secret is there, not when it has changed,
// not when it is gone. Neither does Azure when it quotes what it refuses.
func TestWhatIsRepeatedIsNotShown(t *testing.T) {
	t.Parallel()
	const given, licence = "a-passw0rd+of the directory", "LICENCE-KEY-00000-11111"
	w := newWorld(t)
	w.secrets = append(w.secrets, given, licence)
	usable := func(name, key, value string) *corev1.Secret {
		return &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: w.theirs, Name: name, Labels: map[string]string{v1alpha1.LabelUse: v1alpha1.UseAllowed}},
			StringData: map[string]string{key: value}}
	}
	secret := usable("directory", "password", given)
	reader := usable("reader", "username", "reader")
	reader.StringData["password"] = databasePassword
	cluster.Create(t, secret, reader, usable("licence", "key", licence))
	w.start(t)
	w.privateCloud(t, w.theirs, theirCloud, "10.175.0.0/22")
	w.Azure.Inject(armsim.Fault{Verb: "PUT", Path: regexp.MustCompile("addons"), Status: 400, Code: "BadLicense",
		Message: "the license key '" + licence + "' is not valid", Count: 1})
	addon := &v1alpha1.Addon{ObjectMeta: metav1.ObjectMeta{Namespace: w.theirs, Name: "srm"}, Spec: v1alpha1.AddonSpec{
		PrivateCloudRef: v1alpha1.ParentReference{Name: theirCloud},
		SRM:             &v1alpha1.AddonSRM{LicenseKeySecretRef: &v1alpha1.SecretKeyReference{Name: "licence", Key: "key"}}}}
	script := &v1alpha1.ScriptExecution{ObjectMeta: metav1.ObjectMeta{Namespace: w.theirs, Name: "talks"}, Spec: v1alpha1.ScriptExecutionSpec{
		PrivateCloudRef: v1alpha1.ParentReference{Name: theirCloud}, ScriptPackage: "Microsoft.AVS.Management",
		ScriptCmdlet: "New-LDAPSIdentitySource", TimeoutSeconds: 900,
		Parameters: []v1alpha1.ScriptParameter{
			text("Name", "corp"), text("DomainName", "corp.example.com"), text("DomainAlias", "CORP"), text("PrimaryUrl", "ldaps://dc1.corp.example.com:636"),
			text("BaseDNUsers", "ou=users"), text("BaseDNGroups", "ou=groups"), {Name: "Credential", CredentialsRef: &v1alpha1.CredentialsReference{Name: "reader"}},
		},
		// The script writes it into its output.
		HiddenParameters: []v1alpha1.ScriptParameter{{Name: "SSLCertificatesSasUrl",
			ValueSecretRef: &v1alpha1.SecretKeyReference{Name: "directory", Key: "password"}}},
	}}
	cluster.Create(t, addon, script)
	env.Says(t, cluster.WaitStalled(t, addon, v1alpha1.ReasonInvalidSpec), "BadLicense", "the license key '(hidden)' is not valid")
	cluster.WaitReady(t, script)
	id := script.Status.ID
	says := map[string]any{"properties": map[string]any{"failureReason": "cannot log in with '" + given + "'"}}
	if err := w.Azure.SetInAzure(id, says); err != nil {
		t.Fatal(err)
	}
	again := func(word string) {
		t.Helper()
		env.Edit(t, cluster, script, func(s *v1alpha1.ScriptExecution) {
			s.Annotations[v1alpha1.AnnotationReconcileRequestedAt] = word
		})
		cluster.WaitFor(t, patience, script, "the look "+word, func() error {
			if script.Status.LastHandledReconcileAt != word || !strings.Contains(script.Status.FailureReason, "cannot log in") {
				return errNotYet
			}
			return nil
		})
		if script.Status.FailureReason != "cannot log in with '(hidden)'" ||
			strings.Join(script.Status.Output, "\n") != "Downloading Cert 1 from (hidden)\nSuccessfully added external identity source corp.example.com" {
			t.Errorf("after %s: failureReason %q, output %q", word, script.Status.FailureReason, script.Status.Output)
		}
		w.discreet(t)
	}
	again("first")
	env.Edit(t, cluster, secret, func(s *corev1.Secret) { s.Data["password"] = []byte("another-one") })
	again("changed")
	cluster.Delete(t, secret)
	again("gone")
	if !strings.Contains(w.told.log(), "Sending a write") || !strings.Contains(w.told.metrics(t), "avs_operator_operations_started_total") {
		t.Error("the log and the metrics tell nothing, so that they hold no secret says nothing")
	}
}
