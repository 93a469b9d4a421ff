// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package decide

import (
	"fmt"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/azure/body"
	"github.com/avs-operator/avs-operator/controllers/azure/diff"
	"github.com/avs-operator/avs-operator/controllers/azure/kind"
	"github.com/avs-operator/avs-operator/controllers/outcome"
)

// admit stops what must not be written, and says why.
func (s Situation[T]) admit(d *Decision) {
	if d.Stop = s.gated(); d.Stop != nil {
		return
	}
	if s.Actual == nil {
		s.admitAbsent(d)
		return
	}
	for _, check := range []func(*Decision) *outcome.Outcome{s.adoption, s.atRest, s.immutable, s.hosts} {
		if d.Stop = check(d); d.Stop != nil || d.Busy != "" {
			return
		}
	}
}

// gated stops a spec with a field whose feature gate is off: as if it were not there would be a guess at what its author accepts instead.
func (s Situation[T]) gated() *outcome.Outcome {
	if s.Kind.Gated == nil || s.observes() {
		return nil
	}
	field, gate, why := s.Kind.Gated(s.Object)
	if field == "" || s.Features != nil && s.Features.Enabled(gate) {
		return nil
	}
	return outcome.Stall(v1alpha1.ReasonFeatureDisabled,
		"%s needs the feature gate %s, which is off: %s. Take it out of the spec; nothing is written before", field, gate, why)
}

// adoption decides about a resource that was in Azure before this object managed it.
func (s Situation[T]) adoption(d *Decision) *outcome.Outcome {
	if s.observes() || s.adopted() {
		return s.ownership()
	}
	if s.takesOver() {
		return s.takeover(d)
	}
	if Pristine(s.Kind.Traits, s.Actual) {
		return nil
	}
	owner := OwnerOf(s.Actual)
	switch policy := s.stat().Effective.AdoptionPolicy; {
	case s.Kind.Tagged && owner == s.Owner: // ours: a status that was lost
	case s.builtIn() && policy != v1alpha1.AdoptionPolicyNever:
	case policy == v1alpha1.AdoptionPolicyAlways:
	case owner != "":
		return outcome.Stall(v1alpha1.ReasonAlreadyManaged,
			"another object manages it: the tag %s of %s says %s. To take it over, set adoptionPolicy: Takeover, which changes nothing else, after the other has let go",
			v1alpha1.TagOwner, s.ID, owner)
	case policy == v1alpha1.AdoptionPolicyNever:
		return outcome.Stall(v1alpha1.ReasonAdoptionRefused,
			"it exists in Azure already, and adoptionPolicy is Never: %sallow its adoption (%s)", s.otherName(), s.ID)
	case len(d.Drift) > 0:
		return outcome.Stall(v1alpha1.ReasonAdoptionRefused,
			"it exists in Azure already and differs from the spec: %s. Change the spec to what Azure has, or set adoptionPolicy: Always to have Azure changed (%s)",
			s.Differences(d.Drift), s.ID)
	}
	return nil
}

// takeover takes a resource over that is as the spec says, whoever owned it.
func (s Situation[T]) takeover(d *Decision) *outcome.Outcome {
	if len(d.Drift) == 0 {
		return nil
	}
	return outcome.Stall(v1alpha1.ReasonAdoptionRefused,
		"with adoptionPolicy: Takeover nothing is changed, and Azure differs from the spec: %s. Change the spec to what Azure has; "+
			"edit it again after it has been taken over (%s)",
		s.Differences(d.Drift), s.ID)
}

// otherName advises another name in Azure, if one can be chosen.
func (s Situation[T]) otherName() string {
	if s.Kind.AzureName != nil || s.Kind.Locate != nil {
		return ""
	}
	return "choose another azureName, or "
}

