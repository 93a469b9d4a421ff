// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"os"
	"testing"

	"github.com/avs-operator/avs-operator/controllers"
	"github.com/avs-operator/avs-operator/test/env"
)

// Main is the TestMain of a suite that drives the operator: *cluster is its control plane while its tests run, so many of them at once. 0: as many as cores.
//
//	var cluster *env.Env
//
//	func TestMain(m *testing.M) { harness.Main(m, &cluster, 8) }
func Main(m *testing.M, cluster **env.Env, together int) {
	code := env.Main(m, env.Options{Scheme: controllers.Scheme(), Together: together}, func(e *env.Env) { *cluster = e })
	removeProgram()
	os.Exit(code)
}
