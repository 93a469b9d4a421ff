// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"context"
	"fmt"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/avs-operator/avs-operator/controllers"
	"github.com/avs-operator/avs-operator/test/armsim"
	"github.com/avs-operator/avs-operator/test/env"
	"github.com/avs-operator/avs-operator/test/vcentersim"
)

// World is what one test has to itself beside the suite's control plane: a namespace, and what is started of an Azure, of vCenters, and of an operator
// that looks at this namespace only. A suite's own world embeds it and adds what only this suite needs.
type World struct {
	Cluster   *env.Env
	Namespace string
	// Speed of Azure's and vCenter's time. An operator takes it when it is started.
	Speed float64
	// Azure is nil until StartAzure.
	Azure *Azure
	// Source and Target are the vCenters oslo and weu, nil until StartVCenters.
	Source, Target *vcentersim.VCenter
	// Operator is the one that was started last.
	Operator *Operator
	// Options change the operator's, at each start.
	Options func(*controllers.Options)
}

// NewWorld makes the namespace. The caller starts what the test needs.
func NewWorld(t testing.TB, cluster *env.Env, speed float64) *World {
	t.Helper()
	return &World{Cluster: cluster, Namespace: cluster.Namespace(t), Speed: speed}
}

// StartAzure gives the world an Azure whose private clouds have no live vCenter, unless change says otherwise, and an identity that logs in there.
func (w *World) StartAzure(t testing.TB, change ...func(*armsim.Config)) {
	t.Helper()
	w.Azure = StartAzure(t, w.Speed, append([]func(*armsim.Config){NoVCenters}, change...)...)
	w.Cluster.Create(t, w.Azure.Identity(w.Namespace)...)
}

// StartOperator starts an operator that looks at the world's namespace. change comes after Options.
func (w *World) StartOperator(t testing.TB, change ...func(*controllers.Options)) *Operator {
	t.Helper()
	w.Operator = StartOperator(t, OperatorOptions{Config: w.Cluster.OperatorConfig(), Speed: w.Speed, Namespace: w.Namespace,
		Change: func(o *controllers.Options) {
			if w.Options != nil {
				w.Options(o)
			}
			for _, f := range change {
				f(o)
			}
		}})
	return w.Operator
}

// RestartOperator stops the operator and starts another, which knows only what the API server, Azure and the vCenters know.
func (w *World) RestartOperator(t testing.TB) {
	t.Helper()
	w.Operator.Stop(t)
	w.StartOperator(t)
}

// Meta names an object of the world.
func (w *World) Meta(name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Namespace: w.Namespace, Name: name}
}

// InAzure is a value of the private cloud weu, or of what is below it; nil if there is none.
func (w *World) InAzure(below string, path ...string) any {
	return w.Azure.At(w.Azure.PrivateCloudID("weu")+below, path...)
}

// Wrote fails the test unless exactly these writes were sent to Azure, as Shown has them.
func (w *World) Wrote(t testing.TB, want ...string) {
	t.Helper()
	SameWrites(t, Shown(w.Azure.Writes()), want)
}

// NothingWritten fails the test if a write is sent to Azure within the time.
func (w *World) NothingWritten(t testing.TB, within time.Duration) {
	t.Helper()
	before := len(w.Azure.Writes())
	w.Cluster.Consistently(t, within, "nothing is written", func(context.Context) error {
		if now := w.Azure.Writes(); len(now) > before {
			return fmt.Errorf("written to Azure meanwhile: %v", Shown(now[before:]))
		}
		return nil
	})
}
