// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package armsim

import (
	"maps"
	"net/http"
	"slices"
	"strings"
)

// The rules that hold for every type; those of one type are in its file.

// accept leaves of a body what may be stored. Write-only values are taken out and the texts among them remembered; an empty
// text means "not set", because azurerm sends empty passwords. Read-only values are ignored.
func (ch *change) accept(body map[string]any) map[string]any {
	out := cloneObject(body)
	ch.secret, ch.lists = map[string]string{}, nil
	for _, path := range ch.typ.writeOnly {
		list, field, inList := strings.Cut(path, "[].")
		if !inList {
			if text := lookupString(out, path); text != "" {
				ch.secret[path] = text
			}
			remove(out, path)
			continue
		}
		items, _ := lookup(out, list)
		elements, isList := items.([]any)
		if isList {
			ch.lists = append(ch.lists, list) // replaced as a whole, with the secrets in it
		}
		for _, element := range elements {
			if object, ok := element.(map[string]any); ok {
				if text, ok := object[field].(string); ok && text != "" {
					ch.secret[list+"["+lookupString(object, "name")+"]."+field] = text
				}
				delete(object, field)
			}
		}
	}
	for _, path := range ch.typ.readOnly {
		remove(out, path)
	}
	for _, path := range []string{"id", "name", "type", "systemData"} {
		delete(out, path)
	}
	return out
}

// normal puts values into the form in which AVS gives them back: SKU names in lower case, locations without spaces.
func normal(t *resourceType, body map[string]any) map[string]any {
	body = cloneObject(body)
	if name := lookupString(body, "sku.name"); name != "" {
		put(body, "sku.name", strings.ToLower(name))
	}
	if location, ok := body["location"].(string); ok && t.tracked {
		body["location"] = normalLocation(location)
	}
	if _, ok := body["tags"]; !ok && t.tracked {
		body["tags"] = map[string]any{}
	}
	return body
}

// checkPaths refuses an immutable path with another value, and in a PATCH everything that the PATCH schema does not have. A
// value that is there already may be echoed.
func (ch *change) checkPaths(sent map[string]any, patch bool) *answer {
	sent = normalSent(sent)
	for _, path := range ch.typ.immutable {
		asked, ok := lookup(sent, path)
		if is, _ := lookup(ch.before, path); !ok || same(is, asked) {
			continue
		}
		if path == "location" {
			return refuse(http.StatusConflict, "InvalidResourceLocation",
				"The resource '%s' already exists in location '%s'. A resource with the same name cannot be created in location '%v'. "+
					"Please select a new resource name.", ch.r.name, lookupString(ch.before, "location"), asked)
		}
		return refuse(http.StatusBadRequest, "PropertyChangeNotAllowed", "Changing property '%s' is not allowed.", path)
	}
	if !patch {
		return nil
	}
	for _, path := range ch.typ.always {
		if _, ok := lookup(sent, path); !ok {
			return refuse(http.StatusBadRequest, "InvalidRequestContent", "The required property '%s' is missing.", path)
		}
	}
	paths := leaves(sent)
	slices.Sort(paths)
	for _, path := range paths {
		if covers(ch.typ.patchable, path) {
			continue
		}
		asked, _ := lookup(sent, path)
		if is, ok := lookup(ch.before, path); ok && same(is, asked) {
			continue
		}
		return refuse(http.StatusBadRequest, "InvalidRequestContent", "The property '%s' cannot be set by PATCH.", path)
	}
	return nil
}

func normalSent(sent map[string]any) map[string]any {
	sent = cloneObject(sent)
	if location, ok := sent["location"].(string); ok {
		sent["location"] = normalLocation(location)
	}
	return sent
}

// same compares as AVS does: texts without regard to case, and of an object only what was asked for.
func same(is, asked any) bool {
	if a, ok := asked.(string); ok {
		b, ok := is.(string)
		return ok && strings.EqualFold(a, b)
	}
	if a, ok := asked.(map[string]any); ok {
		b, ok := is.(map[string]any)
		if !ok {
			return false
		}
		for k := range a {
			if !same(b[k], a[k]) {
				return false
			}
		}
		return true
	}
	return equal(is, asked)
}

