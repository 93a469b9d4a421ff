// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Command kindtests prints, as a pattern for go test -run, the tests of a folder that are about one kind: those that name its type of api/v1alpha1, or call
// a function or method of the folder's tests that does.
package main

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

func main() {
	pattern, err := run(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "kindtests:", err)
		os.Exit(1)
	}
	fmt.Println(pattern)
}

func run(arguments []string) (string, error) {
	if len(arguments) != 2 {
		return "", errors.New("usage: kindtests KIND FOLDER")
	}
	kind, folder := arguments[0], arguments[1]
	tests, err := testsOf(kind, folder)
	if err != nil {
		return "", err
	}
	return "^(" + strings.Join(tests, "|") + ")$", nil
}

// folderOf is what the test files of a folder say: by a function's name, the words that it uses and whether it names the kind. Methods of different
// types that share a name are one: a test too many is run then.
type folderOf struct {
	kind  string
	words map[string]map[string]bool
	about map[string]bool
}

// testsOf are the tests of a folder that are about a kind, themselves or by what they call, sorted.
func testsOf(kind, folder string) ([]string, error) {
	paths, err := filepath.Glob(filepath.Join(folder, "*_test.go"))
	if err != nil {
		return nil, err
	}
	all := folderOf{kind: kind, words: map[string]map[string]bool{}, about: map[string]bool{}}
	for _, path := range paths {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return nil, err
		}
		for _, decl := range file.Decls {
			if f, ok := decl.(*ast.FuncDecl); ok {
				all.read(f)
			}
		}
	}
	for all.grow() {
	}
	var tests []string
	for name := range all.about {
		if strings.HasPrefix(name, "Test") && name != "TestMain" {
			tests = append(tests, name)
		}
	}
	slices.Sort(tests)
	return tests, nil
}

// read notes the words of a function.
func (o *folderOf) read(f *ast.FuncDecl) {
	name := f.Name.Name
	if o.words[name] == nil {
		o.words[name] = map[string]bool{}
	}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			if of, ok := n.X.(*ast.Ident); ok && of.Name == "v1alpha1" && n.Sel.Name == o.kind {
				o.about[name] = true
			}
		case *ast.Ident:
			o.words[name][n.Name] = true
		}
		return true
	})
}

// grow finds who calls what is about the kind; false: nobody more.
func (o *folderOf) grow() (grown bool) {
	for name, calls := range o.words {
		for word := range calls {
			if o.about[word] && !o.about[name] {
				o.about[name], grown = true, true
			}
		}
	}
	return grown
}
