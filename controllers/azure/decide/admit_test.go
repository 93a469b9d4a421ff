// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package decide_test

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/component-base/featuregate"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/azure/decide"
	"github.com/avs-operator/avs-operator/controllers/outcome"
)

const (
	spec1   = `{"properties":{"a":1}}`
	inSync  = " | InSync True InSync"
	drifted = " | drift /properties/a 2>1 | InSync False Drifted"
	absent  = " | InSync False NotFoundInAzure"
)

func TestWhatIsThereAndAsTheSpecAsks(t *testing.T) {
	decideAll(t, []row{
		{"managed and equal", a(plain, spec1, has(spec1), managed()), "nothing" + inSync, "Azure equals the spec"},
		{"adopted because it is equal", a(plain, spec1, has(spec1)), "nothing" + inSync, ""},
		{"observed", a(plain, spec1, has(spec1), observes), "nothing" + inSync, ""},
		{"of an object that is being deleted nothing is decided", a(plain, spec1, has(`{}`), managed(), leaving), "nothing", ""},
		{"nor if it is not there", a(plain, spec1, leaving), "nothing", ""},
	})
}

func TestFeatureGates(t *testing.T) {
	bold := with(func(k *thingKind) {
		k.Gated = func(s *thing) (string, featuregate.Feature, string) {
			if s.Spec.DisplayName == "" {
				return "", "", ""
			}
			return "displayName", "Bold", "it bites"
		}
	})
	sets := func(s *situation) { s.Object.Spec.DisplayName = "x" }
	gate := func(on bool) part { return func(s *situation) { s.Features = gates(on) } }
	const refused = "Stall FeatureDisabled 1h0m0s"
	decideAll(t, []row{
		{"off", a(plain, spec1, bold, sets, gate(false), has(`{"properties":{"a":2}}`), managed()), refused + drifted,
			"displayName needs the feature gate Bold, which is off: it bites. Take it out of the spec"},
		{"off, and nothing is there", a(plain, spec1, bold, sets, gate(false)), refused, "nothing is written before"},
		{"no gates at all", a(plain, spec1, bold, sets), refused, ""},
		{"on", a(plain, spec1, bold, sets, gate(true), has(spec1), managed()), "nothing" + inSync, ""},
		{"the field is not set", a(plain, spec1, bold, gate(false), has(spec1), managed()), "nothing" + inSync, ""},
		{"nothing is written for who observes", a(plain, spec1, bold, sets, gate(false), has(spec1), observes), "nothing" + inSync, ""},
		{"before Azure's work is waited for", a(plain, `{}`, bold, sets, gate(false), has(`{"properties":{"provisioningState":"Updating"}}`), managed()),
			refused + inSync, ""},
	})
}

