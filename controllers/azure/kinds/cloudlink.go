// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"context"
	"fmt"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/azure"
	"github.com/avs-operator/avs-operator/controllers/azure/lane"
	"github.com/avs-operator/avs-operator/controllers/outcome"
)

// +kubebuilder:rbac:groups=avs-operator.io,resources=cloudlinks,verbs=get;list;watch;patch
// +kubebuilder:rbac:groups=avs-operator.io,resources=cloudlinks/status,verbs=get;patch

// cloudLink is Microsoft.AVS/privateClouds/cloudLinks.
type cloudLink struct{}

const linkedCloud = "/properties/linkedCloud"

func (cloudLink) Traits() azure.Traits {
	return azure.Traits{
		Name: "CloudLink", Segment: "cloudLinks", Lane: lane.Light, NoPatch: true,
		Mended:    azure.ByPUT,
		Immutable: []string{linkedCloud}, ReadOnly: []string{"/properties/status"},
	}
}

func (cloudLink) New() *v1alpha1.CloudLink { return &v1alpha1.CloudLink{} }

func (cloudLink) Parent(l *v1alpha1.CloudLink) azure.Parent {
	return azure.Parent{PrivateCloud: &l.Spec.PrivateCloudRef}
}

func (cloudLink) Desired(l *v1alpha1.CloudLink) map[string]any {
	properties := map[string]any{}
	set(properties, "linkedCloud", l.Spec.LinkedCloudID)
	return map[string]any{"properties": properties}
}

func (cloudLink) Observe(l *v1alpha1.CloudLink, actual *arm.Resource) {
	l.Status.LinkedCloudID = actual.String(linkedCloud)
	l.Status.Status = actual.String("/properties/status")
}

// Links: the other private cloud, whose coming to be and whose consent are waited for.
func (cloudLink) Links(l *v1alpha1.CloudLink) []v1alpha1.ParentReference {
	if l.Spec.LinkedCloudRef == nil {
		return nil
	}
	return []v1alpha1.ParentReference{*l.Spec.LinkedCloudRef}
}

// Resolve finds the other private cloud, whose owner must consent, and says early what Azure would refuse.
func (cloudLink) Resolve(ctx context.Context, w azure.World[*v1alpha1.CloudLink], desired map[string]any) *outcome.Outcome {
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
		propertiesOf(desired)["linkedCloud"] = string(id)
		if linked := w.Actual.String(linkedCloud); linked != "" && arm.ID(other.Now(linked)).Key() == id.Key() {
			propertiesOf(desired)["linkedCloud"] = linked // the same one, by the id that it had before it was moved
		}
	}
	if id.Key() == w.CloudID.Key() {
		return outcome.Stall(v1alpha1.ReasonInvalidSpec, "a private cloud cannot be linked to itself: name another one than %s", w.Cloud.Name)
	}
	return nil
}

// otherCloud is a private cloud that an object refers to and does not stand in. Its owner must consent.
func otherCloud[T azure.Object](ctx context.Context, w azure.World[T], kind, field string, ref v1alpha1.ParentReference) (*v1alpha1.PrivateCloud, *outcome.Outcome) {
	key := keyOf(w.Object.GetNamespace(), ref)
	other := &v1alpha1.PrivateCloud{}
	if err := w.Reader.Get(ctx, key, other); apierrors.IsNotFound(err) {
		return nil, outcome.Wait(v1alpha1.ReasonReferenceNotFound, "PrivateCloud %s is not there: create it, or correct %s", key, field).About(v1alpha1.ConditionReferencesReady).In(time.Minute)
	} else if err != nil {
		return nil, outcome.Retry(v1alpha1.ReasonTransient, fmt.Errorf("reading PrivateCloud %s: %w", key, err))
	}
	return other, azure.Permitted(other, w.Object.GetNamespace(), kind)
}

// isThere waits for another private cloud that is to be joined with. What is joined already only needs to know which one it is.
func isThere(actual *arm.Resource, other *v1alpha1.PrivateCloud) *outcome.Outcome {
	if actual == nil && other.Status.ProvisioningState != "Succeeded" || other.Status.ID == "" {
		return azure.NotReadyYet("PrivateCloud", other.Namespace+"/"+other.Name, other).In(time.Minute)
	}
	return nil
}

// keyOf is the object that a reference in a namespace names.
func keyOf(namespace string, ref v1alpha1.ParentReference) types.NamespacedName {
	if ref.Namespace != "" {
		namespace = ref.Namespace
	}
	return types.NamespacedName{Namespace: namespace, Name: ref.Name}
}

// plainLocation is a location without what Azure lets differ: West Europe is westeurope.
func plainLocation(c *v1alpha1.PrivateCloud) string {
	return strings.ToLower(strings.ReplaceAll(c.Spec.Location, " ", ""))
}

func (cloudLink) Expect(arm.Verb, *v1alpha1.CloudLink) azure.Expectation { return updateExpected }
