// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package maintenance

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers"
	"github.com/avs-operator/avs-operator/controllers/metrics"
	"github.com/avs-operator/avs-operator/test/armsim"
	"github.com/avs-operator/avs-operator/test/env"
	"github.com/avs-operator/avs-operator/test/harness"
)

// What Microsoft announces is checked, scheduled into the window, carried out, and listed all the way.
func TestLifeOfAMaintenance(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.policy("nights", daily(far(0).Add(3*time.Hour), 6*time.Hour))
	cluster.Create(t, p)
	env.Says(t, ready(t, p, v1alpha1.ReasonReady), "nothing is announced")
	id := w.announce(t, armsim.Maintenance{Name: "esx", Estimated: 2 * time.Hour, ClusterID: 1})
	m := eventually(t, p, "esx", scheduledBy("Policy"))
	if m.Component != "ESXI" || m.ClusterID != 1 || m.EstimatedDurationMinutes != 120 || m.Readiness != "Ready" || m.ScheduledStartTime == nil {
		t.Errorf("it is listed as %+v", m)
	}
	start := w.startInAzure(t, id)
	if h := p.Spec.Windows[0].Schedule; fmt.Sprintf("%d %d * * *", start.Minute(), start.Hour()) != h {
		t.Errorf("it starts at %s, the window is %s", start, h)
	}
	m = eventually(t, p, "esx", func(m v1alpha1.MaintenanceStatus) bool { return m.State == "Success" })
	if m.ScheduledBy != "Policy" || m.NextAction != "" {
		t.Errorf("in the end it is listed as %+v", m)
	}
	ready(t, p, v1alpha1.ReasonReady)
	if p.Status.Announced != 0 || p.Status.NextStartTime != nil || p.Status.Effective.NoticeSeconds != 3600 {
		t.Errorf("status: %+v", p.Status)
	}
	w.times(t, 1, "schedule")
	w.times(t, 0, "reschedule")
	w.quiet(t)
}

// quiet fails if anything is written to the policies, or asked of a maintenance, after all is done.
func (w *world) quiet(t *testing.T) {
	t.Helper()
	list := &v1alpha1.MaintenancePolicyList{}
	if err := cluster.Admin.List(t.Context(), list, client.InNamespace(w.Namespace)); err != nil {
		t.Fatal(err)
	}
	version := list.ResourceVersion
	asked := len(w.asked("schedule")) + len(w.asked("reschedule"))
	time.Sleep(time.Second) // an hour of Azure's
	for i := range list.Items {
		now := &v1alpha1.MaintenancePolicy{}
		if err := cluster.Admin.Get(t.Context(), client.ObjectKeyFromObject(&list.Items[i]), now); err != nil {
			t.Fatal(err)
		}
		if now.ResourceVersion != list.Items[i].ResourceVersion {
			t.Errorf("policy %s was written after all was done (list at %s)", now.Name, version)
		}
	}
	if now := len(w.asked("schedule")) + len(w.asked("reschedule")); now != asked {
		t.Errorf("Azure was asked %d times more", now-asked)
	}
}

// A day that Azure blocks is left out.
func TestBlockedDays(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	window := far(0).Add(26 * time.Hour)
	p := w.policy("nights", daily(window, 4*time.Hour))
	cluster.Create(t, p)
	id := w.announce(t, armsim.Maintenance{Name: "esx", Estimated: time.Hour, Blocked: []armsim.Blocked{
		{Category: "HiPriorityEvent", Reason: "elections", From: far(0), To: window.Add(30 * time.Hour)}}})
	eventually(t, p, "esx", scheduledBy("Policy"))
	if start, want := w.startInAzure(t, id), window.Add(48*time.Hour); !start.Equal(want) {
		t.Errorf("it starts at %s, want %s: after the blocked days", start, want)
	}
	w.times(t, 1, "schedule")
}

