// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/azure/kind"
	"github.com/avs-operator/avs-operator/test/armsim"
	"github.com/avs-operator/avs-operator/test/harness"
	"github.com/avs-operator/avs-operator/test/vcentersim"
)

// waiting are the reasons of an object whose surroundings are missing.
var waiting = []string{v1alpha1.ReasonReferenceNotFound, v1alpha1.ReasonReferenceNotReady}

// isMade: first the object alone, which waits; then what it names, and it goes on by itself.
func (l *life) isMade() {
	l.object = l.fresh(l.Namespace)
	l.create(l.object)
	around := around(l.samples, l.sample)
	if len(around) > 0 && !l.kind.BuiltIn(l.object) {
		l.until("its references to be missed", func(s *v1alpha1.AzureStatus) error {
			c := meta.FindStatusCondition(s.Conditions, v1alpha1.ConditionReady)
			if c == nil || !slices.Contains(waiting, c.Reason) || !meta.IsStatusConditionTrue(s.Conditions, v1alpha1.ConditionReconciling) {
				return fmt.Errorf("conditions are %s", asText(s.Conditions))
			}
			return nil
		})
	}
	if own, others := l.writes(); len(own)+len(others) > 0 {
		l.t.Errorf("written to Azure without what it refers to: %s", asText(shown(append(own, others...))))
	}
	l.surround(around, l.Namespace)
	l.arrives()
	l.isMadeOnce()
}

// surround applies samples and waits for them.
func (l *life) surround(objects samples, namespace string) {
	l.t.Helper()
	for _, object := range objects {
		object.SetNamespace(namespace)
		if slices.ContainsFunc(l.made, func(o *unstructured.Unstructured) bool {
			return harness.SameObject(o, object) && o.GetNamespace() == namespace
		}) {
			continue
		}
		if namespace == l.team {
			l.refersToTheOther(object)
		}
		l.made = append(l.made, object)
		l.create(object)
	}
	for _, object := range objects {
		if object.GetKind() != "Secret" {
			cluster.WaitCondition(l.t, patience, object, v1alpha1.ConditionReady, "True")
		}
		if vcenter := l.Azure.VCenter(l.Azure.PrivateCloudID(object.GetName())); object.GetKind() == "PrivateCloud" && vcenter != nil {
			l.addMachines(vcenter)
		}
	}
}

// addMachines puts the machines that samples name into a live vCenter, and those that an edit names.
func (l *life) addMachines(vcenter *vcentersim.VCenter) {
	l.t.Helper()
	var names []string
	for _, object := range l.samples {
		if inScope(object) {
			names = append(names, machines(object.Object["spec"], false)...)
		}
	}
	for _, name := range slices.Clone(names) {
		names = append(names, harness.OtherText(name))
	}
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		if _, err := vcenter.AddMachine(vcentersim.MachineSpec{Name: name, DiskGB: []int{10}, PoweredOn: true}); err != nil {
			l.t.Fatalf("Adding machine %s: %v", name, err)
		}
	}
}

// arrives waits until the object is Ready. When it waits for something that it does not name, such as an add-on, that is applied too.
func (l *life) arrives() {
	l.t.Helper()
	missed, refused, refusal := 0, 0, ""
	l.until("Ready", func(s *v1alpha1.AzureStatus) error {
		c := meta.FindStatusCondition(s.Conditions, v1alpha1.ConditionReady)
		switch {
		case c == nil:
			return errors.New("it says nothing yet")
		case c.Status == metav1.ConditionTrue:
			return nil
		case c.Reason == v1alpha1.ReasonInvalidSpec: // no wait helps a sample that Azure refuses each time it is looked at
			if refused++; refused == 20 {
				refusal = c.Message
				return nil
			}
		case slices.Contains(waiting, c.Reason):
			if missed++; missed == 10 {
				more := slices.DeleteFunc(wanted(l.samples, c.Message), func(o *unstructured.Unstructured) bool { return harness.SameObject(o, l.sample) })
				l.t.Logf("%q asks for %s", c.Message, describe(more))
				for _, object := range slices.Clone(more) {
					l.surround(around(l.samples, object), l.Namespace)
				}
				l.surround(more, l.Namespace)
			}
		}
		return fmt.Errorf("%s: %s", c.Reason, c.Message)
	})
	if refusal != "" {
		l.t.Fatalf("the sample is refused: %s", refusal)
	}
	l.ready()
}

