// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
)

// State is what is counted when somebody asks, and kept nowhere: thousands of objects cost nothing between two scrapes, and are a few series
// in each.
type State struct {
	// Cache has all objects.
	Cache client.Reader
	// Leading is closed when this process leads. Before, it counts nothing: two replicas would count every object twice.
	Leading <-chan struct{}
	// Lanes tells of each lane how many have it and how many wait.
	Lanes func(tell func(lane string, holders, waiters int))
}

// countWithin bounds one count: a scrape ends after ten seconds by itself.
const countWithin = 5 * time.Second

// Register has the state counted at every scrape of the registry.
func (s State) Register(registry prometheus.Registerer) error {
	if err := registry.Register(s); err != nil {
		return fmt.Errorf("register the metrics of objects: %w", err)
	}
	return nil
}

// Describe names the metrics.
func (s State) Describe(out chan<- *prometheus.Desc) {
	for _, metric := range Catalogue {
		if metric.Type == Gauge {
			out <- descriptions[metric]
		}
	}
}

var descriptions = func() map[*Metric]*prometheus.Desc {
	all := map[*Metric]*prometheus.Desc{}
	for _, metric := range Catalogue {
		if metric.Type == Gauge {
			all[metric] = prometheus.NewDesc(metric.Name, metric.Help, metric.labels(), nil)
		}
	}
	return all
}()

// Collect counts. What the cache cannot list, because it has not synced yet, is left out.
func (s State) Collect(out chan<- prometheus.Metric) {
	select {
	case <-s.Leading:
	default:
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), countWithin)
	defer cancel()
	n := counts{}
	for _, list := range lists() {
		if err := s.Cache.List(ctx, list, client.UnsafeDisableDeepCopy); err != nil {
			continue
		}
		_ = meta.EachListItem(list, func(item runtime.Object) error {
			n.object(item)
			return nil
		})
	}
	s.Lanes(func(lane string, holders, waiters int) {
		n.add(laneHolders, holders, lane)
		n.add(laneWaiters, waiters, lane)
	})
	for series, number := range n {
		out <- prometheus.MustNewConstMetric(descriptions[series.metric], prometheus.GaugeValue, float64(number), series.values()...)
	}
}

// lists are empty lists of all kinds.
func lists() []client.ObjectList {
	s := scheme()
	var out []client.ObjectList
	for _, kind := range kinds {
		object, err := s.New(v1alpha1.GroupVersion.WithKind(kind + "List"))
		if list, ok := object.(client.ObjectList); err == nil && ok {
			out = append(out, list)
		}
	}
	return out
}

// series is one time series; its values are joined, so that it can be a key.
type series struct {
	metric *Metric
	joined string
}

const between = "\x00"

func (s series) values() []string { return strings.Split(s.joined, between) }

type counts map[series]int

func (n counts) add(metric *Metric, number int, values ...string) {
	n[series{metric, strings.Join(metric.bounded(values), between)}] += number
}

// object counts one object.
func (n counts) object(object runtime.Object) {
	kind := kindOf(object)
	for _, c := range conditionsOf(object) {
		n.add(conditions, 1, kind, c.Type, string(c.Status), c.Reason)
	}
	inFlight := 0
	if begun(object) {
		inFlight = 1
	}
	n.add(operationsInFlight, inFlight, kind)
	if move, ok := object.(*v1alpha1.VirtualMachineMove); ok {
		n.add(machines, 1, string(move.Spec.Method), cmp.Or(string(move.Status.Step), noStep))
	}
}

// inAzure is what all kinds of Azure's have.
type inAzure interface{ AzureStatus() *v1alpha1.AzureStatus }

// conditionsOf are the conditions of an object of any kind.
func conditionsOf(object runtime.Object) []metav1.Condition {
	switch o := object.(type) {
	case inAzure:
		return o.AzureStatus().Conditions
	case *v1alpha1.AzureIdentity:
		return o.Status.Conditions
	case *v1alpha1.VCenter:
		return o.Status.Conditions
	case *v1alpha1.MaintenancePolicy:
		return o.Status.Conditions
	case *v1alpha1.WorkloadMove:
		return o.Status.Conditions
	case *v1alpha1.VirtualMachineMove:
		return o.Status.Conditions
	}
	return nil
}

// begun says that an operation of the object's is on record.
func begun(object runtime.Object) bool {
	switch o := object.(type) {
	case inAzure:
		return o.AzureStatus().Operation != nil
	case *v1alpha1.MaintenancePolicy:
		return o.Status.Operation != nil
	case *v1alpha1.VirtualMachineMove:
		return o.Status.Task != nil
	}
	return false
}
