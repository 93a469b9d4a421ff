// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package armsim

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/avs-operator/avs-operator/test/vcentersim"
)

// What runs by itself goes on in a loaded state, once: scripts, maintenances, restricted machines, network objects.
func TestLoadResumesTheTypes(t *testing.T) {
	live := func(c *Config) { stepped(c); c.NoVCenters = false }
	s := start(t, live)
	r := newRaw(t, s)
	made := r.want(http.StatusCreated, http.MethodPut, cloudPath, privateCloud())
	s.Advance(6 * time.Hour)
	r.follow(made)
	add := map[string]any{"type": "Value", "name": "GroupName", "value": "admins"}
	r.want(http.StatusCreated, http.MethodPut, cloudPath+"/scriptExecutions/first", execution("Get-CloudAdminGroups"))
	s.Advance(time.Hour)
	machine := must(s.VCenter(cloudPath).AddMachine(vcentersim.MachineSpec{Name: "m"}))(t)
	r.want(http.StatusCreated, http.MethodPut, cloudPath+"/workloadNetworks/default/segments/web", segment(s, "web", "10.1.0.1/24"))
	r.want(http.StatusAccepted, http.MethodPost, cluster1+"/virtualMachines/"+machine+"/restrictMovement", map[string]any{"restrictMovement": "Enabled"})
	r.want(http.StatusCreated, http.MethodPut, cloudPath+"/scriptExecutions/second", execution("Add-GroupToCloudAdmins", add))
	id := must(s.Announce(cloudPath, Maintenance{Name: "esx", Start: time.Now().Add(2 * time.Hour), Estimated: time.Hour}))(t)

	s = again(t, s, live)
	r = newRaw(t, s)
	s.Advance(90 * time.Minute)
	if got := r.see(cloudPath + "/scriptExecutions/second"); !strings.Contains(lookupString(got, "properties.failureReason"), "No external identity source") {
		t.Errorf("the script is %v", got)
	}
	if got := r.see(cloudPath + "/workloadNetworks/default/segments/web"); lookupString(got, "properties.status") != "SUCCESS" ||
		!contains(s.VCenter(cloudPath).PortGroups(), "web") {
		t.Errorf("the segment is %v", got)
	}
	s.mu.Lock()
	restricted := s.resources[strings.ToLower(strings.Replace(cloudPath, "resourceGroups", "resourcegroups", 1))].hidden[restrictedKey(machine)]
	s.mu.Unlock()
	if restricted != "Enabled" {
		t.Error("the machine may move")
	}
	if got := lookupString(r.see(id), stateName); got != scheduled {
		t.Errorf("the maintenance is %s, before its time", got)
	}
	s.Advance(time.Hour)
	if got := lookupString(r.see(id), stateName); got != inProgress {
		t.Errorf("the maintenance is %s, at its time", got)
	}
	s = again(t, s, live)
	r = newRaw(t, s)
	s.Advance(2 * time.Hour)
	if got := lookupString(r.see(id), stateName); got != "Success" {
		t.Errorf("the maintenance is %s, after its time", got)
	}
}
