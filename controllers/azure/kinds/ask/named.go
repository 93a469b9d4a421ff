// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package ask

import (
	"context"
	"fmt"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/azure/kind"
	"github.com/avs-operator/avs-operator/controllers/azure/tree"
	"github.com/avs-operator/avs-operator/controllers/connect/rulings"
	"github.com/avs-operator/avs-operator/controllers/outcome"
)

// A spec names another object of NSX by the custom resource that stands for it, or as it is called in Azure.

// NamedObjects are the objects of NSX of one type beside w's own.
type NamedObjects struct {
	// words name one for the reader, such as DNS zone.
	words      string
	cloud      *v1alpha1.PrivateCloud
	namespace  string
	collection arm.ID
	there      []*arm.Resource
	objects    []kind.Object
}

// Named looks at what is there in Azure, which wakes w's object when it changes, and at the custom resources.
func Named[T kind.Object](ctx context.Context, w kind.World[T], words, segment string, objects client.ObjectList) (*NamedObjects, *outcome.Outcome) {
	n := &NamedObjects{words: words, cloud: w.Cloud, namespace: w.Object.GetNamespace(), collection: Network(w.CloudID, segment)}
	var err error
	if n.there, err = w.List(ctx, n.collection); err != nil {
		return nil, rulings.OfAzure(err)
	}
	if err = w.Reader.List(ctx, objects); err == nil {
		err = meta.EachListItem(objects, func(item runtime.Object) error {
			n.objects = append(n.objects, item.(kind.Object))
			return nil
		})
	}
	if err != nil {
		return nil, outcome.Retry(v1alpha1.ReasonTransient, fmt.Errorf("looking for the objects of each %s: %w", words, err))
	}
	return n, nil
}

// Find is the name in Azure of what a spec names. What is not there is waited for. leaving says that its object is being deleted, and takes
// it along.
func (n *NamedObjects) Find(name string) (azureName string, leaving bool, o *outcome.Outcome) {
	object := n.object(name)
	azureName = LastPart(name)
	if object != nil {
		id := n.idOf(object)
		if id == "" || id.Collection().Key() != n.collection.Key() {
			return "", false, tree.NotReadyYet(n.words, name, object).In(time.Minute)
		}
		azureName, leaving = id.Name(), leaves(object)
	}
	for _, r := range n.there {
		if !strings.EqualFold(r.ID.Name(), azureName) {
			continue
		}
		if state := r.ProvisioningState(); !leaving && state != "Succeeded" && state != "Updating" {
			return "", false, n.notReady(name, object, state)
		}
		return r.ID.Name(), leaving, nil
	}
	if leaving || object != nil && object.AzureStatus().ProvisioningState == "Succeeded" {
		return azureName, leaving, nil // gone already, or made since Azure was last looked at
	}
	return "", false, n.wait(v1alpha1.ReasonReferenceNotFound,
		"there is no %s %s in Azure: make it, or name another one; this goes on by itself when it is there", n.words, name)
}

// notReady says who has to do what about one that is there and not ready.
func (n *NamedObjects) notReady(name string, object kind.Object, state string) *outcome.Outcome {
	switch {
	case object != nil:
		return tree.NotReadyYet(n.words, name, object).In(time.Minute)
	case state == "Failed":
		return n.wait(v1alpha1.ReasonReferenceNotReady,
			"%s %s is in state Failed, and no object here stands for it: mend it in Azure, or name another one; this goes on by itself after that", n.words, name)
	}
	return n.wait(v1alpha1.ReasonReferenceNotReady, "%s %s is %s; this goes on by itself when it is ready", n.words, name, state)
}

// object is the custom resource that a spec names: by its own name in this namespace, or in any by what it is called in Azure.
func (n *NamedObjects) object(name string) kind.Object {
	var inAzure kind.Object
	for _, object := range n.objects {
		id := n.idOf(object)
		if object.GetNamespace() == n.namespace && object.GetName() == name && (id == "" || id.Collection().Key() == n.collection.Key()) {
			return object
		}
		if id.Key() == (n.collection + "/" + arm.ID(LastPart(name))).Key() {
			inAzure = object
		}
	}
	return inAzure
}

// idOf is the ARM id of an object, which may not have learned yet that the private cloud was moved.
func (n *NamedObjects) idOf(object kind.Object) arm.ID {
	return arm.ID(n.cloud.Now(object.AzureStatus().ID))
}

func (n *NamedObjects) wait(reason, format string, args ...any) *outcome.Outcome {
	return outcome.Wait(reason, format, args...).About(v1alpha1.ConditionReferencesReady)
}

// leaves says that an object which is being deleted takes its resource with it.
func leaves(object kind.Object) bool {
	spec := object.AzureSpec()
	return !object.GetDeletionTimestamp().IsZero() && !spec.Suspend &&
		spec.DeletionPolicy != v1alpha1.DeletionPolicyRetain && spec.ManagementPolicy != v1alpha1.ManagementPolicyObserve
}