// ownership notices that somebody else took a managed resource over.
func (s Situation[T]) ownership() *outcome.Outcome {
	owner := OwnerOf(s.Actual)
	if !s.Kind.Tagged || s.observes() || owner == "" || owner == s.Owner || s.stat().Effective.AdoptionPolicy == v1alpha1.AdoptionPolicyAlways {
		return nil
	}
	return outcome.Stall(v1alpha1.ReasonAlreadyManaged,
		"another object has taken it over: the tag %s of %s says %s. Set deletionPolicy: Retain here and in what stands in it, and delete these objects; "+
			"or set adoptionPolicy: Always to take it back", v1alpha1.TagOwner, s.ID, owner)
}

// WouldAdopt says that the resource would be taken over by the spec as it is: so it was, if a status that is lost could still say so. The object is
// being deleted.
func WouldAdopt[T kind.Object](s Situation[T]) bool {
	switch {
	case s.takesOver():
		return false // it was to change nothing before it was taken over
	case s.Kind.Tagged:
		return OwnerOf(s.Actual) == s.Owner
	case s.now(s.annotation(v1alpha1.AnnotationAzureID)).Key() != s.ID.Key() || s.stat().Effective.AdoptionPolicy == v1alpha1.AdoptionPolicyNever:
		return false
	}
	return s.Asked != nil && len(s.compare().Changes) == 0
}

// atRest holds writes back while Azure works on the resource, and from one that only Microsoft can mend.
func (s Situation[T]) atRest(d *Decision) *outcome.Outcome {
	state := s.Actual.ProvisioningState()
	if !arm.IsTerminal(state) {
		d.Busy = fmt.Sprintf("Azure works on it (%s), and nothing is written before that ends", state)
		return nil
	}
	if s.Kind.Judge != nil {
		return s.Kind.Judge(s.Object, s.Actual)
	}
	if !inState(s.Actual, "Failed") {
		return nil
	}
	return s.failed(d)
}

// immutable refuses what Azure cannot change. A resource that it failed to make is made anew instead.
func (s Situation[T]) immutable(d *Decision) *outcome.Outcome {
	if s.observes() {
		return nil
	}
	for _, change := range d.Changes {
		if !body.Under(change.Path, s.Kind.Immutable) {
			continue
		}
		if d.mending != notMending && s.replaceable() {
			d.mending = mendingByReplacing
			return s.mayReplace()
		}
		if slices.ContainsFunc(s.Secrets, func(one Secret) bool { return one.Path == change.Path }) {
			return outcome.Stall(v1alpha1.ReasonImmutableField,
				"the Secret has another value for %s than Azure was given, and Azure cannot change it: set the Secret back, or make another resource", change.Path)
		}
		return outcome.Stall(v1alpha1.ReasonImmutableField, "Azure has %s for %s and cannot change it to %s: correct the spec, or make another resource",
			body.OrAbsent(shown(change.Actual)), change.Path, body.OrAbsent(shown(change.Desired)))
	}
	return nil
}

// hosts leave only because someone asked. A number above the spec that no new spec explains is reported and left alone: a host may be there for
// maintenance, or because somebody added it in need.
func (s Situation[T]) hosts(d *Decision) *outcome.Outcome {
	hosts := s.Kind.Hosts
	if hosts == nil || s.observes() {
		return nil
	}
	asked, applied := hosts.Size(s.Object)
	at := slices.IndexFunc(d.Changes, func(c diff.Change) bool { return c.Path == hosts.Path })
	if at < 0 {
		d.AppliedHosts = asked
		return nil
	}
	actual := s.Actual.Int(hosts.Path)
	if asked == nil || actual <= int64(*asked) || applied > *asked {
		return nil
	}
	d.Changes = slices.Delete(slices.Clone(d.Changes), at, at+1)
	d.Facts = append(d.Facts, inSync(metav1.ConditionFalse, v1alpha1.ReasonHostsAboveSpec, fmt.Sprintf(
		"Azure has %d hosts and the spec asks for %d: hosts leave only when the spec is lowered. Set clusterSize to %d to accept them, "+
			"or after that to %d to let them go",
		actual, *asked, actual, *asked)))
	return nil
}
