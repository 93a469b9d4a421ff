// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package env_test

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/test/env"
)

var cluster *env.Env

func TestMain(m *testing.M) {
	scheme := runtime.NewScheme()
	if err := errors.Join(clientgoscheme.AddToScheme(scheme), v1alpha1.AddToScheme(scheme)); err != nil {
		panic(err)
	}
	os.Exit(env.Main(m, env.Options{Scheme: scheme}, func(e *env.Env) { cluster = e }))
}

const confirmation = "avs-operator.io/confirm-delete"

// newPrivateCloud makes a PrivateCloud with a deletionPolicy, or without if that is empty.
func newPrivateCloud(t *testing.T, namespace, name, policy string) *v1alpha1.PrivateCloud {
	t.Helper()
	cloud := &v1alpha1.PrivateCloud{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec: v1alpha1.PrivateCloudSpec{
			Location: "westeurope", SKU: "av36p", NetworkBlock: "10.175.0.0/22",
			ManagementCluster: &v1alpha1.ManagementCluster{ClusterSize: 3},
		},
	}
	cloud.Spec.DeletionPolicy = v1alpha1.DeletionPolicy(policy)
	if err := cluster.Admin.Create(t.Context(), cloud); err != nil {
		t.Fatal(err)
	}
	return cloud
}

// confirm writes the confirmation annotation.
func confirm(t *testing.T, object client.Object, value string) {
	t.Helper()
	patch := client.RawPatch("application/merge-patch+json", []byte(`{"metadata":{"annotations":{"`+confirmation+`":"`+value+`"}}}`))
	if err := cluster.Admin.Patch(t.Context(), object, patch); err != nil {
		t.Fatal(err)
	}
}

func TestDeleteNeedsConfirmation(t *testing.T) {
	t.Parallel()
	namespace := cluster.Namespace(t)
	for _, test := range []struct {
		name, policy, confirmation string
		refused                    bool
	}{
		{name: "absent-policy", policy: ""},
		{name: "retain", policy: "Retain"},
		{name: "unconfirmed", policy: "Delete", refused: true},
		{name: "confirmed-for-another", policy: "Delete", confirmation: "unconfirmed", refused: true},
		{name: "confirmed", policy: "Delete", confirmation: "confirmed"},
	} {
		t.Run(test.name, func(t *testing.T) {
			cloud := newPrivateCloud(t, namespace, test.name, test.policy)
			if test.confirmation != "" {
				confirm(t, cloud, test.confirmation)
			}
			err := cluster.Admin.Delete(t.Context(), cloud)
			if !test.refused {
				if err != nil {
					t.Fatalf("deleting was refused: %v", err)
				}
				return
			}
			want := "kubectl annotate privateclouds.avs-operator.io " + test.name + " -n " + namespace + " " + confirmation + "=" + test.name
			if !apierrors.IsForbidden(err) || !strings.Contains(err.Error(), want) {
				t.Fatalf("error is %v, want Forbidden with: %s", err, want)
			}
			if err := cluster.Admin.Get(t.Context(), client.ObjectKeyFromObject(cloud), cloud); err != nil || cloud.DeletionTimestamp != nil {
				t.Errorf("the refused delete left its mark: %v %v", cloud.DeletionTimestamp, err)
			}
		})
	}
}

func TestDeletingAllTakesOnlyTheConfirmed(t *testing.T) {
	t.Parallel()
	namespace := cluster.Namespace(t)
	kept := newPrivateCloud(t, namespace, "kept", "Delete")
	err := cluster.Admin.DeleteAllOf(t.Context(), &v1alpha1.PrivateCloud{}, client.InNamespace(namespace))
	if !apierrors.IsForbidden(err) {
		t.Errorf("deleting all gave %v, want Forbidden", err)
	}
	if err := cluster.Admin.Get(t.Context(), client.ObjectKeyFromObject(kept), kept); err != nil || kept.DeletionTimestamp != nil {
		t.Errorf("an unconfirmed private cloud was deleted with the rest: %v %v", kept.DeletionTimestamp, err)
	}
}

// TestNamespaceKeepsUnconfirmedPrivateCloud shows that a namespace's deletion is no way around the confirmation, and that it
// goes on once the confirmation is there.
func TestNamespaceKeepsUnconfirmedPrivateCloud(t *testing.T) {
	t.Parallel()
	name := cluster.Namespace(t)
	cloud := newPrivateCloud(t, name, "weu", "Delete")
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}
	if err := cluster.Admin.Delete(t.Context(), namespace); err != nil {
		t.Fatal(err)
	}
	cluster.WaitFor(t, time.Minute, namespace, "the refusal in its conditions", func() error {
		for _, condition := range namespace.Status.Conditions {
			if condition.Type == corev1.NamespaceDeletionContentFailure && strings.Contains(condition.Message, confirmation+"=weu") {
				return nil
			}
		}
		return errors.New("no condition has the sentence")
	})
	if err := cluster.Admin.Get(t.Context(), client.ObjectKeyFromObject(cloud), cloud); err != nil || cloud.DeletionTimestamp != nil {
		t.Fatalf("the namespace's deletion took an unconfirmed private cloud: %v %v", cloud.DeletionTimestamp, err)
	}
	confirm(t, cloud, "weu")
	cluster.WaitGone(t, 2*time.Minute, namespace)
}

