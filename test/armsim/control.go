// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package armsim

import (
	"bytes"
	"crypto/subtle"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strconv"
	"time"
)

// The control endpoint does over HTTPS what a test in the same process does by Server's methods. It has an address and a token
// of its own, so that no path of it can be mistaken for one of Azure's, and no client of Azure can reach it by chance.

// ControlHelp lists what the control endpoint serves.
const ControlHelp = `GET    /faults                 the faults that wait for a request
POST   /faults                 add one; answers its id
DELETE /faults[/{id}]          take all, or one, away
GET    /clock                  simulated time since the start, and how fast it runs
POST   /clock/advance          {"by":"6h"}: move simulated time on; answers when all that fell due has been done
GET    /resources[?prefix=ID]  what exists, by lower-case ARM id
GET    /resource?id=ID         one resource or resource group as it is, without staleness or faults
PATCH  /resource?id=ID         change it at once (JSON merge patch), as somebody in the portal would
DELETE /resource?id=ID         take it away at once, with everything below it
GET    /requests[?since=N]     the log of requests from number N on; secrets are masked
POST   /maintenances           {"privateCloud":"ID","name":"esx","component":"ESXI","clusterId":1,"start":"2026-01-02T03:04:05Z","minutes":960,
                               "blocked":[{"category":"Holiday","reason":"...","from":"...","to":"..."}],"failedChecks":[{"name":"...","details":"..."}]}:
                               announce one; only privateCloud is needed. Answers its ARM id
PUT    /maintenances/checks    {"id":"ID","failedChecks":[]}: what its next check finds
PUT    /hosts/mark             {"cluster":"ID","host":"FQDN","reason":"Replacement"}: or Upgrade; empty ends it
POST   /hosts/replace          {"cluster":"ID","host":"FQDN"}: exchange a host that failed; answers the new one
POST   /hosts/extra            {"cluster":"ID"}: add the temporary host of an upgrade; DELETE takes it away
PUT    /quota                  {"subscription":"ID","hosts":{"av36p":8}}: host quota by SKU
PUT    /capacity               {"location":"westeurope","hosts":5}: hosts that a location can still hand out
PUT    /access                 {"subscription":"ID","readers":["CLIENT-ID"],"contributors":[]}; both empty: everybody may do everything
GET    /state                  everything, to load again; holds passwords and private keys
`

// startControl serves the control endpoint on Config.Control.
func (s *Server) startControl(certificate tls.Certificate) error {
	if s.config.Control == "" {
		return nil
	}
	listener, err := net.Listen("tcp", s.config.Control)
	if err != nil {
		return fmt.Errorf("listening on %s for control: %w", s.config.Control, err)
	}
	s.controlURL = "https://" + reachable(listener.Addr())
	s.control = &http.Server{
		Handler: s.controlHandler(), ReadHeaderTimeout: 30 * time.Second,
		TLSConfig: &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12},
		ErrorLog:  log.New(discardLog{s.log}, "", 0),
	}
	s.work.Go(func() {
		if err := s.control.ServeTLS(listener, "", ""); !errors.Is(err, http.ErrServerClosed) {
			s.log.Error("Stopped serving control", "error", err)
		}
	})
	return nil
}

// ControlURL is the address of the control endpoint; empty without Config.Control.
func (s *Server) ControlURL() string { return s.controlURL }

func (s *Server) controlHandler() http.Handler {
	mux := http.NewServeMux()
	for pattern, serve := range map[string]func(r *http.Request, body []byte) (status int, answer any, err error){
		"GET /faults": func(*http.Request, []byte) (int, any, error) {
			return http.StatusOK, map[string]any{"value": s.Faults()}, nil
		},
		"POST /faults":             s.controlAddFault,
		"DELETE /faults":           func(*http.Request, []byte) (int, any, error) { s.ClearFaults(); return http.StatusNoContent, nil, nil },
		"DELETE /faults/{id}":      s.controlRemoveFault,
		"GET /clock":               s.controlClock,
		"POST /clock/advance":      s.controlAdvance,
		"GET /resources":           s.controlResources,
		"GET /resource":            s.controlGet,
		"PATCH /resource":          s.controlSet,
		"DELETE /resource":         s.controlRemove,
		"GET /requests":            s.controlRequests,
		"POST /maintenances":       s.controlAnnounce,
		"PUT /maintenances/checks": s.controlChecks,
		"PUT /hosts/mark":          s.controlHost(func(h hostControl) (string, error) { return h.Host, s.BeginMaintenance(h.Cluster, h.Host, h.Reason) }),
		"POST /hosts/replace":      s.controlHost(func(h hostControl) (string, error) { return s.ReplaceHost(h.Cluster, h.Host) }),
		"POST /hosts/extra":        s.controlHost(func(h hostControl) (string, error) { return s.AddMaintenanceHost(h.Cluster) }),
		"DELETE /hosts/extra":      s.controlHost(func(h hostControl) (string, error) { return "", s.RemoveMaintenanceHost(h.Cluster) }),
		"PUT /quota":               s.controlQuota,
		"PUT /capacity":            s.controlCapacity,
		"PUT /access":              s.controlAccess,
		"GET /state":               s.controlState,
		"GET /{$}":                 func(*http.Request, []byte) (int, any, error) { return http.StatusOK, page(ControlHelp), nil },
	} {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) { s.serveControl(w, r, serve) })
	}
	return mux
}

// errMissing makes a 404 of an error, all others become a 400.
var errMissing = errors.New("there is no such thing")

