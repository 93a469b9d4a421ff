// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package capacity drives what looks after the hosts of private clouds: a real API server on one side, the ARM simulator over HTTPS on the
// other.
package capacity

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers"
	"github.com/avs-operator/avs-operator/test/armsim"
	"github.com/avs-operator/avs-operator/test/env"
	"github.com/avs-operator/avs-operator/test/harness"
)

var cluster *env.Env

func TestMain(m *testing.M) {
	os.Exit(env.Main(m, env.Options{Scheme: controllers.Scheme(), Together: 10}, func(e *env.Env) { cluster = e }))
}

// soon is how long a test waits.
const soon = 3 * time.Minute

// fast makes the private cloud in a few seconds; Azure's minute is a sixtieth of a second.
const fast = 3600

// world is one test's Azure with a private cloud that is ready, namespace and operator.
type world struct {
	azure     *harness.Azure
	namespace string
	cloud     *v1alpha1.PrivateCloud
}

// schedules are requests to schedule a maintenance.
var schedules = regexp.MustCompile(`/maintenances/[^/]+/schedule$`)

// newWorld makes the private cloud and lets the operator run.
func newWorld(t *testing.T) *world {
	t.Helper()
	w := newWorldWithout(t)
	w.start(t)
	return w
}

// newWorldWithout lets the operator that made the private cloud go again, so that the test starts its own.
func newWorldWithout(t *testing.T) *world {
	t.Helper()
	w := &world{azure: harness.StartAzure(t, fast, func(c *armsim.Config) { c.NoVCenters = true }), namespace: cluster.Namespace(t)}
	cluster.Create(t, w.azure.Identity(w.namespace)...)
	w.cloud = harness.PrivateCloud(w.namespace, "weu")
	cluster.Create(t, w.cloud)
	first := w.start(t)
	cluster.WaitCondition(t, soon, w.cloud, v1alpha1.ConditionReady, "True")
	first.Stop(t)
	return w
}

func (w *world) start(t *testing.T) *harness.Operator {
	t.Helper()
	return harness.StartOperator(t, harness.OperatorOptions{Config: cluster.OperatorConfig(), Speed: fast, Namespace: w.namespace})
}

// announce makes a maintenance known.
func (w *world) announce(t *testing.T, m armsim.Maintenance) string {
	t.Helper()
	id, err := w.azure.Announce(w.azure.PrivateCloudID("weu"), m)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// policy has these windows, on the wall clock of UTC, and an hour of notice.
func (w *world) policy(name string, windows ...v1alpha1.Window) *v1alpha1.MaintenancePolicy {
	return &v1alpha1.MaintenancePolicy{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: name},
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

func ready(t *testing.T, p *v1alpha1.MaintenancePolicy, reason string) string {
	t.Helper()
	return condition(t, p, metav1.ConditionTrue, reason)
}

func stalled(t *testing.T, p *v1alpha1.MaintenancePolicy, reason string) string {
	t.Helper()
	message := condition(t, p, metav1.ConditionFalse, reason)
	if !meta.IsStatusConditionTrue(p.Status.Conditions, v1alpha1.ConditionStalled) {
		t.Errorf("Stalled is not there beside reason %s: %+v", reason, p.Status.Conditions)
	}
	return message
}

func condition(t *testing.T, p *v1alpha1.MaintenancePolicy, is metav1.ConditionStatus, reason string) string {
	t.Helper()
	var message string
	cluster.WaitFor(t, soon, p, "Ready="+string(is)+" "+reason, func() error {
		c := meta.FindStatusCondition(p.Status.Conditions, v1alpha1.ConditionReady)
		if c == nil || c.Status != is || c.Reason != reason || c.ObservedGeneration != p.Generation {
			return fmt.Errorf("Ready is %+v, maintenances are %+v", c, p.Status.Maintenances)
		}
		message = c.Message
		return nil
	})
	return message
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
	for _, r := range w.azure.Requests() {
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
	http := harness.Transport(w.azure.CAPEM())
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {harness.ClientID}, "client_secret": {harness.ClientSecret}, "scope": {w.azure.URL() + "/.default"}}
	var token struct {
		AccessToken string `json:"access_token"`
	}
	answered(t, &token)(http.PostForm(w.azure.URL()+"/"+harness.TenantID+"/oauth2/v2.0/token", form))
	body := fmt.Sprintf(`{"%sTime": %q, "message": %q}`, action, start.UTC().Format(time.RFC3339), byAPerson)
	request, err := newRequest(t, w.azure.URL()+id+"/"+action+"?api-version=2025-09-01", token.AccessToken, body)
	if err != nil {
		t.Fatal(err)
	}
	answered(t, nil)(http.Do(request))
}

func newRequest(t *testing.T, address, token, body string) (*http.Request, error) {
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, strings.NewReader(body))
	if err == nil {
		request.Header.Set("Authorization", "Bearer "+token)
		request.Header.Set("Content-Type", "application/json")
	}
	return request, err
}

// answered fails unless an answer is a success, and decodes it into out, if that is not nil.
func answered(t *testing.T, out any) func(*http.Response, error) {
	t.Helper()
	return func(response *http.Response, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = response.Body.Close() }()
		body, err := io.ReadAll(response.Body)
		if err != nil || response.StatusCode != http.StatusOK {
			t.Fatalf("%d %s %v", response.StatusCode, body, err)
		}
		if out != nil {
			if err := json.Unmarshal(body, out); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// startInAzure is when Azure has it scheduled.
func (w *world) startInAzure(t *testing.T, id string) time.Time {
	t.Helper()
	body, ok := w.azure.Resource(id)
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
