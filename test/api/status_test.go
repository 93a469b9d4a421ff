// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/outcome"
	"github.com/avs-operator/avs-operator/controllers/status"
)

// Whatever Azure and vCenters say, the API server takes the status that is made of it: each text, list and map of every kind is longer here than
// its schema allows, and is stored, cut.
func TestAStatusThatIsTooLongIsCutAndStored(t *testing.T) {
	t.Parallel()
	for _, k := range kinds(t) {
		t.Run(k.Name, func(t *testing.T) {
			t.Parallel()
			b := prepare(t, k)
			stored, err := b.store(t.Context(), k.base)
			if err != nil {
				t.Fatal(err)
			}
			before := typed(t, k, stored.Object)
			long := stored.DeepCopy()
			said := tooLong(k.schema.Properties["status"], 0).(map[string]any)
			delete(said, "conditions")
			said["observedGeneration"] = int64(1)
			long.Object["status"] = said
			after := typed(t, k, long.Object)
			p := &status.Publisher{Client: cluster.Admin}
			if written, err := p.Patch(t.Context(), before, after); err != nil || !written {
				t.Errorf("it was not stored (%t): %v", written, err)
			}
		})
	}
}

// A status that is refused whatever is cut off it does not silence the object, and loses nothing that was known before.
func TestAStatusThatIsRefusedIsTold(t *testing.T) {
	t.Parallel()
	all := kinds(t)
	k := all[slices.IndexFunc(all, func(k *kind) bool { return k.Name == "Segment" })]
	stored, err := prepare(t, k).store(t.Context(), k.base)
	if err != nil {
		t.Fatal(err)
	}
	before := typed(t, k, stored.Object).(*v1alpha1.Segment)
	publish := func(id, verb string) *metav1.Condition {
		t.Helper()
		after := before.DeepCopy()
		after.Status.ID = id
		if verb != "" {
			after.Status.Operation = &v1alpha1.Operation{Format: 1, ID: "1", Verb: verb, State: v1alpha1.OperationIntended, StartedAt: metav1.NowMicro(),
				Deadline: metav1.NowMicro()}
		}
		p := &status.Publisher{Client: cluster.Admin}
		_, err := p.Publish(t.Context(), status.Subject{
			Before: before, Object: after, Conditions: &after.Status.Conditions, ObservedGeneration: &after.Status.ObservedGeneration,
		}, status.Report{Outcome: outcome.Wait(v1alpha1.ReasonCreating, "going well")})
		if err := errors.Join(err, cluster.Admin.Get(t.Context(), client.ObjectKeyFromObject(before), before)); err != nil {
			t.Fatal(err)
		}
		return meta.FindStatusCondition(before.Status.Conditions, v1alpha1.ConditionReady)
	}
	publish("/subscriptions/1", "")
	ready := publish("/subscriptions/2", "NONSENSE")
	if ready.Status != metav1.ConditionFalse || ready.Reason != v1alpha1.ReasonStatusRefused || !strings.Contains(ready.Message, "status.operation.verb") {
		t.Errorf("Ready is %+v", ready)
	}
	if before.Status.ID != "/subscriptions/1" || before.Status.Operation != nil {
		t.Errorf("the status is %+v", before.Status)
	}
	if ready = publish("/subscriptions/2", "PUT"); ready.Reason != v1alpha1.ReasonCreating || before.Status.ID != "/subscriptions/2" {
		t.Errorf("it does not go on after that: %+v", before.Status)
	}
}

// typed is an object of a kind's Go type.
func typed(t *testing.T, k *kind, object map[string]any) client.Object {
	t.Helper()
	made, err := cluster.Admin.Scheme().New(v1alpha1.GroupVersion.WithKind(k.Name))
	if err == nil {
		err = runtime.DefaultUnstructuredConverter.FromUnstructured(object, made)
	}
	if err != nil {
		t.Fatal(err)
	}
	return made.(client.Object)
}

// tooLong is a value that a schema takes but for its length: each text, list and map is longer than it may be. n tells entries of a list apart;
// inside of all but the first one things are short, or the whole would be larger than the API server takes.
func tooLong(s *schema, n int) any {
	const more = 2
	many := func(most *int64) int {
		if most == nil || n > 0 {
			return 1
		}
		return int(*most) + more
	}
	switch {
	case s.Type == "object":
		out := map[string]any{}
		for name, property := range s.Properties {
			if value := tooLong(property, n); value != nil {
				out[name] = value
			}
		}
		if s.AdditionalProperties != nil {
			for i := range many(s.MaxProperties) {
				out[fmt.Sprintf("key%d", i)] = tooLong(s.AdditionalProperties, i)
			}
		}
		return out
	case s.Type == "array":
		var out []any
		for i := range many(s.MaxItems) {
			if value := tooLong(s.Items, i); value != nil {
				out = append(out, value)
			}
		}
		return out
	case s.Type == "integer":
		return int64(1)
	case s.Type == "boolean":
		return true
	case len(s.Enum) > 0:
		return s.Enum[0]
	case s.Format == "date-time":
		return "2026-11-28T08:00:00.000000Z"
	case s.Type != "string" || s.Pattern != "":
		return nil
	case s.MaxLength == nil || n > 0:
		return fmt.Sprintf("%d", n)
	}
	return fmt.Sprintf("%d-", n) + strings.Repeat("ä", int(*s.MaxLength))
}
