// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package crash kills the operator around each of its writes, one after the other, through the whole life of a private cloud, and checks that
// the end is the same as without: nothing twice, nothing lost, nothing left behind.
package crash

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers"
	"github.com/avs-operator/avs-operator/test/armsim"
	"github.com/avs-operator/avs-operator/test/env"
	"github.com/avs-operator/avs-operator/test/harness"
)

var cluster *env.Env

func TestMain(m *testing.M) {
	os.Exit(env.Main(m, env.Options{Scheme: controllers.Scheme()}, func(e *env.Env) { cluster = e }))
}

const (
	speed    = 3600
	patience = 90 * time.Second
	// allVariable asks for every crash point instead of a sample.
	allVariable = "AVS_OPERATOR_ALL_CRASH_POINTS"
	sample      = 6 // of how many points one is taken
)

// life is one private cloud's whole life, with an operator that dies once.
type life struct {
	t         *testing.T
	azure     *harness.Azure
	namespace string
	seams     *harness.Seams

	mu       sync.Mutex
	operator *harness.Operator
	restarts int
	over     bool
}

func newLife(t *testing.T, dieAt int, moment harness.Moment) *life {
	span := func(d time.Duration) armsim.Span { return armsim.Span{Min: d, Max: d} }
	l := &life{t: t, namespace: cluster.Namespace(t), azure: harness.StartAzure(t, speed, func(c *armsim.Config) {
		c.NoVCenters = true
		c.Durations = armsim.Durations{CreatePrivateCloud: span(40 * time.Minute), AddHosts: span(20 * time.Minute), Rotate: span(10 * time.Minute), DeletePrivateCloud: span(30 * time.Minute)}
	})}
	l.seams = harness.NewSeams(dieAt, moment, l.restart)
	l.watch()
	l.start(l.seams.Install)
	t.Cleanup(func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.over = true
	})
	return l
}

func (l *life) start(change func(*controllers.Options)) {
	l.operator = harness.StartOperator(l.t, harness.OperatorOptions{Config: cluster.OperatorConfig(), Speed: speed, Namespace: l.namespace, Change: change})
}

// restart starts another process in the place of the dead one.
func (l *life) restart() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.over {
		return
	}
	l.operator.Stop(l.t)
	l.restarts++
	l.start(nil)
}

// run goes through the whole life: made, scaled and rotated, deleted.
func (l *life) run() {
	l.t.Helper()
	cloud := harness.PrivateCloud(l.namespace, "weu")
	cloud.Spec.DeletionPolicy = v1alpha1.DeletionPolicyDelete
	cloud.Spec.Credentials = &v1alpha1.PrivateCloudCredentials{SecretName: "weu-admin", VCenterRotation: "one"}
	cloud.Annotations = map[string]string{v1alpha1.AnnotationConfirmDelete: "weu", v1alpha1.AnnotationConfirmMachines: "weu"}
	objects := l.azure.Identity(l.namespace)
	for _, object := range append(objects, cloud) {
		if err := cluster.Admin.Create(l.t.Context(), object); err != nil {
			l.t.Fatal(err)
		}
	}
	cluster.WaitCondition(l.t, patience, cloud, v1alpha1.ConditionReady, "True")
	base := cloud.DeepCopy()
	cloud.Spec.ManagementCluster.ClusterSize, cloud.Spec.Credentials.VCenterRotation = 4, "two"
	if err := cluster.Admin.Patch(l.t.Context(), cloud, client.MergeFrom(base)); err != nil {
		l.t.Fatal(err)
	}
	cluster.WaitCondition(l.t, patience, cloud, v1alpha1.ConditionReady, "True")
	if cloud.Status.ClusterSize != 4 || cloud.Status.Rotations.VCenter != "two" {
		l.t.Errorf("ready with %d hosts and rotation %q", cloud.Status.ClusterSize, cloud.Status.Rotations.VCenter)
	}
	for _, object := range []client.Object{cloud, objects[2], objects[0], objects[1]} {
		if err := cluster.Admin.Delete(l.t.Context(), object); err != nil {
			l.t.Fatal(err)
		}
	}
	for _, object := range []client.Object{cloud, objects[2], objects[0], objects[1]} {
		cluster.WaitGone(l.t, patience, object)
	}
}

