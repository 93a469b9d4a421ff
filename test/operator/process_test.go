// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package operator drives the operator as the process that it is in production: its flags, its probes, its metrics, and what happens when one
// is killed, stopped, or asked to end.
package operator

import (
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/avs-operator/avs-operator/test/env"
	"github.com/avs-operator/avs-operator/test/harness"
)

var cluster *env.Env

func TestMain(m *testing.M) { harness.Main(m, &cluster, 6) }

// lease is one that a machine which builds beside the test can keep.
const lease = 5 * time.Second

// house is a namespace for a test's objects and for the lease of its operators, so that tests do not wait for each other.
func house(t *testing.T) string {
	t.Helper()
	namespace := cluster.Namespace(t)
	harness.LetElect(t, cluster, namespace)
	return namespace
}

// start runs the operator for a house, with Azure and vCenter at the given speed.
func start(t *testing.T, house string, speed float64) *harness.Process {
	t.Helper()
	return startFrom(t, house, house, speed)
}

// startFrom runs the operator with its lease in the namespace home.
func startFrom(t *testing.T, home, namespace string, speed float64) *harness.Process {
	t.Helper()
	return harness.StartProcess(t, cluster, home, namespace, "--lease-duration="+lease.String(), fmt.Sprintf("--speed=%g", speed))
}

func TestCommandLine(t *testing.T) {
	t.Parallel()
	binary := harness.Program(t)
	for _, c := range []struct {
		arguments []string
		code      int
		says      string
	}{
		{[]string{"--version"}, 0, "avs-operator " + harness.ProgramVersion},
		{[]string{"--help"}, 0, "--operator-identity-namespaces"},
		{[]string{"--no-such-flag"}, 1, "unknown flag: --no-such-flag"},
		{[]string{"frobnicate"}, 1, `unknown command "frobnicate"`},
		{[]string{"--speed=-1"}, 1, "--speed must be above 0"},
	} {
		out, _ := exec.Command(binary, c.arguments...).CombinedOutput()
		cmd := exec.Command(binary, c.arguments...)
		_ = cmd.Run()
		if cmd.ProcessState.ExitCode() != c.code || !strings.Contains(string(out), c.says) {
			t.Errorf("%v: exit code %d, output %q", c.arguments, cmd.ProcessState.ExitCode(), out)
		}
	}
	if out, _ := exec.Command(binary, "--help").CombinedOutput(); strings.Contains(string(out), "--speed") {
		t.Error("--help shows --speed, which is for simulators only")
	}
}
