// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package ask

import (
	"context"
	"fmt"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/azure/kind"
	"github.com/avs-operator/avs-operator/controllers/outcome"
)

// NoMachines waits while workload machines are left, unless the object confirms that they go too. Not knowing is not zero.
func NoMachines[T kind.Object](ctx context.Context, w kind.World[T], cluster string) *outcome.Outcome {
	if w.Object.GetAnnotations()[v1alpha1.AnnotationConfirmMachines] == w.Object.GetName() {
		return nil
	}
	if w.Actual.ProvisioningState() != "Succeeded" && w.Cloud.Status.Endpoints == nil {
		return nil // it never came into being: there is no vCenter that machines could be in
	}
	names, o := w.VCenters.WorkloadMachines(ctx, w.ARM, w.Cloud, cluster)
	if o != nil {
		o.Message = fmt.Sprintf("whether machines are left there cannot be found out, so it is not deleted: %s. To delete it all the same, set the annotation %s=%s",
			o.Message, v1alpha1.AnnotationConfirmMachines, w.Object.GetName())
		return o
	}
	if len(names) == 0 {
		return nil
	}
	return outcome.Wait(v1alpha1.ReasonMachinesExist,
		"%d machines are left there and would be destroyed: move them away, set deletionPolicy: Retain to leave Azure alone, or set the annotation %s=%s "+
			"to destroy them. They are %s",
		len(names), v1alpha1.AnnotationConfirmMachines, w.Object.GetName(), strings.Join(names, ", ")).In(time.Minute)
}

// NoMoves waits for workload moves out of or into a private cloud.
func NoMoves(ctx context.Context, cluster client.Reader, cloud *v1alpha1.PrivateCloud) *outcome.Outcome {
	names, err := unfinishedMoves(ctx, cluster, cloud)
	if err != nil {
		return outcome.Retry(v1alpha1.ReasonTransient, fmt.Errorf("looking for workload moves: %w", err))
	}
	if len(names) > 0 {
		return outcome.Wait(v1alpha1.ReasonDependentsExist, "WorkloadMove %s still uses it: let it end, or cancel it", strings.Join(names, ", ")).In(time.Minute)
	}
	return nil
}

// unfinishedMoves names the workload moves that use one of the private cloud's VCenters and are not complete.
func unfinishedMoves(ctx context.Context, cluster client.Reader, cloud *v1alpha1.PrivateCloud) ([]string, error) {
	vcenters, moves := &v1alpha1.VCenterList{}, &v1alpha1.WorkloadMoveList{}
	if err := cluster.List(ctx, vcenters, client.InNamespace(cloud.Namespace)); err != nil {
		return nil, err
	}
	if err := cluster.List(ctx, moves, client.InNamespace(cloud.Namespace)); err != nil {
		return nil, err
	}
	its := map[string]bool{}
	for i := range vcenters.Items {
		if ref := vcenters.Items[i].Spec.PrivateCloudRef; ref != nil && ref.Name == cloud.Name {
			its[vcenters.Items[i].Name] = true
		}
	}
	var out []string
	for i := range moves.Items {
		m := &moves.Items[i]
		uses := its[m.Spec.Source.VCenterRef.Name] || its[m.Spec.Target.VCenterRef.Name]
		runs := m.Spec.State == v1alpha1.MoveStateRun || m.Status.Moving > 0 // what runs goes on while a move is paused or cancelled
		if uses && runs && !meta.IsStatusConditionTrue(m.Status.Conditions, v1alpha1.ConditionComplete) {
			out = append(out, m.Name)
		}
	}
	return out, nil
}
