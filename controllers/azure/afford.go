// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/azure/decide"
	"github.com/avs-operator/avs-operator/controllers/azure/kind"
	"github.com/avs-operator/avs-operator/controllers/azure/tree"
	"github.com/avs-operator/avs-operator/controllers/connect"
	"github.com/avs-operator/avs-operator/controllers/outcome"
)

// What the hosts of an identity cost is bounded by its maxHosts. The sum is worked out, and the write put on record, by one object of an
// identity at a time: the record has the size that is asked for, so whoever comes next, here or in another process, counts it.

// limitRecheck is a look in case that hosts went where no event tells of it, in Azure's time.
const limitRecheck = 10 * time.Minute

// budgets are the identities whose sum is being worked out.
type budgets struct {
	mu    sync.Mutex
	taken map[types.NamespacedName]bool
}

// take begins a sum; done ends it. Nobody waits inside: a slow Azure of one identity must not hold a worker that another needs.
func (b *budgets) take(identity types.NamespacedName) (done func(), ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.taken[identity] {
		return nil, false
	}
	if b.taken == nil {
		b.taken = map[types.NamespacedName]bool{}
	}
	b.taken[identity] = true
	return func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		delete(b.taken, identity)
	}, true
}

// sized is a kind whose objects have hosts.
type sized struct {
	list func(ctx context.Context) ([]kind.Object, error)
	// cloud is the PrivateCloud that an object is or is in.
	cloud func(kind.Object) types.NamespacedName
}

// countHosts lets the objects of this kind count against the maxHosts of their identity, if they have hosts.
func (r *Reconciler[T]) countHosts() {
	if r.kind.Hosts == nil {
		return
	}
	r.sized = append(r.sized, sized{
		list: func(ctx context.Context) ([]kind.Object, error) { return r.list(ctx, r.Live) },
		cloud: func(object kind.Object) types.NamespacedName {
			if r.kind.Parent != nil {
				if parent := r.kind.Parent(object.(T)).PrivateCloud; parent != nil {
					return tree.KeyOf(object.GetNamespace(), *parent)
				}
			}
			return client.ObjectKeyFromObject(object)
		},
	})
}

// size that a write of the object's own resource asks for, and whether that is more than Azure has.
func (r *Reconciler[T]) size(s *scope[T]) (hosts int32, more bool) {
	if r.kind.Hosts == nil || s.write.Target != "" || s.write.Body == nil {
		return 0, false
	}
	asked := hostsIn(&arm.Resource{Body: s.write.Body}, r.kind.Hosts.Path)
	return asked, asked > hostsIn(s.actual, r.kind.Hosts.Path)
}

// afford holds a write back that would give the identity more hosts than it may have. Nobody else may ask before done.
func (r *Reconciler[T]) afford(ctx context.Context, s *scope[T]) (done func(), o *outcome.Outcome) {
	hosts, more := r.size(s)
	if !more {
		return func() {}, nil
	}
	key := client.ObjectKeyFromObject(s.identity)
	identity := &v1alpha1.AzureIdentity{} // as it is now: a limit that was lowered a moment ago counts
	if err := r.Live.Get(ctx, key, identity); err != nil {
		return nil, outcome.Retry(v1alpha1.ReasonTransient, fmt.Errorf("reading AzureIdentity %s: %w", key, err))
	}
	if identity.Spec.MaxHosts == nil {
		return func() {}, nil
	}
	done, ok := r.budgets.take(key)
	if !ok {
		return nil, outcome.Wait(v1alpha1.ReasonReconciling, "another object with AzureIdentity %s is asking for hosts at this moment, and only one at a time is counted against its maxHosts", key).In(5 * time.Second)
	}
	sum, o := r.hostsOf(ctx, s, key)
	if o == nil {
		o = tooMany(key, sum, hosts, *identity.Spec.MaxHosts)
	}
	if o != nil {
		done()
		return nil, o
	}
	return done, nil
}

// tooMany says by how much the hosts that others have and those that are asked for are too many.
func tooMany(identity types.NamespacedName, others, asked, most int32) *outcome.Outcome {
	over := others + asked - most
	if over <= 0 {
		return nil
	}
	return outcome.Stall(v1alpha1.ReasonLimitExceeded,
		"this would have %d hosts, and all else that is made with AzureIdentity %s has %d or is being given them: together %d, and its spec.maxHosts allows %d, %d fewer. Ask for fewer hosts, or have maxHosts raised",
		asked, identity, others, others+asked, most, over).In(limitRecheck)
}

// hostsOf is how many hosts all else has that is made with an identity: what Azure has, or what a write on record asks for, if that is more. It
// counts private clouds whole, with clusters that nobody here made. One without an object counts if it was made from the identity's namespace:
// whoever deletes an object and keeps its hosts has them still.
func (r *Reconciler[T]) hostsOf(ctx context.Context, s *scope[T], identity types.NamespacedName) (int32, *outcome.Outcome) {
	o, err := r.recorded(ctx, identity)
	if err != nil {
		return 0, outcome.Retry(v1alpha1.ReasonTransient, fmt.Errorf("listing what AzureIdentity %s makes: %w", identity, err))
	}
	hosts, err := r.hostsInAzure(ctx, s, o)
	if err != nil {
		said := connect.OutcomeOf(err)
		said.Message = "how many hosts are made with the identity, whose spec.maxHosts bounds them, cannot be found out, and no more are asked for before it is: " + said.Message
		return 0, said
	}
	for id, asked := range o.pending {
		hosts[id] = max(hosts[id], asked)
	}
	delete(hosts, s.id.Key())
	var sum int32
	for _, n := range hosts {
		sum += n
	}
	return sum, nil
}

