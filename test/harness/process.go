// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/controllers"
	"github.com/avs-operator/avs-operator/test/env"
)

// ProgramVersion is what the program says that it is.
const ProgramVersion = "v0.0.0-test"

var program struct {
	once      sync.Once
	directory string
	err       error
}

// Program builds the operator, once for a suite, and returns the binary's path. Main removes it.
func Program(t testing.TB) string {
	t.Helper()
	program.once.Do(func() {
		if program.directory, program.err = os.MkdirTemp("", "avs-operator"); program.err != nil {
			return
		}
		build := exec.Command("go", "build", "-ldflags", "-X main.version="+ProgramVersion, "-o", program.directory, "github.com/avs-operator/avs-operator")
		if output, err := build.CombinedOutput(); err != nil {
			program.err = fmt.Errorf("%w\n%s", err, output)
		}
	})
	if program.err != nil {
		t.Fatalf("Building the operator: %v", program.err)
	}
	return filepath.Join(program.directory, "avs-operator")
}

// removeProgram removes what Program has built.
func removeProgram() {
	if program.directory != "" {
		_ = os.RemoveAll(program.directory)
	}
}

// Process is the operator as it runs in production: a process of its own, which acts as the ServiceAccount that it is installed with.
type Process struct {
	*exec.Cmd
	// Home is the namespace that its lease is in.
	Home string
	// Health and Metrics are where it serves its probes and metrics, unless a flag says otherwise.
	Health, Metrics string

	log   logBuffer
	ended chan struct{}
}

// StartProcess runs the operator for a namespace until the end of the test. A flag takes the place of the same one that StartProcess gives.
func StartProcess(t testing.TB, cluster *env.Env, home, namespace string, flags ...string) *Process {
	t.Helper()
	kubeconfig := filepath.Join(t.TempDir(), "kubeconfig")
	content, err := cluster.OperatorKubeconfig(t.Context())
	if err == nil {
		err = os.WriteFile(kubeconfig, content, 0o600)
	}
	if err != nil {
		t.Fatalf("Writing the operator's kubeconfig: %v", err)
	}
	p := &Process{Home: home, Health: freeAddress(t), Metrics: freeAddress(t), ended: make(chan struct{})}
	p.Cmd = exec.Command(Program(t), append([]string{"--namespaces=" + namespace, "--health-probe-bind-address=" + p.Health,
		"--metrics-bind-address=" + p.Metrics, "--allowed-endpoints=127.0.0.1", "--allow-local-endpoints"}, flags...)...)
	p.Env = append(os.Environ(), "KUBECONFIG="+kubeconfig, "POD_NAMESPACE="+home)
	p.Stdout, p.Stderr = &p.log, &p.log
	p.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = p.Wait()
		close(p.ended)
	}()
	t.Cleanup(func() {
		p.Kill()
		if err := env.Panicked(p.Log()); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Logf("log of the operator with pid %d:\n%s", p.Process.Pid, p.Log())
		}
	})
	return p
}

// Log is what it has written so far.
func (p *Process) Log() string { return p.log.String() }

// Kill ends it at once, if it has not ended by itself.
func (p *Process) Kill() {
	_ = p.Process.Kill()
	<-p.ended
}

// Ended is closed when it has ended.
func (p *Process) Ended() <-chan struct{} { return p.ended }

// Signal sends it a signal.
func (p *Process) Signal(t testing.TB, s syscall.Signal) {
	t.Helper()
	if err := p.Process.Signal(s); err != nil {
		t.Fatalf("signal %s: %v", s, err)
	}
}

// WaitEnd waits until it has ended, and returns its exit code.
func (p *Process) WaitEnd(t testing.TB, within time.Duration) int {
	t.Helper()
	select {
	case <-p.ended:
	case <-time.After(within):
		t.Fatalf("the operator has not ended within %s", within)
	}
	return p.ProcessState.ExitCode()
}

func freeAddress(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// logBuffer is a log that is read while it is written.
type logBuffer struct {
	mu      sync.Mutex
	content bytes.Buffer
}

// Write takes more of the log.
func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.content.Write(p)
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.content.String()
}

// Leader is the identity that holds the operator's lease in a namespace now, empty if none does.
func Leader(ctx context.Context, cluster *env.Env, home string) (string, error) {
	held := &coordinationv1.Lease{}
	err := cluster.Admin.Get(ctx, client.ObjectKey{Namespace: home, Name: controllers.LeaseName}, held)
	if err != nil || held.Spec.HolderIdentity == nil {
		return "", err
	}
	return *held.Spec.HolderIdentity, nil
}

// WaitLeader waits until another identity than not holds the lease, and returns it.
func WaitLeader(t testing.TB, cluster *env.Env, home, not string) (leader string) {
	t.Helper()
	cluster.Eventually(t, env.Patience, "a leader", func(ctx context.Context) (err error) {
		if leader, err = Leader(ctx, cluster, home); err == nil && (leader == "" || leader == not) {
			err = fmt.Errorf("the lease is held by %q", leader)
		}
		return err
	})
	return leader
}
