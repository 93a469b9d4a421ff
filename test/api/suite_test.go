// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package api puts the kinds themselves to the test, as the API server serves them: what it accepts, what it refuses and in which words,
// and what kubectl and an autoscaler see of them. The cases come from the schemas and the samples in config/, so a new kind is tested by
// being there; what cannot be derived stands in cases_test.go.
package api

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/test/env"
	"github.com/avs-operator/avs-operator/test/harness"
)

var cluster *env.Env

func TestMain(m *testing.M) { harness.Main(m, &cluster, 0) }

// bench is where one kind's cases run: nothing that they ask of the API server is stored, but the objects that updates need.
type bench struct {
	kind      *kind
	namespace string
	stored    atomic.Int64
}

func newBench(t *testing.T, k *kind) *bench {
	t.Helper()
	return &bench{kind: k, namespace: cluster.Namespace(t)}
}

func (b *bench) object(content map[string]any) *unstructured.Unstructured {
	o := &unstructured.Unstructured{Object: deepCopy(content).(map[string]any)}
	o.SetNamespace(b.namespace)
	return o
}

// create asks whether the API server would accept a new object.
func (b *bench) create(ctx context.Context, content map[string]any) error {
	_, err := b.created(ctx, content)
	return err
}

// created is what the API server would make of a new object.
func (b *bench) created(ctx context.Context, content map[string]any) (*unstructured.Unstructured, error) {
	o := b.object(content)
	err := cluster.Admin.Create(ctx, o, client.DryRunAll, client.FieldValidation(metav1.FieldValidationStrict))
	return o, err
}

// store makes an object that stays, under a name of its own unless the content's name matters.
func (b *bench) store(ctx context.Context, content map[string]any) (*unstructured.Unstructured, error) {
	o := b.object(content)
	if o.GetName() == sampleName(b.kind) {
		o.SetName(fmt.Sprintf("%s-%d", o.GetName(), b.stored.Add(1)))
	}
	return o, cluster.Admin.Create(ctx, o, client.FieldValidation(metav1.FieldValidationStrict))
}

// storeWritten makes an object that stays, in the state in which a rule about transitions holds.
func (b *bench) storeWritten(ctx context.Context, r *rule, content map[string]any) (*unstructured.Unstructured, error) {
	stored, err := b.store(ctx, content)
	if err == nil && r.onceWritten() {
		err = b.say(ctx, stored, map[string]any{"managed": []any{"/id"}, "provisioningState": "Succeeded"})
	}
	return stored, err
}

// say writes what the operator would say of a stored object.
func (b *bench) say(ctx context.Context, stored *unstructured.Unstructured, status map[string]any) error {
	before := stored.DeepCopy()
	status = deepCopy(status).(map[string]any)
	status["observedGeneration"] = stored.GetGeneration()
	stored.Object["status"] = status
	return cluster.Admin.Status().Patch(ctx, stored, client.MergeFrom(before))
}

// update asks whether the API server would accept the stored object with another spec.
func (b *bench) update(ctx context.Context, stored *unstructured.Unstructured, content map[string]any) error {
	return cluster.Admin.Update(ctx, b.edited(stored, content), client.DryRunAll, client.FieldValidation(metav1.FieldValidationStrict))
}

// edit is update for good.
func (b *bench) edit(ctx context.Context, stored *unstructured.Unstructured, content map[string]any) error {
	edited := b.edited(stored, content)
	if err := cluster.Admin.Update(ctx, edited, client.FieldValidation(metav1.FieldValidationStrict)); err != nil {
		return err
	}
	edited.DeepCopyInto(stored)
	return nil
}

func (b *bench) edited(stored *unstructured.Unstructured, content map[string]any) *unstructured.Unstructured {
	o := b.object(content)
	o.SetName(stored.GetName())
	o.SetResourceVersion(stored.GetResourceVersion())
	return o
}

// causes are the API server's complaints about an object, one a field.
func causes(err error) []metav1.StatusCause {
	var status apierrors.APIStatus
	if !errors.As(err, &status) || status.Status().Details == nil {
		return nil
	}
	return status.Status().Details.Causes
}

// saysRule tells whether the rule is among what the API server complains of, in its whole sentence.
func saysRule(err error, r *rule) bool {
	return slices.ContainsFunc(causes(err), func(c metav1.StatusCause) bool {
		return strings.Contains(c.Message, r.Message) && r.at(c.Field)
	})
}
