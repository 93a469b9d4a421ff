// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package security

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers"
	"github.com/avs-operator/avs-operator/test/env"
	"github.com/avs-operator/avs-operator/test/harness"
)

// What the operator's token may do in any namespace is what SECURITY.md says, word by word.
func TestTheTokenMayDoWhatSecuritySays(t *testing.T) {
	t.Parallel()
	operator, err := client.New(cluster.OperatorConfig(), client.Options{Scheme: controllers.Scheme()})
	if err != nil {
		t.Fatal(err)
	}
	review := &authorizationv1.SelfSubjectRulesReview{Spec: authorizationv1.SelfSubjectRulesReviewSpec{Namespace: cluster.Namespace(t)}}
	if err := operator.Create(t.Context(), review); err != nil {
		t.Fatal(err)
	}
	var may []string
	for _, rule := range review.Status.ResourceRules {
		for _, group := range rule.APIGroups {
			for _, resource := range rule.Resources {
				if resource == "" || strings.HasPrefix(resource, "selfsubject") || resource == "clustertrustbundles" { // Kubernetes gives these to every account
					continue
				}
				may = append(may, said(group, resource, rule.ResourceNames, rule.Verbs))
			}
		}
	}
	slices.Sort(may)
	if want := rightsInSecurity(t); !slices.Equal(slices.Compact(may), want) {
		t.Errorf("the token may\n  %s\nand SECURITY.md says\n  %s", strings.Join(slices.Compact(may), "\n  "), strings.Join(want, "\n  "))
	}
}

// said is a right in the words of SECURITY.md, which has all kinds of the operator in one line, but for the one that it makes itself.
func said(group, resource string, names, verbs []string) string {
	if base, sub, _ := strings.Cut(resource, "/"); group == v1alpha1.GroupVersion.Group && (base != "virtualmachinemoves" || sub != "") {
		resource = "every kind"
		if sub != "" {
			resource += "/" + sub
		}
	}
	verbs = slices.Sorted(slices.Values(verbs))
	text := strings.TrimSuffix(resource+"."+group, ".")
	if len(names) > 0 {
		text += " " + strings.Join(names, ", ")
	}
	return text + ": " + strings.Join(verbs, ", ")
}

var rightRow = regexp.MustCompile("(?m)^\\| `([^`]+)` \\| ([a-z, ]+) \\|")

func rightsInSecurity(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "SECURITY.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, table, found := strings.Cut(string(text), "## What the operator's token may do")
	if !found {
		t.Fatal("SECURITY.md has no section with the token's rights")
	}
	var out []string
	for _, row := range rightRow.FindAllStringSubmatch(table, -1) {
		out = append(out, row[1]+": "+row[2])
	}
	slices.Sort(out)
	return out
}

// config/namespaced is enough for a namespace that is watched, and gives no right to a Secret of any other.
func TestRolesAreEnough(t *testing.T) {
	t.Parallel()
	other, err := env.Start(t.Context(), env.Options{Scheme: controllers.Scheme(), Install: "namespaced"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := other.Stop(); err != nil {
			t.Error(err)
		}
	})
	watched, foreign := other.Namespace(t), other.Namespace(t)
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := other.ControlPlane.Kubectl(t.Context(), "apply", "--server-side", "-n", watched,
		"-k", filepath.Join(root, "config", "namespaced", "watched")); err != nil {
		t.Fatal(err)
	}
	azure := harness.StartAzure(t, speed, harness.NoVCenters)
	other.Create(t, azure.Identity(watched)...)
	harness.StartOperator(t, harness.OperatorOptions{Config: other.OperatorConfig(), Speed: speed, Namespace: watched})
	cloud := harness.PrivateCloud(watched, "weu")
	key := &v1alpha1.ExpressRouteAuthorization{ObjectMeta: metav1.ObjectMeta{Namespace: watched, Name: "hub"},
		Spec: v1alpha1.ExpressRouteAuthorizationSpec{PrivateCloudRef: v1alpha1.ParentReference{Name: "weu"}, SecretName: "hub-key"}}
	other.Create(t, cloud, key)
	other.WaitCondition(t, patience, cloud, v1alpha1.ConditionReady, "True")
	other.WaitCondition(t, patience, key, v1alpha1.ConditionReady, "True")
	other.Delete(t, key)
	other.WaitGone(t, patience, key)
	other.NoForbidden(t)

	operator, err := client.New(other.OperatorConfig(), client.Options{Scheme: controllers.Scheme()})
	if err != nil {
		t.Fatal(err)
	}
	for _, namespace := range []string{foreign, "kube-system", env.OperatorNamespace, ""} {
		for _, list := range []client.ObjectList{&corev1.SecretList{}, &corev1.ConfigMapList{}, &v1alpha1.AzureIdentityList{}} {
			if err := operator.List(t.Context(), list, client.InNamespace(namespace)); err == nil {
				t.Errorf("the operator may list %T in namespace %q", list, namespace)
			}
		}
	}
	for _, secret := range []client.ObjectKey{{Namespace: env.OperatorNamespace, Name: "other"}, {Namespace: foreign, Name: "other"}} {
		if err := operator.Get(t.Context(), secret, &corev1.Secret{}); err == nil || !strings.Contains(err.Error(), "forbidden") {
			t.Errorf("the operator may read Secret %s: %v", secret, err)
		}
	}
}
