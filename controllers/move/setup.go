// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package move puts the move half together. A WorkloadMove (workload/) is planned (plan/) and makes one VirtualMachineMove a machine; a
// VirtualMachineMove (machine/) is taken through the steps of its machine by one of the ways of moving (movers/). Between them dispatch/ lets
// machines start so that vCenter's limits hold on both sides (schedule/).
package move

import (
	"context"
	"fmt"

	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/controllers/connect/vcenters"
	"github.com/avs-operator/avs-operator/controllers/ledger"
	"github.com/avs-operator/avs-operator/controllers/metrics"
	"github.com/avs-operator/avs-operator/controllers/move/dispatch"
	"github.com/avs-operator/avs-operator/controllers/move/machine"
	"github.com/avs-operator/avs-operator/controllers/move/workload"
	"github.com/avs-operator/avs-operator/controllers/outcome"
	"github.com/avs-operator/avs-operator/controllers/status"
)

// Options of Setup.
type Options struct {
	// Live reads from the API server itself.
	Live      client.Reader
	Publisher *status.Publisher
	// Metrics tells what is done; nil: it is not told.
	Metrics  *metrics.Metrics
	VCenters *vcenters.Pool
	Pace     outcome.Pace
	Clock    *ledger.Clock
	// HeadroomPercent of vCenter's limits that is left to others even while they do not use it.
	HeadroomPercent int
}

// Setup registers the reconcilers of workload moves, and the dispatcher between them.
func Setup(mgr ctrl.Manager, o Options) error {
	if err := dispatch.IndexInFlight(context.Background(), mgr.GetFieldIndexer()); err != nil {
		return fmt.Errorf("indexing VirtualMachineMoves that are under way: %w", err)
	}
	turns := dispatch.New(dispatch.Options{Client: mgr.GetClient(), VCenters: o.VCenters, Pace: o.Pace, HeadroomPercent: o.HeadroomPercent})
	machines := &machine.Reconciler{
		Client: mgr.GetClient(), Live: o.Live, VCenters: o.VCenters, Turns: turns, Publisher: o.Publisher, Metrics: o.Metrics, Pace: o.Pace, Clock: o.Clock,
	}
	if err := machines.SetupWithManager(mgr, turns.Source()); err != nil {
		return fmt.Errorf("setting up VirtualMachineMoves: %w", err)
	}
	workloads := &workload.Reconciler{
		Client: mgr.GetClient(), Live: o.Live, VCenters: o.VCenters, Turns: turns, Publisher: o.Publisher, Pace: o.Pace,
	}
	if err := workloads.SetupWithManager(mgr); err != nil {
		return fmt.Errorf("setting up WorkloadMoves: %w", err)
	}
	return nil
}
