// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/test/harness"
)

func keyOf(object client.Object) client.ObjectKey { return client.ObjectKeyFromObject(object) }

// leavesTheRestAlone: whatever another client of Azure sets that the spec does not name is there after the operator's next write.
func (l *life) leavesTheRestAlone() {
	theirs := l.setByAnother()
	if len(l.changeable()) == 0 {
		return
	}
	l.t.Logf("another client set %v", theirs)
	l.ready()
	before := l.body()
	path := l.changeable()[0]
	was := at(before, path)
	l.mark()
	l.set(patchAt(path, drifted(was)))
	l.has(path, was)
	l.ready()
	for _, other := range theirs {
		if asText(at(l.body(), other)) != asText(at(before, other)) {
			l.t.Errorf("mending %s changed %s, which the spec does not name, from %s to %s", path, other, asText(at(before, other)), asText(at(l.body(), other)))
		}
	}
	l.wrote(1)
}

// setByAnother sets, as another client with rights in the subscription, every writable property that the object does not manage and that Azure
// takes, and names them.
func (l *life) setByAnother() []string {
	l.t.Helper()
	var set []string
	paths, enums := l.azure.Writable(l.id)
	for _, path := range paths {
		pointer := "/" + strings.ReplaceAll(path, ".", "/")
		managed := l.object.AzureStatus().Managed
		mine := under(pointer, managed) || slices.ContainsFunc(managed, func(m string) bool { return under(m, []string{pointer}) })
		if mine || under(pointer, l.kind.Immutable) || pointer == "/properties/revision" || strings.HasPrefix(pointer, "/systemData") || l.kind.Once {
			continue
		}
		value := any("theirs")
		switch now := at(l.body(), pointer).(type) {
		case float64:
			value = now + 1
		case []any:
			continue // what is in a list is not for strangers to guess
		}
		if pointer == "/tags" {
			pointer = "/tags/theirs"
		}
		if allowed := enums[path]; len(allowed) > 0 {
			value = allowed[len(allowed)-1]
		}
		if l.asAnother(pointer, value) {
			set = append(set, pointer)
		}
	}
	return set
}

// asAnother is one write by another client; false when Azure does not take it.
func (l *life) asAnother(pointer string, value any) bool {
	l.t.Helper()
	here := harness.Transport(l.azure.CAPEM())
	token := struct {
		AccessToken string `json:"access_token"`
	}{}
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {harness.ClientID}, "client_secret": {harness.ClientSecret}, "scope": {l.azure.URL() + "/.default"}}
	answer, err := here.PostForm(l.azure.URL()+"/"+harness.TenantID+"/oauth2/v2.0/token", form)
	if err != nil {
		l.t.Fatal(err)
	}
	defer answer.Body.Close()
	if err := json.NewDecoder(answer.Body).Decode(&token); err != nil || token.AccessToken == "" {
		l.t.Fatalf("Logging in as another client: %v, status %d", err, answer.StatusCode)
	}
	body, method := patchAt(pointer, value), http.MethodPatch
	if l.kind.NoPatch {
		body, method = l.body(), http.MethodPut
		mergeInto(body, patchAt(pointer, value))
	}
	if tags, ok := l.body()["tags"].(map[string]any); ok && strings.HasPrefix(pointer, "/tags/") {
		mergeInto(body, map[string]any{"tags": tags})
		mergeInto(body, patchAt(pointer, value))
	}
	request, err := http.NewRequestWithContext(l.t.Context(), method, l.azure.URL()+l.id+"?api-version=2025-09-01", bytes.NewReader([]byte(asText(body))))
	if err != nil {
		l.t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+token.AccessToken)
	request.Header.Set("Content-Type", "application/json")
	result, err := here.Do(request)
	if err != nil {
		l.t.Fatal(err)
	}
	defer result.Body.Close()
	text, _ := io.ReadAll(result.Body)
	if result.StatusCode/100 != 2 {
		l.t.Logf("Azure does not take %s: %s", pointer, text[:min(len(text), 200)])
		return false
	}
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if at(l.body(), "/properties/provisioningState") == "Succeeded" {
			return asText(at(l.body(), pointer)) == asText(value)
		}
	}
	l.t.Fatalf("Azure works for ever: %s", fmt.Sprint(l.body()))
	return false
}

// mergeInto is an RFC 7396 merge patch.
func mergeInto(target, patch map[string]any) {
	for key, value := range patch {
		inner, isMap := value.(map[string]any)
		have, both := target[key].(map[string]any)
		switch {
		case value == nil:
			delete(target, key)
		case isMap && both:
			mergeInto(have, inner)
		default:
			target[key] = value
		}
	}
}
