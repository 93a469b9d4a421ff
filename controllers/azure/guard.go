// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/azure/diff"
	"github.com/avs-operator/avs-operator/controllers/ledger"
	"github.com/avs-operator/avs-operator/controllers/outcome"
)

// guard stops what must not be written, and says why.
func (r *Reconciler[T]) guard(ctx context.Context, s *scope[T]) *outcome.Outcome {
	if s.actual != nil {
		s.inSync()
	}
	if o := r.gated(s); o != nil {
		return o
	}
	if s.actual == nil {
		return r.guardAbsent(ctx, s)
	}
	if arm.IsTerminal(s.actual.ProvisioningState()) {
		if o := r.ran(ctx, s, ""); o != nil {
			return o
		}
	}
	s.mending = notMending
	for _, check := range []func(*scope[T]) *outcome.Outcome{r.adoption, r.terminal, r.immutable, r.shrinking} {
		if o := check(s); o != nil {
			return o
		}
	}
	return nil
}

// gated stops a spec with a field whose feature gate is off: as if it were not there would be a guess at what its author accepts instead.
func (r *Reconciler[T]) gated(s *scope[T]) *outcome.Outcome {
	if r.kind.Gated == nil || s.observes() {
		return nil
	}
	field, gate, why := r.kind.Gated(s.obj)
	if field == "" || r.Features.Enabled(gate) {
		return nil
	}
	return outcome.Stall(v1alpha1.ReasonFeatureDisabled, "%s needs the feature gate %s, which is off: %s. Take it out of the spec; nothing is written before", field, gate, why)
}

// inSync says whether Azure equals the spec.
func (s *scope[T]) inSync() {
	if drift := s.stat().Drift; len(drift) > 0 {
		s.fact(v1alpha1.ConditionInSync, false, v1alpha1.ReasonDrifted, s.drifted())
		return
	}
	s.fact(v1alpha1.ConditionInSync, true, v1alpha1.ReasonInSync, "Azure equals the spec")
}

// drifted lists all differences, as people read them. Azure shows no write-only value, so none is called absent.
func (s *scope[T]) drifted() string {
	var parts []string
	for _, item := range s.stat().Drift {
		writeOnly := slices.ContainsFunc(s.secrets, func(one secret) bool { return one.Path == item.Path || strings.HasPrefix(one.Path, item.Path+"/") })
		if writeOnly && item.Actual == "" {
			parts = append(parts, item.Path+" has another value than Azure was given last; Azure shows neither")
			continue
		}
		parts = append(parts, fmt.Sprintf("%s is %s and should be %s", item.Path, orNothing(item.Actual), orNothing(item.Desired)))
	}
	return strings.Join(parts, "; ")
}

func orNothing(value string) string {
	if value == "" {
		return "absent"
	}
	return value
}

// builtIn says that the resource comes with the private cloud.
func (r *Reconciler[T]) builtIn(obj T) bool {
	return r.kind.BuiltIn != nil && r.kind.BuiltIn(obj)
}

// complete has the kind read what a GET does not show. What hinders that is said last: how the resource is matters more.
func (r *Reconciler[T]) complete(ctx context.Context, s *scope[T]) *outcome.Outcome {
	if r.kind.Complete != nil && s.actual != nil && arm.IsTerminal(s.actual.ProvisioningState()) {
		s.incomplete = r.kind.Complete(ctx, r.world(s))
	}
	return nil
}

// whole ends with what complete could not read.
func (r *Reconciler[T]) whole(_ context.Context, s *scope[T]) *outcome.Outcome { return s.incomplete }

// report adds what the kind has to say in conditions of its own.
func (r *Reconciler[T]) report(ctx context.Context, s *scope[T]) *outcome.Outcome {
	if r.kind.Report != nil && s.actual != nil {
		facts, again := r.kind.Report(ctx, r.world(s), time.Now())
		s.facts, s.again = append(s.facts, facts...), again
	}
	return nil
}

