// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"encoding/json"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"k8s.io/client-go/discovery"
)

// TestNamesAreNobodyElses: kubectl takes the first kind that a word fits, so a word that Kubernetes or two of ours use gets its user
// another kind than the one meant.
func TestNamesAreNobodyElses(t *testing.T) {
	t.Parallel()
	d, err := discovery.NewDiscoveryClientForConfig(cluster.ControlPlane.AdminConfig())
	if err != nil {
		t.Fatal(err)
	}
	_, lists, err := d.ServerGroupsAndResources()
	if err != nil {
		t.Fatal(err)
	}
	owner := map[string]string{}
	builtIn := 0
	for _, ours := range []bool{false, true} {
		for _, list := range lists {
			group, _, _ := strings.Cut(list.GroupVersion, "/")
			if (group == "avs-operator.io") != ours {
				continue
			}
			for _, r := range list.APIResources {
				if strings.Contains(r.Name, "/") {
					continue
				}
				builtIn++
				this := r.Kind + "." + group
				if !slices.Contains(r.Categories, "avs") && ours {
					t.Errorf("%s is not in the category avs", r.Kind)
				}
				names := append([]string{r.Name, r.SingularName, strings.ToLower(r.Kind)}, r.ShortNames...)
				for _, name := range names {
					if other, taken := owner[name]; taken && other != this && ours {
						t.Errorf("%q stands for %s and for %s", name, other, this)
					}
					owner[name] = this
				}
			}
		}
	}
	if builtIn < 50 {
		t.Errorf("the API server has only %d kinds", builtIn)
	}
}

// TestEveryKindIsSeenWithKubectl: columns that answer "is it fine, since when", nothing that kubectl cannot print, and an explanation of
// every field.
func TestEveryKindIsSeenWithKubectl(t *testing.T) {
	t.Parallel()
	namespace := cluster.Namespace(t)
	for _, k := range kinds(t) {
		b := prepare(t, k)
		b.namespace = namespace
		if _, err := b.store(t.Context(), k.base); err != nil {
			t.Fatal(err)
		}
		for _, name := range append([]string{k.Plural, k.Singular}, k.ShortNames...) {
			out := kubectl(t, "get", name, "-n", namespace)
			says(t, out, "REASON", "AGE")
			if k.schema.find(path{"status", "provisioningState"}) != nil {
				says(t, out, azureColumns...)
			}
			if strings.Contains(out, "<invalid>") || !strings.Contains(out, sampleName(k)) {
				t.Errorf("kubectl get %s prints:\n%s", name, out)
			}
		}
		if out := kubectl(t, "get", k.Plural, "-n", namespace, "-o", "wide"); strings.Contains(out, "<invalid>") {
			t.Errorf("kubectl get %s -o wide prints:\n%s", k.Plural, out)
		}
		explained := kubectl(t, "explain", k.Plural, "--recursive=false")
		says(t, explained, "KIND:       "+k.Name, "DESCRIPTION: "+k.Name+" ")
		k.schema.Properties["spec"].walk(path{"spec"}, func(at path, s *schema) {
			if s.Description == "" && at[len(at)-1] != "[]" && at[len(at)-1] != "{}" {
				t.Errorf("kubectl explain %s.%s says nothing", k.Plural, at)
			}
		})
	}
	all := kubectl(t, "get", "avs", "-n", namespace, "-o", "name")
	for _, k := range kinds(t) {
		says(t, all, k.Singular+".avs-operator.io/")
	}
}

// azureColumns are those of every kind that stands for something in Azure.
var azureColumns = []string{"READY", "REASON", "STATE", "SINCE", "AGE"}

type admissionPolicy struct {
	Kind     string
	Metadata struct{ Name string }
	Spec     struct {
		MatchConstraints struct {
			ResourceRules []struct{ Resources []string }
		}
		Validations []struct{ Expression string }
	}
}

// admissionPolicies of config/admission.
func admissionPolicies(t *testing.T) []admissionPolicy {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, "config/admission/*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("config/admission is empty (%v)", err)
	}
	var out []admissionPolicy
	for _, file := range files {
		for _, document := range documents(t, file) {
			var policy admissionPolicy
			if err := json.Unmarshal(document, &policy); err == nil && policy.Kind == "ValidatingAdmissionPolicy" {
				out = append(out, policy)
			}
		}
	}
	return out
}

func kubectl(t *testing.T, args ...string) string {
	t.Helper()
	out, err := cluster.ControlPlane.Kubectl(t.Context(), args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// says fails unless the text, or the error, has all the words.
func says(t *testing.T, text any, words ...string) {
	t.Helper()
	var s string
	switch text := text.(type) {
	case error:
		s = text.Error()
	case string:
		s = text
	}
	s = spaces.ReplaceAllString(s, " ")
	for _, word := range words {
		if !strings.Contains(s, spaces.ReplaceAllString(word, " ")) {
			t.Errorf("it does not say %q: %s", word, s)
		}
	}
}

var spaces = regexp.MustCompile(`\s+`)
