// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package controlplane

import "syscall"

// dieWithParent puts the child in a group of its own, so that Ctrl-C in a terminal reaches only us. Only Linux can also tie
// its life to ours: elsewhere a process that was killed leaves its children behind.
func dieWithParent() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}
