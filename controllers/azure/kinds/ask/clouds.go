// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package ask

import (
	"context"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/azure/kind"
	"github.com/avs-operator/avs-operator/controllers/azure/tree"
	"github.com/avs-operator/avs-operator/controllers/outcome"
)

// OtherCloud is a private cloud that an object refers to and does not stand in. Its owner must consent.
func OtherCloud[T kind.Object](
	ctx context.Context, w kind.World[T], kindName, field string, ref v1alpha1.ParentReference,
) (*v1alpha1.PrivateCloud, *outcome.Outcome) {
	key := tree.KeyOf(w.Object.GetNamespace(), ref)
	other := &v1alpha1.PrivateCloud{}
	if err := w.Reader.Get(ctx, key, other); apierrors.IsNotFound(err) {
		return nil, outcome.Wait(v1alpha1.ReasonReferenceNotFound, "PrivateCloud %s is not there: create it, or correct %s", key, field).
			About(v1alpha1.ConditionReferencesReady).In(time.Minute)
	} else if err != nil {
		return nil, outcome.Retry(v1alpha1.ReasonTransient, fmt.Errorf("reading PrivateCloud %s: %w", key, err))
	}
	return other, tree.Permitted(other, w.Object.GetNamespace(), kindName)
}

// IsThere waits for another private cloud that is to be joined with. What is joined already only needs to know which one it is.
func IsThere(actual *arm.Resource, other *v1alpha1.PrivateCloud) *outcome.Outcome {
	if actual == nil && other.Status.ProvisioningState != "Succeeded" || other.Status.ID == "" {
		return tree.NotReadyYet("PrivateCloud", other.Namespace+"/"+other.Name, other).In(time.Minute)
	}
	return nil
}
