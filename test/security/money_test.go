// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package security

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	autoscalingv1 "k8s.io/api/autoscaling/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers"
	"github.com/avs-operator/avs-operator/controllers/freeze"
	"github.com/avs-operator/avs-operator/test/armsim"
	"github.com/avs-operator/avs-operator/test/env"
	"github.com/avs-operator/avs-operator/test/harness"
)

// One typo orders thirteen hosts, unless an administrator has said how many a namespace may ask for.
func TestANamespaceAsksForNoMoreHostsThanItMay(t *testing.T) {
	t.Parallel()
	free, bound, unclear := cluster.Namespace(t), cluster.Namespace(t), cluster.Namespace(t)
	cloud := func(namespace, name string, size int32) *v1alpha1.PrivateCloud {
		c := harness.PrivateCloud(namespace, name)
		c.Spec.ManagementCluster.ClusterSize, c.Spec.Suspend = size, true
		return c
	}
	large := cloud(bound, "large", 9)
	cluster.Create(t, large)
	limits := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: env.OperatorNamespace, Name: "avs-operator-largest-size"}}
	env.Edit(t, cluster, limits, func(c *corev1.ConfigMap) { c.Data = map[string]string{"_others": "13", bound: "6", unclear: "six"} })
	mallory := as(t, bound, editor)
	beside := &v1alpha1.Cluster{ObjectMeta: metav1.ObjectMeta{Namespace: bound, Name: "beside"}, Spec: v1alpha1.ClusterSpec{
		PrivateCloudRef: v1alpha1.ParentReference{Name: "large"}, SKU: "av36p", ClusterSize: ptr.To[int32](3)}}
	create(t, mallory, beside)
	refused := func(what, words string, do func(context.Context) error) {
		t.Helper()
		cluster.Eventually(t, patience, what+" to be refused", func(ctx context.Context) error { // the API server reads policies about once a second
			if err := do(ctx); err == nil || !strings.Contains(err.Error(), words) {
				return fmt.Errorf("the answer is %w, want %q", errors.Join(errors.New("another"), err), words)
			}
			return nil
		})
	}
	sixteen := "this asks for 16 hosts, and namespace " + bound + " may ask for 6 in one object"
	refused("a private cloud", sixteen, func(ctx context.Context) error {
		return mallory.Create(ctx, cloud(bound, "typo", 16), client.DryRunAll)
	})
	refused("a cluster", sixteen, func(ctx context.Context) error {
		c := beside.DeepCopy()
		c.ResourceVersion, c.Name, c.Spec.ClusterSize = "", "typo", ptr.To[int32](16)
		return mallory.Create(ctx, c, client.DryRunAll)
	})
	refused("an edit", sixteen, func(ctx context.Context) error {
		return mallory.Patch(ctx, beside.DeepCopy(), client.RawPatch("application/merge-patch+json", []byte(`{"spec":{"clusterSize":16}}`)), client.DryRunAll)
	})
	for _, object := range []client.Object{beside.DeepCopy(), large.DeepCopy()} {
		refused("a scale", sixteen, func(ctx context.Context) error {
			scale := &autoscalingv1.Scale{Spec: autoscalingv1.ScaleSpec{Replicas: 16}}
			return mallory.SubResource("scale").Update(ctx, object, client.WithSubResourceBody(scale))
		})
	}
	refused("what no number bounds", "is not a number in ConfigMap", func(ctx context.Context) error {
		return cluster.Admin.Create(ctx, cloud(unclear, "weu", 3), client.DryRunAll)
	})
	refused("more than others may", "may ask for 13", func(ctx context.Context) error {
		return cluster.Admin.Create(ctx, cloud(free, "weu", 14), client.DryRunAll)
	})
	for what, err := range map[string]error{
		"as many as others may": cluster.Admin.Create(t.Context(), cloud(free, "weu", 13), client.DryRunAll),
		"as many as it may":     mallory.Create(t.Context(), cloud(bound, "weu", 6), client.DryRunAll),
		"an edit of a large one": mallory.Patch(t.Context(), large.DeepCopy(),
			client.RawPatch("application/merge-patch+json", []byte(`{"spec":{"tags":{"team":"a"}}}`))),
		"a large one that shrinks": mallory.Patch(t.Context(), large.DeepCopy(),
			client.RawPatch("application/merge-patch+json", []byte(`{"spec":{"managementCluster":{"clusterSize":8}}}`))),
	} {
		if err != nil {
			t.Errorf("%s is refused: %v", what, err)
		}
	}
}

