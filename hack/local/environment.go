// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/avs-operator/avs-operator/hack/controlplane"
)

// The operator's namespace and ServiceAccount, as config/ installs them.
const (
	operatorNamespace = "avs-operator-system"
	operatorAccount   = "avs-operator"
)

// environment is everything that runs.
type environment struct {
	files    files
	speed    float64
	region   string // whose host Azure's links name; empty: none
	plane    *controlplane.ControlPlane
	world    *simulators
	operator *operator
	audit    bool
	byHand   bool // a person starts the operator
}

// startEnvironment brings everything up, the operator last, and writes the files that say where it is. say tells the person what is
// being done. On an error nothing is left running.
func startEnvironment(ctx context.Context, f files, asked settings, audit bool, say func(string, ...any)) (_ *environment, err error) {
	if err := f.prepare(); err != nil {
		return nil, err
	}
	e := &environment{files: f, speed: asked.speed, region: asked.region, audit: audit, byHand: asked.byHand}
	defer func() {
		if err != nil {
			err = errors.Join(err, e.stop())
		}
	}()
	build, building := errgroup.WithContext(ctx)
	if !e.byHand {
		build.Go(func() error { return buildOperator(building, f) })
	}
	err = e.startControlPlane(ctx, say)
	if err == nil {
		say("Simulated Azure and the vCenter in Oslo, %gx real time", asked.speed)
		e.world, err = startSimulators(f, asked.speed, asked.region, e.plane.Issuer(), e.plane.JWKS)
	}
	if err := errors.Join(err, build.Wait()); err != nil {
		return nil, err
	}
	if err := e.startOperator(ctx, say); err != nil {
		return nil, err
	}
	return e, e.writeFiles(ctx)
}

// startControlPlane starts it and installs config/default, as a user does on a cluster. The Deployment is scaled to zero: there are no
// nodes, and the operator runs as our child.
func (e *environment) startControlPlane(ctx context.Context, say func(string, ...any)) (err error) {
	say("Control plane: etcd, kube-apiserver, kube-controller-manager %s", controlplane.KubernetesVersion)
	if e.plane, err = controlplane.Start(ctx, controlplane.Options{Dir: e.files.at("controlplane"), AuditLog: e.audit}); err != nil {
		return err
	}
	for _, name := range []string{"etcd.log", "kube-apiserver.log", "kube-controller-manager.log"} {
		if err := os.Symlink(filepath.Join(e.plane.Dir(), name), filepath.Join(e.files.logs(), name)); err != nil {
			return fmt.Errorf("link the log of the control plane: %w", err)
		}
	}
	say("Install: kubectl apply -k config/default")
	for _, step := range [][]string{
		{"apply", "-k", filepath.Join(e.files.root, "config", "default")},
		{"scale", "deployment/avs-operator", "-n", operatorNamespace, "--replicas=0"},
		{"wait", "--for=condition=Established", "--timeout=60s", "-f", filepath.Join(e.files.root, "config", "crd", "bases")},
	} {
		if _, err := e.plane.Kubectl(ctx, step...); err != nil {
			return fmt.Errorf("install the operator: %w", err)
		}
	}
	// After the install: its garbage collector learns of kinds when it starts.
	return e.plane.StartControllerManager(ctx)
}

func (e *environment) startOperator(ctx context.Context, say func(string, ...any)) (err error) {
	if !e.byHand {
		say("The operator, as ServiceAccount %s/%s", operatorNamespace, operatorAccount)
	}
	if e.operator, err = newOperator(e.files, e.speed, strings.TrimPrefix(e.world.azure.URL(), "https://"), e.region); err != nil {
		return err
	}
	kubeconfig, err := e.plane.ServiceAccountKubeconfig(ctx, operatorNamespace, operatorAccount)
	if err != nil {
		return err
	}
	if err := e.files.write("operator.kubeconfig", kubeconfig); err != nil {
		return err
	}
	if e.byHand {
		return nil
	}
	return e.operator.start(ctx)
}

// writeFiles prepares the namespace of the samples, and then writes what clients need; kubeconfig comes last, because it is the sign
// that everything is ready.
func (e *environment) writeFiles(ctx context.Context) error {
	prepared, err := preparedObjects(e.world)
	if err != nil {
		return err
	}
	if err := e.files.write("prepared.yaml", prepared); err != nil {
		return err
	}
	if _, err := e.plane.Kubectl(ctx, "apply", "-f", e.files.at("prepared.yaml")); err != nil {
		return fmt.Errorf("prepare the namespace %s: %w", namespace, err)
	}
	if err := writeSamples(e.files, e.world); err != nil {
		return err
	}
	if err := writeEnv(e.files, e.world); err != nil {
		return err
	}
	if err := os.Symlink(filepath.Join(e.plane.Assets(), "kubectl"), e.files.kubectl()); err != nil {
		return fmt.Errorf("link kubectl: %w", err)
	}
	return e.files.write("kubeconfig", e.plane.AdminKubeconfig())
}

// stop ends everything, the operator first, and takes away the files that say that something runs.
func (e *environment) stop() error {
	failed := []error{e.operator.stop()}
	if e.world != nil {
		e.world.stop()
	}
	if e.plane != nil {
		failed = append(failed, e.plane.Stop())
	}
	for _, name := range []string{"kubeconfig", "env", "operator.kubeconfig", "prepared.yaml"} {
		if err := os.Remove(e.files.at(name)); err != nil && !errors.Is(err, os.ErrNotExist) {
			failed = append(failed, fmt.Errorf("remove what is not true any more: %w", err))
		}
	}
	return errors.Join(failed...)
}
