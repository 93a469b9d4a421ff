// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import "slices"

// AllowedKind is a kind that may stand in a private cloud of another namespace; "*" stands for all.
// +kubebuilder:validation:Enum="*";Addon;CloudLink;Cluster;DHCPConfiguration;DNSService;DNSZone;Datastore;ExpressRouteAuthorization;GlobalReachConnection;HCXEnterpriseSite;IscsiPath;License;MaintenancePolicy;MovementRestriction;PlacementPolicy;PortMirroringProfile;PublicIP;PureStoragePolicy;ScriptExecution;Segment;VMGroup
type AllowedKind string

// AllowedNamespace lets objects of another namespace use a private cloud.
type AllowedNamespace struct {
	// name of the namespace; "*" stands for all of them.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:Pattern=`^(\*|[a-z0-9]([-a-z0-9]*[a-z0-9])?)$`
	Name string `json:"name,omitempty"`

	// kinds that it may have there; "*" stands for all. Absent: Segment, DHCPConfiguration and VMGroup. The others listen to everybody, concern
	// everybody, cost money, or run as Microsoft's administrator.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=32
	Kinds []AllowedKind `json:"kinds,omitempty"`
}

// harmless are the kinds that a namespace may have when its consent names none: they concern whoever makes them, and cost nothing.
var harmless = []AllowedKind{"Segment", "DHCPConfiguration", "VMGroup"}

// Allows says that objects of a kind and namespace may use the private cloud.
func (c *PrivateCloud) Allows(namespace, kind string) bool {
	return namespace == c.Namespace || slices.ContainsFunc(c.Spec.AllowedNamespaces, func(a AllowedNamespace) bool {
		if a.Name != namespace && a.Name != "*" {
			return false
		}
		kinds := a.Kinds
		if len(kinds) == 0 {
			kinds = harmless
		}
		return slices.Contains(kinds, AllowedKind(kind)) || slices.Contains(kinds, "*")
	})
}
