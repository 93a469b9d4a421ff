// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/azure/kind"
	"github.com/avs-operator/avs-operator/test/armsim"
)

// path is what Azure can change and the object mends, or failing that anything that it has set; empty if there is nothing.
func (l *life) path() string {
	if paths := l.changeable(); len(paths) > 0 {
		return paths[0]
	}
	for _, path := range l.managed() {
		if !under(path, l.kind.Rules.WriteOnly) {
			return path
		}
	}
	return ""
}

// still fails when anything is written to Azure for a while.
func (l *life) still() {
	l.t.Helper()
	cluster.Consistently(l.t, quiet/2, "nothing is written", func(context.Context) error {
		if own, others := l.writes(); len(own)+len(others) > 0 {
			return fmt.Errorf("written to Azure: %s", asText(shown(append(own, others...))))
		}
		return nil
	}, l.object)
}

// differs waits until the object shows drift at a path.
func (l *life) differs(path string) {
	l.t.Helper()
	l.until("drift at "+path, func(s *v1alpha1.AzureStatus) error {
		c := meta.FindStatusCondition(s.Conditions, v1alpha1.ConditionInSync)
		listed := slices.ContainsFunc(s.Drift, func(d v1alpha1.DriftItem) bool { return d.Path == path })
		if !listed || c == nil || c.Status != metav1.ConditionFalse || c.Reason != v1alpha1.ReasonDrifted {
			return fmt.Errorf("drift is %s, InSync %s", asText(s.Drift), asText(c))
		}
		return nil
	})
}

// isObserved: Observe reports drift, whoever made it, and never writes: it is the dry run of an edit too.
func (l *life) isObserved() {
	path := l.path()
	if path == "" || l.kind.Once {
		return
	}
	l.edit(inSpec("managementPolicy", "Observe"))
	l.ready()
	was := at(l.body(), path)
	l.set(patchAt(path, drifted(was)))
	l.differs(path)
	l.ready()
	if c := meta.FindStatusCondition(l.object.AzureStatus().Conditions, v1alpha1.ConditionReady); c.Reason != v1alpha1.ReasonObserved ||
		!strings.Contains(c.Message, path) {
		l.t.Errorf("Ready is %s: %s", c.Reason, c.Message)
	}
	l.still()
	l.set(patchAt(path, was))
	l.until("no drift", func(s *v1alpha1.AzureStatus) error {
		if len(s.Drift) > 0 {
			return fmt.Errorf("drift is %s", asText(s.Drift))
		}
		return nil
	})
	l.tryDry()
	l.edit(inSpec("managementPolicy", nil))
	l.ready()
	l.wrote(0)
}

// tryDry edits what may be edited, sees the difference that it would make, and takes it back.
func (l *life) tryDry() {
	for _, f := range fields(l.schema, l.spec(), false) {
		other, ok := f.schema.Other(f.value)
		if !ok || !l.accepted(f.patch(other)) {
			continue
		}
		l.edit(f.patch(other))
		shows := l.within(quiet, func(s *v1alpha1.AzureStatus) bool { return len(s.Drift) > 0 && s.ObservedGeneration == l.generation() })
		l.edit(f.patch(f.value))
		l.until("no drift", func(s *v1alpha1.AzureStatus) error {
			if len(s.Drift) > 0 || s.ObservedGeneration != l.generation() {
				return fmt.Errorf("drift is %s", asText(s.Drift))
			}
			return nil
		})
		if shows {
			return
		}
	}
	if len(l.changeable()) > 0 {
		l.t.Log("no edit of this sample shows as drift")
	}
}

// within waits a while for what the object says.
func (l *life) within(d time.Duration, ok func(*v1alpha1.AzureStatus) bool) bool {
	l.t.Helper()
	for deadline := time.Now().Add(d); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		fresh := l.kind.New()
		if cluster.Admin.Get(l.t.Context(), keyOf(l.object), fresh) == nil && ok(fresh.AzureStatus()) {
			return true
		}
	}
	return false
}

// isSuspended: no new write while suspended; drift is mended when that ends.
func (l *life) isSuspended() {
	paths := l.changeable()
	if len(paths) == 0 {
		return
	}
	was := at(l.body(), paths[0])
	l.edit(inSpec("suspend", true))
	l.ready()
	l.set(patchAt(paths[0], drifted(was)))
	l.says(v1alpha1.ConditionReconciling, v1alpha1.ReasonSuspended)
	l.differs(paths[0])
	l.still()
	l.edit(inSpec("suspend", nil))
	l.has(paths[0], was)
	l.ready()
	l.wrote(1)
}

