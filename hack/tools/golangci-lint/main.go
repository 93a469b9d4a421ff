// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Command golangci-lint is golangci-lint with the Kubernetes API linter (kubeapilinter) built in.
//
// golangci-lint's own way to this, `golangci-lint custom`, clones its repository with git, which fails wherever only a Go
// module proxy can be reached; and a plugin that is loaded at run time must match the host's every dependency. A main
// package that links both needs neither.
package main

import (
	"fmt"
	"os"
	"runtime"

	"github.com/golangci/golangci-lint/v2/pkg/commands"
	"github.com/golangci/golangci-lint/v2/pkg/exitcodes"
	_ "sigs.k8s.io/kube-api-linter" // registers the module plugin kubeapilinter
)

// version is golangci-lint's version, set by the linker: the Makefile reads it from go.mod.
var version = "unknown"

func main() {
	info := commands.BuildInfo{GoVersion: runtime.Version(), Version: version, Commit: "module", Date: "(unknown)"}
	if err := commands.Execute(info); err != nil {
		_, _ = fmt.Fprintf(os.Stderr, "The command is terminated due to an error: %v\n", err)
		os.Exit(exitcodes.Failure)
	}
}
