// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package advice

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/azure/kind"
	"github.com/avs-operator/avs-operator/test/armsim"
	"github.com/avs-operator/avs-operator/test/env"
)

func path(ends string) *regexp.Regexp { return regexp.MustCompile(`/` + ends) }

func adopt(t *testing.T, object kind.Object, policy v1alpha1.AdoptionPolicy) {
	t.Helper()
	env.Edit(t, cluster, object, func(o kind.Object) { o.AzureSpec().AdoptionPolicy = policy })
}

func adoptionNever(t *testing.T, w *world) {
	for _, name := range []string{"never-1", "never-2"} {
		w.leave(t, w.key("by-hand-"+name, hub))
		key := w.key(name, hub)
		key.Spec.AzureName, key.Spec.AdoptionPolicy = "by-hand-"+name, v1alpha1.AdoptionPolicyNever
		cluster.Create(t, key)
		told(t, key, v1alpha1.ReasonAdoptionRefused, "choose another azureName, or allow its adoption")
		if name == "never-1" {
			env.Edit(t, cluster, key, func(k *v1alpha1.ExpressRouteAuthorization) { k.Spec.AzureName = "chosen" })
		} else {
			adopt(t, key, v1alpha1.AdoptionPolicyIfUnchanged)
		}
		cluster.WaitReady(t, key)
	}
}

func adoptionOfWhatDiffers(t *testing.T, w *world) {
	for _, name := range []string{"differs-1", "differs-2"} {
		w.leave(t, w.zone(name, hub, "10.1.0.53"))
		zone := w.zone(name, hub, "10.2.0.53")
		cluster.Create(t, zone)
		told(t, zone, v1alpha1.ReasonAdoptionRefused, "Change the spec to what Azure has, or set adoptionPolicy: Always")
		if name == "differs-1" {
			env.Edit(t, cluster, zone, func(z *v1alpha1.DNSZone) { z.Spec.DNSServerIPs = []string{"10.1.0.53"} })
		} else {
			adopt(t, zone, v1alpha1.AdoptionPolicyAlways)
		}
		cluster.WaitReady(t, zone)
	}
}

func takeoverOfWhatDiffers(t *testing.T, w *world) {
	w.leave(t, w.zone("takeover-differs", hub, "10.1.0.53"))
	zone := w.zone("takeover-differs", hub, "10.2.0.53")
	zone.Spec.AdoptionPolicy = v1alpha1.AdoptionPolicyTakeover
	cluster.Create(t, zone)
	told(t, zone, v1alpha1.ReasonAdoptionRefused, "Change the spec to what Azure has; edit it again after it has been taken over")
	for _, server := range []string{"10.1.0.53", "10.2.0.53"} {
		env.Edit(t, cluster, zone, func(z *v1alpha1.DNSZone) { z.Spec.DNSServerIPs = []string{server} })
		cluster.WaitReady(t, zone)
	}
}

func takeoverOfWhatIsNotThere(t *testing.T, w *world) {
	key := w.key("takeover-nothing", hub)
	key.Spec.AdoptionPolicy = v1alpha1.AdoptionPolicyTakeover
	cluster.Create(t, key)
	told(t, key, v1alpha1.ReasonNotFoundInAzure, "take adoptionPolicy out of the spec to have it made")
	adopt(t, key, "")
	cluster.WaitReady(t, key)

	w.leave(t, w.key("called-otherwise", hub))
	key = w.key("takeover-misspelt", hub)
	key.Spec.AzureName, key.Spec.AdoptionPolicy = "called-othewise", v1alpha1.AdoptionPolicyTakeover
	cluster.Create(t, key)
	told(t, key, v1alpha1.ReasonNotFoundInAzure, "correct the name if it is called otherwise there")
	env.Edit(t, cluster, key, func(k *v1alpha1.ExpressRouteAuthorization) { k.Spec.AzureName = "called-otherwise" })
	cluster.WaitReady(t, key)
}

func takeoverOfWhatFailed(t *testing.T, w *world) {
	w.leave(t, w.zone("takeover-failed", hub, "10.1.0.53"))
	w.Azure.Set(t, w.id(hub, "/workloadNetworks/default/dnsZones/takeover-failed"), state("Failed"))
	zone := w.zone("takeover-failed", hub, "10.1.0.53")
	zone.Spec.AdoptionPolicy = v1alpha1.AdoptionPolicyTakeover
	cluster.Create(t, zone)
	told(t, zone, v1alpha1.ReasonOperationFailed, "set adoptionPolicy: Always")
	adopt(t, zone, v1alpha1.AdoptionPolicyAlways)
	cluster.WaitReady(t, zone)
}

