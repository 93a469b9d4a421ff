// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package pace measures what it costs to have a private cloud made, at real pace: requests to Azure, writes to the API server, and how soon
// the end is seen.
package pace

import (
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers"
	"github.com/avs-operator/avs-operator/test/armsim"
	"github.com/avs-operator/avs-operator/test/env"
	"github.com/avs-operator/avs-operator/test/harness"
)

var cluster *env.Env

func TestMain(m *testing.M) { harness.Main(m, &cluster, 0) }

// What a create may cost, whatever its length.
const (
	mostRequests = 180
	mostLag      = 90 * time.Second
	mostWrites   = 8
)

// speed is how much faster than real time Azure runs here. What the operator itself takes is not scaled, and is counted as it is.
const speed = 120

// seedsVariable sets how many seeds are tried; make bench tries 20.
const seedsVariable = "AVS_OPERATOR_SEEDS"

// made is one private cloud's way from PUT to Ready.
type made struct {
	azure           *harness.Azure
	namespace       string
	length, lag     time.Duration // of Azure's time
	requests, wrote int
}

func TestPrivateCloudCreateIsCheapAndSeenSoon(t *testing.T) {
	seeds := 4
	if text := os.Getenv(seedsVariable); text != "" {
		var err error
		if seeds, err = strconv.Atoi(text); err != nil {
			t.Fatalf("%s: %v", seedsVariable, err)
		}
	}
	clouds := make([]*made, seeds)
	for i := range clouds {
		azure := harness.StartAzure(t, speed, func(c *armsim.Config) { c.NoVCenters, c.Seed = true, int64(i+1) })
		clouds[i] = &made{azure: azure, namespace: cluster.Namespace(t)}
	}
	harness.StartOperator(t, harness.OperatorOptions{Config: cluster.OperatorConfig(), Speed: speed, Change: func(o *controllers.Options) { o.Namespaces = nil }})
	for _, m := range clouds {
		cloud := harness.PrivateCloud(m.namespace, "weu")
		cloud.Spec.Credentials = &v1alpha1.PrivateCloudCredentials{SecretName: "weu-admin", VCenterRotation: "one"}
		for _, object := range append(m.azure.Identity(m.namespace), cloud) {
			if err := cluster.Admin.Create(t.Context(), object); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, m := range clouds {
		m.follow(t)
	}
	time.Sleep(time.Second) // writes that come late would be counted too
	for i, m := range clouds {
		m.measure(t)
		t.Logf("seed %2d: %s to make, %3d requests from PUT to Ready, Ready %s after the end, %d API server writes",
			i+1, m.length.Round(time.Minute), m.requests, m.lag.Round(time.Second), m.wrote)
		if m.requests > mostRequests || m.lag > mostLag || m.wrote > mostWrites {
			t.Errorf("seed %d: more than %d requests, %s, or %d writes", i+1, mostRequests, mostLag, mostWrites)
		}
	}
}

// follow waits for Ready.
func (m *made) follow(t *testing.T) {
	t.Helper()
	cloud := harness.PrivateCloud(m.namespace, "weu")
	cluster.WaitCondition(t, 7*time.Hour/speed, cloud, v1alpha1.ConditionReady, "True")
}

// measure reads the simulator's log and the API server's audit log.
func (m *made) measure(t *testing.T) {
	t.Helper()
	ready := m.auditedReady(t)
	requests := m.azure.Requests()
	var put, seen time.Time
	var id string
	for _, r := range requests {
		if r.Method == http.MethodPut {
			put, id = r.At, r.RawPath
		}
	}
	end := m.endOf(t, id)
	for _, r := range requests {
		if r.At.Before(put) || r.At.After(ready) {
			continue
		}
		m.requests++
		if seen.IsZero() && r.At.After(end) {
			seen = r.At
		}
	}
	m.length = scaled(end.Sub(put))
	m.lag = scaled(seen.Sub(end)) + ready.Sub(seen) // the wait is Azure's time, the work is ours
}

func scaled(d time.Duration) time.Duration { return time.Duration(float64(d) * speed) }

// endOf is when the private cloud was made, by the simulator's own word: what one client may poll, another may not.
func (m *made) endOf(t *testing.T, id string) time.Time {
	t.Helper()
	body, _ := m.azure.Resource(id)
	system, _ := body["systemData"].(map[string]any)
	text, _ := system["lastModifiedAt"].(string)
	end, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		t.Fatalf("%s does not say when it was made: %v", id, err)
	}
	return end
}

// auditedReady counts the operator's writes for the private cloud, and finds when the last of them, the one that made it Ready, was made.
func (m *made) auditedReady(t *testing.T) time.Time {
	t.Helper()
	entries, err := cluster.ControlPlane.Audit()
	if err != nil {
		t.Fatal(err)
	}
	var last time.Time
	for _, e := range entries {
		if e.User != env.OperatorUser || e.Namespace != m.namespace || e.Verb == "get" || e.Verb == "list" || e.Verb == "watch" ||
			e.Resource == "azureidentities" || e.Resource == "events" && !strings.HasPrefix(e.Name, "weu.") {
			continue
		}
		if e.Code < http.StatusBadRequest { // one that lost a race wrote nothing
			m.wrote++
		}
		if e.Resource == "privateclouds" {
			last = e.Time
		}
	}
	return last
}
