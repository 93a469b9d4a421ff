// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/avs-operator/avs-operator/test/advice"
)

// Everything that messages ask for has a row.
func TestAllAdviceHasARow(t *testing.T) {
	reasons, err := advice.Constants("../../../api/v1alpha1")
	if err != nil {
		t.Fatal(err)
	}
	missing, texts, checked, err := lint("../../../controllers", reasons)
	if err != nil || checked < 200 {
		t.Fatalf("%d pieces of advice were found: %v", checked, err)
	}
	for _, line := range append(missing, stale(texts)...) {
		t.Error(line)
	}
}

// What has no row is found wherever it stands, and what only tells something is not.
func TestPlantedAdviceIsFound(t *testing.T) {
	reasons := map[string]string{"ReasonCreating": "Creating", "ReasonReferenceNotFound": "ReferenceNotFound"}
	for body, want := range map[string]int{
		`outcome.Wait(v1alpha1.ReasonReferenceNotFound, "%s is not there: create it, or correct the name", name)`:              0,
		`outcome.Wait(v1alpha1.ReasonCreating, "%s is not there: create it, or correct the name", name)`:                       2, // nobody has to do anything then
		`outcome.Wait(v1alpha1.ReasonReferenceNotFound, "%s is not there: dance, or restart the operator", name)`:              1,
		`outcome.Stall(v1alpha1.ReasonReferenceNotFound, "%s is not there. "+"Delete the namespace", name).In(time.Minute)`:    1,
		`outcome.Stall(v1alpha1.ReasonCreating, "Azure makes it; this goes on by itself")`:                                     0,
		`struct{ reason, advice string }{v1alpha1.ReasonReferenceNotFound, "reboot; then set the flag"}`:                       1,
		`&status.Fact{Reason: v1alpha1.ReasonCreating, Message: "it has a lock: remove it"}`:                                   1,
		`"it has a lock: remove it by hand" + more`:                                                                            1,
		`fmt.Errorf("read the status that there is: %w", err)`:                                                                 0,
		`outcome.Wait(v1alpha1.ReasonReferenceNotFound, "hosts that come and use it, and machines that move on, are counted")`: 0,
	} {
		dir := t.TempDir()
		source := "package planted\n\nvar planted = " + body + "\n"
		if err := os.WriteFile(filepath.Join(dir, "planted.go"), []byte(source), 0o600); err != nil {
			t.Fatal(err)
		}
		missing, _, _, err := lint(dir, reasons)
		if err != nil || len(missing) != want {
			t.Errorf("%s: %d are missing, want %d (%v)\n%s", body, len(missing), want, err, strings.Join(missing, "\n"))
		}
	}
}

// A row that no message has any more is found.
func TestStaleAdviceIsFound(t *testing.T) {
	all := 0
	for _, row := range advice.Rows {
		all += len(row.Asks)
	}
	if got := len(stale([]string{"%s is not there: create it, or correct %s"})); got != all-1 {
		t.Errorf("%d of %d pieces of advice are said by nobody, want all but one", got, all)
	}
}