// allowed runs the checks in Azure's order: the body, what goes on in the private cloud, then quota and capacity.
func (s *Server) allowed(ch *change) *answer {
	for _, path := range ch.typ.required {
		if v, ok := lookup(ch.after, path); ok && v != "" {
			continue
		}
		if path == "location" {
			return refuse(http.StatusBadRequest, "LocationRequired", "The location property is required for this definition.")
		}
		return refuse(http.StatusBadRequest, "InvalidParameter", "The required property '%s' is missing.", path)
	}
	if ch.typ.tracked {
		if refused := checkTracked(ch); refused != nil {
			return refused
		}
	}
	if refused := ch.checkEnums(); refused != nil {
		return refused
	}
	if ch.typ.validate != nil {
		if refused := ch.typ.validate(s, ch); refused != nil {
			return refused
		}
	}
	if refused := s.busy(ch); refused != nil {
		return refused
	}
	location := lookupString(ch.after, "location")
	if ch.parent != nil {
		location = ch.parent.location()
	}
	return s.roomFor(ch.sub, lookupString(ch.after, "sku.name"), location, ch.grows(), ch.create() && ch.parent == nil)
}

func checkTracked(ch *change) *answer {
	if location := lookupString(ch.after, "location"); !knownLocation(location) {
		return refuse(http.StatusBadRequest, "LocationNotAvailableForResourceType", "The provided location '%s' is not available for resource type '%s'.",
			location, ch.typ.name)
	}
	tags, ok := ch.after["tags"].(map[string]any)
	if !ok || len(tags) > 50 {
		return refuse(http.StatusBadRequest, "InvalidTags", "The tags must be an object with at most 50 members.")
	}
	for name, value := range tags {
		if text, ok := value.(string); !ok || len(name) > 512 || len(text) > 256 {
			return refuse(http.StatusBadRequest, "InvalidTagNameOrValue", "The tag '%s' needs a name of at most 512 and a text of at most 256 characters.", name)
		}
	}
	return nil
}

// takeSecrets keeps the write-only values that a change brings. Those of a list go with the list, whoever replaces it; and a PUT that leaves
// a licence key out leaves it out. Nobody publishes whether Azure is so strict, and a client that loses a password here would not notice there.
func (r *resource) takeSecrets(ch *change) {
	for _, path := range r.lostSecrets(ch) {
		delete(r.secrets, path)
	}
	maps.Copy(r.secrets, ch.secret)
}

// lostSecrets are those that a change does not bring again.
func (r *resource) lostSecrets(ch *change) (lost []string) {
	for path := range r.secrets {
		list, _, inList := strings.Cut(path, "[")
		gone := inList && slices.Contains(ch.lists, list) || ch.whole && strings.HasSuffix(path, ".licenseKey")
		if _, again := ch.secret[path]; gone && !again {
			lost = append(lost, path)
		}
	}
	return lost
}

// editable refuses changes to a resource that only support can repair: private clouds and clusters (MicrosoftDocs/cloud-adoption-framework#884).
// Others take a PUT of the whole, and can be deleted.
func (s *Server) editable(r *resource, method string) *answer {
	if r.state() == failed && (r.typ.final || method == http.MethodPatch) {
		return refuse(http.StatusConflict, "Conflict", "You can not edit a resource in a failed state: '%s'. Open a support request.", r.id)
	}
	return nil
}

// busy refuses a change while another one runs in the same private cloud, or while the private cloud cannot take one.
func (s *Server) busy(ch *change) *answer {
	cloud := ch.cloud()
	if ch.r.op != nil || (ch.typ.class == hostClass && s.hostOperation(cloud) != nil) {
		return refuse(http.StatusConflict, "AnotherOperationInProgress", "Another operation on this or dependent resource is in progress: '%s'.", cloud.id)
	}
	if ch.parent == nil {
		return nil
	}
	if state := ch.parent.state(); ch.parent != cloud && state != succeeded {
		return refuse(http.StatusConflict, "Conflict", "The resource '%s' is in state '%s' and must be in state '%s'.", ch.parent.id, state, succeeded)
	}
	switch state := cloud.state(); {
	case state == succeeded, state == "Updating" && ch.typ.class != hostClass:
		return nil
	case state == "Building", state == "Deleting", state == "Updating":
		return refuse(http.StatusConflict, "AnotherOperationInProgress",
			"Another operation on this or dependent resource is in progress: the private cloud '%s' is in state '%s'.", cloud.id, state)
	default:
		return refuse(http.StatusConflict, "Conflict", "The private cloud '%s' is in state '%s' and must be in state '%s'.", cloud.id, state, succeeded)
	}
}

// hostOperation answers the resource of cloud that has an operation of the host class in flight.
func (s *Server) hostOperation(cloud *resource) *resource {
	if cloud.op != nil {
		return cloud
	}
	for _, e := range s.index.under(cloud.key() + "/") {
		if e.r.op != nil && e.r.typ.class == hostClass {
			return e.r
		}
	}
	return nil
}
