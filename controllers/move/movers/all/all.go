// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package all is the list of the movers: one a method.
package all

import (
	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/move/movers"
	"github.com/avs-operator/avs-operator/controllers/move/movers/cold"
	"github.com/avs-operator/avs-operator/controllers/move/movers/vmotion"
)

// Movers by the method that each carries out. A machine whose method has none is moved by none.
var Movers = map[v1alpha1.MoveMethod]movers.Mover{
	v1alpha1.MoveMethodLive: vmotion.Mover{},
	v1alpha1.MoveMethodCold: cold.Mover{},
}
