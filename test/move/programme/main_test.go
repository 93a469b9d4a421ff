// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package programme_test takes whole WorkloadMoves from their plan to their end: a real API server, the operator as its own ServiceAccount,
// and two vCenters that are spoken to over SOAP and that speak with each other.
package programme_test

import (
	"testing"

	"github.com/avs-operator/avs-operator/test/env"
	"github.com/avs-operator/avs-operator/test/harness"
)

var cluster *env.Env

func TestMain(m *testing.M) { harness.Main(m, &cluster, 6) }
