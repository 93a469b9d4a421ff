// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package operator drives the operator as the process that it is in production: its flags, its probes, its metrics, and what happens when one
// is killed, stopped, or asked to end.
package operator

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/avs-operator/avs-operator/controllers"
	"github.com/avs-operator/avs-operator/test/env"
	"github.com/avs-operator/avs-operator/test/harness"
)

var (
	cluster    *env.Env
	binary     string
	kubeconfig string
)

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "avs-operator")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	binary, kubeconfig = filepath.Join(dir, "avs-operator"), filepath.Join(dir, "kubeconfig")
	if out, err := exec.Command("go", "build", "-ldflags", "-X main.version=v0.0.0-test", "-o", binary, "../..").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "Building the operator: %v\n%s", err, out)
		os.Exit(1)
	}
	code := env.Main(m, env.Options{Scheme: controllers.Scheme(), Together: 6}, func(e *env.Env) {
		cluster = e
		content, err := e.OperatorKubeconfig(context.Background())
		if err == nil {
			err = os.WriteFile(kubeconfig, content, 0o600)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "Writing the operator's kubeconfig:", err)
			os.Exit(1)
		}
	})
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// process is a running operator.
type process struct {
	*exec.Cmd
	home   string // where its lease is
	log    *buffer
	health string
	metric string
	ended  chan struct{}
}

// buffer is a log that is read while it is written.
type buffer struct {
	mu sync.Mutex
	bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.String()
}

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
func start(t *testing.T, house string, speed float64) *process {
	t.Helper()
	return startFrom(t, house, house, speed)
}

// startFrom runs the operator with its lease in the namespace home.
func startFrom(t *testing.T, home, namespace string, speed float64) *process {
	t.Helper()
	p := &process{home: home, log: &buffer{}, health: freeAddress(t), metric: freeAddress(t), ended: make(chan struct{})}
	p.Cmd = exec.Command(binary, "--lease-duration="+lease.String(), fmt.Sprintf("--speed=%g", speed), "--namespaces="+namespace,
		"--health-probe-bind-address="+p.health, "--metrics-bind-address="+p.metric, "--allowed-endpoints=127.0.0.1", "--allow-local-endpoints")
	p.Env = append(os.Environ(), "KUBECONFIG="+kubeconfig, "POD_NAMESPACE="+home)
	p.Stdout, p.Stderr = p.log, p.log
	p.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = p.Wait()
		close(p.ended)
	}()
	t.Cleanup(func() {
		_ = p.Process.Kill()
		<-p.ended
		if err := env.Panicked(p.log.String()); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Logf("log of the operator with pid %d:\n%s", p.Process.Pid, p.log)
		}
	})
	return p
}

func (p *process) signal(t *testing.T, s syscall.Signal) {
	t.Helper()
	if err := p.Process.Signal(s); err != nil {
		t.Fatalf("signal %s: %v", s, err)
	}
}

// waitEnd waits for the process's end and returns its exit code.
func (p *process) waitEnd(t *testing.T, within time.Duration) int {
	t.Helper()
	select {
	case <-p.ended:
	case <-time.After(within):
		t.Fatalf("the operator has not ended within %s", within)
	}
	return p.ProcessState.ExitCode()
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// leader is who holds the lease in a namespace now, empty if nobody.
func leader(ctx context.Context, home string) (string, error) {
	lease := &coordinationv1.Lease{}
	err := cluster.Admin.Get(ctx, types.NamespacedName{Namespace: home, Name: controllers.LeaseName}, lease)
	if err != nil || lease.Spec.HolderIdentity == nil {
		return "", err
	}
	return *lease.Spec.HolderIdentity, nil
}

// waitLeader waits until somebody other than not holds the lease, and returns who.
func waitLeader(t *testing.T, home, not string) string {
	t.Helper()
	var who string
	cluster.Eventually(t, 30*time.Second, "a leader", func(ctx context.Context) error {
		var err error
		if who, err = leader(ctx, home); err != nil {
			return err
		}
		if who == "" || who == not {
			return fmt.Errorf("the lease is held by %q", who)
		}
		return nil
	})
	return who
}

func TestCommandLine(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		arguments []string
		code      int
		says      string
	}{
		{[]string{"--version"}, 0, "avs-operator v0.0.0-test"},
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
