// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package env

import (
	"context"
	"errors"
	"sync"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Passing keeps every version of an object that the API server tells from now on: what an object says for a moment only, a look at intervals may miss.
type Passing struct {
	e      *Env
	object client.Object

	mu       sync.Mutex
	versions []client.Object
}

// Watch keeps the versions of an object, whose list is the list given, until the test ends.
func (e *Env) Watch(t testing.TB, object client.Object, list client.ObjectList) *Passing {
	t.Helper()
	events, err := e.Admin.Watch(t.Context(), list, client.InNamespace(object.GetNamespace()), client.MatchingFields{"metadata.name": object.GetName()})
	if err != nil {
		t.Fatal(err)
	}
	p := &Passing{e: e, object: object}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for event := range events.ResultChan() {
			if version, ok := event.Object.(client.Object); ok && event.Type != watch.Deleted {
				p.mu.Lock()
				p.versions = append(p.versions, version)
				p.mu.Unlock()
			}
		}
	}()
	t.Cleanup(func() { events.Stop(); <-done })
	return p
}

// WaitSaid waits until the object has said it once, as WaitSays has it.
func (p *Passing) WaitSaid(t testing.TB, condition string, status metav1.ConditionStatus, reason string, words ...string) {
	t.Helper()
	p.e.Eventually(t, Patience, condition+"="+string(status)+" "+reason+quoted(words)+", if only for a moment", func(context.Context) error {
		p.mu.Lock()
		defer p.mu.Unlock()
		problem := errors.New("it has not changed")
		for _, version := range p.versions {
			if _, problem = says(version, condition, status, reason, words); problem == nil {
				return nil
			}
		}
		return problem
	}, p.object)
}
