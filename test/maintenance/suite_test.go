// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package maintenance drives what looks after the hosts of private clouds: a real API server on one side, the ARM simulator over HTTPS on the
// other.
package maintenance

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/test/armsim"
	"github.com/avs-operator/avs-operator/test/env"
	"github.com/avs-operator/avs-operator/test/harness"
)

var cluster *env.Env

func TestMain(m *testing.M) { harness.Main(m, &cluster, 10) }

// soon is how long a test waits.
const soon = 3 * time.Minute

// fast makes the private cloud in a few seconds; Azure's minute is a sixtieth of a second.
const fast = 3600

// world is one test's Azure with a private cloud that is ready, namespace and operator.
type world struct {
	*harness.World
	cloud *v1alpha1.PrivateCloud
}

// schedules are requests to schedule a maintenance.
var schedules = regexp.MustCompile(`/maintenances/[^/]+/schedule$`)

// newWorld makes the private cloud and lets the operator run.
func newWorld(t *testing.T) *world {
	t.Helper()
	w := newWorldWithout(t)
	w.StartOperator(t)
	return w
}

// newWorldWithout lets the operator that made the private cloud go again, so that the test starts its own.
func newWorldWithout(t *testing.T) *world {
	t.Helper()
	w := &world{World: harness.NewWorld(t, cluster, fast)}
	w.StartAzure(t)
	w.cloud = harness.PrivateCloud(w.Namespace, "weu")
	cluster.Create(t, w.cloud)
	first := w.StartOperator(t)
	cluster.WaitReady(t, w.cloud)
	first.Stop(t)
	return w
}

// announce makes a maintenance known.
func (w *world) announce(t *testing.T, m armsim.Maintenance) string {
	t.Helper()
	id, err := w.Azure.Announce(w.Azure.PrivateCloudID("weu"), m)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// policy has these windows, on the wall clock of UTC, and an hour of notice.
func (w *world) policy(name string, windows ...v1alpha1.Window) *v1alpha1.MaintenancePolicy {
	return &v1alpha1.MaintenancePolicy{
		ObjectMeta: w.Meta(name),
		Spec: v1alpha1.MaintenancePolicySpec{
			PrivateCloudRef: v1alpha1.ParentReference{Name: "weu"}, Windows: windows, NoticeSeconds: ptr.To[int32](3600),
		},
	}
}

// daily opens every day at the minute of the day of at, for so long.
func daily(at time.Time, open time.Duration) v1alpha1.Window {
	at = at.UTC()
	return v1alpha1.Window{Schedule: fmt.Sprintf("%d %d * * *", at.Minute(), at.Hour()), DurationSeconds: int32(open / time.Second)}
}

// began is when the suite did.
var began = time.Now().UTC().Truncate(time.Minute)

// far is a start a good while ahead. At the suite's pace a day of Azure's passes in 24 seconds.
func far(days int) time.Time { return began.Add(time.Duration(days) * 24 * time.Hour) }

// ready waits until the policy is Ready for a reason, and returns the message.
func ready(t *testing.T, p *v1alpha1.MaintenancePolicy, reason string) string {
	t.Helper()
	return cluster.WaitSays(t, p, v1alpha1.ConditionReady, metav1.ConditionTrue, reason)
}

// eventually waits until the policy shows a maintenance as ok says.
func eventually(t *testing.T, p *v1alpha1.MaintenancePolicy, name string, ok func(m v1alpha1.MaintenanceStatus) bool) v1alpha1.MaintenanceStatus {
	t.Helper()
	var found v1alpha1.MaintenanceStatus
	cluster.WaitFor(t, soon, p, "maintenance "+name, func() error {
		for _, m := range p.Status.Maintenances {
			if m.Name == name && ok(m) {
				found = m
				return nil
			}
		}
		return fmt.Errorf("maintenances are %+v", p.Status.Maintenances)
	})
	return found
}

func scheduledBy(who v1alpha1.Scheduler) func(v1alpha1.MaintenanceStatus) bool {
	return func(m v1alpha1.MaintenanceStatus) bool { return m.ScheduledBy == who }
}

// asked are the requests of the operator for an action on maintenances. A person's say nothing of a policy.
func (w *world) asked(action string) []armsim.Request {
	var out []armsim.Request
	for _, r := range w.Azure.Requests() {
		_, path, ok := strings.Cut(r.Path, "/maintenances/")
		if ok && r.Method == http.MethodPost && strings.HasSuffix(path, "/"+strings.ToLower(action)) && !strings.Contains(string(r.Body), byAPerson) {
			out = append(out, r)
		}
	}
	return out
}

// times fails unless an action was asked for so often.
func (w *world) times(t *testing.T, want int, action string) {
	t.Helper()
	if got := len(w.asked(action)); got != want {
		t.Errorf("%s was asked for %d times, want %d: %+v", action, got, want, w.asked(action))
	}
}

const byAPerson = "by a person"

// byHand schedules a maintenance as a person does in the portal.
func (w *world) byHand(t *testing.T, id, action string, start time.Time) {
	t.Helper()
	body := fmt.Sprintf(`{"%sTime": %q, "message": %q}`, action, start.UTC().Format(time.RFC3339), byAPerson)
	if status, answer := w.Azure.ByHand(t, http.MethodPost, id+"/"+action, body); status != http.StatusOK {
		t.Fatalf("%d %s", status, answer)
	}
}

// startInAzure is when Azure has it scheduled.
func (w *world) startInAzure(t *testing.T, id string) time.Time {
	t.Helper()
	body, ok := w.Azure.Resource(id)
	if !ok {
		t.Fatal(errors.New("the maintenance is not in Azure"))
	}
	properties, _ := body["properties"].(map[string]any)
	text, _ := properties["scheduledStartTime"].(string)
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatalf("scheduledStartTime is %q: %v", text, err)
	}
	return at
}
