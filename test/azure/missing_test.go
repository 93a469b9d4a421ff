// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/azure/kind"
	"github.com/avs-operator/avs-operator/controllers/ledger"
	"github.com/avs-operator/avs-operator/test/armsim"
	"github.com/avs-operator/avs-operator/test/harness"
)

var (
	clouds        = regexp.MustCompile(`/resourcegroups/.*/privateclouds$`)
	clusters      = regexp.MustCompile(`/privateclouds/weu/clusters$`)
	missedCluster = regexp.MustCompile(`/privateclouds/weu/clusters/weu-2$`)
)

// asks counts the requests of a kind.
func (w *world) asks(verb string, path *regexp.Regexp) (n int) {
	for _, r := range w.Azure.Requests() {
		if r.Method == verb && path.MatchString(r.Path) {
			n++
		}
	}
	return n
}

// stays fails if an object is anything but ready while ok has not been reached.
func stays(t *testing.T, what string, reached func() bool, objects ...kind.Object) {
	t.Helper()
	for end := time.Now().Add(soon); !reached(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("never came: %s", what)
		}
		for _, object := range objects {
			cluster.Get(t, object)
			if c := meta.FindStatusCondition(object.AzureStatus().Conditions, v1alpha1.ConditionReady); c == nil || c.Status != metav1.ConditionTrue ||
				object.AzureStatus().ProvisioningState != "Succeeded" {
				t.Fatalf("before %s, %s is %s, %+v", what, object.GetName(), object.AzureStatus().ProvisioningState, c)
			}
		}
	}
}

// A list without a resource, and one read without it, prove nothing: nobody is told that it is gone, and nothing is made again.
func TestAListWithoutItProvesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 600)
	cloud, second := harness.PrivateCloud(w.Namespace, "weu"), harness.Cluster(w.Namespace, "weu-2", 3)
	cluster.Create(t, cloud, second)
	cluster.WaitReady(t, second)
	cluster.WaitReady(t, cloud)
	writes := len(w.Azure.Writes())
	for _, path := range []*regexp.Regexp{clouds, clusters} {
		w.Azure.Inject(armsim.Fault{Verb: http.MethodGet, Path: path, ListLacks: "^weu", Count: 15})
	}
	for _, path := range []*regexp.Regexp{weu, missedCluster} { // a replica that lags behind
		w.Azure.Inject(armsim.Fault{Verb: http.MethodGet, Path: path, Status: http.StatusNotFound, Code: "ResourceNotFound", Message: "The Resource was not found."})
	}
	lists := w.asks(http.MethodGet, clouds) + 18
	stays(t, "three lists that show it again", func() bool { return w.asks(http.MethodGet, clouds) >= lists }, cloud, second)
	cluster.WaitReady(t, cloud)
	cluster.WaitReady(t, second)
	if left := w.Azure.Faults(); len(left) > 0 {
		t.Errorf("faults that met nothing: %+v", left)
	}
	if got := len(w.Azure.Writes()); got != writes {
		t.Errorf("%d writes, %d before", got, writes)
	}

	// What was deleted is missing at every read: at two of its own, some time apart.
	reads := w.asks(http.MethodGet, missedCluster)
	if err := w.Azure.RemoveInAzure(w.Azure.PrivateCloudID("weu") + "/clusters/weu-2"); err != nil {
		t.Fatal(err)
	}
	cluster.WaitStalled(t, second, v1alpha1.ReasonNotFoundInAzure)
	var first, last time.Time
	for _, r := range w.Azure.Requests() {
		if r.Method == http.MethodGet && missedCluster.MatchString(r.Path) {
			if reads--; reads >= 0 {
				continue
			}
			if last = r.At; first.IsZero() {
				first = r.At
			}
		}
	}
	if apart := last.Sub(first); apart < ledger.Missing.Real(600)-50*time.Millisecond {
		t.Errorf("it was called gone after reads %s apart", apart)
	}
}

// A collection whose list fails, for whatever reason, is read object by object: what changes in Azure is seen, and the conditions are the same.
func TestACollectionThatCannotBeListed(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]armsim.Fault{
		"an error":          {Status: 500, Code: "InternalServerError", Message: "oops"},
		"not found":         {Status: 404, Code: "NotFound", Message: "It could not be found."},
		"bad request":       {Status: 400, Code: "InvalidParameter", Message: "The value is not known."},
		"forbidden":         {Status: 403, Code: "AuthorizationFailed", Message: "The client does not have authorization."},
		"a page of a proxy": {Status: 200, Body: "<html>sign in first</html>"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, fast)
			cloud := harness.PrivateCloud(w.Namespace, "weu")
			cloud.Spec.Internet = "Enabled"
			cluster.Create(t, cloud)
			cluster.WaitReady(t, cloud)
			fault.Verb, fault.Path, fault.Count = http.MethodGet, clouds, -1
			w.Azure.Inject(fault)
			w.Azure.Set(t, cloud.Status.ID, map[string]any{"properties": map[string]any{"internet": "Disabled"}})
			cluster.Eventually(t, soon, "the drift to be mended", func(context.Context) error {
				if got := w.InAzure("", "properties", "internet"); got != "Enabled" {
					return fmt.Errorf("internet is %v", got)
				}
				return nil
			}, cloud)
			cluster.WaitReady(t, cloud)
			inOrder(t, cloud)
		})
	}
}

// inOrder waits for what is said of an object that is fine, whoever learned it.
func inOrder(t *testing.T, object kind.Object) {
	t.Helper()
	cluster.WaitFor(t, soon, object, "CredentialsReady and InSync", func() error {
		for _, condition := range []string{v1alpha1.ConditionCredentialsReady, v1alpha1.ConditionInSync} {
			if !meta.IsStatusConditionTrue(object.AzureStatus().Conditions, condition) {
				return errors.New(condition + " is not True")
			}
		}
		return nil
	})
}

// What a refused read said is taken back by the list that works again, as a read would.
func TestAListSaysThatTheIdentityIsAccepted(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fast)
	cloud := harness.PrivateCloud(w.Namespace, "weu")
	cluster.Create(t, cloud)
	cluster.WaitReady(t, cloud)
	refused := armsim.Fault{Verb: http.MethodGet, Status: 401, Code: "InvalidAuthenticationToken", Message: "The access token is invalid.", Count: -1}
	for _, path := range []*regexp.Regexp{clouds, weu} {
		refused.Path = path
		w.Azure.Inject(refused)
	}
	cluster.WaitFor(t, soon, cloud, "CredentialsReady=False", func() error {
		if !meta.IsStatusConditionFalse(cloud.Status.Conditions, v1alpha1.ConditionCredentialsReady) {
			return errors.New("it is not")
		}
		return nil
	})
	w.Azure.ClearFaults()
	w.Azure.Inject(refused) // reads are refused still; only the list works again
	cluster.WaitReady(t, cloud)
	inOrder(t, cloud)
}
