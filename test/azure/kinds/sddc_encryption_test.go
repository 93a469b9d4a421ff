// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"slices"
	"testing"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/test/armsim"
	"github.com/avs-operator/avs-operator/test/harness"
)

// A private cloud that is asked for with encryption is made without: only then it has the identity that the vault must let in. It says which, what is
// in it goes on, and once the vault lets it in it is encrypted.
func TestEncryptionFollowsTheIdentity(t *testing.T) {
	t.Parallel()
	const vault = "https://contoso.vault.azure.net"
	w := &world{namespace: cluster.Namespace(t)}
	w.azure = harness.StartAzure(t, fast, func(c *armsim.Config) { c.NoVCenters, c.KeyVaults = true, []string{vault} })
	cluster.Create(t, w.azure.Identity(w.namespace)...)
	harness.StartOperator(t, harness.OperatorOptions{Config: cluster.OperatorConfig(), Speed: fast, Namespace: w.namespace})
	w.cloud = harness.PrivateCloud(w.namespace, "weu")
	w.cloud.Spec.SystemAssignedIdentity = "Enabled"
	w.cloud.Spec.Encryption = &v1alpha1.Encryption{Status: "Enabled", KeyVault: &v1alpha1.KeyVault{URL: vault + "/", KeyName: "avs"}}
	path := &v1alpha1.IscsiPath{ObjectMeta: w.meta("iscsi"), Spec: v1alpha1.IscsiPathSpec{PrivateCloudRef: w.inCloud(), NetworkBlock: "10.200.0.0/24"}}
	cluster.Create(t, w.cloud, path)
	notReady(t, w.cloud, v1alpha1.ReasonKeyVaultDenied, "status.systemAssignedIdentity.principalID", "Key Vault Crypto Service Encryption User")
	identity := w.cloud.Status.SystemAssignedIdentity
	if identity == nil || identity.PrincipalID == "" {
		t.Fatalf("the identity that the vault must let in is not shown: %+v", w.cloud.Status)
	}
	ready(t, path)
	if err := w.azure.LetIntoKeyVault(vault, identity.PrincipalID); err != nil {
		t.Fatal(err)
	}
	ready(t, w.cloud)
	if e := w.cloud.Status.Encryption; e == nil || e.Status != "Enabled" || e.KeyState != "Connected" {
		t.Errorf("encryption: %+v", e)
	}
	writes := w.writes()
	if slices.Contains(writes, "PUT weu") || !slices.Contains(writes, "PATCH weu") {
		t.Errorf("written beside the creation: %v", writes)
	}
}
