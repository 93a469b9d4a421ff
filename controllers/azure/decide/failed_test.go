// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package decide_test

import (
	"strings"
	"testing"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/azure/decide"
	"github.com/avs-operator/avs-operator/controllers/azure/kind"
)

func TestWhatIsInStateFailed(t *testing.T) {
	const failed = `{"properties":{"a":2,"theirs":3,"provisioningState":"Failed"}}`
	const mends = `PUT Update {"properties":{"a":1,"theirs":3}} as Updating` + drifted
	support := with(func(k *thingKind) { k.Mended = kind.BySupport })
	here := specHash(a(plain, spec1))
	decideAll(t, []row{
		{"it is written once more", a(plain, spec1, has(failed), managed()), mends, "Azure is given the Segment again, because it is in state Failed"},
		{"also if nothing differs", a(plain, spec1, has(`{"properties":{"a":1,"provisioningState":"Failed"}}`), managed()),
			`PUT Update {"properties":{"a":1}} as Updating` + inSync, ""},
		{"an attempt to make it failed: it still was never there whole", a(plain, spec1, has(failed), managed(), failedTo(v1alpha1.OperationCreates, "other")),
			`PUT Create {"properties":{"a":1,"theirs":3}} as Updating` + drifted, ""},
		{"the spec was corrected", a(plain, spec1, has(failed), managed(), failedTo(v1alpha1.OperationUpdates, "other")), mends, ""},
		{"the same spec is not written twice", a(plain, spec1, has(failed), managed(), failedTo(v1alpha1.OperationUpdates, here)),
			"Stall OperationFailed 1h0m0s" + drifted,
			"and stays so with the spec as it is: correct the spec, which is then written again by itself; if the cause lay elsewhere and is gone, " +
				"have it written once more with the annotation " +
				"avs-operator.io/reconcile-requested-at=<any new word>; what the spec cannot change takes another object, after this one is deleted (" +
				string(theID) + "); correlation id op-1; Broken no"},
		{"unless somebody asks", a(plain, spec1, has(failed), managed(), failedTo(v1alpha1.OperationUpdates, here),
			noted(v1alpha1.AnnotationReconcileRequestedAt, "please")), mends, ""},
		{"only Microsoft clears it", a(plain, spec1, support, has(failed), managed(), failedTo(v1alpha1.OperationUpdates, ""), circuit),
			"Stall SupportRequired 1h0m0s" + drifted, "with this text: " + string(theID) + "; correlation id op-1; Broken no; ExpressRoute circuit /circuits/7"},
		{"only Microsoft clears it, and nothing is known", a(plain, spec1, support, has(failed), managed()), "Stall SupportRequired 1h0m0s" + drifted,
			"with this text: " + string(theID) + "\n"},
		{"who observes is told so too", a(plain, spec1, support, has(failed), observes), "Stall SupportRequired 1h0m0s" + drifted, ""},
		{"who observes mends nothing", a(plain, spec1, has(failed), observes), "Stall OperationFailed 1h0m0s" + drifted,
			"with managementPolicy Observe nothing is written to mend it"},
		{"a takeover mends nothing", a(plain, spec1, has(`{"properties":{"a":1,"provisioningState":"Failed"}}`), adopts(v1alpha1.AdoptionPolicyTakeover)),
			"Stall OperationFailed 1h0m0s" + inSync, "with adoptionPolicy: Takeover nothing is written to mend it: set adoptionPolicy: Always"},
		{"it was deleted a moment ago", a(plain, spec1, has(failed), managed(), deletedLately), "Wait AzureBusy 5s" + drifted,
			"it was deleted a moment ago to be made anew"},
		{"what was not corrected matters more than what was deleted",
			a(plain, spec1, has(failed), managed(), deletedLately, failedTo(v1alpha1.OperationUpdates, here)), "Stall OperationFailed 1h0m0s" + drifted, ""},
		{"circuits are for support alone", a(plain, spec1, has(failed), managed(), failedTo(v1alpha1.OperationUpdates, here), circuit),
			"Stall OperationFailed 1h0m0s" + drifted, "Broken no\n"},
		{"a change by an action is made", a(byAction, `{"properties":{"restrictMovement":"Enabled"}}`,
			has(`{"properties":{"restrictMovement":"Disabled","provisioningState":"Failed"}}`), managed()),
			`POST restrictMovement {"restrictMovement":"Enabled"} as Updating | drift /properties/restrictMovement "Disabled">"Enabled" | InSync False Drifted`, ""},
		{"there is none to make", a(byAction, `{"properties":{"restrictMovement":"Enabled"}}`,
			has(`{"properties":{"restrictMovement":"Enabled","provisioningState":"Failed"}}`), managed()), "nothing" + inSync, ""},
	})
}

