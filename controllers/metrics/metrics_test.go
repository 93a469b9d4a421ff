// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr/funcr"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	dto "github.com/prometheus/client_model/go"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
)

func made(t *testing.T) (*Metrics, *prometheus.Registry) {
	t.Helper()
	registry := prometheus.NewPedanticRegistry()
	m, err := New(registry)
	if err != nil {
		t.Fatal(err)
	}
	return m, registry
}

func gathered(t *testing.T, registry prometheus.Gatherer) map[string]*dto.MetricFamily {
	t.Helper()
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]*dto.MetricFamily{}
	for _, f := range families {
		out[f.GetName()] = f
	}
	return out
}

// everything lets every metric have a series.
func everything(m *Metrics, object client.Object) {
	m.ARMRequest("PUT", "Microsoft.AVS/privateClouds", 201, time.Second, time.Second)
	m.ARMWithheld("GET")
	m.EntraToken(false, false)
	m.VCenterCall("Login", true, true, time.Second, 0)
	m.VCenterCall("WaitForUpdatesEx", true, false, time.Second, 3)
	op := Operation{Kind: "Segment", Object: object, Verb: "PUT", Operation: "one", Attempt: 1, Took: time.Minute}
	log := funcr.New(func(string, string) {}, funcr.Options{})
	m.Sending(log, op)
	m.Ended(log, op, Succeeded)
	m.Drift(object)
	m.LaneWaited("Network", time.Second)
	m.MoveAttempt("Live", Failed)
	m.MachineMoved("Cold", 1<<40)
}

// The names, types and helps are as Prometheus' own linter wants them, each metric of the catalogue is exported, and nothing else is.
func TestCatalogueIsWhatIsExported(t *testing.T) {
	t.Parallel()
	m, registry := made(t)
	segment := &v1alpha1.Segment{ObjectMeta: metav1.ObjectMeta{Namespace: "team", Name: "web"}}
	segment.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionReady, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonReady}}
	moving := &v1alpha1.VirtualMachineMove{ObjectMeta: metav1.ObjectMeta{Namespace: "team", Name: "web1"},
		Spec: v1alpha1.VirtualMachineMoveSpec{Method: v1alpha1.MoveMethodLive}}
	everything(m, segment)
	leading := make(chan struct{})
	state := State{Cache: inMemory{[]client.Object{segment, moving}}, Leading: leading,
		Lanes: func(tell func(string, int, int)) { tell("Hosts", 1, 2) }}
	if err := state.Register(registry); err != nil {
		t.Fatal(err)
	}
	if families := gathered(t, registry); families[conditions.Name] != nil || families[laneHolders.Name] != nil {
		t.Error("a replica that does not lead counts objects, which the leader counts too")
	}
	close(leading)
	families := gathered(t, registry)
	var all []*dto.MetricFamily
	for _, metric := range Catalogue {
		family := families[metric.Name]
		if family == nil {
			t.Errorf("%s is in the catalogue and is not exported", metric.Name)
			continue
		}
		if got := strings.ToLower(family.GetType().String()); got != string(metric.Type) || family.GetHelp() != metric.Help {
			t.Errorf("%s is exported as a %s: %s", metric.Name, got, family.GetHelp())
		}
		delete(families, metric.Name)
		all = append(all, family)
	}
	for name := range families {
		t.Errorf("%s is exported and is not in the catalogue", name)
	}
	problems, err := promlint.NewWithMetricFamilies(all).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, problem := range problems {
		t.Errorf("%s: %s", problem.Metric, problem.Text)
	}
	for _, family := range all {
		for _, series := range family.Metric {
			for _, pair := range series.Label {
				if pair.GetValue() == Other {
					t.Errorf("%s has a series with %s=other", family.GetName(), pair.GetName())
				}
			}
		}
	}
}