// What a person moved, or scheduled in the first place, stays, whatever the windows say.
func TestWhatAPersonScheduledStays(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.announce(t, armsim.Maintenance{Name: "by-hand", Estimated: time.Hour})
	w.byHand(t, first, "schedule", far(20))
	p := w.policy("nights", daily(far(9).Add(time.Hour), 2*time.Hour))
	p.Spec.Windows[0].Schedule = oneDay(far(9).Add(time.Hour))
	cluster.Create(t, p)
	env.Says(t, eventually(t, p, "by-hand", scheduledBy("Person")).Message, "by hand", "stays there")
	second := w.announce(t, armsim.Maintenance{Name: "moved", Estimated: time.Hour})
	eventually(t, p, "moved", scheduledBy("Policy"))
	if start := w.startInAzure(t, second); !start.Equal(far(9).Add(time.Hour)) {
		t.Errorf("it starts at %s", start)
	}
	w.byHand(t, second, "reschedule", far(21))
	eventually(t, p, "moved", scheduledBy("Person"))
	env.Edit(t, cluster, p, func(p *v1alpha1.MaintenancePolicy) { p.Spec.Windows[0].Schedule = oneDay(far(12)) })
	ready(t, p, v1alpha1.ReasonReady)
	w.quiet(t)
	for _, id := range []string{first, second} {
		if start := w.startInAzure(t, id); start.Before(far(19)) {
			t.Errorf("%s was moved to %s", id, start)
		}
	}
	w.times(t, 1, "schedule")
	w.times(t, 0, "reschedule")
}

// oneDay opens once a year, at that minute.
func oneDay(at time.Time) string {
	at = at.UTC()
	return fmt.Sprintf("%d %d %d %d *", at.Minute(), at.Hour(), at.Day(), at.Month())
}

// What Microsoft scheduled stays, and what components does not name is left alone.
func TestMicrosoftsStartAndOtherComponents(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	theirs := w.announce(t, armsim.Maintenance{Name: "theirs", Estimated: time.Hour, Start: far(15)})
	w.announce(t, armsim.Maintenance{Name: "nsx", Component: "NSXT", Estimated: time.Hour})
	p := w.policy("nights", daily(far(9), 2*time.Hour))
	p.Spec.Components = []v1alpha1.MaintenanceComponent{"ESXI", "VCSA"}
	cluster.Create(t, p)
	env.Says(t, eventually(t, p, "theirs", scheduledBy("Microsoft")).Message, "Microsoft scheduled it", "stays there")
	env.Says(t, eventually(t, p, "nsx", scheduledBy("")).Message, "leaves NSXT to others")
	ready(t, p, v1alpha1.ReasonReady)
	if start := w.startInAzure(t, theirs); !start.Equal(far(15)) {
		t.Errorf("it was moved to %s", start)
	}
	w.times(t, 0, "schedule")
	w.times(t, 0, "reschedule")
}

// The policy moves what it scheduled itself once its windows no longer hold it.
func TestEditedWindowMovesItsOwn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.announce(t, armsim.Maintenance{Name: "esx", Estimated: time.Hour})
	p := w.policy("nights", v1alpha1.Window{Schedule: oneDay(far(9)), DurationSeconds: 7200})
	cluster.Create(t, p)
	eventually(t, p, "esx", scheduledBy("Policy"))
	env.Edit(t, cluster, p, func(p *v1alpha1.MaintenancePolicy) { p.Spec.Windows[0].Schedule = oneDay(far(14)) })
	eventually(t, p, "esx", func(m v1alpha1.MaintenanceStatus) bool {
		return m.ScheduledStartTime != nil && m.ScheduledStartTime.UTC().Equal(far(14))
	})
	ready(t, p, v1alpha1.ReasonReady)
	if start := w.startInAzure(t, id); !start.Equal(far(14)) {
		t.Errorf("it starts at %s", start)
	}
	w.times(t, 1, "reschedule")
	env.Edit(t, cluster, p, func(p *v1alpha1.MaintenancePolicy) { p.Spec.Windows[0].Schedule = oneDay(far(200)) })
	env.Says(t, cluster.WaitStalled(t, p, v1alpha1.ReasonNoWindow), "it stays there", "no window opens")
	w.times(t, 1, "reschedule")
}

// Checks that fail are shown with what they mean, asked again, and gone when they pass.
func TestReadinessHeals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.announce(t, armsim.Maintenance{Name: "esx", Estimated: time.Hour,
		FailedChecks: []armsim.FailedCheck{{Name: "EPC_CDROM_EMULATEMODE", Details: "machine web-01"}}})
	p := w.policy("nights", daily(far(20), 2*time.Hour))
	p.Spec.Windows[0].Schedule = oneDay(far(20))
	cluster.Create(t, p)
	env.Says(t, cluster.WaitStalled(t, p, v1alpha1.ReasonMaintenanceNotReady), "esx", "scheduled for", "EPC_CDROM_EMULATEMODE")
	m := eventually(t, p, "esx", scheduledBy("Policy"))
	if len(m.FailedChecks) != 1 || len(m.FailedChecks[0].Resources) != 1 || m.Readiness != "NotReady" {
		t.Fatalf("failed checks: %+v", m)
	}
	env.Says(t, m.FailedChecks[0].Meaning, "CD-ROM in emulate mode", "web-01")
	env.Says(t, m.FailedChecks[0].Action, "passthrough")
	if err := w.Azure.SetFailedChecks(id); err != nil {
		t.Fatal(err)
	}
	ready(t, p, v1alpha1.ReasonReady)
	if len(w.asked("initiateChecks")) == 0 || p.Status.Maintenances[0].Readiness != "Ready" {
		t.Errorf("checks were asked for %d times: %+v", len(w.asked("initiateChecks")), p.Status.Maintenances)
	}
}