// check compares the end with what must have happened, once each.
func (l *life) check() {
	l.t.Helper()
	if left := l.azure.Resources(l.azure.PrivateCloudID("weu")); len(left) > 0 {
		l.t.Errorf("left in Azure: %v", left)
	}
	accepted, ids := map[string]map[string]bool{}, map[string]int{}
	for _, r := range l.azure.Requests() {
		if r.Method == http.MethodGet || strings.HasSuffix(r.Path, "/token") || strings.HasSuffix(r.Path, "/listadmincredentials") {
			continue
		}
		what := r.Method + r.Path[strings.LastIndex(r.Path, "/weu"):]
		if accepted[what] == nil {
			accepted[what] = map[string]bool{}
		}
		if r.Status/100 == 2 {
			accepted[what][r.CorrelationID] = true
		}
		ids[r.CorrelationID]++
	}
	for _, what := range []string{"PUT/weu", "PATCH/weu", "POST/weu/rotatevcenterpassword", "DELETE/weu"} {
		if n := len(accepted[what]); n != 1 {
			l.t.Errorf("%s took effect as %d operations", what, n)
		}
	}
	if len(accepted) != 4 {
		l.t.Errorf("Azure was asked for more than was wanted: %v", accepted)
	}
}

// watch holds every revision of the private cloud to kstatus' rules, and looks for secrets in it.
func (l *life) watch() {
	w, err := cluster.Admin.Watch(l.t.Context(), &v1alpha1.PrivateCloudList{}, client.InNamespace(l.namespace))
	if err != nil {
		l.t.Fatal(err)
	}
	done := make(chan struct{})
	l.t.Cleanup(func() { w.Stop(); <-done })
	go func() {
		defer close(done)
		for event := range w.ResultChan() {
			if cloud, ok := event.Object.(*v1alpha1.PrivateCloud); ok {
				l.honest(cloud)
			}
		}
	}()
}

func (l *life) honest(cloud *v1alpha1.PrivateCloud) {
	conditions := cloud.Status.Conditions
	reconciling, stalled := meta.FindStatusCondition(conditions, v1alpha1.ConditionReconciling), meta.FindStatusCondition(conditions, v1alpha1.ConditionStalled)
	isReady := meta.IsStatusConditionTrue(conditions, v1alpha1.ConditionReady)
	switch {
	case reconciling != nil && stalled != nil:
		l.t.Errorf("revision %s is both Reconciling and Stalled", cloud.ResourceVersion)
	case isReady && (reconciling != nil || stalled != nil):
		l.t.Errorf("revision %s is Ready and not done", cloud.ResourceVersion)
	case isReady && cloud.Status.Operation != nil:
		l.t.Errorf("revision %s is Ready with an operation in flight", cloud.ResourceVersion)
	case cloud.Status.ObservedGeneration > cloud.Generation:
		l.t.Errorf("revision %s has observed the future", cloud.ResourceVersion)
	}
	content, _ := json.Marshal(cloud)
	if strings.Contains(string(content), harness.ClientSecret) || strings.Contains(strings.ToLower(string(content)), "bearer ") {
		l.t.Errorf("revision %s shows a secret", cloud.ResourceVersion)
	}
}

// TestEveryCrashPoint kills the operator around every write of the life of a private cloud (or a sample of them), at each of three moments.
func TestEveryCrashPoint(t *testing.T) {
	var writes []string
	t.Run("without a crash", func(t *testing.T) {
		l := newLife(t, 0, "")
		l.run()
		l.check()
		writes = l.seams.Writes()
	})
	t.Logf("%d writes:\n  %s", len(writes), strings.Join(writes, "\n  "))
	if len(writes) < 12 {
		t.Fatal("fewer writes than a life has: the seams do not see them all")
	}
	step := sample
	if os.Getenv(allVariable) != "" {
		step = 1
	}
	offset := 0
	for _, moment := range harness.Moments {
		offset += 2
		for n := 1 + offset%step; n <= len(writes); n += step {
			t.Run(fmt.Sprintf("write %d (%s) %s", n, writes[n-1], moment), func(t *testing.T) {
				t.Parallel()
				l := newLife(t, n, moment)
				l.run()
				l.check()
				l.mu.Lock()
				defer l.mu.Unlock()
				if l.restarts == 0 && len(l.seams.Writes()) < n {
					t.Logf("this life had %d writes, as lives differ by one or two status patches", len(l.seams.Writes()))
				} else if l.restarts != 1 {
					t.Errorf("the operator died %d times, so this was no test of it", l.restarts)
				}
			})
		}
	}
}