// Whatever the outside says, the number of series is bounded.
func TestLabelsAreBounded(t *testing.T) {
	t.Parallel()
	m, registry := made(t)
	for i := range 1000 {
		anything := fmt.Sprintf("thing-%d", i)
		m.ARMRequest(anything, anything, i, 0, 0)
		m.VCenterCall(anything, i%2 == 0, i%3 == 0, 0, 1)
		m.LaneWaited(anything, 0)
		m.MoveAttempt(anything, Result(anything))
	}
	for name, family := range gathered(t, registry) {
		if n := len(family.Metric); n > 12 {
			t.Errorf("%s has %d series", name, n)
		}
		for _, series := range family.Metric {
			for _, pair := range series.Label {
				if strings.HasPrefix(pair.GetValue(), "thing-") {
					t.Errorf("%s has %s=%s", name, pair.GetName(), pair.GetValue())
				}
			}
		}
	}
	m.ARMRequest("PUT", "microsoft.avs/PRIVATECLOUDS", 200, 0, 0) // Azure does not keep to a case
	if !strings.Contains(gathered(t, registry)[armRequests.Name].String(), "Microsoft.AVS/privateClouds") {
		t.Error("a type in another case is another type")
	}
}

func TestCodes(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]string{0: "none", 200: "2xx", 204: "2xx", 302: "3xx", 400: "4xx", 401: "401", 409: "409", 412: "4xx", 429: "429",
		500: "5xx", 503: "5xx", 100: Other, 700: Other} {
		if got := codeOf(status); got != want {
			t.Errorf("%d is shown as %s, want %s", status, got, want)
		}
	}
}

// A reconcile whose status was not stored comes to the same end again: it is told once.
func TestAnEndIsToldOnce(t *testing.T) {
	t.Parallel()
	m, registry := made(t)
	var lines []string
	log := funcr.New(func(_, line string) { lines = append(lines, line) }, funcr.Options{})
	op := Operation{
		Kind: "Segment", Object: &v1alpha1.Segment{ObjectMeta: metav1.ObjectMeta{Namespace: "team", Name: "web"}},
		ID: "/subscriptions/s/x", Verb: "PUT", Operation: "one", Attempt: 2, Took: 90 * time.Second,
	}
	m.Sending(log, op)
	if !m.Ended(log, op, Succeeded) || m.Ended(log, op, Failed) {
		t.Error("the second end of an operation is told")
	}
	want := []string{
		`"level"=0 "msg"="Sending a write" "kind"="Segment" "object"={"name"="web" "namespace"="team"} "id"="/subscriptions/s/x" "verb"="PUT" ` +
			`"operation"="one" "attempt"=2`,
		`"level"=0 "msg"="Operation ended" "kind"="Segment" "object"={"name"="web" "namespace"="team"} "id"="/subscriptions/s/x" "verb"="PUT" ` +
			`"operation"="one" "attempt"=2 "result"="Succeeded" "took"=90`,
	}
	if !slices.Equal(lines, want) {
		t.Errorf("the log has\n%s", strings.Join(lines, "\n"))
	}
	if n := gathered(t, registry)[operationsEnded.Name].Metric[0].Counter.GetValue(); n != 1 {
		t.Errorf("%v ends are counted", n)
	}
	for i := range 3 * mostEnded {
		m.Ended(log, Operation{Kind: "Segment", Object: op.Object, Verb: "PUT", Operation: fmt.Sprint(i)}, Succeeded)
	}
	if n := len(m.ended.known); n > mostEnded {
		t.Errorf("%d ends are remembered", n)
	}
}

// The end of a lost write is told, but the record's removal is not stored: the write is needed again, and is sent again with its id. Its end is a new one.
func TestTheEndOfAWriteThatIsSentAgainIsTold(t *testing.T) {
	t.Parallel()
	m, registry := made(t)
	log := funcr.New(func(string, string) {}, funcr.Options{})
	object := &v1alpha1.Segment{ObjectMeta: metav1.ObjectMeta{Namespace: "team", Name: "web"}}
	op := Operation{Kind: "Segment", Object: object, Verb: "PUT", Operation: "again", Attempt: 1}
	m.Sending(log, op)
	if !m.Ended(log, op, Unanswered) || m.Ended(log, op, Unanswered) {
		t.Error("the end of the first attempt is not told once")
	}
	again := op
	again.Attempt = 2
	m.Sending(log, again)
	if !m.Ended(log, again, Succeeded) || m.Ended(log, again, Succeeded) || m.Ended(log, op, Unanswered) {
		t.Error("the end of the second attempt is not told once")
	}
	if n := len(gathered(t, registry)[operationsEnded.Name].Metric); n != 2 {
		t.Errorf("ends with %d results are counted, want Unanswered and Succeeded", n)
	}
	// Where the first end was remembered is used for another; that of the second attempt is remembered as long as all.
	for i := range mostEnded - 1 {
		m.Ended(log, Operation{Kind: "Segment", Object: object, Verb: "PUT", Operation: fmt.Sprint(i)}, Succeeded)
	}
	if m.Ended(log, again, Succeeded) {
		t.Error("the end of the second attempt is forgotten too early")
	}
}

