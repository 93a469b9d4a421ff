// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import (
	"testing"

	"github.com/vmware/govmomi/vim25/types"
)

// What a check proves: a host without a fault can take the machine; a result without a host says nothing of any host.
func TestACheckThatProvesNothingIsNoPass(t *testing.T) {
	host := func(n string) *types.ManagedObjectReference {
		return &types.ManagedObjectReference{Type: "HostSystem", Value: n}
	}
	bad := []types.LocalizedMethodFault{{Fault: &types.NoDiskSpace{}}}
	for name, test := range map[string]struct {
		results          []types.CheckResult
		named            bool
		fault            string
		warnings, faults int
	}{
		"every host is fine":                     {results: []types.CheckResult{{Host: host("a")}, {Host: host("b")}}},
		"one host of two is":                     {results: []types.CheckResult{{Host: host("a"), Error: bad}, {Host: host("b")}}, warnings: 1},
		"no host is":                             {results: []types.CheckResult{{Host: host("a"), Error: bad}}, faults: 1, fault: "NoDiskSpace"},
		"no host is, and the pool is":            {results: []types.CheckResult{{}, {Host: host("a"), Error: bad}}, faults: 1, fault: "NoDiskSpace"},
		"the pool is not, and a host is":         {results: []types.CheckResult{{Error: bad}, {Host: host("a")}}, faults: 1, fault: "NoDiskSpace"},
		"nothing of any host":                    {results: []types.CheckResult{{}}, faults: 1, fault: NotChecked},
		"nothing of any host, but one was asked": {results: []types.CheckResult{{}}, named: true},
		"nothing":                                {named: true, faults: 1, fault: NotChecked},
	} {
		warnings, faults := checkResults(types.ArrayOfCheckResult{CheckResult: test.results}, test.named)
		if len(warnings) != test.warnings || len(faults) != test.faults || test.fault != "" && faults[0].Type != test.fault {
			t.Errorf("%s: warnings %+v, faults %+v", name, warnings, faults)
		}
	}
}
