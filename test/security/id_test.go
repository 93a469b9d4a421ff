// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package security

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/test/env"
	"github.com/avs-operator/avs-operator/test/harness"
)

// restorer is a client of somebody who may put a namespace's backup back, and nothing else.
func restorer(t *testing.T, namespace string) client.Client {
	t.Helper()
	user := "restorer-" + namespace
	meta := metav1.ObjectMeta{Namespace: namespace, Name: user}
	cluster.Create(t,
		&rbacv1.Role{ObjectMeta: meta, Rules: []rbacv1.PolicyRule{
			{APIGroups: []string{v1alpha1.GroupVersion.Group}, Resources: []string{"*"},
				Verbs: []string{"get", "list", "create", "patch", "update", "delete", "restore"}},
			{APIGroups: []string{""}, Resources: []string{"secrets"}, Verbs: []string{"create", "patch", "restore"}},
		}},
		&rbacv1.RoleBinding{ObjectMeta: meta, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: user},
			Subjects: []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: user}}})
	return like(t, user)
}

// The editor may set what is theirs on an object, and none of the operator's own marks; who may restore brings them along, once.
func TestMarksAreTheOperators(t *testing.T) {
	t.Parallel()
	namespace := cluster.Namespace(t)
	alice, bob := as(t, namespace, editor, "edit"), restorer(t, namespace)
	segment := func(name string, annotations, labels map[string]string) *v1alpha1.Segment {
		return &v1alpha1.Segment{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, Annotations: annotations, Labels: labels},
			Spec: v1alpha1.SegmentSpec{PrivateCloudRef: v1alpha1.ParentReference{Name: "none"}, Subnet: &v1alpha1.SegmentSubnet{GatewayAddress: "10.60.7.1/24"}}}
	}
	mine := segment("mine", map[string]string{v1alpha1.AnnotationConfirmDelete: "mine", v1alpha1.AnnotationReconcileRequestedAt: "now"},
		map[string]string{"team": "web"})
	create(t, alice, mine)
	annotations := []string{v1alpha1.AnnotationAzureID, v1alpha1.AnnotationWritten, v1alpha1.AnnotationRan, v1alpha1.AnnotationVCenterRotation,
		v1alpha1.AnnotationNSXTRotation, v1alpha1.AnnotationScheduled}
	labels := []string{v1alpha1.LabelAzureIDHash, v1alpha1.LabelMove}
	refused := func(doing string, err error, key string, words ...string) {
		t.Helper()
		if !apierrors.IsForbidden(err) && !apierrors.IsInvalid(err) {
			t.Errorf("%s %s: %v", doing, key, err)
			return
		}
		env.Says(t, err.Error(), append(words, "only the operator sets "+key)...)
	}
	patch := func(c client.Client, object client.Object, where, key, value string) error {
		body := fmt.Sprintf(`{"metadata":{%q:{%q:%s}}}`, where, key, value)
		return c.Patch(t.Context(), object, client.RawPatch("application/merge-patch+json", []byte(body)))
	}
	try := func(where, key string, with *v1alpha1.Segment) {
		t.Helper()
		refused("an editor creates with", alice.Create(t.Context(), with.DeepCopy()), key, "leave it out", "the verb restore on segments.avs-operator.io is needed")
		refused("an editor adds", patch(alice, mine.DeepCopy(), where, key, `"x"`), key, "leave it as it is")
		cluster.Eventually(t, patience, "a restore", func(ctx context.Context) error { return bob.Create(ctx, with) })
		refused("an editor changes", patch(alice, with.DeepCopy(), where, key, `"y"`), key, "leave it as it is")
		refused("an editor removes", patch(alice, with.DeepCopy(), where, key, `null`), key)
		refused("an administrator removes", patch(cluster.Admin, with.DeepCopy(), where, key, `null`), key)
		refused("a restorer changes", patch(bob, with.DeepCopy(), where, key, `"y"`), key)
		if err := patch(alice, with, "annotations", v1alpha1.AnnotationConfirmDelete, `"mine"`); err != nil {
			t.Errorf("an edit of what is the user's, beside %s: %v", key, err)
		}
	}
	for i, key := range annotations {
		try("annotations", key, segment(fmt.Sprintf("annotated-%d", i), map[string]string{key: "x"}, nil))
	}
	for i, key := range labels {
		try("labels", key, segment(fmt.Sprintf("labelled-%d", i), nil, map[string]string{key: "x"}))
	}
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "mine"}}
	create(t, alice, secret)
	given := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "given", Labels: map[string]string{v1alpha1.LabelManaged: "true"}}}
	refused("an editor adds", patch(alice, secret, "labels", v1alpha1.LabelManaged, `"true"`), v1alpha1.LabelManaged)
	refused("an editor creates with", alice.Create(t.Context(), given.DeepCopy()), v1alpha1.LabelManaged, "the verb restore on secrets is needed")
	create(t, bob, given)
	refused("an editor removes", patch(alice, given.DeepCopy(), "labels", v1alpha1.LabelManaged, `null`), v1alpha1.LabelManaged)
	for _, key := range []string{v1alpha1.AnnotationAzureID, "avs-operator.io/exported-version", "avs-operator.io/exported-content"} {
		refused("an editor says on a Secret of the operator's", patch(alice, given.DeepCopy(), "annotations", key, `"x"`), key, "leave it as it is")
	}
	if err := patch(alice, given, "labels", "team", `"web"`); err != nil {
		t.Errorf("an edit of another label: %v", err)
	}
}

