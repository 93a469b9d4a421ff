// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

func TestEverySampleIsAccepted(t *testing.T) {
	t.Parallel()
	all := samples(t)
	for _, s := range all {
		t.Run(s.file, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, &kind{})
			if err := b.create(t.Context(), s.content); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestStatusOfANewObjectSaysThatNobodyHasSeenIt: tools that read status as kstatus does take an object without one for finished.
func TestStatusOfANewObjectSaysThatNobodyHasSeenIt(t *testing.T) {
	t.Parallel()
	for _, k := range kinds(t) {
		t.Run(k.Name, func(t *testing.T) {
			t.Parallel()
			b := prepare(t, k)
			created, err := b.created(t.Context(), k.base)
			if err != nil {
				t.Fatal(err)
			}
			if observed, found, err := unstructured.NestedInt64(created.Object, "status", "observedGeneration"); err != nil || !found || observed != -1 {
				t.Errorf("status.observedGeneration of a new object is %d (%t, %v), want -1", observed, found, err)
			}
			for name := range created.Object["spec"].(map[string]any) {
				if _, asked := k.base["spec"].(map[string]any)[name]; !asked {
					t.Errorf("The API server filled in spec.%s, which nobody asked for", name)
				}
			}
		})
	}
}

// TestDeletesAreConfirmed covers config/admission: every kind that a policy names, and every sentence of it. The operator's marks are a subject of
// test/security.
func TestDeletesAreConfirmed(t *testing.T) {
	t.Parallel()
	const confirm = "avs-operator.io/confirm-delete"
	byPlural := map[string]*kind{}
	for _, k := range kinds(t) {
		byPlural[k.Plural] = k
	}
	policies := admissionPolicies(t)
	for _, policy := range policies {
		name := policy.Metadata.Name
		// have suites of their own, test/security
		if name == "avs-operator-largest-size" || name == "avs-operator-tokens" || strings.HasPrefix(name, "avs-operator-marks") {
			continue
		}
		if policy.Metadata.Name != "avs-operator-confirm-delete" || len(policy.Spec.Validations) != 1 {
			t.Errorf("The admission policy %s has %d rules that no case here covers: add them", policy.Metadata.Name, len(policy.Spec.Validations))
			continue
		}
		for _, plural := range policy.Spec.MatchConstraints.ResourceRules[0].Resources {
			k := byPlural[plural]
			if k == nil {
				t.Errorf("The admission policy %s speaks of %s, which are no kind of ours", policy.Metadata.Name, plural)
				continue
			}
			t.Run(k.Name, func(t *testing.T) {
				t.Parallel()
				b := prepare(t, k)
				for _, c := range []struct{ name, patch, refused string }{
					{"unconfirmed", `spec: {deletionPolicy: Delete}`, "To confirm, run: kubectl annotate " + plural + ".avs-operator.io"},
					{"confirmed with another name", `{metadata: {annotations: {` + confirm + `: another}}, spec: {deletionPolicy: Delete}}`, "would delete " + k.Name},
					{"confirmed with nothing", `{metadata: {annotations: {` + confirm + `: ""}}, spec: {deletionPolicy: Delete}}`, "set spec.deletionPolicy to Retain"},
					{"confirmed", `{metadata: {name: confirmed, annotations: {` + confirm + `: confirmed}}, spec: {deletionPolicy: Delete}}`, ""},
					{"retained", `spec: {deletionPolicy: Retain}`, ""},
					{"undecided", `spec: {deletionPolicy: null}`, ""},
				} {
					stored, err := b.store(t.Context(), patched(t, k.base, c.patch))
					if err != nil {
						t.Fatal(err)
					}
					err = cluster.Admin.Delete(t.Context(), stored, client.DryRunAll)
					if c.refused == "" && err != nil {
						t.Errorf("A delete that is %s is refused: %v", c.name, err)
					}
					if c.refused != "" {
						says(t, err, c.refused)
					}
				}
			})
		}
	}
}
