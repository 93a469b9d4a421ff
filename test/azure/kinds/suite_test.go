// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package kinds shows what is special about each Azure kind: what it waits for, what it looks up, what it sends, and when it may go. The life
// that all kinds have in common is shown once for all of them elsewhere.
package kinds

import (
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers"
	"github.com/avs-operator/avs-operator/controllers/feature"
	"github.com/avs-operator/avs-operator/test/armsim"
	"github.com/avs-operator/avs-operator/test/env"
	"github.com/avs-operator/avs-operator/test/harness"
	"github.com/avs-operator/avs-operator/test/vcentersim"
)

var cluster *env.Env

func TestMain(m *testing.M) {
	os.Exit(env.Main(m, env.Options{Scheme: controllers.Scheme(), Together: 8}, func(e *env.Env) { cluster = e }))
}

const (
	// soon is how long a test waits.
	soon = 90 * time.Second
	// fast lets an hour of Azure's pass in a second.
	fast = 3600
)

// azureObject is any Azure kind.
type azureObject interface {
	client.Object
	AzureStatus() *v1alpha1.AzureStatus
}

// world is one test's Azure, with a private cloud of its own, and the operator.
type world struct {
	azure     *harness.Azure
	namespace string
	cloud     *v1alpha1.PrivateCloud
	change    func(*controllers.Options)
}

// withFeature is newWorld with a feature gate that is on.
func withFeature(t *testing.T, gates string, speed float64, live bool, change ...func(*v1alpha1.PrivateCloud)) *world {
	t.Helper()
	features, err := feature.Parse(gates)
	if err != nil {
		t.Fatal(err)
	}
	return (&world{change: func(o *controllers.Options) { o.Features = features }}).start(t, speed, live, change...)
}

// newWorld starts an Azure, an operator and, unless change empties its name, a private cloud that is ready.
func newWorld(t *testing.T, speed float64, live bool, change ...func(*v1alpha1.PrivateCloud)) *world {
	t.Helper()
	return (&world{}).start(t, speed, live, change...)
}

func (w *world) start(t *testing.T, speed float64, live bool, change ...func(*v1alpha1.PrivateCloud)) *world {
	t.Helper()
	w.azure, w.namespace = harness.StartAzure(t, speed, func(c *armsim.Config) { c.NoVCenters = !live }), cluster.Namespace(t)
	cluster.Create(t, w.azure.Identity(w.namespace)...)
	harness.StartOperator(t, harness.OperatorOptions{Config: cluster.OperatorConfig(), Speed: speed, Namespace: w.namespace, Change: w.change})
	w.cloud = harness.PrivateCloud(w.namespace, "weu")
	for _, f := range change {
		f(w.cloud)
	}
	cluster.Create(t, w.cloud)
	ready(t, w.cloud)
	return w
}

func (w *world) meta(name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Namespace: w.namespace, Name: name}
}

// usable lets the operator use a Secret that has no type of its own.
func usable(meta metav1.ObjectMeta) metav1.ObjectMeta {
	meta.Labels = map[string]string{v1alpha1.LabelUse: v1alpha1.UseAllowed}
	return meta
}

// inCloud is the reference of a child to the private cloud.
func (w *world) inCloud() v1alpha1.ParentReference { return v1alpha1.ParentReference{Name: "weu"} }

// vcenter is the live vCenter of the private cloud.
func (w *world) vcenter(t *testing.T) *vcentersim.VCenter {
	t.Helper()
	v := w.azure.VCenter(w.azure.PrivateCloudID("weu"))
	if v == nil {
		t.Fatal("the private cloud has no live vCenter")
	}
	return v
}

// inAzure reads a value in Azure below the private cloud; nil if there is none.
func (w *world) inAzure(below string, path ...string) any {
	body, ok := w.azure.Resource(w.azure.PrivateCloudID("weu") + below)
	if !ok {
		return nil
	}
	var here any = body
	for _, part := range path {
		inner, _ := here.(map[string]any)
		here = inner[part]
	}
	return here
}

// writes are what was written to Azure, as "PUT weu/addons/hcx", without the creation of the private cloud.
func (w *world) writes() []string {
	var out []string
	for _, r := range w.azure.Requests() {
		if !slices.Contains([]string{http.MethodPut, http.MethodPatch, http.MethodDelete}, r.Method) {
			continue
		}
		_, path, _ := strings.Cut(strings.ToLower(r.Path), "microsoft.avs/privateclouds/")
		if path != "weu" || r.Method != http.MethodPut || len(out) > 0 {
			out = append(out, r.Method+" "+path)
		}
	}
	return out
}

func (w *world) wrote(t *testing.T, want ...string) {
	t.Helper()
	if got := w.writes(); !slices.Equal(got, want) {
		t.Errorf("written to Azure:\n  %s\nwant:\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

func ready(t *testing.T, one azureObject) {
	t.Helper()
	cluster.WaitFor(t, soon, one, "Ready, for this generation", func() error {
		c := meta.FindStatusCondition(one.AzureStatus().Conditions, v1alpha1.ConditionReady)
		if c == nil || c.Status != metav1.ConditionTrue || c.ObservedGeneration != one.GetGeneration() {
			return fmt.Errorf("Ready is %+v", c)
		}
		return nil
	})
}

// notReady waits for a reason, with words that must be in the message, and returns the message.
func notReady(t *testing.T, one azureObject, reason string, words ...string) string {
	t.Helper()
	message := ""
	cluster.WaitFor(t, soon, one, "reason "+reason, func() error {
		c := meta.FindStatusCondition(one.AzureStatus().Conditions, v1alpha1.ConditionReady)
		if c == nil || c.Status != metav1.ConditionFalse || c.Reason != reason {
			return fmt.Errorf("Ready is %+v", c)
		}
		for _, word := range words {
			if !strings.Contains(c.Message, word) {
				return fmt.Errorf("it does not say %q: %s", word, c.Message)
			}
		}
		message = c.Message
		return nil
	})
	return message
}