func deletedLately(s *situation) { s.DeletedLately = true }

func circuit(s *situation) {
	s.Cloud = &v1alpha1.PrivateCloud{}
	s.Cloud.Status.Circuit = &v1alpha1.Circuit{ExpressRouteID: "/circuits/7"}
}

func TestWhatAzureFailedToMakeIsMadeAnew(t *testing.T) {
	const fixed1 = `{"properties":{"fixed":1}}`
	failed := has(`{"properties":{"fixed":2,"provisioningState":"Failed"}}`)
	never := failedTo(v1alpha1.OperationCreates, "other")
	const drift = " | drift /properties/fixed 2>1 | InSync False Drifted"
	const refused = "Stall ImmutableFieldChanged 1h0m0s" + drift
	decideAll(t, []row{
		{"it is deleted first", a(replaceable, fixed1, failed, managed(), never), "DELETE as Updating" + drift,
			"Azure deletes the Segment that it failed to make, so that it is made anew"},
		{"unless it is never to be deleted", a(replaceable, fixed1, failed, managed(), never, retains), refused, "which deletionPolicy Retain forbids"},
		{"what once worked is not", a(replaceable, fixed1, failed, managed(), failedTo(v1alpha1.OperationUpdates, "other")), refused, "cannot change it to 1"},
		{"nor what nobody knows of", a(replaceable, fixed1, failed, managed()), refused, ""},
		{"nor what comes with the private cloud", a(replaceable, fixed1, failed, managed(), never, with(builtIn)), refused, ""},
		{"nor what a PUT mends", a(replaceable, fixed1, failed, managed(), never, with(func(k *thingKind) { k.Mended = kind.ByPUT })), refused, ""},
		{"nor what has not failed", a(replaceable, fixed1, has(`{"properties":{"fixed":2}}`), managed(), never), refused, ""},
		{"a PUT is enough where it can be changed",
			a(replaceable, `{"properties":{"a":1}}`, has(`{"properties":{"a":2,"provisioningState":"Failed"}}`), managed(), never, retains),
			`PUT Create {"properties":{"a":1}} as Updating` + drifted, ""},
	})
}

func TestSpecHash(t *testing.T) {
	base := specHash(a(secretive, spec1, secrets(secret("/properties/password", "h1"))))
	for name, other := range map[string]situation{
		"another value":          a(secretive, `{"properties":{"a":2}}`, secrets(secret("/properties/password", "h1"))),
		"another Secret":         a(secretive, spec1, secrets(secret("/properties/password", "h2"))),
		"another word":           a(secretive, spec1, secrets(secret("/properties/password", "h1")), noted(v1alpha1.AnnotationReconcileRequestedAt, "x")),
		"no Secret":              a(secretive, spec1),
		"another write-only one": a(secretive, spec1, secrets(secret("/properties/first", "h1"))),
	} {
		if specHash(other) == base {
			t.Errorf("%s makes no difference", name)
		}
	}
	for name, same := range map[string]situation{
		"what was looked up":   a(secretive, spec1, secrets(secret("/properties/password", "h1")), unresolved),
		"what Azure has":       a(secretive, spec1, secrets(secret("/properties/password", "h1")), has(`{}`), managed()),
		"another annotation":   a(secretive, spec1, secrets(secret("/properties/password", "h1")), noted("x", "y")),
		"the same once more":   a(secretive, spec1, secrets(secret("/properties/password", "h1"))),
		"a value without room": a(secretive, spec1, secrets(secret("/properties/password", "h1"), secret("/nowhere/at/all", "h2"))),
	} {
		if specHash(same) != base {
			t.Errorf("%s makes a difference", name)
		}
	}
	if strings.Contains(base, "h1") || len(base) != 64 {
		t.Errorf("the hash is %q", base)
	}
}

func TestCircuit(t *testing.T) {
	s := a(plain, spec1, circuit)
	if got := decide.Circuit(s.Cloud); got != "/circuits/7" {
		t.Errorf("it is %q", got)
	}
	if got := decide.Circuit(nil) + decide.Circuit(&v1alpha1.PrivateCloud{}); got != "" {
		t.Errorf("where none is known it is %q", got)
	}
}
