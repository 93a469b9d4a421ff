// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package security

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers"
	"github.com/avs-operator/avs-operator/test/env"
	"github.com/avs-operator/avs-operator/test/harness"
)

func caOf(s *httptest.Server) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}))
}

func thumbprint(s *httptest.Server) string {
	sum := sha256.Sum256(s.Certificate().Raw)
	return hex.EncodeToString(sum[:])
}

// identityAt is an identity at a host of the attacker's choice.
func (w *world) identityAt(name string, s *httptest.Server, ref v1alpha1.SecretKeyReference) []client.Object {
	meta := metav1.ObjectMeta{Namespace: w.theirs, Name: name}
	identity := harness.IdentityOf(w.Azure.Identity(w.theirs))
	identity.ObjectMeta, identity.Spec.ClientSecretRef = meta, &ref
	identity.Spec.Cloud.Endpoints = &v1alpha1.AzureEndpoints{
		ActiveDirectoryAuthorityHost: s.URL, ResourceManager: s.URL, CARef: &v1alpha1.CAReference{Kind: "ConfigMap", Name: name},
	}
	return []client.Object{&corev1.ConfigMap{ObjectMeta: meta, Data: map[string]string{"ca.crt": caOf(s)}}, identity}
}

// Who may write an AzureIdentity, a VCenter or a ScriptExecution, and may read no Secret, gets none sent: neither to a host of theirs, nor to Azure,
// where a script would print it.
func TestSecretsOfOtherUsesAreNotSent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start(t)
	w.privateCloud(t, w.theirs, theirCloud, "10.175.0.0/22")
	mallory := as(t, w.theirs, viewer, editor, privileged)
	w.remember(t)
	if err := mallory.Get(t.Context(), client.ObjectKey{Namespace: w.theirs, Name: "database"}, &corev1.Secret{}); !apierrors.IsForbidden(err) {
		t.Fatalf("the shipped roles let Secrets be read: %v", err)
	}

	trusted := func(s *httptest.Server) *v1alpha1.VCenterTrust {
		return &v1alpha1.VCenterTrust{Thumbprint: thumbprint(s)}
	}
	meta := func(name string) metav1.ObjectMeta { return metav1.ObjectMeta{Namespace: w.theirs, Name: name} }
	inAzure := harness.IdentityOf(w.Azure.Identity(w.theirs))
	inAzure.ObjectMeta, inAzure.Spec.ClientSecretRef = meta("in-azure"), &v1alpha1.SecretKeyReference{Name: "ci", Key: "token"}
	certificate := inAzure.DeepCopy()
	certificate.ObjectMeta, certificate.Spec.ClientSecretRef, certificate.Spec.ClientCertificateRef = meta("by-certificate"), nil, inAzure.Spec.ClientSecretRef
	account := &v1alpha1.VCenter{ObjectMeta: meta("account"), Spec: v1alpha1.VCenterSpec{
		URL: w.host.URL, Trust: trusted(w.host.Server), CredentialsRef: &v1alpha1.CredentialsReference{Name: "database"}}}
	trust := &v1alpha1.VCenter{ObjectMeta: meta("trust"), Spec: v1alpha1.VCenterSpec{
		URL: w.host.URL, Trust: &v1alpha1.VCenterTrust{CARef: &v1alpha1.CAReference{Kind: "Secret", Name: "ci", Key: "token"}},
		CredentialsRef: &v1alpha1.CredentialsReference{Name: "database"}}}
	script := func(name string, parameter v1alpha1.ScriptParameter) *v1alpha1.ScriptExecution {
		parameter.Name = "Name"
		return &v1alpha1.ScriptExecution{ObjectMeta: meta(name), Spec: v1alpha1.ScriptExecutionSpec{
			PrivateCloudRef: v1alpha1.ParentReference{Name: theirCloud}, ScriptPackage: "Microsoft.AVS.Management", ScriptCmdlet: "New-LDAPSIdentitySource",
			TimeoutSeconds: 900, Parameters: []v1alpha1.ScriptParameter{parameter},
		}}
	}
	value := script("value", v1alpha1.ScriptParameter{ValueSecretRef: &v1alpha1.SecretKeyReference{Name: "ci", Key: "token"}})
	credential := script("credential", v1alpha1.ScriptParameter{CredentialsRef: &v1alpha1.CredentialsReference{Name: "database"}})
	exfiltrate := w.identityAt("exfiltrate", w.host.Server, v1alpha1.SecretKeyReference{Name: "azure-client-secret", Key: "clientSecret"})
	create(t, mallory, inAzure, certificate, account, trust, value, credential)
	for _, object := range exfiltrate { // the ConfigMap is a user's own, with whatever other role
		cluster.Create(t, object)
	}

	env.Says(t, cluster.WaitStalled(t, exfiltrate[1], v1alpha1.ReasonEndpointNotAllowed), "--allowed-endpoints", w.host.URL)
	for object, secret := range map[client.Object]string{inAzure: "ci", certificate: "ci", account: "database", trust: "ci", value: "ci", credential: "database"} {
		env.Says(t, cluster.WaitStalled(t, object, v1alpha1.ReasonSecretNotPermitted), "kubectl label secret "+secret+" -n "+w.theirs+" avs-operator.io/use=allowed")
	}
	if n := len(w.host.requests()); n != 0 {
		t.Errorf("%d requests reached the attacker's host", n)
	}
	for _, r := range w.Azure.Requests() {
		if strings.Contains(r.Path, "scriptexecutions") && r.Method == http.MethodPut {
			t.Errorf("a script was run: %s", r.Path)
		}
	}
	w.unharmed(t)
	w.discreet(t)

	// The advice, followed to its end by the owner of the Secret.
	if _, err := cluster.ControlPlane.Kubectl(t.Context(), "label", "secret", "ci", "-n", w.theirs, "avs-operator.io/use=allowed"); err != nil {
		t.Fatal(err)
	}
	cluster.WaitStalled(t, inAzure, v1alpha1.ReasonCredentialsInvalid)
}

