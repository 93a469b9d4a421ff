// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package azure drives the Azure half of the operator: a real API server on one side, the ARM simulator over HTTPS on the other.
package azure

import (
	"os"
	"testing"

	"github.com/avs-operator/avs-operator/controllers"
	"github.com/avs-operator/avs-operator/test/armsim"
	"github.com/avs-operator/avs-operator/test/env"
	"github.com/avs-operator/avs-operator/test/harness"
)

var cluster *env.Env

func TestMain(m *testing.M) {
	os.Exit(env.Main(m, env.Options{Scheme: controllers.Scheme(), Together: 8}, func(e *env.Env) { cluster = e }))
}

// world is one test's Azure, namespace and operator.
type world struct {
	azure     *harness.Azure
	namespace string
	operator  *harness.Operator
	speed     float64
	// options change the operator's.
	options func(*controllers.Options)
}

// newWorld starts an Azure without live vCenters, an identity and the operator.
func newWorld(t *testing.T, speed float64, change ...func(*armsim.Config)) *world {
	t.Helper()
	change = append([]func(*armsim.Config){func(c *armsim.Config) { c.NoVCenters = true }}, change...)
	w := &world{azure: harness.StartAzure(t, speed, change...), namespace: cluster.Namespace(t), speed: speed}
	cluster.Create(t, w.azure.Identity(w.namespace)...)
	w.start(t)
	return w
}

func (w *world) start(t *testing.T) {
	t.Helper()
	w.operator = harness.StartOperator(t, harness.OperatorOptions{Config: cluster.OperatorConfig(), Speed: w.speed, Namespace: w.namespace, Change: w.options})
}
