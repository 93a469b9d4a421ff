// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package security

import (
	"context"
	"fmt"
	"strings"
	"testing"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers"
	"github.com/avs-operator/avs-operator/test/armsim"
	"github.com/avs-operator/avs-operator/test/harness"
)

// The operator may ask for tokens of ServiceAccounts, and whoever has its own token might do so for any account of the cluster. It gets them only for
// Entra ID, and only of accounts whose namespace has said so.
func TestTheOperatorGetsTokensOnlyOfWhomItMayActAs(t *testing.T) {
	t.Parallel()
	namespace := cluster.Namespace(t)
	cluster.Create(t, harness.Assumable(namespace, "mover")...)
	cluster.Create(t, &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "admin"}})
	operator, err := client.New(cluster.OperatorConfig(), client.Options{Scheme: controllers.Scheme()})
	if err != nil {
		t.Fatal(err)
	}
	const entra = "api://AzureADTokenExchange"
	ask := func(ctx context.Context, account string, audiences ...string) error {
		of := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: account}}
		return operator.SubResource("token").Create(ctx, of, &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{Audiences: audiences}})
	}
	// roles take a moment
	cluster.Eventually(t, patience, "a token of an account that may be used", func(ctx context.Context) error { return ask(ctx, "mover", entra) })
	for what, one := range map[string]struct {
		account   string
		audiences []string
		words     string
	}{
		"an account that nobody gave":  {"admin", []string{entra}, "--clusterrole=avs-operator-assumable --serviceaccount=" + namespace + ":admin"},
		"for the API server":           {"mover", nil, "and not for"},
		"for the API server beside":    {"mover", []string{entra, "https://kubernetes.default.svc"}, "and not for"},
		"for somebody else altogether": {"mover", []string{"vault"}, "tokens for " + entra},
	} {
		if err := ask(t.Context(), one.account, one.audiences...); err == nil || !strings.Contains(err.Error(), one.words) {
			t.Errorf("%s: the answer is %v, want %q", what, err, one.words)
		}
	}
}

// An identity that names such an account says what its namespace has to do, and that is enough.
func TestAnIdentitySaysHowItsAccountIsLetIn(t *testing.T) {
	t.Parallel()
	namespace := cluster.Namespace(t)
	azure := harness.StartAzure(t, speed, func(c *armsim.Config) {
		c.NoVCenters = true
		c.Tenants[0].Applications[0].Federated = []armsim.FederatedCredential{{
			Issuer: cluster.ControlPlane.Issuer(), Subject: "system:serviceaccount:" + namespace + ":mover", Keys: cluster.ControlPlane.JWKS,
		}}
	})
	account, objects := harness.Assumable(namespace, "mover"), azure.Identity(namespace)
	identity := harness.IdentityOf(objects)
	identity.Spec.ClientSecretRef, identity.Spec.ServiceAccountRef = nil, &v1alpha1.ObjectReference{Name: "mover"}
	cluster.Create(t, objects[1], identity, account[0])
	harness.StartOperator(t, harness.OperatorOptions{Config: cluster.OperatorConfig(), Speed: speed, Namespace: namespace})
	cluster.WaitFor(t, patience, identity, "the advice", func() error {
		c := meta.FindStatusCondition(identity.Status.Conditions, v1alpha1.ConditionReady)
		if c == nil || !strings.Contains(c.Message, "create rolebinding mover --clusterrole=avs-operator-assumable") {
			return fmt.Errorf("Ready is %+v", c)
		}
		return nil
	})
	cluster.Create(t, account[1])
	cluster.WaitReady(t, identity)
}