// onRecord is what objects here say of an identity's hosts.
type onRecord struct {
	// from is how tags name who made a private cloud from the identity's namespace.
	from string
	// objects are the PrivateClouds of the namespace by ARM id, and whether each is of the identity.
	objects map[string]bool
	// watched are the private clouds of the identity that are only observed, and of the clusters those that have objects.
	watched, clusters map[string]bool
	// pending are the hosts that writes on record ask for, by ARM id, and subscriptions those that the identity's objects are in.
	pending       map[string]int32
	subscriptions map[string]bool
}

// recorded reads what the API server has now.
func (r *Reconciler[T]) recorded(ctx context.Context, identity types.NamespacedName) (*onRecord, error) {
	out := &onRecord{
		from: r.Owner + "/" + identity.Namespace + "/", objects: map[string]bool{}, watched: map[string]bool{}, clusters: map[string]bool{},
		pending: map[string]int32{}, subscriptions: map[string]bool{},
	}
	clouds := &v1alpha1.PrivateCloudList{}
	if err := r.Live.List(ctx, clouds, client.InNamespace(identity.Namespace)); err != nil {
		return nil, err
	}
	uses := map[types.NamespacedName]bool{}
	for i := range clouds.Items {
		cloud := &clouds.Items[i]
		id, mine := keptID(cloud).Key(), connect.IdentityName(cloud.Spec.IdentityRef) == identity.Name
		uses[client.ObjectKeyFromObject(cloud)] = mine
		out.objects[id] = out.objects[id] || mine
		out.watched[id] = mine && cloud.Spec.ManagementPolicy == v1alpha1.ManagementPolicyObserve
	}
	for _, kind := range r.sized {
		objects, err := kind.list(ctx)
		if err != nil {
			return nil, err
		}
		for _, object := range objects {
			id := keptID(object)
			if id == "" || !uses[kind.cloud(object)] {
				continue
			}
			out.clusters[id.Key()], out.subscriptions[id.SubscriptionID()] = true, true
			if op := object.AzureStatus().Operation; op != nil {
				out.pending[id.Key()] = max(out.pending[id.Key()], op.Hosts)
			}
		}
	}
	return out, nil
}

// keptID is the ARM id that an object has, empty if it has none yet. The one in status is the operator's own word.
func keptID(object kind.Object) arm.ID {
	if id := object.AzureStatus().ID; id != "" {
		return arm.ID(id)
	}
	return arm.ID(object.GetAnnotations()[v1alpha1.AnnotationAzureID])
}

// hostsInAzure reads the hosts of an identity, by the ARM id of what has them.
func (r *Reconciler[T]) hostsInAzure(ctx context.Context, s *scope[T], o *onRecord) (map[string]int32, error) {
	out := map[string]int32{}
	o.subscriptions[s.id.SubscriptionID()] = true
	for subscription := range o.subscriptions {
		clouds, err := s.client.List(ctx, arm.ID("/subscriptions/"+subscription+"/providers/Microsoft.AVS/privateClouds"))
		if err != nil {
			return nil, err
		}
		for i := range clouds {
			if err := r.hostsInCloud(ctx, s, o, &clouds[i], out); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

// hostsInCloud adds those of one private cloud: all of them if it was made with the identity, else those of the clusters that were.
func (r *Reconciler[T]) hostsInCloud(ctx context.Context, s *scope[T], o *onRecord, cloud *arm.Resource, out map[string]int32) error {
	id := cloud.ID.Key()
	mine, known := o.objects[id]
	made := strings.HasPrefix(decide.OwnerOf(cloud), o.from)
	whole := mine && (made || !o.watched[id]) || !known && made
	if !whole && !mine {
		return nil
	}
	if whole {
		out[id] = hostsIn(cloud, sizeOfCloud)
	}
	clusters, err := s.client.List(ctx, cloud.ID+"/clusters")
	if err != nil {
		return err
	}
	for i := range clusters {
		if one := &clusters[i]; (whole || o.clusters[one.ID.Key()]) && !strings.EqualFold(one.Name, firstCluster) {
			out[one.ID.Key()] = hostsIn(one, sizeOfCluster)
		}
	}
	return nil
}

// Where ARM has the number of hosts, and the cluster that it counts with the private cloud.
const (
	sizeOfCloud   = "/properties/managementCluster/clusterSize"
	sizeOfCluster = "/properties/clusterSize"
	firstCluster  = "Cluster-1"
)

// hostsIn reads a number of hosts of a body, whether it came from Azure or was made here.
func hostsIn(r *arm.Resource, path string) int32 {
	value, _ := r.Value(path)
	text, err := json.Marshal(value)
	var n int32
	if err != nil || json.Unmarshal(text, &n) != nil {
		return 0
	}
	return n
}
