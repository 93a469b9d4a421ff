// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package armsim

import (
	"net/http"
	"strings"
	"testing"
)

func TestZonesAndAvailability(t *testing.T) {
	s := start(t)
	r := newRaw(t, s)
	r.build(cloudSize, `6`, "zones", `["2","1"]`)
	got := r.see(cloudPath)
	first, _ := lookupInt(got, "properties.availability.zone")
	second, _ := lookupInt(got, "properties.availability.secondaryZone")
	if zones, _ := lookup(got, "zones"); len(zones.([]any)) != 2 || lookupString(got, "properties.availability.strategy") != "DualZone" ||
		first != 2 || second != 1 {
		t.Errorf("two zones are shown as %v and %v", zones, got["properties"])
	}
	if lookupString(got, "properties.secondaryCircuit.expressRouteID") == "" {
		t.Error("a private cloud in two zones has no second circuit")
	}
	other := strings.ReplaceAll(cloudPath, "/weu", "/chosen")
	got = r.make(other, privateCloud(cloudSize, `6`, "properties.networkBlock", `"10.180.0.0/22"`, "properties.availability", `{"strategy":"DualZone"}`))
	first, _ = lookupInt(got, "properties.availability.zone")
	second, _ = lookupInt(got, "properties.availability.secondaryZone")
	if first == 0 || second == 0 || first == second {
		t.Errorf("DualZone without zones is in %d and %d", first, second)
	}
	last := strings.ReplaceAll(cloudPath, "/weu", "/refused")
	for says, edit := range map[string][]string{
		"give them once":       {"zones", `["1"]`, "properties.availability", `{"zone":1}`},
		"one or two zones":     {"zones", `["1","2","3"]`},
		"number of a zone":     {"zones", `["east"]`},
		"even number of hosts": {"zones", `["1","2"]`},
	} {
		r.refused(http.StatusBadRequest, says, http.MethodPut, last, privateCloud(append(edit, "properties.networkBlock", `"10.184.0.0/22"`)...))
	}
}

func TestCircuitsAndTheirKeys(t *testing.T) {
	s := start(t)
	r := newRaw(t, s)
	r.build()
	other := strings.ReplaceAll(cloudPath, "/weu", "/neu")
	made := r.make(other, privateCloud(cloudSize, `6`, "properties.networkBlock", `"10.180.0.0/22"`, "zones", `["1","2"]`))
	second, own := lookupString(made, "properties.secondaryCircuit.expressRouteID"), lookupString(r.see(cloudPath), "properties.circuit.expressRouteID")
	at := func(name, circuit string) map[string]any {
		return r.make(other+"/authorizations/"+name, properties("expressRouteId", circuit))
	}
	key := at("second", second)
	if id := lookupString(key, "properties.expressRouteAuthorizationId"); !strings.HasPrefix(id, second+"/") {
		t.Errorf("an authorization for the second circuit is %s", id)
	}
	r.refused(http.StatusBadRequest, "not one of this private cloud", http.MethodPut, other+"/authorizations/wrong", properties("expressRouteId", own))
	first := lookupString(at("first", lookupString(made, "properties.circuit.expressRouteID")), "properties.expressRouteAuthorizationKey")
	for _, wrong := range []string{"guessed", first} {
		r.refused(http.StatusBadRequest, "not one of the peer", http.MethodPut, cloudPath+"/globalReachConnections/neu",
			properties("authorizationKey", wrong, "peerExpressRouteCircuit", second))
	}
	right := lookupString(key, "properties.expressRouteAuthorizationKey")
	r.refused(http.StatusBadRequest, "not one of this private cloud", http.MethodPut, cloudPath+"/globalReachConnections/neu",
		properties("authorizationKey", right, "peerExpressRouteCircuit", second, "expressRouteId", second))
	r.make(cloudPath+"/globalReachConnections/neu", properties("authorizationKey", right, "peerExpressRouteCircuit", second, "expressRouteId", own))
}
