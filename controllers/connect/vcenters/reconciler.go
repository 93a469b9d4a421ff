// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenters

import (
	"context"
	"crypto/sha1" //nolint:gosec // only how long it is
	"fmt"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/connect/secrets"
	"github.com/avs-operator/avs-operator/controllers/fair"
	"github.com/avs-operator/avs-operator/controllers/outcome"
	"github.com/avs-operator/avs-operator/controllers/status"
	"github.com/avs-operator/avs-operator/controllers/vcenter"
	"github.com/avs-operator/avs-operator/controllers/watch"
)

// +kubebuilder:rbac:groups=avs-operator.io,resources=vcenters,verbs=get;list;watch
// +kubebuilder:rbac:groups=avs-operator.io,resources=vcenters/status,verbs=get;patch
// +kubebuilder:rbac:groups=avs-operator.io,resources=privateclouds,verbs=get;list;watch
// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create;patch

// countPeriod is how often the counts of an inventory reach status at most, in vCenter's time.
const countPeriod = time.Minute

// Workers look at VCenters at once; one namespace holds a few of them.
const (
	workers     = 8
	ofNamespace = 3
)

// Reconciler says in a VCenter's status whether it can be used, and what the account sees there.
type Reconciler struct {
	Client    client.Client
	VCenters  *Pool
	Publisher *status.Publisher
	Pace      outcome.Pace

	mu      sync.Mutex
	counted map[types.NamespacedName]time.Time // when counts were published last
}

// SetupWithManager registers the reconciler, its watches included.
func (r *Reconciler) SetupWithManager(mgr ctrl.Manager) error {
	users := func(kind string) handler.EventHandler {
		return handler.EnqueueRequestsFromMapFunc(func(ctx context.Context, o client.Object) []reconcile.Request {
			using := r.using(ctx, o.GetNamespace(), func(v *v1alpha1.VCenter) bool {
				return secrets.RefersTo(needs(v), secrets.Object{Kind: kind, Name: o.GetName()})
			})
			return secrets.OrHolder(using, o, v1alpha1.FinalizerInUseByMoves)
		})
	}
	err := mgr.GetFieldIndexer().IndexField(context.Background(), &v1alpha1.VirtualMachineMove{}, indexUnderWay, func(o client.Object) []string {
		return underWay(o.(*v1alpha1.VirtualMachineMove))
	})
	if err != nil {
		return fmt.Errorf("indexing VirtualMachineMoves by the VCenters that they need: %w", err)
	}
	queue := fair.New(r, ofNamespace)
	return ctrl.NewControllerManagedBy(mgr).Named("vcenter").
		For(&v1alpha1.VCenter{},
			builder.WithPredicates(predicate.Or(predicate.GenerationChangedPredicate{}, predicate.AnnotationChangedPredicate{}, secrets.FinalizersChanged))).
		Watches(&v1alpha1.VirtualMachineMove{}, handler.EnqueueRequestsFromMapFunc(both), builder.WithPredicates(beginsOrEnds)).
		WatchesMetadata(&corev1.Secret{}, users("Secret")).
		WatchesMetadata(&corev1.ConfigMap{}, users("ConfigMap")).
		Watches(&v1alpha1.PrivateCloud{}, users("PrivateCloud")).
		WatchesRawSource(watch.Source(r.VCenters.Subscribe, r.named)).
		WatchesRawSource(r.Publisher.Freeze.Wakes(mgr.GetClient(), &v1alpha1.VCenterList{})).
		WatchesRawSource(queue.Source()).
		WithOptions(controller.Options{MaxConcurrentReconciles: workers}).
		Complete(queue)
}

// using lists the VCenters of a namespace, or of all, that match.
func (r *Reconciler) using(ctx context.Context, namespace string, match func(*v1alpha1.VCenter) bool) []reconcile.Request {
	list := &v1alpha1.VCenterList{}
	if err := r.Client.List(ctx, list, client.InNamespace(namespace)); err != nil {
		return nil // the cache is not there yet; its first list reconciles them all
	}
	var out []reconcile.Request
	for i := range list.Items {
		if match(&list.Items[i]) {
			out = append(out, reconcile.Request{NamespacedName: client.ObjectKeyFromObject(&list.Items[i])})
		}
	}
	return out
}

// named maps a change to the VCenter that it is about. What a machine does matters to its counts only, which the pass holds back.
func (r *Reconciler) named(change Change) []types.NamespacedName {
	switch {
	case change.Name == "": // the operator began to lead
		// Bounded, because a cache that never syncs, in a process that ends as it begins to lead, would be waited for without end.
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		var out []types.NamespacedName
		for _, request := range r.using(ctx, "", func(*v1alpha1.VCenter) bool { return true }) {
			out = append(out, request.NamespacedName)
		}
		return out
	case change.Change.Kind == vcenter.ChangeTask, change.Change.Kind == vcenter.ChangeFolder, change.Change.Kind == vcenter.ChangeResourcePool:
		return nil
	}
	return []types.NamespacedName{{Namespace: change.Namespace, Name: change.Name}}
}