// No window has room: a person is told, and an edit heals it.
func TestNoWindow(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.announce(t, armsim.Maintenance{Name: "esx", Estimated: 16 * time.Hour})
	p := w.policy("nights", daily(far(3), 6*time.Hour))
	cluster.Create(t, p)
	env.Says(t, cluster.WaitStalled(t, p, v1alpha1.ReasonNoWindow), "esx", "takes 16 h", "longer than 6 h")
	w.times(t, 0, "schedule")
	env.Edit(t, cluster, p, func(p *v1alpha1.MaintenancePolicy) { p.Spec.Windows[0].DurationSeconds = 16 * 3600 })
	eventually(t, p, "esx", scheduledBy("Policy"))
	env.Edit(t, cluster, p, func(p *v1alpha1.MaintenancePolicy) { p.Spec.Windows[0].TimeZone = "Europe/Nowhere" })
	env.Says(t, cluster.WaitStalled(t, p, v1alpha1.ReasonInvalidSpec), "Europe/Nowhere", "Europe/Oslo")
}

// Azure's reason is told when it does not let a maintenance be scheduled, and a start that it refuses is not asked for twice.
func TestAzureRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Azure.Inject(armsim.Fault{Verb: "POST", Path: schedules, Status: 400, Code: "MaintenanceTimeBlocked", Message: "not on that day", Count: 1})
	w.announce(t, armsim.Maintenance{Name: "locked", Estimated: time.Hour, Locked: "Critical upgrade"})
	id := w.announce(t, armsim.Maintenance{Name: "esx", Estimated: time.Hour})
	p := w.policy("nights", daily(far(9), 2*time.Hour))
	cluster.Create(t, p)
	env.Says(t, eventually(t, p, "locked", scheduledBy("")).Message, "Critical upgrade")
	eventually(t, p, "esx", scheduledBy("Policy"))
	asked := w.asked("schedule")
	if len(asked) != 2 || string(asked[0].Body) == string(asked[1].Body) || asked[0].CorrelationID == asked[1].CorrelationID {
		t.Errorf("asked: %+v", asked)
	}
	if start := w.startInAzure(t, id); time.Until(start) < 24*time.Hour {
		t.Errorf("it starts at %s, on the day that was refused", start)
	}
}

// What Azure refuses for ever is asked again and again, and never too often: the end of the test counts, over all processes.
func TestWhatAzureRefusesForEverIsAskedAtAPace(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]armsim.Fault{
		"an error of Azure's": {Status: 500, Code: "InternalServerError", Message: "oops"},
		"another operation":   {Status: 409, Code: "AnotherOperationInProgress", Message: "busy"},
		"a start":             {Status: 400, Code: "MaintenanceTimeBlocked", Message: "not on that day"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorldWithout(t)
			fault.Verb, fault.Path, fault.Count = "POST", schedules, -1
			w.Azure.Inject(fault)
			w.announce(t, armsim.Maintenance{Name: "esx", Estimated: time.Hour})
			p := w.policy("nights", daily(far(9), 2*time.Hour))
			cluster.Create(t, p)
			for range 5 {
				operator := w.StartOperator(t)
				cluster.Eventually(t, soon, "the first refusal", func(context.Context) error { // of a slow machine too
					if len(w.asked("schedule")) == 0 {
						return errors.New("it was never asked")
					}
					return nil
				})
				time.Sleep(600 * time.Millisecond) // more than half an hour
				operator.Stop(t)                   // one that is stopped in the middle of a request looks for ten seconds first
			}
			w.Azure.ClearFaults()
			env.Edit(t, cluster, p, func(p *v1alpha1.MaintenancePolicy) {
				metav1.SetMetaDataAnnotation(&p.ObjectMeta, v1alpha1.AnnotationReconcileRequestedAt, "now")
			})
			w.StartOperator(t)
			eventually(t, p, "esx", scheduledBy("Policy"))
			ready(t, p, v1alpha1.ReasonReady)
			if p.Status.Refusals != nil {
				t.Errorf("left are %+v", p.Status.Refusals)
			}
		})
	}
}

