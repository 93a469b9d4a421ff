// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import (
	"testing"
	"time"

	"github.com/vmware/govmomi/vim25/types"

	"github.com/avs-operator/avs-operator/test/vcentersim"
)

func TestWhatACheckProves(t *testing.T) {
	host := func(ref string) *mor { return &mor{Type: "HostSystem", Value: ref} }
	fault := []types.LocalizedMethodFault{{Fault: &types.HostNotConnected{}}}
	other := []types.LocalizedMethodFault{{Fault: &types.NetworksMayNotBeTheSame{}}}
	for name, c := range map[string]struct {
		results          []types.CheckResult
		warnings, faults int
	}{
		"one host can":                     {[]types.CheckResult{{Host: host("host-1"), Error: fault}, {Host: host("host-2")}}, 1, 0},
		"no host can":                      {[]types.CheckResult{{Host: host("host-1"), Error: fault}, {Host: host("host-2"), Error: fault}}, 0, 1},
		"no host is named as one that can": {[]types.CheckResult{{Host: host("host-1"), Error: fault}, {}}, 0, 1},
		"what holds for all hosts hinders": {[]types.CheckResult{{Error: fault}, {Host: host("host-2")}}, 0, 1},
		"warnings of any host are kept":    {[]types.CheckResult{{Host: host("host-1"), Error: fault}, {Host: host("host-2"), Warning: other}}, 2, 0},
		"every fault is told once":         {[]types.CheckResult{{Host: host("host-1"), Error: fault}, {Host: host("host-2"), Error: append(other, fault...)}}, 0, 2},
		"one host was asked about":         {[]types.CheckResult{{}}, 0, 0},
	} {
		warnings, faults := checkResults(types.ArrayOfCheckResult{CheckResult: c.results}, name == "one host was asked about")
		if len(warnings) != c.warnings || len(faults) != c.faults {
			t.Errorf("%s: warnings %v, faults %v", name, warnings, faults)
		}
	}
}

// A check that hangs holds nobody: it is come back to, and cancelled past its bound.
func TestAHangingCheckIsCancelled(t *testing.T) {
	f := startFleet(t)
	d := f.add(t, vcentersim.MachineSpec{Name: "slow", PoweredOn: true})
	r := f.crossing(t, d)
	f.oslo.Inject(vcentersim.Fault{Check: true, Hang: true})
	began := time.Now()
	var faults []Fault
	for rounds := 0; ; rounds++ {
		at := time.Now()
		_, got, err := f.from.CheckRelocate(t.Context(), r)
		if took := time.Since(at); took > 10*time.Second {
			t.Fatalf("a look at the check took %s", took)
		}
		if err == nil {
			faults = got
			break
		}
		asError(t, err, Pending)
		time.Sleep(50 * time.Millisecond)
		token, err := f.to.IssueToken(t.Context(), time.Hour) // each pass brings a new one
		if err != nil {
			t.Fatal(err)
		}
		r.Locator.Token = token
	}
	if len(faults) != 1 || faults[0].Class != FaultTimedOut || !faults[0].Retryable() || time.Since(began) > time.Minute {
		t.Errorf("after %s: %v", time.Since(began), faults)
	}
	if n := countOf(f.oslo, "CheckRelocate_Task"); n != 1 {
		t.Errorf("%d checks were begun", n)
	}
	if n := countOf(f.oslo, "CancelTask"); n != 1 {
		t.Errorf("%d tasks were cancelled", n)
	}
	if _, faults, err := f.from.CheckRelocate(t.Context(), r); err != nil || len(faults) != 0 {
		t.Errorf("the next check: %v, %v", faults, err)
	}
}

func TestThatACheckIsNotSupportedIsNoPass(t *testing.T) {
	f := startFleet(t)
	d := f.add(t, vcentersim.MachineSpec{Name: "unchecked"})
	f.oslo.Inject(vcentersim.Fault{Check: true, With: &types.NotSupported{}})
	if _, faults, err := f.from.CheckRelocate(t.Context(), f.crossing(t, d)); err != nil || len(faults) != 1 || faults[0].Type != "NotSupported" {
		t.Errorf("in the task: %v, %v", faults, err)
	}
	f.oslo.Inject(vcentersim.Fault{Method: "CheckRelocate_Task", With: &types.NotSupported{}})
	_, _, err := f.from.CheckRelocate(t.Context(), f.crossing(t, d))
	if e := asError(t, err, NotSupported); e.Fault == nil {
		t.Errorf("in the call: %v", err)
	}
}

func countOf(v *vcentersim.VCenter, method string) (n int) {
	for _, r := range v.Requests() {
		if r.Method == method {
			n++
		}
	}
	return n
}
