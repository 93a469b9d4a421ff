// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package security

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	azurekinds "github.com/avs-operator/avs-operator/controllers/azure/kinds"
	"github.com/avs-operator/avs-operator/test/env"
)

// A namespace that may have segments in a private cloud has no hosts, no scripts and no mirrors there, and one that may have scripts has those.
func TestConsentIsForKinds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start(t)
	cloud := w.privateCloud(t, w.others, "weu", "10.175.0.0/22")
	env.Edit(t, cluster, cloud, func(c *v1alpha1.PrivateCloud) {
		c.Spec.AllowedNamespaces = []v1alpha1.AllowedNamespace{{Name: w.theirs}}
	})
	in := v1alpha1.ParentReference{Namespace: w.others, Name: "weu"}
	meta := func(name string) metav1.ObjectMeta { return metav1.ObjectMeta{Namespace: w.theirs, Name: name} }
	segment := &v1alpha1.Segment{ObjectMeta: meta("web"), Spec: v1alpha1.SegmentSpec{PrivateCloudRef: in, Subnet: &v1alpha1.SegmentSubnet{GatewayAddress: "10.60.7.1/24"}}}
	script := &v1alpha1.ScriptExecution{ObjectMeta: meta("root"), Spec: v1alpha1.ScriptExecutionSpec{
		PrivateCloudRef: in, ScriptPackage: "Microsoft.AVS.Management", ScriptCmdlet: "Get-StoragePolicies", TimeoutSeconds: 900}}
	refused := map[string]client.Object{
		"Cluster": &v1alpha1.Cluster{ObjectMeta: meta("hosts"), Spec: v1alpha1.ClusterSpec{PrivateCloudRef: in, SKU: "av36p", ClusterSize: ptr.To[int32](3)}},
		"PortMirroringProfile": &v1alpha1.PortMirroringProfile{ObjectMeta: meta("ear"), Spec: v1alpha1.PortMirroringProfileSpec{
			PrivateCloudRef: in, Direction: "INGRESS", Source: "web", Destination: "ear"}},
		"ScriptExecution": script,
	}
	mallory := as(t, w.theirs, editor, privileged)
	create(t, mallory, segment)
	cluster.WaitCondition(t, patience, segment, v1alpha1.ConditionReady, "True")
	w.remember(t)
	for kind, object := range refused {
		create(t, mallory, object)
		env.Says(t, stalled(t, object, v1alpha1.ReasonReferenceNotPermitted), "spec.allowedNamespaces must have {name: "+w.theirs+", kinds: ["+kind+"]}")
	}
	w.unharmed(t)
	w.discreet(t)
	env.Edit(t, cluster, cloud, func(c *v1alpha1.PrivateCloud) {
		c.Spec.AllowedNamespaces = []v1alpha1.AllowedNamespace{{Name: "*", Kinds: []v1alpha1.AllowedKind{"ScriptExecution"}}}
	})
	cluster.WaitCondition(t, patience, script, v1alpha1.ConditionReady, "True")
	stalled(t, segment, v1alpha1.ReasonReferenceNotPermitted)
}

// The kinds that may be consented to are those that there are.
func TestConsentNamesEveryKind(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile("../../config/crd/bases/avs-operator.io_privateclouds.yaml")
	crd := &apiextensionsv1.CustomResourceDefinition{}
	if err := errors.Join(err, yaml.Unmarshal(content, crd)); err != nil {
		t.Fatal(err)
	}
	allowed := crd.Spec.Versions[0].Schema.OpenAPIV3Schema.Properties["spec"].Properties["allowedNamespaces"]
	var got []string
	for _, value := range allowed.Items.Schema.Properties["kinds"].Items.Schema.Enum {
		got = append(got, strings.Trim(string(value.Raw), `"`))
	}
	want := []string{"*", "MaintenancePolicy"}
	for _, kind := range azurekinds.All {
		if kind.Name != "PrivateCloud" {
			want = append(want, kind.Name)
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("may be consented to:\n%v\nthere are:\n%v", got, want)
	}
}
