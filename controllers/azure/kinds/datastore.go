// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/azure/kind"
	"github.com/avs-operator/avs-operator/controllers/azure/lane"
	"github.com/avs-operator/avs-operator/controllers/outcome"
)

// +kubebuilder:rbac:groups=avs-operator.io,resources=datastores,verbs=get;list;watch;patch
// +kubebuilder:rbac:groups=avs-operator.io,resources=datastores/status,verbs=get;patch

// datastore is Microsoft.AVS/privateClouds/clusters/datastores.
var datastore = kind.Kind[*v1alpha1.Datastore]{
	Traits: kind.Traits{
		Name: "Datastore", Segment: "datastores", InCluster: true, Lane: lane.Hosts, NoPatch: true,
		Mended:    kind.ByPUT,
		Immutable: []string{"/properties/netAppVolume", "/properties/elasticSanVolume", "/properties/pureStorageVolume/storagePoolId"},
		ReadOnly:  []string{"/properties/status"},
	},
	New: func() *v1alpha1.Datastore { return &v1alpha1.Datastore{} },
	Parent: func(d *v1alpha1.Datastore) kind.Parent {
		return kind.Parent{PrivateCloud: d.Spec.PrivateCloudRef, Cluster: d.Spec.ClusterRef}
	},
	Desired:   datastoreDesired,
	Observe:   datastoreObserve,
	Requires:  datastoreRequires,
	MayDelete: datastoreMayDelete,
	Expect:    func(arm.Verb, *v1alpha1.Datastore) kind.Expectation { return updateExpected },
}

func datastoreDesired(d *v1alpha1.Datastore) map[string]any {
	properties := map[string]any{}
	if volume := d.Spec.NetAppVolume; volume != nil {
		properties["netAppVolume"] = map[string]any{"id": volume.ID}
	}
	if volume := d.Spec.ElasticSanVolume; volume != nil {
		properties["elasticSanVolume"] = map[string]any{"targetId": volume.TargetID}
	}
	if volume := d.Spec.PureStorageVolume; volume != nil {
		properties["pureStorageVolume"] = map[string]any{"storagePoolId": volume.StoragePoolID, "sizeGb": volume.SizeGB}
	}
	return map[string]any{"properties": properties}
}

func datastoreObserve(d *v1alpha1.Datastore, actual *arm.Resource) {
	d.Status.Status = actual.String("/properties/status")
}

// datastoreRequires: hosts reach an Elastic SAN over the iSCSI path, except in a virtual network.
func datastoreRequires(w kind.World[*v1alpha1.Datastore]) []kind.Requirement {
	if w.Object.Spec.ElasticSanVolume == nil || inVirtualNetwork(w.Cloud) {
		return nil
	}
	return []kind.Requirement{{ID: w.CloudID.Child("iscsiPaths", defaultName), Words: "the iSCSI path of the private cloud (an IscsiPath)"}}
}

func inVirtualNetwork(cloud *v1alpha1.PrivateCloud) bool {
	return cloud.Spec.VirtualNetworkID != "" || cloud.Status.VirtualNetworkID != ""
}

// datastoreMayDelete: not while a machine has a disk on it, and not while that cannot be found out.
func datastoreMayDelete(ctx context.Context, w kind.World[*v1alpha1.Datastore]) *outcome.Outcome {
	if w.Object.GetAnnotations()[v1alpha1.AnnotationConfirmMachines] == w.Object.Name {
		return nil
	}
	names, o := w.VCenters.DatastoreUsers(ctx, w.ARM, w.Cloud, w.ID.Name())
	if o != nil {
		o.Message = fmt.Sprintf("whether machines have disks on it cannot be found out, so it is not detached: %s. To detach it all the same, set the "+
			"annotation %s=%s",
			o.Message, v1alpha1.AnnotationConfirmMachines, w.Object.Name)
		return o
	}
	if len(names) == 0 {
		return nil
	}
	return outcome.Wait(v1alpha1.ReasonMachinesExist,
		"%d machines have disks or files on it: move them to another datastore, or set deletionPolicy: Retain to leave Azure alone. They are %s",
		len(names), strings.Join(names, ", ")).In(time.Minute)
}
