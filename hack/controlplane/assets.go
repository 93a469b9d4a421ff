// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package controlplane runs a Kubernetes control plane on this machine for tests and for the local environment: etcd,
// kube-apiserver with RBAC, admission and an audit log, and kube-controller-manager, because owner references and the
// deletion of namespaces must really work. The binaries are built from Go modules by `make controlplane`.
package controlplane

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// The versions that build.sh builds. A test holds them against the modules.
const (
	KubernetesVersion = "v1.37.0"
	EtcdVersion       = "v3.6.5"
)

// assetsVariable is where kubebuilder's world looks for the same binaries.
const assetsVariable = "KUBEBUILDER_ASSETS"

// Assets returns the directory with the binaries etcd, kube-apiserver and kubectl: the one that KUBEBUILDER_ASSETS names, or
// the cache that `make controlplane` fills. The error says what to do when they are not there.
func Assets() (string, error) {
	path, err := binary("kube-apiserver")
	if err != nil {
		return "", err
	}
	return filepath.Dir(path), nil
}

// binary returns the path of one of the control plane's binaries. KUBEBUILDER_ASSETS comes first. The cache stands in for
// what it lacks: the distributions that the variable usually names have no kube-controller-manager.
func binary(name string) (string, error) {
	cache, err := cacheDir()
	if err != nil {
		return "", err
	}
	directories := []string{cache}
	if assets := os.Getenv(assetsVariable); assets != "" {
		directories = []string{assets, cache}
	}
	for _, directory := range directories {
		path := filepath.Join(directory, name)
		info, err := os.Stat(path)
		if err == nil && info.Mode().IsRegular() {
			return path, nil
		}
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return "", fmt.Errorf("looking for %s: %w", name, err)
		}
	}
	return "", fmt.Errorf("no %s in %v: run `make controlplane` to build it, or set %s", name, directories, assetsVariable)
}

// cacheDir is where build.sh puts what it builds.
func cacheDir() (string, error) {
	root := os.Getenv("AVS_OPERATOR_CACHE")
	if root == "" {
		cache, err := userCacheDir()
		if err != nil {
			return "", err
		}
		root = filepath.Join(cache, "avs-operator")
	}
	return filepath.Join(root, "controlplane", KubernetesVersion+"-etcd"+EtcdVersion[1:]), nil
}

// userCacheDir is $XDG_CACHE_HOME or ~/.cache. os.UserCacheDir differs from it on macOS, and would miss what the script built.
func userCacheDir() (string, error) {
	if dir := os.Getenv("XDG_CACHE_HOME"); dir != "" {
		return dir, nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("looking for the cache of the control plane's binaries: %w", err)
	}
	return filepath.Join(home, ".cache"), nil
}
