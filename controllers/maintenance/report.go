// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package maintenance

import (
	"fmt"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/maintenance/windows"
	"github.com/avs-operator/avs-operator/controllers/outcome"
	"github.com/avs-operator/avs-operator/controllers/text"
)

// What status lists: all that is announced, within its bound, and the last ones that are over.
const (
	mostListed = 64
	mostOver   = 10
)

// tally is what all findings come to.
type tally struct {
	again time.Duration
	// held is the gravest reason why an action is not taken, due what would be done, troubles what a person must mend.
	held          *outcome.Outcome
	due, troubles []string
	reason        string // of the first trouble
}

func (t *tally) sooner(d time.Duration) {
	if d > 0 && (t.again == 0 || d < t.again) {
		t.again = d
	}
}

func tallyOf(found []finding) *tally {
	t := &tally{}
	for i := range found {
		f := &found[i]
		t.sooner(f.Again)
		if f.due() {
			t.due = append(t.due, f.resource.Name+": "+f.Message)
		}
		if f.held != nil {
			t.sooner(f.held.After)
			if t.held == nil || f.held.Kind == outcome.KindStall {
				t.held = f.held
			}
		}
		if f.Trouble == windows.NoTrouble {
			continue
		}
		t.troubles = append(t.troubles, f.resource.Name+" "+f.Message)
		if t.reason == "" {
			t.reason = reasons[f.Trouble]
		}
	}
	return t
}

var reasons = map[windows.Trouble]string{
	windows.NoWindow:   v1alpha1.ReasonNoWindow,
	windows.CheckFails: v1alpha1.ReasonMaintenanceNotReady,
}

// summary says what is announced, and what would be done.
func summary(s *scope, due []string) string {
	if len(due) > 0 {
		return "would be done: " + strings.Join(due, "; ")
	}
	st := &s.policy.Status
	switch {
	case st.Announced == 0:
		return "nothing is announced"
	case st.NextStartTime == nil:
		return fmt.Sprintf("%d announced, none with a start yet", st.Announced)
	}
	return fmt.Sprintf("%d announced, the next starts at %s", st.Announced, windows.Moment(st.NextStartTime.Time))
}

// show lists the findings in status.
func show(st *v1alpha1.MaintenancePolicyStatus, found []finding) {
	st.Maintenances, st.Announced, st.NextStartTime = nil, 0, nil
	over := 0
	for i := range found {
		f := &found[i]
		if f.over() {
			over++
		} else {
			st.Announced++
			if at := f.seen.Start; !at.IsZero() && f.seen.State != windows.InProgress && (st.NextStartTime == nil || at.Before(st.NextStartTime.Time)) {
				st.NextStartTime = &metav1.Time{Time: at.Truncate(time.Second)}
			}
		}
		if over > mostOver || len(st.Maintenances) == mostListed {
			continue
		}
		one := statusOf(f.resource, f.seen)
		one.ScheduledBy, one.NextAction, one.Message = v1alpha1.Scheduler(f.By), nextAction(f.Action), text.Cut(f.Message, 2048)
		st.Maintenances = append(st.Maintenances, one)
	}
}

func nextAction(a windows.Action) v1alpha1.MaintenanceAction {
	switch a {
	case windows.Schedule:
		return v1alpha1.MaintenanceActionSchedule
	case windows.Reschedule:
		return v1alpha1.MaintenanceActionReschedule
	case windows.Check:
		return v1alpha1.MaintenanceActionInitiateChecks
	default:
		return ""
	}
}
