// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package machine_test takes single machines through their moves: a real API server, the operator as its own ServiceAccount, and two
// vCenters that are spoken to over SOAP and that speak with each other.
package machine_test

import (
	"os"
	"testing"

	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"

	"github.com/avs-operator/avs-operator/controllers"
	"github.com/avs-operator/avs-operator/test/env"
)

var (
	cluster *env.Env
	scheme  = controllers.Scheme()
)

func TestMain(m *testing.M) {
	logs, err := os.CreateTemp("", "machine-suite-*.log")
	if err != nil {
		panic(err)
	}
	ctrl.SetLogger(zap.New(zap.WriteTo(logs), zap.UseDevMode(true)))
	code := env.Main(m, env.Options{Scheme: scheme, Together: 10}, func(e *env.Env) { cluster = e })
	if err := logs.Close(); err == nil && code == 0 {
		_ = os.Remove(logs.Name())
	} else {
		println("The operator's log is in", logs.Name())
	}
	os.Exit(code)
}
