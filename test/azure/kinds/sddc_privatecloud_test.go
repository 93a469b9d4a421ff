// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/utils/ptr"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/test/env"
)

// puts counts the PUTs of a path that reached Azure.
func (w *world) puts(path string, want int) func(context.Context) error {
	return func(context.Context) error {
		n := 0
		for _, write := range w.writes() {
			if write == "PUT "+path {
				n++
			}
		}
		if n != want {
			return fmt.Errorf("%d of %d PUTs of %s: %v", n, want, path, w.writes())
		}
		return nil
	}
}

func TestAPrivateCloudTakesOneConcernAtATime(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fast, false)
	env.Edit(t, cluster, w.cloud, func(c *v1alpha1.PrivateCloud) {
		c.Spec.SystemAssignedIdentity = "Enabled"
		c.Spec.Encryption = &v1alpha1.Encryption{Status: "Enabled",
			KeyVault: &v1alpha1.KeyVault{URL: "https://contoso.vault.azure.net", KeyName: "avs", KeyVersion: "1"}}
		c.Spec.Internet = "Enabled"
		c.Spec.ExtendedNetworkBlocks = []v1alpha1.ExtendedNetworkBlock{"10.176.0.0/23"}
		c.Spec.ManagementCluster.ClusterSize = 4
	})
	cluster.WaitReady(t, w.cloud)
	s := &w.cloud.Status
	if s.SystemAssignedIdentity == nil || s.SystemAssignedIdentity.PrincipalID == "" || s.Encryption == nil || s.Encryption.Status != "Enabled" ||
		s.Encryption.KeyState != "Connected" ||
		s.Encryption.VersionType != "Fixed" || s.ClusterSize != 4 || s.SKU != "av36p" || s.Endpoints.NSXTCertificateThumbprint == "" {
		t.Errorf("status: %+v", s)
	}
	if got := len(w.writes()); got != 5 {
		t.Errorf("%d writes for five concerns: %v", got, w.writes())
	}
	env.Edit(t, cluster, w.cloud, func(c *v1alpha1.PrivateCloud) { c.Spec.Encryption.KeyVault.KeyVersion = "" })
	cluster.WaitReady(t, w.cloud)
	if w.cloud.Status.Encryption.VersionType != "AutoDetected" {
		t.Errorf("without keyVersion the newest is followed: %+v", w.cloud.Status.Encryption)
	}
	env.Edit(t, cluster, w.cloud, func(c *v1alpha1.PrivateCloud) {
		c.Spec.SystemAssignedIdentity, c.Spec.Encryption, c.Spec.Internet, c.Spec.ExtendedNetworkBlocks = "", nil, "", nil
	})
	cluster.WaitReady(t, w.cloud)
	if w.InAzure("", "properties", "encryption", "status") != "Disabled" || w.InAzure("", "identity", "type") != "None" ||
		w.InAzure("", "properties", "internet") != "Disabled" ||
		fmt.Sprint(w.InAzure("", "properties", "extendedNetworkBlocks")) != "[]" {
		t.Errorf("what the spec dropped is still in Azure: %v", w.InAzure(""))
	}
}

