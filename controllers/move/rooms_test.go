// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package move

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/yaml"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/move/method"
	"github.com/avs-operator/avs-operator/controllers/move/movers"
	"github.com/avs-operator/avs-operator/controllers/move/movers/all"
)

// rooms are the places that a way to move has.
type rooms struct {
	enum     []string // of spec.method, of both kinds
	table    []method.Method
	movers   map[v1alpha1.MoveMethod]movers.Mover
	comment  string // of spec.method of a WorkloadMove
	document string // docs/moves.md
	samples  string // config/samples
}

// lacks names each room that a method of any room does not have.
func (r rooms) lacks() []string {
	names := map[string]bool{}
	for _, name := range r.enum {
		names[name] = true
	}
	for _, m := range r.table {
		names[string(m.Name)] = true
	}
	for name := range r.movers {
		names[string(name)] = true
	}
	delete(names, string(v1alpha1.MoveMethodAuto))
	var out []string
	for _, name := range slices.Sorted(maps.Keys(names)) {
		at := slices.IndexFunc(r.table, func(m method.Method) bool { return string(m.Name) == name })
		for room, there := range map[string]bool{
			"api/v1alpha1/workloadmove_types.go, the enum of MoveMethod":                          slices.Contains(r.enum, name),
			"api/v1alpha1/workloadmove_types.go, the comment of WorkloadMoveSpec.Method":          regexp.MustCompile(`\b` + name + `\b`).MatchString(r.comment),
			"controllers/move/method, an entry of All":                                            at >= 0,
			"controllers/move/method, Cost of its entry":                                          at < 0 || r.table[at].Cost.Host > 0 && r.table[at].Cost.Datastore > 0,
			"controllers/move/method, Concerns of its entry, with their sentences in plan":        at < 0 || len(r.table[at].Concerns) > 0,
			"controllers/move/movers, a mover in all.Movers":                                      r.movers[v1alpha1.MoveMethod(name)] != nil,
			"docs/moves.md, a row of the table of methods":                                        strings.Contains(r.document, "\n| `"+name+"` |"),
			"config/samples, a WorkloadMove with the method, or a comment that says when it fits": regexp.MustCompile(`method: ` + name + `\b`).MatchString(r.samples),
		} {
			if !there {
				out = append(out, name+": "+room)
			}
		}
	}
	slices.Sort(out)
	return out
}

// TestEveryMethodHasItsRooms fails for a way to move that is not everywhere where it must be, and shows that it would: with each room taken away from
// one method, just that room is named.
func TestEveryMethodHasItsRooms(t *testing.T) {
	whole := rooms{
		enum: enumOf(t, "virtualmachinemoves"), table: method.All, movers: all.Movers, comment: methodOf(t, "workloadmoves").Description,
		document: read(t, "docs/moves.md"), samples: read(t, "config/samples/workloadmove.yaml"),
	}
	if lacks := whole.lacks(); len(lacks) > 0 {
		t.Fatalf("These rooms are missing:\n%s", strings.Join(lacks, "\n"))
	}
	if asked := enumOf(t, "workloadmoves"); len(asked) < 3 || !slices.Equal(asked, whole.enum) {
		t.Fatalf("The enums are %v and %v", asked, whole.enum)
	}
	for _, m := range method.All {
		name := string(m.Name)
		without := func(list []string) []string {
			return slices.DeleteFunc(slices.Clone(list), func(s string) bool { return s == name })
		}
		changed := func(change func(*method.Method)) []method.Method {
			table := slices.Clone(method.All)
			change(&table[slices.IndexFunc(table, func(o method.Method) bool { return o.Name == m.Name })])
			return table
		}
		for room, remove := range map[string]func(*rooms){
			"the enum of MoveMethod":                 func(r *rooms) { r.enum = without(r.enum) },
			"the comment of WorkloadMoveSpec.Method": func(r *rooms) { r.comment = strings.ReplaceAll(r.comment, name, "") },
			"an entry of All": func(r *rooms) {
				r.table = slices.DeleteFunc(slices.Clone(r.table), func(o method.Method) bool { return o.Name == m.Name })
			},
			"Cost of its entry":     func(r *rooms) { r.table = changed(func(m *method.Method) { m.Cost = method.Cost{} }) },
			"Concerns of its entry": func(r *rooms) { r.table = changed(func(m *method.Method) { m.Concerns = nil }) },
			"all.Movers": func(r *rooms) {
				r.movers = maps.Clone(r.movers)
				delete(r.movers, m.Name)
			},
			"docs/moves.md":  func(r *rooms) { r.document = strings.ReplaceAll(r.document, "| `"+name+"` |", "| |") },
			"config/samples": func(r *rooms) { r.samples = strings.ReplaceAll(r.samples, "method: "+name, "method: Auto") },
		} {
			t.Run(fmt.Sprintf("%s without %s", name, room), func(t *testing.T) {
				r := whole
				remove(&r)
				if lacks := r.lacks(); len(lacks) != 1 || !strings.HasPrefix(lacks[0], name+": ") || !strings.Contains(lacks[0], room) {
					t.Errorf("It names %v", lacks)
				}
			})
		}
	}
}

// enumOf spec.method in the CRD of a plural.
func enumOf(t *testing.T, plural string) []string {
	t.Helper()
	var out []string
	for _, value := range methodOf(t, plural).Enum {
		out = append(out, strings.Trim(string(value.Raw), `"`))
	}
	return out
}

// methodOf is spec.method in the CRD of a plural.
func methodOf(t *testing.T, plural string) apiextensionsv1.JSONSchemaProps {
	t.Helper()
	crd := &apiextensionsv1.CustomResourceDefinition{}
	if err := yaml.Unmarshal([]byte(read(t, "config/crd/bases/"+v1alpha1.GroupVersion.Group+"_"+plural+".yaml")), crd); err != nil {
		t.Fatal(err)
	}
	return crd.Spec.Versions[0].Schema.OpenAPIV3Schema.Properties["spec"].Properties["method"]
}

func read(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("..", "..", filepath.FromSlash(path)))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}
