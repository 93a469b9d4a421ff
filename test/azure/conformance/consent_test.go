// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"encoding/json"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/test/armsim"
)

// request that Azure got.
type request = armsim.Request

// consent says which namespaces the private clouds of the life let use them.
func (l *life) consent(namespaces []any) {
	l.t.Helper()
	clouds := &v1alpha1.PrivateCloudList{}
	if err := cluster.Admin.List(l.t.Context(), clouds, client.InNamespace(l.namespace)); err != nil {
		l.t.Fatal(err)
	}
	content, err := json.Marshal(inSpec("allowedNamespaces", namespaces))
	if err != nil {
		l.t.Fatal(err)
	}
	for i := range clouds.Items {
		if err := cluster.Admin.Patch(l.t.Context(), &clouds.Items[i], client.RawPatch(types.MergePatchType, content)); err != nil {
			l.t.Fatal(err)
		}
	}
}