// guardAbsent deals with a resource that is not in Azure.
func (r *Reconciler[T]) guardAbsent(ctx context.Context, s *scope[T]) *outcome.Outcome {
	if r.traits.ChangedBy != "" {
		return r.lost(ctx, s)
	}
	if s.observes() {
		s.fact(v1alpha1.ConditionInSync, false, v1alpha1.ReasonNotFoundInAzure, "it is not in Azure")
		return outcome.Wait(v1alpha1.ReasonNotFoundInAzure, "Azure has no %s, and with managementPolicy Observe it is not made", s.id)
	}
	if s.takesOver() && r.hasRun(s) == nil {
		s.fact(v1alpha1.ConditionInSync, false, v1alpha1.ReasonNotFoundInAzure, "it is not in Azure")
		return outcome.Stall(v1alpha1.ReasonNotFoundInAzure,
			"Azure has no %s, and with adoptionPolicy: Takeover nothing is made: correct the name if it is called otherwise there, or take adoptionPolicy out of the spec to have it made", s.id)
	}
	if o := r.hasRun(s); o != nil {
		s.fact(v1alpha1.ConditionInSync, true, v1alpha1.ReasonInSync, "it has run")
		return o
	}
	if r.builtIn(s.obj) {
		s.fact(v1alpha1.ConditionInSync, false, v1alpha1.ReasonNotFoundInAzure, "it is not in Azure yet")
		return outcome.Wait(v1alpha1.ReasonNotFoundInAzure, "it comes with the private cloud and is not there yet; this goes on by itself when it is (%s)", s.id).In(requiredRecheck)
	}
	if r.traits.Expensive && s.adopted() && s.stat().Operation == nil && !creationFailed(s.stat().Failure) {
		if o := r.recreation(s); o != nil {
			s.fact(v1alpha1.ConditionInSync, false, v1alpha1.ReasonNotFoundInAzure, "it is not in Azure any more")
			return o
		}
	}
	s.fact(v1alpha1.ConditionInSync, false, v1alpha1.ReasonNotFoundInAzure, "it is not in Azure yet")
	return nil
}

// recreation decides about what costs much, was there and is gone: it is made again only if somebody who knows that asks for it. What was asked
// before it was found to be gone meant something else.
func (r *Reconciler[T]) recreation(s *scope[T]) *outcome.Outcome {
	asked, name := s.obj.GetAnnotations()[v1alpha1.AnnotationRecreateRequestedAt], s.obj.GetName()
	said := ""
	if gone := meta.FindStatusCondition(s.before.AzureStatus().Conditions, v1alpha1.ConditionReady); asked != "" && gone != nil && gone.Reason == v1alpha1.ReasonNotFoundInAzure {
		at, err := time.Parse(time.RFC3339, asked)
		if err == nil && at.After(gone.LastTransitionTime.Time) {
			return nil
		}
		said = fmt.Sprintf(" (the annotation says %q, which is not a time after %s)", asked, gone.LastTransitionTime.UTC().Format(time.RFC3339))
	}
	if r.kind.Root != nil {
		return outcome.Stall(v1alpha1.ReasonNotFoundInAzure,
			"it is not at %s any more: if it was moved, say where, with spec.subscriptionID and spec.resourceGroup: it is found there with all that is in it. It is not ordered a second time by itself%s; "+
				"if it was deleted, and you do without it: set deletionPolicy: Retain here and in what stands in it, and delete these objects", s.id, said)
	}
	return outcome.Stall(v1alpha1.ReasonNotFoundInAzure,
		"somebody deleted it in Azure: %s was there and is gone. It is not ordered a second time by itself. "+
			"If it is to be made again: kubectl annotate %s %s --namespace %s --overwrite %s=$(date -u +%%FT%%TZ)%s; "+
			"to do without it: set deletionPolicy: Retain here and in what stands in it, and delete these objects",
		s.id, strings.ToLower(r.traits.Name), name, s.obj.GetNamespace(), v1alpha1.AnnotationRecreateRequestedAt, said)
}

// creationFailed says that the resource was never there whole.
func creationFailed(f *v1alpha1.OperationFailure) bool {
	return f != nil && f.Purpose == v1alpha1.OperationCreates
}

// adoption decides about a resource that was in Azure before this object managed it.
func (r *Reconciler[T]) adoption(s *scope[T]) *outcome.Outcome {
	if s.observes() || s.adopted() {
		return r.ownership(s)
	}
	if s.takesOver() {
		return r.takeover(s)
	}
	if r.pristine(s) {
		return nil
	}
	owner, mine := tagOwner(s.actual), r.ownerOf(s.obj)
	switch policy := s.stat().Effective.AdoptionPolicy; {
	case r.traits.Tagged && owner == mine: // ours: a status that was lost
	case r.builtIn(s.obj) && policy != v1alpha1.AdoptionPolicyNever:
	case policy == v1alpha1.AdoptionPolicyAlways:
	case owner != "":
		return outcome.Stall(v1alpha1.ReasonAlreadyManaged, "another object manages it: the tag %s of %s says %s. To take it over, set adoptionPolicy: Takeover, which changes nothing else, after the other has let go", v1alpha1.TagOwner, s.id, owner)
	case policy == v1alpha1.AdoptionPolicyNever:
		return outcome.Stall(v1alpha1.ReasonAdoptionRefused, "it exists in Azure already, and adoptionPolicy is Never: %sallow its adoption (%s)", r.otherName(), s.id)
	case len(s.stat().Drift) > 0:
		return outcome.Stall(v1alpha1.ReasonAdoptionRefused, "it exists in Azure already and differs from the spec: %s. Change the spec to what Azure has, or set adoptionPolicy: Always to have Azure changed (%s)", s.drifted(), s.id)
	}
	return nil
}

// takesOver says that the resource of a lost Kubernetes cluster is to be taken over, and has not been yet.
func (s *scope[T]) takesOver() bool {
	return s.stat().Effective.AdoptionPolicy == v1alpha1.AdoptionPolicyTakeover && !s.adopted() && !s.observes()
}