func TestALicenceGoesByPutAndIdentitySourcesFollowTheirSecret(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fast, false)
	account := &corev1.Secret{ObjectMeta: w.Meta("ldap"), Type: corev1.SecretTypeBasicAuth,
		StringData: map[string]string{"username": "reader", "password": "one-s3cr3t"}}
	cluster.Create(t, account, &corev1.Secret{ObjectMeta: usable(w.Meta("vcf")), StringData: map[string]string{"key": "vcf-s3cr3t"}})
	end := time.Now().AddDate(3, 0, 0).UTC()
	env.Edit(t, cluster, w.cloud, func(c *v1alpha1.PrivateCloud) {
		c.Spec.Internet = "Enabled"
		c.Spec.VCFLicense = &v1alpha1.VCFLicense{LicenseTerms: v1alpha1.LicenseTerms{
			LicenseKeySecretRef: &v1alpha1.SecretKeyReference{Name: "vcf", Key: "key"}, Cores: 144, EndDate: end.Format(time.DateOnly), BroadcomSiteID: "1",
			Labels: []v1alpha1.LicenseLabel{{Key: "a", Value: "b"}},
		}}
		c.Spec.IdentitySources = []v1alpha1.IdentitySource{{
			Name: "corp", Alias: "CORP", Domain: "corp.example.com", BaseUserDN: "ou=users", BaseGroupDN: "ou=groups",
			PrimaryServer: "ldaps://dc1.corp.example.com", SSL: "Enabled", CredentialsRef: v1alpha1.CredentialsReference{Name: "ldap"},
		}}
	})
	cluster.WaitReady(t, w.cloud)
	cluster.Eventually(t, soon, "one PUT for the licence", w.puts("weu", 1))
	if l := w.cloud.Status.VCFLicense; l == nil || l.Cores != 144 || l.EndDate == nil ||
		l.EndDate.UTC().Format(time.RFC3339) != end.Format(time.DateOnly)+"T23:59:59Z" {
		t.Errorf("the licence in status: %+v, its last day is %s", l, end.Format(time.DateOnly))
	}
	if w.InAzure("", "properties", "internet") != "Enabled" {
		t.Error("the PUT of the licence took something away")
	}
	before := len(w.writes())
	env.Edit(t, cluster, account, func(s *corev1.Secret) { s.Data["password"] = []byte("two-s3cr3t") })
	cluster.Eventually(t, soon, "the new password in Azure", func(context.Context) error {
		if writes := w.writes(); len(writes) != before+1 || writes[before] != "PATCH weu" {
			return fmt.Errorf("written: %v", writes)
		}
		return nil
	})
	cluster.WaitReady(t, w.cloud)
	env.Edit(t, cluster, w.cloud, func(c *v1alpha1.PrivateCloud) {
		c.Spec.IdentitySources[0].SecondaryServer = "ldaps://dc9.corp.example.com:636"
	})
	cluster.WaitReady(t, w.cloud)
	env.Edit(t, cluster, w.cloud, func(c *v1alpha1.PrivateCloud) { c.Spec.IdentitySources[0].SecondaryServer = "" })
	cluster.WaitReady(t, w.cloud)
	if sources := fmt.Sprint(w.InAzure("", "properties", "identitySources")); strings.Contains(sources, "dc9") || !strings.Contains(sources, "primaryServer") {
		t.Errorf("a server that the spec dropped is still asked: %s", sources)
	}
	env.Edit(t, cluster, w.cloud, func(c *v1alpha1.PrivateCloud) { c.Spec.IdentitySources = nil })
	cluster.WaitReady(t, w.cloud)
	if fmt.Sprint(w.InAzure("", "properties", "identitySources")) != "[]" {
		t.Errorf("what the spec dropped is still in Azure: %v", w.InAzure("", "properties"))
	}
}

// Nobody has published which hosts a shorter list keeps, so without the feature gate no list is sent, and nothing shrinks.
func TestHostsAreNotNamedToLeaveWithoutTheFeatureGate(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fast, false, func(c *v1alpha1.PrivateCloud) { c.Spec.ManagementCluster.ClusterSize = 4 })
	second := &v1alpha1.Cluster{ObjectMeta: w.Meta("weu-2"), Spec: v1alpha1.ClusterSpec{PrivateCloudRef: w.inCloud(), SKU: "av36p", ClusterSize: ptr.To[int32](4)}}
	cluster.Create(t, second)
	cluster.WaitReady(t, second)
	writes := len(w.writes())
	env.Edit(t, cluster, second, func(c *v1alpha1.Cluster) {
		c.Spec.ClusterSize, c.Spec.ScaleIn = ptr.To[int32](3), &v1alpha1.ScaleIn{Hosts: []string{c.Status.Hosts[0]}}
	})
	env.Edit(t, cluster, w.cloud, func(c *v1alpha1.PrivateCloud) {
		c.Spec.ManagementCluster.ClusterSize, c.Spec.ManagementCluster.ScaleIn = 3, &v1alpha1.ScaleIn{Hosts: []string{c.Status.Hosts[0]}}
	})
	cluster.WaitNotReady(t, second, v1alpha1.ReasonFeatureDisabled, "spec.scaleIn.hosts", "ScaleInHosts", "Take it out of the spec")
	cluster.WaitNotReady(t, w.cloud, v1alpha1.ReasonFeatureDisabled, "spec.managementCluster.scaleIn.hosts", "ScaleInHosts")
	if !meta.IsStatusConditionTrue(w.cloud.Status.Conditions, v1alpha1.ConditionStalled) {
		t.Errorf("the conditions are %+v", w.cloud.Status.Conditions)
	}
	time.Sleep(500 * time.Millisecond)
	if len(w.writes()) != writes || w.InAzure("/clusters/weu-2", "properties", "clusterSize") != 4.0 {
		t.Errorf("written: %v", w.writes()[writes:])
	}
	env.Edit(t, cluster, second, func(c *v1alpha1.Cluster) { c.Spec.ScaleIn = nil }) // as it says
	cluster.WaitReady(t, second)
	if second.Status.ClusterSize != 3 {
		t.Errorf("the size is %d", second.Status.ClusterSize)
	}
}

