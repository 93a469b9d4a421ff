// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/test/env"
)

const network = "/workloadNetworks/default/"

func (w *world) zone(name, azureName, domain string) *v1alpha1.DNSZone {
	spec := v1alpha1.DNSZoneSpec{AzureSpec: v1alpha1.AzureSpec{AzureName: azureName}, PrivateCloudRef: w.inCloud(),
		DNSServerIPs: []string{"10.1.0.53", "10.1.1.53"}}
	if domain != "" {
		spec.Domain = []string{domain}
	}
	return &v1alpha1.DNSZone{ObjectMeta: w.Meta(name), Spec: spec}
}

// forwarder is the DNS service that the private cloud comes with.
func (w *world) forwarder(zones ...string) *v1alpha1.DNSService {
	return &v1alpha1.DNSService{ObjectMeta: w.Meta("dns"), Spec: v1alpha1.DNSServiceSpec{
		AzureSpec: v1alpha1.AzureSpec{AzureName: "dns-forwarder"}, PrivateCloudRef: w.inCloud(), FQDNZones: zones,
	}}
}

// noneRefused fails when Azure refused a write: what it would refuse is not sent.
func (w *world) noneRefused(t *testing.T) {
	t.Helper()
	for _, r := range w.Azure.Writes() {
		if r.Status >= 400 {
			t.Errorf("Azure answered %d to %s %s %s", r.Status, r.Method, r.Path, r.Body)
		}
	}
}

// lists fails unless a list in Azure has exactly these texts.
func (w *world) lists(t *testing.T, below, path string, want ...string) {
	t.Helper()
	got := fmt.Sprint(w.InAzure(below, strings.Split(path, "/")...))
	if text := fmt.Sprint(want); got != text && (got != "<nil>" || len(want) > 0) {
		t.Errorf("%s of %s is %s, not %s", path, below, got, text)
	}
}

func TestADNSZoneLeavesItsServiceBeforeItIsDeleted(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fast, false)
	service, zone := w.forwarder("corp"), w.zone("corp", "corp-zone", "corp.example.com")
	service.Spec.DefaultDNSZone = "corp-zone" // by its name in Azure
	cluster.Create(t, service)
	cluster.WaitNotReady(t, service, v1alpha1.ReasonReferenceNotFound, "DNS zone corp")
	cluster.Create(t, zone)
	cluster.WaitReady(t, zone)
	cluster.WaitReady(t, service)
	w.lists(t, network+"dnsServices/dns-forwarder", "properties/fqdnZones", "corp-zone")
	if service.Status.DefaultDNSZone != "corp-zone" || service.Status.DNSServiceIP == "" {
		t.Errorf("status is %+v", service.Status)
	}
	cluster.Remove(t, zone)
	w.lists(t, network+"dnsServices/dns-forwarder", "properties/fqdnZones")
	if got := w.InAzure(network+"dnsServices/dns-forwarder", "properties", "defaultDnsZone"); got != "default-dns-zone" {
		t.Errorf("the default zone is %v", got)
	}
	if w.InAzure(network+"dnsZones/corp-zone") != nil {
		t.Error("the zone is still there")
	}
	const base = "weu/workloadnetworks/default/"
	w.wrote(t, "PUT "+base+"dnszones/corp-zone", "PATCH "+base+"dnsservices/dns-forwarder",
		"PATCH "+base+"dnsservices/dns-forwarder", "DELETE "+base+"dnszones/corp-zone")
	cluster.WaitNotReady(t, service, v1alpha1.ReasonReferenceNotFound, "DNS zone corp")
	env.Edit(t, cluster, service, func(s *v1alpha1.DNSService) { s.Spec.FQDNZones, s.Spec.DefaultDNSZone = nil, "" })
	cluster.WaitReady(t, service)
	w.noneRefused(t)
}

func TestADNSZoneLeavesAServiceThatNoObjectStandsFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fast, false)
	corp, lab := w.zone("corp", "", "corp.example.com"), w.zone("lab", "", "lab.example.com")
	cluster.Create(t, corp, lab)
	cluster.WaitReady(t, corp)
	cluster.WaitReady(t, lab)
	service := w.Azure.PrivateCloudID("weu") + network + "dnsServices/dns-forwarder"
	w.Azure.Set(t, service, map[string]any{"properties": map[string]any{"fqdnZones": []any{"lab", "corp"}, "defaultDnsZone": "corp"}})
	cluster.Remove(t, corp)
	w.lists(t, network+"dnsServices/dns-forwarder", "properties/fqdnZones", "lab")
	if got := w.InAzure(network+"dnsServices/dns-forwarder", "properties", "defaultDnsZone"); got != "default-dns-zone" {
		t.Errorf("the default zone is %v", got)
	}
	w.noneRefused(t)
}

func TestWhatAPrivateCloudComesWithIsAdoptedAndNeverDeleted(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fast, false)
	service, zone := w.forwarder(), w.zone("default-dns-zone", "", "")
	service.Spec.LogLevel = "WARNING"
	cluster.Create(t, service, zone)
	cluster.WaitReady(t, service)
	cluster.WaitReady(t, zone)
	if got := w.InAzure(network+"dnsServices/dns-forwarder", "properties", "logLevel"); got != "WARNING" {
		t.Errorf("the log level is %v", got)
	}
	w.lists(t, network+"dnsZones/default-dns-zone", "properties/dnsServerIps", "10.1.0.53", "10.1.1.53")
	env.Edit(t, cluster, zone, func(z *v1alpha1.DNSZone) { z.Spec.DNSServerIPs = []string{"10.1.1.53", "10.1.0.53"} })
	cluster.WaitReady(t, zone)
	w.lists(t, network+"dnsZones/default-dns-zone", "properties/dnsServerIps", "10.1.1.53", "10.1.0.53") // their order counts
	env.Edit(t, cluster, service, func(s *v1alpha1.DNSService) { s.Spec.LogLevel = "" })
	cluster.WaitReady(t, service)
	if got := w.InAzure(network+"dnsServices/dns-forwarder", "properties", "logLevel"); got != "INFO" {
		t.Errorf("a level that the spec dropped is %v", got)
	}
	cluster.Delete(t, service)
	cluster.Delete(t, zone)
	cluster.WaitGone(t, soon, service)
	cluster.WaitGone(t, soon, zone)
	if w.InAzure(network+"dnsServices/dns-forwarder") == nil || w.InAzure(network+"dnsZones/default-dns-zone") == nil {
		t.Error("what the private cloud comes with is gone")
	}
	for _, r := range w.Azure.Writes() {
		if !strings.Contains(r.Path, "/workloadnetworks/") {
			continue
		}
		var body struct{ Properties map[string]any }
		if err := json.Unmarshal(r.Body, &body); err != nil || r.Method != "PATCH" {
			t.Errorf("%s %s %s: %v", r.Method, r.Path, r.Body, err)
		}
		_, domain := body.Properties["domain"]
		if strings.Contains(r.Path, "/dnszones/") && (!domain || body.Properties["dnsServices"] != 1.0) {
			t.Errorf("the change of the default zone does not say what Azure wants in it: %s", r.Body)
		}
		if name := body.Properties["displayName"]; name != "default-dns-zone" && name != "dns-forwarder" || body.Properties["revision"] == nil {
			t.Errorf("another name than Azure's, or no revision: %s", r.Body)
		}
	}
	w.noneRefused(t)
}