func TestAbsence(t *testing.T) {
	ran := noted(v1alpha1.AnnotationRan, string(theID))
	const creates = `PUT Create {"properties":{"a":1}} as Creating` + absent
	decideAll(t, []row{
		{"it is made", a(plain, spec1), creates, "it is not in Azure yet"},
		{"it was managed, and costs little: it is made again", a(plain, spec1, managed()), creates, "it is not in Azure yet"},
		{"who observes makes nothing", a(plain, spec1, observes), "Wait NotFoundInAzure 0s" + absent,
			"Azure has no " + string(theID) + ", and with managementPolicy Observe it is not made"},
		{"a takeover makes nothing", a(plain, spec1, adopts(v1alpha1.AdoptionPolicyTakeover)), "Stall NotFoundInAzure 1h0m0s" + absent,
			"with adoptionPolicy: Takeover nothing is made: correct the name"},
		{"after a takeover it is managed like others", a(plain, spec1, adopts(v1alpha1.AdoptionPolicyTakeover), managed()), creates, ""},
		{"what comes with the private cloud is waited for", a(plain, spec1, with(builtIn)), "Wait NotFoundInAzure 2m0s" + absent,
			"it comes with the private cloud and is not there yet"},
		{"what comes and goes is looked for", a(byAction, spec1), "gone", ""},
		{"also by who observes", a(byAction, spec1, observes), "gone", ""},
		{"an act is done", a(once, spec1), creates, ""},
		{"an act was done", a(once, spec1, ran), "Done Ready 0s" + inSync, "it has run; Azure does not keep it any longer"},
		{"an act was done under the id before a move", a(once, spec1,
			noted(v1alpha1.AnnotationRan, "/subscriptions/OLD/resourceGroups/g/providers/Microsoft.AVS/privateClouds/c/workloadNetworks/default/segments/one"), moved),
			"Done Ready 0s" + inSync, "it has run"},
		{"another act was done", a(once, spec1, noted(v1alpha1.AnnotationRan, "/subscriptions/x")), creates, ""},
		{"nobody knows how an act ended", a(once, spec1, noted(v1alpha1.AnnotationRan, string(theID)+decide.OutcomeUnknown)),
			"Stall OperationOutcomeUnknown 1h0m0s" + inSync, "so nobody can say how it ended"},
		{"an act was done before a takeover", a(once, spec1, ran, adopts(v1alpha1.AdoptionPolicyTakeover)), "Done Ready 0s" + inSync, "it has run"},
		{"only an act has run", a(plain, spec1, ran), creates, ""},
		{"who observes an act only looks", a(once, spec1, ran, observes), "Wait NotFoundInAzure 0s" + absent, "managementPolicy Observe"},
		{"what follows later is left out at first",
			a(plain, `{"properties":{"a":1,"b":{"c":2}}}`, with(func(k *thingKind) { k.Later = []string{"/properties/b/c"} })), creates, ""},
	})
}

// moved says that the private cloud was in another subscription before.
func moved(s *situation) {
	s.Cloud = &v1alpha1.PrivateCloud{}
	s.Cloud.Status.ID = "/subscriptions/s/resourceGroups/g/providers/Microsoft.AVS/privateClouds/c"
	s.Cloud.Status.FormerIDs = []string{"/subscriptions/old/resourceGroups/g/providers/Microsoft.AVS/privateClouds/c"}
}

func TestWhatCostsMuchIsNotMadeASecondTimeByItself(t *testing.T) {
	gone := time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)
	dear := with(func(k *thingKind) { k.Expensive = true })
	said := func(reason string) part {
		return func(s *situation) {
			s.Object.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionReady, Reason: reason, LastTransitionTime: metav1.NewTime(gone)}}
		}
	}
	asked := func(at string) part { return noted(v1alpha1.AnnotationRecreateRequestedAt, at) }
	const stalls = "Stall NotFoundInAzure 1h0m0s" + absent
	const creates = `PUT Create {"properties":{"a":1}} as Creating` + absent
	notFound := said(v1alpha1.ReasonNotFoundInAzure)
	decideAll(t, []row{
		{"it was never there", a(plain, spec1, dear), creates, "not in Azure yet"},
		{"somebody deleted it", a(plain, spec1, dear, managed()), stalls,
			"kubectl annotate segment one --namespace ns --overwrite avs-operator.io/recreate-requested-at=$(date -u +%FT%TZ); to do without it"},
		{"and its fact says so", a(plain, spec1, dear, managed()), stalls, "it is not in Azure any more"},
		{"a root may have been moved", a(plain, spec1, dear, managed(), with(func(k *thingKind) { k.Root = &rootOfThings })), stalls,
			"if it was moved, say where, with spec.subscriptionID"},
		{"its creation is on its way", a(plain, spec1, dear, managed(), func(s *situation) { s.Object.Status.Operation = &v1alpha1.Operation{} }), creates, ""},
		{"its creation failed", a(plain, spec1, dear, managed(), failedTo(v1alpha1.OperationCreates, "")), creates, ""},
		{"an update failed", a(plain, spec1, dear, managed(), failedTo(v1alpha1.OperationUpdates, "")), stalls, ""},
		{"asked before it was known to be gone", a(plain, spec1, dear, managed(), asked("2026-05-04T13:00:00Z")), stalls, "TZ); to do"},
		{"asked while it was still thought to be ready", a(plain, spec1, dear, managed(), asked("2026-05-04T13:00:00Z"), said(v1alpha1.ReasonReady)),
			stalls, "TZ); to do"},
		{"asked after that", a(plain, spec1, dear, managed(), asked("2026-05-04T13:00:00Z"), notFound), creates, "not in Azure yet"},
		{"asked at a time before it", a(plain, spec1, dear, managed(), asked("2026-05-04T12:00:00Z"), notFound), stalls,
			`(the annotation says "2026-05-04T12:00:00Z", which is not a time after 2026-05-04T12:00:00Z)`},
		{"asked with what is no time", a(plain, spec1, dear, managed(), asked("now"), notFound), stalls, `(the annotation says "now", which is not a time after`},
		{"a root, asked with what is no time", a(plain, spec1, dear, managed(), asked("now"), notFound, with(func(k *thingKind) { k.Root = &rootOfThings })), stalls,
			`by itself (the annotation says "now"`},
	})
}

