// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/test/armsim"
	"github.com/avs-operator/avs-operator/test/env"
	"github.com/avs-operator/avs-operator/test/harness"
)

var (
	weu   = regexp.MustCompile(`/privateclouds/weu$`)
	polls = regexp.MustCompile(`/operation(statuses|results)/`)
)

// Whatever happens to the answer of a create, Azure gets it done once and the object becomes Ready. The log has a line each time that the create is sent
// and one when it ended.
func TestCreateSurvives(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]armsim.Fault{
		"an answer that was lost":        {Verb: http.MethodPut, Path: weu, When: armsim.After, Drop: true},
		"an answer that was cut":         {Verb: http.MethodPut, Path: weu, When: armsim.After, Truncate: true},
		"a request that was lost":        {Verb: http.MethodPut, Path: weu, When: armsim.Before, Drop: true},
		"an answer without polling URLs": {Verb: http.MethodPut, Path: weu, NoPollingHeaders: true},
		"a resource that cannot be read": {Verb: http.MethodPut, Path: weu, StaleGets: 5},
		"throttling": {Verb: http.MethodPut, Path: weu, Status: 429, Code: "TooManyRequests", Message: "slow down",
			RetryAfter: 40 * time.Second},
		"an error of the server": {Verb: http.MethodPut, Path: weu, Status: 503, Code: "ServiceUnavailable", Message: "later", Count: 2},
		"another operation in flight": {Verb: http.MethodPut, Path: weu, Status: 409, Code: "AnotherOperationInProgress",
			Message: "Another operation on this or dependent resource is in progress.", Count: 2},
		"no capacity for a while": {Verb: http.MethodPut, Path: weu, Status: 409, Code: "Conflict",
			Message: "No capacity for new tenants in westeurope", Count: 2},
		"polls that fail":                   {Verb: http.MethodGet, Path: polls, Status: 500, Code: "InternalServerError", Message: "oops", Count: 4},
		"an operation that Azure forgot":    {Verb: http.MethodGet, Path: polls, Status: 404, Code: "NotFound", Message: "The operation was not found.", Count: -1},
		"a create that was canceled":        {Verb: http.MethodPut, Path: weu, Canceled: true},
		"a create that AVS calls Cancelled": {Verb: http.MethodPut, Path: weu, Cancelled: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := quiet(t, fast)
			log := w.KeepLog()
			w.Azure.Inject(fault)
			cloud := harness.PrivateCloud(w.Namespace, "weu")
			cluster.Create(t, append(w.Azure.Identity(w.Namespace), cloud)...)
			w.StartOperator(t)
			cluster.WaitReady(t, cloud)
			w.oneEffect(t)
			told := harness.Operations(log.String())
			for _, wrong := range harness.MistoldWrites(told, w.Azure.Requests()) {
				t.Error(wrong)
			}
		})
	}
}

// The answer to an update, a deletion or a delete lock is lost. The log has one line when the write is sent and one when it ended.
func TestALostAnswerIsTold(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]armsim.Fault{
		"of an update":     {Verb: http.MethodPatch, Path: regexp.MustCompile("/segments/")},
		"of a deletion":    {Verb: http.MethodDelete, Path: regexp.MustCompile("/segments/")},
		"of a delete lock": {Verb: http.MethodPut, Path: regexp.MustCompile("/locks/")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := quiet(t, fast)
			log := w.KeepLog()
			fault.When, fault.Drop = armsim.After, true
			w.Azure.Inject(fault)
			cloud, segment := harness.PrivateCloud(w.Namespace, "weu"), &v1alpha1.Segment{ObjectMeta: w.Meta("web"), Spec: v1alpha1.SegmentSpec{
				PrivateCloudRef: v1alpha1.ParentReference{Name: "weu"}, Subnet: &v1alpha1.SegmentSubnet{GatewayAddress: "10.60.1.1/24"}}}
			cluster.Create(t, append(w.Azure.Identity(w.Namespace), cloud, segment)...)
			w.StartOperator(t)
			cluster.WaitReady(t, cloud, segment)
			env.Edit(t, cluster, segment, func(s *v1alpha1.Segment) { s.Spec.Subnet.GatewayAddress = "10.60.2.1/24" })
			cluster.WaitReady(t, segment)
			cluster.Remove(t, segment)
			env.Edit(t, cluster, cloud, func(c *v1alpha1.PrivateCloud) { c.Spec.DeleteLock = "Enabled" }) // which holds deletions up
			cluster.WaitReady(t, cloud)
			told := harness.Operations(log.String())
			for _, wrong := range harness.MistoldWrites(told, w.Azure.Requests()) {
				t.Error(wrong)
			}
			lost := slices.IndexFunc(w.Azure.Writes(), func(r armsim.Request) bool { return r.Status == 0 })
			if lost < 0 || w.Azure.Writes()[lost].Method != fault.Verb || len(told[w.Azure.Writes()[lost].CorrelationID]) != 2 {
				t.Errorf("no answer was lost, or its write does not have two lines: %+v", told)
			}
		})
	}
}

