// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// files are the places of one environment. Everything that it writes is below dir.
type files struct {
	root string // of the checkout
	dir  string // .local, or .local/demo-... below it
}

func (f files) at(parts ...string) string { return filepath.Join(append([]string{f.dir}, parts...)...) }

func (f files) kubeconfig() string { return f.at("kubeconfig") }
func (f files) env() string        { return f.at("env") }
func (f files) operator() string   { return f.at("bin", "avs-operator") }
func (f files) kubectl() string    { return f.at("bin", "kubectl") }
func (f files) logs() string       { return f.at("logs") }
func (f files) samples() string    { return f.at("samples") }

// shown is a path as people read it: from the working directory, where that is shorter.
func shown(path string) string {
	if dir, err := os.Getwd(); err == nil {
		if relative, err := filepath.Rel(dir, path); err == nil && len(relative) < len(path) {
			return relative
		}
	}
	return path
}

// findRoot finds the checkout that we are run in.
func findRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("find the checkout: %w", err)
	}
	for ; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "config", "default", "kustomization.yaml")); err == nil {
			return filepath.EvalSymlinks(dir)
		}
		if dir == filepath.Dir(dir) {
			return "", errors.New("find the checkout: run this inside a checkout of avs-operator")
		}
	}
}

// prepare makes the directories, and takes away what an earlier run left: its files would name a control plane that is gone, and
// kubeconfig and env are the sign that an environment is ready.
func (f files) prepare() error {
	for _, stale := range []string{"kubeconfig", "env", "bin", "logs", "samples", "tmp", "prepared.yaml"} {
		if err := os.RemoveAll(f.at(stale)); err != nil {
			return fmt.Errorf("remove what an earlier run left: %w", err)
		}
	}
	for _, dir := range []string{f.dir, f.logs(), f.samples(), f.at("bin"), f.at("tmp")} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return fmt.Errorf("make a directory: %w", err)
		}
	}
	// The simulators keep their files in the system's place for them. Killed, they would leave them there for ever.
	return os.Setenv("TMPDIR", f.at("tmp"))
}

// slim removes what is large or secret of a run that has ended, and leaves the logs.
func (f files) slim() error {
	var failed []error
	for _, name := range []string{"kubeconfig", "env", "operator.kubeconfig", "prepared.yaml", "bin", "tmp", "samples", "controlplane/etcd",
		"controlplane/certificates", "controlplane/admin.kubeconfig"} {
		failed = append(failed, os.RemoveAll(f.at(name)))
	}
	return errors.Join(failed...)
}

// write puts content into a file that only its owner may read, whole or not at all: scripts wait for these files.
func (f files) write(name string, content []byte) error {
	path := f.at(name)
	if err := os.WriteFile(path+".new", content, 0o600); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}

// log opens a log file for appending.
func (f files) log(name string) (*os.File, error) {
	file, err := os.OpenFile(filepath.Join(f.logs(), name), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open a log: %w", err)
	}
	return file, nil
}

// claim holds the directory for this process until it ends, however it ends.
func (f files) claim() (*os.File, error) {
	if err := os.MkdirAll(f.dir, 0o700); err != nil {
		return nil, fmt.Errorf("make a directory: %w", err)
	}
	file, err := os.OpenFile(f.at("lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the lock: %w", err)
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		owner, _ := os.ReadFile(f.at("lock")) // only for the message
		return nil, errors.Join(fmt.Errorf("one runs already in this checkout, as process %s: use its %s, or stop it first",
			strings.TrimSpace(string(owner)), shown(f.kubeconfig())), file.Close())
	}
	if err := file.Truncate(0); err != nil {
		return nil, errors.Join(fmt.Errorf("write the lock: %w", err), file.Close())
	}
	if _, err := file.WriteString(strconv.Itoa(os.Getpid()) + "\n"); err != nil {
		return nil, errors.Join(fmt.Errorf("write the lock: %w", err), file.Close())
	}
	return file, nil
}
