// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"context"
	"fmt"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/azure/body"
	"github.com/avs-operator/avs-operator/controllers/azure/kind"
	"github.com/avs-operator/avs-operator/controllers/azure/lane"
	"github.com/avs-operator/avs-operator/controllers/azure/tree"
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
		other, o := otherCloud(ctx, w, "CloudLink", "linkedCloudRef", *ref)
		if o != nil {
			return o
		}
		if here, there := plainLocation(w.Cloud), plainLocation(other); here != "" && there != "" && here != there {
			return outcome.Stall(v1alpha1.ReasonInvalidSpec, "PrivateCloud %s/%s is in %s and this one in %s: a cloud link joins private clouds of one region, use a GlobalReachConnection between regions",
				other.Namespace, other.Name, other.Spec.Location, w.Cloud.Spec.Location)
		}
		if o := isThere(w.Actual, other); o != nil {
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

// otherCloud is a private cloud that an object refers to and does not stand in. Its owner must consent.
func otherCloud[T kind.Object](ctx context.Context, w kind.World[T], kindName, field string, ref v1alpha1.ParentReference) (*v1alpha1.PrivateCloud, *outcome.Outcome) {
	key := tree.KeyOf(w.Object.GetNamespace(), ref)
	other := &v1alpha1.PrivateCloud{}
	if err := w.Reader.Get(ctx, key, other); apierrors.IsNotFound(err) {
		return nil, outcome.Wait(v1alpha1.ReasonReferenceNotFound, "PrivateCloud %s is not there: create it, or correct %s", key, field).About(v1alpha1.ConditionReferencesReady).In(time.Minute)
	} else if err != nil {
		return nil, outcome.Retry(v1alpha1.ReasonTransient, fmt.Errorf("reading PrivateCloud %s: %w", key, err))
	}
	return other, tree.Permitted(other, w.Object.GetNamespace(), kindName)
}

// isThere waits for another private cloud that is to be joined with. What is joined already only needs to know which one it is.
func isThere(actual *arm.Resource, other *v1alpha1.PrivateCloud) *outcome.Outcome {
	if actual == nil && other.Status.ProvisioningState != "Succeeded" || other.Status.ID == "" {
		return tree.NotReadyYet("PrivateCloud", other.Namespace+"/"+other.Name, other).In(time.Minute)
	}
	return nil
}

// plainLocation is a location without what Azure lets differ: West Europe is westeurope.
func plainLocation(c *v1alpha1.PrivateCloud) string {
	return strings.ToLower(strings.ReplaceAll(c.Spec.Location, " ", ""))
}
