// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package armsim

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/google/uuid"
)

const keyVault = "properties.encryption.keyVaultProperties"

// aloneInNetwork holds that a virtual network, and a resource group, has one private cloud of the second generation. s.mu is
// held.
func (s *Server) aloneInNetwork(ch *change) *answer {
	network := lookupString(ch.after, "properties.virtualNetworkId")
	if !ch.create() || network == "" {
		return nil
	}
	group := ch.r.key()[:strings.Index(ch.r.key(), "/providers/")]
	for key, other := range s.resources {
		theirs := lookupString(other.body, "properties.virtualNetworkId")
		if other.parent != nil || theirs == "" {
			continue
		}
		if strings.EqualFold(theirs, network) {
			return refuse(http.StatusConflict, "Conflict", "The virtual network '%s' has the private cloud '%s' already.", network, other.id)
		}
		if strings.HasPrefix(key, group+"/") {
			return refuse(http.StatusConflict, "Conflict", "The resource group has the private cloud '%s' in a virtual network already.", other.id)
		}
	}
	return nil
}

// assignIdentity gives a private cloud its identity in Entra ID, or takes it, and shows what became of its encryption key.
func (s *Server) assignIdentity(r *resource) {
	switch lookupString(r.body, "identity.type") {
	case "SystemAssigned":
		if lookupString(r.body, "identity.principalId") == "" {
			put(r.body, "identity.principalId", uuid.NewSHA1(uuid.NameSpaceURL, []byte(r.key())).String())
			put(r.body, "identity.tenantId", r.sub.config.TenantID)
		}
	case "None":
		remove(r.body, "identity.principalId")
		remove(r.body, "identity.tenantId")
	}
	if lookupString(r.body, "properties.encryption.status") != "Enabled" || lookupString(r.body, keyVault+".keyName") == "" {
		return
	}
	put(r.body, keyVault+".keyState", "Connected")
	if lookupString(r.body, keyVault+".keyVersion") != "" {
		put(r.body, keyVault+".versionType", "Fixed")
		remove(r.body, keyVault+".autoDetectedKeyVersion")
		return
	}
	put(r.body, keyVault+".versionType", "AutoDetected")
	put(r.body, keyVault+".autoDetectedKeyVersion", madeThumbprint(r.key())[:32])
}

// vaultOpens refuses encryption with a key of a vault that does not let the private cloud in. A private cloud that is still to be made has no
// identity yet that a vault could know.
func (s *Server) vaultOpens(ch *change) *answer {
	if lookupString(ch.after, "properties.encryption.status") != "Enabled" {
		return nil
	}
	url, principal := vaultURL(lookupString(ch.after, keyVault+".keyVaultUrl")), lookupString(ch.after, "identity.principalId")
	allowed, closed := s.vaults[url]
	if !closed || principal != "" && allowed[principal] {
		return nil
	}
	return refuse(http.StatusBadRequest, "KeyVaultAccessDenied", "The system-assigned identity '%s' of the private cloud has no access to the key vault '%s': "+
		"it needs the permissions Get, Wrap Key and Unwrap Key on keys.", principal, url)
}

func vaultURL(text string) string { return strings.ToLower(strings.TrimRight(text, "/")) }

// LetIntoKeyVault has one of Config.KeyVaults let an identity in, as its access policies or a role do.
func (s *Server) LetIntoKeyVault(url, principalID string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	allowed, ok := s.vaults[vaultURL(url)]
	if !ok {
		return fmt.Errorf("letting %s into %s: there is no such key vault", principalID, url)
	}
	allowed[principalID] = true
	return nil
}

// checkTrial answers whether a subscription can try AVS.
func (s *Server) checkTrial(in *scoped, location string) *answer {
	if _, refused := in.object(false); refused != nil {
		return refused
	}
	if !knownLocation(location) {
		return refuse(http.StatusBadRequest, "LocationNotAvailableForResourceType",
			"The provided location '%s' is not available for resource type '%s/locations'.", location, avs)
	}
	if in.sub.config.TrialHosts == 0 {
		return reply(http.StatusOK, map[string]any{"status": "TrialDisabled", "availableHosts": 0})
	}
	for key, r := range s.resources {
		if r.parent == nil && strings.HasPrefix(key, strings.ToLower(in.sub.path())+"/") {
			return reply(http.StatusOK, map[string]any{"status": "TrialUsed", "availableHosts": 0})
		}
	}
	return reply(http.StatusOK, map[string]any{"status": "TrialAvailable", "availableHosts": in.sub.config.TrialHosts})
}

// checkComponent answers the check that Azure's own components make of each other: it takes a moment and says yes.
func (s *Server) checkComponent(in *scoped, location, name string) *answer {
	if !knownLocation(location) || !resourceName.MatchString(name) {
		return refuse(http.StatusNotFound, "ResourceNotFound", "The service component '%s' in '%s' was not found.", name, location)
	}
	id := in.sub.path() + "/providers/" + avs + "/locations/" + normalLocation(location) + "/serviceComponents/" + name
	op := s.newOperation(in.call, id, in.sub, normalLocation(location))
	op.finish = func(string) {}
	s.run(op, s.draw(s.config.Durations.Network, "component/"+id))
	return s.accepted(in.call, op, http.StatusAccepted, viaLocation, nil)
}