// Reconcile looks at one VCenter.
func (r *Reconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	object := &v1alpha1.VCenter{}
	if request.Name == "" { // something is held for a VCenter that nobody knows of
		return r.Publisher.Result(r.letGo(ctx, request.Namespace))
	}
	if err := r.Client.Get(ctx, request.NamespacedName, object); apierrors.IsNotFound(err) {
		r.VCenters.Forget(request.NamespacedName)
		r.mu.Lock()
		delete(r.counted, request.NamespacedName)
		r.mu.Unlock()
		return r.Publisher.Result(r.letGo(ctx, request.Namespace))
	} else if err != nil {
		return ctrl.Result{}, err
	}
	waits := r.hold(ctx, object)
	if !object.DeletionTimestamp.IsZero() && len(object.Finalizers) == 0 {
		r.VCenters.Forget(request.NamespacedName)
		return ctrl.Result{}, nil
	}
	before := object.DeepCopy()
	if asked := object.Annotations[v1alpha1.AnnotationReconcileRequestedAt]; asked != object.Status.LastHandledReconcileAt {
		object.Status.LastHandledReconcileAt = asked
		r.VCenters.Hurry(object.UID)
	}
	c, o := r.VCenters.Of(ctx, object)
	report := status.Report{Outcome: o, Facts: append(vcenterFacts(c, o), thumbprint(object.Spec.Trust))}
	var later time.Duration
	if o == nil {
		later = r.observe(object, c)
		report.Outcome = r.VCenters.CheckMigration(ctx, object)
		report.ReadyMessage = fmt.Sprintf("logged in as %s; vCenter %s", c.Username, object.Status.Version)
	}
	if waits != nil {
		report.Outcome = waits
	}
	result, err := r.Publisher.Publish(ctx, status.Subject{
		Before: before, Object: object, Conditions: &object.Status.Conditions, ObservedGeneration: &object.Status.ObservedGeneration,
	}, report)
	if err == nil && result.IsZero() && later > 0 {
		result.RequeueAfter = later
	}
	return result, err
}

// thumbprint warns of a pin for which a second certificate could be made. Azure reports SHA-1 too, and nobody can change that: what it says of a
// private cloud's vCenter is no pin of a user's.
func thumbprint(trust *v1alpha1.VCenterTrust) status.Fact {
	f := status.Fact{Condition: v1alpha1.ConditionThumbprintStrong}
	if trust == nil || trust.Thumbprint == "" {
		return f // it goes
	}
	f.Status, f.Reason, f.Message = metav1.ConditionTrue, v1alpha1.ReasonSHA256, "trust.thumbprint is SHA-256"
	if len(strings.ReplaceAll(trust.Thumbprint, ":", "")) == 2*sha1.Size {
		f.Status, f.Reason = metav1.ConditionFalse, v1alpha1.ReasonSHA1
		f.Message = "trust.thumbprint is SHA-1, for which somebody with the means can make a second certificate: put the SHA-256 there, " +
			"which openssl s_client -connect HOST:443 | openssl x509 -noout -fingerprint -sha256 shows, after comparing it with what the vCenter's administrator says"
	}
	return f
}

// vcenterFacts are what a pass learned about credentials and references: a connection proves both.
func vcenterFacts(c *Connected, o *outcome.Outcome) []status.Fact {
	fact := func(condition, message string) status.Fact {
		return status.Fact{Condition: condition, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonReady, Message: message}
	}
	references := fact(v1alpha1.ConditionReferencesReady, "everything it refers to is there")
	switch {
	case c != nil:
		return []status.Fact{fact(v1alpha1.ConditionCredentialsReady, "vCenter accepts the account"), references}
	case o != nil && o.Condition == v1alpha1.ConditionCredentialsReady:
		return []status.Fact{references}
	}
	return nil
}

// observe takes over what the vCenter says of itself and counts what the account sees, the counts no more often than countPeriod. It
// returns when counts that were held back may be published, 0 if none were.
func (r *Reconciler) observe(object *v1alpha1.VCenter, c *Connected) time.Duration {
	about := c.Client.About()
	s := &object.Status
	s.URL, s.Version, s.InstanceUUID = c.URL, about.Version, about.InstanceUUID
	counts := countsOf(c.Watcher.Inventory())
	if s.Inventory != nil && *s.Inventory == counts {
		return 0
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if wait := time.Until(r.counted[client.ObjectKeyFromObject(object)].Add(r.Pace.Real(countPeriod))); wait > 0 && s.Inventory != nil {
		return wait
	}
	if r.counted == nil {
		r.counted = map[types.NamespacedName]time.Time{}
	}
	r.counted[client.ObjectKeyFromObject(object)] = time.Now()
	s.Inventory = &counts
	return 0
}

// countsOf counts an inventory.
func countsOf(i *vcenter.Inventory) v1alpha1.InventoryCounts {
	counts := v1alpha1.InventoryCounts{
		Hosts: int32(i.Hosts.Len()), Clusters: int32(i.Clusters.Len()),
		Datastores: int32(i.Datastores.Len()), Networks: int32(i.Networks.Len()),
	}
	for _, m := range i.Machines.All() {
		if !m.Template {
			counts.VirtualMachines++
		}
	}
	return counts
}