// Observe writes nothing and says what would be done; so does suspend.
func TestObserveAndSuspend(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.announce(t, armsim.Maintenance{Name: "esx", Estimated: time.Hour})
	p := w.policy("nights", daily(far(9), 2*time.Hour))
	p.Spec.ManagementPolicy = v1alpha1.ManagementPolicyObserve
	cluster.Create(t, p)
	env.Says(t, ready(t, p, v1alpha1.ReasonObserved), "would be done", "esx: to be scheduled for")
	if m := p.Status.Maintenances[0]; m.NextAction != v1alpha1.MaintenanceActionSchedule {
		t.Errorf("it is listed as %+v", m)
	}
	env.Edit(t, cluster, p, func(p *v1alpha1.MaintenancePolicy) { p.Spec.ManagementPolicy, p.Spec.Suspend = "", true })
	env.Says(t, cluster.WaitNotReady(t, p, v1alpha1.ReasonSuspended), "esx: to be scheduled for")
	w.times(t, 0, "schedule")
	w.times(t, 0, "initiateChecks")
	env.Edit(t, cluster, p, func(p *v1alpha1.MaintenancePolicy) { p.Spec.Suspend = false })
	eventually(t, p, "esx", scheduledBy("Policy"))
}

// Of two policies for one private cloud the older is followed, and the other takes over when it goes. What the first scheduled is then
// somebody else's, and stays.
func TestTwoPolicies(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.policy("first", v1alpha1.Window{Schedule: oneDay(far(9)), DurationSeconds: 7200})
	cluster.Create(t, first)
	ready(t, first, v1alpha1.ReasonReady)
	time.Sleep(1100 * time.Millisecond) // the age of objects is told in seconds
	second := w.policy("second", v1alpha1.Window{Schedule: oneDay(far(14)), DurationSeconds: 7200})
	cluster.Create(t, second)
	env.Says(t, cluster.WaitStalled(t, second, v1alpha1.ReasonAlreadyManaged), w.Namespace+"/first", "older")
	id := w.announce(t, armsim.Maintenance{Name: "esx", Estimated: time.Hour})
	eventually(t, first, "esx", scheduledBy("Policy"))
	cluster.Delete(t, first)
	eventually(t, second, "esx", scheduledBy("Person"))
	ready(t, second, v1alpha1.ReasonReady)
	if start := w.startInAzure(t, id); !start.Equal(far(9)) {
		t.Errorf("it starts at %s", start)
	}
	w.times(t, 1, "schedule")
}

// A policy of another namespace needs the consent of the private cloud's owner, and is in nobody's way before it has it.
func TestConsent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	other := cluster.Namespace(t)
	harness.StartOperator(t, harness.OperatorOptions{Config: cluster.OperatorConfig(), Speed: fast, Namespace: other, Change: func(o *controllers.Options) {
		o.Namespaces = []string{other, w.Namespace}
	}})
	p := w.policy("nights", daily(far(9), 2*time.Hour))
	p.Namespace, p.Spec.PrivateCloudRef.Namespace = other, w.Namespace
	cluster.Create(t, p)
	env.Says(t, cluster.WaitStalled(t, p, v1alpha1.ReasonReferenceNotPermitted), "allowedNamespaces", "{name: "+other+", kinds: [MaintenancePolicy]}")
	env.Edit(t, cluster, w.cloud, func(c *v1alpha1.PrivateCloud) {
		c.Spec.AllowedNamespaces = []v1alpha1.AllowedNamespace{{Name: other, Kinds: []v1alpha1.AllowedKind{"MaintenancePolicy"}}}
	})
	ready(t, p, v1alpha1.ReasonReady)
}

// The operator dies around each write of a schedule, at each of the three moments. The one that follows schedules it once.
func TestRestartInTheMiddle(t *testing.T) {
	t.Parallel()
	for _, moment := range harness.Moments {
		for at := 1; at <= 5; at++ {
			t.Run(fmt.Sprintf("write %d %s", at, moment), func(t *testing.T) {
				t.Parallel()
				w := newWorldWithout(t)
				id := w.announce(t, armsim.Maintenance{Name: "esx", Estimated: time.Hour})
				p := w.policy("nights", v1alpha1.Window{Schedule: oneDay(far(25)), DurationSeconds: 7200})
				cluster.Create(t, p)
				died := make(chan struct{})
				seams := harness.NewSeams(&harness.History{}, fast, nil)
				seams.Arm(at, moment, false, func() { close(died) })
				doomed := harness.StartOperator(t, harness.OperatorOptions{Config: cluster.OperatorConfig(), Speed: fast, Namespace: w.Namespace, Seams: seams})
				select {
				case <-died:
				case <-time.After(soon):
					t.Fatalf("it never made write %d: %v", at, seams.Points())
				}
				doomed.Abandon()
				w.StartOperator(t)
				eventually(t, p, "esx", scheduledBy("Policy"))
				ready(t, p, v1alpha1.ReasonReady)
				if start := w.startInAzure(t, id); !start.Equal(far(25)) {
					t.Errorf("it starts at %s", start)
				}
				w.once(t)
			})
		}
	}
}