// maxHosts of an identity holds whatever is asked for at once, and whatever was made before.
func TestMaxHostsBoundsTheSum(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	identity := harness.IdentityOf(w.Azure.Identity(w.theirs))
	env.Edit(t, cluster, identity, func(i *v1alpha1.AzureIdentity) { i.Spec.MaxHosts = ptr.To[int32](8) })
	w.start(t)
	all := make([]*v1alpha1.PrivateCloud, 4)
	for i := range all { // all at once, each in a lane of its own
		all[i] = harness.PrivateCloud(w.theirs, fmt.Sprintf("%s-%d", theirCloud, i))
		all[i].Spec.NetworkBlock = fmt.Sprintf("10.%d.0.0/22", 100+i)
		cluster.Create(t, all[i])
	}
	made, refused := settled(t, all)
	if len(made) != 2 || len(refused) != 2 {
		t.Fatalf("%d of four private clouds of three hosts were made with maxHosts 8, want 2", len(made))
	}
	env.Says(t, cluster.WaitStalled(t, refused[0], v1alpha1.ReasonLimitExceeded), "this would have 3 hosts", "has 6 or is being given them: together 9",
		"maxHosts allows 8, 1 fewer")
	// A resize counts what there is, and what is let go without its hosts is still there.
	env.Edit(t, cluster, made[0], func(c *v1alpha1.PrivateCloud) { c.Spec.ManagementCluster.ClusterSize = 6 })
	env.Says(t, cluster.WaitStalled(t, made[0], v1alpha1.ReasonLimitExceeded), "this would have 6 hosts", "has 3 or is being given them: together 9")
	env.Edit(t, cluster, made[0], func(c *v1alpha1.PrivateCloud) { c.Spec.ManagementCluster.ClusterSize = 5 })
	cluster.WaitReady(t, made[0])
	cluster.Delete(t, made[1])
	cluster.WaitGone(t, patience, made[1])
	w.posts(t, refused[0])
	env.Says(t, cluster.WaitStalled(t, refused[0], v1alpha1.ReasonLimitExceeded), "has 8 or is being given them: together 11")
	if n := w.hosts(); n != 8 {
		t.Errorf("Azure has %d hosts, want 8", n)
	}
	env.Edit(t, cluster, identity, func(i *v1alpha1.AzureIdentity) { i.Spec.MaxHosts = ptr.To[int32](11) })
	cluster.Eventually(t, patience, "one more to be made", func(context.Context) error {
		if n := w.hosts(); n != 11 {
			return fmt.Errorf("Azure has %d hosts", n)
		}
		return nil
	})
}

// posts has an object looked at again.
func (w *world) posts(t *testing.T, object *v1alpha1.PrivateCloud) {
	t.Helper()
	word := time.Now().Format(time.RFC3339Nano)
	env.Edit(t, cluster, object, func(c *v1alpha1.PrivateCloud) {
		metav1.SetMetaDataAnnotation(&c.ObjectMeta, v1alpha1.AnnotationReconcileRequestedAt, word)
	})
	cluster.WaitFor(t, patience, object, "another look", func() error {
		if object.Status.LastHandledReconcileAt != word {
			return errNotYet
		}
		return nil
	})
}

// hosts are those that Azure has.
func (w *world) hosts() (sum int) {
	for _, id := range w.Azure.Resources("/") {
		body, _ := w.Azure.Resource(id)
		properties, _ := body["properties"].(map[string]any)
		managed, _ := properties["managementCluster"].(map[string]any)
		if size, ok := managed["clusterSize"].(float64); ok {
			sum += int(size)
		}
	}
	return sum
}

// settled waits until each is Ready or Stalled.
func settled(t *testing.T, all []*v1alpha1.PrivateCloud) (ready, stalled []*v1alpha1.PrivateCloud) {
	t.Helper()
	for _, cloud := range all {
		cluster.WaitFor(t, patience, cloud, "Ready or Stalled", func() error {
			if meta.IsStatusConditionTrue(cloud.Status.Conditions, v1alpha1.ConditionReady) ||
				meta.IsStatusConditionTrue(cloud.Status.Conditions, v1alpha1.ConditionStalled) {
				return nil
			}
			return errNotYet
		})
		if meta.IsStatusConditionTrue(cloud.Status.Conditions, v1alpha1.ConditionReady) {
			ready = append(ready, cloud)
		} else {
			stalled = append(stalled, cloud)
		}
	}
	return ready, stalled
}

