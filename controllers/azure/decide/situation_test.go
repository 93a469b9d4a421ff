// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package decide_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/component-base/featuregate"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/azure/decide"
	"github.com/avs-operator/avs-operator/controllers/azure/diff"
	"github.com/avs-operator/avs-operator/controllers/azure/kind"
	"github.com/avs-operator/avs-operator/controllers/outcome"
)

type (
	thing     = v1alpha1.Segment
	thingKind = kind.Kind[*thing]
	situation = decide.Situation[*thing]
	part      = func(*situation)
)

const (
	theID = arm.ID("/subscriptions/s/resourceGroups/g/providers/Microsoft.AVS/privateClouds/c/workloadNetworks/default/segments/one")
	// owner is the object of these tests, as the owner's tag has it.
	owner = "here/ns/one"
	// specNote keeps what the spec asks for, as JSON: so one type of object serves for kinds of every shape.
	specNote = "spec.test"
)

// jsonOf decodes a body as encoding/json does, which is how bodies of ARM come.
func jsonOf(text string) map[string]any {
	var out map[string]any
	if err := json.Unmarshal([]byte(text), &out); err != nil {
		panic(fmt.Sprintf("%s: %s", text, err))
	}
	return out
}

// aKind is one of which a PATCH changes all, and a PUT mends it; parts make it special.
func aKind(parts ...func(*thingKind)) thingKind {
	k := thingKind{
		Traits:  kind.Traits{Name: "Segment", Segment: "workloadNetworks/default/segments", Mended: kind.ByPUT},
		New:     func() *thing { return &thing{} },
		Desired: func(s *thing) map[string]any { return jsonOf(s.Annotations[specNote]) },
		Observe: func(*thing, *arm.Resource) {},
	}
	for _, part := range parts {
		part(&k)
	}
	return k
}

// The kinds of these tests, each like one of the house.
var (
	plain    = aKind()
	tagged   = aKind(func(k *thingKind) { k.Tagged = true })
	noPatch  = aKind(func(k *thingKind) { k.NoPatch = true })
	withHost = aKind(func(k *thingKind) {
		k.Mended, k.Expensive = kind.BySupport, true
		k.Hosts = &kind.Hosts[*thing]{
			Path: "/properties/clusterSize",
			Size: func(s *thing) (*int32, int32) {
				properties, _ := jsonOf(s.Annotations[specNote])["properties"].(map[string]any)
				if size, ok := properties["clusterSize"].(float64); ok {
					asked := int32(size)
					return &asked, s.Status.Ports
				}
				return nil, s.Status.Ports
			},
		}
	})
	byAction = aKind(func(k *thingKind) {
		k.ChangedBy = "restrictMovement"
		k.Defaults = map[string]any{"/properties/restrictMovement": "Disabled"}
	})
	once = aKind(func(k *thingKind) { k.Once, k.NoPatch = true, true })
	// secretive has a password of its own, one that Azure takes only at first, and one in a list.
	secretive = aKind(func(k *thingKind) {
		k.Rules = diff.Rules{WriteOnly: []string{"/properties/password", "/properties/first", "/properties/sources/*/password"}}
	})
	replaceable = aKind(func(k *thingKind) {
		k.Mended, k.Immutable = kind.ByReplacing, []string{"/properties/fixed"}
	})
)

// a situation of a kind in which the spec asks for a body. What the kind would look up adds nothing, unless unresolved takes Asked away.
func a(k thingKind, spec string, parts ...part) situation {
	object := &thing{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "one", Generation: 3, Annotations: map[string]string{specNote: spec}}}
	object.Status.Effective = &v1alpha1.EffectivePolicies{AdoptionPolicy: v1alpha1.AdoptionPolicyIfUnchanged, DeletionPolicy: v1alpha1.DeletionPolicyDelete}
	s := situation{Kind: k, Object: object, ID: theID, Asked: jsonOf(spec), Owner: owner}
	for _, part := range parts {
		part(&s)
	}
	return s
}

// has says what Azure has.
func has(body string) part {
	return func(s *situation) { s.Actual = &arm.Resource{ID: theID, Body: jsonOf(body)} }
}

// managed says what the spec has set in Azure before.
func managed(paths ...string) part {
	return func(s *situation) { s.Object.Status.Managed = append([]string{decide.ManagedAtAll}, paths...) }
}

func observes(s *situation) { s.Object.Spec.ManagementPolicy = v1alpha1.ManagementPolicyObserve }

func unresolved(s *situation) { s.Asked = nil }

func leaving(s *situation) { s.Object.DeletionTimestamp = &metav1.Time{Time: time.Unix(1, 0)} }

func adopts(policy v1alpha1.AdoptionPolicy) part {
	return func(s *situation) { s.Object.Status.Effective.AdoptionPolicy = policy }
}

