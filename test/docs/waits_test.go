// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package docs

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/avs-operator/avs-operator/controllers/ledger"
)

// The guide shows every wait for the outside as the code has it.
func TestTheGuideShowsEveryWait(t *testing.T) {
	page, err := os.ReadFile("../../docs/guide.md")
	if err != nil {
		t.Fatal(err)
	}
	var want strings.Builder
	want.WriteString("| waits for | at most | who is told | then |\n|---|---|---|---|\n")
	for _, row := range ledger.Waits() {
		fmt.Fprintf(&want, "| %s | %s | %s | %s |\n", row.For, spoken(row.Bound), row.Told, row.Then)
	}
	if !strings.Contains(string(page), want.String()) {
		t.Errorf("docs/guide.md has not got this table, as it stands:\n%s", want.String())
	}
}

// spoken is a duration as the guide writes it.
func spoken(d time.Duration) string {
	switch {
	case d == time.Hour:
		return "an hour"
	case d >= time.Hour && d%time.Hour == 0:
		return fmt.Sprintf("%d hours", d/time.Hour)
	case d >= time.Minute && d%time.Minute == 0:
		return fmt.Sprintf("%d min", d/time.Minute)
	}
	return fmt.Sprintf("%d s", d/time.Second)
}