// Every kind's conditions are counted, and no kind can be added without that.
func TestEveryKindIsCounted(t *testing.T) {
	t.Parallel()
	if len(kinds) < 20 || !slices.Contains(kinds, "Segment") || slices.ContainsFunc(kinds, func(k string) bool { return strings.HasSuffix(k, "List") }) {
		t.Fatalf("the kinds are %v", kinds)
	}
	for _, kind := range kinds {
		object, err := scheme().New(v1alpha1.GroupVersion.WithKind(kind))
		if err != nil {
			t.Fatal(err)
		}
		if got := kindOf(object); got != kind {
			t.Errorf("a %s is counted as a %s", kind, got)
		}
		if _, known := object.(inAzure); known {
			continue
		}
		field := fmt.Sprintf("%#v", object)
		if !strings.Contains(field, "Conditions:") {
			continue
		}
		switch object.(type) {
		case *v1alpha1.AzureIdentity, *v1alpha1.VCenter, *v1alpha1.MaintenancePolicy, *v1alpha1.WorkloadMove, *v1alpha1.VirtualMachineMove:
		default:
			t.Errorf("the conditions of %s are not counted: add it to conditionsOf", kind)
		}
	}
	if n := len(lists()); n != len(kinds) {
		t.Errorf("%d lists for %d kinds", n, len(kinds))
	}
}

// The table of reasons is what the page refers to, and words are as Kubernetes wants them.
func TestWords(t *testing.T) {
	t.Parallel()
	word := regexp.MustCompile(`^[A-Z][A-Za-z0-9]+$`)
	for _, list := range [][]string{reasons, conditionTypes} {
		if len(list) == 0 || slices.ContainsFunc(list, func(w string) bool { return !word.MatchString(w) }) {
			t.Errorf("the words are %v", list)
		}
	}
	for _, want := range []string{v1alpha1.ReasonReady, v1alpha1.ReasonDrifted, v1alpha1.ReasonOperationWaits} {
		if !slices.Contains(reasons, want) {
			t.Errorf("%s is no reason", want)
		}
	}
}

// A scrape of thousands of objects is a list of the cache, and as many series as there are kinds of states.
func TestThousandsOfObjectsAreAFewSeries(t *testing.T) {
	t.Parallel()
	many := make([]client.Object, 5000)
	for i := range many {
		segment := &v1alpha1.Segment{ObjectMeta: metav1.ObjectMeta{Namespace: "team", Name: fmt.Sprintf("web%d", i)}}
		segment.Status.Conditions = []metav1.Condition{
			{Type: v1alpha1.ConditionReady, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonReady},
			{Type: v1alpha1.ConditionInSync, Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonDrifted},
		}
		if i%10 == 0 {
			segment.Status.Operation = &v1alpha1.Operation{ID: "one"}
		}
		many[i] = segment
	}
	leading := make(chan struct{})
	close(leading)
	registry := prometheus.NewPedanticRegistry()
	state := State{Cache: inMemory{many}, Leading: leading, Lanes: func(func(string, int, int)) {}}
	if err := state.Register(registry); err != nil {
		t.Fatal(err)
	}
	families := gathered(t, registry)
	if n := len(families[conditions.Name].Metric); n != 2 {
		t.Errorf("the conditions are %d series", n)
	}
	for _, series := range families[conditions.Name].Metric {
		if series.Gauge.GetValue() != 5000 {
			t.Errorf("%v", series)
		}
	}
	if got := families[operationsInFlight.Name].Metric[0].Gauge.GetValue(); got != 500 {
		t.Errorf("%v operations are in flight", got)
	}
}

// inMemory lists objects as the cache does.
type inMemory struct{ objects []client.Object }

func (i inMemory) Get(context.Context, client.ObjectKey, client.Object, ...client.GetOption) error {
	return errors.New("not asked for")
}

func (i inMemory) List(_ context.Context, list client.ObjectList, _ ...client.ListOption) error {
	var items []runtime.Object
	for _, one := range i.objects {
		if kindOf(one)+"List" == kindOf(list) {
			items = append(items, one)
		}
	}
	return meta.SetList(list, items)
}