func (s *Server) serveControl(w http.ResponseWriter, r *http.Request, serve func(r *http.Request, body []byte) (int, any, error)) {
	if subtle.ConstantTimeCompare([]byte(r.Header.Get("Authorization")), []byte("Bearer "+s.config.ControlToken)) != 1 {
		refuse(http.StatusUnauthorized, "Unauthorized", "The control endpoint wants its token: Authorization: Bearer <token>.").write(w, false)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		refuse(http.StatusBadRequest, "InvalidRequest", "The body could not be read: %v.", err).write(w, false)
		return
	}
	status, answered, err := serve(r, body)
	switch {
	case errors.Is(err, errMissing):
		refuse(http.StatusNotFound, "NotFound", "%v", err).write(w, false)
	case err != nil:
		refuse(http.StatusBadRequest, "InvalidRequest", "%v", err).write(w, false)
	default:
		reply(status, answered).write(w, false)
	}
}

// decodeStrictly decodes a body and refuses members that it does not know: a misspelt one would do nothing without a word.
func decodeStrictly(body []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return fmt.Errorf("reading the body: %w", err)
	}
	return nil
}

func (s *Server) controlAddFault(_ *http.Request, body []byte) (int, any, error) {
	var f Fault
	if err := json.Unmarshal(body, &f); err != nil {
		return 0, nil, err
	}
	return http.StatusCreated, map[string]any{"id": s.Inject(f)}, nil
}

func (s *Server) controlRemoveFault(r *http.Request, _ []byte) (int, any, error) {
	if !s.RemoveFault(r.PathValue("id")) {
		return 0, nil, fmt.Errorf("fault %s: %w", r.PathValue("id"), errMissing)
	}
	return http.StatusNoContent, nil, nil
}

func (s *Server) controlClock(*http.Request, []byte) (int, any, error) {
	return http.StatusOK, map[string]any{"simulatedTime": s.SimulatedTime().String(), "speed": s.config.Speed, "stepped": s.config.Stepped}, nil
}

func (s *Server) controlAdvance(r *http.Request, body []byte) (int, any, error) {
	var step struct{ By string }
	if err := decodeStrictly(body, &step); err != nil {
		return 0, nil, err
	}
	by, err := time.ParseDuration(step.By)
	if err == nil && by <= 0 {
		err = fmt.Errorf("%q does not move time on", step.By)
	}
	if err != nil {
		return 0, nil, fmt.Errorf("reading by: %w", err)
	}
	s.Advance(by)
	return s.controlClock(r, nil)
}

func (s *Server) controlResources(r *http.Request, _ []byte) (int, any, error) {
	out := map[string]any{}
	for _, id := range s.Resources(r.URL.Query().Get("prefix")) {
		if body, ok := s.Resource(id); ok {
			out[id] = body
		}
	}
	return http.StatusOK, out, nil
}

func (s *Server) controlGet(r *http.Request, _ []byte) (int, any, error) {
	body, ok := s.Resource(r.URL.Query().Get("id"))
	if !ok {
		return 0, nil, fmt.Errorf("resource %q: %w", r.URL.Query().Get("id"), errMissing)
	}
	return http.StatusOK, body, nil
}

func (s *Server) controlSet(r *http.Request, body []byte) (int, any, error) {
	if _, _, err := s.controlGet(r, nil); err != nil {
		return 0, nil, err
	}
	var patch map[string]any
	if err := json.Unmarshal(body, &patch); err != nil {
		return 0, nil, fmt.Errorf("reading the patch: %w", err)
	}
	if err := s.SetInAzure(r.URL.Query().Get("id"), patch); err != nil {
		return 0, nil, err
	}
	return s.controlGet(r, nil)
}

func (s *Server) controlRemove(r *http.Request, _ []byte) (int, any, error) {
	if _, _, err := s.controlGet(r, nil); err != nil {
		return 0, nil, err
	}
	return http.StatusNoContent, nil, s.RemoveInAzure(r.URL.Query().Get("id"))
}

func (s *Server) controlRequests(r *http.Request, _ []byte) (int, any, error) {
	since := 0
	if text := r.URL.Query().Get("since"); text != "" {
		var err error
		if since, err = strconv.Atoi(text); err != nil || since < 0 {
			return 0, nil, fmt.Errorf("since %q is not a number of a request", text)
		}
	}
	list, next := s.requests.since(since)
	return http.StatusOK, map[string]any{"value": list, "next": next}, nil
}

func (s *Server) controlQuota(_ *http.Request, body []byte) (int, any, error) {
	var quota struct {
		Subscription string
		Hosts        map[string]int
	}
	if err := decodeStrictly(body, &quota); err != nil {
		return 0, nil, err
	}
	return http.StatusNoContent, nil, s.SetHostQuota(quota.Subscription, quota.Hosts)
}

func (s *Server) controlCapacity(_ *http.Request, body []byte) (int, any, error) {
	var capacity struct {
		Location string
		Hosts    int
	}
	if err := decodeStrictly(body, &capacity); err != nil {
		return 0, nil, err
	}
	if !knownLocation(capacity.Location) {
		return 0, nil, fmt.Errorf("location %q is not known", capacity.Location)
	}
	s.SetCapacity(capacity.Location, capacity.Hosts)
	return http.StatusNoContent, nil, nil
}

func (s *Server) controlAccess(_ *http.Request, body []byte) (int, any, error) {
	var access struct {
		Subscription          string
		Readers, Contributors []string
	}
	if err := decodeStrictly(body, &access); err != nil {
		return 0, nil, err
	}
	return http.StatusNoContent, nil, s.SetAccess(access.Subscription, access.Readers, access.Contributors)
}

func (s *Server) controlState(*http.Request, []byte) (int, any, error) {
	state, err := s.saved()
	return http.StatusOK, state, err
}
