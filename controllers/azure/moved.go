// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/azure/body"
	"github.com/avs-operator/avs-operator/controllers/azure/decide"
	"github.com/avs-operator/avs-operator/controllers/azure/recall"
	"github.com/avs-operator/avs-operator/controllers/connect"
	"github.com/avs-operator/avs-operator/controllers/ledger"
	"github.com/avs-operator/avs-operator/controllers/outcome"
)

// People move a private cloud to another subscription or resource group, and Azure then answers for it, and for all that is in it, under other ids.
// The operator does not look for it: the spec says where it is. That is believed when Azure shows it there as this object's and shows nothing where
// it was, and then only status is written. See https://learn.microsoft.com/azure/azure-vmware/move-ea-csp-subscriptions.

// mostFormer bounds the places that status remembers.
const mostFormer = 8

// moved finds the private cloud where the spec says that it is, if that is another place than the recorded one. Until it is found there nothing is
// ordered, at either place. One that is still where it was is left to name, which says that the spec must be set back.
func (r *Reconciler[T]) moved(ctx context.Context, s *scope[T], computed arm.ID) *outcome.Outcome {
	kept := r.recordedID(s.obj)
	if !s.adopted() || s.stat().Operation != nil || kept.Key() == computed.Key() || !r.possible(kept, computed) || !strings.EqualFold(kept.Name(), computed.Name()) {
		return nil
	}
	key := client.ObjectKeyFromObject(s.obj)
	was, err := r.at(ctx, s, kept)
	if err != nil {
		return unsure(err, "whether the private cloud is still at %s cannot be found out", kept)
	}
	if was != nil {
		r.memory.Do(key, func(m *recall.Object) { m.Missing = time.Time{} })
		return nil
	}
	since := r.missingSince(s)
	if since.IsZero() {
		since = time.Now()
		r.memory.Do(key, func(m *recall.Object) { m.Missing = since })
	}
	if left := ledger.Missing.Real(r.Pace) - time.Since(since); left > 0 {
		return outcome.Wait(v1alpha1.ReasonReconciling, "Azure does not show it at %s now: that is read again before it is looked for where the spec says", kept).In(r.Pace.Elapsed(left)).Quietly()
	}
	s.stat().ProvisioningState, s.stat().Drift = "", nil // from here on the API server lets the spec be corrected
	is, err := r.at(ctx, s, computed)
	if err != nil {
		return unsure(err, "the private cloud is not at %s any more, and whether it is at %s, as the spec says, cannot be found out", kept, computed)
	}
	if o := r.isNot(s, kept, computed, is); o != nil {
		s.fact(v1alpha1.ConditionInSync, false, v1alpha1.ReasonNotFoundInAzure, "it is not where the spec says that it is")
		return o
	}
	r.memory.Do(key, func(m *recall.Object) { m.Missing = time.Time{} })
	s.settleAt(kept, computed)
	s.actual, s.observed, s.direct = is, true, true
	s.accepted()
	return nil
}

// at reads a private cloud itself; nil: there is none, or not even its resource group.
func (r *Reconciler[T]) at(ctx context.Context, s *scope[T], id arm.ID) (*arm.Resource, error) {
	found, err := s.client.Get(ctx, id)
	if arm.ClassOf(err) == arm.NotFound {
		return nil, nil
	}
	return found, err
}

// unsure says what an error of Azure's keeps from being known.
func unsure(err error, format string, ids ...any) *outcome.Outcome {
	o := connect.OutcomeOf(err)
	o.Message = fmt.Sprintf(format, ids...) + ": " + o.Message
	return o
}

// isNot says why what is where the spec says is not the private cloud that was moved; nil: it is. The tag that names its owner decides, and the
// network, which no move changes.
func (r *Reconciler[T]) isNot(s *scope[T], kept, computed arm.ID, is *arm.Resource) *outcome.Outcome {
	const advice = "Nothing is ordered or changed. If it was moved, correct subscriptionID and resourceGroup"
	if is == nil {
		return outcome.Stall(v1alpha1.ReasonNotFoundInAzure, "it is not at %s any more, and not at %s either, where the spec says. "+advice, kept, computed)
	}
	owner, mine := decide.OwnerOf(is), r.ownerOf(s.obj)
	if owner != mine {
		return outcome.Stall(v1alpha1.ReasonAlreadyManaged, "it is not at %s any more, and the private cloud at %s, where the spec says, is not this object's: its tag %s is %s and not %s. "+advice,
			kept, computed, v1alpha1.TagOwner, body.OrAbsent(owner), mine)
	}
	if network := s.cloud.Status.NetworkBlock; network != "" && is.String("/properties/networkBlock") != network {
		return outcome.Stall(v1alpha1.ReasonImmutableField, "it is not at %s any more, and at %s, where the spec says, is another private cloud: its network is %s and not %s. "+advice,
			kept, computed, is.String("/properties/networkBlock"), network)
	}
	return nil
}

// settleAt records the new place, and the one before it, by which what is in the private cloud is found. What stands beside it has moved along.
func (s *scope[T]) settleAt(kept, computed arm.ID) {
	status := &s.cloud.Status
	former := slices.DeleteFunc(append(slices.Clone(status.FormerIDs), string(kept)), func(id string) bool { return arm.ID(id).Key() == computed.Key() })
	status.ID, status.FormerIDs = string(computed), former[max(0, len(former)-mostFormer):]
	status.Companion, status.CompanionLifted = s.cloud.Now(status.Companion), s.cloud.Now(status.CompanionLifted)
}

// beingFound holds the deletion of what is in a private cloud that is not where it was while the spec of that says where it is now: there it is still
// to be deleted.
func (r *Reconciler[T]) beingFound(s *scope[T]) *outcome.Outcome {
	if r.kind.Parent == nil || !s.parentMissing || !s.adopted() {
		return nil
	}
	spec, id := &s.cloud.Spec, arm.ID(s.cloud.Status.ID)
	another := func(said, is string) bool { return said != "" && is != "" && !strings.EqualFold(said, is) }
	if !another(spec.SubscriptionID, id.SubscriptionID()) && !another(spec.ResourceGroup, id.ResourceGroup()) {
		return nil
	}
	return outcome.Wait(v1alpha1.ReasonReferenceNotReady, "PrivateCloud %s was moved and is not found yet where its spec says: this is deleted when it is; to leave it in Azure, set deletionPolicy: Retain", s.cloud.Name).
		In(ledger.Recheck.Bound)
}

// renewed is a resource of which the ids in the body are those since its private cloud was moved: Azure may keep what it was once told.
func (s *scope[T]) renewed(actual *arm.Resource) *arm.Resource {
	if actual == nil || s.cloud == nil || len(s.cloud.Status.FormerIDs) == 0 {
		return actual
	}
	out := *actual
	out.Body, _ = renewedIn(actual.Body, s.cloud.Now).(map[string]any)
	return &out
}

// renewedIn copies a body; nobody may change the one that others look at too.
func renewedIn(value any, now func(string) string) any {
	switch at := value.(type) {
	case string:
		return now(at)
	case map[string]any:
		out := make(map[string]any, len(at))
		for key, inner := range at {
			out[key] = renewedIn(inner, now)
		}
		return out
	case []any:
		out := make([]any, len(at))
		for i, inner := range at {
			out[i] = renewedIn(inner, now)
		}
		return out
	}
	return value
}