// Of two objects for one resource either can go: the other one is, or becomes, Ready.
func twoObjects(t *testing.T, w *world) {
	for _, leaves := range []string{"first", "second"} {
		first, second := w.key("first-"+leaves, hub), w.key("second-"+leaves, hub)
		first.Spec.AzureName, second.Spec.AzureName = "shared-"+leaves, "shared-"+leaves
		cluster.Create(t, first)
		cluster.WaitReady(t, first)
		cluster.Create(t, second)
		told(t, second, v1alpha1.ReasonAlreadyManaged, w.Namespace+"/first-"+leaves,
			"delete one of the two objects (with deletionPolicy Retain, so that Azure is left alone)")
		goes, stays := first, second
		if leaves == "second" {
			goes, stays = second, first
		}
		retain(t, goes)
		cluster.Delete(t, goes)
		gone(t, goes)
		cluster.WaitReady(t, stays)
		if _, there := w.Azure.Resource(w.id(hub, "/authorizations/shared-"+leaves)); !there {
			t.Error("it is not in Azure any more")
		}
	}
}

func ownerHasLetGo(t *testing.T, w *world) {
	first, second := w.cloud("let-go"), w.cloud("let-go-2")
	second.Spec.AzureName, second.Spec.NetworkBlock = "let-go", first.Spec.NetworkBlock
	w.leave(t, first)
	cluster.Create(t, second)
	told(t, second, v1alpha1.ReasonAlreadyManaged, "To take it over, set adoptionPolicy: Takeover, which changes nothing else, after the other has let go")
	adopt(t, second, v1alpha1.AdoptionPolicyTakeover)
	cluster.WaitReady(t, second)
}

// A private cloud that another object took over lets its objects go, with all that stands in it, and can be taken back.
func takenOverByAnother(t *testing.T, w *world) {
	for _, name := range []string{"taken", "taken-back"} {
		cloud, key := w.deletable(name), w.key(name, name)
		cluster.Create(t, cloud, key)
		cluster.WaitReady(t, cloud, key)
		w.Azure.Set(t, cloud.Status.ID, map[string]any{"tags": map[string]any{v1alpha1.TagOwner: "another-cluster/their/cloud"}})
		told(t, cloud, v1alpha1.ReasonAlreadyManaged,
			"Set deletionPolicy: Retain here and in what stands in it, and delete these objects; or set adoptionPolicy: Always to take it back")
		told(t, key, v1alpha1.ReasonReferenceNotReady, "PrivateCloud "+name+" does not manage its resource", "needs somebody first")
		if name == "taken-back" {
			adopt(t, cloud, v1alpha1.AdoptionPolicyAlways)
			cluster.WaitReady(t, cloud, key)
			continue
		}
		w.doWithout(t, cloud, key)
		if _, there := w.Azure.Resource(w.id(name, "/authorizations/"+name)); !there {
			t.Error("the authorization is not in Azure any more")
		}
	}
}

// doWithout sets Retain in a private cloud and in what stands in it, and deletes these objects.
func (w *world) doWithout(t *testing.T, cloud *v1alpha1.PrivateCloud, key *v1alpha1.ExpressRouteAuthorization) {
	t.Helper()
	retain(t, cloud)
	retain(t, key)
	cluster.Delete(t, cloud)
	cluster.Delete(t, key)
	gone(t, key, cloud)
}

func privateCloudThatIsGone(t *testing.T, w *world) {
	cloud, key := w.deletable("vanished"), w.key("vanished", "vanished")
	cluster.Create(t, cloud, key)
	cluster.WaitReady(t, cloud, key)
	if err := w.Azure.RemoveInAzure(cloud.Status.ID); err != nil {
		t.Fatal(err)
	}
	told(t, cloud, v1alpha1.ReasonNotFoundInAzure, "set deletionPolicy: Retain here and in what stands in it, and delete these objects")
	told(t, key, v1alpha1.ReasonReferenceNotReady, "PrivateCloud vanished needs somebody first", v1alpha1.ReasonNotFoundInAzure)
	w.doWithout(t, cloud, key)
}

func dependents(t *testing.T, w *world) {
	cloud := w.deletable("dependents")
	cluster.Create(t, cloud)
	cluster.WaitReady(t, cloud)
	var keys []*v1alpha1.ExpressRouteAuthorization
	var names []string
	for _, n := range "abcdefghijkl" { // all of them are named, however many
		key := w.key("below-"+string(n), "dependents")
		key.Spec.ManagementPolicy = v1alpha1.ManagementPolicyObserve
		cluster.Create(t, key)
		keys, names = append(keys, key), append(names, "ExpressRouteAuthorization "+key.Name)
	}
	cluster.Delete(t, cloud)
	told(t, cloud, v1alpha1.ReasonDependentsExist, append(names, "Delete those that are not being deleted yet")...)
	for _, key := range keys {
		cluster.Delete(t, key)
	}
	gone(t, cloud)
}

func identityThatIsNeeded(t *testing.T, w *world) {
	identity := w.identity(t, "needed", nil)
	cloud := w.deletable("needed")
	cloud.Spec.IdentityRef = &v1alpha1.ObjectReference{Name: "needed"}
	cluster.Create(t, cloud)
	cluster.WaitReady(t, cloud)
	cluster.Delete(t, identity)
	told(t, identity, v1alpha1.ReasonDependentsExist, "PrivateCloud needed", "so delete them too, with deletionPolicy: Retain where Azure is to be left alone")
	retain(t, cloud)
	cluster.Delete(t, cloud)
	gone(t, cloud, identity)
}

