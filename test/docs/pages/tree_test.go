// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package pages

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

const root = "../../.."

// tree is what there is in the repository.
type tree struct {
	// paths of files and directories, from the repository's root.
	paths map[string]bool
	// names of files, without their directories.
	names map[string]bool
	// tests are the files that declare a test, a fuzz test or a benchmark, by its name.
	tests map[string][]string
	// exported are the exported names of packages, by the package's name: "Kind", and "Kind.Desired" for a field or a method.
	exported map[string]map[string]bool
	// declared are the names of functions, types, fields and package-level values below controllers, each with where it is declared.
	declared map[string][]place
}

// place is a line of a file.
type place struct {
	file string
	line int
}

var repository = sync.OnceValues(readTree)

// house is the repository as it stands.
func house(t *testing.T) *tree {
	t.Helper()
	out, err := repository()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// built are directories that hold no source.
var built = []string{"bin", ".git", ".local", "testdata"}

func readTree() (*tree, error) {
	t := &tree{
		paths: map[string]bool{}, names: map[string]bool{}, tests: map[string][]string{},
		exported: map[string]map[string]bool{}, declared: map[string][]place{},
	}
	err := filepath.WalkDir(root, func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := filepath.ToSlash(strings.TrimPrefix(file, root+string(filepath.Separator)))
		if entry.IsDir() && slices.Contains(built, entry.Name()) {
			t.paths[name] = true
			return filepath.SkipDir
		}
		t.paths[name] = true
		if entry.IsDir() {
			return nil
		}
		t.names[entry.Name()] = true
		if path.Ext(name) == ".go" {
			return t.read(name)
		}
		return nil
	})
	return t, err
}

// read takes the names of one Go file.
func (t *tree) read(name string) error {
	positions := token.NewFileSet()
	file, err := parser.ParseFile(positions, filepath.Join(root, name), nil, parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	test := strings.HasSuffix(name, "_test.go")
	note := func(id *ast.Ident, owner string) {
		if strings.HasPrefix(name, "controllers/") {
			t.declared[id.Name] = append(t.declared[id.Name], place{name, positions.Position(id.Pos()).Line})
		}
		if test || !id.IsExported() {
			return
		}
		if t.exported[file.Name.Name] == nil {
			t.exported[file.Name.Name] = map[string]bool{}
		}
		t.exported[file.Name.Name][strings.TrimPrefix(owner+"."+id.Name, ".")] = true
	}
	for _, declaration := range file.Decls {
		switch d := declaration.(type) {
		case *ast.FuncDecl:
			note(d.Name, receiver(d))
			if test && d.Recv == nil {
				t.tests[d.Name.Name] = append(t.tests[d.Name.Name], name)
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				members(spec, note)
			}
		}
	}
	return nil
}

// members tells the names that a specification declares: those of types with their fields and methods, and those of values.
func members(spec ast.Spec, note func(id *ast.Ident, owner string)) {
	switch s := spec.(type) {
	case *ast.ValueSpec:
		for _, id := range s.Names {
			note(id, "")
		}
	case *ast.TypeSpec:
		note(s.Name, "")
		var fields *ast.FieldList
		switch of := s.Type.(type) {
		case *ast.StructType:
			fields = of.Fields
		case *ast.InterfaceType:
			fields = of.Methods
		}
		if fields == nil {
			return
		}
		for _, field := range fields.List {
			for _, id := range field.Names {
				note(id, s.Name.Name)
			}
		}
	}
}

// receiver is the name of a method's type, empty for a function.
func receiver(d *ast.FuncDecl) string {
	if d.Recv == nil || len(d.Recv.List) == 0 {
		return ""
	}
	at := d.Recv.List[0].Type
	for {
		switch of := at.(type) {
		case *ast.StarExpr:
			at = of.X
		case *ast.IndexExpr:
			at = of.X
		case *ast.IndexListExpr:
			at = of.X
		case *ast.Ident:
			return of.Name
		default:
			return ""
		}
	}
}

// has says whether there is such a path; * stands for any part of a name.
func (t *tree) has(name string) bool {
	name = strings.TrimSuffix(name, "/")
	if !strings.Contains(name, "*") {
		return t.paths[name]
	}
	for one := range t.paths {
		if ok, err := path.Match(name, one); err == nil && ok {
			return true
		}
	}
	return false
}

// page is one document, with the places of its lines.
type page struct {
	file string
	// lines outside of blocks of code, each with its number.
	lines []line
}

type line struct {
	number int
	text   string
}

// pagesOf reads the documents that match a pattern, from the repository's root.
func pagesOf(t *testing.T, patterns ...string) []page {
	t.Helper()
	var out []page
	for _, pattern := range patterns {
		files, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s matches nothing: %v", pattern, err)
		}
		for _, file := range files {
			content, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, page{file: filepath.ToSlash(strings.TrimPrefix(file, root+string(filepath.Separator))), lines: linesOf(string(content))})
		}
	}
	return out
}

// linesOf are the lines outside of blocks of code.
func linesOf(content string) (out []line) {
	fenced, code, before := false, false, ""
	for i, text := range strings.Split(content, "\n") {
		if strings.HasPrefix(strings.TrimSpace(text), "```") {
			fenced = !fenced
			continue
		}
		code = strings.HasPrefix(text, "    ") && (code || before == "") // else it goes on with what is above
		if !fenced && !code {
			out = append(out, line{i + 1, text})
		}
		before = text
	}
	return out
}
