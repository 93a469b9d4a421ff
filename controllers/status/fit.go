// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package status

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/outcome"
	"github.com/avs-operator/avs-operator/controllers/text"
)

// What Azure and vCenters say has no bound, and a status has: one text that is too long, and the API server refuses the whole of it, at every look.
// So everything is cut here, by the schema's own numbers.

// fit cuts the texts, lists and maps of an object's status to what its schema takes.
func fit(object client.Object) error {
	of := bounds[reflect.TypeOf(object).Elem().Name()]
	if of == nil {
		return nil
	}
	whole, err := runtime.DefaultUnstructuredConverter.ToUnstructured(object)
	if err != nil {
		return fmt.Errorf("look at the status: %w", err)
	}
	if !cut("", whole["status"], of, func(fitting any) { whole["status"] = fitting }) {
		return nil
	}
	fitting := reflect.New(reflect.TypeOf(object).Elem()) // what was cut out of a list or map would stay in the object itself
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(whole, fitting.Interface()); err != nil {
		return fmt.Errorf("cut the status: %w", err)
	}
	reflect.ValueOf(object).Elem().FieldByName("Status").Set(fitting.Elem().FieldByName("Status"))
	return nil
}

// cut brings a value, and what is in it, within bounds. set puts a smaller value in its place.
func cut(path string, value any, of map[string]int, set func(any)) (done bool) {
	most, bound := of[path]
	switch v := value.(type) {
	case string:
		if bound && utf8.RuneCountInString(v) > most {
			set(text.CutRunes(v, most))
			return true
		}
	case []any:
		if bound && len(v) > most {
			v = v[:most]
			set(v)
			done = true
		}
		for i := range v {
			done = cut(path+"[]", v[i], of, func(smaller any) { v[i] = smaller }) || done
		}
	case map[string]any:
		if bound && len(v) > most {
			for _, key := range slices.Sorted(maps.Keys(v))[most:] {
				delete(v, key)
			}
			done = true
		}
		for key := range v {
			inside := path + "." + key
			if _, ok := of[path+"[]"]; ok {
				inside = path + "[]"
			}
			done = cut(inside, v[key], of, func(smaller any) { v[key] = smaller }) || done
		}
	}
	return done
}

// refused says that the API server does not take a status whatever is tried.
func refused(err error) bool {
	return apierrors.IsInvalid(err) || apierrors.IsRequestEntityTooLargeError(err) || err != nil && strings.Contains(err.Error(), "request is too large")
}

// smaller tells that the status was refused, in a status that has nothing else new: an object must not go silent.
func (p *Publisher) smaller(ctx context.Context, s Subject, why error) error {
	text, err := json.Marshal(s.Before)
	var was struct {
		Status struct{ Conditions []metav1.Condition }
	}
	if err == nil {
		err = json.Unmarshal(text, &was)
	}
	if err != nil {
		return fmt.Errorf("read the status that there is: %w", err)
	}
	conditions := was.Status.Conditions
	Apply(&conditions, s.Before.GetGeneration(), Report{Outcome: statusRefused(why)})
	patch, err := json.Marshal(map[string]any{
		"metadata": map[string]any{"resourceVersion": s.Before.GetResourceVersion()},
		"status":   map[string]any{"observedGeneration": s.Before.GetGeneration(), "conditions": conditions},
	})
	if err != nil {
		return fmt.Errorf("write the smaller status: %w", err)
	}
	object, _ := s.Before.DeepCopyObject().(client.Object)
	if err := p.Client.Status().Patch(ctx, object, client.RawPatch(types.MergePatchType, patch)); err != nil {
		return err
	}
	p.latest.wrote(object)
	return nil
}

func statusRefused(why error) *outcome.Outcome {
	return outcome.Stall(v1alpha1.ReasonStatusRefused,
		"the API server does not take what is to be said of this object, so the rest of its status is older than this condition: %s. Please report this",
		text.Cut(why.Error(), 1500))
}
