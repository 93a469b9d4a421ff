// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package programme_test takes whole WorkloadMoves from their plan to their end: a real API server, the operator as its own ServiceAccount,
// and two vCenters that are spoken to over SOAP and that speak with each other.
package programme_test

import (
	"errors"
	"os"
	"testing"

	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/test/env"
)

var cluster *env.Env

func TestMain(m *testing.M) {
	scheme := runtime.NewScheme()
	if err := errors.Join(clientgoscheme.AddToScheme(scheme), v1alpha1.AddToScheme(scheme)); err != nil {
		panic(err)
	}
	os.Exit(env.Main(m, env.Options{Scheme: scheme, Together: 6}, func(e *env.Env) { cluster = e }))
}
