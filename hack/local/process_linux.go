// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"strconv"
	"strings"
	"syscall"
)

// ownGroup starts a child in a group of its own, so that Ctrl-C in a terminal reaches only us, and makes the kernel kill it when we end,
// whatever ends us.
func ownGroup() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
}

// lookUp reads a process from /proc.
func lookUp(pid int) (launched, bool) {
	content, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return launched{}, false
	}
	// pid (name) state ppid ...: the name may hold spaces and parentheses. Field 22 is the start; a zombie has ended.
	before, after, found := strings.Cut(string(content), "(")
	end := strings.LastIndex(after, ")")
	if !found || before == "" || end < 0 {
		return launched{}, false
	}
	fields := strings.Fields(after[end+1:])
	if len(fields) < 20 || fields[0] == "Z" || fields[0] == "X" {
		return launched{}, false
	}
	parent, err := strconv.Atoi(fields[1])
	return launched{pid: pid, parent: parent, name: after[:end], start: fields[19]}, err == nil
}