// A login host that is allowed, and answers with a redirect that keeps the body, does not get the secret on to another.
func TestALoginIsNotRedirected(t *testing.T) {
	t.Parallel()
	for _, status := range []int{http.StatusTemporaryRedirect, http.StatusPermanentRedirect} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			between := w.host.redirects(t, status)
			w.start(t, func(o *controllers.Options) { o.AllowedEndpoints = []string{"127.0.0.1"} })
			w.remember(t)
			objects := w.identityAt("redirected", between, v1alpha1.SecretKeyReference{Name: "azure-client-secret", Key: "clientSecret"})
			cluster.Create(t, objects...)
			cluster.WaitCondition(t, patience, objects[1], v1alpha1.ConditionReady, "False")
			if seen := w.host.requests(); len(seen) != 0 {
				t.Errorf("the redirect was followed: %q", seen)
			}
			w.unharmed(t)
			w.discreet(t)
		})
	}
}

// The editor's role leaves the kinds that decide where Secrets go to a role of their own.
func TestRolesLeaveSecretsToTheTrusted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, c := range []struct {
		role, verb, resource string
		allowed              bool
	}{
		{editor, "create", "privateclouds", true}, {editor, "get", "azureidentities", true}, {editor, "create", "segments", true},
		{editor, "create", "azureidentities", false}, {editor, "patch", "vcenters", false}, {editor, "create", "scriptexecutions", false},
		{editor, "delete", "scriptexecutions", false}, {editor, "get", "secrets", false},
		{privileged, "create", "azureidentities", true}, {privileged, "patch", "vcenters", true}, {privileged, "create", "scriptexecutions", true},
		{privileged, "create", "privateclouds", false}, {privileged, "patch", "azureidentities/status", false}, {privileged, "get", "secrets", false},
		{viewer, "get", "azureidentities", true}, {viewer, "create", "segments", false}, {viewer, "get", "secrets", false},
	} {
		user := "asker-" + c.role
		if _, err := cluster.ControlPlane.Kubectl(t.Context(), "create", "rolebinding", user, "--clusterrole="+c.role, "--user="+user,
			"-n", w.theirs); err != nil && !strings.Contains(err.Error(), "already exists") {
			t.Fatal(err)
		}
		review := &authorizationv1.SubjectAccessReview{Spec: authorizationv1.SubjectAccessReviewSpec{User: user,
			ResourceAttributes: &authorizationv1.ResourceAttributes{
				Namespace: w.theirs, Verb: c.verb, Resource: c.resource,
			}}}
		if c.resource != "secrets" {
			review.Spec.ResourceAttributes.Group = v1alpha1.GroupVersion.Group
			review.Spec.ResourceAttributes.Resource, review.Spec.ResourceAttributes.Subresource, _ = strings.Cut(c.resource, "/")
		}
		cluster.Eventually(t, 20*time.Second, fmt.Sprintf("%s: %s %s to be %v", c.role, c.verb, c.resource, c.allowed), func(ctx context.Context) error {
			asked := review.DeepCopy()
			if err := cluster.Admin.Create(ctx, asked); err != nil || asked.Status.Allowed == c.allowed {
				return err
			}
			return fmt.Errorf("it is %v", asked.Status.Allowed)
		})
	}
}
