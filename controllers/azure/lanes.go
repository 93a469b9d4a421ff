// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/azure/lane"
	"github.com/avs-operator/avs-operator/controllers/azure/recall"
	"github.com/avs-operator/avs-operator/controllers/azure/tree"
	"github.com/avs-operator/avs-operator/controllers/outcome"
)

// holder names an object in the lanes.
func (r *Reconciler[T]) holder(key types.NamespacedName) string {
	return r.kind.Name + "/" + key.String()
}

// objectOf is the object that a holder of the lanes names, if it is of this kind.
func (r *Reconciler[T]) objectOf(holder string) (types.NamespacedName, bool) {
	rest, ok := strings.CutPrefix(holder, r.kind.Name+"/")
	if !ok {
		return types.NamespacedName{}, false
	}
	namespace, name, ok := strings.Cut(rest, "/")
	return types.NamespacedName{Namespace: namespace, Name: name}, ok
}

// releaseLane lets the lane go, or the place in its queue.
func (r *Reconciler[T]) releaseLane(s *scope[T]) {
	s.inLane = false
	r.Lanes.Release(tree.CloudKey(s.id), r.kind.Lane, r.holder(client.ObjectKeyFromObject(s.obj)))
}

// leaveLane gives up what an object had in the lane of a private cloud that it is in no longer: its turn, its waiting, and the resource that the lane
// was told Azure works on, because nobody is left who would say that it is over.
func (r *Reconciler[T]) leaveLane(key types.NamespacedName, cloud, busy string) {
	if cloud == "" {
		return
	}
	r.memory.ForgetConflicts(key, cloud)
	r.Lanes.Release(cloud, r.kind.Lane, r.holder(key))
	if busy != "" {
		r.Lanes.Busy(cloud, r.kind.Lane, busy, "")
	}
}

// markBusy holds the lane while Azure works on a resource that excludes others, whoever began it: the portal, another tool, Azure itself.
func (r *Reconciler[T]) markBusy(s *scope[T]) {
	if r.kind.Lane != lane.Hosts || s.stat().Operation != nil {
		return
	}
	busy, who := "", ""
	if s.actual != nil && !arm.IsTerminal(s.actual.ProvisioningState()) {
		busy, who = s.id.Key(), fmt.Sprintf("Azure itself (%s %s)", r.kind.Name, s.actual.ProvisioningState())
	}
	var was string
	r.memory.Do(client.ObjectKeyFromObject(s.obj), func(m *recall.Object) { was, m.Busy = m.Busy, busy })
	if was != busy || busy != "" {
		r.Lanes.Busy(tree.CloudKey(s.id), r.kind.Lane, s.id.Key(), who)
	}
}

// clearBusy takes back what the lane was told, when the object cannot look any more: nobody else would.
func (r *Reconciler[T]) clearBusy(s *scope[T]) {
	var busy, cloud string
	r.memory.Do(client.ObjectKeyFromObject(s.obj), func(m *recall.Object) {
		busy, cloud = m.Busy, m.Cloud
		m.Busy = ""
	})
	if busy != "" {
		r.Lanes.Busy(cloud, r.kind.Lane, busy, "")
	}
}

// LaneHeld says who has the lane that somebody waits for, and that it takes too long if it does.
func LaneHeld(ticket lane.Ticket, what string) *outcome.Outcome {
	who := ticket.Holder
	if who == "" {
		who = "another object"
	}
	if ticket.Late != "" {
		return outcome.Wait(v1alpha1.ReasonTakesTooLong, "%s waits for its turn in the private cloud: %s is at work there, %s", what, who, ticket.Late)
	}
	return outcome.Wait(v1alpha1.ReasonOperationWaits, "%s waits for its turn in the private cloud: %s is at work there", what, who)
}
