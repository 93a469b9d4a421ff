// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package hostlimit holds what is made with an identity within its spec.maxHosts.
package hostlimit

import (
	"context"
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
	"github.com/avs-operator/avs-operator/controllers/connect/identities"
	"github.com/avs-operator/avs-operator/controllers/connect/rulings"
	"github.com/avs-operator/avs-operator/controllers/outcome"
)

// What the hosts of an identity cost is bounded by its maxHosts. The sum is worked out, and the write put on record, by one object of an
// identity at a time: the record has the size that is asked for, so whoever comes next, here or in another process, counts it.

// recheck is a look in case that hosts went where no event tells of it, in Azure's time.
const recheck = 10 * time.Minute

// Limit counts the hosts of identities.
type Limit struct {
	// Live reads the API server itself: what another object put on record a moment ago counts.
	Live client.Reader
	// Owner names this Kubernetes cluster in Azure.
	Owner string
	// Kinds are those whose objects have hosts.
	Kinds []Kind

	mu sync.Mutex
	// counting are the identities whose sum is being worked out.
	counting map[types.NamespacedName]bool
}

// Kind is one whose objects have hosts.
type Kind struct {
	List func(ctx context.Context) ([]kind.Object, error)
	// Cloud is the PrivateCloud that an object is or is in.
	Cloud func(kind.Object) types.NamespacedName
}

// begin a sum; done ends it. Nobody waits inside: a slow Azure of one identity must not hold a worker that another needs.
func (l *Limit) begin(identity types.NamespacedName) (done func(), ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.counting[identity] {
		return nil, false
	}
	if l.counting == nil {
		l.counting = map[types.NamespacedName]bool{}
	}
	l.counting[identity] = true
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		delete(l.counting, identity)
	}, true
}

// Afford holds a write back that would give a resource more hosts than its identity may have. Nobody else may ask before done, which is when the
// write is on record.
func (l *Limit) Afford(ctx context.Context, azure *arm.Client, identity types.NamespacedName, id arm.ID, hosts int32) (done func(), o *outcome.Outcome) {
	now := &v1alpha1.AzureIdentity{} // a limit that was lowered a moment ago counts
	if err := l.Live.Get(ctx, identity, now); err != nil {
		return nil, outcome.Retry(v1alpha1.ReasonTransient, fmt.Errorf("reading AzureIdentity %s: %w", identity, err))
	}
	if now.Spec.MaxHosts == nil {
		return func() {}, nil
	}
	done, ok := l.begin(identity)
	if !ok {
		return nil, outcome.Wait(v1alpha1.ReasonReconciling,
			"another object with AzureIdentity %s is asking for hosts at this moment, and only one at a time is counted against its maxHosts",
			identity).In(5 * time.Second)
	}
	sum, o := l.hostsOf(ctx, azure, id, identity)
	if o == nil {
		o = tooMany(identity, sum, hosts, *now.Spec.MaxHosts)
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
		"this would have %d hosts, and all else that is made with AzureIdentity %s has %d or is being given them: together %d, "+
			"and its spec.maxHosts allows %d, %d fewer. Ask for fewer hosts, or have maxHosts raised",
		asked, identity, others, others+asked, most, over).In(recheck)
}

// hostsOf is how many hosts all else has that is made with an identity: what Azure has, or what a write on record asks for, if that is more. It
// counts private clouds whole, with clusters that nobody here made. One without an object counts if it was made from the identity's namespace:
// whoever deletes an object and keeps its hosts has them still.
func (l *Limit) hostsOf(ctx context.Context, azure *arm.Client, id arm.ID, identity types.NamespacedName) (int32, *outcome.Outcome) {
	o, err := l.recorded(ctx, identity)
	if err != nil {
		return 0, outcome.Retry(v1alpha1.ReasonTransient, fmt.Errorf("listing what AzureIdentity %s makes: %w", identity, err))
	}
	hosts, err := l.hostsInAzure(ctx, azure, id, o)
	if err != nil {
		said := rulings.OfAzure(err)
		said.Message = "how many hosts are made with the identity, whose spec.maxHosts bounds them, cannot be found out, " +
			"and no more are asked for before it is: " + said.Message
		return 0, said
	}
	for other, asked := range o.pending {
		hosts[other] = max(hosts[other], asked)
	}
	delete(hosts, id.Key())
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
func (l *Limit) recorded(ctx context.Context, identity types.NamespacedName) (*onRecord, error) {
	out := &onRecord{
		from: l.Owner + "/" + identity.Namespace + "/", objects: map[string]bool{}, watched: map[string]bool{}, clusters: map[string]bool{},
		pending: map[string]int32{}, subscriptions: map[string]bool{},
	}
	clouds := &v1alpha1.PrivateCloudList{}
	if err := l.Live.List(ctx, clouds, client.InNamespace(identity.Namespace)); err != nil {
		return nil, err
	}
	uses := map[types.NamespacedName]bool{}
	for i := range clouds.Items {
		cloud := &clouds.Items[i]
		id, mine := keptID(cloud).Key(), identities.Name(cloud.Spec.IdentityRef) == identity.Name
		uses[client.ObjectKeyFromObject(cloud)] = mine
		out.objects[id] = out.objects[id] || mine
		out.watched[id] = mine && cloud.Spec.ManagementPolicy == v1alpha1.ManagementPolicyObserve
	}
	for _, counted := range l.Kinds {
		objects, err := counted.List(ctx)
		if err != nil {
			return nil, err
		}
		for _, object := range objects {
			id := keptID(object)
			if id == "" || !uses[counted.Cloud(object)] {
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
func (l *Limit) hostsInAzure(ctx context.Context, azure *arm.Client, id arm.ID, o *onRecord) (map[string]int32, error) {
	out := map[string]int32{}
	o.subscriptions[id.SubscriptionID()] = true
	for subscription := range o.subscriptions {
		clouds, err := azure.List(ctx, arm.ID("/subscriptions/"+subscription+"/providers/Microsoft.AVS/privateClouds"))
		if err != nil {
			return nil, err
		}
		for i := range clouds {
			if err := l.hostsInCloud(ctx, azure, o, &clouds[i], out); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

// hostsInCloud adds those of one private cloud: all of them if it was made with the identity, else those of the clusters that were.
func (l *Limit) hostsInCloud(ctx context.Context, azure *arm.Client, o *onRecord, cloud *arm.Resource, out map[string]int32) error {
	id := cloud.ID.Key()
	mine, known := o.objects[id]
	made := strings.HasPrefix(decide.OwnerOf(cloud), o.from)
	whole := mine && (made || !o.watched[id]) || !known && made
	if !whole && !mine {
		return nil
	}
	if whole {
		out[id] = In(cloud, tree.SizeOfCluster1)
	}
	clusters, err := azure.List(ctx, cloud.ID+"/clusters")
	if err != nil {
		return err
	}
	for i := range clusters {
		if one := &clusters[i]; (whole || o.clusters[one.ID.Key()]) && !strings.EqualFold(one.Name, tree.Cluster1) {
			out[one.ID.Key()] = In(one, tree.SizeOfCluster)
		}
	}
	return nil
}

// In is a number of hosts of a body, whether it came from Azure or was made here.
func In(r *arm.Resource, path string) int32 {
	return int32(max(0, min(r.Int(path), 1<<30))) //nolint:gosec // bounded
}