// A deletion that Azure refuses, or for which nobody is left, says what ends it whatever the cause, and that ends it.
func deletions(t *testing.T, w *world) {
	for name, fault := range map[string]armsim.Fault{
		"forbidden": {Status: 403, Code: "AuthorizationFailed", Message: "The client does not have authorization."},
		"policy":    {Status: 403, Code: "RequestDisallowedByPolicy", Message: "Resource was disallowed by policy."},
		"disabled":  {Status: 409, Code: "ReadOnlyDisabledSubscription", Message: "The subscription is disabled."},
		"lock":      {Status: 409, Code: "ScopeLocked", Message: "The scope is locked."},
		"failed":    {Status: 409, Code: "Conflict", Message: "Cannot delete a resource in a failed state."},
		"vault":     {Status: 403, Code: "KeyVaultAccessDenied", Message: "The key vault denied it."},
		"unknown":   {Status: 409, Code: "StrangeConflict", Message: "The moon is full."},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fault.Verb, fault.Path, fault.Count = "DELETE", path("authorizations/kept-"+name), -1
			w.Azure.Inject(fault)
			key := w.key("kept-"+name, hub)
			cluster.Create(t, key)
			cluster.WaitReady(t, key)
			cluster.Delete(t, key)
			w.freed(t, key)
		})
	}
	t.Run("suspended", func(t *testing.T) {
		t.Parallel()
		key := w.key("suspended", hub)
		cluster.Create(t, key)
		cluster.WaitReady(t, key)
		env.Edit(t, cluster, key, func(k *v1alpha1.ExpressRouteAuthorization) { k.Spec.Suspend = true })
		cluster.Delete(t, key)
		w.freed(t, key)
	})
	t.Run("credential revoked in flight", func(t *testing.T) {
		t.Parallel()
		revokedInFlight(t, w)
	})
	t.Run("no identity", func(t *testing.T) {
		t.Parallel()
		identity := w.identity(t, "stripped", nil)
		cloud := w.deletable("stripped")
		cloud.Spec.IdentityRef = &v1alpha1.ObjectReference{Name: "stripped"}
		cluster.Create(t, cloud)
		cluster.WaitReady(t, cloud)
		cluster.Delete(t, identity)
		strip(t, identity)
		cluster.Delete(t, cloud)
		w.freed(t, cloud)
	})
	t.Run("credential revoked", func(t *testing.T) {
		t.Parallel()
		identity := w.identity(t, "revoked", nil)
		cloud, key := w.deletable("revoked"), w.key("revoked", "revoked")
		cloud.Spec.IdentityRef = &v1alpha1.ObjectReference{Name: identity.Name}
		cluster.Create(t, cloud, key)
		cluster.WaitReady(t, cloud, key)
		w.Azure.Inject(armsim.Fault{Path: path("privateclouds/revoked"), Status: 401, Code: "InvalidAuthenticationToken",
			Message: "The access token is invalid.", Count: -1})
		cluster.Delete(t, key)
		w.freed(t, key)
	})
}

// An operation runs when the credential is taken away, and nobody can follow it any more: what ends other deletions ends this one.
func revokedInFlight(t *testing.T, w *world) {
	w.Azure.Inject(armsim.Fault{Verb: "PUT", Path: path("privateclouds/in-flight$"), Lasts: 300 * time.Hour})
	cloud := w.deletable("in-flight")
	cluster.Create(t, cloud)
	cluster.WaitFor(t, env.Patience, cloud, "a polling URL", func() error {
		if op := cloud.Status.Operation; op == nil || op.AsyncOperation == "" && op.Location == "" {
			return fmt.Errorf("the operation is %+v", op)
		}
		return nil
	})
	w.silence(armsim.Fault{Verb: "GET", Status: 401, Code: "InvalidAuthenticationToken", Message: "The access token is invalid.", Count: -1},
		cloud.Status.ID, cloud.Status.Operation.AsyncOperation, cloud.Status.Operation.Location)
	cluster.Delete(t, cloud)
	w.freed(t, cloud)
}

// silence injects a fault at each of some URLs or ids.
func (w *world) silence(fault armsim.Fault, at ...string) (faults []string) {
	for _, one := range at {
		if asked, err := url.Parse(strings.ToLower(one)); err == nil && asked.Path != "" {
			fault.Path = regexp.MustCompile(regexp.QuoteMeta(asked.Path) + "$")
			faults = append(faults, w.Azure.Inject(fault))
		}
	}
	return faults
}

// freed does what the message of a deletion says, once it does.
func (w *world) freed(t *testing.T, object kind.Object) {
	t.Helper()
	cluster.WaitFor(t, env.Patience, object, "the word that frees it", func() error {
		c := env.Condition(object, v1alpha1.ConditionReady)
		if c == nil || c.Status == metav1.ConditionTrue || !strings.Contains(c.Message, "set deletionPolicy: Retain") {
			return fmt.Errorf("it says %+v", c)
		}
		return nil
	})
	retain(t, object)
	gone(t, object)
	if _, there := w.Azure.Resource(object.AzureStatus().ID); !there {
		t.Error("it is not in Azure any more")
	}
}
