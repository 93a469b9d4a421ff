// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package controllers puts the operator together: one line a reconciler. docs/architecture.md shows the rooms and which way imports run.
package controllers

import (
	"context"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	ctrlmetrics "sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/azure"
	"github.com/avs-operator/avs-operator/controllers/azure/kinds"
	"github.com/avs-operator/avs-operator/controllers/azure/lane"
	"github.com/avs-operator/avs-operator/controllers/connect/dial"
	"github.com/avs-operator/avs-operator/controllers/connect/identities"
	"github.com/avs-operator/avs-operator/controllers/connect/secrets"
	"github.com/avs-operator/avs-operator/controllers/connect/vcenters"
	"github.com/avs-operator/avs-operator/controllers/feature"
	"github.com/avs-operator/avs-operator/controllers/freeze"
	"github.com/avs-operator/avs-operator/controllers/maintenance"
	"github.com/avs-operator/avs-operator/controllers/metrics"
	"github.com/avs-operator/avs-operator/controllers/move"
	"github.com/avs-operator/avs-operator/controllers/status"
	"github.com/avs-operator/avs-operator/controllers/vcenter"
)

// setup registers every reconciler with the manager.
func setup(ctx context.Context, mgr ctrl.Manager, o Options) error {
	owner, err := clusterUID(ctx, mgr)
	if err != nil {
		return err
	}
	agent := "avs-operator/" + o.Version
	reader := inNamespaces{mgr.GetAPIReader(), o.Namespaces}
	live := secrets.Live{Reader: reader}
	frozen, err := freeze.New(ctx, mgr.GetAPIReader(), o.Namespace, o.Freeze)
	if err != nil {
		return err
	}
	if err := mgr.Add(frozen); err != nil {
		return fmt.Errorf("add what freezes: %w", err)
	}
	registry := registryOf(o)
	told, err := metrics.New(registry)
	if err != nil {
		return err
	}
	publisher := &status.Publisher{Freeze: frozen, Client: mgr.GetClient(), Recorder: mgr.GetEventRecorder("avs-operator"), Pace: o.Pace, OnDrift: told.Drift}
	var local *dial.LocalAddresses
	if !o.AllowLocalEndpoints {
		local = &dial.LocalAddresses{Also: apiServer(mgr)}
	}
	fingerprints := &secrets.Fingerprints{Client: mgr.GetClient(), Live: reader, Namespace: o.Namespace}
	clients := identities.New(identities.Options{
		Client: mgr.GetClient(), Live: live, Pace: o.Pace, MayWrite: unlessFrozen(frozen, o.MayWrite), UserAgent: agent, Fingerprint: fingerprints.Of,
		OperatorIdentityNamespaces: o.OperatorIdentityNamespaces, AllowedEndpoints: o.AllowedEndpoints, Resolve: o.Resolve, Local: local,
		WrapTransport: o.WrapTransport,
		Observe:       func(r arm.Request) { tellRequest(told, r) },
		ObserveLogin: func(e *arm.Error) {
			told.EntraToken(e != nil && e.Class == arm.CredentialsInvalid, e != nil)
		},
	})
	pool := vcenters.New(vcenters.Options{
		Client: mgr.GetClient(), Live: live, Azure: clients, Pace: o.Pace, MayWrite: o.MayWrite, UserAgent: agent, Local: local,
		WrapTransport: o.WrapVCenterTransport,
		Observe:       func(c vcenter.Call) { told.VCenterCall(c.Method, c.Answered, c.Err != nil, c.Duration, c.Updates) },
	})
	watcher := arm.NewWatcher(arm.WatcherOptions{Speed: float64(o.Pace), Log: mgr.GetLogger().WithName("azure")})
	for _, run := range []manager.RunnableFunc{watcher.Run, pool.Run} {
		if err := mgr.Add(run); err != nil {
			return fmt.Errorf("add a watcher: %w", err)
		}
	}
	if o.Features == nil {
		o.Features = feature.Gates()
	}
	lanes := lane.New()
	lanes.Observe(func(c lane.Class, waited time.Duration) { told.LaneWaited(string(c), o.Pace.Elapsed(waited)) })
	count := metrics.State{Cache: mgr.GetClient(), Leading: mgr.Elected(), Lanes: func(tell func(string, int, int)) {
		lanes.Count(func(c lane.Class, holders, waiters int) { tell(string(c), holders, waiters) })
	}}
	if err := count.Register(registry); err != nil {
		return err
	}
	shared := &azure.Shared{
		Client: mgr.GetClient(), Live: reader, Azure: clients, VCenters: pool, Watcher: watcher,
		Lanes: lanes, Metrics: told, Publisher: publisher, Pace: o.Pace, Clock: o.Clock, Owner: owner, Features: o.Features,
		Fingerprints: fingerprints,
	}
	if err := (&vcenters.Reconciler{Client: mgr.GetClient(), VCenters: pool, Publisher: publisher, Pace: o.Pace}).SetupWithManager(mgr); err != nil {
		return err
	}
	if err := (&identities.Reconciler{Client: mgr.GetClient(), Azure: clients, Publisher: publisher,
		NeededBy: func(ctx context.Context, identity types.NamespacedName) ([]string, error) {
			deletable, err := shared.NeededBy(ctx, identity)
			if err != nil {
				return nil, err
			}
			moving, err := pool.NeededForMoves(ctx, identity)
			return append(deletable, moving...), err
		}}).SetupWithManager(mgr); err != nil {
		return err
	}
	for _, kind := range kinds.All {
		if err := kind.Register(mgr, shared); err != nil {
			return err
		}
	}
	if err := maintenance.Setup(mgr, shared); err != nil {
		return err
	}
	return move.Setup(mgr, move.Options{Live: reader, Publisher: publisher, VCenters: pool, Metrics: told, Pace: o.Pace, Clock: o.Clock})
}

// tellRequest counts an exchange with ARM, or one that had to wait or was not made.
func tellRequest(told *metrics.Metrics, r arm.Request) {
	if r.Withheld {
		told.ARMWithheld(r.Verb)
		return
	}
	told.ARMRequest(r.Verb, r.Type, r.StatusCode, r.Duration, r.Waited)
}

// registryOf is where the operator's metrics go.
func registryOf(o Options) prometheus.Registerer {
	switch {
	case o.Registry != nil:
		return o.Registry
	case o.RepeatNames:
		return prometheus.NewRegistry()
	}
	return ctrlmetrics.Registry
}

// unlessFrozen asks right before a write to Azure leaves; a freeze that comes between the decision and the socket holds it too. Calls to
// vCenter are not asked: a machine that was powered off to move is powered on again.
func unlessFrozen(frozen *freeze.Freeze, mayWrite func() error) func() error {
	return func() error {
		if err := frozen.Error(); err != nil || mayWrite == nil {
			return err
		}
		return mayWrite()
	}
}

// clusterUID names this Kubernetes cluster: the UID of the namespace kube-system, which lives as long as the cluster.
func clusterUID(ctx context.Context, mgr ctrl.Manager) (string, error) {
	namespace := &corev1.Namespace{}
	if err := mgr.GetAPIReader().Get(ctx, types.NamespacedName{Name: "kube-system"}, namespace); err != nil {
		return "", fmt.Errorf("read the namespace kube-system, whose UID names this cluster in Azure: %w", err)
	}
	return string(namespace.UID), nil
}
