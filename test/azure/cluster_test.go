// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/test/harness"
)

// kubectl runs our kubectl as the administrator.
func kubectl(t *testing.T, args ...string) (string, error) {
	t.Helper()
	return cluster.ControlPlane.Kubectl(t.Context(), args...)
}

func TestClusterWaitsForItsPrivateCloudAndIsScaledByKubectl(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fast)
	second := newCluster(w.namespace, "weu-2", 3)
	w.apply(t, second)
	says(t, notReady(t, second, v1alpha1.ConditionReconciling, v1alpha1.ReasonReferenceNotFound), "PrivateCloud", "weu")
	cloud := harness.PrivateCloud(w.namespace, "weu")
	w.apply(t, cloud)
	ready(t, second)
	ready(t, cloud)
	w.wrote(t, "PUT privateclouds/weu", "PUT privateclouds/weu/clusters/weu-2")
	if out, err := kubectl(t, "-n", w.namespace, "scale", "--replicas=5", "clusters.avs-operator.io/weu-2"); err != nil {
		t.Fatal(err, out)
	}
	if out, err := kubectl(t, "-n", w.namespace, "scale", "--replicas=4", "privateclouds.avs-operator.io/weu"); err != nil {
		t.Fatal(err, out)
	}
	ready(t, second)
	ready(t, cloud)
	if second.Status.ClusterSize != 5 || cloud.Status.ClusterSize != 4 || w.inAzure(t, "/clusters/weu-2", "properties", "clusterSize") != float64(5) {
		t.Errorf("sizes: cluster %d, private cloud %d", second.Status.ClusterSize, cloud.Status.ClusterSize)
	}
	edit(t, second, func(c *v1alpha1.Cluster) { c.Spec.ClusterSize = ptr.To[int32](3) })
	ready(t, second)
	if second.Status.ClusterSize != 3 {
		t.Errorf("the lowered size was not applied: %d", second.Status.ClusterSize)
	}
}

func TestHostsAboveSpecStay(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fast)
	cloud := harness.PrivateCloud(w.namespace, "weu")
	w.apply(t, cloud)
	ready(t, cloud)
	if err := w.azure.SetInAzure(cloud.Status.ID, map[string]any{"properties": map[string]any{"managementCluster": map[string]any{"clusterSize": 4}}}); err != nil {
		t.Fatal(err)
	}
	cluster.WaitFor(t, soon, cloud, "InSync False for HostsAboveSpec", func() error {
		c := meta.FindStatusCondition(cloud.Status.Conditions, v1alpha1.ConditionInSync)
		if c == nil || c.Status != metav1.ConditionFalse || c.Reason != v1alpha1.ReasonHostsAboveSpec {
			return fmt.Errorf("InSync is %+v", c)
		}
		return nil
	})
	ready(t, cloud)
	time.Sleep(time.Second)
	w.wrote(t, "PUT privateclouds/weu")
	if err := w.azure.SetInAzure(cloud.Status.ID, map[string]any{"properties": map[string]any{"managementCluster": map[string]any{"clusterSize": 3}}}); err != nil {
		t.Fatal(err)
	}
	edit(t, cloud, func(c *v1alpha1.PrivateCloud) { c.Spec.ManagementCluster.ClusterSize = 5 })
	ready(t, cloud)
	w.wrote(t, "PUT privateclouds/weu", "PATCH privateclouds/weu")
}

