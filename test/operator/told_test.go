// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package operator

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/metrics"
	"github.com/avs-operator/avs-operator/test/armsim"
	"github.com/avs-operator/avs-operator/test/harness"
)

// scraper is the token of an account that may read the metrics.
func scraper(t *testing.T, namespace string) string {
	t.Helper()
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "prometheus"}}
	cluster.Create(t, account, &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: "prometheus-" + namespace},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "avs-operator-metrics-reader"},
		Subjects:   []rbacv1.Subject{{Kind: "ServiceAccount", Namespace: namespace, Name: account.Name}},
	})
	request := &authenticationv1.TokenRequest{}
	if err := cluster.Admin.SubResource("token").Create(t.Context(), account, request); err != nil {
		t.Fatal(err)
	}
	return request.Status.Token
}

// scrape reads the metrics as Prometheus does.
func scrape(p *harness.Process, token string) (string, map[string]*dto.MetricFamily, error) {
	code, body, err := get("https://"+p.Metrics+"/metrics", token)
	if err != nil || code != http.StatusOK {
		return "", nil, fmt.Errorf("answered %d: %w", code, err)
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(body))
	return body, families, err
}

// value sums the series of a family that have all these labels.
func value(family *dto.MetricFamily, labels map[string]string) (sum float64) {
	for _, series := range family.GetMetric() {
		left := len(labels)
		for _, pair := range series.Label {
			if labels[pair.GetName()] == pair.GetValue() {
				left--
			}
		}
		if left == 0 {
			sum += series.GetCounter().GetValue() + series.GetGauge().GetValue() + float64(series.GetHistogram().GetSampleCount())
		}
	}
	return sum
}

// quick lets Azure's operations take a minute or two.
func quick(c *armsim.Config) {
	c.NoVCenters, c.RetryAfter = true, 5*time.Second
	long := armsim.Span{Min: 2 * time.Minute, Max: 2 * time.Minute}
	c.Durations = armsim.Durations{CreatePrivateCloud: long, DeletePrivateCloud: long, Network: armsim.Span{Min: time.Minute, Max: time.Minute}}
}

// announced is a policy for a maintenance that Azure announces and that it schedules.
func announced(t *testing.T, azure *harness.Azure, cloud *v1alpha1.PrivateCloud) *v1alpha1.MaintenancePolicy {
	t.Helper()
	if _, err := azure.Announce(cloud.Status.ID, armsim.Maintenance{Name: "esx", Estimated: time.Hour}); err != nil {
		t.Fatal(err)
	}
	policy := &v1alpha1.MaintenancePolicy{ObjectMeta: metav1.ObjectMeta{Namespace: cloud.Namespace, Name: "nights"}, Spec: v1alpha1.MaintenancePolicySpec{
		PrivateCloudRef: v1alpha1.ParentReference{Name: cloud.Name}, Windows: []v1alpha1.Window{{Schedule: "0 1 * * *", DurationSeconds: 7200}}}}
	cluster.Create(t, policy)
	return policy
}