func TestTheSpecNamesWhichHostsLeave(t *testing.T) {
	t.Parallel()
	w := withFeature(t, "ScaleInHosts=true", fast, false, func(c *v1alpha1.PrivateCloud) { c.Spec.ManagementCluster.ClusterSize = 5 })
	second := &v1alpha1.Cluster{ObjectMeta: w.Meta("weu-2"), Spec: v1alpha1.ClusterSpec{PrivateCloudRef: w.inCloud(), SKU: "av36p", ClusterSize: ptr.To[int32](5)}}
	cluster.Create(t, second)
	cluster.WaitReady(t, second)
	goes, stays := second.Status.Hosts[1], slices.Concat(second.Status.Hosts[:1], second.Status.Hosts[2:])
	short, _, _ := strings.Cut(goes, ".")
	env.Edit(t, cluster, second, func(c *v1alpha1.Cluster) {
		c.Spec.ClusterSize, c.Spec.ScaleIn = ptr.To[int32](4), &v1alpha1.ScaleIn{Hosts: []string{short}}
	})
	cluster.WaitReady(t, second)
	if !slices.Equal(second.Status.Hosts, stays) {
		t.Errorf("the hosts are %v, want %v", second.Status.Hosts, stays)
	}
	goes, stays = w.cloud.Status.Hosts[0], w.cloud.Status.Hosts[1:4]
	env.Edit(t, cluster, w.cloud, func(c *v1alpha1.PrivateCloud) {
		c.Spec.ManagementCluster.ClusterSize, c.Spec.ManagementCluster.ScaleIn = 3, &v1alpha1.ScaleIn{Hosts: []string{goes}}
	})
	cluster.WaitReady(t, w.cloud)
	if !slices.Equal(w.cloud.Status.Hosts, stays) {
		t.Errorf("the hosts are %v, want %v", w.cloud.Status.Hosts, stays)
	}
}

// Somebody has given the private cloud a directory in the portal: a change of the licence, which only a PUT of everything takes, must not take
// the directory's password away.
func TestALicenceDoesNotTakeAwayWhatAzureDoesNotShow(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fast, false)
	id := w.Azure.PrivateCloudID("weu")
	source := map[string]any{"name": "corp", "alias": "CORP", "domain": "corp.example.com", "baseUserDN": "ou=users", "baseGroupDN": "ou=groups",
		"primaryServer": "ldaps://dc1.corp.example.com", "ssl": "Enabled"}
	w.Azure.Set(t, id, map[string]any{"properties": map[string]any{"identitySources": []any{source}}})
	const username, password = "properties.identitySources[corp].username", "properties.identitySources[corp].password"
	for path, value := range map[string]string{username: "reader", password: "of-the-portal"} {
		if err := w.Azure.SetSecret(id, path, value); err != nil {
			t.Fatal(err)
		}
	}
	cluster.Create(t, &corev1.Secret{ObjectMeta: usable(w.Meta("vcf")), StringData: map[string]string{"key": "vcf-s3cr3t"}},
		&corev1.Secret{ObjectMeta: w.Meta("ldap"), Type: corev1.SecretTypeBasicAuth,
			StringData: map[string]string{"username": "reader", "password": "of-the-portal"}})
	end := time.Now().AddDate(3, 0, 0).UTC()
	writes := len(w.writes())
	env.Edit(t, cluster, w.cloud, func(c *v1alpha1.PrivateCloud) {
		c.Spec.VCFLicense = &v1alpha1.VCFLicense{LicenseTerms: v1alpha1.LicenseTerms{LicenseKeySecretRef: &v1alpha1.SecretKeyReference{Name: "vcf", Key: "key"},
			Cores: 144, EndDate: end.Format(time.RFC3339)}}
	})
	cluster.WaitNotReady(t, w.cloud, v1alpha1.ReasonInvalidSpec, "identity sources (corp)", "spec.identitySources", "credentialsRef")
	if held, ok := w.Azure.Secret(id, password); !ok || held != "of-the-portal" || len(w.writes()) != writes {
		t.Errorf("the password of the directory is %q (%v), written %v", held, ok, w.writes()[writes:])
	}
	env.Edit(t, cluster, w.cloud, func(c *v1alpha1.PrivateCloud) { // as it says
		c.Spec.IdentitySources = []v1alpha1.IdentitySource{{
			Name: "corp", Alias: "CORP", Domain: "corp.example.com", BaseUserDN: "ou=users", BaseGroupDN: "ou=groups",
			PrimaryServer: "ldaps://dc1.corp.example.com", SSL: "Enabled", CredentialsRef: v1alpha1.CredentialsReference{Name: "ldap"},
		}}
	})
	cluster.WaitReady(t, w.cloud)
	held, _ := w.Azure.Secret(id, password)
	account, _ := w.Azure.Secret(id, username)
	key, _ := w.Azure.Secret(id, "properties.vcfLicense.licenseKey")
	if held != "of-the-portal" || account != "reader" || key != "vcf-s3cr3t" {
		t.Errorf("after the licence Azure holds %q, %q and %q", account, held, key)
	}
}

