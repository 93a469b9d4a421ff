// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package armsim

import (
	"net/http"
	"time"
)

// stateFormat is the version of the state file. A file of another version is refused, because half of a state would be worse
// than none.
const stateFormat = 1

// savedState is everything that a server knows, except who may sign in (that is configuration), the log of requests, and what
// lives inside vCenters. Durations are nanoseconds of simulated time.
type savedState struct {
	Format int           `json:"format"`
	Saved  time.Time     `json:"saved"`
	URL    string        `json:"url"`
	Time   time.Duration `json:"time"`

	CA       string `json:"ca"`       // PEM: certificate and private key
	TokenKey string `json:"tokenKey"` // PEM: Entra's signing key, so that tokens stay valid

	Subscriptions []savedSubscription        `json:"subscriptions"`
	Groups        []savedGroup               `json:"resourceGroups"`
	Resources     []savedResource            `json:"resources"` // parents first
	Locks         []*lock                    `json:"locks,omitempty"`
	Operations    []savedOperation           `json:"operations"`
	Replays       map[string]savedAnswer     `json:"replays,omitempty"`
	Buckets       map[string]savedBucket     `json:"buckets,omitempty"`
	Capacity      map[string]int             `json:"capacity,omitempty"`
	Draws         map[string]int             `json:"draws,omitempty"`
	Vaults        map[string]map[string]bool `json:"vaults,omitempty"` // by URL, whom each lets in
	Faults        []Fault                    `json:"faults,omitempty"`
}

type savedSubscription struct {
	Config             Subscription    `json:"config"`
	Registered         string          `json:"registered"`
	Left               time.Duration   `json:"left,omitempty"` // until Registering ends
	UnregisteredOthers map[string]bool `json:"unregisteredOthers,omitempty"`
}

type savedGroup struct {
	Subscription string         `json:"subscription"`
	Name         string         `json:"name"`
	Location     string         `json:"location"`
	Tags         map[string]any `json:"tags"`
}

type savedResource struct {
	ID           string            `json:"id"`
	Name         string            `json:"name"`
	Type         string            `json:"type"`
	Parent       string            `json:"parent,omitempty"` // key
	Subscription string            `json:"subscription"`
	Body         map[string]any    `json:"body"`
	Hidden       map[string]any    `json:"hidden,omitempty"`
	Secrets      map[string]string `json:"secrets,omitempty"`
	Operation    string            `json:"operation,omitempty"`
	StaleGets    int               `json:"staleGets,omitempty"`
	StaleBody    map[string]any    `json:"staleBody,omitempty"`
}

type savedOperation struct {
	ID           string            `json:"id"`
	ResourceID   string            `json:"resourceId"`
	Subscription string            `json:"subscription"`
	Location     string            `json:"location"`
	APIVersion   string            `json:"apiVersion"`
	ArmsOwn      bool              `json:"armsOwn,omitempty"`
	GroupPath    string            `json:"groupPath,omitempty"`
	WithResult   bool              `json:"withResult,omitempty"`
	NoContent    bool              `json:"noContent,omitempty"`
	RetryAfter   time.Duration     `json:"retryAfter"`
	Hidden       bool              `json:"hidden,omitempty"`
	Status       string            `json:"status"`
	Started      time.Time         `json:"started"`
	Ended        time.Time         `json:"ended,omitzero"`
	Ending       string            `json:"ending"`
	Code         string            `json:"code,omitempty"`
	Message      string            `json:"message,omitempty"`
	Kind         string            `json:"kind,omitempty"` // of one in flight; empty: its object is gone
	Args         map[string]string `json:"args,omitempty"`
	Change       *savedChange      `json:"change,omitempty"`
	Fault        *Fault            `json:"fault,omitempty"`
	Left         time.Duration     `json:"left,omitempty"` // until it ends
}

type savedChange struct {
	Sent   map[string]any    `json:"sent,omitempty"`
	Before map[string]any    `json:"before,omitempty"`
	After  map[string]any    `json:"after,omitempty"`
	Secret map[string]string `json:"secret,omitempty"`
	Remove bool              `json:"remove,omitempty"`
	Lists  []string          `json:"lists,omitempty"`
	Whole  bool              `json:"whole,omitempty"`
}

type savedAnswer struct {
	Status int         `json:"status"`
	Header http.Header `json:"header,omitempty"`
	Body   any         `json:"body,omitempty"`
	Page   string      `json:"page,omitempty"` // a body that is not JSON
}

type savedBucket struct {
	Tokens float64       `json:"tokens"`
	Filled time.Duration `json:"filled"`
}
