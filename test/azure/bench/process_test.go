// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/avs-operator/avs-operator/test/env"
	"github.com/avs-operator/avs-operator/test/harness"
)

// pprofVariable is the address where the measured operator serves Go's profiles, for who wants to know what costs what it costs.
const pprofVariable = "AVS_OPERATOR_PPROF"

// process is the operator as it runs in production, to be measured from outside.
type process struct{ *harness.Process }

// startProcess runs the operator for a namespace, at real pace, until the end of the test.
func startProcess(t *testing.T, namespace string, flags ...string) *process {
	t.Helper()
	return &process{harness.StartProcess(t, cluster, env.OperatorNamespace, namespace, append(flags,
		"--health-probe-bind-address=0", "--metrics-bind-address=0", "--pprof-bind-address="+os.Getenv(pprofVariable))...)}
}

// ticks is the kernel's unit of processor time on Linux, in every architecture that Go has.
const ticks = 100

// processor is the time that the process has computed so far.
func (p *process) processor(t *testing.T) time.Duration {
	t.Helper()
	spent, err := spentIn(p.proc(t, "stat"))
	if err != nil {
		t.Fatal(err)
	}
	return spent
}

// memory is what the kernel says of the process under a name such as VmRSS, in bytes.
func (p *process) memory(t *testing.T, name string) int {
	t.Helper()
	for line := range strings.Lines(p.proc(t, "status")) {
		if value, ok := strings.CutPrefix(line, name+":"); ok {
			kilobytes, err := strconv.Atoi(strings.Fields(value)[0])
			if err != nil {
				t.Fatal(err)
			}
			return kilobytes << 10
		}
	}
	t.Fatalf("/proc says no %s", name)
	return 0
}

func (p *process) proc(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", p.Cmd.Process.Pid, file))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
