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
	w := &world{World: harness.NewWorld(t, cluster, fast)}
	w.StartAzure(t, func(c *armsim.Config) { c.KeyVaults = []string{vault} })
	w.StartOperator(t)
	w.cloud = harness.PrivateCloud(w.Namespace, "weu")
	w.cloud.Spec.SystemAssignedIdentity = "Enabled"
	w.cloud.Spec.Encryption = &v1alpha1.Encryption{Status: "Enabled", KeyVault: &v1alpha1.KeyVault{URL: vault + "/", KeyName: "avs"}}
	path := &v1alpha1.IscsiPath{ObjectMeta: w.Meta("iscsi"), Spec: v1alpha1.IscsiPathSpec{PrivateCloudRef: w.inCloud(), NetworkBlock: "10.200.0.0/24"}}
	cluster.Create(t, w.cloud, path)
	cluster.WaitNotReady(t, w.cloud, v1alpha1.ReasonKeyVaultDenied, "status.systemAssignedIdentity.principalID", "Key Vault Crypto Service Encryption User")
	identity := w.cloud.Status.SystemAssignedIdentity
	if identity == nil || identity.PrincipalID == "" {
		t.Fatalf("the identity that the vault must let in is not shown: %+v", w.cloud.Status)
	}
	cluster.WaitReady(t, path)
	if err := w.Azure.LetIntoKeyVault(vault, identity.PrincipalID); err != nil {
		t.Fatal(err)
	}
	cluster.WaitReady(t, w.cloud)
	if e := w.cloud.Status.Encryption; e == nil || e.Status != "Enabled" || e.KeyState != "Connected" {
		t.Errorf("encryption: %+v", e)
	}
	writes := w.writes()
	if slices.Contains(writes, "PUT weu") || !slices.Contains(writes, "PATCH weu") {
		t.Errorf("written beside the creation: %v", writes)
	}
}
