// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package ask

import (
	"context"
	"fmt"
	"strings"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/azure/guards"
	"github.com/avs-operator/avs-operator/controllers/azure/kind"
	"github.com/avs-operator/avs-operator/controllers/azure/tree"
	"github.com/avs-operator/avs-operator/controllers/connect/identities"
)

// Neighbours are the other private clouds in sight whose networks could be joined with this one's: those of the subscription, as Azure has
// them, and those that objects here stand for.
func Neighbours(ctx context.Context, w kind.World[*v1alpha1.PrivateCloud]) ([]guards.Neighbour, error) {
	all, err := w.ARM.List(ctx, provider(w.ID)+"/privateClouds")
	if err != nil {
		return nil, err
	}
	var out []guards.Neighbour
	seen := map[string]bool{w.ID.Key(): true}
	for i := range all {
		if id := all[i].ID; !seen[id.Key()] {
			seen[id.Key()] = true
			out = append(out, guards.Neighbour{Name: string(id), Blocks: Blocks(&all[i])})
		}
	}
	objects := &v1alpha1.PrivateCloudList{}
	if err := w.Reader.List(ctx, objects); err != nil {
		return nil, fmt.Errorf("listing PrivateClouds: %w", err)
	}
	mine := azureOf(ctx, w.Reader, w.Object)
	for i := range objects.Items {
		other := &objects.Items[i]
		if !tree.Credible(ctx, w.Reader, other, w.Object.Namespace) { // else whoever may write a PrivateCloud keeps addresses from everybody
			continue
		}
		if other.UID == w.Object.UID || seen[strings.ToLower(other.Status.ID)] || !before(other, w.Object) || azureOf(ctx, w.Reader, other) != mine {
			continue
		}
		out = append(out, guards.Neighbour{Name: "PrivateCloud " + other.Namespace + "/" + other.Name, Blocks: blocksOfObject(other)})
	}
	return out, nil
}

// before says that the other one has its addresses already, or asked first: of two that ask for the same, one must get them.
func before(other, own *v1alpha1.PrivateCloud) bool {
	if other.Status.ProvisioningState != "" {
		return true
	}
	if !other.CreationTimestamp.Equal(&own.CreationTimestamp) {
		return other.CreationTimestamp.Before(&own.CreationTimestamp)
	}
	return other.UID < own.UID
}

const publicCloud = "Public"

// azureOf is which of Azure's clouds a private cloud is in: circuits are never joined from one to another.
func azureOf(ctx context.Context, reader client.Reader, cloud *v1alpha1.PrivateCloud) string {
	identity := &v1alpha1.AzureIdentity{}
	key := client.ObjectKey{Namespace: cloud.Namespace, Name: identities.Name(cloud.Spec.IdentityRef)}
	if err := reader.Get(ctx, key, identity); err != nil || identity.Spec.Cloud == nil {
		return publicCloud
	}
	if endpoints := identity.Spec.Cloud.Endpoints; endpoints != nil {
		return strings.ToLower(strings.TrimSuffix(endpoints.ResourceManager, "/"))
	}
	return string(identity.Spec.Cloud.Name)
}

// blocksOfObject are the addresses that an object asks for; of one that only observes, a network that it saw.
func blocksOfObject(c *v1alpha1.PrivateCloud) []string {
	var out []string
	for _, block := range []string{c.Spec.NetworkBlock, c.Status.ManagementNetwork} {
		if block != "" {
			out = append(out, block)
			break
		}
	}
	for _, block := range c.Spec.ExtendedNetworkBlocks {
		out = append(out, string(block))
	}
	return out
}

// ExtendedBlocks is where ARM has the networks of a private cloud beside its first.
const ExtendedBlocks = "/properties/extendedNetworkBlocks"

// Blocks are the addresses that a private cloud has.
func Blocks(cloud *arm.Resource) []string {
	var out []string
	if block := cloud.String("/properties/networkBlock"); block != "" {
		out = append(out, block)
	}
	return append(out, cloud.Texts(ExtendedBlocks)...)
}