// oneEffect fails if Azure was asked for more than one create with a new id after one had been answered or had an effect.
func (w *world) oneEffect(t *testing.T) {
	t.Helper()
	answered := map[string]int{}
	for _, r := range w.Azure.Writes() {
		if r.Method == http.MethodPut && r.Status != 0 {
			answered[r.CorrelationID]++
		}
	}
	for id, n := range answered {
		if n > 1 {
			t.Errorf("operation %s was sent %d times although it was answered: AVS swallows the second", id, n)
		}
	}
}

func TestFailedCreateTellsWhatSupportAsksFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fast)
	w.Azure.Inject(armsim.Fault{Verb: http.MethodPut, Path: weu, OperationFails: true, Code: "ProvisioningFailed", Message: "host esx-1 did not come up"})
	cloud := harness.PrivateCloud(w.Namespace, "weu")
	cluster.Create(t, cloud)
	var message string
	cluster.WaitFor(t, soon, cloud, "the failure", func() error {
		if cloud.Status.Failure == nil {
			return errors.New("no failure yet")
		}
		return nil
	})
	message = cluster.WaitStalled(t, cloud, v1alpha1.ReasonSupportRequired)
	env.Says(t, message, "support request", "host esx-1 did not come up", cloud.Status.Failure.OperationID)
	if id := w.Azure.Writes()[0].CorrelationID; cloud.Status.Failure.OperationID != id {
		t.Errorf("support is told %s, Azure was sent %s", cloud.Status.Failure.OperationID, id)
	}
	time.Sleep(time.Second)
	w.Wrote(t, "PUT privateclouds/weu")
}

