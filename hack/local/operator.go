// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"sync"
	"syscall"
	"time"
)

const (
	// leaseDuration is short, so that a new operator takes over soon after one was killed.
	leaseDuration = "3s"
	// readyTimeout is generous for a machine that builds beside us.
	readyTimeout = time.Minute
	// stopTimeout is how long the operator has to end after TERM before it is killed.
	stopTimeout = 20 * time.Second
)

// operator is our binary as a child process, as the ServiceAccount that config/rbac gives it.
type operator struct {
	files      files
	kubeconfig string
	speed      float64
	azure      []string // flags that lead to the simulated Azure
	health     string   // address of its probes

	mu      sync.Mutex
	command *exec.Cmd
	ended   chan struct{} // closed when command has ended
	err     error         // how; read after ended
}

// buildOperator builds the binary, so that what runs is what the checkout holds.
func buildOperator(ctx context.Context, f files) error {
	build := exec.CommandContext(ctx, "go", "build", "-o", f.operator(), ".")
	build.Dir = f.root
	build.SysProcAttr = ownGroup()
	if output, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("build the operator: %w\n%s", err, output)
	}
	return nil
}

// newOperator chooses the address of the probes. The kubeconfig must be written before start.
func newOperator(f files, speed float64, host, region string) (*operator, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("find a port for the operator's probes: %w", err)
	}
	defer func() { _ = listener.Close() }() // it only held the port
	azure := []string{"--allowed-endpoints=" + host}
	if region != "" { // hosts below localhost resolve on few machines
		azure = []string{"--allowed-endpoints=" + host + ",*." + host, "--resolve=" + region + ".localhost=127.0.0.1"}
	}
	return &operator{
		files: f, kubeconfig: f.at("operator.kubeconfig"), speed: speed, azure: azure, health: listener.Addr().String(),
	}, nil
}

// arguments that every operator of this environment needs, whoever starts it.
func (o *operator) arguments() []string {
	return append([]string{
		"--speed=" + strconv.FormatFloat(o.speed, 'f', -1, 64),
		"--health-probe-bind-address=" + o.health, "--metrics-bind-address=0", "--allow-local-endpoints",
	}, o.azure...)
}

// variables that every operator of this environment needs.
func (o *operator) variables() []variable {
	return []variable{{"KUBECONFIG", o.kubeconfig}, {"POD_NAMESPACE", operatorNamespace}}
}

// byHand is what a person gives to a shell, an IDE or a debugger who starts the operator instead of us: no lease, which would run out while the operator
// stands at a breakpoint, and a log for people.
func (o *operator) byHand() []string {
	return append([]string{"--leader-elect=false", "--development"}, o.arguments()...)
}

// start runs a new process and returns when it says that it is ready.
func (o *operator) start(ctx context.Context) error {
	log, err := o.files.log("operator.log")
	if err != nil {
		return err
	}
	command := exec.Command(o.files.operator(), append([]string{"--lease-duration=" + leaseDuration}, o.arguments()...)...)
	command.Dir = o.files.dir
	command.Stdout, command.Stderr = log, log
	command.SysProcAttr = ownGroup()
	// Nothing else of our environment: AZURE_ variables of the person at the keyboard are no business of this operator.
	command.Env = []string{"HOME=" + o.files.dir, "TMPDIR=" + o.files.at("tmp")}
	for _, v := range o.variables() {
		command.Env = append(command.Env, v.name+"="+v.value)
	}

	ended := make(chan struct{})
	started := make(chan error, 1)
	go o.run(command, log, started, ended)
	if err := <-started; err != nil {
		return fmt.Errorf("start the operator: %w", err)
	}
	o.mu.Lock()
	o.command, o.ended = command, ended
	o.mu.Unlock()
	return o.waitReady(ctx, ended)
}

// run starts the child and waits for it, all on one thread: the kernel's parent death signal is sent when the thread that started the
// child ends, and Go ends threads as it likes unless a goroutine holds them.
func (o *operator) run(command *exec.Cmd, log *os.File, started chan<- error, ended chan<- struct{}) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer func() { _ = log.Close() }() // the child has its own handle
	if err := command.Start(); err != nil {
		started <- err
		return
	}
	started <- nil
	err := command.Wait()
	o.mu.Lock()
	o.err = err
	o.mu.Unlock()
	close(ended)
}

func (o *operator) waitReady(ctx context.Context, ended <-chan struct{}) error {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+o.health+"/readyz", nil)
		if err != nil {
			return fmt.Errorf("ask whether the operator is ready: %w", err)
		}
		if answer, err := http.DefaultClient.Do(request); err == nil {
			_ = answer.Body.Close() // only the code matters
			if answer.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-ended:
			return fmt.Errorf("the operator ended while it started (%s); see %s", o.how(), shown(o.files.at("logs", "operator.log")))
		case <-ctx.Done():
			return fmt.Errorf("wait until the operator is ready: %w; see %s", ctx.Err(), shown(o.files.at("logs", "operator.log")))
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// done is closed when the process that was started last has ended.
func (o *operator) done() <-chan struct{} {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.ended
}

// how the last process ended, in words.
func (o *operator) how() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err == nil {
		return "exit status 0"
	}
	return o.err.Error()
}

// kill ends the process as a failing node would: without a word. It returns its pid.
func (o *operator) kill() (int, error) {
	pid := o.command.Process.Pid
	if err := o.command.Process.Kill(); err != nil {
		return pid, fmt.Errorf("kill the operator: %w", err)
	}
	<-o.done()
	return pid, nil
}

// stop asks the process to end, and kills it when it takes too long.
func (o *operator) stop() error {
	if o == nil || o.done() == nil {
		return nil
	}
	if err := o.command.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stop the operator: %w", err)
	}
	select {
	case <-o.done():
		return nil
	case <-time.After(stopTimeout):
	}
	_, err := o.kill()
	return errors.Join(fmt.Errorf("the operator did not end within %s of TERM", stopTimeout), err)
}
