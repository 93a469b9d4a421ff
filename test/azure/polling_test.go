// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers"
	"github.com/avs-operator/avs-operator/controllers/azure/kind"
	"github.com/avs-operator/avs-operator/test/armsim"
	"github.com/avs-operator/avs-operator/test/env"
	"github.com/avs-operator/avs-operator/test/harness"
)

// slowChanges make an update last long enough to be seen running.
func slowChanges(c *armsim.Config) {
	c.Durations.Update = armsim.Span{Min: 2 * time.Hour, Max: 2 * time.Hour}
}

// polled counts requests that asked how far an operation is, by the host that was asked; refused are those that Azure did not answer.
func (w *world) polled() (byHost map[string]int, refused []string) {
	byHost = map[string]int{}
	for _, r := range w.Azure.Requests() {
		if polls.MatchString(r.Path) {
			byHost[r.Host]++
			if r.Status >= 400 {
				refused = append(refused, fmt.Sprintf("%s%s?%s: %d", r.Host, r.Path, r.Query, r.Status))
			}
		}
	}
	return byHost, refused
}

// recorded waits until the object has the record of an operation that Azure accepted, and returns it with the object's message.
func recorded(t *testing.T, object kind.Object) (op *v1alpha1.Operation, message string) {
	t.Helper()
	cluster.WaitFor(t, soon, object, "an accepted operation", func() error {
		if op = object.AzureStatus().Operation; op == nil || op.State != v1alpha1.OperationAccepted {
			return errors.New("there is none")
		}
		return nil
	})
	if c := meta.FindStatusCondition(object.AzureStatus().Conditions, v1alpha1.ConditionReady); c != nil {
		message = c.Message
	}
	return op, message
}

// Azure's polling URLs carry the certificate that signs them: some 3,100 characters. They are stored and asked as they were given; one that is
// too long to be stored is not followed, and the resource itself is read.
func TestPollingURLsAreLong(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fast, slowChanges)
	cloud := harness.PrivateCloud(w.Namespace, "weu")
	cluster.Create(t, cloud)
	if op, _ := recorded(t, cloud); len(op.AsyncOperation) < 3000 || !strings.HasPrefix(op.AsyncOperation, "/subscriptions/") {
		t.Errorf("stored %d characters: %.80s", len(op.AsyncOperation), op.AsyncOperation)
	}
	cluster.WaitReady(t, cloud)
	w.Wrote(t, "PUT privateclouds/weu")

	before := 0
	for i, one := range []struct {
		fault  armsim.Fault
		stored int // characters; 0: of the resource itself
	}{
		{armsim.Fault{PollURLBytes: 16384 - 10 + len(w.Azure.URL())}, 16384 - 10},
		{armsim.Fault{PollURLBytes: 20_000}, 0},
		{armsim.Fault{PollHost: "https://management.azure.com.example.org"}, 3000},
	} {
		one.fault.Verb, one.fault.Path = http.MethodPatch, weu
		w.Azure.Inject(one.fault)
		env.Edit(t, cluster, cloud, func(c *v1alpha1.PrivateCloud) {
			c.Spec.Tags = map[string]v1alpha1.TagValue{"round": v1alpha1.TagValue(fmt.Sprint(i))}
		})
		op, message := recorded(t, cloud)
		if one.stored == 0 && (op.AsyncOperation != "" || !strings.HasPrefix(op.Location, w.Azure.PrivateCloudID("weu")+"?")) {
			t.Errorf("%+v: followed at %.80s and %.80s", one.fault, op.AsyncOperation, op.Location)
		}
		if one.stored == 0 && !strings.Contains(message, "no polling URL that can be followed: it is read itself") {
			t.Errorf("%+v: says %q", one.fault, message)
		}
		if one.stored > 0 && (len(op.Location) < one.stored || len(op.Location) > 16384) {
			t.Errorf("%+v: stored %d characters", one.fault, len(op.Location))
		}
		cluster.WaitReady(t, cloud)
		after, refused := w.polled()
		host := strings.TrimPrefix(w.Azure.URL(), "https://")
		if len(after) != 1 || len(refused) > 0 || (after[host] > before) != (one.stored > 0) {
			t.Errorf("%+v: polled %v after %d, refused %v", one.fault, after, before, refused)
		}
		before = after[host]
	}
	w.Wrote(t, "PUT privateclouds/weu", "PATCH privateclouds/weu", "PATCH privateclouds/weu", "PATCH privateclouds/weu")
}

// Azure answers for a region too, and names that host in polling URLs and nextLinks. Below a custom endpoint it gets a token only if the
// administrator says so; else the paths are asked of the endpoint itself.
func TestRegionalHosts(t *testing.T) {
	t.Parallel()
	for name, allowed := range map[string]bool{"allowed": true, "not allowed": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := &world{harness.NewWorld(t, cluster, fast)}
			w.Azure = harness.StartAzure(t, fast, slowChanges, func(c *armsim.Config) {
				c.NoVCenters, c.Name, c.Region, c.PageSize = true, "localhost", "westeurope", 1
			})
			host := strings.TrimPrefix(w.Azure.URL(), "https://")
			w.Options = func(o *controllers.Options) {
				o.Resolve = map[string]string{"localhost": "127.0.0.1", "westeurope.localhost": "127.0.0.1"}
				o.AllowedEndpoints = []string{host}
				if allowed {
					o.AllowedEndpoints = append(o.AllowedEndpoints, "*."+host)
				}
			}
			cluster.Create(t, w.Azure.Identity(w.Namespace)...)
			w.StartOperator(t)
			cloud, other := harness.PrivateCloud(w.Namespace, "weu"), harness.PrivateCloud(w.Namespace, "other")
			other.Spec.NetworkBlock = "10.176.0.0/22"
			cluster.Create(t, cloud, other)
			op, _ := recorded(t, cloud)
			want, kept := host, "/subscriptions/"
			if allowed {
				want, kept = "westeurope."+host, "https://westeurope."+host+"/subscriptions/"
			}
			if !strings.HasPrefix(op.AsyncOperation, kept) {
				t.Errorf("stored %.80s", op.AsyncOperation)
			}
			cluster.WaitReady(t, cloud)
			cluster.WaitReady(t, other)
			if by, refused := w.polled(); len(by) != 1 || by[want] == 0 || len(refused) > 0 {
				t.Errorf("polled %v, refused %v", by, refused)
			}
			cluster.Eventually(t, soon, "a second page", func(context.Context) error {
				for _, r := range w.Azure.Requests() {
					if strings.Contains(r.Query, "skiptoken") && r.Host == want && r.Status == http.StatusOK {
						return nil
					}
				}
				return errors.New("no list was followed to " + want)
			})
		})
	}
}
