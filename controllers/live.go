// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// inNamespaces reads from the API server in the namespaces that the operator watches: a list of all namespaces is one list of each, because
// the operator may have a Role in each and none for the cluster.
type inNamespaces struct {
	client.Reader
	namespaces []string // empty: all, in one list
}

func (r inNamespaces) List(ctx context.Context, list client.ObjectList, options ...client.ListOption) error {
	asked := client.ListOptions{}
	asked.ApplyOptions(options)
	if asked.Namespace != "" || len(r.namespaces) == 0 {
		return r.Reader.List(ctx, list, options...)
	}
	var all []runtime.Object
	for _, namespace := range r.namespaces {
		part, ok := list.DeepCopyObject().(client.ObjectList)
		if !ok {
			return fmt.Errorf("%T cannot be copied", list)
		}
		if err := r.Reader.List(ctx, part, append(options[:len(options):len(options)], client.InNamespace(namespace))...); err != nil {
			return err
		}
		items, err := meta.ExtractList(part)
		if err != nil {
			return fmt.Errorf("read a list of namespace %s: %w", namespace, err)
		}
		all = append(all, items...)
	}
	return meta.SetList(list, all)
}
