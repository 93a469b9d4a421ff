// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcentersim

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"time"

	vapi "github.com/vmware/govmomi/vapi/simulator"
	"github.com/vmware/govmomi/vim25/types"
	"github.com/vmware/govmomi/vim25/xml"
)

// serve opens the listener and mounts SDK, token service, tagging and the hand-over endpoint on it.
func (v *VCenter) serve() error {
	listener, err := net.Listen("tcp", v.config.Listen)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	v.listener = listener

	s := v.service
	registry := s.Context.Map
	s.Listen = &url.URL{Scheme: "https", Host: listener.Addr().String(), Path: "/sdk", User: url.User(v.config.Username)}
	manager := registry.SessionManager()
	manager.ServiceHostName = listener.Addr().String()
	manager.ValidLogin = func(l *types.Login) bool { return v.login(l.UserName, l.Password) == nil }
	s.RegisterSDK(registry, registry.Path+"/vimService")
	v.servePolicies()
	mux := s.ServeMux
	mux.HandleFunc(registry.Path+"/vimServiceVersions.xml", s.ServiceVersions)
	mux.Handle("/sts/STSService", http.HandlerFunc(v.serveTokens))
	mux.Handle("/sts/STSService/", http.HandlerFunc(v.serveTokens))
	v.transit.mount(mux)
	patterns, tagging := vapi.New(s.Listen, registry)
	for _, pattern := range patterns {
		s.Handle(pattern, tagging)
	}

	v.server = &http.Server{
		Handler:           v.front(mux),
		TLSConfig:         &tls.Config{Certificates: []tls.Certificate{v.identity.certificate}, MinVersion: tls.VersionTLS12},
		ReadHeaderTimeout: 30 * time.Second,
		ErrorLog:          log.New(io.Discard, "", 0), // Handshakes that a client gives up are no news.
	}
	v.work.Add(1)
	go func() {
		defer v.work.Done()
		_ = v.server.ServeTLS(listener, "", "")
	}()
	return nil
}

// front sees each request before the simulator: it refuses bad tokens, delays, and drops answers as faults say.
func (v *VCenter) front(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost || (r.URL.Path != "/sdk" && r.URL.Path != "/sdk/vimService") {
			next.ServeHTTP(w, r)
			return
		}
		body, err := io.ReadAll(io.LimitReader(r.Body, 16<<20))
		if err != nil {
			http.Error(w, "read the request", http.StatusBadRequest)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		method := soapMethod(body)
		if method == "LoginByToken" {
			if user, err := v.tokens.verify(body, v.clock()); err != nil || !v.accounts.exists(user) {
				v.accounts.note(user, false)
				writeFault(w, "Cannot complete login due to an incorrect token.", &types.InvalidLogin{})
				return
			} else {
				v.accounts.note(user, true)
			}
		}
		if !v.faults.before(method) {
			hangUp(w)
			return
		}
		if v.faults.dropsAnswer(method) {
			next.ServeHTTP(newDiscard(), r)
			hangUp(w)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// soapMethod is the name of the first element inside the SOAP body; empty when the text is not SOAP.
func soapMethod(body []byte) string {
	decoder := xml.NewDecoder(bytes.NewReader(body))
	inBody := false
	for {
		token, err := decoder.Token()
		if err != nil {
			return ""
		}
		start, ok := token.(xml.StartElement)
		switch {
		case !ok:
		case inBody:
			return start.Name.Local
		case start.Name.Local == "Body":
			inBody = true
		}
	}
}

// hangUp closes the connection without an answer, as a crash or a lost path would.
func hangUp(w http.ResponseWriter) {
	if hijacker, ok := w.(http.Hijacker); ok {
		if conn, _, err := hijacker.Hijack(); err == nil {
			_ = conn.Close()
			return
		}
	}
	panic(http.ErrAbortHandler) // HTTP/2 has no Hijack; this resets the stream.
}

// discard takes an answer that the client must never see.
type discard struct{ header http.Header }

func newDiscard() *discard                     { return &discard{header: http.Header{}} }
func (d *discard) Header() http.Header         { return d.header }
func (d *discard) Write(p []byte) (int, error) { return len(p), nil }
func (d *discard) WriteHeader(int)             {}

// writeFault answers a SOAP call with a fault, in the form that vCenter uses.
func writeFault(w http.ResponseWriter, message string, fault types.BaseMethodFault) {
	var detail bytes.Buffer
	name := typeName(fault)
	start := xml.StartElement{Name: xml.Name{Local: name + "Fault"}, Attr: []xml.Attr{
		{Name: xml.Name{Local: "xmlns"}, Value: "urn:vim25"},
		{Name: xml.Name{Local: "xmlns:xsi"}, Value: "http://www.w3.org/2001/XMLSchema-instance"},
		{Name: xml.Name{Local: "xsi:type"}, Value: name},
	}}
	if err := xml.NewEncoder(&detail).EncodeElement(fault, start); err != nil {
		http.Error(w, "encode the fault", http.StatusInternalServerError)
		return
	}
	var text bytes.Buffer
	_ = xml.EscapeText(&text, []byte(message))
	w.Header().Set("Content-Type", "text/xml; charset=utf-8")
	w.WriteHeader(http.StatusInternalServerError)
	_, _ = fmt.Fprintf(w, `<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/">`+
		`<soapenv:Body><soapenv:Fault><faultcode>ServerFaultCode</faultcode><faultstring>%s</faultstring><detail>%s</detail></soapenv:Fault>`+
		`</soapenv:Body></soapenv:Envelope>`, text.String(), detail.String())
}
