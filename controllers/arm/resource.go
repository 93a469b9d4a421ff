// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package arm

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Resource is what ARM answered about one resource.
type Resource struct {
	ID         ID
	Name, Type string
	// Body is the whole JSON body; it is shared with whoever else looked and must not be changed.
	Body map[string]any
	// AskedAt is the moment before the question left, on the wall clock. What the body says was true then or later.
	AskedAt time.Time
}

// ProvisioningState is properties.provisioningState; absent means Succeeded, as some types never say it.
func (r *Resource) ProvisioningState() string {
	if state := r.String("/properties/provisioningState"); state != "" {
		return state
	}
	return "Succeeded"
}

// IsTerminal reports whether a provisioning state is final. Both spellings of Canceled exist in AVS. A state that is not
// known is taken for a passing one, because acting on a resource that Azure still works on does harm and waiting does not.
func IsTerminal(state string) bool {
	return state == "" || stateOf(state) != InProgress
}

// Value is what a JSON pointer (RFC 6901) finds in the body. Keys are matched as they are written.
func (r *Resource) Value(pointer string) (any, bool) {
	if r == nil {
		return nil, false
	}
	var here any = r.Body
	if pointer == "" {
		return here, true
	}
	for _, token := range strings.Split(strings.TrimPrefix(pointer, "/"), "/") {
		token = strings.NewReplacer("~1", "/", "~0", "~").Replace(token)
		switch at := here.(type) {
		case map[string]any:
			value, ok := at[token]
			if !ok {
				return nil, false
			}
			here = value
		case []any:
			i, err := strconv.Atoi(token)
			if err != nil || i < 0 || i >= len(at) {
				return nil, false
			}
			here = at[i]
		default:
			return nil, false
		}
	}
	return here, true
}

// String is a value if it is a string, else empty.
func (r *Resource) String(pointer string) string {
	value, _ := r.Value(pointer)
	text, _ := value.(string)
	return text
}

// Int is a value if it is a number, else 0: as JSON has it, or as the operator puts it into a body that it makes.
func (r *Resource) Int(pointer string) int64 {
	value, _ := r.Value(pointer)
	switch number := value.(type) {
	case float64:
		if math.Abs(number) <= 1<<53 {
			return int64(number)
		}
	case int32:
		return int64(number)
	case int:
		return int64(number)
	case int64:
		return number
	}
	return 0
}

// Texts are the strings of a list, none if the value is no list.
func (r *Resource) Texts(pointer string) []string {
	value, _ := r.Value(pointer)
	list, _ := value.([]any)
	var out []string
	for _, one := range list {
		if text, ok := one.(string); ok {
			out = append(out, text)
		}
	}
	return out
}

// resourceFrom reads a body. The id that was asked for is kept, because ARM's own casing of it varies between answers.
func resourceFrom(id ID, body []byte, askedAt time.Time) (*Resource, error) {
	var fields map[string]any
	if err := json.Unmarshal(body, &fields); err != nil {
		return nil, fmt.Errorf("read the body: %w", err)
	}
	if fields == nil {
		return nil, fmt.Errorf("read the body: it is null")
	}
	return resourceOf(id, fields, askedAt), nil
}

// idIn is the id that a body in a list names. A body that is no object is an error.
func idIn(body []byte) (ID, error) {
	var named *struct {
		ID any `json:"id"`
	}
	if err := json.Unmarshal(body, &named); err != nil {
		return "", fmt.Errorf("read a resource of the list: %w", err)
	}
	if named == nil {
		return "", errors.New("read a resource of the list: it is null")
	}
	id, _ := named.ID.(string)
	return ID(id), nil
}

func resourceOf(id ID, fields map[string]any, askedAt time.Time) *Resource {
	if own, _ := fields["id"].(string); id == "" && own != "" {
		id = ID(own)
	}
	r := &Resource{ID: id, Body: fields, AskedAt: askedAt, Name: id.Name(), Type: id.Type()}
	if name := r.String("/name"); name != "" {
		r.Name = name
	}
	if kind := r.String("/type"); kind != "" {
		r.Type = kind
	}
	return r
}
