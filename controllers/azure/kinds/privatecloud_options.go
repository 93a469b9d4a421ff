// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/azure/body"
	"github.com/avs-operator/avs-operator/controllers/azure/diff"
	"github.com/avs-operator/avs-operator/controllers/azure/kind"
	"github.com/avs-operator/avs-operator/controllers/azure/kinds/ask"
	"github.com/avs-operator/avs-operator/controllers/azure/kinds/hosts"
	"github.com/avs-operator/avs-operator/controllers/azure/tree"
	"github.com/avs-operator/avs-operator/controllers/outcome"
)

const (
	enabled  = "Enabled"
	disabled = "Disabled"
)

// desiredOptions are what a private cloud may have beside hosts and a network.
func desiredOptions(c *v1alpha1.PrivateCloud, properties map[string]any) {
	body.Set(properties, "virtualNetworkId", c.Spec.VirtualNetworkID)
	body.Set(properties, "dnsZoneType", c.Spec.DNSZoneType)
	if len(c.Spec.ExtendedNetworkBlocks) > 0 {
		properties["extendedNetworkBlocks"] = body.List(c.Spec.ExtendedNetworkBlocks)
	}
	if len(c.Spec.IdentitySources) > 0 {
		properties["identitySources"] = identitySources(c.Spec.IdentitySources)
	}
	if e := c.Spec.Encryption; e != nil {
		asked := map[string]any{"status": e.Status}
		if e.KeyVault != nil {
			vault := map[string]any{"keyVaultUrl": e.KeyVault.URL, "keyName": e.KeyVault.KeyName}
			body.Set(vault, "keyVersion", e.KeyVault.KeyVersion)
			asked["keyVaultProperties"] = vault
		}
		properties["encryption"] = asked
	}
	if l := c.Spec.VCFLicense; l != nil {
		terms := licenseTerms(&l.LicenseTerms)
		terms["kind"] = "vcf5"
		properties["vcfLicense"] = terms
	}
}

func identitySources(sources []v1alpha1.IdentitySource) []any {
	out := make([]any, 0, len(sources))
	for _, s := range sources {
		one := map[string]any{
			"name": s.Name, "alias": s.Alias, "domain": s.Domain, "baseUserDN": s.BaseUserDN, "baseGroupDN": s.BaseGroupDN, "primaryServer": s.PrimaryServer,
		}
		body.Set(one, "secondaryServer", s.SecondaryServer)
		body.Set(one, "ssl", s.SSL)
		out = append(out, one)
	}
	return out
}

// privateCloudSecrets are the accounts that search directories, the key of the licence, and the first passwords.
func privateCloudSecrets(c *v1alpha1.PrivateCloud) []kind.SecretValue {
	var out []kind.SecretValue
	for i, source := range c.Spec.IdentitySources {
		out = append(out, credentialsAt("/properties/identitySources/"+strconv.Itoa(i), source.CredentialsRef)...)
	}
	if c.Spec.VCFLicense != nil {
		out = append(out, licenseKey(&c.Spec.VCFLicense.LicenseTerms, hosts.VCFLicense)...)
	}
	return append(out, firstPasswords(c)...)
}

// concerns of a private cloud, in the order in which they go out: Azure refuses size and internet in one PATCH, encryption before there is
// an identity to open the key vault with, and hosts that the licence or the address space does not cover.
var concerns = []string{
	"/tags", "/identity", encryption, "/properties/internet", "/properties/identitySources", ask.ExtendedBlocks, "/properties/dnsZoneType",
	hosts.VCFLicense, "", "/properties/managementCluster",
}

// privateCloudConcerns: one thing at a time. An identity that goes does so after the encryption that needs it.
func privateCloudConcerns(c *v1alpha1.PrivateCloud, changes []diff.Change) [][]diff.Change {
	groups := byConcern(changes, func(change diff.Change) string {
		if change.Path == "/identity/type" && change.Desired == "None" {
			return "03"
		}
		place := 8
		for i, prefix := range concerns {
			if prefix != "" && body.Under(change.Path, []string{prefix}) {
				place = i
			}
		}
		if place > 2 {
			place++
		}
		return string(rune('0'+place/10)) + strconv.Itoa(place%10)
	})
	if m := c.Spec.ManagementCluster; m != nil && len(groups) > 0 {
		groups[0] = hosts.ScaleIn(groups[0], tree.SizeOfCluster1, tree.HostsOfCluster1, c.Status.Hosts, &m.ClusterSize, m.ScaleIn)
	}
	return groups
}

// byConcern groups changes by a name, in the order of the names.
func byConcern(changes []diff.Change, concern func(diff.Change) string) [][]diff.Change {
	groups := map[string][]diff.Change{}
	for _, change := range changes {
		name := concern(change)
		groups[name] = append(groups[name], change)
	}
	var out [][]diff.Change
	for _, name := range slices.Sorted(maps.Keys(groups)) {
		out = append(out, groups[name])
	}
	return out
}

// privateCloudMayReplace: Azure takes a licence only with the whole private cloud, and does not show the accounts that its directories are searched
// with. Those of the spec go along from their Secrets; of others they would be lost, and nobody could sign in to vCenter through them any more.
func privateCloudMayReplace(c *v1alpha1.PrivateCloud, whole map[string]any) *outcome.Outcome {
	sources, _ := body.Properties(whole)["identitySources"].([]any)
	if len(sources) == 0 || len(c.Spec.IdentitySources) > 0 {
		return nil
	}
	var names []string
	for _, one := range sources {
		source, _ := one.(map[string]any)
		name, _ := source["name"].(string)
		names = append(names, name)
	}
	return outcome.Stall(v1alpha1.ReasonInvalidSpec,
		"Azure takes this change only with the whole private cloud, and the passwords of its identity sources (%s), which Azure does not show and the "+
			"spec does not have, would be lost: "+
			"name them in spec.identitySources, each with its credentialsRef", strings.Join(names, ", "))
}

// lockName is the name of the lock in Azure where the spec names none, and lockNotes begin the notes of every lock that the operator makes.
const (
	lockType  = "Microsoft.Authorization/locks"
	lockName  = "avs-operator"
	lockNotes = "Kept by avs-operator"
)

// privateCloudCompanion is the lock against deletion. One whose notes do not say that the operator made it is somebody else's: it may be there for a reason
// that the operator does not know.
func privateCloudCompanion(c *v1alpha1.PrivateCloud, own arm.ID) (kind.Companion, bool) {
	name := c.Spec.DeleteLockName
	if name == "" {
		name = lockName
	}
	lock := kind.Companion{
		ID: own.Child("providers/"+lockType, name), Words: "the delete lock",
		Ours: func(lock *arm.Resource) bool { return strings.HasPrefix(lock.String("/properties/notes"), lockNotes) },
	}
	if c.Spec.DeleteLock == enabled {
		lock.Body = map[string]any{"properties": map[string]any{
			"level": "CanNotDelete", "notes": lockNotes + ": PrivateCloud " + c.Namespace + "/" + c.Name + " has deleteLock: Enabled",
		}}
	}
	return lock, c.Spec.DeleteLock != ""
}
