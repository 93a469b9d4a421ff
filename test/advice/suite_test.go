// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package advice

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/azure/kind"
	"github.com/avs-operator/avs-operator/test/armsim"
	"github.com/avs-operator/avs-operator/test/env"
	"github.com/avs-operator/avs-operator/test/harness"
)

var cluster *env.Env

func TestMain(m *testing.M) { harness.Main(m, &cluster, 12) }

// fast lets an hour of Azure's pass in a second: what is looked at again within the hour is looked at within a second.
const fast = 3600

// world is the one Azure, namespace and operator in which all walks are made, each with objects of its own.
type world struct {
	*harness.World
	blocks atomic.Int64
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{World: harness.NewWorld(t, cluster, fast)}
	w.StartAzure(t, harness.Quickly, func(c *armsim.Config) { c.Subscriptions[0].HostQuota = map[string]int{"av36p": 1000} })
	w.StartOperator(t)
	return w
}

// cloud is a private cloud of its own addresses.
func (w *world) cloud(name string) *v1alpha1.PrivateCloud {
	c := harness.PrivateCloud(w.Namespace, name)
	c.Spec.NetworkBlock = fmt.Sprintf("10.%d.0.0/22", 20+w.blocks.Add(1))
	return c
}

// deletable is one that is deleted in Azure with its object.
func (w *world) deletable(name string) *v1alpha1.PrivateCloud {
	c := w.cloud(name)
	c.Spec.DeletionPolicy = v1alpha1.DeletionPolicyDelete
	c.Annotations = map[string]string{v1alpha1.AnnotationConfirmDelete: name, v1alpha1.AnnotationConfirmMachines: name}
	return c
}

// key is an ExpressRoute authorization, the smallest thing that stands in a private cloud.
func (w *world) key(name, cloud string) *v1alpha1.ExpressRouteAuthorization {
	return &v1alpha1.ExpressRouteAuthorization{ObjectMeta: w.Meta(name),
		Spec: v1alpha1.ExpressRouteAuthorizationSpec{PrivateCloudRef: v1alpha1.ParentReference{Name: cloud}}}
}

// zone is a DNS zone, something with values that can be changed.
func (w *world) zone(name, cloud, server string) *v1alpha1.DNSZone {
	return &v1alpha1.DNSZone{ObjectMeta: w.Meta(name), Spec: v1alpha1.DNSZoneSpec{
		PrivateCloudRef: v1alpha1.ParentReference{Name: cloud}, Domain: []string{name + ".example.com"}, DNSServerIPs: []string{server},
	}}
}

// identity makes another identity, with a Secret of its own.
func (w *world) identity(t *testing.T, name string, change func(*v1alpha1.AzureIdentity, *corev1.Secret)) *v1alpha1.AzureIdentity {
	t.Helper()
	objects := w.Azure.Identity(w.Namespace)
	identity, secret := harness.IdentityOf(objects), harness.ClientSecretOf(objects)
	identity.Name, secret.Name, identity.Spec.ClientSecretRef.Name = name, name, name
	if change != nil {
		change(identity, secret)
	}
	cluster.Create(t, secret, identity)
	return identity
}

// id is the ARM id of what stands in a private cloud.
func (w *world) id(cloud, below string) string { return w.Azure.PrivateCloudID(cloud) + below }

func state(is string) map[string]any {
	return map[string]any{"properties": map[string]any{"provisioningState": is}}
}

// leave makes what an object asks for, and lets the object go without it.
func (w *world) leave(t *testing.T, object kind.Object) {
	t.Helper()
	object.AzureSpec().DeletionPolicy = v1alpha1.DeletionPolicyRetain
	cluster.Create(t, object)
	cluster.WaitReady(t, object)
	cluster.Delete(t, object)
	gone(t, object)
}

// told waits until an object is not Ready for the reason, with all the words, and returns the message.
func told(t *testing.T, object client.Object, reason string, words ...string) string {
	t.Helper()
	return toldIn(t, v1alpha1.ConditionReady, object, reason, words...)
}

// badly are ways to say something that leave people alone: what came first hides the rest, names are left out, or a child of what waits for a
// person says that it goes on by itself.
var badly = regexp.MustCompile(`^(?:[A-Z]+ )?/subscriptions/|\band \d+ more\b|not ready yet; this goes on by itself`)

func toldIn(t *testing.T, condition string, object client.Object, reason string, words ...string) string {
	t.Helper()
	message := cluster.WaitSays(t, object, condition, metav1.ConditionFalse, reason, words...)
	if bad := badly.FindString(message); bad != "" {
		t.Errorf("%T %s says %q in %q", object, object.GetName(), bad, message)
	}
	return message
}

func gone(t *testing.T, objects ...client.Object) {
	t.Helper()
	for _, object := range objects {
		cluster.WaitGone(t, env.Patience, object)
	}
}

// retain does what frees a deletion.
func retain(t *testing.T, object kind.Object) {
	t.Helper()
	env.Edit(t, cluster, object, func(o kind.Object) { o.AzureSpec().DeletionPolicy = v1alpha1.DeletionPolicyRetain })
}

// strip takes an object away as somebody does who loses patience with its finalizers.
func strip(t *testing.T, object client.Object) {
	t.Helper()
	cluster.Eventually(t, env.Patience, "its end", func(ctx context.Context) error {
		patch := client.RawPatch("application/merge-patch+json", []byte(`{"metadata":{"finalizers":null}}`))
		if err := cluster.Admin.Patch(ctx, object, patch); client.IgnoreNotFound(err) != nil {
			return err
		}
		err := cluster.Admin.Get(ctx, client.ObjectKeyFromObject(object), object)
		if err == nil {
			return errors.New("it is still there")
		}
		return client.IgnoreNotFound(err)
	})
}

// kubectl runs the command that a message has.
func kubectl(t *testing.T, message string, pattern string) {
	t.Helper()
	found := regexp.MustCompile(`kubectl (` + pattern + `)`).FindStringSubmatch(message)
	if found == nil {
		t.Fatalf("the message has no command: %s", message)
	}
	if out, err := cluster.ControlPlane.Kubectl(t.Context(), strings.Fields(found[1])...); err != nil {
		t.Fatalf("%s: %v\n%s", found[0], err, out)
	}
}
