// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package azure drives the Azure half of the operator: a real API server on one side, the ARM simulator over HTTPS on the other.
package azure

import (
	"testing"

	"github.com/avs-operator/avs-operator/test/armsim"
	"github.com/avs-operator/avs-operator/test/env"
	"github.com/avs-operator/avs-operator/test/harness"
)

var cluster *env.Env

func TestMain(m *testing.M) { harness.Main(m, &cluster, 8) }

// world is one test's Azure, namespace and operator.
type world struct{ *harness.World }

// newWorld starts an Azure without live vCenters, an identity and the operator.
func newWorld(t *testing.T, speed float64, change ...func(*armsim.Config)) *world {
	t.Helper()
	w := quiet(t, speed, change...)
	cluster.Create(t, w.Azure.Identity(w.Namespace)...)
	w.StartOperator(t)
	return w
}

// quiet is a world whose identity is not there yet, and whose operator has not started.
func quiet(t *testing.T, speed float64, change ...func(*armsim.Config)) *world {
	t.Helper()
	w := &world{harness.NewWorld(t, cluster, speed)}
	w.Azure = harness.StartAzure(t, speed, append([]func(*armsim.Config){harness.NoVCenters}, change...)...)
	return w
}
