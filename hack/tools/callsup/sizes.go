// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"go/ast"
	"slices"

	"golang.org/x/tools/go/packages"
)

// size is how long something is, in lines with its comments.
type size struct {
	name  string
	lines int
}

// sizesOf are the sizes of a package's files, and of its functions from the line of func to that of the last brace. Generated files are nobody's to shorten.
func sizesOf(p *packages.Package) (files, functions []size) {
	for _, file := range p.Syntax {
		if ast.IsGenerated(file) {
			continue
		}
		lines := func(n ast.Node) int { return p.Fset.Position(n.End()).Line - p.Fset.Position(n.Pos()).Line + 1 }
		name := fileOf(p.Fset, file.Pos())
		files = append(files, size{name, p.Fset.File(file.Pos()).LineCount()})
		for _, decl := range file.Decls {
			if f, ok := decl.(*ast.FuncDecl); ok && f.Body != nil {
				functions = append(functions, size{nameOf(decl), lines(f) - docLines(p, f)})
			}
		}
	}
	return files, functions
}

// docLines are the lines of the comment above a function, which is no part of its length.
func docLines(p *packages.Package, f *ast.FuncDecl) int {
	return p.Fset.Position(f.Type.Func).Line - p.Fset.Position(f.Pos()).Line
}

func longest(all []size) (out size) {
	for _, s := range all {
		if s.lines > out.lines {
			out = s
		}
	}
	return out
}

// median is the length that half of all do not pass.
func median(all []size) int {
	if len(all) == 0 {
		return 0
	}
	lines := make([]int, len(all))
	for i, s := range all {
		lines[i] = s.lines
	}
	slices.Sort(lines)
	return lines[(len(lines)-1)/2]
}
