// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
)

// What was in a private cloud at any of its former places is in it where it is now, however its id is written, and nothing else is.
func TestIDsFollowAPrivateCloud(t *testing.T) {
	at := func(group, name string) arm.ID {
		return arm.ID("/subscriptions/s/resourceGroups/" + group + "/providers/Microsoft.AVS/privateClouds/" + name)
	}
	s := &scope[*v1alpha1.PrivateCloud]{cloud: &v1alpha1.PrivateCloud{}}
	status := &s.cloud.Status
	status.ID, status.Companion = string(at("a", "weu")), string(at("a", "weu").Child("providers/Microsoft.Authorization/locks", "keep"))
	s.settleAt(at("a", "weu"), at("b", "weu"))
	s.settleAt(at("b", "weu"), at("c", "weu"))
	for id, want := range map[arm.ID]arm.ID{
		at("a", "weu").Child("clusters", "two"):                           at("c", "weu").Child("clusters", "two"),
		arm.ID(strings.ToUpper(string(at("b", "weu")))) + "/clusters/Two": at("c", "weu") + "/clusters/Two",
		at("a", "weu"): at("c", "weu"), at("c", "weu") + "/x/y": at("c", "weu") + "/x/y",
		at("a", "weu-2") + "/clusters/two": at("a", "weu-2") + "/clusters/two", at("d", "weu"): at("d", "weu"), "": "",
	} {
		if got := s.now(id); got != want {
			t.Errorf("%s is now %s, want %s", id, got, want)
		}
	}
	if want := string(at("c", "weu").Child("providers/Microsoft.Authorization/locks", "keep")); status.Companion != want {
		t.Errorf("the lock is %s, want %s", status.Companion, want)
	}
	want := []string{string(at("a", "weu")) + "/x/y", string(at("b", "weu")) + "/x/y"}
	if got := s.cloud.Formerly(string(at("c", "weu")) + "/x/y"); !slices.Equal(got, want) {
		t.Errorf("formerly %v, want %v", got, want)
	}
	if got := append(s.cloud.Formerly(string(at("c", "weu"))), s.cloud.Formerly(string(at("c", "weu-2"))+"/x/y")...); len(got) > 0 {
		t.Errorf("formerly %v, want none", got) // another object may have another private cloud at the old place
	}
	s.settleAt(at("c", "weu"), at("a", "weu")) // back again
	if want := []string{string(at("b", "weu")), string(at("c", "weu"))}; !slices.Equal(status.FormerIDs, want) || s.now(at("c", "weu")) != at("a", "weu") {
		t.Errorf("former ids %v, want %v", status.FormerIDs, want)
	}
	for i := range 20 {
		s.settleAt(arm.ID(status.ID), at(fmt.Sprint("group-", i), "weu"))
	}
	if len(status.FormerIDs) != mostFormer || status.FormerIDs[mostFormer-1] != string(at("group-18", "weu")) {
		t.Errorf("former ids %v", status.FormerIDs)
	}
}

// The ids in a body are renewed in a copy: others look at the same one.
func TestABodyIsRenewedInACopy(t *testing.T) {
	s := &scope[*v1alpha1.PrivateCloud]{cloud: &v1alpha1.PrivateCloud{}}
	s.cloud.Status.ID, s.cloud.Status.FormerIDs = "/new", []string{"/old"}
	shared := &arm.Resource{Body: map[string]any{"properties": map[string]any{"members": []any{"/OLD/virtualMachines/vm-1", "/older/x"}, "count": 2.0}}}
	renewed := s.renewed(shared)
	if got := fmt.Sprint(renewed.Body); got != "map[properties:map[count:2 members:[/new/virtualMachines/vm-1 /older/x]]]" {
		t.Errorf("the body is %s", got)
	}
	if got := fmt.Sprint(shared.Body); !strings.Contains(got, "/OLD/virtualMachines/vm-1") {
		t.Errorf("the one that is shared became %s", got)
	}
	s.cloud.Status.FormerIDs = nil
	if s.renewed(shared) != shared || s.renewed(nil) != nil {
		t.Error("one of a private cloud that never moved is copied")
	}
}
