// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package armsim

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

const (
	secondSub    = "bbbbbbbb-0000-4000-8000-000000000002"
	newGroupPath = "/subscriptions/" + secondSub + "/resourceGroups/rg-new"
	movedCloud   = newGroupPath + "/providers/Microsoft.AVS/privateClouds/weu"
	moveQuery    = "?api-version=2021-04-01"
)

// twoSubscriptions has another subscription with a group, to move to.
func twoSubscriptions(c *Config) {
	second := c.Subscriptions[0]
	second.ID = secondSub
	c.Subscriptions = append(c.Subscriptions, second)
	c.ResourceGroups = append(c.ResourceGroups, ResourceGroup{SubscriptionID: secondSub, Name: "rg-new", Location: "westeurope"})
}

func move(target string, ids ...string) map[string]any {
	return map[string]any{"resources": ids, "targetResourceGroup": target}
}

// ended is how a move, or its validation, ends.
func (r *raw) ended(action string, body map[string]any) response {
	r.t.Helper()
	got := r.want(http.StatusAccepted, http.MethodPost, groupPath+"/"+action+moveQuery, body)
	r.s.Advance(time.Hour)
	return r.result(got.header.Get("Location"))
}

func (r *raw) result(location string) response {
	r.t.Helper()
	got := r.do(http.MethodGet, location, nil)
	if got.status == http.StatusAccepted {
		r.t.Fatalf("%s never ends", location)
	}
	return got
}

// A private cloud moves with all that is in it and beside it. Until that has ended, nothing is written in either group; then it is there, under the
// new ids, and nowhere else.
func TestMoveResources(t *testing.T) {
	s := start(t, stepped, twoSubscriptions)
	r := newRaw(t, s)
	r.want(http.StatusCreated, http.MethodPut, cloudPath, privateCloud())
	s.Advance(6 * time.Hour)
	r.want(http.StatusCreated, http.MethodPut, cloudPath+"/authorizations/er", map[string]any{})
	r.want(http.StatusCreated, http.MethodPut, cloudPath+"/workloadNetworks/default/segments/web", segment(s, "web", "10.1.0.1/24"))
	r.want(http.StatusCreated, http.MethodPut, lockPath(cloudPath, "keep"), level(canNotDelete))
	s.Advance(time.Hour)
	credentials := r.want(http.StatusOK, http.MethodPost, cloudPath+"/listAdminCredentials", nil).body
	key := lookupString(r.see(cloudPath+"/authorizations/er"), "properties.expressRouteAuthorizationKey")
	there := len(s.Resources(strings.ToLower(cloudPath)))

	if got := r.ended("validateMoveResources", move(newGroupPath, cloudPath)); got.status != http.StatusNoContent {
		t.Errorf("the validation ended in %d %v", got.status, got.body)
	}
	begun := r.want(http.StatusAccepted, http.MethodPost, groupPath+"/moveResources"+moveQuery, move(newGroupPath, strings.ToUpper(cloudPath)))
	r.want(http.StatusOK, http.MethodGet, cloudPath, nil)
	r.want(http.StatusOK, http.MethodPost, cloudPath+"/listAdminCredentials", nil)
	for _, refused := range [][2]string{{http.MethodPatch, cloudPath}, {http.MethodDelete, cloudPath + "/authorizations/er"},
		{http.MethodPost, cloudPath + "/rotateNsxtPassword"}, {http.MethodPut, movedCloud}, {http.MethodPut, lockPath(cloudPath, "other")}} {
		if got := r.want(http.StatusConflict, refused[0], refused[1], map[string]any{}); got.code() != "ResourceGroupBeingMoved" {
			t.Errorf("%s %s: %v", refused[0], refused[1], got.body)
		}
	}
	s = again(t, s, stepped, twoSubscriptions)
	r = newRaw(t, s)
	s.Advance(time.Hour)
	_, path, _ := strings.Cut(strings.TrimPrefix(begun.header.Get("Location"), "https://"), "/")
	if got := r.result(s.URL() + "/" + path); got.status != http.StatusNoContent {
		t.Errorf("the move ended in %d %v", got.status, got.body)
	}

	r.want(http.StatusNotFound, http.MethodGet, cloudPath, nil)
	r.refused(http.StatusNotFound, "Parent resource", http.MethodGet, cloudPath+"/authorizations/er", nil)
	moved := r.want(http.StatusOK, http.MethodGet, movedCloud, nil).body
	if !strings.EqualFold(lookupString(moved, "id"), movedCloud) || lookupString(moved, "tags.team") != "platform" ||
		lookupString(moved, "properties.provisioningState") != succeeded {
		t.Errorf("it became %v", moved)
	}
	if now := len(s.Resources(strings.ToLower(movedCloud))); now != there || len(s.Resources(strings.ToLower(cloudPath))) != 0 {
		t.Errorf("%d resources became %d, and %d are left", there, now, len(s.Resources(strings.ToLower(cloudPath))))
	}
	child := r.see(movedCloud + "/authorizations/er")
	if lookupString(child, "properties.expressRouteAuthorizationKey") != key || !strings.EqualFold(lookupString(child, "id"), movedCloud+"/authorizations/er") {
		t.Errorf("the authorization became %v", child)
	}
	if got := r.want(http.StatusOK, http.MethodPost, movedCloud+"/listAdminCredentials", nil).body; !equal(got, credentials) {
		t.Error("the passwords are other ones")
	}
	if got := r.want(http.StatusConflict, http.MethodDelete, movedCloud, nil); got.code() != "ScopeLocked" {
		t.Errorf("the lock stayed behind: %v", got.body)
	}
	r.want(http.StatusOK, http.MethodDelete, lockPath(movedCloud, "keep"), nil)
	r.want(http.StatusAccepted, http.MethodDelete, movedCloud+"/authorizations/er", nil)
	s.Advance(time.Hour)
	r.want(http.StatusNotFound, http.MethodGet, movedCloud+"/authorizations/er", nil)
}