// failsInAzure: when an operation fails, the object says what support asks for, or that another attempt may be asked for where Azure takes one;
// repeats nothing, and goes on once the resource is mended.
func (l *life) failsInAzure() {
	paths := l.changeable()
	if len(paths) == 0 {
		return
	}
	was := at(l.body(), paths[0])
	own := regexp.MustCompile("^" + regexp.QuoteMeta(strings.ToLower(l.id)) + "(/" + strings.ToLower(l.kind.ChangedBy) + ")?$")
	code := "InternalServerError" // leaves the resource Failed, which an action does not: that must fail for good
	if l.kind.ChangedBy != "" {
		code = "ProvisioningFailed"
	}
	for _, verb := range []string{"PUT", "PATCH", "POST"} {
		l.Azure.Inject(armsim.Fault{Verb: verb, Path: own, OperationFails: true, Code: code, Message: "the host could not be configured"})
	}
	defer l.Azure.ClearFaults()
	l.set(patchAt(paths[0], drifted(was)))
	reason, words := v1alpha1.ReasonSupportRequired, []string{l.circuit()}
	mended := l.kind.ChangedBy == "" && l.kind.Mended != kind.BySupport
	if mended {
		reason, words = v1alpha1.ReasonOperationFailed, []string{v1alpha1.AnnotationReconcileRequestedAt}
	}
	message := l.says(v1alpha1.ConditionStalled, reason)
	failure := l.object.AzureStatus().Failure
	if failure == nil || failure.OperationID == "" {
		l.t.Fatalf("status does not keep the failure: %s", asText(l.object.AzureStatus()))
	}
	for _, word := range append(words, failure.OperationID) {
		if !strings.Contains(message, word) {
			l.t.Errorf("the message does not say %q: %s", word, message)
		}
	}
	for _, r := range l.wrote(1) {
		if r.CorrelationID != failure.OperationID {
			l.t.Errorf("the request went with correlation id %s, and status says %s", r.CorrelationID, failure.OperationID)
		}
	}
	l.Azure.ClearFaults()
	if l.kind.ChangedBy == "" && !mended {
		l.set(map[string]any{"properties": map[string]any{"provisioningState": "Succeeded"}})
	} else {
		l.nudge() // after an action that failed the resource is no worse; others take a PUT, as the message says
	}
	l.has(paths[0], was)
	l.ready()
	l.wrote(2)
	if l.object.AzureStatus().Failure != nil {
		l.t.Error("the failure is still there")
	}
}

// circuit is the ExpressRoute circuit of the private cloud that the object is or is in.
func (l *life) circuit() string {
	l.t.Helper()
	clouds := &v1alpha1.PrivateCloudList{}
	if err := cluster.Admin.List(l.t.Context(), clouds, client.InNamespace(l.Namespace)); err != nil {
		l.t.Fatal(err)
	}
	for i := range clouds.Items {
		if s := clouds.Items[i].Status; s.Circuit != nil && (s.ID == l.id || strings.HasPrefix(l.id, s.ID+"/")) {
			return s.Circuit.ExpressRouteID
		}
	}
	l.t.Fatalf("no private cloud of %s shows its circuit", l.id)
	return ""
}

// echoes: a requested reconcile is acknowledged, and costs no write.
func (l *life) echoes() {
	l.edit(map[string]any{"metadata": map[string]any{"annotations": map[string]any{v1alpha1.AnnotationReconcileRequestedAt: "2026-11-25T12:00:00Z"}}})
	l.until("the echo", func(s *v1alpha1.AzureStatus) error {
		if s.LastHandledReconcileAt != "2026-11-25T12:00:00Z" {
			return fmt.Errorf("lastHandledReconcileAt is %q", s.LastHandledReconcileAt)
		}
		return nil
	})
	l.ready()
	l.wrote(0)
}

// needsConsent: an object of another namespace works while the private cloud names that namespace. Without, nothing is written, and what was
// under way is followed to its end.
func (l *life) needsConsent() {
	if l.kind.Name == "PrivateCloud" {
		return
	}
	l.object = l.fresh(l.team)
	l.id = ""
	notSecret := func(o *unstructured.Unstructured) bool { return o.GetKind() != "Secret" } // the rest is there, and named as in Azure
	l.surround(slices.DeleteFunc(around(l.samples, l.sample), notSecret), l.team)
	l.mark()
	l.create(l.object)
	l.says(v1alpha1.ConditionStalled, v1alpha1.ReasonReferenceNotPermitted)
	l.still()
	if l.kind.Once { // an act that is done twice may not have the same end
		return
	}
	l.consent(l.team)
	l.until("an operation or its end", func(s *v1alpha1.AzureStatus) error {
		if s.Operation == nil && !meta.IsStatusConditionTrue(s.Conditions, v1alpha1.ConditionReady) {
			return fmt.Errorf("conditions are %s", asText(s.Conditions))
		}
		return nil
	})
	l.consent()
	l.says(v1alpha1.ConditionStalled, v1alpha1.ReasonReferenceNotPermitted)
	if l.object.AzureStatus().Operation != nil {
		l.t.Error("the operation was not followed to its end")
	}
	l.id = l.object.AzureStatus().ID
	l.mark()
	if paths := l.changeable(); len(paths) > 0 {
		was := at(l.body(), paths[0])
		l.set(patchAt(paths[0], drifted(was)))
		l.still()
		l.consent("*")
		l.has(paths[0], was)
	} else {
		l.consent("*")
	}
	l.ready()
	l.gone()
	if there := l.Azure.Made(l.kind, l.id); there != l.kind.BuiltIn(l.object) {
		l.t.Errorf("%s is in Azure: %t", l.id, there)
	}
}
