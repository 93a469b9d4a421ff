// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcentersim

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"time"

	"github.com/vmware/govmomi/simulator"
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
		if v.isDown(w) {
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
		if v.answers(method) {
			v.answer(w, r, next, method, v.machineOf(soapObject(body)))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// answers says whether something was planned for a method: without that, nothing is looked up for its calls.
func (v *VCenter) answers(method string) bool { return v.faults.concerns(method) }

// answer makes a call as a planned fault says: refused on the way, lost on the way back, or late.
func (v *VCenter) answer(w http.ResponseWriter, r *http.Request, next http.Handler, method, machine string) {
	if !v.faults.before(method, machine) {
		hangUp(w)
		return
	}
	late, lost := v.faults.after(method, machine)
	if late == 0 && !lost {
		next.ServeHTTP(w, r)
		return
	}
	answer := httptest.NewRecorder()
	next.ServeHTTP(answer, r)
	v.faults.wait(late)
	if lost {
		hangUp(w)
		return
	}
	maps.Copy(w.Header(), answer.Header())
	w.WriteHeader(answer.Code)
	_, _ = w.Write(answer.Body.Bytes())
}

// soapObject is the managed object id that a SOAP call is made on.
func soapObject(body []byte) string {
	if found := thisObject.FindSubmatch(body); found != nil {
		return string(found[1])
	}
	return ""
}

var thisObject = regexp.MustCompile(`<(?:\w+:)?_this[^>]*>([^<]+)<`)

// machineOf is the name of the machine behind a managed object id: itself, or what a task works on; empty if there is none.
func (v *VCenter) machineOf(id string) string {
	ctx := v.newContext("")
	for _, kind := range []string{"VirtualMachine", "Task"} {
		switch o := ctx.Map.Get(reference{Type: kind, Value: id}).(type) {
		case *simulator.VirtualMachine:
			return v.nameOf(o.Self)
		case *simulator.Task:
			return o.Info.EntityName // written once
		}
	}
	return ""
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