func TestADeleteLockComesAndGoesWithTheSpec(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fast, false, func(c *v1alpha1.PrivateCloud) { c.Spec.DeleteLock = "Enabled" })
	lock := "weu/providers/microsoft.authorization/locks/avs-operator"
	w.wrote(t, "PUT "+lock)
	env.Edit(t, cluster, w.cloud, func(c *v1alpha1.PrivateCloud) { c.Spec.DeleteLock = "" })
	cluster.Eventually(t, soon, "the lock to go", func(context.Context) error {
		if writes := w.writes(); len(writes) != 2 || writes[1] != "DELETE "+lock {
			return fmt.Errorf("written: %v", writes)
		}
		return nil
	})
	env.Edit(t, cluster, w.cloud, func(c *v1alpha1.PrivateCloud) { c.Spec.DeleteLock = "Enabled" })
	cluster.Eventually(t, soon, "the lock to come back", w.puts(lock, 2))
	cluster.WaitReady(t, w.cloud)
	env.Edit(t, cluster, w.cloud, func(c *v1alpha1.PrivateCloud) {
		c.Spec.DeletionPolicy = "Delete"
		c.Annotations[v1alpha1.AnnotationConfirmDelete], c.Annotations[v1alpha1.AnnotationConfirmMachines] = "weu", "weu"
	})
	cluster.Remove(t, w.cloud)
	w.wrote(t, "PUT "+lock, "DELETE "+lock, "PUT "+lock, "DELETE "+lock, "DELETE weu")
}

func TestPrivateCloudsOfTheSecondGenerationAndStretchedOnes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fast, false, func(c *v1alpha1.PrivateCloud) {
		c.Spec.ManagementCluster.ClusterSize, c.Spec.Availability = 6, &v1alpha1.Availability{Strategy: "DualZone", Zone: 1, SecondaryZone: 2}
	})
	if s := w.cloud.Status; s.SecondaryCircuit == nil || s.SecondaryCircuit.ExpressRouteID == "" || s.Availability == nil || s.Availability.SecondaryZone != 2 {
		t.Errorf("a stretched one: %+v", s)
	}
	second := w.cloud.DeepCopy()
	second.ObjectMeta = w.Meta("gen2")
	second.Spec.SKU, second.Spec.NetworkBlock, second.Spec.Availability = "av64", "10.76.0.0/22", nil
	second.Spec.ManagementCluster.ClusterSize, second.Spec.DNSZoneType = 3, "Private"
	second.Spec.VirtualNetworkID = strings.TrimSuffix(w.Azure.PrivateCloudID("x"), "Microsoft.AVS/privateClouds/x") + "Microsoft.Network/virtualNetworks/vnet"
	second.Status = v1alpha1.PrivateCloudStatus{}
	cluster.Create(t, second)
	cluster.WaitReady(t, second)
	if !strings.EqualFold(second.Status.VirtualNetworkID, second.Spec.VirtualNetworkID) {
		t.Errorf("generation 2: %+v", second.Status)
	}
	san := w.elasticSAN("san-02")
	san.Spec.PrivateCloudRef.Name = "gen2"
	cluster.Create(t, san)
	cluster.WaitReady(t, san) // hosts in a virtual network need no iSCSI path
	path := &v1alpha1.IscsiPath{ObjectMeta: w.Meta("none"),
		Spec: v1alpha1.IscsiPathSpec{PrivateCloudRef: v1alpha1.ParentReference{Name: "gen2"}, NetworkBlock: "10.200.0.0/24"}}
	cluster.Create(t, path)
	cluster.WaitNotReady(t, path, v1alpha1.ReasonInvalidSpec, "it has no iSCSI path. Delete this object")
	cluster.Remove(t, path)
}