func TestRefusalsAreTold(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fault            armsim.Fault
		progress, reason string
		words            []string
	}{
		"a policy": {armsim.Fault{Status: 403, Code: "RequestDisallowedByPolicy", Message: "Resource 'weu' was disallowed by policy 'eu only'."},
			v1alpha1.ConditionStalled, v1alpha1.ReasonPolicyDenied, []string{"eu only", "change the spec or the Azure Policy"}},
		"no rights": {armsim.Fault{Status: 403, Code: "AuthorizationFailed", Message: "The client does not have authorization."},
			v1alpha1.ConditionStalled, v1alpha1.ReasonForbidden, []string{"role Contributor"}},
		"a right": {armsim.Fault{Status: 403, Code: "AuthorizationFailed", Message: "The client 'x' does not have authorization to perform " +
			"action 'Microsoft.AVS/privateClouds/write' over scope '/subscriptions/s/resourceGroups/rg'."}, v1alpha1.ConditionStalled, v1alpha1.ReasonForbidden,
			[]string{"a role with the action Microsoft.AVS/privateClouds/write on /subscriptions/s/resourceGroups/rg"}},
		"disabled": {armsim.Fault{Status: 409, Code: "ReadOnlyDisabledSubscription", Message: "The subscription is disabled and therefore marked as read only."},
			v1alpha1.ConditionStalled, v1alpha1.ReasonSubscriptionDisabled, []string{"Azure has disabled the subscription"}},
		"no such": {armsim.Fault{Status: 404, Code: "SubscriptionNotFound", Message: "The subscription could not be found."}, v1alpha1.ConditionStalled,
			v1alpha1.ReasonSubscriptionNotFound, []string{"correct subscriptionID"}},
		"a version": {armsim.Fault{Status: 400, Code: "NoRegisteredProviderFound", Message: "No registered resource provider found for location 'westeurope' " +
			"and API version '2025-09-01' for type 'privateClouds'. The supported api-versions are '2022-05-01'. The supported locations are 'westeurope'."},
			v1alpha1.ConditionStalled, v1alpha1.ReasonVersionNotOffered, []string{"does not offer the version of the API"}},
		"a lock": {armsim.Fault{Status: 409, Code: "ScopeLocked", Message: "The scope is locked."}, v1alpha1.ConditionStalled,
			v1alpha1.ReasonScopeLocked, []string{"take the lock off"}},
		"quota": {armsim.Fault{Status: 409, Code: "QuotaExceeded", Message: "0 hosts of av36p remain."}, v1alpha1.ConditionStalled,
			v1alpha1.ReasonQuotaExceeded, []string{"0 hosts of av36p remain", "ask for host quota"}},
		"no provider": {armsim.Fault{Status: 409, Code: "MissingSubscriptionRegistration", Message: "not registered"}, v1alpha1.ConditionStalled,
			v1alpha1.ReasonNotRegistered, []string{"az provider register --namespace Microsoft.AVS"}},
		"no capacity": {armsim.Fault{Status: 409, Code: "Conflict", Message: "No capacity for new tenants in westeurope"}, v1alpha1.ConditionReconciling,
			v1alpha1.ReasonInsufficientCapacity, []string{"every half hour"}},
		"a bad value": {armsim.Fault{Status: 400, Code: "InvalidParameter", Message: "The sku av1 is not known."}, v1alpha1.ConditionStalled,
			v1alpha1.ReasonInvalidSpec, []string{"The sku av1 is not known.", "change the spec"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, 60)
			c.fault.Verb, c.fault.Path, c.fault.Count = http.MethodPut, weu, -1
			w.Azure.Inject(c.fault)
			cloud := harness.PrivateCloud(w.Namespace, "weu")
			cluster.Create(t, cloud)
			env.Says(t, cluster.WaitProgress(t, cloud, c.progress, c.reason), c.words...)
			time.Sleep(time.Second)
			if n := len(w.Azure.Writes()); n > 1 {
				t.Errorf("asked %d times within a minute of Azure's", n)
			}
		})
	}
}

func TestMissingResourceGroupIsWaitedFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fast, func(c *armsim.Config) { c.ResourceGroups[0].Name = "another" })
	cloud := harness.PrivateCloud(w.Namespace, "weu")
	cluster.Create(t, cloud)
	env.Says(t, cluster.WaitReconciling(t, cloud, v1alpha1.ReasonReferenceNotFound), harness.ResourceGroup, "create it, or correct the name")
	w.Wrote(t)
}

// The operator is stopped at any moment and started again: one create, one scale, one rotation.
func TestRestartsInTheMiddle(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1200)
	cloud := harness.PrivateCloud(w.Namespace, "weu")
	cloud.Spec.Credentials = &v1alpha1.PrivateCloudCredentials{VCenterRotation: "one"}
	cluster.Create(t, cloud)
	for _, pause := range []time.Duration{0, 150 * time.Millisecond, 2 * time.Second} {
		time.Sleep(pause)
		w.Operator.Stop(t)
		w.StartOperator(t)
	}
	cluster.WaitReady(t, cloud)
	env.Edit(t, cluster, cloud, func(c *v1alpha1.PrivateCloud) {
		c.Spec.ManagementCluster.ClusterSize, c.Spec.Credentials.VCenterRotation = 4, "two"
	})
	for range 3 {
		time.Sleep(300 * time.Millisecond)
		w.Operator.Stop(t)
		w.StartOperator(t)
	}
	cluster.WaitReady(t, cloud)
	w.Wrote(t, "PUT privateclouds/weu", "PATCH privateclouds/weu", "POST privateclouds/weu/rotatevcenterpassword")
}

// A status that a backup did not bring back: nothing is made or rotated a second time.
func TestLostStatusRepeatsNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fast)
	cloud := harness.PrivateCloud(w.Namespace, "weu")
	cloud.Spec.Credentials = &v1alpha1.PrivateCloudCredentials{VCenterRotation: "one"}
	cluster.Create(t, cloud)
	cluster.WaitReady(t, cloud)
	env.Edit(t, cluster, cloud, func(c *v1alpha1.PrivateCloud) { c.Spec.Credentials.VCenterRotation = "two" })
	cluster.WaitReady(t, cloud)
	want := len(w.Azure.Writes())
	w.Operator.Stop(t)
	base := cloud.DeepCopy()
	cloud.Status = v1alpha1.PrivateCloudStatus{}
	if err := cluster.Admin.Status().Patch(t.Context(), cloud, client.MergeFrom(base)); err != nil {
		t.Fatal(err)
	}
	w.StartOperator(t)
	cluster.WaitReady(t, cloud)
	if got := len(w.Azure.Writes()); got != want {
		t.Errorf("%d writes before the status was lost, %d after", want, got)
	}
	if cloud.Status.Rotations == nil || cloud.Status.Rotations.VCenter != "two" {
		t.Errorf("rotations: %+v", cloud.Status.Rotations)
	}
}