// The operator lets a private cloud and a segment be made, mends drift, schedules a maintenance, meets a refusal, deletes the segment and moves two
// machines. Then the log
// has one line for each write that was sent and one for the end of its operation, the metrics are those of the catalogue with the values that it
// has, and neither holds a secret or a name.
func TestItTellsWhatItDoes(t *testing.T) {
	t.Parallel()
	azure := harness.StartAzure(t, roundSpeed, quick)
	s := newStage(t, v1alpha1.MoveMethodCold, 2)
	s.programme.Spec.Power.PowerOff = v1alpha1.PowerOffGuestThenHard
	azure.Inject(armsim.Fault{Verb: "PUT", Path: regexp.MustCompile("/segments/"), Status: http.StatusServiceUnavailable, Code: "ServiceUnavailable",
		Message: "later", Count: 1})
	p := s.start(t)
	cloud := harness.PrivateCloud(s.Namespace, "weu-cloud")
	segment := &v1alpha1.Segment{ObjectMeta: metav1.ObjectMeta{Namespace: s.Namespace, Name: "web-net"}, Spec: v1alpha1.SegmentSpec{
		PrivateCloudRef: v1alpha1.ParentReference{Name: cloud.Name}, Subnet: &v1alpha1.SegmentSubnet{GatewayAddress: "10.60.1.1/24"}}}
	cluster.Create(t, append(azure.Identity(s.Namespace), cloud, segment, s.programme)...)
	cluster.WaitCondition(t, 3*time.Minute, segment, v1alpha1.ConditionReady, "True")

	if err := azure.SetInAzure(segment.Status.ID,
		map[string]any{"properties": map[string]any{"subnet": map[string]any{"gatewayAddress": "10.60.9.1/24"}}}); err != nil {
		t.Fatal(err)
	}
	cluster.WaitReady(t, cloud)
	policy := announced(t, azure, cloud)

	changed := func(method string) (n int) {
		for _, r := range azure.Requests() {
			if r.Method == method && strings.Contains(r.Path, "/segments/") {
				n++
			}
		}
		return n
	}
	cluster.Eventually(t, time.Minute, "the drift being mended", func(ctx context.Context) error {
		if changed(http.MethodPatch) == 0 {
			return errors.New("no PATCH yet")
		}
		return nil
	})
	cluster.WaitCondition(t, 3*time.Minute, segment, v1alpha1.ConditionInSync, "True")
	cluster.WaitCondition(t, 3*time.Minute, s.programme, v1alpha1.ConditionComplete, "True")
	cluster.WaitReady(t, policy)
	token := scraper(t, s.Namespace)
	_, before, err := scrape(p, token)
	if err != nil {
		t.Fatal(err)
	}
	cluster.Delete(t, segment)
	cluster.Eventually(t, 3*time.Minute, "the segment being gone", func(ctx context.Context) error {
		if err := cluster.Admin.Get(ctx, client.ObjectKeyFromObject(segment), segment); !apierrors.IsNotFound(err) {
			return fmt.Errorf("it is there: %w", err)
		}
		return nil
	})

	everyWriteHasItsLines(t, p, azure)
	body, families, err := scrape(p, token)
	if err != nil {
		t.Fatal(err)
	}
	withinTheCatalogue(t, families)
	for _, want := range []struct {
		families map[string]*dto.MetricFamily
		name     string
		labels   map[string]string
		least    float64
	}{
		{families, "arm_requests_total", map[string]string{"verb": "PUT", "resource_type": "Microsoft.AVS/privateClouds", "code": "2xx"}, 1},
		{families, "arm_requests_total", map[string]string{"verb": "PUT",
			"resource_type": "Microsoft.AVS/privateClouds/workloadNetworks/segments", "code": "5xx"}, 1},
		{families, "arm_request_duration_seconds", map[string]string{"verb": "POLL"}, 1},
		{families, "entra_token_requests_total", map[string]string{"result": "Succeeded"}, 1},
		{families, "vcenter_calls_total", map[string]string{"method": "RelocateVM_Task", "result": "Succeeded"}, 2},
		{families, "vcenter_logins_total", map[string]string{"result": "Succeeded"}, 2},
		{families, "vcenter_object_updates_total", nil, 2},
		{families, "operations_started_total", map[string]string{"kind": "Segment", "verb": "PUT"}, 2},
		{families, "operations_ended_total", map[string]string{"kind": "Segment", "verb": "PUT", "result": "Refused"}, 1},
		{families, "operations_ended_total", map[string]string{"kind": "Segment", "verb": "DELETE", "result": "Succeeded"}, 1},
		{families, "operations_ended_total", map[string]string{"kind": "MaintenancePolicy", "verb": "POST", "result": "Succeeded"}, 1},
		{families, "operations_ended_total", map[string]string{"kind": "VirtualMachineMove", "verb": "Relocate", "result": "Succeeded"}, 2},
		{families, "operations_ended_total", map[string]string{"kind": "VirtualMachineMove", "verb": "PowerOn", "result": "Succeeded"}, 2},
		{families, "operation_duration_seconds", map[string]string{"kind": "PrivateCloud", "verb": "PUT"}, 1},
		{families, "drift_found_total", map[string]string{"kind": "Segment"}, 1},
		{families, "machine_moves", map[string]string{"method": "Cold", "step": "Moved"}, 2},
		{families, "machine_move_attempts_total", map[string]string{"method": "Cold", "result": "Succeeded"}, 2},
		{families, "machine_moved_bytes_total", map[string]string{"method": "Cold"}, 1},
		{before, "conditions", map[string]string{"kind": "Segment", "condition": "Ready", "status": "True", "reason": "Ready"}, 1},
		{families, "conditions", map[string]string{"kind": "PrivateCloud", "condition": "Ready", "status": "True"}, 1},
	} {
		if got := value(want.families["avs_operator_"+want.name], want.labels); got < want.least {
			t.Errorf("%s%v is %v, want at least %v", want.name, want.labels, got, want.least)
		}
	}
	if got := value(families["avs_operator_operations_in_flight"], nil); got != 0 {
		t.Errorf("%v operations are in flight when all have ended", got)
	}
	ours := strings.Join(slices.DeleteFunc(strings.Split(body, "\n"), func(line string) bool { return !strings.Contains(line, "avs_operator_") }), "\n")
	for _, name := range []string{s.Namespace, "web-0", cloud.Name, segment.Name, s.Source.URL(), azure.SubscriptionID, harness.ResourceGroup} {
		if strings.Contains(ours, name) {
			t.Errorf("the metrics name %s", name)
		}
	}
	nsxt, _ := azure.Secret(cloud.Status.ID, "/properties/nsxtPassword")
	vcenter, _ := azure.Secret(cloud.Status.ID, "/properties/vcenterPassword")
	for _, secret := range []string{harness.ClientSecret, s.Source.Password(), s.Target.Password(), nsxt, vcenter, token} {
		if secret != "" && strings.Contains(body+p.Log(), secret) {
			t.Errorf("the log or the metrics hold the secret %s", secret)
		}
	}
}

