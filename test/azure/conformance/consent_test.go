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

// consent says which namespaces the private clouds of the life let have objects of the kind in them.
func (l *life) consent(namespaces ...string) {
	l.t.Helper()
	clouds := &v1alpha1.PrivateCloudList{}
	if err := cluster.Admin.List(l.t.Context(), clouds, client.InNamespace(l.Namespace)); err != nil {
		l.t.Fatal(err)
	}
	allowed := []v1alpha1.AllowedNamespace{}
	for _, name := range namespaces {
		allowed = append(allowed, v1alpha1.AllowedNamespace{Name: name, Kinds: []v1alpha1.AllowedKind{v1alpha1.AllowedKind(l.kind.Name)}})
	}
	content, err := json.Marshal(inSpec("allowedNamespaces", allowed))
	if err != nil {
		l.t.Fatal(err)
	}
	for i := range clouds.Items {
		if err := cluster.Admin.Patch(l.t.Context(), &clouds.Items[i], client.RawPatch(types.MergePatchType, content)); err != nil {
			l.t.Fatal(err)
		}
	}
}
