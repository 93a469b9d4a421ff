// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package arm

import (
	"fmt"
	"net/url"
	"strings"
	"unicode"
)

// APIVersion is the version of Microsoft.AVS that this package asks for.
const APIVersion = "2025-09-01"

// ID is the id of an ARM resource, resource group, subscription or collection, in the casing in which it was first written.
// ARM answers in other casings, so two IDs are compared by Key, never with ==.
type ID string

// ParseID accepts the id of a subscription, a resource group or a resource. The error is a sentence that says what is wrong.
func ParseID(s string) (ID, error) {
	segments, err := splitPath(s)
	if err != nil {
		return "", err
	}
	if !strings.EqualFold(segments[0], "subscriptions") || len(segments) < 2 {
		return "", fmt.Errorf("ARM id %q must begin with /subscriptions/{subscription}", s)
	}
	if len(segments)%2 != 0 {
		return "", fmt.Errorf("ARM id %q ends after %q: a name is missing", s, segments[len(segments)-1])
	}
	rest := segments[2:]
	if len(rest) > 0 && strings.EqualFold(rest[0], "resourceGroups") {
		rest = rest[2:]
	}
	if len(rest) == 0 {
		return ID(s), nil
	}
	if !strings.EqualFold(rest[0], "providers") {
		return "", fmt.Errorf("ARM id %q must go on with /providers/{namespace}, not /%s", s, rest[0])
	}
	if len(rest) < 4 {
		return "", fmt.Errorf("ARM id %q names the provider %s but no resource in it", s, rest[1])
	}
	return ID(s), nil
}

// splitPath cuts a path into its segments and refuses what could change its meaning inside a URL: an id comes from a
// user's spec, and one with "?" or ".." would address another resource than the one that was checked.
func splitPath(s string) ([]string, error) {
	if !strings.HasPrefix(s, "/") {
		return nil, fmt.Errorf("ARM id %q must begin with a slash", s)
	}
	segments := strings.Split(s[1:], "/")
	for _, segment := range segments {
		if segment == "" || segment == "." || segment == ".." {
			return nil, fmt.Errorf("ARM id %q has an empty or relative segment", s)
		}
		if strings.ContainsFunc(segment, forbidden) {
			return nil, fmt.Errorf("ARM id %q has a character that no ARM name may have", s)
		}
	}
	return segments, nil
}

func forbidden(r rune) bool {
	return unicode.IsControl(r) || r == unicode.ReplacementChar || strings.ContainsRune(`?#%\<>&"`, r)
}

// Key is the id in lower case: what maps and comparisons use.
func (id ID) Key() string { return strings.ToLower(string(id)) }

// Name is the last segment.
func (id ID) Name() string {
	return string(id)[strings.LastIndexByte(string(id), '/')+1:]
}

// Type is the ARM type, such as Microsoft.AVS/privateClouds/clusters; that of a collection is the type of its members.
func (id ID) Type() string {
	segments := id.segments()
	if at := lastProvider(segments); at >= 0 {
		parts := segments[at+1 : min(at+2, len(segments))]
		for i := at + 2; i < len(segments); i += 2 {
			parts = append(parts[:len(parts):len(parts)], segments[i])
		}
		return strings.Join(parts, "/")
	}
	switch {
	case len(segments) > 2:
		return "Microsoft.Resources/resourceGroups"
	case len(segments) > 0:
		return "Microsoft.Resources/subscriptions"
	}
	return ""
}

// Parent is the id of what holds this resource: a private cloud for a cluster, a resource group for a private cloud, a
// subscription for a resource group, empty for a subscription.
func (id ID) Parent() ID {
	segments := id.segments()
	end := len(segments) - 2
	if end >= 2 && strings.EqualFold(segments[end-2], "providers") && lastProvider(segments) == end-2 {
		end -= 2
	}
	if end <= 0 {
		return ""
	}
	return ID("/" + strings.Join(segments[:end], "/"))
}

// SubscriptionID is the subscription's id, empty if there is none in the path.
func (id ID) SubscriptionID() string { return id.after("subscriptions") }

// ResourceGroup is the resource group's name, empty if there is none in the path.
func (id ID) ResourceGroup() string { return id.after("resourceGroups") }

// Collection is the path that lists this resource and its siblings.
func (id ID) Collection() ID {
	if at := strings.LastIndexByte(string(id), '/'); at > 0 {
		return id[:at]
	}
	return ""
}

// Child is the id of a resource in this one, for example Child("clusters", "c2"). The segment may hold slashes, as in
// workloadNetworks/default/segments.
func (id ID) Child(segment, name string) ID {
	return ID(strings.TrimSuffix(string(id), "/") + "/" + strings.Trim(segment, "/") + "/" + name)
}

func (id ID) segments() []string {
	trimmed := strings.Trim(string(id), "/")
	if trimmed == "" {
		return nil
	}
	return strings.Split(trimmed, "/")
}

func (id ID) after(word string) string {
	segments := id.segments()
	for i := 0; i+1 < len(segments) && i < 4; i += 2 {
		if strings.EqualFold(segments[i], word) {
			return segments[i+1]
		}
	}
	return ""
}

// lastProvider is the index of the last "providers" segment: an extension resource, such as a lock, has two.
func lastProvider(segments []string) int {
	for i := (len(segments) - 1) &^ 1; i >= 0; i -= 2 {
		if strings.EqualFold(segments[i], "providers") {
			return i
		}
	}
	return -1
}

// escaped is the path as it goes into a URL.
func (id ID) escaped() (string, error) {
	segments, err := splitPath(string(id))
	if err != nil {
		return "", err
	}
	for i, segment := range segments {
		segments[i] = url.PathEscape(segment)
	}
	return "/" + strings.Join(segments, "/"), nil
}

// apiVersion is the version in which a type is asked for.
func (id ID) apiVersion() string {
	namespace, _, typed := strings.Cut(strings.ToLower(id.Type()), "/")
	if namespace != "" && !typed {
		return "2021-04-01" // a provider itself is ARM's
	}
	switch namespace {
	case "microsoft.resources":
		if strings.HasSuffix(id.Type(), "subscriptions") {
			return "2022-12-01"
		}
		return "2023-07-01"
	case "microsoft.authorization":
		return "2020-05-01" // locks
	}
	return APIVersion
}
