// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"fmt"
	"net/http"
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
	paths, enums := l.Azure.Writable(l.id)
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
	body, method := patchAt(pointer, value), http.MethodPatch
	if l.kind.NoPatch {
		body, method = l.body(), http.MethodPut
		harness.Merge(body, patchAt(pointer, value))
	}
	if tags, ok := l.body()["tags"].(map[string]any); ok && strings.HasPrefix(pointer, "/tags/") {
		harness.Merge(body, map[string]any{"tags": tags})
		harness.Merge(body, patchAt(pointer, value))
	}
	if status, text := l.Azure.ByHand(l.t, method, l.id, asText(body)); status/100 != 2 {
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
