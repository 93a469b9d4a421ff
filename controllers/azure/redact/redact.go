// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package redact takes secrets out of what is about to be published. Azure, and what runs there, repeat what they were given: a script prints its
// parameters, a refusal quotes the licence key. So whatever an object is about to say is searched for the secrets that it refers to, wherever in its
// status, its messages and its events.
package redact

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/azure/body"
	"github.com/avs-operator/avs-operator/controllers/azure/kind"
)

// Redaction takes secrets out of texts.
type Redaction struct {
	secrets []string
	// known says that every secret could be read. If not, what is new in the places where others put their words is not shown at all.
	known bool
	// before are the texts as they are published, by their place: one from which something was taken out stays so, also when the Secret has
	// changed since.
	before map[string]string
}

// New takes the values out of what an object is about to say. known says that every secret could be read, and before is the object as it is published.
func New(values []string, known bool, before kind.Object) Redaction {
	return Redaction{secrets: formsOf(values), known: known, before: textsOf(before)}
}

// Message is a text of the condition Ready without secrets.
func (r Redaction) Message(text string) string { return r.text(readyPlace, text) }

// Fact is a text of another condition without secrets.
func (r Redaction) Fact(text string) string { return r.text("", text) }

// shortest is how long a value is at least that is looked for: shorter ones would be found everywhere.
const shortest = 3

// formsOf are the values as they may stand in a text, the longest first, so that a part is not taken out of a whole.
func formsOf(values []string) []string {
	var out []string
	for _, value := range values {
		value = strings.TrimSpace(value)
		if len(value) < shortest {
			continue
		}
		quoted, _ := json.Marshal(value)
		out = append(out, value, strings.Trim(string(quoted), `"`), base64.StdEncoding.EncodeToString([]byte(value)), url.QueryEscape(value), url.PathEscape(value))
		for line := range strings.SplitSeq(value, "\n") { // of a key or certificate
			if line = strings.TrimSpace(line); len(line) >= 16 && line != value {
				out = append(out, line)
			}
		}
	}
	slices.SortFunc(out, func(a, b string) int { return len(b) - len(a) })
	return slices.Compact(out)
}

func (r Redaction) text(place, text string) string {
	for _, secret := range r.secrets {
		text = strings.ReplaceAll(text, secret, body.Hidden)
	}
	if was := r.before[place]; strings.Contains(was, body.Hidden) && fits(text, was) {
		return was
	}
	return text
}

// fits says that a text is the one from which something was taken out.
func fits(text, redacted string) bool {
	parts := strings.Split(redacted, body.Hidden)
	rest, ok := strings.CutPrefix(text, parts[0])
	if !ok {
		return false
	}
	last := parts[len(parts)-1]
	if rest, ok = strings.CutSuffix(rest, last); !ok {
		return false
	}
	for _, part := range parts[1 : len(parts)-1] {
		_, after, found := strings.Cut(rest, part)
		if !found {
			return false
		}
		rest = after
	}
	return true
}

// theirWords are the fields of a status that hold what Azure, or a script, says.
var theirWords = []string{"drift", "failure", "failureReason", "output", "information", "warnings", "errors", "namedOutputs"}

// Status takes the secrets out of an object's status.
func (r Redaction) Status(object kind.Object) error {
	text, err := json.Marshal(object)
	if err != nil {
		return fmt.Errorf("reading a status: %w", err)
	}
	var all struct {
		Status map[string]any `json:"status"`
	}
	if err := json.Unmarshal(text, &all); err != nil {
		return fmt.Errorf("reading a status: %w", err)
	}
	changed := false
	for name, value := range all.Status {
		theirs := slices.Contains(theirWords, name)
		if name == "conditions" {
			continue // they are made of the outcome
		}
		all.Status[name] = body.MapTexts(name, value, func(place, text string) string {
			out := r.text(place, text)
			if !r.known && theirs && r.before[place] != out {
				out = body.Hidden
			}
			changed = changed || out != text
			return out
		})
	}
	if !changed {
		return nil
	}
	if text, err = json.Marshal(all); err == nil {
		err = json.Unmarshal(text, object)
	}
	if err != nil {
		return fmt.Errorf("writing a status: %w", err)
	}
	return nil
}

// readyPlace is where the message of Ready is among the texts of a status.
const readyPlace = "Ready"

// textsOf are the texts of an object's status, by their place.
func textsOf(object kind.Object) map[string]string {
	text, err := json.Marshal(object)
	if err != nil {
		return nil
	}
	var all struct {
		Status map[string]any `json:"status"`
	}
	if json.Unmarshal(text, &all) != nil {
		return nil
	}
	out := map[string]string{}
	for name, value := range all.Status {
		body.MapTexts(name, value, func(place, text string) string {
			out[place] = text
			return text
		})
	}
	if ready := meta.FindStatusCondition(object.AzureStatus().Conditions, v1alpha1.ConditionReady); ready != nil {
		out[readyPlace] = ready.Message
	}
	return out
}
