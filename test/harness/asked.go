// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/avs-operator/avs-operator/controllers/azure/diff"
	"github.com/avs-operator/avs-operator/controllers/azure/kinds"
	"github.com/avs-operator/avs-operator/test/armsim"
)

// IsAction says that a request is the action by which resources of the kind are changed.
func IsAction(kind kinds.Kind, method, path string) bool {
	return kind.ChangedBy != "" && method == http.MethodPost && strings.HasSuffix(strings.ToLower(path), "/"+strings.ToLower(kind.ChangedBy))
}

// AskedFor is what a write to a resource of the kind asks for, laid out as the resource is; nil for an action that changes nothing of it.
func AskedFor(kind kinds.Kind, r armsim.Request) (map[string]any, error) {
	body := map[string]any{}
	if r.Method == http.MethodPost && !IsAction(kind, r.Method, r.Path) {
		return nil, nil
	}
	if err := json.Unmarshal(r.Body, &body); err != nil {
		return nil, fmt.Errorf("reading %s %s: %w", r.Method, r.Path, err)
	}
	if r.Method == http.MethodPost {
		body = map[string]any{"properties": body}
	}
	return body, nil
}

// Made says that what an object of the kind makes is in Azure: its resource, or of one that comes and goes without the operator, a change.
func (a *Azure) Made(kind kinds.Kind, id string) bool {
	body, there := a.Resource(id)
	return there && (kind.ChangedBy == "" || !contains(body, Untouched(kind)))
}

// Untouched is a merge patch that gives a resource the kind's defaults.
func Untouched(kind kinds.Kind) map[string]any {
	var all []diff.Change
	for _, path := range sortedKeys(kind.Defaults) {
		all = append(all, diff.Change{Path: path, Desired: kind.Defaults[path]})
	}
	return diff.Patch(all)
}
