// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package env

import (
	"context"
	"flag"
	"fmt"
	"os"
	"strconv"
	"testing"
)

// Main is a suite's TestMain: it starts one Env for the package, hands it to use, runs the tests, and returns the exit code. The
// suite fails, whatever its tests say, when the operator was refused a request, when it panicked, or when a part of the control plane died.
//
//	var cluster *env.Env
//
//	func TestMain(m *testing.M) {
//		os.Exit(env.Main(m, env.Options{Scheme: scheme}, func(e *env.Env) { cluster = e }))
//	}
func Main(m *testing.M, options Options, use func(*Env)) int {
	if options.Together > 0 && !flag.Parsed() {
		if err := flag.Set("test.parallel", strconv.Itoa(options.Together)); err != nil { // what the command line says is read later, and wins
			fmt.Fprintln(os.Stderr, "Setting how many tests run at once:", err)
			return 1
		}
	}
	flag.Parse()
	if list := flag.Lookup("test.list"); list != nil && list.Value.String() != "" {
		return m.Run() // naming tests takes no control plane
	}
	e, err := Start(context.Background(), options)
	if err != nil {
		fmt.Fprintln(os.Stderr, "Starting the test environment:", err)
		return 1
	}
	panics.watch()
	use(e)
	code := m.Run()
	if err := e.closingChecks(); err != nil {
		fmt.Fprintln(os.Stderr, "FAIL:", err)
		code = max(code, 1)
	}
	if err := e.Stop(); err != nil {
		fmt.Fprintln(os.Stderr, "Stopping the test environment:", err)
		code = max(code, 1)
	}
	return code
}

// closingChecks is what every suite ends with.
func (e *Env) closingChecks() error {
	if err := e.ControlPlane.Check(); err != nil {
		return err
	}
	if err := panics.err(); err != nil {
		return err
	}
	refused, err := e.Forbidden()
	if err != nil {
		return err
	}
	if len(refused) > 0 {
		return fmt.Errorf("config/rbac lacks rights that the operator asked for:\n%s", formatEntries(refused))
	}
	return e.reportRights()
}