// The answer to a write is lost, before Azure has scheduled the maintenance or after, or is a refusal. It is scheduled once, and the log has a line each
// time that a write is sent and one when it ended.
func TestEveryWriteIsTold(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fault armsim.Fault
		sent  int
		ended metrics.Result
	}{
		"an answer that was lost":  {armsim.Fault{When: armsim.After, Drop: true}, 1, metrics.Unanswered},
		"a request that was lost":  {armsim.Fault{When: armsim.Before, Drop: true}, 2, metrics.Succeeded},
		"an error of the server":   {armsim.Fault{Status: http.StatusServiceUnavailable, Code: "ServiceUnavailable", Message: "later"}, 1, metrics.Refused},
		"an answer that was whole": {armsim.Fault{Delay: time.Millisecond}, 1, metrics.Succeeded},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorldWithout(t)
			id := w.announce(t, armsim.Maintenance{Name: "esx", Estimated: time.Hour})
			c.fault.Verb, c.fault.Path = http.MethodPost, schedules
			w.Azure.Inject(c.fault)
			log, before := w.KeepLog(), len(w.Azure.Requests())
			p := w.policy("nights", v1alpha1.Window{Schedule: oneDay(far(25)), DurationSeconds: 7200})
			cluster.Create(t, p)
			w.StartOperator(t)
			eventually(t, p, "esx", scheduledBy("Policy"))
			ready(t, p, v1alpha1.ReasonReady)
			if start := w.startInAzure(t, id); !start.Equal(far(25)) {
				t.Errorf("it starts at %s", start)
			}
			told := harness.Operations(log.String())
			for _, wrong := range harness.MistoldWrites(told, w.Azure.Requests()[before:]) {
				t.Error(wrong)
			}
			first := told[w.asked("schedule")[0].CorrelationID]
			if sent := len(first) - 1; sent != c.sent || first[sent].Result != string(c.ended) {
				t.Errorf("of the first write the log has %+v, want %d sent and %s", first, c.sent, c.ended)
			}
		})
	}
}

// once fails if a maintenance was scheduled more than once with effect, or moved.
func (w *world) once(t *testing.T) {
	t.Helper()
	effects := 0
	for _, r := range w.asked("schedule") {
		if r.Status == 200 {
			effects++
		}
	}
	if effects != 1 || len(w.asked("reschedule")) != 0 {
		t.Errorf("scheduled %d times: %+v", effects, w.asked("schedule"))
	}
}

// A status that a backup did not bring back: what the policy scheduled is still known to be its own, and scheduled once.
func TestLostStatus(t *testing.T) {
	t.Parallel()
	w := newWorldWithout(t)
	id := w.announce(t, armsim.Maintenance{Name: "esx", Estimated: time.Hour})
	p := w.policy("nights", v1alpha1.Window{Schedule: oneDay(far(20)), DurationSeconds: 7200})
	cluster.Create(t, p)
	first := w.StartOperator(t)
	eventually(t, p, "esx", scheduledBy("Policy"))
	ready(t, p, v1alpha1.ReasonReady)
	first.Stop(t)
	cluster.Eventually(t, soon, "the loss of the status", func(ctx context.Context) error {
		p.Status = v1alpha1.MaintenancePolicyStatus{}
		return errors.Join(cluster.Admin.Status().Update(ctx, p))
	})
	w.StartOperator(t)
	eventually(t, p, "esx", scheduledBy("Policy"))
	ready(t, p, v1alpha1.ReasonReady)
	env.Edit(t, cluster, p, func(p *v1alpha1.MaintenancePolicy) { p.Spec.Windows[0].Schedule = oneDay(far(24)) })
	cluster.Eventually(t, soon, "its own to be moved", func(context.Context) error {
		if start := w.startInAzure(t, id); !start.Equal(far(24)) {
			return fmt.Errorf("it starts at %s", start)
		}
		return nil
	})
	w.times(t, 1, "schedule")
	w.times(t, 1, "reschedule")
}
