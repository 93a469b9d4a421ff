// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import (
	"testing"
	"time"

	"github.com/vmware/govmomi/vim25/types"
)

func TestSameUser(t *testing.T) {
	for _, c := range []struct {
		a, b string
		same bool
	}{
		{`VSPHERE.LOCAL\Administrator`, "administrator@vsphere.local", true},
		{"mover", `VSPHERE.LOCAL\mover`, true},
		{"mover@vsphere.local", "mover@corp.example", false},
		{"mover@vsphere.local", "other@vsphere.local", false},
	} {
		if sameUser(c.a, c.b) != c.same || sameUser(c.b, c.a) != c.same {
			t.Errorf("%s and %s: want %v", c.a, c.b, c.same)
		}
	}
}

func TestTheBoundOfAQueryIsInclusiveToTheMillisecond(t *testing.T) {
	at := time.Date(2026, 11, 22, 9, 0, 0, 123_456_789, time.UTC)
	q := TaskQuery{QueuedAfter: at}
	if !q.matches(Task{QueuedAt: at.Truncate(time.Millisecond)}) {
		t.Error("a task queued in the same millisecond was passed over")
	}
	if !q.matches(Task{QueuedAt: at.Truncate(time.Second)}) {
		t.Error("a task whose time is kept to the second was passed over")
	}
	if q.matches(Task{QueuedAt: at.Add(-time.Second).Truncate(time.Second)}) {
		t.Error("a task of the second before was taken")
	}
	if q.matches(Task{QueuedAt: at.Add(-time.Millisecond)}) {
		t.Error("a task from before was taken")
	}
}

func TestTaskOf(t *testing.T) {
	info := types.TaskInfo{
		Task: typedRef("Task", "task-1"), State: types.TaskInfoStateSuccess, Reason: &types.TaskReasonUser{UserName: "u"},
		Result: typedRef("VirtualMachine", "vm-7"),
	}
	if got := taskOf(info); got.Result != "vm-7" || got.User != "u" || got.Fault != nil || !got.Done() {
		t.Errorf("%+v", got)
	}
	info.State, info.Reason = types.TaskInfoStateError, &types.TaskReasonSchedule{}
	if got := taskOf(info); got.Fault == nil || got.Fault.Class != FaultOther || got.User != "" {
		t.Errorf("a failure without a reason became %+v", got)
	}
}