// A person on call stops everything with one command, sees it on every object within five seconds, and everything goes on after it.
func TestAFreezeStopsEverything(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *armsim.Config) {
		c.Durations.CreateCluster = armsim.Span{Min: 4 * time.Hour, Max: 4 * time.Hour}
	})
	w.start(t, func(o *controllers.Options) { o.Namespace = w.theirs })
	w.privateCloud(t, w.theirs, theirCloud, "10.175.0.0/22")
	in := v1alpha1.ParentReference{Name: theirCloud}
	named := func(name string) metav1.ObjectMeta { return metav1.ObjectMeta{Namespace: w.theirs, Name: name} }
	segment := func(name, gateway string) *v1alpha1.Segment {
		return &v1alpha1.Segment{ObjectMeta: named(name), Spec: v1alpha1.SegmentSpec{PrivateCloudRef: in, Subnet: &v1alpha1.SegmentSubnet{GatewayAddress: gateway}}}
	}
	leaves := segment("leaves", "10.60.7.1/24")
	growing := &v1alpha1.Cluster{ObjectMeta: named("growing"), Spec: v1alpha1.ClusterSpec{PrivateCloudRef: in, SKU: "av36p", ClusterSize: ptr.To[int32](3)}}
	far := &v1alpha1.VCenter{ObjectMeta: named("far"), Spec: v1alpha1.VCenterSpec{URL: w.host.URL,
		CredentialsRef: &v1alpha1.CredentialsReference{Name: "nobody"}, Trust: &v1alpha1.VCenterTrust{Thumbprint: strings.Repeat("AB:", 31) + "AB"}}}
	cluster.Create(t, leaves, far)
	cluster.WaitReady(t, leaves)
	cluster.Create(t, growing)
	cluster.WaitFor(t, patience, growing, "an operation under way", func() error {
		if op := growing.Status.Operation; op == nil || op.State != v1alpha1.OperationAccepted {
			return errNotYet
		}
		return nil
	})
	stop := &corev1.ConfigMap{ObjectMeta: named(freeze.ConfigMapName), Data: map[string]string{"reason": "incident 42"}}
	cluster.Create(t, stop)
	began := time.Now()
	for _, object := range []client.Object{growing, leaves, far, harness.IdentityOf(w.Azure.Identity(w.theirs)),
		&v1alpha1.PrivateCloud{ObjectMeta: named(theirCloud)}} {
		cluster.WaitFor(t, 5*time.Second-time.Since(began), object, "Frozen", func() error { return isFrozen(t, object) })
	}
	writes := len(w.Azure.Writes())
	cluster.Delete(t, leaves)
	comes := segment("comes", "10.60.8.1/24")
	cluster.Create(t, comes)
	for _, object := range []client.Object{leaves, comes} {
		cluster.WaitFor(t, patience, object, "to wait", func() error {
			c := env.Condition(object, v1alpha1.ConditionReady)
			if c == nil || c.Reason != v1alpha1.ReasonFrozen {
				return fmt.Errorf("Ready is %+v", c)
			}
			env.Says(t, c.Message, "waits: the operator is frozen", "incident 42")
			return nil
		})
	}
	cluster.WaitReady(t, growing) // what runs is followed to its end
	if after := len(w.Azure.Writes()); after != writes {
		t.Errorf("%d writes were sent to Azure while it was frozen", after-writes)
	}
	cluster.Delete(t, stop)
	cluster.WaitGone(t, patience, leaves)
	cluster.WaitReady(t, comes)
	cluster.WaitFor(t, patience, growing, "not Frozen", func() error {
		if isFrozen(t, growing) == nil {
			return errNotYet
		}
		return nil
	})
}

func isFrozen(t *testing.T, object client.Object) error {
	t.Helper()
	if !meta.IsStatusConditionTrue(env.Conditions(object), v1alpha1.ConditionFrozen) {
		return fmt.Errorf("the conditions are %+v", env.Conditions(object))
	}
	return nil
}

// An operator that may not look whether it is frozen is frozen until it may.
func TestAnOperatorThatCannotSeeWhetherItIsFrozenSaysSo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	user := "blind-" + w.theirs
	kubectl := func(args ...string) []byte {
		t.Helper()
		out, err := cluster.ControlPlane.Kubectl(t.Context(), args...)
		if err != nil {
			t.Fatalf("%v: %v\n%s", args, err, out)
		}
		return []byte(out)
	}
	var role rbacv1.ClusterRole
	if err := json.Unmarshal(kubectl("get", "clusterrole", "avs-operator", "-o", "json"), &role); err != nil {
		t.Fatal(err)
	}
	for i, rule := range role.Rules {
		if slices.Contains(rule.Resources, "configmaps") {
			role.Rules[i].Verbs = slices.DeleteFunc(rule.Verbs, func(verb string) bool { return verb == "get" })
		}
	}
	role.ObjectMeta = metav1.ObjectMeta{Name: user}
	object, err := json.Marshal(role)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "role.json")
	if err := os.WriteFile(file, object, 0o600); err != nil {
		t.Fatal(err)
	}
	kubectl("create", "-f", file)
	kubectl("create", "clusterrolebinding", user, "--clusterrole="+user, "--user="+user)
	config := cluster.ControlPlane.AdminConfig()
	config.Impersonate = rest.ImpersonationConfig{UserName: user}
	harness.StartOperator(t, harness.OperatorOptions{Config: config, Speed: speed, Namespace: w.theirs,
		Change: func(o *controllers.Options) { o.Namespace = w.theirs }})
	identity := harness.IdentityOf(w.Azure.Identity(w.theirs))
	cluster.WaitFor(t, patience, identity, "Frozen", func() error {
		c := meta.FindStatusCondition(identity.Status.Conditions, v1alpha1.ConditionFrozen)
		if c == nil || c.Status != metav1.ConditionTrue || !strings.Contains(c.Message, "give its ServiceAccount get on configmaps there") {
			return fmt.Errorf("Frozen is %+v", c)
		}
		return nil
	})
	kubectl("create", "role", user, "--verb=get", "--resource=configmaps", "-n", w.theirs)
	kubectl("create", "rolebinding", user, "--role="+user, "--user="+user, "-n", w.theirs)
	cluster.WaitFor(t, patience, identity, "its thaw", func() error {
		if isFrozen(t, identity) == nil {
			return errNotYet
		}
		return nil
	})
	cluster.WaitReady(t, identity)
}
