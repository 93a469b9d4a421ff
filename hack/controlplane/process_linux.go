// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controlplane

import "syscall"

// dieWithParent makes the kernel kill the child when this process ends, also by SIGKILL or a test's timeout: an etcd that is
// left behind holds memory until the machine restarts. The child is in a group of its own, so that Ctrl-C in a terminal
// reaches only us, and what it serves outlives it until we have stopped in order.
func dieWithParent() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
}
