// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"context"
	"reflect"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"

	"github.com/avs-operator/avs-operator/controllers/azure/kind"
)

// keyOf names an object among those of all kinds.
func keyOf(object client.Object) string {
	return reflect.TypeOf(object).Elem().Name() + "/" + object.GetName()
}

// readiness watches until all objects are Ready or ctx ends. It returns which are, and when the last one became so.
func readiness(ctx context.Context, t *testing.T, namespace string, objects []kind.Object) (ready map[string]bool, last time.Time) {
	t.Helper()
	type news struct {
		key   string
		ready bool
		at    time.Time
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	arrived, wanted, ready := make(chan news, 1024), map[string]bool{}, map[string]bool{}
	kinds := map[string]kind.Object{}
	for _, object := range objects {
		wanted[keyOf(object)] = true
		kinds[reflect.TypeOf(object).Elem().Name()] = object
	}
	for name, object := range kinds {
		events, err := watchKind(ctx, object, namespace)
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			for event := range events.ResultChan() {
				if one, ok := event.Object.(*unstructured.Unstructured); ok {
					select {
					case arrived <- news{name + "/" + one.GetName(), isReady(one), time.Now()}:
					case <-ctx.Done():
						return
					}
				}
			}
		}()
	}
	for len(ready) < len(wanted) {
		select {
		case one := <-arrived:
			if !wanted[one.key] {
				continue
			}
			if one.ready {
				ready[one.key], last = true, one.at
			} else {
				delete(ready, one.key)
			}
		case <-ctx.Done():
			return ready, last
		}
	}
	return ready, last
}

// watchKind watches the objects of one kind; those that are there come first.
func watchKind(ctx context.Context, object client.Object, namespace string) (watch.Interface, error) {
	gvk, err := apiutil.GVKForObject(object, cluster.Admin.Scheme())
	if err != nil {
		return nil, err
	}
	list := &unstructured.UnstructuredList{}
	gvk.Kind += "List"
	list.SetGroupVersionKind(gvk)
	return cluster.Admin.Watch(ctx, list, client.InNamespace(namespace))
}

func isReady(object *unstructured.Unstructured) bool {
	conditions, _, _ := unstructured.NestedSlice(object.Object, "status", "conditions")
	for _, entry := range conditions {
		condition, ok := entry.(map[string]any)
		if ok && condition["type"] == "Ready" {
			return condition["status"] == "True" && condition["observedGeneration"] == object.GetGeneration()
		}
	}
	return false
}