// TestPolicyIsTypeChecked reads what the API server found when it checked the policy's expressions against the schemas: a
// misspelt field would make the policy refuse every delete, or none.
func TestPolicyIsTypeChecked(t *testing.T) {
	t.Parallel()
	policies := &admissionregistrationv1.ValidatingAdmissionPolicyList{}
	if err := cluster.Admin.List(t.Context(), policies); err != nil || len(policies.Items) == 0 {
		t.Fatalf("there are %d policies (%v)", len(policies.Items), err)
	}
	for i := range policies.Items {
		policy := &policies.Items[i]
		cluster.WaitFor(t, time.Minute, policy, "the type check", func() error {
			if policy.Status.TypeChecking == nil {
				return errors.New("it was not checked yet")
			}
			return nil
		})
		for _, warning := range policy.Status.TypeChecking.ExpressionWarnings {
			t.Errorf("%s: %s: %s", policy.Name, warning.FieldRef, warning.Warning)
		}
	}
}

// TestEditorsCannotForgeStatus shows what the roles give that Kubernetes adds to its own edit role: the objects and their
// scale, and never status, which holds the record of a write in flight.
func TestEditorsCannotForgeStatus(t *testing.T) {
	t.Parallel()
	namespace := cluster.Namespace(t)
	if _, err := cluster.ControlPlane.Kubectl(t.Context(), "create", "rolebinding", "team", "--clusterrole=edit", "--user=ann", "-n", namespace); err != nil {
		t.Fatal(err)
	}
	config := cluster.ControlPlane.AdminConfig()
	config.Impersonate = rest.ImpersonationConfig{UserName: "ann"}
	ann, err := client.New(config, client.Options{Scheme: cluster.Admin.Scheme()})
	if err != nil {
		t.Fatal(err)
	}
	cloud := newPrivateCloud(t, namespace, "weu", "")
	cluster.Eventually(t, 30*time.Second, "the roles to be aggregated", func(ctx context.Context) error {
		return ann.Patch(ctx, cloud, client.RawPatch("application/merge-patch+json", []byte(`{"spec":{"tags":{"team":"ann"}}}`)))
	}, cloud)
	size := client.RawPatch("application/merge-patch+json", []byte(`{"spec":{"replicas":4}}`))
	if err := ann.SubResource("scale").Patch(t.Context(), cloud.DeepCopy(), size); err != nil {
		t.Errorf("an editor may not scale: %v", err)
	}
	forged := client.RawPatch("application/merge-patch+json", []byte(`{"status":{"provisioningState":"Succeeded"}}`))
	if err := ann.Status().Patch(t.Context(), cloud, forged); !apierrors.IsForbidden(err) {
		t.Errorf("writing status as an editor gave %v, want Forbidden", err)
	}
}

// TestRightsAreCounted acts as the operator and looks for what it did, and for what it did not do, in the report. It runs
// alone: an environment of its own keeps its deliberate refusal out of the suite's closing check.
func TestRightsAreCounted(t *testing.T) {
	e, err := env.Start(t.Context(), env.Options{Scheme: cluster.Admin.Scheme()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Stop(); err != nil {
			t.Error(err)
		}
	})
	operator, err := client.New(e.OperatorConfig(), client.Options{Scheme: e.Admin.Scheme()})
	if err != nil {
		t.Fatal(err)
	}
	event := &corev1.Event{
		ObjectMeta:     metav1.ObjectMeta{Name: "leader", Namespace: env.OperatorNamespace},
		InvolvedObject: corev1.ObjectReference{Kind: "Lease", Name: "leader", Namespace: env.OperatorNamespace},
	}
	if err := operator.Create(t.Context(), event); err != nil {
		t.Fatal(err)
	}
	unused, err := e.UnusedRights(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, right := range unused {
		if strings.Contains(right.Group+right.Resource+right.Verb, "*") {
			t.Errorf("the right to %q is wider than what anybody can check", right)
		}
	}
	used := env.Right{Namespace: env.OperatorNamespace, Resource: "events", Verb: "create"}
	idle := env.Right{Namespace: env.OperatorNamespace, Group: "coordination.k8s.io", Resource: "leases", Verb: "create"}
	if slices.Contains(unused, used) || !slices.Contains(unused, idle) {
		t.Errorf("unused rights are %v: they must hold %q and not %q", unused, idle, used)
	}
	if refused, err := e.Forbidden(); err != nil || len(refused) != 0 {
		t.Fatalf("refused so far: %v (%v), want nothing", refused, err)
	}
	if err := operator.Delete(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "kube-system"}}); !apierrors.IsForbidden(err) {
		t.Fatalf("the operator deletes namespaces: %v", err)
	}
	refused, err := e.Forbidden()
	if err != nil || len(refused) != 1 || refused[0].Resource != "namespaces" || refused[0].Verb != "delete" {
		t.Errorf("refused requests are %v (%v), want the one delete of a namespace", refused, err)
	}
}

func TestDescribeTellsTheStory(t *testing.T) {
	t.Parallel()
	namespace := cluster.Namespace(t)
	cloud := newPrivateCloud(t, namespace, "weu", "")
	status := `{"status":{"conditions":[{"type":"Ready","status":"False","reason":"QuotaExceeded","message":"Ask for more hosts",` +
		`"lastTransitionTime":"2026-01-01T00:00:00Z","observedGeneration":1}]}}`
	if err := cluster.Admin.Status().Patch(t.Context(), cloud, client.RawPatch("application/merge-patch+json", []byte(status))); err != nil {
		t.Fatal(err)
	}
	cluster.WaitCondition(t, 10*time.Second, cloud, "Ready", "False")
	if got, want := cluster.Describe(t.Context(), cloud), "Ready=False QuotaExceeded: Ask for more hosts"; !strings.Contains(got, want) {
		t.Errorf("the description is %q, want it to hold %q", got, want)
	}
}
