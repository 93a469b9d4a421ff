// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Command newkind writes what a new kind of Azure begins with: its types, the kind, a sample, and its lines in the lists. make kind runs it; what then
// is particular about the kind is written by hand, as docs/kinds.md tells.
package main

import (
	"bytes"
	"embed"
	"flag"
	"fmt"
	"go/format"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/template"
)

//go:embed templates
var templates embed.FS

func main() {
	name := flag.String("name", "", "kind, like GoldPolicy")
	parent := flag.String("parent", "", "what it stands in: PrivateCloud or Cluster")
	segment := flag.String("segment", "", "segment of its ARM path, workloadNetworks/segments for example; default: the plural of the name")
	fields := flag.String("fields", "", "properties in Azure that the spec sets, each with a value for the sample")
	noPatch := flag.Bool("no-patch", false, "the type has no PATCH: it is changed by PUT")
	root := flag.String("C", ".", "root of the checkout")
	flag.Parse()
	k, err := describe(*name, *parent, *segment, *fields, *noPatch)
	if err == nil {
		err = write(*root, k)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "kind:", err)
		os.Exit(1)
	}
	fmt.Printf(`%[1]s is begun. Next:
  make generate                 writes the CRD, the rights, deep copies and the reference
  go test ./controllers/azure/kinds ./test/docs/pages    tells what it lacks, within seconds
  make test-kind KIND=%[1]s     puts it through its life; Azure's simulator must know %[2]s (docs/armsim.md)
  docs/kinds.md                 tells what a kind may need beyond that: its lane, what Azure cannot change, what stands in status
  README.md                     lists what of Azure is covered: write a row about this kind
`, k.Name, k.ARMType)
}

// write makes the files of a kind, and edits the lists. Nothing is written over.
func write(root string, k newKind) error {
	lower := strings.ToLower(k.Name)
	made := map[string]string{
		"api/v1alpha1/" + lower + "_types.go":      "types.go.tmpl",
		"controllers/azure/kinds/" + lower + ".go": "kind.go.tmpl",
		"config/samples/" + lower + ".yaml":        "sample.yaml.tmpl",
	}
	for path := range made {
		if _, err := os.Stat(filepath.Join(root, path)); err == nil {
			return fmt.Errorf("%s is there already: choose another NAME, or remove what there is of %s", path, k.Name)
		}
	}
	if err := isNew(root, k); err != nil {
		return err
	}
	edits := []struct {
		path string
		edit func(string) (string, error)
	}{
		{"controllers/azure/kinds/kinds.go", func(text string) (string, error) {
			return addLine(text, "var All = []Kind{", "}", "\tregister(&"+k.Var+"),")
		}},
		{"config/samples/kustomization.yaml", func(text string) (string, error) {
			return addLine(text, "resources:", "- vcenter_", "- "+lower+".yaml")
		}},
		{"docs/guide.md", func(text string) (string, error) { return addDeleted(text, k.Name) }},
		{"api/v1alpha1/consent.go", func(text string) (string, error) { return addAllowed(text, k.Name) }},
	}
	written := map[string][]byte{}
	for _, e := range edits { // all, before anything is written: a tree that is half edited helps nobody
		text, err := os.ReadFile(filepath.Join(root, e.path))
		if err != nil {
			return err
		}
		edited, err := e.edit(string(text))
		if err != nil {
			return fmt.Errorf("%s: %w", e.path, err)
		}
		written[e.path] = []byte(edited)
	}
	for path, name := range made {
		content, err := render(name, k)
		if err != nil {
			return err
		}
		written[path] = content
	}
	for path, content := range written {
		if err := os.WriteFile(filepath.Join(root, path), content, 0o644); err != nil { //nolint:gosec // source is for everybody
			return err
		}
	}
	return nil
}

// isNew refuses an ARM type that has a kind: two objects that change one resource undo each other's work.
func isNew(root string, k newKind) error {
	files, err := filepath.Glob(filepath.Join(root, "controllers/azure/kinds/*.go"))
	for _, file := range files {
		content, failed := os.ReadFile(file) //nolint:gosec // of this checkout
		if failed != nil {
			return failed
		}
		text := string(content)
		if strings.Contains(text, `Segment: "`+k.Segment+`"`) && strings.Contains(text, "InCluster: true") == k.InCluster &&
			strings.Contains(text, "= networkKind(") == k.Network {
			return fmt.Errorf("%s has a kind already, in controllers/azure/kinds/%s: add to that one, or correct SEGMENT", k.ARMType, filepath.Base(file))
		}
	}
	return err
}

func render(name string, k newKind) ([]byte, error) {
	parsed, err := template.ParseFS(templates, "templates/"+name)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if err := parsed.Execute(&out, k); err != nil {
		return nil, err
	}
	if !strings.HasSuffix(name, ".go.tmpl") {
		return out.Bytes(), nil
	}
	formatted, err := format.Source(out.Bytes())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return formatted, nil
}

// addLine puts a line into the list that begins after one line and ends before one that begins like end: last.
func addLine(text, begin, end, line string) (string, error) {
	lines := strings.Split(text, "\n")
	first := slices.Index(lines, begin) + 1
	last := first
	for last < len(lines) && !strings.HasPrefix(lines[last], end) {
		last++
	}
	if first == 0 || last == len(lines) {
		return "", fmt.Errorf("there is no list from %q to %q: write the line %q yourself, and mend hack/tools/newkind", begin, end, strings.TrimSpace(line))
	}
	if slices.Contains(lines[first:last], line) {
		return text, nil
	}
	return strings.Join(slices.Insert(lines, last, line), "\n"), nil
}

// addAllowed puts a kind among those that a private cloud's consent may name.
func addAllowed(text, name string) (string, error) {
	const begin = `// +kubebuilder:validation:Enum="*";`
	before, rest, ok := strings.Cut(text, begin)
	list, after, more := strings.Cut(rest, "\n")
	if !ok || !more {
		return "", fmt.Errorf("there is no %s: write %s there yourself, and mend hack/tools/newkind", begin, name)
	}
	kinds := strings.Split(list, ";")
	if !slices.Contains(kinds, name) {
		kinds = append(kinds, name)
		slices.Sort(kinds)
	}
	return before + begin + strings.Join(kinds, ";") + "\n" + after, nil
}

// addDeleted puts a kind into the guide's table of what deleting an object does, where it is taken out of Azure with its object, which holds unless
// Traits.Kept says otherwise.
func addDeleted(text, name string) (string, error) {
	const begin = "\n| `Delete` | "
	before, rest, ok := strings.Cut(text, begin)
	list, after, more := strings.Cut(rest, " | ")
	if !ok || !more {
		return "", fmt.Errorf("there is no row %s: write `%s` there yourself, and mend hack/tools/newkind", strings.TrimSpace(begin), name)
	}
	if !strings.Contains(list, "`"+name+"`") {
		list += ", `" + name + "`"
	}
	return before + begin + list + " | " + after, nil
}