// isMadeOnce: one PUT, with nothing that the spec does not ask for.
func (l *life) isMadeOnce() {
	own, _ := l.writes()
	if l.kind.BuiltIn(l.object) {
		if slices.ContainsFunc(own, func(r armsim.Request) bool { return r.Status == 201 }) {
			l.t.Errorf("what comes with the private cloud was made: %s", asText(shown(own)))
		}
		return
	}
	if len(own) != 1 || own[0].Method != l.verb("PUT") {
		l.t.Fatalf("it was made by %s", asText(shown(own)))
	}
	body := l.asked(own[0])
	for _, path := range leaves(body, "") {
		asked := under(path, l.object.AzureStatus().Managed) || path == "/tags/"+v1alpha1.TagOwner || under(path, l.kind.Rules.WriteOnly) ||
			under(path, l.kind.Filled) || at(body, path) == "***"
		if !asked {
			l.t.Errorf("the PUT has %s, and the object does not manage it: %s", path, own[0].Body)
		}
	}
	for _, path := range l.managed() {
		if !under(path, l.kind.Rules.WriteOnly) && at(body, path) == nil {
			l.t.Errorf("the object manages %s, and the PUT did not have it: %s", path, own[0].Body)
		}
	}
}

// isSilent: a converged object costs no write, neither in Azure nor at the API server, and applying it again changes nothing.
func (l *life) isSilent() {
	version := l.object.GetResourceVersion()
	cluster.Consistently(l.t, quiet, "nothing is written", func(ctx context.Context) error {
		fresh := l.kind.New()
		if err := cluster.Admin.Get(ctx, client.ObjectKeyFromObject(l.object), fresh); err != nil {
			return err
		}
		if fresh.GetResourceVersion() != version {
			return fmt.Errorf("the object was written:\n%s", difference(l.object, fresh))
		}
		if own, others := l.writes(); len(own)+len(others) > 0 {
			return fmt.Errorf("written to Azure: %s", asText(shown(append(own, others...))))
		}
		return nil
	})
	s := l.object.AzureStatus()
	if s.ProvisioningState != "Succeeded" || s.ObservedGeneration != l.object.GetGeneration() || len(s.Drift) > 0 || s.Operation != nil {
		l.t.Errorf("status: %s", asText(s))
	}
	for _, condition := range []string{v1alpha1.ConditionInSync, v1alpha1.ConditionReferencesReady} {
		if !meta.IsStatusConditionTrue(s.Conditions, condition) {
			l.t.Errorf("%s is not True: %s", condition, asText(s.Conditions))
		}
	}
}

// difference between two states of an object, by lines.
func difference(before, after kind.Object) string {
	was, is := map[string]any{}, map[string]any{}
	_, _ = json.Unmarshal([]byte(asText(before)), &was), json.Unmarshal([]byte(asText(after)), &is)
	var out []string
	for _, path := range leaves(is, "") {
		if now := asText(at(is, path)); now != asText(at(was, path)) && !strings.HasPrefix(path, "/metadata/managedFields") {
			out = append(out, fmt.Sprintf("%s: %s, then %s", path, asText(at(was, path)), now))
		}
	}
	for _, path := range leaves(was, "") {
		if at(is, path) == nil {
			out = append(out, path+" is gone: "+asText(at(was, path)))
		}
	}
	return strings.Join(out, "\n")
}
