// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package redact

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/azure/body"
)

func TestSecretsAreTakenOutOfEveryText(t *testing.T) {
	t.Parallel()
	const secret = `pa"ss wörd+1`
	script := func(reason string) *v1alpha1.ScriptExecution {
		s := &v1alpha1.ScriptExecution{}
		s.Spec.ScriptCmdlet, s.Status.FailureReason, s.Status.Output = secret, reason, []string{"first", "given " + secret, "cGEic3Mgd8O2cmQrMQ=="}
		s.Status.Drift = []v1alpha1.DriftItem{{Path: "/properties/x", Desired: body.Hidden, Actual: `"pa\"ss wörd+1"`}}
		s.Status.Failure = &v1alpha1.OperationFailure{Code: "Bad", Message: "url?p=pa%22ss+w%C3%B6rd%2B1"}
		s.Status.ManagedBy = "Cluster/a/b"
		return s
	}
	object := script("cannot use " + secret + " here")
	if err := (Redaction{secrets: formsOf([]string{secret, "ab"}), known: true}).Status(object); err != nil {
		t.Fatal(err)
	}
	text, _ := json.Marshal(object.Status)
	if strings.Contains(string(text), "ss w") || strings.Contains(string(text), "cGEi") || strings.Contains(string(text), "%22ss") {
		t.Errorf("a secret is left: %s", text)
	}
	if object.Status.FailureReason != "cannot use (hidden) here" || object.Status.Output[0] != "first" || object.Spec.ScriptCmdlet != secret ||
		object.Status.ManagedBy != "Cluster/a/b" {
		t.Errorf("more or less than the secret was taken out: %s", text)
	}

	// The Secret has changed, or is gone: what was taken out stays out, and what is new is not shown.
	again := script("cannot use " + secret + " here")
	later := Redaction{secrets: formsOf([]string{"another"}), known: false, before: textsOf(object)}
	if err := later.Status(again); err != nil {
		t.Fatal(err)
	}
	if text, _ := json.Marshal(again.Status); strings.Contains(string(text), "ss w") || again.Status.FailureReason != "cannot use (hidden) here" ||
		again.Status.Output[0] != "first" {
		t.Errorf("after the Secret's end: %s", text)
	}
	fresh := script("something new")
	fresh.Status.Output = nil
	if err := later.Status(fresh); err != nil || fresh.Status.FailureReason != body.Hidden {
		t.Errorf("new words are shown although the Secret cannot be read: %q %v", fresh.Status.FailureReason, err)
	}
}

func TestFits(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"given x and y": true, "given  and ": true, "given abc and def": true, "took x and y": false, "given x or y": false,
	} {
		if got := fits(text, "given (hidden) and (hidden)"); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}