// takeover takes a resource over that is as the spec says, whoever owned it.
func (r *Reconciler[T]) takeover(s *scope[T]) *outcome.Outcome {
	if len(s.stat().Drift) == 0 {
		return nil
	}
	return outcome.Stall(v1alpha1.ReasonAdoptionRefused,
		"with adoptionPolicy: Takeover nothing is changed, and Azure differs from the spec: %s. Change the spec to what Azure has; edit it again after it has been taken over (%s)", s.drifted(), s.id)
}

// otherName advises another name in Azure, if one can be chosen.
func (r *Reconciler[T]) otherName() string {
	if r.kind.AzureName != nil || r.kind.Locate != nil {
		return ""
	}
	return "choose another azureName, or "
}

// ownership notices that somebody else took a managed resource over.
func (r *Reconciler[T]) ownership(s *scope[T]) *outcome.Outcome {
	owner := tagOwner(s.actual)
	if !r.traits.Tagged || s.observes() || owner == "" || owner == r.ownerOf(s.obj) || s.stat().Effective.AdoptionPolicy == v1alpha1.AdoptionPolicyAlways {
		return nil
	}
	return outcome.Stall(v1alpha1.ReasonAlreadyManaged, "another object has taken it over: the tag %s of %s says %s. Set deletionPolicy: Retain here and in what stands in it, and delete these objects; or set adoptionPolicy: Always to take it back", v1alpha1.TagOwner, s.id, owner)
}

// terminal holds writes back while Azure works on the resource, and from one that only Microsoft can mend.
func (r *Reconciler[T]) terminal(s *scope[T]) *outcome.Outcome {
	state := s.actual.ProvisioningState()
	if !arm.IsTerminal(state) {
		return r.foreign(s, fmt.Sprintf("Azure works on it (%s), and nothing is written before that ends", state)).In(busyRecheck)
	}
	r.memory.do(client.ObjectKeyFromObject(s.obj), func(m *remembered) { m.foreign = time.Time{} })
	if r.kind.Judge != nil {
		return r.kind.Judge(s.obj, s.actual)
	}
	if state != "Failed" {
		return nil
	}
	return r.broken(s)
}

// busyRecheck is a look in case that the list, which normally wakes, may not be read.
var busyRecheck = ledger.Recheck.Bound

// circuit is the ExpressRoute circuit that support asks for.
func (s *scope[T]) circuit() string {
	if s.cloud == nil || s.cloud.Status.Circuit == nil {
		return ""
	}
	return s.cloud.Status.Circuit.ExpressRouteID
}

// immutable refuses what Azure cannot change. A resource that it failed to make is made anew instead.
func (r *Reconciler[T]) immutable(s *scope[T]) *outcome.Outcome {
	if s.observes() {
		return nil
	}
	for _, change := range s.changes {
		if !slices.ContainsFunc(r.traits.Immutable, func(path string) bool { return change.Path == path || strings.HasPrefix(change.Path, path+"/") }) {
			continue
		}
		if s.mending != notMending && r.replaceable(s) {
			s.mending = mendingByReplacing
			return r.mayReplace(s)
		}
		if slices.ContainsFunc(s.secrets, func(one secret) bool { return one.Path == change.Path }) {
			return outcome.Stall(v1alpha1.ReasonImmutableField, "the Secret has another value for %s than Azure was given, and Azure cannot change it: set the Secret back, or make another resource", change.Path)
		}
		return outcome.Stall(v1alpha1.ReasonImmutableField, "Azure has %s for %s and cannot change it to %s: correct the spec, or make another resource", orNothing(asJSON(change.Actual)), change.Path, orNothing(asJSON(change.Desired)))
	}
	return nil
}

// shrinking lets hosts leave only because someone asked. A size above the spec that no new spec explains is reported and left alone: a host
// may be there for maintenance, or because somebody added it in need.
func (r *Reconciler[T]) shrinking(s *scope[T]) *outcome.Outcome {
	if r.kind.Hosts == nil || s.observes() {
		return nil
	}
	asked, applied := r.kind.Hosts.Size(s.obj)
	at := slices.IndexFunc(s.changes, func(c diff.Change) bool { return c.Path == r.kind.Hosts.Path })
	if at < 0 {
		if asked != nil {
			r.kind.Hosts.SetApplied(s.obj, *asked)
		}
		return nil
	}
	actual := s.actual.Int(r.kind.Hosts.Path)
	if asked == nil || actual <= int64(*asked) || applied > *asked {
		return nil
	}
	s.changes = slices.Delete(s.changes, at, at+1)
	s.fact(v1alpha1.ConditionInSync, false, v1alpha1.ReasonHostsAboveSpec, fmt.Sprintf(
		"Azure has %d hosts and the spec asks for %d: hosts leave only when the spec is lowered. Set clusterSize to %d to accept them, or after that to %d to let them go", actual, *asked, actual, *asked))
	return nil
}
