// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package vmotion moves machines while they run. A machine's power is never touched: one that somebody powered off meanwhile is moved as
// it is.
package vmotion

import (
	"github.com/avs-operator/avs-operator/controllers/move/movers"
)

// Mover moves running machines by relocation.
type Mover struct{ movers.Relocate }

var _ movers.Mover = Mover{}
