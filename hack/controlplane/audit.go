// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

// auditPolicy records every request once it is answered: who, what and the code, never a body, which may hold a Secret.
const auditPolicy = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: Metadata
`

// AuditEntry is one request that the API server answered.
type AuditEntry struct {
	Time      time.Time // when it arrived
	User      string    // such as system:serviceaccount:avs-operator-system:avs-operator
	UserAgent string
	Verb      string // as in RBAC: get, list, watch, create, update, patch, delete, deletecollection
	URI       string // path and query
	// Of a request for a resource; empty for the others, such as /healthz.
	Group, Version, Resource, Subresource string
	Namespace, Name                       string
	Code                                  int32  // HTTP status
	Message                               string // of a refusal
}

// auditEvent is what we read of audit.k8s.io/v1 Event.
type auditEvent struct {
	AuditID    string    `json:"auditID"`
	RequestURI string    `json:"requestURI"`
	Verb       string    `json:"verb"`
	UserAgent  string    `json:"userAgent"`
	Received   time.Time `json:"requestReceivedTimestamp"`
	User       struct {
		Username string `json:"username"`
	} `json:"user"`
	Object struct {
		Group       string `json:"apiGroup"`
		Version     string `json:"apiVersion"`
		Resource    string `json:"resource"`
		Subresource string `json:"subresource"`
		Namespace   string `json:"namespace"`
		Name        string `json:"name"`
	} `json:"objectRef"`
	Response struct {
		Code    int32  `json:"code"`
		Message string `json:"message"`
	} `json:"responseStatus"`
}

// Audit returns every request that the API server has answered since the start, or begun to answer in the case of a watch,
// in the order of the answers. Bodies are never recorded.
func (c *ControlPlane) Audit() ([]AuditEntry, error) {
	if !c.audit {
		return nil, errors.New("this control plane was started without an audit log")
	}
	file, err := os.Open(c.auditPath())
	if err != nil {
		return nil, fmt.Errorf("reading the audit log: %w", err)
	}
	defer func() { _ = file.Close() }() // opened for reading only: nothing can be lost
	return readAudit(file)
}

func readAudit(source io.Reader) ([]AuditEntry, error) {
	var entries []AuditEntry
	seen := map[string]bool{} // a watch is logged twice: when it begins and when it ends
	for reader := bufio.NewReader(source); ; {
		line, err := reader.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return entries, nil // what stands after the last line's end is still being written
		}
		if err != nil {
			return nil, fmt.Errorf("reading the audit log: %w", err)
		}
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		var event auditEvent
		if err := json.Unmarshal(line, &event); err != nil {
			return nil, fmt.Errorf("reading the audit log: %w", err)
		}
		if seen[event.AuditID] {
			continue
		}
		seen[event.AuditID] = true
		entries = append(entries, event.entry())
	}
}

func (e *auditEvent) entry() AuditEntry {
	return AuditEntry{
		Time: e.Received, User: e.User.Username, UserAgent: e.UserAgent, Verb: e.Verb, URI: e.RequestURI,
		Group: e.Object.Group, Version: e.Object.Version, Resource: e.Object.Resource, Subresource: e.Object.Subresource,
		Namespace: e.Object.Namespace, Name: e.Object.Name,
		Code: e.Response.Code, Message: e.Response.Message,
	}
}
