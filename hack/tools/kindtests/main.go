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

// testsOf are the tests of a folder that are about a kind, sorted.
func testsOf(kind, folder string) ([]string, error) {
	paths, err := filepath.Glob(filepath.Join(folder, "*_test.go"))
	if err != nil {
		return nil, err
	}
	// words are what a function's body names, by the function's own name. Methods of different types that share a name are one: a test too many is run then.
	words := map[string]map[string]bool{}
	about := map[string]bool{}
	for _, path := range paths {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return nil, err
		}
		for _, decl := range file.Decls {
			f, ok := decl.(*ast.FuncDecl)
			if !ok {
				continue
			}
			if words[f.Name.Name] == nil {
				words[f.Name.Name] = map[string]bool{}
			}
			ast.Inspect(f, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.SelectorExpr:
					if of, ok := n.X.(*ast.Ident); ok && of.Name == "v1alpha1" && n.Sel.Name == kind {
						about[f.Name.Name] = true
					}
				case *ast.Ident:
					words[f.Name.Name][n.Name] = true
				}
				return true
			})
		}
	}
	for grown := true; grown; {
		grown = false
		for name, calls := range words {
			for word := range calls {
				if about[word] && !about[name] {
					about[name], grown = true, true
				}
			}
		}
	}
	var tests []string
	for name := range about {
		if strings.HasPrefix(name, "Test") && name != "TestMain" {
			tests = append(tests, name)
		}
	}
	slices.Sort(tests)
	return tests, nil
}
