// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

// Options say what to start and where.
type Options struct {
	// Dir takes data, certificates and logs. Data of an earlier run in it is removed. Empty: a temporary directory, which
	// Stop removes.
	Dir string
	// ControllerManager starts kube-controller-manager too. Its garbage collector learns of kinds at its start and then
	// every 30 s: whoever installs CRDs and needs owner references at once leaves this off, and calls
	// StartControllerManager after the install.
	ControllerManager bool
	// AuditLog records every request, for Audit.
	AuditLog bool
}

// ControlPlane is a running control plane. Its methods may be called from several goroutines, but Stop once and last.
type ControlPlane struct {
	dir             string
	temporary       bool
	assets          string
	audit           bool
	credentials     *credentials
	admin           *rest.Config
	adminKubeconfig []byte
	clientset       kubernetes.Interface
	processes       []*process // in the order of their start
}

const (
	// startTimeout is generous: on a loaded machine of two cores the API server takes several times its usual 3 s.
	startTimeout = 90 * time.Second
	readyPeriod  = 50 * time.Millisecond
	// startAttempts is how often a start is tried when another process takes a port between our choice and its use.
	startAttempts = 3
)

// Start runs a control plane and returns when it answers as ready. The context bounds the start only; Stop ends the
// processes, and so does the end of this process (on Linux also when it is killed).
func Start(ctx context.Context, options Options) (*ControlPlane, error) {
	for attempt := 1; ; attempt++ {
		c, err := start(ctx, options)
		if err == nil || attempt == startAttempts || !strings.Contains(err.Error(), "address already in use") {
			return c, err
		}
	}
}

func start(ctx context.Context, options Options) (_ *ControlPlane, err error) {
	c := &ControlPlane{dir: options.Dir, audit: options.AuditLog}
	defer func() {
		if err != nil {
			err = errors.Join(err, c.Stop())
		}
	}()
	if c.assets, err = Assets(); err != nil {
		return nil, err
	}
	if err := c.prepareDir(); err != nil {
		return nil, err
	}
	if c.credentials, err = writeCredentials(filepath.Join(c.dir, "certificates")); err != nil {
		return nil, err
	}
	etcdURL, err := c.startEtcd()
	if err != nil {
		return nil, err
	}
	if err := c.startAPIServer(etcdURL); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	if err := c.waitReady(ctx); err != nil {
		return nil, err
	}
	if options.ControllerManager {
		return c, c.StartControllerManager(ctx)
	}
	return c, nil
}

func (c *ControlPlane) prepareDir() error {
	if c.dir == "" {
		dir, err := os.MkdirTemp("", "avs-control-plane-")
		if err != nil {
			return fmt.Errorf("making the control plane's directory: %w", err)
		}
		c.dir, c.temporary = dir, true
		return nil
	}
	dir, err := filepath.Abs(c.dir)
	if err != nil {
		return fmt.Errorf("finding the control plane's directory: %w", err)
	}
	c.dir = dir
	for _, name := range []string{"etcd", "audit.log", "etcd.log", "kube-apiserver.log", "kube-controller-manager.log"} {
		if err := os.RemoveAll(filepath.Join(dir, name)); err != nil {
			return fmt.Errorf("removing what an earlier run left: %w", err)
		}
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("making the control plane's directory: %w", err)
	}
	return nil
}

// waitReady returns when the API server says that it is ready, its start-up hooks (RBAC's own roles among them) included, or
// with the last of a log when a process has ended.
func (c *ControlPlane) waitReady(ctx context.Context) error {
	for {
		_, err := c.clientset.Discovery().RESTClient().Get().AbsPath("/readyz").DoRaw(ctx)
		if err == nil {
			return nil
		}
		for _, process := range c.processes {
			if err := process.ended(); err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for the API server (%w): %w; logs are in %s", ctx.Err(), err, c.dir)
		case <-time.After(readyPeriod):
		}
	}
}

// Check returns an error if one of the processes has ended.
func (c *ControlPlane) Check() error {
	var ended []error
	for _, process := range c.processes {
		ended = append(ended, process.ended())
	}
	return errors.Join(ended...)
}

// Stop ends the processes, the last started first, and removes the directory if it was a temporary one.
func (c *ControlPlane) Stop() error {
	var failed []error
	for i := len(c.processes) - 1; i >= 0; i-- {
		failed = append(failed, c.processes[i].stop())
	}
	c.processes = nil
	if c.temporary {
		failed = append(failed, os.RemoveAll(c.dir))
	}
	return errors.Join(failed...)
}

// Dir returns the directory with data, certificates and logs.
func (c *ControlPlane) Dir() string { return c.dir }

func (c *ControlPlane) auditPath() string { return filepath.Join(c.dir, "audit.log") }