func TestAdoption(t *testing.T) {
	const never, always, takeover = v1alpha1.AdoptionPolicyNever, v1alpha1.AdoptionPolicyAlways, v1alpha1.AdoptionPolicyTakeover
	other := has(`{"properties":{"a":2}}`)
	const patch = `PATCH {"properties":{"a":1}} as Updating`
	const refused = "Stall AdoptionRefused 1h0m0s"
	named := with(func(k *thingKind) { k.AzureName = func(*thing) string { return "x" } })
	decideAll(t, []row{
		{"it differs", a(plain, spec1, other), refused + drifted,
			"/properties/a is 2 and should be 1. Change the spec to what Azure has, or set adoptionPolicy: Always"},
		{"it differs and is changed", a(plain, spec1, other, adopts(always)), patch + drifted, ""},
		{"who observes adopts nothing", a(plain, spec1, other, observes, adopts(never)), patch + drifted, ""},
		{"never", a(plain, spec1, has(spec1), adopts(never)), refused + inSync, "adoptionPolicy is Never: choose another azureName, or allow its adoption"},
		{"never, and the name follows from the spec", a(plain, spec1, has(spec1), adopts(never), named), refused + inSync,
			"adoptionPolicy is Never: allow its adoption"},
		{"never, and Azure has named it", a(plain, spec1, has(spec1), adopts(never), with(locates)), refused + inSync, "adoptionPolicy is Never: allow its adoption"},
		{"once it is managed the policy is past", a(plain, spec1, other, managed(), adopts(never)), patch + drifted, ""},
		{"what comes with the private cloud is changed", a(plain, spec1, other, with(builtIn)), patch + drifted, ""},
		{"unless never", a(plain, spec1, other, with(builtIn), adopts(never)), refused + drifted, "adoptionPolicy is Never"},
		{"a takeover of what is equal", a(plain, spec1, has(spec1), adopts(takeover)), "nothing" + inSync, ""},
		{"a takeover changes nothing", a(plain, spec1, other, adopts(takeover)), refused + drifted,
			"with adoptionPolicy: Takeover nothing is changed, and Azure differs from the spec: /properties/a is 2"},
		{"after a takeover it is changed", a(plain, spec1, other, adopts(takeover), managed()), patch + drifted, ""},
		{"there is nothing to adopt with the defaults of an action",
			a(byAction, `{"properties":{"restrictMovement":"Enabled"}}`, has(`{"properties":{"restrictMovement":"Disabled"}}`), adopts(never)),
			`POST restrictMovement {"restrictMovement":"Enabled"} as Updating | drift /properties/restrictMovement "Disabled">"Enabled" | InSync False Drifted`, ""},
		{"what somebody has changed by it there is",
			a(byAction, `{"properties":{"restrictMovement":"Enabled"}}`, has(`{"properties":{"restrictMovement":"Enabled"}}`), adopts(never)),
			refused + inSync, "Never"},
	})
}