// What cannot be moved stays, and the answer says why: at once for what was asked wrongly, at the end for what the providers find.
func TestWhatCannotBeMoved(t *testing.T) {
	s := start(t, stepped, twoSubscriptions)
	r := newRaw(t, s)
	at := func(status int, says string, body map[string]any) {
		t.Helper()
		r.refused(status, says, http.MethodPost, groupPath+"/moveResources"+moveQuery, body)
	}
	at(http.StatusBadRequest, "needs 'resources'", map[string]any{})
	at(http.StatusNotFound, "'none' could not be found", move("/subscriptions/"+secondSub+"/resourceGroups/none", cloudPath))
	at(http.StatusNotFound, "was not found", move(newGroupPath, cloudPath))
	at(http.StatusBadRequest, "are the same", move(groupPath, cloudPath))
	at(http.StatusBadRequest, "is not in the resource group", move(newGroupPath, movedCloud))
	r.want(http.StatusCreated, http.MethodPut, cloudPath, privateCloud())
	late := func(code, says string) {
		t.Helper()
		for _, action := range []string{"validateMoveResources", "moveResources"} {
			if got := r.ended(action, move(newGroupPath, cloudPath)); got.status != http.StatusConflict || got.code() != code || !strings.Contains(got.message(), says) {
				t.Errorf("%s ended in %d %v", action, got.status, got.body)
			}
		}
		r.want(http.StatusOK, http.MethodGet, cloudPath, nil)
	}
	late("ResourceMoveProviderValidationFailed", "'Building'")
	s.Advance(6 * time.Hour)
	r.want(http.StatusCreated, http.MethodPut, cloudPath+"/authorizations/er", map[string]any{})
	s.Advance(time.Hour)
	at(http.StatusBadRequest, "moves with its parent", move(newGroupPath, cloudPath+"/authorizations/er"))
	s.LockInAzure(newGroupPath, "frozen", readOnly, "")
	late("ScopeLocked", "rg-new")
	if got := newRawAs(t, s, tenant, reader).want(http.StatusForbidden, http.MethodPost, groupPath+"/moveResources"+moveQuery,
		move(newGroupPath, cloudPath)); !strings.Contains(got.message(), "resourceGroups/moveResources/action") {
		t.Errorf("a reader was refused with %v", got.body)
	}
	if err := s.SetAccess(secondSub, []string{client}, []string{stranger}); err != nil {
		t.Fatal(err)
	}
	at(http.StatusForbidden, "Microsoft.Resources/subscriptions/resourceGroups/write", move(newGroupPath, cloudPath))
}

// The second generation cannot be moved.
func TestTheSecondGenerationIsNotMoved(t *testing.T) {
	s := start(t, stepped, twoSubscriptions)
	r := newRaw(t, s)
	r.want(http.StatusOK, http.MethodPut, cloudPath,
		privateCloud("sku", `{"name":"AV64"}`, "properties.virtualNetworkId", `"`+groupPath+`/providers/Microsoft.Network/virtualNetworks/hub"`))
	s.Advance(6 * time.Hour)
	if got := r.ended("moveResources", move(newGroupPath, cloudPath)); got.status != http.StatusConflict || !strings.Contains(got.message(), "virtual network") {
		t.Errorf("it ended in %d %v", got.status, got.body)
	}
}
