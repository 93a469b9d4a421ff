// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"path/filepath"
	"slices"

	"golang.org/x/tools/go/packages"
)

// call is a place in a file where a function or method of another file of the package is called, or handed on as a value.
type call struct {
	from, to       string // base names of files
	line           int
	caller, callee string
}

// load reads and type-checks packages of the module in a directory. What they import comes from export data: go/packages builds it if it has to.
func load(dir string, patterns ...string) ([]*packages.Package, error) {
	mode := packages.NeedName | packages.NeedFiles | packages.NeedCompiledGoFiles | packages.NeedImports | packages.NeedTypes | packages.NeedTypesSizes |
		packages.NeedSyntax | packages.NeedTypesInfo | packages.NeedModule
	found, err := packages.Load(&packages.Config{Mode: mode, Dir: dir}, patterns...)
	if err != nil {
		return nil, fmt.Errorf("load %v in %s: %w", patterns, dir, err)
	}
	for _, p := range found {
		for _, e := range p.Errors {
			return nil, fmt.Errorf("load %s: %w", p.PkgPath, e)
		}
	}
	slices.SortFunc(found, func(a, b *packages.Package) int { return cmp.Compare(a.PkgPath, b.PkgPath) })
	return found, nil
}

// callsBetween are the calls of a package from one file into another, in the order in which they stand. Methods of generic types count for the file of their
// declaration, whatever they are instantiated with. Methods of interfaces do not count: such a call is how a file stays below those that it calls.
func callsBetween(p *packages.Package) (calls []call) {
	for _, file := range p.Syntax {
		from := fileOf(p.Fset, file.Pos())
		for _, decl := range file.Decls {
			caller := nameOf(decl)
			ast.Inspect(decl, func(n ast.Node) bool {
				name, ok := n.(*ast.Ident)
				if !ok {
					return true
				}
				callee, ok := p.TypesInfo.Uses[name].(*types.Func)
				if !ok || callee.Pkg() != p.Types || isOfInterface(callee) {
					return true
				}
				if to := fileOf(p.Fset, callee.Origin().Pos()); to != from {
					calls = append(calls, call{from: from, to: to, line: p.Fset.Position(name.Pos()).Line, caller: caller, callee: describe(callee.Origin())})
				}
				return true
			})
		}
	}
	return calls
}

func fileOf(files *token.FileSet, at token.Pos) string {
	return filepath.Base(files.Position(at).Filename)
}

func isOfInterface(f *types.Func) bool {
	receiver := f.Signature().Recv()
	return receiver != nil && types.IsInterface(receiver.Type())
}

// describe is the name of a function with its receiver's type, as loop.act.
func describe(f *types.Func) string {
	receiver := f.Signature().Recv()
	if receiver == nil {
		return f.Name()
	}
	t := receiver.Type()
	if pointer, ok := t.(*types.Pointer); ok {
		t = pointer.Elem()
	}
	if named, ok := t.(*types.Named); ok {
		return named.Obj().Name() + "." + f.Name()
	}
	return f.Name()
}

// nameOf is the name of a declaration: of a function with its receiver's type, or of the first name of a block.
func nameOf(decl ast.Decl) string {
	switch d := decl.(type) {
	case *ast.FuncDecl:
		if d.Recv == nil || len(d.Recv.List) == 0 {
			return d.Name.Name
		}
		return receiverName(d.Recv.List[0].Type) + "." + d.Name.Name
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			switch s := spec.(type) {
			case *ast.ValueSpec:
				return s.Names[0].Name
			case *ast.TypeSpec:
				return s.Name.Name
			}
		}
	}
	return "file"
}

func receiverName(e ast.Expr) string {
	switch t := e.(type) {
	case *ast.StarExpr:
		return receiverName(t.X)
	case *ast.IndexExpr:
		return receiverName(t.X)
	case *ast.IndexListExpr:
		return receiverName(t.X)
	case *ast.Ident:
		return t.Name
	}
	return ""
}