// Who may even restore, and so write any ARM id into an object of their namespace, has nothing of another namespace written or deleted, whatever
// the kind and the id.
func TestAnIDThatAUserWritesIsNotBelieved(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start(t)
	w.privateCloud(t, w.others, "weu", "10.175.0.0/22")
	in := v1alpha1.ParentReference{Name: "weu"}
	theirs := &v1alpha1.Segment{ObjectMeta: metav1.ObjectMeta{Namespace: w.others, Name: "web"},
		Spec: v1alpha1.SegmentSpec{PrivateCloudRef: in, Subnet: &v1alpha1.SegmentSubnet{GatewayAddress: "10.60.7.1/24"}}}
	cluster.Create(t, theirs)
	cluster.WaitReady(t, theirs)
	w.privateCloud(t, w.theirs, theirCloud, "10.180.0.0/22")
	w.remember(t)

	cloud := w.Azure.PrivateCloudID("weu")
	group := cloud[:strings.Index(cloud, "/providers/")]
	ids := []string{cloud, group, strings.ToUpper(cloud), theirs.Status.ID, cloud + "/clusters/Cluster-1", cloud + "/addons/hcx",
		"/subscriptions/" + w.Azure.SubscriptionID,
		w.Azure.PrivateCloudID(theirCloud) + "/../weu", strings.Repeat("/x", 2048)}
	mallory := restorer(t, w.theirs)
	var made []client.Object
	for i, id := range ids {
		meta := metav1.ObjectMeta{Namespace: w.theirs, Name: fmt.Sprintf("m-%d", i),
			Annotations: map[string]string{v1alpha1.AnnotationAzureID: id, v1alpha1.AnnotationWritten: "true"}, Finalizers: []string{v1alpha1.Finalizer}}
		here := v1alpha1.ParentReference{Name: theirCloud}
		deleted := v1alpha1.AzureSpec{DeletionPolicy: v1alpha1.DeletionPolicyDelete, AdoptionPolicy: v1alpha1.AdoptionPolicyAlways}
		confirmed := *meta.DeepCopy()
		confirmed.Annotations[v1alpha1.AnnotationConfirmDelete], confirmed.Annotations[v1alpha1.AnnotationConfirmMachines] = meta.Name, meta.Name
		private := harness.PrivateCloud(w.theirs, meta.Name)
		private.ObjectMeta, private.Spec.AzureSpec, private.Spec.NetworkBlock = confirmed, deleted, fmt.Sprintf("10.%d.0.0/22", 190+i)
		private.Spec.Suspend = true // none is to be made; what is deleted is another matter
		made = append(made, private,
			&v1alpha1.Segment{ObjectMeta: *meta.DeepCopy(), Spec: v1alpha1.SegmentSpec{AzureSpec: deleted, PrivateCloudRef: here,
				Subnet: &v1alpha1.SegmentSubnet{GatewayAddress: fmt.Sprintf("10.61.%d.1/24", i)}}},
			&v1alpha1.Cluster{ObjectMeta: *confirmed.DeepCopy(),
				Spec: v1alpha1.ClusterSpec{AzureSpec: deleted, PrivateCloudRef: here, SKU: "av36p", ClusterSize: ptr.To[int32](3)}},
			&v1alpha1.MovementRestriction{ObjectMeta: *meta.DeepCopy(),
				Spec: v1alpha1.MovementRestrictionSpec{AzureSpec: deleted, PrivateCloudRef: &here, VirtualMachine: v1alpha1.RestrictedMachine{Name: "none"}}})
	}
	create(t, mallory, made...)
	for _, object := range made {
		if err := mallory.Delete(t.Context(), object); err != nil {
			t.Fatal(err)
		}
	}
	saidOrGone(t, made)
	time.Sleep(500 * time.Millisecond) // half an hour of Azure's
	w.unharmed(t)
	w.discreet(t)
}

