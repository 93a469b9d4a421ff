// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package feature names what works only where somebody has turned it on: because nobody knows how Azure takes it, and a mistake would cost.
package feature

import (
	"fmt"

	"k8s.io/apimachinery/pkg/util/runtime"
	"k8s.io/component-base/featuregate"
)

// ScaleInHosts lets scaleIn.hosts choose the hosts that leave. Whether the list of hosts that Azure takes with fewer hosts names those that stay
// or those that leave is published nowhere, so the wrong ones could go.
const ScaleInHosts featuregate.Feature = "ScaleInHosts"

// Gates are all feature gates, with what each is unless --feature-gates says otherwise.
func Gates() featuregate.MutableFeatureGate {
	gates := featuregate.NewFeatureGate()
	runtime.Must(gates.Add(map[featuregate.Feature]featuregate.FeatureSpec{
		ScaleInHosts: {Default: false, PreRelease: featuregate.Alpha},
	}))
	return gates
}

// Parse reads what --feature-gates says, such as ScaleInHosts=true; empty: nothing.
func Parse(text string) (featuregate.FeatureGate, error) {
	gates := Gates()
	if err := gates.Set(text); err != nil {
		return nil, fmt.Errorf("--feature-gates: %w; there is %s", err, ScaleInHosts)
	}
	return gates, nil
}
