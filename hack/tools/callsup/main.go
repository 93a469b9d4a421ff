// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Command callsup counts, in each package, calls that run back up between its files, and holds the count below a limit.
//
// A package reads downward if its files can be put one below the other so that each calls only into those below it. Where files call each other in circles
// there is no such order, and the calls that run up in the best order tell how far the package is from one. A call is each place that calls a function or
// method of another file, or hands it on as a value, told apart by types; methods of generic types count like all others, however they are instantiated.
// Methods of interfaces and fields that are functions do not count: with them a file asks for what others bring, and knows none of them.
// The best order is reckoned for each circle alone: from orders by balance and 300 shuffled ones, each file goes where the fewest calls run up, until none
// gains. The same package always gives the same count. (No fixed order is asked for; in one, as the alphabet's, far more calls run up than in the best.)
//
// It also counts files of each package, and how long files and functions are. Limits are in limits.txt; -lower writes what was counted where that is lower.
package main

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"

	"golang.org/x/tools/go/packages"
)

func main() {
	dir := flag.String("C", ".", "root of the module that is looked at")
	path := flag.String("limits", "", "file of limits; without one nothing is held, and all figures are printed")
	lower := flag.Bool("lower", false, "lower the limits to what was counted")
	verbose := flag.Bool("v", false, "print each package's figures, its files in the best order and each call that runs up")
	flag.Parse()
	if err := run(*dir, *path, *lower, *verbose, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(dir, path string, lower, verbose bool, patterns []string) error {
	found, err := load(dir, patterns...)
	if err != nil {
		return err
	}
	var counted []figure
	var files []size
	for _, p := range found {
		report := reportOf(p)
		counted = append(counted, report.figures()...)
		files = append(files, report.files...)
		if verbose || path == "" {
			report.print(verbose)
		}
	}
	counted = append(counted, figure{fileLineMedian, "all", median(files)})
	if path == "" {
		fmt.Printf("half of %d files have at most %d lines\n", len(files), median(files))
		return nil
	}
	held, err := readLimits(path)
	if err != nil {
		return err
	}
	over, below := held.check(counted)
	if len(over) > 0 {
		return fmt.Errorf("%s\nCalls up, and the order in which they are fewest, are listed by: make calls PACKAGE=./controllers/...", strings.Join(over, "\n"))
	}
	if lower {
		return held.write(path, below)
	}
	fmt.Printf("%d packages are within the limits of size and of calls that run up\n", len(found))
	if len(below) > 0 {
		fmt.Printf("%d limits can be lowered: make calls-lower\n", len(below))
	}
	return nil
}

// report is what was counted of a package.
type report struct {
	where            string // its folder in the module
	calls            int
	up               []call
	order            []string
	files, functions []size
}

func reportOf(p *packages.Package) report {
	calls := callsBetween(p)
	r := report{where: strings.TrimPrefix(strings.TrimPrefix(p.PkgPath, p.Module.Path), "/"), calls: len(calls), order: graphOf(calls).order()}
	r.files, r.functions = sizesOf(p)
	for _, c := range calls {
		if slices.Index(r.order, c.from) > slices.Index(r.order, c.to) {
			r.up = append(r.up, c)
		}
	}
	slices.SortStableFunc(r.up, func(a, b call) int { return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.line, b.line)) })
	return r
}

func (r report) figures() []figure {
	return []figure{{callsUp, r.where, len(r.up)}, {fileCount, r.where, len(r.files)}, {fileLines, r.where, longest(r.files).lines},
		{functionLines, r.where, longest(r.functions).lines}}
}

func (r report) print(verbose bool) {
	file, function := longest(r.files), longest(r.functions)
	fmt.Printf("%s: %d of %d calls between %d files run up; longest file %s %d, longest function %s %d, half of the files at most %d lines\n",
		r.where, len(r.up), r.calls, len(r.files), file.name, file.lines, function.name, function.lines, median(r.files))
	if !verbose {
		return
	}
	if len(r.order) > 0 {
		fmt.Printf("  order: %s\n", strings.Join(r.order, " "))
	}
	for _, c := range r.up {
		fmt.Printf("  %s/%s:%d: %s calls %s, of %s above\n", r.where, c.from, c.line, c.caller, c.callee, c.to)
	}
}
