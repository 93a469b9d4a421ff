// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"time"
)

// stopTimeout is how long a process has to end after SIGTERM before it is killed. Nothing that it holds outlives it.
const stopTimeout = 5 * time.Second

// process is one child. It dies with this process, whatever kills that.
type process struct {
	name    string
	logPath string
	command *exec.Cmd
	done    chan struct{} // closed when the child has ended
	err     error         // how it ended; read after done
}

// startProcess runs the control plane's binary of that name, with its output in a file in dir.
func startProcess(dir, name string, args ...string) (*process, error) {
	path, err := binary(name)
	if err != nil {
		return nil, err
	}
	logPath := filepath.Join(dir, name+".log")
	log, err := os.OpenFile(logPath, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening the log of %s: %w", name, err)
	}
	command := exec.Command(path, args...)
	command.Dir = dir
	command.Stdout, command.Stderr = log, log
	command.SysProcAttr = dieWithParent()
	p := &process{name: name, logPath: logPath, command: command, done: make(chan struct{})}

	started := make(chan error, 1)
	go p.run(log, started)
	if err := <-started; err != nil {
		return nil, fmt.Errorf("starting %s: %w", name, err)
	}
	return p, nil
}

// run starts the child and waits for it, all on one thread: the kernel's parent death signal is sent when the thread that
// started the child ends, and Go ends threads as it likes unless a goroutine holds them.
func (p *process) run(log io.Closer, started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer func() { _ = log.Close() }() // the child has its own handle, and nothing was buffered here
	defer close(p.done)
	if err := p.command.Start(); err != nil {
		started <- err
		return
	}
	started <- nil
	p.err = p.command.Wait()
}

// ended returns an error with the last of the log if the process is not running any more.
func (p *process) ended() error {
	select {
	case <-p.done:
		return fmt.Errorf("%s ended (%w); the last of %s:\n%s", p.name, orExit(p.err), p.logPath, tail(p.logPath, 2000))
	default:
		return nil
	}
}

// stop asks the process to end, and kills it when it takes too long.
func (p *process) stop() error {
	if err := p.command.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stopping %s: %w", p.name, err)
	}
	select {
	case <-p.done:
		return nil
	case <-time.After(stopTimeout):
	}
	if err := p.command.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("killing %s: %w", p.name, err)
	}
	<-p.done
	return nil
}

func orExit(err error) error {
	if err == nil {
		return errors.New("exit status 0")
	}
	return err
}

// tail returns at most the last limit bytes of a file, from the start of a line.
func tail(path string, limit int) string {
	content, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	if len(content) > limit {
		content = content[len(content)-limit:]
		if _, rest, found := bytes.Cut(content, []byte("\n")); found {
			content = rest
		}
	}
	return string(content)
}

// freePort returns a port of the loopback address that nobody listens on. It is drawn from below the range out of which the
// kernel takes ports for outgoing connections: one from that range can be taken again before the server binds it.
func freePort() (int, error) {
	for range 100 {
		port := 20000 + rand.IntN(12000)
		listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err != nil {
			continue
		}
		return port, listener.Close()
	}
	return 0, errors.New("found no free port between 20000 and 32000")
}