// Wrong credentials are tried once, and not again before ten minutes of Azure's have passed; a corrected Secret is tried at once.
func TestWrongCredentialsAreTriedOnce(t *testing.T) {
	t.Parallel()
	w := quiet(t, 60)
	objects := w.Azure.Identity(w.Namespace)
	secret := harness.ClientSecretOf(objects)
	secret.StringData["clientSecret"] = "wrong"
	cluster.Create(t, objects...)
	w.StartOperator(t)
	cloud, identity := harness.PrivateCloud(w.Namespace, "weu"), harness.IdentityOf(objects)
	cluster.Create(t, cloud)
	env.Says(t, cluster.WaitStalled(t, cloud, v1alpha1.ReasonCredentialsInvalid), "AADSTS7000215", "correct the credential")
	cluster.WaitCondition(t, soon, identity, v1alpha1.ConditionReady, "False")
	logins := func() (n int) {
		for _, r := range w.Azure.Requests() {
			if strings.HasSuffix(r.Path, "/oauth2/v2.0/token") {
				n++
			}
		}
		return n
	}
	env.Edit(t, cluster, cloud, func(c *v1alpha1.PrivateCloud) { c.Annotations[v1alpha1.AnnotationReconcileRequestedAt] = "now" })
	time.Sleep(2 * time.Second) // two minutes of Azure's
	if n := logins(); n != 1 {
		t.Errorf("the refused secret was tried %d times", n)
	}
	cluster.Eventually(t, soon, "the second attempt after ten minutes", func(context.Context) error {
		if n := logins(); n < 2 {
			return fmt.Errorf("%d logins", n)
		}
		return nil
	})
	if first, second := w.loginTimes(); second.Sub(first) < 10*time.Second {
		t.Errorf("the second attempt came after %s, which is %s of Azure's time", second.Sub(first), 60*second.Sub(first))
	}
	cluster.Get(t, secret)
	secret.StringData = map[string]string{"clientSecret": harness.ClientSecret}
	if err := cluster.Admin.Update(t.Context(), secret); err != nil {
		t.Fatal(err)
	}
	cluster.WaitReady(t, identity)
	cluster.Eventually(t, soon, "the creation", func(context.Context) error {
		if len(w.Azure.Writes()) == 0 {
			return errors.New("nothing was written")
		}
		return nil
	})
	w.Wrote(t, "PUT privateclouds/weu")
}

// loginTimes are those of the first two attempts to log in.
func (w *world) loginTimes() (first, second time.Time) {
	for _, r := range w.Azure.Requests() {
		if !strings.HasSuffix(r.Path, "/oauth2/v2.0/token") {
			continue
		}
		if first.IsZero() {
			first = r.At
		} else if second.IsZero() {
			second = r.At
		}
	}
	return first, second
}

func TestReferencesThatAreMissing(t *testing.T) {
	t.Parallel()
	w := quiet(t, fast)
	w.StartOperator(t)
	cloud := harness.PrivateCloud(w.Namespace, "weu")
	cluster.Create(t, cloud)
	env.Says(t, cluster.WaitReconciling(t, cloud, v1alpha1.ReasonReferenceNotFound), "AzureIdentity", w.Namespace+"/default")
	objects := w.Azure.Identity(w.Namespace)
	cluster.Create(t, objects[2]) // the identity, without its Secret and CA
	cluster.Eventually(t, soon, "the missing Secret to be named", func(context.Context) error {
		if message := cluster.WaitReconciling(t, cloud, v1alpha1.ReasonReferenceNotFound); !strings.Contains(message, "azure-client-secret") {
			return errors.New(message)
		}
		return nil
	})
	cluster.Create(t, objects[0], objects[1])
	cluster.WaitReady(t, cloud)
}
