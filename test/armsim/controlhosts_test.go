// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package armsim

import (
	"net/http"
	"strings"
	"testing"
)

func TestControlOfHostsAndMaintenances(t *testing.T) {
	s := start(t, controlled, withVCenters, func(c *Config) { c.Stepped, c.Speed = false, quick })
	r, c := newRaw(t, s), newControl(t, s)
	r.build()
	old := hostList(r.see(cloudPath), cloudHosts)[0]
	c.control(http.StatusOK, http.MethodPut, "/hosts/mark", map[string]any{"cluster": cluster1, "host": old, "reason": "Replacement"})
	if got := r.see(cluster1 + "/hosts/" + old); lookupString(got, "properties.maintenance") != "Replacement" {
		t.Errorf("the host is %v", got)
	}
	fresh := lookupString(c.control(http.StatusOK, http.MethodPost, "/hosts/replace", map[string]any{"cluster": cluster1, "host": old}).body, "host")
	if got := hostList(r.see(cloudPath), cloudHosts); !contains(got, fresh) || contains(got, old) {
		t.Errorf("the hosts are %v", got)
	}
	c.control(http.StatusOK, http.MethodPost, "/hosts/extra", map[string]any{"cluster": cluster1})
	c.control(http.StatusBadRequest, http.MethodPost, "/hosts/extra", map[string]any{"cluster": cluster1})
	c.control(http.StatusOK, http.MethodDelete, "/hosts/extra", map[string]any{"cluster": cluster1})
	for path, body := range map[string]string{
		"/hosts/mark": `{"cluster":"` + cluster1 + `","host":"stranger"}`, "/maintenances/checks": `{"id":"x"}`,
	} {
		c.control(http.StatusBadRequest, http.MethodPut, path, body)
	}

	id := lookupString(c.control(http.StatusCreated, http.MethodPost, "/maintenances", map[string]any{
		"privateCloud": cloudPath, "component": "VCSA", "locked": "Critical upgrade", "failedChecks": []any{map[string]any{"name": "EPC_SCSI"}},
	}).body, "id")
	c.control(http.StatusNoContent, http.MethodPut, "/maintenances/checks", map[string]any{"id": id})
	got := r.want(http.StatusOK, http.MethodPost, id+"/initiateChecks", nil).body
	if lookupString(got, "properties.component") != "VCSA" || lookupString(got, "properties.maintenanceReadiness.status") != "Ready" {
		t.Errorf("the maintenance is %v", got)
	}
	if got := r.want(http.StatusConflict, http.MethodPost, id+"/schedule",
		map[string]any{"scheduleTime": "2099-01-01T00:00:00Z"}); !strings.Contains(got.message(), "Critical upgrade") {
		t.Errorf("a locked maintenance: %s", got.message())
	}
	c.control(http.StatusCreated, http.MethodPost, "/faults", map[string]any{"verb": "PUT", "path": "/scriptexecutions/", "failureReason": "as ordered"})
	if got := r.make(cloudPath+"/scriptExecutions/x", execution("Get-CloudAdminGroups")); lookupString(got, "properties.failureReason") != "as ordered" {
		t.Errorf("the script is %v", got)
	}
}