func TestOwnersByTheirTag(t *testing.T) {
	of := func(owner string) part {
		return has(`{"properties":{"a":1},"tags":{"avs-operator-owner":"` + owner + `"}}`)
	}
	const refused = "Stall AlreadyManaged 1h0m0s | InSync True InSync"
	const takes = `PATCH {"tags":{"avs-operator-owner":"here/ns/one"}} as Updating` + inSync
	decideAll(t, []row{
		{"ours, of a status that was lost", a(tagged, spec1, of(owner)), "nothing" + inSync, ""},
		{"ours, though adoption is refused", a(tagged, spec1, of(owner), adopts(v1alpha1.AdoptionPolicyNever)), "nothing" + inSync, ""},
		{"ours, of a status that was lost, and changed meanwhile", a(tagged, spec1, has(`{"properties":{"a":2},"tags":{"avs-operator-owner":"here/ns/one"}}`)),
			`PATCH {"properties":{"a":1}} as Updating` + drifted, ""},
		{"nobody's", a(tagged, spec1, has(spec1)), takes, ""},
		{"another's", a(tagged, spec1, of("there/ns/one")), refused,
			"another object manages it: the tag avs-operator-owner of " + string(theID) + " says there/ns/one"},
		{"another's, which is told before that it differs", a(tagged, `{"properties":{"a":3}}`, of("there/ns/one")),
			"Stall AlreadyManaged 1h0m0s | drift /properties/a 1>3 | InSync False Drifted", "another object manages it"},
		{"another's, and always", a(tagged, spec1, of("there/ns/one"), adopts(v1alpha1.AdoptionPolicyAlways)), takes, ""},
		{"another's, and taken over", a(tagged, spec1, of("there/ns/one"), adopts(v1alpha1.AdoptionPolicyTakeover)), takes, ""},
		{"ours, and taken over by another", a(tagged, spec1, of("there/ns/one"), managed()), refused,
			"another object has taken it over: the tag avs-operator-owner of"},
		{"taken back", a(tagged, spec1, of("there/ns/one"), managed(), adopts(v1alpha1.AdoptionPolicyAlways)), takes, ""},
		{"ours, and somebody took the tag away", a(tagged, spec1, has(spec1), managed()), takes, ""},
		{"who observes minds no owner", a(tagged, spec1, of("there/ns/one"), managed(), observes), "nothing" + inSync, ""},
		{"kinds without tags have no owners", a(plain, spec1, of("there/ns/one"), managed()), "nothing" + inSync, ""},
	})
}

func TestWhileAzureWorksOnIt(t *testing.T) {
	decideAll(t, []row{
		{"nothing is written", a(plain, spec1, has(`{"properties":{"provisioningState":"Updating","a":2}}`), managed()), "busy" + drifted,
			"Azure works on it (Updating), and nothing is written before that ends"},
		{"nor by who observes", a(plain, spec1, has(`{"properties":{"provisioningState":"Updating","a":2}}`), observes), "busy" + drifted, ""},
		{"whose it is comes first", a(plain, spec1, has(`{"properties":{"provisioningState":"Updating","a":2}}`)), "Stall AdoptionRefused 1h0m0s" + drifted, ""},
		{"a state that nobody knows is one that passes", a(plain, spec1, has(`{"properties":{"provisioningState":"Pondering","a":1}}`), managed()),
			"busy" + inSync, "(Pondering)"},
	})
}