// everyWriteHasItsLines holds the lines of the log to what Azure saw, and to each other, and to the writes that the test is about.
func everyWriteHasItsLines(t *testing.T, p *harness.Process, azure *harness.Azure) {
	t.Helper()
	operations := harness.Operations(p.Log())
	for _, wrong := range harness.MistoldWrites(operations, azure.Requests()) {
		t.Error(wrong)
	}
	byKind := map[string]int{}
	for _, lines := range operations {
		byKind[lines[0].Kind+" "+lines[0].Verb]++
	}
	for _, want := range []string{
		"PrivateCloud PUT", "Segment PUT", "Segment PATCH", "Segment DELETE", "MaintenancePolicy POST",
		"VirtualMachineMove ShutdownGuest", "VirtualMachineMove Relocate", "VirtualMachineMove PowerOn",
	} {
		if byKind[want] == 0 {
			t.Errorf("no operation %s is in the log: %v", want, slices.Sorted(maps.Keys(byKind)))
		}
	}
}

// withinTheCatalogue holds every metric of ours to its declaration.
func withinTheCatalogue(t *testing.T, families map[string]*dto.MetricFamily) {
	t.Helper()
	declared := map[string]*metrics.Metric{}
	for _, metric := range metrics.Catalogue {
		declared[metric.Name] = metric
	}
	for name, family := range families {
		if !strings.HasPrefix(name, "avs_operator_") {
			continue
		}
		metric := declared[name]
		if metric == nil {
			t.Errorf("%s is not in the catalogue", name)
			continue
		}
		for _, series := range family.Metric {
			for _, pair := range series.Label {
				at := slices.IndexFunc(metric.Labels, func(l metrics.Label) bool { return l.Name == pair.GetName() })
				if at < 0 || !slices.Contains(metric.Labels[at].Values, pair.GetValue()) {
					t.Errorf("%s has %s=%s, which the catalogue does not have: %v", name, pair.GetName(), pair.GetValue(), series.Label)
				}
			}
		}
	}
}
