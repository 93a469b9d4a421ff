// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/azure/kind"
	"github.com/avs-operator/avs-operator/controllers/outcome"
)

// Azure, and what runs there, repeat what they were given: a script prints its parameters, a refusal quotes the licence key. So whatever an object
// is about to say is searched for the secrets that it refers to, and they are taken out, wherever in its status, its messages and its events.

// keepSecret takes the object's secrets out of what is about to be published. Nothing is read while nothing new is said.
func (r *Reconciler[T]) keepSecret(ctx context.Context, s *scope[T], o *outcome.Outcome) (*outcome.Outcome, error) {
	refs, values := r.confidential(s)
	if len(refs)+len(values) == 0 || !r.saysMore(s, o) {
		return o, nil
	}
	known := true
	for _, ref := range refs {
		if strings.HasSuffix(ref.Path, "/username") {
			continue // it is no secret, and often a word that stands everywhere
		}
		text, problem := r.secretText(ctx, s, ref)
		if problem != nil {
			known = known && ref.Once && s.stat().ProvisioningState == "Succeeded" // gone, or not permitted: what it was cannot be told from what is said
			continue
		}
		values = append(values, text)
	}
	said := redaction{secrets: formsOf(values), known: known, before: textsOf(s.before)}
	if o != nil {
		changed := *o
		changed.Message = said.text(readyPlace, o.Message)
		if o.Err != nil && changed.Message != o.Message {
			changed.Err = fmt.Errorf("%s", changed.Message)
		}
		o = &changed
	}
	for i := range s.facts {
		s.facts[i].Message = said.text("", s.facts[i].Message)
	}
	s.readyMessage = said.text(readyPlace, s.readyMessage)
	return o, said.status(s.obj)
}

// confidential lists what must not be shown: where it is, or the values themselves.
func (r *Reconciler[T]) confidential(s *scope[T]) (refs []kind.SecretValue, values []string) {
	if r.kind.Confidential != nil {
		return r.kind.Confidential(s.obj, s.actual)
	}
	if r.kind.Secrets != nil {
		refs = r.kind.Secrets(s.obj)
	}
	return refs, nil
}

// saysMore says that the object is about to say something that it does not say yet.
func (r *Reconciler[T]) saysMore(s *scope[T], o *outcome.Outcome) bool {
	if !equality.Semantic.DeepEqual(s.before.AzureStatus(), s.obj.AzureStatus()) || !equality.Semantic.DeepEqual(any(s.before), any(s.obj)) {
		return true
	}
	ready := meta.FindStatusCondition(s.stat().Conditions, v1alpha1.ConditionReady)
	return o != nil && (ready == nil || ready.Message != o.Message)
}

// redaction takes secrets out of texts.
type redaction struct {
	secrets []string
	// known says that every secret could be read. If not, what is new in the places where others put their words is not shown at all.
	known bool
	// before are the texts as they are published, by their place: one from which something was taken out stays so, also when the Secret has
	// changed since.
	before map[string]string
}

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

func (r redaction) text(place, text string) string {
	for _, secret := range r.secrets {
		text = strings.ReplaceAll(text, secret, hidden)
	}
	if was := r.before[place]; strings.Contains(was, hidden) && fits(text, was) {
		return was
	}
	return text
}

// fits says that a text is the one from which something was taken out.
func fits(text, redacted string) bool {
	parts := strings.Split(redacted, hidden)
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

// status takes the secrets out of an object's status.
func (r redaction) status(object kind.Object) error {
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
		all.Status[name] = mapTexts(name, value, func(place, text string) string {
			out := r.text(place, text)
			if !r.known && theirs && r.before[place] != out {
				out = hidden
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

// mapTexts changes every text in a JSON value.
func mapTexts(place string, value any, change func(place, text string) string) any {
	switch v := value.(type) {
	case string:
		return change(place, v)
	case []any:
		for i := range v {
			v[i] = mapTexts(fmt.Sprintf("%s/%d", place, i), v[i], change)
		}
	case map[string]any:
		for key := range v {
			v[key] = mapTexts(place+"/"+key, v[key], change)
		}
	}
	return value
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
		mapTexts(name, value, func(place, text string) string {
			out[place] = text
			return text
		})
	}
	if ready := meta.FindStatusCondition(object.AzureStatus().Conditions, v1alpha1.ConditionReady); ready != nil {
		out[readyPlace] = ready.Message
	}
	return out
}
