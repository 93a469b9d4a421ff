// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"context"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/azure/body"
	"github.com/avs-operator/avs-operator/controllers/azure/guards"
	"github.com/avs-operator/avs-operator/controllers/azure/kind"
	"github.com/avs-operator/avs-operator/controllers/azure/kinds/ask"
	"github.com/avs-operator/avs-operator/controllers/azure/lane"
	"github.com/avs-operator/avs-operator/controllers/outcome"
)

// +kubebuilder:rbac:groups=avs-operator.io,resources=cloudlinks,verbs=get;list;watch;patch
// +kubebuilder:rbac:groups=avs-operator.io,resources=cloudlinks/status,verbs=get;patch

// cloudLink is Microsoft.AVS/privateClouds/cloudLinks.
var cloudLink = kind.Kind[*v1alpha1.CloudLink]{
	Traits: kind.Traits{
		Name: "CloudLink", Segment: "cloudLinks", Lane: lane.Light, NoPatch: true,
		Mended:    kind.ByPUT,
		Immutable: []string{linkedCloud}, ReadOnly: []string{"/properties/status"},
	},
	New:     func() *v1alpha1.CloudLink { return &v1alpha1.CloudLink{} },
	Parent:  func(l *v1alpha1.CloudLink) kind.Parent { return kind.Parent{PrivateCloud: &l.Spec.PrivateCloudRef} },
	Desired: cloudLinkDesired,
	Observe: cloudLinkObserve,
	Resolve: cloudLinkResolve,
	Links:   cloudLinkLinks,
	Expect:  func(arm.Verb, *v1alpha1.CloudLink) kind.Expectation { return updateExpected },
}

const linkedCloud = "/properties/linkedCloud"

func cloudLinkDesired(l *v1alpha1.CloudLink) map[string]any {
	properties := map[string]any{}
	body.Set(properties, "linkedCloud", l.Spec.LinkedCloudID)
	return map[string]any{"properties": properties}
}

func cloudLinkObserve(l *v1alpha1.CloudLink, actual *arm.Resource) {
	l.Status.LinkedCloudID = actual.String(linkedCloud)
	l.Status.Status = actual.String("/properties/status")
}

// cloudLinkLinks: the other private cloud, whose coming to be and whose consent are waited for.
func cloudLinkLinks(l *v1alpha1.CloudLink) []v1alpha1.ParentReference {
	if l.Spec.LinkedCloudRef == nil {
		return nil
	}
	return []v1alpha1.ParentReference{*l.Spec.LinkedCloudRef}
}

// cloudLinkResolve finds the other private cloud, whose owner must consent, and says early what Azure would refuse.
func cloudLinkResolve(ctx context.Context, w kind.World[*v1alpha1.CloudLink], desired map[string]any) *outcome.Outcome {
	id := arm.ID(w.Object.Spec.LinkedCloudID)
	if ref := w.Object.Spec.LinkedCloudRef; ref != nil {
		other, o := ask.OtherCloud(ctx, w, "CloudLink", "linkedCloudRef", *ref)
		if o != nil {
			return o
		}
		if here, there := guards.Location(w.Cloud.Spec.Location), guards.Location(other.Spec.Location); here != "" && there != "" && here != there {
			return outcome.Stall(v1alpha1.ReasonInvalidSpec,
				"PrivateCloud %s/%s is in %s and this one in %s: a cloud link joins private clouds of one region, use a GlobalReachConnection between regions",
				other.Namespace, other.Name, other.Spec.Location, w.Cloud.Spec.Location)
		}
		if o := ask.IsThere(w.Actual, other); o != nil {
			return o
		}
		id = arm.ID(other.Status.ID)
		body.Properties(desired)["linkedCloud"] = string(id)
		if linked := w.Actual.String(linkedCloud); linked != "" && arm.ID(other.Now(linked)).Key() == id.Key() {
			body.Properties(desired)["linkedCloud"] = linked // the same one, by the id that it had before it was moved
		}
	}
	if id.Key() == w.CloudID.Key() {
		return outcome.Stall(v1alpha1.ReasonInvalidSpec, "a private cloud cannot be linked to itself: name another one than %s", w.Cloud.Name)
	}
	return nil
}