// A whole namespace that was lost is put back from a backup, by somebody who may do no more than that: nothing is written to Azure, no script runs
// a second time, and no password is changed.
func TestARestoredBackupWritesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start(t)
	cloud := harness.PrivateCloud(w.theirs, theirCloud)
	cloud.Spec.Credentials = &v1alpha1.PrivateCloudCredentials{SecretName: "admin", VCenterRotation: "one"}
	in := v1alpha1.ParentReference{Name: theirCloud}
	meta := func(name string) metav1.ObjectMeta { return metav1.ObjectMeta{Namespace: w.theirs, Name: name} }
	script := &v1alpha1.ScriptExecution{ObjectMeta: meta("once"), Spec: v1alpha1.ScriptExecutionSpec{
		PrivateCloudRef: in, ScriptPackage: "Microsoft.AVS.Management", ScriptCmdlet: "Get-StoragePolicies", TimeoutSeconds: 900, RetentionSeconds: 3600}}
	segment := &v1alpha1.Segment{ObjectMeta: meta("web"),
		Spec: v1alpha1.SegmentSpec{PrivateCloudRef: in, Subnet: &v1alpha1.SegmentSubnet{GatewayAddress: "10.60.7.1/24"}}}
	second := &v1alpha1.Cluster{ObjectMeta: meta("two"), Spec: v1alpha1.ClusterSpec{PrivateCloudRef: in, SKU: "av36p", ClusterSize: ptr.To[int32](3)}}
	objects := []client.Object{cloud, script, segment, second}
	cluster.Create(t, objects...)
	for _, object := range objects {
		cluster.WaitReady(t, object)
	}
	env.Edit(t, cluster, cloud, func(c *v1alpha1.PrivateCloud) { c.Spec.Credentials.VCenterRotation = "two" })
	rotated := func() error {
		if cloud.Status.Rotations == nil || cloud.Status.Rotations.VCenter != "two" {
			return fmt.Errorf("rotations: %+v", cloud.Status.Rotations)
		}
		return nil
	}
	cluster.WaitFor(t, patience, cloud, "the rotation", rotated)
	cluster.WaitReady(t, cloud)
	w.Operator.Stop(t)
	var backup []client.Object
	for _, object := range append(objects, &corev1.Secret{ObjectMeta: meta("admin")}) {
		backup = append(backup, cluster.Backup(t, object))
	}
	before := w.changes()
	for _, object := range backup {
		cluster.Eventually(t, patience, "the loss of "+object.GetName(), func(ctx context.Context) error {
			lost := object.DeepCopyObject().(client.Object) //nolint:forcetypeassert // a copy of a client.Object is one.
			free := client.RawPatch("application/merge-patch+json", []byte(`{"metadata":{"finalizers":null}}`))
			if err := errors.Join(client.IgnoreNotFound(cluster.Admin.Patch(ctx, lost, free)), client.IgnoreNotFound(cluster.Admin.Delete(ctx, lost))); err != nil {
				return err
			}
			if err := cluster.Admin.Get(ctx, client.ObjectKeyFromObject(object), lost); !apierrors.IsNotFound(err) {
				return fmt.Errorf("it is there: %w", err)
			}
			return nil
		})
	}
	create(t, restorer(t, w.theirs), backup...)
	w.start(t)
	for _, object := range objects[1:] {
		cluster.WaitReady(t, object)
	}
	cluster.WaitFor(t, patience, cloud, "the rotation to be remembered", rotated)
	time.Sleep(500 * time.Millisecond) // half an hour of Azure's
	if after := w.changes(); len(after) != len(before) {
		t.Errorf("after the restore were written:\n%s", strings.Join(after[len(before):], "\n"))
	}
}

// saidOrGone waits until each object that was deleted is gone, or says why not.
func saidOrGone(t *testing.T, made []client.Object) {
	t.Helper()
	for _, object := range made {
		cluster.Eventually(t, patience, "what becomes of "+object.GetName(), func(ctx context.Context) error {
			if err := cluster.Admin.Get(ctx, client.ObjectKeyFromObject(object), object); err != nil {
				return client.IgnoreNotFound(err)
			}
			if len(env.Conditions(object)) == 0 {
				return errors.New("nothing is said yet")
			}
			return nil
		}, object)
	}
}
