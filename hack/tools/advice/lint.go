// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/avs-operator/avs-operator/test/advice"
)

// verbs are what messages ask people to do.
const verbs = `add|allow|annotate|apply|ask|assign|cancel|change|check|choose|clean|compare|confirm|connect|consolidate|convert|correct|create|declare|` +
	`delete|detach|disable|disconnect|drain|edit|enable|exclude|extend|find|free|give|grant|have|increase|install|keep|label|let|look|lower|make|` +
	`map|mend|migrate|mount|move|name|open|order|permit|pin|plan|power|put|raise|reconnect|register|release|remove|rename|repair|replace|reset|` +
	`restart|restore|retry|run|say|set|shut|start|stop|switch|take|try|turn|unlock|update|upgrade|use|wait|write`

// imperative is a verb where an English sentence, or a part of one, begins, with what it is about after it.
var imperative = regexp.MustCompile(`(?i)(?:^|[.:;,(] |,? (?:or|and|then|so|that|you) |\b(?:please|must) )` +
	`(?:(?:either|then|first|else|above all|instead|already|not) )?\b(` + verbs + `) [^ ]`)

// imperatives finds where in a text somebody is told to do something.
func imperatives(text string) (at [][2]int) {
	for from := 0; from < len(text); {
		found := imperative.FindStringSubmatchIndex(text[from:])
		if found == nil {
			return at
		}
		verb := [2]int{from + found[2], from + found[3]}
		if !told.MatchString(text[:verb[0]]) && !statement.MatchString(text[verb[0]:]) {
			at = append(at, verb)
		}
		from = verb[1]
	}
	return at
}

// told and statement are where such a verb tells of something instead: before it, and from it on.
var (
	told = regexp.MustCompile(`(?i)(which|that|who|they|you|hosts|machines|it may|can|could|cannot|would|must be|to|not)( \S+)?,? (and|or|that|then) $|` +
		`%[sdq] (and|or) $|%[sdq] $|\ball that $`)
	statement = regexp.MustCompile(`(?i)^(let go|move ended|have (failed|the|waited|no)|map to|start first|power state|name (of|now)|` +
		`open for|set up|ask for one network|use of|run on|plan of|name a time zone|change(s)? of)\b`)
)

// protocols know no conditions, and what they say is told on by others; what metrics tell is no message to an object.
var protocols = regexp.MustCompile(`controllers/(arm|vcenter|metrics|move/movers)/`)

// stale are the rows' pieces of advice that no text gives any more.
func stale(texts []string) (out []string) {
	for _, row := range advice.Rows {
		for _, ask := range row.Asks {
			if said := regexp.MustCompile(ask.Says); !slices.ContainsFunc(texts, said.MatchString) {
				out = append(out, fmt.Sprintf("no message says what the row of %s has: %s", row.Reason, ask.Says))
			}
		}
	}
	return out
}

// lint looks at every text of the packages below a directory. Each piece of advice must be in the row of the reason that is given with it, or, where
// none is, in any row. texts are all that it has looked at.
func lint(root string, reasons map[string]string) (missing, texts []string, checked int, err error) {
	files := token.NewFileSet()
	err = filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") ||
			strings.Contains(path, "zz_generated") || protocols.MatchString(path) {
			return err
		}
		file, err := parser.ParseFile(files, path, nil, 0)
		if err != nil {
			return err
		}
		if advice.HeldElsewhere(path) {
			return nil
		}
		for _, m := range messages(file, reasons) {
			texts = append(texts, m.text)
			for _, verb := range imperatives(m.text) {
				checked++
				if advice.Covers(m.reason, m.text, verb[0], verb[1]) {
					continue
				}
				missing = append(missing, fmt.Sprintf("%s: %s: %q: no row says what to do when it says %q",
					files.Position(m.at), orNone(m.reason), m.text, m.text[verb[0]:]))
			}
		}
		return nil
	})
	return missing, texts, checked, err
}

func orNone(reason string) string {
	if reason == "" {
		return "no reason beside it"
	}
	return reason
}

// message is a text and the reason that is given with it.
type message struct {
	text, reason string
	at           token.Pos
}

// messages are the texts of a file; those that are put together from literals are one.
func messages(file *ast.File, reasons map[string]string) (out []message) {
	var above []ast.Node
	ast.Inspect(file, func(n ast.Node) bool {
		if n == nil {
			above = above[:len(above)-1]
			return true
		}
		if text, ok := textOf(n); ok && !isContext(above, text) {
			out = append(out, message{text: text, reason: reasonAbove(above, reasons), at: n.Pos()})
			return false
		}
		if _, imports := n.(*ast.ImportSpec); imports {
			return false
		}
		above = append(above, n)
		return true
	})
	return out
}

// textOf is the text of a literal, or of several that are added up; what else is added shows as %v.
func textOf(n ast.Node) (string, bool) {
	switch e := n.(type) {
	case *ast.BasicLit:
		if e.Kind != token.STRING {
			return "", false
		}
		text, err := strconv.Unquote(e.Value)
		return text, err == nil
	case *ast.BinaryExpr:
		if e.Op != token.ADD {
			return "", false
		}
		left, isLeft := textOf(e.X)
		right, isRight := textOf(e.Y)
		if !isLeft && !isRight {
			return "", false
		}
		if !isLeft {
			left = "%v"
		}
		if !isRight {
			right = "%v"
		}
		return left + right, true
	}
	return "", false
}

// isContext says that a text is what was being done when an error came, for which errors and logs are wrapped.
func isContext(above []ast.Node, text string) bool {
	call, ok := above[len(above)-1].(*ast.CallExpr)
	if !ok {
		return false
	}
	name := ""
	switch f := call.Fun.(type) {
	case *ast.SelectorExpr:
		name = f.Sel.Name
	case *ast.Ident:
		name = f.Name
	}
	return name == "Errorf" && strings.HasSuffix(text, "%w") || name == "Info" || name == "Error"
}

// reasonAbove is the value of the reason that stands nearest: beside the text in a call or a literal, or around it.
func reasonAbove(above []ast.Node, reasons map[string]string) string {
	for i := len(above) - 1; i >= 0; i-- {
		var beside []ast.Expr
		switch n := above[i].(type) {
		case *ast.CallExpr:
			beside = n.Args
		case *ast.CompositeLit:
			beside = n.Elts
		case *ast.AssignStmt:
			beside = n.Rhs
		case *ast.FuncDecl:
			return ""
		}
		for _, e := range beside {
			if pair, ok := e.(*ast.KeyValueExpr); ok {
				e = pair.Value
			}
			if name, ok := e.(*ast.SelectorExpr); ok && reasons[name.Sel.Name] != "" {
				return reasons[name.Sel.Name]
			}
		}
	}
	return ""
}
