// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/azure/kind"
	"github.com/avs-operator/avs-operator/controllers/azure/kinds"
)

// Subject is one kind as suites put it through its life. All of it comes from the kind's sample and schema, so a new kind is swept without
// a line of test code.
type Subject struct {
	Kind kinds.Kind
	// Sample is the object, without a namespace.
	Sample *unstructured.Unstructured
	// Above is what it refers to: private cloud, cluster, Secrets.
	Above Samples
	// Edits that the schema allows. Edit is the one that Azure takes, nil if there is none; Words start actions, Other are the next words.
	Edits        []map[string]any
	Edit         map[string]any
	Words, Other map[string]any
	// Drift is a change in Azure that the operator mends: a merge patch of the body. Vanishes: the resource can be taken away there instead.
	Drift    map[string]any
	Vanishes bool

	snapshot *snapshot
}

// NewSubject reads sample and schema of a kind.
func NewSubject(kind kinds.Kind) (*Subject, error) {
	samples, err := LoadSamples()
	if err != nil {
		return nil, err
	}
	sample, err := samples.Of(kind.Name)
	if err != nil {
		return nil, err
	}
	schema, err := SpecSchema(kind.Name)
	if err != nil {
		return nil, err
	}
	spec, _ := sample.Object["spec"].(map[string]any)
	s := &Subject{Kind: kind, Sample: sample, Edits: schema.Edits(spec)}
	s.Above = samples.Above(sample, s.needs(samples)...)
	s.Words, s.Other = schema.words("one"), schema.words("two")
	Merge(spec, s.Words)
	spec["deletionPolicy"] = string(v1alpha1.DeletionPolicyDelete)
	sample.SetAnnotations(map[string]string{v1alpha1.AnnotationConfirmDelete: sample.GetName(), v1alpha1.AnnotationConfirmMachines: sample.GetName()})
	s.Vanishes = !kind.Expensive && !kind.Once && kind.ChangedBy == "" && !kind.BuiltIn(s.New("any"))
	return s, nil
}

// New is the object of the sample, in a namespace.
func (s *Subject) New(namespace string) kind.Object {
	object := s.Kind.New()
	if err := into(s.Sample, namespace, object); err != nil {
		panic(err) // the sample is not of its kind: the API server would say the same
	}
	return object
}

// needs are the samples of what must be in Azure before the subject can be made.
func (s *Subject) needs(samples Samples) (out []*unstructured.Unstructured) {
	for _, requirement := range s.Kind.Requires(s.New("any"), "/cloud") {
		for _, kind := range kinds.All {
			if strings.Contains(strings.ToLower(string(requirement.ID)), "/cloud/"+strings.ToLower(kind.Segment)+"/") {
				if sample, err := samples.Of(kind.Name); err == nil {
					out = append(out, sample)
				}
			}
		}
	}
	return out
}

// into makes a typed object of a sample.
func into(sample *unstructured.Unstructured, namespace string, object client.Object) error {
	copied := sample.DeepCopy()
	copied.SetNamespace(namespace)
	return fromUnstructured(copied, object)
}

// change is an edit of the object's spec, with the next words for its actions.
func (s *Subject) change(edit map[string]any) map[string]any {
	spec := map[string]any{}
	Merge(spec, s.Other)
	Merge(spec, edit)
	return map[string]any{"spec": spec}
}

// snapshot is an Azure in which everything that a subject refers to is there, to start any number of cases from.
type snapshot struct {
	state        []byte
	subscription string
}

// observed are the objects above the subject as a case has them: they are in Azure already and nothing of theirs is written, so that what
// the case sees is the subject's.
func (s *Subject) observed(t testing.TB, namespace string) []client.Object {
	t.Helper()
	return s.above(t, namespace, func(object *unstructured.Unstructured) {
		spec, _ := object.Object["spec"].(map[string]any)
		spec = maps.Clone(spec)
		spec["managementPolicy"] = string(v1alpha1.ManagementPolicyObserve)
		object.Object["spec"] = spec
	})
}

func (s *Subject) above(t testing.TB, namespace string, change func(*unstructured.Unstructured)) []client.Object {
	t.Helper()
	var out []client.Object
	for _, sample := range s.Above {
		object := sample.DeepCopy()
		object.SetNamespace(namespace)
		if object.GetAPIVersion() == v1alpha1.GroupVersion.String() && change != nil {
			change(object)
		}
		out = append(out, object)
	}
	return out
}

func (s *Subject) String() string { return fmt.Sprintf("%s %s", s.Kind.Name, s.Sample.GetName()) }