func TestJudges(t *testing.T) {
	judge := with(func(k *thingKind) {
		k.Judge = func(_ *thing, actual *arm.Resource) *outcome.Outcome {
			if actual.String("/properties/health") == "bad" {
				return outcome.Stall(v1alpha1.ReasonOperationFailed, "it is ill")
			}
			return nil
		}
	})
	decideAll(t, []row{
		{"bad", a(plain, spec1, judge, has(`{"properties":{"a":2,"health":"bad"}}`), managed()), "Stall OperationFailed 1h0m0s" + drifted, "it is ill"},
		{"good", a(plain, spec1, judge, has(`{"properties":{"a":2}}`), managed()), `PATCH {"properties":{"a":1}} as Updating` + drifted, ""},
		{"a judge's word replaces the loop's about Failed", a(plain, spec1, judge, has(`{"properties":{"a":1,"provisioningState":"Failed"}}`), managed()),
			"nothing" + inSync, ""},
		{"not while Azure works on it", a(plain, spec1, judge, has(`{"properties":{"a":1,"health":"bad","provisioningState":"Updating"}}`), managed()),
			"busy" + inSync, ""},
	})
}

func TestWhatAzureCannotChange(t *testing.T) {
	fixed := with(func(k *thingKind) { k.Immutable = []string{"/properties/fixed", "/properties/password"} })
	decideAll(t, []row{
		{"the spec has another value", a(plain, `{"properties":{"fixed":{"deep":1}}}`, fixed, has(`{"properties":{"fixed":{"deep":2}}}`), managed()),
			"Stall ImmutableFieldChanged 1h0m0s | drift /properties/fixed/deep 2>1 | InSync False Drifted",
			"Azure has 2 for /properties/fixed/deep and cannot change it to 1: correct the spec, or make another resource"},
		{"Azure has none", a(plain, `{"properties":{"fixed":1}}`, fixed, has(`{}`), managed()),
			"Stall ImmutableFieldChanged 1h0m0s | drift /properties/fixed >1 | InSync False Drifted",
			"Azure has absent for /properties/fixed and cannot change it to 1"},
		{"a longer name is another path", a(plain, `{"properties":{"fixedToo":1}}`, fixed, has(`{"properties":{"fixedToo":2}}`), managed()),
			`PATCH {"properties":{"fixedToo":1}} as Updating | drift /properties/fixedToo 2>1 | InSync False Drifted`, ""},
		{"other changes wait for it", a(plain, `{"properties":{"a":1,"fixed":1}}`, fixed, has(`{"properties":{"a":2,"fixed":2}}`), managed()),
			"Stall ImmutableFieldChanged 1h0m0s | drift /properties/a 2>1 | drift /properties/fixed 2>1 | InSync False Drifted", ""},
		{"a Secret has another value", a(secretive, `{}`, fixed, has(`{}`), managed(), secrets(secret("/properties/password", "h"))),
			`Stall ImmutableFieldChanged 1h0m0s | drift /properties/password >"(hidden)" | InSync False Drifted`,
			"the Secret has another value for /properties/password than Azure was given, and Azure cannot change it: set the Secret back"},
		{"who observes is told of the difference alone", a(plain, `{"properties":{"fixed":1}}`, fixed, has(`{"properties":{"fixed":2}}`), observes),
			`PATCH {"properties":{"fixed":1}} as Updating | drift /properties/fixed 2>1 | InSync False Drifted`, ""},
	})
}

