// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/avs-operator/avs-operator/controllers/azure/kinds"
	"github.com/avs-operator/avs-operator/test/armsim"
	"github.com/avs-operator/avs-operator/test/env"
)

// useRights holds what the operator asked of an Azure against the table of rights that README and guide show: an action that is not in it is one
// that a reader's role lacks. For `make test` it also writes which of the table were used.
func useRights(t testing.TB, requests []armsim.Request) {
	t.Helper()
	used := map[string]bool{}
	for _, r := range requests {
		if !strings.HasPrefix(r.UserAgent, "avs-operator/") || r.Action == "" {
			continue
		}
		if !used[strings.ToLower(r.Action)] && !kinds.Uses(r.Action) {
			t.Errorf("%s %s needs the action %s, which is not in the table of rights (controllers/azure/kinds/rights.go)", r.Method, r.Path, r.Action)
		}
		used[strings.ToLower(r.Action)] = true
	}
	dir := os.Getenv(env.RightsVariable)
	if dir == "" || len(used) == 0 {
		return
	}
	var lines strings.Builder
	for _, right := range kinds.Rights() {
		for _, action := range right.Actions {
			state := "unused"
			if used[strings.ToLower(action)] {
				state = "used"
			}
			fmt.Fprintf(&lines, "%s %s\n", state, action)
		}
	}
	file, err := os.CreateTemp(dir, "actions-*.txt")
	if err != nil {
		t.Errorf("Reporting the rights in Azure that were used: %v", err)
		return
	}
	_, err = file.WriteString(lines.String())
	if closed := file.Close(); err != nil || closed != nil {
		t.Errorf("Reporting the rights in Azure that were used: %v, %v", err, closed)
	}
}
