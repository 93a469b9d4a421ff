// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package v1alpha1 holds the custom resources that users write: private clouds and their parts in Azure VMware Solution, and the
// moves of virtual machines into and out of them.
//
// +kubebuilder:object:generate=true
// +groupName=avs-operator.io
package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// GroupVersion of every kind in this package.
var GroupVersion = schema.GroupVersion{Group: "avs-operator.io", Version: "v1alpha1"}

// registered are the kinds of this package and their lists: each types file adds its own.
var registered []runtime.Object

func register(kinds ...runtime.Object) { registered = append(registered, kinds...) }

// AddToScheme registers every kind of this package.
func AddToScheme(scheme *runtime.Scheme) error {
	scheme.AddKnownTypes(GroupVersion, registered...)
	metav1.AddToGroupVersion(scheme, GroupVersion)
	return nil
}