// manifest writes YAML to a file for kubectl.
func manifest(t *testing.T, yaml string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "manifest.yaml")
	if err := os.WriteFile(file, []byte(yaml), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

const privateCloudYAML = `apiVersion: avs-operator.io/v1alpha1
kind: PrivateCloud
metadata: {name: %s, namespace: %s}
spec: {location: westeurope, sku: av36p, networkBlock: %s, managementCluster: {clusterSize: %d}%s}
`

func TestTheAPIServerRefusesBadInputInASentence(t *testing.T) {
	t.Parallel()
	namespace := cluster.Namespace(t)
	privateCloud := func(block string, size int, more string) string {
		return fmt.Sprintf(privateCloudYAML, "weu", namespace, block, size, more)
	}
	clusterOf := func(name, spec string) string {
		return fmt.Sprintf("apiVersion: avs-operator.io/v1alpha1\nkind: Cluster\nmetadata: {name: %s, namespace: %s}\nspec: {privateCloudRef: {name: weu}, %s}\n", name, namespace, spec)
	}
	identity := func(spec string) string {
		return fmt.Sprintf("apiVersion: avs-operator.io/v1alpha1\nkind: AzureIdentity\nmetadata: {name: default, namespace: %s}\nspec: {%s}\n", namespace, spec)
	}
	const ids = "tenantID: t.example.com, clientID: 11111111-1111-1111-1111-111111111111, subscriptionID: 11111111-1111-1111-1111-111111111111"
	for name, c := range map[string]struct {
		yaml  string
		words []string
	}{
		"a block smaller than /22":      {privateCloud("10.175.0.0/23", 3, ""), []string{"networkBlock must be /22 or larger"}},
		"a public block":                {privateCloud("20.0.0.0/22", 3, ""), []string{"must be private"}},
		"a block that AVS keeps":        {privateCloud("172.17.4.0/22", 3, ""), []string{"172.17.0.0/16"}},
		"a block with host bits":        {privateCloud("10.175.0.1/22", 3, ""), []string{"without host bits"}},
		"a block that is none":          {privateCloud("10.175.0.0/222", 3, ""), []string{"networkBlock must be an IPv4 network"}},
		"two hosts":                     {privateCloud("10.175.0.0/22", 2, ""), []string{"clusterSize", "greater than or equal to 3"}},
		"seventeen hosts":               {privateCloud("10.175.0.0/22", 17, ""), []string{"clusterSize", "less than or equal to 16"}},
		"an unknown field":              {privateCloud("10.175.0.0/22", 3, ", deleteProtection: Enabled"), []string{`unknown field "spec.deleteProtection"`}},
		"the operator's own tag":        {privateCloud("10.175.0.0/22", 3, `, tags: {avs-operator-owner: me}`), []string{"the operator's own"}},
		"a private cloud without sku":   {strings.Replace(privateCloud("10.175.0.0/22", 3, ""), "sku: av36p, ", "", 1), []string{"sku is needed"}},
		"a cluster of two hosts":        {clusterOf("weu-2", "sku: av36p, clusterSize: 2"), []string{"clusterSize", "greater than or equal to 3"}},
		"a cluster of seventeen hosts":  {clusterOf("weu-2", "sku: av36p, clusterSize: 17"), []string{"clusterSize", "less than or equal to 16"}},
		"Cluster-1 by name":             {clusterOf("cluster-1", "sku: av36p, clusterSize: 3"), []string{"managementCluster of the PrivateCloud"}},
		"Cluster-1 by azureName":        {clusterOf("c", "azureName: Cluster-1, sku: av36p, clusterSize: 3"), []string{"managementCluster of the PrivateCloud"}},
		"a cluster without size":        {clusterOf("c", "sku: av36p"), []string{"clusterSize is needed"}},
		"an identity without method":    {identity(ids), []string{"set exactly one of serviceAccountRef"}},
		"an identity with two methods":  {identity(ids + ", operator: {}, serviceAccountRef: {name: x}"), []string{"set exactly one of serviceAccountRef"}},
		"an identity without client":    {identity("subscriptionID: 11111111-1111-1111-1111-111111111111, serviceAccountRef: {name: x}"), []string{"tenantID and clientID are needed"}},
		"a cloud by name and endpoints": {identity(ids + ", operator: {}, cloud: {name: Public, endpoints: {activeDirectoryAuthorityHost: https://a.example.com, resourceManager: https://b.example.com}}"), []string{"set exactly one of name and endpoints"}},
	} {
		t.Run(name, func(t *testing.T) {
			out, err := kubectl(t, "apply", "-f", manifest(t, c.yaml))
			if err == nil {
				t.Fatalf("it was accepted: %s", out)
			}
			says(t, out+err.Error(), c.words...)
		})
	}
}

func TestImmutableFieldsStay(t *testing.T) {
	t.Parallel()
	namespace := cluster.Namespace(t)
	full := `apiVersion: avs-operator.io/v1alpha1
kind: PrivateCloud
metadata: {name: weu, namespace: ` + namespace + `}
spec:
  azureName: one
  subscriptionID: 11111111-1111-1111-1111-111111111111
  resourceGroup: rg-one
  location: westeurope
  sku: av36p
  networkBlock: 10.175.0.0/22
  availability: {zone: 1}
  managementCluster: {clusterSize: 3}
`
	if out, err := kubectl(t, "apply", "-f", manifest(t, full)); err != nil {
		t.Fatal(err, out)
	}
	for field, lines := range map[string][2]string{
		"azureName":      {"azureName: one", "azureName: two"},
		"subscriptionID": {"subscriptionID: 11111111-1111-1111-1111-111111111111", "subscriptionID: 22222222-1111-1111-1111-111111111111"},
		"resourceGroup":  {"resourceGroup: rg-one", "resourceGroup: rg-two"},
		"location":       {"location: westeurope", "location: northeurope"},
		"sku":            {"sku: av36p", "sku: av52"},
		"networkBlock":   {"networkBlock: 10.175.0.0/22", "networkBlock: 10.176.0.0/22"},
		"availability":   {"availability: {zone: 1}", "availability: {zone: 2}"},
	} {
		for change, to := range map[string]string{"changed": lines[1], "removed": ""} {
			out, err := kubectl(t, "apply", "-f", manifest(t, strings.Replace(full, lines[0], to, 1)))
			if err == nil {
				t.Errorf("%s was %s", field, change)
				continue
			}
			says(t, out+err.Error(), field+" is")
		}
	}
}
