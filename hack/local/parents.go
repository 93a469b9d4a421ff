// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"os"
	"strings"
	"time"
)

// parentPeriod is how often the parents are looked at.
const parentPeriod = 500 * time.Millisecond

// stopWithParents calls stop when a `make` or `go run` that we run under has ended. Neither passes TERM on: make ends its child, go
// run, and that dies without a word to us; a control plane and two simulators would stay behind.
func stopWithParents(ctx context.Context, stop context.CancelFunc) {
	parents := launchers(os.Getppid())
	for {
		for _, p := range parents {
			if now, ok := lookUp(p.pid); !ok || now.start != p.start {
				stop()
				return
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(parentPeriod):
		}
	}
}

// launched is what is known of a process. Its start tells it from a later one with the same pid.
type launched struct {
	pid, parent int
	name, start string
}

// launchers are the processes above pid, itself included, that only exist to run us: go, make, and the shell of a make's recipe.
func launchers(pid int) []launched {
	var found []launched
	for {
		p, ok := lookUp(pid)
		if !ok {
			return found
		}
		switch {
		case p.name == "go", p.name == "make", p.name == "gmake":
		case strings.HasSuffix(p.name, "sh"):
			if above, ok := lookUp(p.parent); !ok || (above.name != "make" && above.name != "gmake") {
				return found // a person's shell, or a script: it may end while we run
			}
		default:
			return found
		}
		found = append(found, p)
		pid = p.parent
	}
}
