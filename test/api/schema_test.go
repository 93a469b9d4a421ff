// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/util/yaml"
)

// root of the repository, from where tests of this package run.
const root = "../.."

// schema is the part of an OpenAPI schema that CRDs use.
type schema struct {
	Type, Format, Pattern string
	Description           string
	Enum                  []any
	MinLength, MaxLength  *int64
	Minimum, Maximum      *int64
	MinItems, MaxItems    *int64
	MaxProperties         *int64
	Required              []string
	Properties            map[string]*schema
	Items                 *schema
	AdditionalProperties  *schema
	Default               any
	Rules                 []*rule  `json:"x-kubernetes-validations"`
	ListMapKeys           []string `json:"x-kubernetes-list-map-keys"`
}

// rule is one CEL rule of a schema.
type rule struct {
	Rule, Message string
	path          path
	schema        *schema
}

// transition tells whether the rule compares with what was before.
func (r *rule) transition() bool { return strings.Contains(r.Rule, "oldSelf") }

// onceWritten tells whether the rule holds only once something was written to Azure: it then stands on the object, and asks its status.
func (r *rule) onceWritten() bool {
	return r.transition() && len(r.path) == 0 && strings.Contains(r.Rule, "self.status.managed")
}

// ofPlace tells whether the rule is about where a private cloud is: that changes, once it was moved and is not found where it was.
func (r *rule) ofPlace() bool { return strings.Contains(r.Message, "while Azure shows") }

// at tells whether a complaint about the field is one about what the rule stands on.
func (r *rule) at(field string) bool {
	return len(r.path) == 0 || indexes.ReplaceAllString(field, "[0]") == r.path.field()
}

var indexes = regexp.MustCompile(`\[\d+\]`)

func (r *rule) String() string { return fmt.Sprintf("%q, which stands on %s", r.Message, r.path) }

// has lists the fields of which the rule asks whether they are there, in its order.
func (r *rule) has() []string {
	var fields []string
	for _, m := range hasSelf.FindAllStringSubmatch(r.Rule, -1) {
		if !slices.Contains(fields, m[1]) && !strings.HasSuffix(m[1], "managementPolicy") {
			fields = append(fields, m[1])
		}
	}
	return fields
}

var hasSelf = regexp.MustCompile(`has\(self\.([\w.]+)\)`)

// path leads to a value: names of fields, "[]" for the items of a list, "{}" for the values of a map.
type path []string

func (p path) to(step ...string) path { return slices.Concat(p, path(step)) }

func (p path) String() string {
	if len(p) == 0 {
		return "the object"
	}
	return strings.ReplaceAll(strings.Join(p, "."), ".[]", "[]")
}

// field is how the API server writes the path of the first such value.
func (p path) field() string { return strings.ReplaceAll(p.String(), "[]", "[0]") }

// kind is one of our CRDs.
type kind struct {
	Name, Plural, Singular string
	ShortNames             []string
	schema                 *schema
	columns                []column
	// base is an object of the kind that the API server accepts: its first sample, or one made from the schema.
	base   map[string]any
	sample string
}

type column struct{ Name, Type, JSONPath string }

// walk visits a schema and everything below it.
func (s *schema) walk(at path, visit func(path, *schema)) {
	visit(at, s)
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		s.Properties[name].walk(at.to(name), visit)
	}
	if s.Items != nil {
		s.Items.walk(at.to("[]"), visit)
	}
	if s.AdditionalProperties != nil {
		s.AdditionalProperties.walk(at.to("{}"), visit)
	}
}

// find is the schema at a path.
func (s *schema) find(at path) *schema {
	for _, step := range at {
		if s == nil {
			return nil
		}
		switch step {
		case "[]":
			s = s.Items
		case "{}":
			s = s.AdditionalProperties
		default:
			s = s.Properties[step]
		}
	}
	return s
}

// rules of the kind, all of them.
func (k *kind) rules() []*rule {
	var out []*rule
	k.schema.walk(nil, func(at path, s *schema) {
		for _, r := range s.Rules {
			r.path, r.schema = at, s
			out = append(out, r)
		}
	})
	return out
}

// kinds reads config/crd/bases, and gives each kind its sample. Its files are what users install.
func kinds(t *testing.T) []*kind {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, "config/crd/bases/*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("config/crd/bases has no CRD (%v)", err)
	}
	samples := samples(t)
	out := make([]*kind, 0, len(files))
	for _, file := range files {
		var crd struct {
			Spec struct {
				Names struct {
					Kind, Plural, Singular string
					ShortNames             []string
				}
				Versions []struct {
					Schema                   struct{ OpenAPIV3Schema *schema }
					AdditionalPrinterColumns []column
				}
			}
		}
		for _, document := range documents(t, file) {
			if err := json.Unmarshal(document, &crd); err != nil {
				t.Fatalf("%s: %v", file, err)
			}
		}
		names, version := crd.Spec.Names, crd.Spec.Versions[0]
		k := &kind{Name: names.Kind, Plural: names.Plural, Singular: names.Singular, ShortNames: names.ShortNames, schema: version.Schema.OpenAPIV3Schema,
			columns: version.AdditionalPrinterColumns}
		for _, s := range samples {
			if k.base == nil && s.content["kind"] == k.Name {
				k.base, k.sample = s.content, s.file
			}
		}
		out = append(out, k)
	}
	return out
}

type sample struct {
	file    string
	content map[string]any
}

// samples reads the objects of config/samples that are ours.
func samples(t *testing.T) []sample {
	t.Helper()
	var files []string
	for _, pattern := range []string{"config/samples/*.yaml", "config/samples/*/*.yaml"} {
		found, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil || len(found) == 0 {
			t.Fatalf("%s is empty (%v)", pattern, err)
		}
		files = append(files, found...)
	}
	var out []sample
	for _, file := range files {
		for _, document := range documents(t, file) {
			content := map[string]any{}
			if err := json.Unmarshal(document, &content); err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			if version, _ := content["apiVersion"].(string); strings.HasPrefix(version, "avs-operator.io/") {
				out = append(out, sample{filepath.Base(file), integers(content).(map[string]any)})
			}
		}
	}
	return out
}

// documents of a YAML file, as JSON.
func documents(t *testing.T, file string) [][]byte {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var out [][]byte
	decoder := yaml.NewYAMLToJSONDecoder(bytes.NewReader(content))
	for {
		var document json.RawMessage
		if err := decoder.Decode(&document); errors.Is(err, io.EOF) {
			return out
		} else if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		if len(document) > 0 && string(document) != "null" {
			out = append(out, document)
		}
	}
}
