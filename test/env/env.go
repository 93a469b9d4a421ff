// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package env gives a suite of tests a real control plane with the operator installed as a user installs it: the CRDs, the
// RBAC and the admission policies of config/, applied by kubectl. The Deployment is scaled to zero, because a suite runs the
// operator in its own process, or as a child, as the ServiceAccount that the Deployment would use; so a right that config/
// forgets is a 403 here, and a 403 fails the suite.
//
// The package knows nothing of controllers/.
package env

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/hack/controlplane"
)

// The operator's ServiceAccount in config/rbac.
const (
	OperatorNamespace      = "avs-operator-system"
	OperatorServiceAccount = "avs-operator"
	// OperatorUser is how the API server and its audit log call it.
	OperatorUser = "system:serviceaccount:" + OperatorNamespace + ":" + OperatorServiceAccount
)

// installTimeout bounds the install: seconds normally, more on a machine that builds beside it.
const installTimeout = 3 * time.Minute

// Options say how to start.
type Options struct {
	// Scheme of Admin's client. It must know the kinds that the suite uses.
	Scheme *runtime.Scheme
	// Dir keeps data and logs for a look after the run. Empty: a temporary directory.
	Dir string
	// Install is the directory below config that is installed; "" is default.
	Install string
	// Together is how many parallel tests run at once, unless -parallel says otherwise. Tests that drive the operator wait most of their time, so
	// that is more than there are cores. 0: as many as cores.
	Together int
}

// Env is a control plane with the operator installed.
type Env struct {
	// Admin acts as a cluster administrator, without a cache.
	Admin client.WithWatch
	// ControlPlane is what runs below.
	ControlPlane *controlplane.ControlPlane

	operator   *rest.Config
	namespaces atomic.Int64
}

// Start starts a control plane and installs config/default into it. The caller stops it. Suites use Main.
func Start(ctx context.Context, options Options) (_ *Env, err error) {
	ctx, cancel := context.WithTimeout(ctx, installTimeout)
	defer cancel()
	// The controller manager starts after the install: its garbage collector reads the list of kinds when it starts, and then
	// only every 30 s.
	plane, err := controlplane.Start(ctx, controlplane.Options{Dir: options.Dir, AuditLog: true})
	if err != nil {
		return nil, err
	}
	e := &Env{ControlPlane: plane}
	defer func() {
		if err != nil {
			err = errors.Join(err, e.Stop())
		}
	}()
	if e.Admin, err = client.NewWithWatch(plane.AdminConfig(), client.Options{Scheme: options.Scheme}); err != nil {
		return nil, fmt.Errorf("making the administrator's client: %w", err)
	}
	if err := e.install(ctx, cmp.Or(options.Install, "default")); err != nil {
		return nil, err
	}
	if err := plane.StartControllerManager(ctx); err != nil {
		return nil, err
	}
	if e.operator, err = plane.ServiceAccountConfig(ctx, OperatorNamespace, OperatorServiceAccount); err != nil {
		return nil, err
	}
	return e, nil
}

// install applies a directory of config as README tells users to, and waits until the new kinds are served.
func (e *Env) install(ctx context.Context, directory string) error {
	root, err := RepositoryRoot()
	if err != nil {
		return err
	}
	steps := [][]string{
		// A warning is what users would see first: pods that the namespace refuses, a field that is deprecated.
		{"apply", "--warnings-as-errors", "-k", filepath.Join(root, "config", directory)},
		{"scale", "deployment/avs-operator", "-n", OperatorNamespace, "--replicas=0"},
		{"wait", "--for=condition=Established", "--timeout=60s", "-f", filepath.Join(root, "config", "crd", "bases")},
	}
	for _, step := range steps {
		if _, err := e.ControlPlane.Kubectl(ctx, step...); err != nil {
			return fmt.Errorf("installing the operator: %w", err)
		}
	}
	return e.waitForPolicy(ctx)
}

// waitForPolicy returns when the admission policies refuse an unconfirmed delete and a mark of the operator's from somebody else. The API server
// reads policies about once a second and does not say which it has read; a test that deletes earlier would pass or fail by chance.
func (e *Env) waitForPolicy(ctx context.Context) error {
	probe := &unstructured.Unstructured{Object: map[string]any{
		"spec": map[string]any{"managementPolicy": "Observe", "deletionPolicy": "Delete"},
	}}
	probe.SetAPIVersion("avs-operator.io/v1alpha1")
	probe.SetKind("PrivateCloud")
	probe.SetNamespace(OperatorNamespace)
	probe.SetName("is-the-policy-in-force")
	if err := e.Admin.Create(ctx, probe); err != nil {
		return fmt.Errorf("probing the admission policy: %w", err)
	}
	mark := client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"annotations":{"avs-operator.io/azure-id":"x"}}}`))
	for {
		deleted, marked := e.Admin.Delete(ctx, probe, client.DryRunAll), e.Admin.Patch(ctx, probe.DeepCopy(), mark, client.DryRunAll)
		if apierrors.IsForbidden(deleted) && apierrors.IsForbidden(marked) {
			break
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the admission policies do not refuse an unconfirmed delete (%w) or a mark: the last answers were %w and %w", ctx.Err(), deleted, marked)
		case <-time.After(pollPeriod):
		}
	}
	retain := client.RawPatch(types.MergePatchType, []byte(`{"spec":{"deletionPolicy":"Retain"}}`))
	return errors.Join(e.Admin.Patch(ctx, probe, retain), e.Admin.Delete(ctx, probe))
}

// Stop ends the control plane.
func (e *Env) Stop() error { return e.ControlPlane.Stop() }

// OperatorConfig returns a client configuration that acts as the operator's ServiceAccount, with its token. Each call
// returns a copy.
func (e *Env) OperatorConfig() *rest.Config { return rest.CopyConfig(e.operator) }

// OperatorKubeconfig returns the same as a kubeconfig, for an operator that runs as a process of its own.
func (e *Env) OperatorKubeconfig(ctx context.Context) ([]byte, error) {
	return e.ControlPlane.ServiceAccountKubeconfig(ctx, OperatorNamespace, OperatorServiceAccount)
}

// Namespace makes a fresh namespace and returns its name. It stays until the control plane stops: what a test leaves in it
// can be looked at by the suite's last checks.
func (e *Env) Namespace(t testing.TB) string {
	t.Helper()
	name := "test-" + strconv.FormatInt(e.namespaces.Add(1), 10)
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}
	if err := e.Admin.Create(t.Context(), namespace); err != nil {
		t.Fatalf("Making a namespace: %v", err)
	}
	return name
}

// RepositoryRoot finds the checkout that the test runs in: go test runs each package's tests in its own directory.
func RepositoryRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("finding the repository: %w", err)
	}
	for ; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "config", "default", "kustomization.yaml")); err == nil {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", errors.New("finding the repository: no parent of the working directory has config/default")
		}
	}
}