func retains(s *situation) { s.Object.Status.Effective.DeletionPolicy = v1alpha1.DeletionPolicyRetain }

func noted(annotation, value string) part {
	return func(s *situation) { s.Object.Annotations[annotation] = value }
}

func secrets(all ...decide.Secret) part { return func(s *situation) { s.Secrets = all } }

func secret(path, hmac string) decide.Secret {
	return decide.Secret{SecretValue: kind.SecretValue{Path: path}, HMAC: hmac}
}

func onceOnly(one decide.Secret) decide.Secret {
	one.Once = true
	return one
}

// given are the write-only values that Azure was given last.
func given(values ...v1alpha1.WriteOnlyValue) part {
	return func(s *situation) { s.Object.Status.WriteOnly = values }
}

// failedTo says how the last operation failed.
func failedTo(purpose v1alpha1.OperationPurpose, specHash string) part {
	return func(s *situation) {
		s.Object.Status.Failure = &v1alpha1.OperationFailure{OperationID: "op-1", Code: "Broken", Message: "no", Purpose: purpose, SpecHash: specHash}
	}
}

// with changes the kind of one situation.
func with(change func(*thingKind)) part { return func(s *situation) { change(&s.Kind) } }

func builtIn(k *thingKind) { k.BuiltIn = func(*thing) bool { return true } }

// gates has one feature, on or off.
func gates(on bool) featuregate.FeatureGate {
	all := featuregate.NewFeatureGate()
	if err := all.Add(map[featuregate.Feature]featuregate.FeatureSpec{"Bold": {Default: on, PreRelease: featuregate.Alpha}}); err != nil {
		panic(err)
	}
	return all
}

// row is one situation and what follows from it: all of the decision in short, and a significant part of the sentence.
type row struct {
	name      string
	situation situation
	want      string
	says      string
}

func decideAll(t *testing.T, rows []row) {
	t.Helper()
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			d := decide.Decide(row.situation)
			if got := inShort(d); got != row.want {
				t.Errorf("the decision is\n\t%s\nand should be\n\t%s", got, row.want)
			}
			if !strings.Contains(sentences(d), row.says) {
				t.Errorf("the decision says\n\t%s\nwithout\n\t%s", sentences(d), row.says)
			}
		})
	}
}

// inShort is a decision in one line: what follows; what differs; which condition is known.
func inShort(d decide.Decision) string {
	var parts []string
	switch {
	case d.Stop != nil:
		parts = append(parts, stopped(d.Stop))
	case d.Busy != "":
		parts = append(parts, "busy")
	case d.Gone:
		parts = append(parts, "gone")
	case d.Write != nil:
		parts = append(parts, written(d.Write))
	default:
		parts = append(parts, "nothing")
	}
	for _, item := range d.Drift {
		parts = append(parts, fmt.Sprintf("drift %s %s>%s", item.Path, item.Actual, item.Desired))
	}
	for _, fact := range d.Facts {
		parts = append(parts, fmt.Sprintf("%s %s %s", fact.Condition, fact.Status, fact.Reason))
	}
	if d.AppliedHosts != nil {
		parts = append(parts, fmt.Sprintf("hosts %d", *d.AppliedHosts))
	}
	return strings.Join(parts, " | ")
}

func stopped(o *outcome.Outcome) string { return fmt.Sprintf("%s %s %s", o.Kind, o.Reason, o.After) }

func written(w *decide.Write) string {
	text := string(w.Verb)
	for _, more := range []string{string(w.Purpose), w.Action, w.Word} {
		if more != "" {
			text += " " + more
		}
	}
	if w.Body != nil {
		body, _ := json.Marshal(w.Body)
		text += " " + string(body)
	}
	return text + " as " + w.Reason
}

// sentences are all that a decision says to a person.
func sentences(d decide.Decision) string {
	texts := []string{d.Busy}
	if d.Stop != nil {
		texts = append(texts, d.Stop.Message)
	}
	if d.Write != nil {
		texts = append(texts, d.Write.Message)
	}
	for _, fact := range d.Facts {
		texts = append(texts, fact.Message)
	}
	return strings.Join(texts, "\n")
}

// specHash is what a failure keeps of the situation's spec.
func specHash(s situation) string { return s.SpecHash() }

// hashOf is what an operation keeps of the write that is decided.
func hashOf(t *testing.T, s situation, w *decide.Write) string {
	t.Helper()
	hash, _, err := s.Hash(w)
	if err != nil {
		t.Fatal(err)
	}
	return hash
}

// rootOfThings makes a kind one that stands in a resource group.
var rootOfThings kind.Root[*thing]

func locates(k *thingKind) {
	k.Locate = func(context.Context, kind.World[*thing], arm.ID) (string, *outcome.Outcome) { return "x", nil }
}
