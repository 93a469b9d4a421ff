// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package armsim

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"time"
)

// faultDocument is a fault as the control endpoint and the state file write it: durations are Go's ("90s"), Path is a regular
// expression (RE2), When is "before" or "after".
type faultDocument struct {
	ID   string `json:"id,omitempty"`
	Hits int    `json:"hits,omitempty"`

	Verb  string `json:"verb,omitempty"`
	Path  string `json:"path,omitempty"`
	Skip  int    `json:"skip,omitempty"`
	Count int    `json:"count,omitempty"`
	When  string `json:"when,omitempty"`

	Status     int               `json:"status,omitempty"`
	Code       string            `json:"code,omitempty"`
	Message    string            `json:"message,omitempty"`
	Body       string            `json:"body,omitempty"`
	RetryAfter string            `json:"retryAfter,omitempty"`
	RetryDate  bool              `json:"retryDate,omitempty"`
	Headers    map[string]string `json:"headers,omitempty"`
	Delay      string            `json:"delay,omitempty"`
	Drop       bool              `json:"drop,omitempty"`
	Reset      bool              `json:"reset,omitempty"`
	Truncate   bool              `json:"truncate,omitempty"`

	ExpiredToken     bool           `json:"expiredToken,omitempty"`
	OperationFails   bool           `json:"operationFails,omitempty"`
	Canceled         bool           `json:"canceled,omitempty"`
	Cancelled        bool           `json:"cancelled,omitempty"`
	NoPollingHeaders bool           `json:"noPollingHeaders,omitempty"`
	PollURLBytes     int            `json:"pollURLBytes,omitempty"`
	EchoOldBody      bool           `json:"echoOldBody,omitempty"`
	StaleGets        int            `json:"staleGets,omitempty"`
	Stores           map[string]any `json:"stores,omitempty"`
	Lasts            string         `json:"lasts,omitempty"`

	FailureReason string `json:"failureReason,omitempty"`
	ListLacks     string `json:"listLacks,omitempty"`
	PollHost      string `json:"pollHost,omitempty"`
}

// MarshalJSON writes a fault as the control endpoint does.
func (f Fault) MarshalJSON() ([]byte, error) { return json.Marshal(f.document()) }

// MarshalJSON adds the id and the hits.
func (f WaitingFault) MarshalJSON() ([]byte, error) {
	d := f.document()
	d.ID, d.Hits = f.ID, f.Hits
	return json.Marshal(d)
}

func (f Fault) document() faultDocument {
	d := faultDocument{
		Verb: f.Verb, Skip: f.Skip, Count: f.Count, When: "before", Status: f.Status, Code: f.Code, Message: f.Message, Body: f.Body,
		RetryDate: f.RetryDate, Headers: f.Headers, Drop: f.Drop, Reset: f.Reset, Truncate: f.Truncate, ExpiredToken: f.ExpiredToken,
		OperationFails: f.OperationFails, Canceled: f.Canceled, Cancelled: f.Cancelled, NoPollingHeaders: f.NoPollingHeaders,
		EchoOldBody: f.EchoOldBody, StaleGets: f.StaleGets, FailureReason: f.FailureReason, PollURLBytes: f.PollURLBytes, PollHost: f.PollHost,
		Stores: f.Stores, ListLacks: f.ListLacks,
	}
	if f.Lasts > 0 {
		d.Lasts = f.Lasts.String()
	}
	if f.Path != nil {
		d.Path = f.Path.String()
	}
	if f.When == After {
		d.When = "after"
	}
	if f.RetryAfter > 0 {
		d.RetryAfter = f.RetryAfter.String()
	}
	if f.Delay > 0 {
		d.Delay = f.Delay.String()
	}
	return d
}

// UnmarshalJSON reads what MarshalJSON writes and refuses what no request could meet: a misspelt field would otherwise make a
// fault that does nothing, and a test that shows nothing.
func (f *Fault) UnmarshalJSON(text []byte) error {
	var d faultDocument
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&d); err != nil {
		return fmt.Errorf("reading a fault: %w", err)
	}
	out := Fault{
		Verb: d.Verb, Skip: d.Skip, Count: d.Count, Status: d.Status, Code: d.Code, Message: d.Message, Body: d.Body, RetryDate: d.RetryDate,
		Headers: d.Headers, Drop: d.Drop, Reset: d.Reset, Truncate: d.Truncate, ExpiredToken: d.ExpiredToken, OperationFails: d.OperationFails,
		Canceled: d.Canceled, Cancelled: d.Cancelled, NoPollingHeaders: d.NoPollingHeaders, EchoOldBody: d.EchoOldBody, StaleGets: d.StaleGets,
		FailureReason: d.FailureReason, PollURLBytes: d.PollURLBytes, PollHost: d.PollHost, Stores: d.Stores, ListLacks: d.ListLacks,
	}
	var errs []error
	if d.Path != "" {
		pattern, err := regexp.Compile(d.Path)
		errs, out.Path = append(errs, err), pattern
	}
	switch d.When {
	case "", "before":
	case "after":
		out.When = After
	default:
		errs = append(errs, fmt.Errorf("when is %q, not before or after", d.When))
	}
	for _, span := range []struct {
		text string
		to   *time.Duration
	}{{d.RetryAfter, &out.RetryAfter}, {d.Delay, &out.Delay}, {d.Lasts, &out.Lasts}} {
		if span.text != "" {
			length, err := time.ParseDuration(span.text)
			errs, *span.to = append(errs, err), length
		}
	}
	if err := errors.Join(append(errs, out.check())...); err != nil {
		return fmt.Errorf("reading a fault: %w", err)
	}
	*f = out
	return nil
}

// check refuses a fault that does nothing or that HTTP cannot say.
func (f *Fault) check() error {
	switch f.Verb {
	case "", http.MethodGet, http.MethodHead, http.MethodPut, http.MethodPatch, http.MethodPost, http.MethodDelete:
	default:
		return fmt.Errorf("verb %q is none of GET, HEAD, PUT, PATCH, POST, DELETE", f.Verb)
	}
	if f.Status != 0 && (f.Status < 200 || f.Status > 599) {
		return fmt.Errorf("status %d is not in 200 to 599", f.Status)
	}
	if _, err := regexp.Compile(f.ListLacks); err != nil {
		return fmt.Errorf("listLacks: %w", err)
	}
	does := f.Status != 0 || f.Delay > 0 || f.Drop || f.Reset || f.Truncate || f.ExpiredToken || f.ending() != succeeded ||
		f.NoPollingHeaders || f.PollURLBytes > 0 || f.PollHost != "" || f.EchoOldBody || f.StaleGets > 0 || f.FailureReason != "" ||
		f.RetryAfter > 0 || f.RetryDate || len(f.Stores) > 0 || f.Lasts > 0 || f.ListLacks != ""
	if !does {
		return errors.New("it does nothing: give a status, a delay, drop, reset, truncate, or what happens to the operation")
	}
	return nil
}
