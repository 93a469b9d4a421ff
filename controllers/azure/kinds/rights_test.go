// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"os"
	"path"
	"strings"
	"testing"
)

// published are actions that Microsoft.AVS and others publish: one for each pattern is enough for a role to take it.
var published = []string{
	"Microsoft.AVS/privateClouds/read", "Microsoft.AVS/locations/checkQuotaAvailability/read", "Microsoft.Insights/Metrics/Read",
	"Microsoft.Authorization/locks/read", "Microsoft.Resources/subscriptions/read", "Microsoft.Resources/subscriptions/providers/read",
}

// allows says whether a role's pattern allows an action: * stands for anything, slashes too.
func allows(pattern, action string) bool {
	flat := func(s string) string { return strings.ReplaceAll(strings.ToLower(s), "/", "\x00") }
	ok, err := path.Match(flat(pattern), flat(action))
	return ok && err == nil
}

func TestEveryRightIsCoveredAndTakenByARole(t *testing.T) {
	for _, right := range Rights() {
		taken := false
		for _, action := range published {
			taken = taken || allows(right.Pattern, action)
		}
		if !taken {
			t.Errorf("a role with %s is refused: it matches no action that is published", right.Pattern)
		}
		for _, action := range right.Actions {
			if !allows(right.Pattern, action) {
				t.Errorf("%s does not allow %s", right.Pattern, action)
			}
		}
	}
	for _, action := range []string{"microsoft.avs/privateclouds/WRITE", "Microsoft.AVS/operationStatuses/read",
		"Microsoft.AVS/locations/checkQuotaAvailability/read",
		"Microsoft.AVS/privateClouds/clusters/virtualMachines/restrictMovement/action", "Microsoft.AVS/privateClouds/workloadNetworks/segments/delete"} {
		if !Uses(action) {
			t.Errorf("%s is not in the table", action)
		}
	}
	if Uses("Microsoft.AVS/privateClouds/register/action") {
		t.Error("what is never used is in the table")
	}
}

// README and guide show what the table says.
func TestTheDocumentsShowTheRights(t *testing.T) {
	for _, file := range []string{"README.md", "docs/guide.md"} {
		text, err := os.ReadFile("../../../" + file)
		if err != nil {
			t.Fatal(err)
		}
		for _, scope := range []string{ResourceGroup, Subscription} {
			if !strings.Contains(string(text), "```\n"+RightsFor(scope)+"```\n") {
				t.Errorf("%s does not show the rights on the %s; they are:\n%s", file, scope, RightsFor(scope))
			}
		}
	}
}
