// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package armsim

import (
	"net/http"
	"time"
)

// What Microsoft does by itself, ordered over the control endpoint.

// maintenanceControl is a Maintenance as JSON.
type maintenanceControl struct {
	PrivateCloud string        `json:"privateCloud"`
	Name         string        `json:"name"`
	Component    string        `json:"component"`
	DisplayName  string        `json:"displayName"`
	ClusterID    int           `json:"clusterId"`
	InfoLink     string        `json:"infoLink"`
	Impact       string        `json:"impact"`
	Start        time.Time     `json:"start"`
	Minutes      int           `json:"minutes"`
	WindowStart  time.Time     `json:"windowStart"`
	WindowEnd    time.Time     `json:"windowEnd"`
	Blocked      []Blocked     `json:"blocked"`
	FailedChecks []FailedCheck `json:"failedChecks"`
	Locked       string        `json:"locked"`
}

func (s *Server) controlAnnounce(_ *http.Request, body []byte) (int, any, error) {
	var m maintenanceControl
	if err := decodeStrictly(body, &m); err != nil {
		return 0, nil, err
	}
	id, err := s.Announce(m.PrivateCloud, Maintenance{
		Name: m.Name, Component: m.Component, DisplayName: m.DisplayName, ClusterID: m.ClusterID, InfoLink: m.InfoLink, Impact: m.Impact,
		Start: m.Start, Estimated: time.Duration(m.Minutes) * time.Minute, WindowStart: m.WindowStart, WindowEnd: m.WindowEnd,
		Blocked: m.Blocked, FailedChecks: m.FailedChecks, Locked: m.Locked,
	})
	return http.StatusCreated, map[string]any{"id": id}, err
}

func (s *Server) controlChecks(_ *http.Request, body []byte) (int, any, error) {
	var checks struct {
		ID           string        `json:"id"`
		FailedChecks []FailedCheck `json:"failedChecks"`
	}
	if err := decodeStrictly(body, &checks); err != nil {
		return 0, nil, err
	}
	return http.StatusNoContent, nil, s.SetFailedChecks(checks.ID, checks.FailedChecks...)
}

// hostControl names a host, or only its cluster.
type hostControl struct {
	Cluster string `json:"cluster"`
	Host    string `json:"host"`
	Reason  string `json:"reason"`
}

// controlHost answers what do says: the host that it was about.
func (s *Server) controlHost(do func(hostControl) (string, error)) func(*http.Request, []byte) (int, any, error) {
	return func(_ *http.Request, body []byte) (int, any, error) {
		var h hostControl
		if err := decodeStrictly(body, &h); err != nil {
			return 0, nil, err
		}
		host, err := do(h)
		return http.StatusOK, map[string]any{"host": host}, err
	}
}
