// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package tree

import (
	"context"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/azure/kind"
	"github.com/avs-operator/avs-operator/controllers/connect/identities"
)

// Credible says that what a private cloud's object stands for counts for objects of a namespace: it is of that namespace, or Azure has shown that
// it can be what it says.
func Credible(ctx context.Context, reader client.Reader, cloud *v1alpha1.PrivateCloud, namespace string) bool {
	seen := cloud.Status.ProvisioningState != "" || meta.FindStatusCondition(cloud.Status.Conditions, v1alpha1.ConditionInSync) != nil
	if cloud.Namespace == namespace || Begun(cloud) || seen {
		return true
	}
	identity := &v1alpha1.AzureIdentity{}
	if err := reader.Get(ctx, types.NamespacedName{Namespace: cloud.Namespace, Name: identities.Name(cloud.Spec.IdentityRef)}, identity); err != nil {
		return !apierrors.IsNotFound(err)
	}
	elsewhere := cloud.Spec.SubscriptionID != "" && !strings.EqualFold(cloud.Spec.SubscriptionID, identity.Spec.SubscriptionID)
	return !elsewhere && !meta.IsStatusConditionFalse(identity.Status.Conditions, v1alpha1.ConditionReady) // one that nobody has judged yet may be good
}

// Begun says that an object has written to Azure, or has taken over what is there.
func Begun(obj kind.Object) bool {
	return len(obj.AzureStatus().Managed) > 0 || obj.AzureStatus().Operation != nil
}

// OlderThan orders objects by age, and by UID among those of the same second.
func OlderThan(a, b client.Object) bool {
	at, bt := a.GetCreationTimestamp(), b.GetCreationTimestamp()
	if at.Equal(&bt) {
		return a.GetUID() < b.GetUID()
	}
	return at.Before(&bt)
}
