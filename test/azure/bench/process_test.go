// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/avs-operator/avs-operator/test/env"
)

// pprofVariable is the address where the measured operator serves Go's profiles, for who wants to know what costs what it costs.
const pprofVariable = "AVS_OPERATOR_PPROF"

// process is the operator as it runs in production, to be measured from outside.
type process struct {
	*exec.Cmd
}

// startProcess builds the operator and runs it, at real pace, until the end of the test.
func startProcess(t *testing.T, namespace string, flags ...string) *process {
	t.Helper()
	dir := t.TempDir()
	binary, kubeconfig, log := filepath.Join(dir, "avs-operator"), filepath.Join(dir, "kubeconfig"), filepath.Join(dir, "log")
	if out, err := exec.Command("go", "build", "-o", binary, "../../..").CombinedOutput(); err != nil {
		t.Fatalf("Building the operator: %v\n%s", err, out)
	}
	content, err := cluster.OperatorKubeconfig(t.Context())
	if err == nil {
		err = os.WriteFile(kubeconfig, content, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	output, err := os.Create(log)
	if err != nil {
		t.Fatal(err)
	}
	flags = append(flags, "--namespaces="+namespace, "--health-probe-bind-address=0", "--metrics-bind-address=0",
		"--pprof-bind-address="+os.Getenv(pprofVariable), "--allowed-endpoints=127.0.0.1", "--allow-local-endpoints")
	p := &process{Cmd: exec.Command(binary, flags...)}
	p.Env = append(os.Environ(), "KUBECONFIG="+kubeconfig, "POD_NAMESPACE="+env.OperatorNamespace)
	p.Stdout, p.Stderr = output, output
	p.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		_ = p.Wait()
		close(ended)
	}()
	t.Cleanup(func() {
		_ = p.Process.Kill()
		<-ended
		if text, err := os.ReadFile(log); err == nil && t.Failed() {
			t.Logf("the last of the operator's log:\n%s", text[max(0, len(text)-4000):])
		}
	})
	return p
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
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", p.Process.Pid, file))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
