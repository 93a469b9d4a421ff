// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcentersim

import (
	"net/http"
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

// Restart is how vCenter's service, vpxd, restarts: sessions, collectors and Task objects are gone, the inventory is not. What it had asked
// of hosts may have gone on without it or not, and its history may know of it or not.
type Restart struct {
	// Down, real time, in which every call is answered with 503, as vCenter's proxy does.
	Down time.Duration
	// WorkEnds ends the moves that are under way from this vCenter; else they go on.
	WorkEnds bool
	// HistoryLost empties the task history too, as a restore from a backup does.
	HistoryLost bool
}

// Restart restarts vpxd. It returns when vpxd is down; Down later it answers again.
func (v *VCenter) Restart(r Restart) {
	v.downUntil.Store(time.Now().Add(r.Down).UnixNano())
	ctx := v.newContext("")
	for _, e := range ctx.Map.AllReference("Task") {
		if t, ok := e.(*simulator.Task); ok {
			if r.WorkEnds {
				v.breakOff(t.Self)
			}
			ctx.Map.Remove(ctx, t.Self)
		}
	}
	if manager, ok := ctx.Map.Get(*v.client.ServiceContent.TaskManager).(*simulator.TaskManager); ok {
		manager.Lock()
		ctx.Update(manager, []types.PropertyChange{{Name: "recentTask", Val: []reference{}}})
		manager.Unlock()
	}
	if r.HistoryLost {
		v.history.forget()
	}
	v.sessions.expireAll()
}

// breakOff ends a move as a vpxd does that dies in its middle; one past its point of no return ends by itself.
func (v *VCenter) breakOff(task reference) {
	m := v.moveOf(task)
	if m == nil {
		return
	}
	m.mu.Lock()
	if !m.committed && !m.cancelled {
		m.broken = &types.SystemErrorFault{Reason: "vpxd was restarted"}
	}
	m.mu.Unlock()
	m.requestCancel()
}

// isDown answers for a vpxd that restarts.
func (v *VCenter) isDown(w http.ResponseWriter) bool {
	if time.Now().UnixNano() >= v.downUntil.Load() {
		return false
	}
	http.Error(w, "503 Service Unavailable", http.StatusServiceUnavailable)
	return true
}

func (h *taskHistory) forget() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.tasks = nil
}