func TestHostsLeaveOnlyWhenAsked(t *testing.T) {
	const size3 = `{"properties":{"clusterSize":3}}`
	applied := func(n int32) part { return func(s *situation) { s.Object.Status.Ports = n } }
	const four = " | drift /properties/clusterSize 4>3 | InSync False Drifted"
	const patch = `PATCH {"properties":{"clusterSize":3}} as Updating`
	decideAll(t, []row{
		{"as many as asked", a(withHost, size3, has(size3), managed()), "nothing" + inSync + " | hosts 3", ""},
		{"fewer than asked", a(withHost, size3, has(`{"properties":{"clusterSize":2}}`), managed()),
			patch + " | drift /properties/clusterSize 2>3 | InSync False Drifted", ""},
		{"more than asked, and the spec was lowered", a(withHost, size3, has(`{"properties":{"clusterSize":4}}`), managed(), applied(4)), patch + four, ""},
		{"more than asked, and nobody lowered the spec", a(withHost, size3, has(`{"properties":{"clusterSize":4}}`), managed(), applied(3)),
			"nothing" + four + " | InSync False HostsAboveSpec",
			"Azure has 4 hosts and the spec asks for 3: hosts leave only when the spec is lowered. Set clusterSize to 4 to accept them, or after that to 3"},
		{"more than asked, and the spec was never applied",
			a(withHost, size3, has(`{"properties":{"clusterSize":4}}`), managed()), "nothing" + four + " | InSync False HostsAboveSpec", ""},
		{"what else differs is written", a(withHost, `{"properties":{"a":1,"clusterSize":3}}`, has(`{"properties":{"clusterSize":4}}`), managed()),
			`PATCH {"properties":{"a":1}} as Updating | drift /properties/a >1` + four + " | InSync False HostsAboveSpec", ""},
		{"no number is asked for", a(withHost, `{}`, has(`{"properties":{"clusterSize":4}}`), managed()), "nothing" + inSync, ""},
		{"who observes has none applied", a(withHost, size3, has(size3), observes), "nothing" + inSync, ""},
		{"who observes sees what would be written", a(withHost, size3, has(`{"properties":{"clusterSize":4}}`), observes), patch + four, ""},
		{"a kind without hosts", a(plain, size3, has(`{"properties":{"clusterSize":4}}`), managed()), patch + four, ""},
	})
}

func TestWhatALostStatusCouldStillSay(t *testing.T) {
	mine := noted(v1alpha1.AnnotationAzureID, string(theID))
	for _, row := range []struct {
		name string
		situation
		want bool
	}{
		{"it found the resource, which is as the spec asks", a(plain, spec1, has(spec1), leaving, mine), true},
		{"under the id before a move", a(plain, spec1, has(spec1), leaving, moved,
			noted(v1alpha1.AnnotationAzureID, "/subscriptions/old/resourceGroups/g/providers/Microsoft.AVS/privateClouds/c/workloadNetworks/default/segments/one")),
			true},
		{"it never found it", a(plain, spec1, has(spec1), leaving), false},
		{"it found another", a(plain, spec1, has(spec1), leaving, noted(v1alpha1.AnnotationAzureID, "/subscriptions/x")), false},
		{"it differs", a(plain, spec1, has(`{}`), leaving, mine), false},
		{"nobody can look up what the spec refers to", a(plain, spec1, has(spec1), leaving, mine, unresolved), false},
		{"never adopted", a(plain, spec1, has(spec1), leaving, mine, adopts(v1alpha1.AdoptionPolicyNever)), false},
		{"always, but it differs", a(plain, spec1, has(`{}`), leaving, mine, adopts(v1alpha1.AdoptionPolicyAlways)), false},
		{"a takeover was to change nothing before", a(plain, spec1, has(spec1), leaving, mine, adopts(v1alpha1.AdoptionPolicyTakeover)), false},
		{"the tag says that it is ours, whatever differs", a(tagged, spec1, has(`{"tags":{"avs-operator-owner":"here/ns/one"}}`), leaving, unresolved), true},
		{"the tag says that it is another's", a(tagged, spec1, has(`{"properties":{"a":1},"tags":{"avs-operator-owner":"there/ns/one"}}`), leaving, mine), false},
		{"ours by its tag, but not yet taken over",
			a(tagged, spec1, has(`{"tags":{"avs-operator-owner":"here/ns/one"}}`), leaving, adopts(v1alpha1.AdoptionPolicyTakeover)), false},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got := decide.WouldAdopt(row.situation); got != row.want {
				t.Errorf("it would adopt: %t, and should be %t", got, row.want)
			}
		})
	}
}
