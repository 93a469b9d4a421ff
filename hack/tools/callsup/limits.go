// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
)

// What is held of each package, and, with the pattern "all", of all packages together.
const (
	callsUp        = "calls-up"        // calls that run back up between its files
	fileCount      = "files"           // files, without tests and generated ones
	fileLines      = "file-lines"      // lines of its longest file
	functionLines  = "function-lines"  // lines of its longest function
	fileLineMedian = "file-lines-half" // what half of all files do not pass
)

// goals hold wherever the file of limits names nothing else.
var goals = map[string]int{callsUp: 0, fileCount: 15, fileLines: 500, functionLines: 100, fileLineMedian: 125}

// figure is what was counted of a package.
type figure struct {
	what, where string
	n           int
}

// limits are the lines of the file of limits: "what where number", where the number is "any" if nothing is held. Comments begin with #.
type limits struct {
	lines []string
	held  map[string]held // by what and where
}

type held struct {
	n, line int
	any     bool
}

func readLimits(path string) (limits, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return limits{}, err
	}
	l := limits{lines: strings.Split(strings.TrimSuffix(string(text), "\n"), "\n"), held: map[string]held{}}
	for i, line := range l.lines {
		line, _, _ = strings.Cut(line, "#")
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		if len(words) != 3 {
			return l, fmt.Errorf("%s:%d: %q: write what, where and the number", path, i+1, line)
		}
		if _, known := goals[words[0]]; !known {
			return l, fmt.Errorf("%s:%d: %q is nothing that is counted: write one of %s", path, i+1, words[0],
				strings.Join(slices.Sorted(maps.Keys(goals)), ", "))
		}
		n, err := strconv.Atoi(words[2])
		if err != nil && words[2] != "any" {
			return l, fmt.Errorf("%s:%d: %q: write a number, or any", path, i+1, words[2])
		}
		l.held[words[0]+" "+words[1]] = held{n: n, line: i, any: words[2] == "any"}
	}
	return l, nil
}

// check compares what was counted with the limits: what is over fails, and what is under can be lowered, or its line taken out. A line about a package
// that is gone is to be taken out too.
func (l limits) check(counted []figure) (over []string, lower map[int]string) {
	lower = map[int]string{}
	seen := map[string]bool{}
	for _, f := range counted {
		key := f.what + " " + f.where
		seen[key] = true
		limit, named := l.held[key]
		switch {
		case named && limit.any:
		case !named && f.n > goals[f.what]:
			over = append(over, fmt.Sprintf("%s: %s is %d, and %d is the limit", f.where, f.what, f.n, goals[f.what]))
		case named && f.n > limit.n:
			over = append(over, fmt.Sprintf("%s: %s is %d, and %d is the limit, which only falls", f.where, f.what, f.n, limit.n))
		case named && f.n <= goals[f.what]:
			lower[limit.line] = ""
		case named && f.n < limit.n:
			lower[limit.line] = fmt.Sprintf("%s %s %d", f.what, f.where, f.n)
		}
	}
	for key, limit := range l.held {
		if !seen[key] {
			lower[limit.line] = ""
		}
	}
	return over, lower
}

// write stores the limits with some lines lowered, or taken out where the new text is empty.
func (l limits) write(path string, lower map[int]string) error {
	var out []string
	for i, line := range l.lines {
		switch text, changed := lower[i]; {
		case !changed:
			out = append(out, line)
		case text != "":
			out = append(out, text)
		}
	}
	return os.WriteFile(path, []byte(strings.Join(out, "\n")+"\n"), 0o644)
}
