// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/term"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
)

// screen shows the board: a table that is drawn again and again on a terminal, and elsewhere one line for each change.
type screen struct {
	out      io.Writer
	terminal bool
	size     func() (width, height int)
	start    time.Time
	drawn    int // lines of the table that stand on the terminal now
}

func newScreen() *screen {
	fd := int(os.Stdout.Fd())
	return &screen{
		out: os.Stdout, terminal: term.IsTerminal(fd) && os.Getenv("TERM") != "dumb", start: time.Now(),
		size: func() (int, int) {
			width, height, err := term.GetSize(fd)
			if err != nil || width < 40 || height < 10 {
				return 80, 24
			}
			return width, height
		},
	}
}

// say writes a line that stays. On a terminal the table goes below it.
func (s *screen) say(format string, arguments ...any) {
	s.clear()
	fmt.Fprintf(s.out, "%6.1fs  %s\n", time.Since(s.start).Seconds(), fmt.Sprintf(format, arguments...))
}

// changed writes a line about a row that tells something new, where there is no table.
func (s *screen) changed(r row, before row) {
	if s.terminal || !worthALine(r, before) {
		return
	}
	fmt.Fprintf(s.out, "%6.1fs  %s\n", time.Since(s.start).Seconds(), strings.TrimRight(line(r), " "))
}

// worthALine leaves out what would only fill a log: percents, counts of machines that go by one, machines that wait.
func worthALine(r row, before row) bool {
	if r.ready == "" {
		return false
	}
	same := r.ready == before.ready && r.reason == before.reason
	switch r.kind {
	case "VirtualMachineMove":
		return r.done != before.done && r.done != "" && r.done != string(v1alpha1.MoveStepWaiting)
	case "WorkloadMove":
		moved, _, _ := strings.Cut(r.done, " ")
		was, _, _ := strings.Cut(before.done, " ")
		return !same || moved != was
	case "VCenter":
		return !same
	}
	return !same || r.done != before.done
}

// line is a row with its message, for a log.
func line(r row) string {
	text := fmt.Sprintf("%-25s %-12s Ready=%-7s %-18s %-20s", r.kind, r.name, r.ready, r.reason, r.done)
	if r.ready != "True" {
		text += " " + r.message
	}
	return text
}

// draw draws the table, in place of the last one.
func (s *screen) draw(rows []row) {
	if !s.terminal {
		return
	}
	width, height := s.size()
	lines := table(rows, width-1, height-2)
	s.clear()
	for _, l := range lines {
		fmt.Fprintln(s.out, l)
	}
	s.drawn = len(lines)
}

// clear takes the table off the terminal.
func (s *screen) clear() {
	if s.drawn > 0 {
		fmt.Fprintf(s.out, "\x1b[%dA\x1b[J", s.drawn)
		s.drawn = 0
	}
}

// leave draws the table a last time and lets it stand.
func (s *screen) leave(rows []row) {
	s.draw(rows)
	s.drawn = 0
}

// table renders rows in at most that many columns and lines. Rows come in order of interest: what does not fit is counted.
func table(rows []row, width, height int) []string {
	lines := []string{cut(fmt.Sprintf("  %-25s %-12s %-7s %-18s %-20s %s", "KIND", "NAME", "READY", "REASON", "DONE", "MESSAGE"), width)}
	room := max(height-2, 1) // without the heading and the line that counts the rest
	for i, r := range rows {
		if i == room && len(rows) > room+1 {
			lines = append(lines, cut(fmt.Sprintf("  ... and %d more", len(rows)-room), width))
			break
		}
		lines = append(lines, cut(tableLine(r), width))
	}
	return lines
}

func tableLine(r row) string {
	mark := map[string]string{"True": "✓", "False": "·"}[r.ready]
	if mark == "" {
		mark = " "
	}
	if r.kind != "VirtualMachineMove" {
		message := r.message
		if r.ready == "True" && r.kind != "WorkloadMove" {
			message = ""
		}
		return fmt.Sprintf("%s %-25s %-12s %-7s %-18s %-20s %s", mark, r.kind, r.name, r.ready, r.reason, r.done, message)
	}
	bar := ""
	switch {
	case r.done == "Waiting":
		mark = " "
	case r.done == "Moved":
		mark, bar = "✓", strings.Repeat("█", 20)
	case r.percent > 0:
		mark, bar = "→", strings.Repeat("█", r.percent/5)+strings.Repeat("░", 20-r.percent/5)
	case r.done != "":
		mark, bar = "→", strings.Repeat("░", 20)
	}
	return fmt.Sprintf("%s   %-23s %-12s %-7s %-18s %-20s", mark, "machine", r.name, "", r.done, bar)
}

// cut shortens a line to width columns.
func cut(text string, width int) string {
	text = strings.TrimRight(strings.ReplaceAll(text, "\n", " "), " ")
	if runes := []rune(text); len(runes) > width && width > 1 {
		return string(runes[:width-1]) + "…"
	}
	return text
}
