// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/go-logr/logr"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
)

// newScheme knows what the demo reads.
func newScheme() (*runtime.Scheme, error) {
	scheme := runtime.NewScheme()
	return scheme, errors.Join(clientgoscheme.AddToScheme(scheme), v1alpha1.AddToScheme(scheme))
}

// watchObjects returns every object of our kinds, and each again whenever it changes, until ctx ends.
func watchObjects(ctx context.Context, config *rest.Config) (<-chan client.Object, error) {
	log.SetLogger(logr.Discard())
	scheme, err := newScheme()
	if err != nil {
		return nil, fmt.Errorf("make a scheme: %w", err)
	}
	objects, err := cache.New(config, cache.Options{Scheme: scheme})
	if err != nil {
		return nil, fmt.Errorf("watch the objects: %w", err)
	}
	changes := make(chan client.Object, 1024)
	tell := func(object any) {
		if o, ok := object.(client.Object); ok {
			select {
			case changes <- o:
			case <-ctx.Done():
			}
		}
	}
	for name := range scheme.KnownTypes(v1alpha1.GroupVersion) {
		made, err := scheme.New(v1alpha1.GroupVersion.WithKind(name))
		if err != nil {
			return nil, fmt.Errorf("watch the objects: %w", err)
		}
		kind, ok := made.(client.Object)
		if !ok || strings.HasPrefix(fmt.Sprintf("%T", made), "*v1.") { // lists, and what every group has
			continue
		}
		informer, err := objects.GetInformer(ctx, kind, cache.BlockUntilSynced(false))
		if err != nil {
			return nil, fmt.Errorf("watch the objects: %w", err)
		}
		if _, err := informer.AddEventHandler(toolscache.ResourceEventHandlerFuncs{
			AddFunc: tell, UpdateFunc: func(_, object any) { tell(object) },
		}); err != nil {
			return nil, fmt.Errorf("watch the objects: %w", err)
		}
	}
	go func() { _ = objects.Start(ctx) }() // it ends with ctx and says nothing else
	return changes, nil
}
