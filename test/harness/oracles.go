// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/test/armsim"
)

// The oracles: functions over what was recorded and what there is. Each returns what it holds against the operator.

// Effects counts, by verb and resource, the writes that Azure took, as operations: one that was sent twice with one id is one.
func Effects(requests []armsim.Request) map[string]int {
	ids := map[string]map[string]bool{}
	for _, r := range requests {
		if !isWrite(r) || r.Status/100 != 2 {
			continue
		}
		what := r.Method + " " + inGroup.ReplaceAllString(r.Path, "")
		if ids[what] == nil {
			ids[what] = map[string]bool{}
		}
		ids[what][r.CorrelationID] = true
	}
	out := map[string]int{}
	for what, of := range ids {
		out[what] = len(of)
	}
	return out
}

func isWrite(r armsim.Request) bool {
	reads := r.Method == http.MethodGet || strings.HasSuffix(r.Path, "/token") || onlyReads.MatchString(r.Path)
	return !reads
}

// SameEffects is oracle 3: each write took effect as often as without a fault.
func SameEffects(got, want map[string]int) (wrongs []string) {
	for _, what := range sortedKeys(want) {
		if got[what] != want[what] {
			wrongs = append(wrongs, fmt.Sprintf("O3: %s took effect as %d operations, and %d are right", what, got[what], want[what]))
		}
	}
	for _, what := range sortedKeys(got) {
		if _, known := want[what]; !known {
			wrongs = append(wrongs, fmt.Sprintf("O3: %s took effect, which nobody asked for", what))
		}
	}
	return wrongs
}

// AnsweredIDs is the other half of oracle 3: no operation is sent again, with its id, after Azure had answered it.
func AnsweredIDs(calls []Call) (wrongs []string) {
	answered := map[string]Call{}
	for _, c := range calls {
		if c.Seam != ARM || !c.Writes {
			continue
		}
		key := c.CorrelationID + " " + c.What()
		if before, ok := answered[key]; ok && before.Process == c.Process && before.Ended.Before(c.Began) {
			wrongs = append(wrongs, fmt.Sprintf("O3: %s was sent again with the id %s after the answer %d", c.What(), c.CorrelationID, before.Code))
		}
		if c.Code != 0 {
			answered[key] = c
		}
	}
	return wrongs
}

// Honest is oracle 4: every revision keeps the rules of kstatus.
func Honest(revisions []Revision) (wrongs []string) {
	latest := map[string]int64{}
	for _, r := range revisions {
		if r.Event == watch.Deleted || r.Object.GetAPIVersion() != v1alpha1.GroupVersion.String() {
			continue
		}
		who := fmt.Sprintf("%s %s", r.Object.GetKind(), r.Object.GetName())
		for _, wrong := range dishonest(r.Object) {
			wrongs = append(wrongs, fmt.Sprintf("O4: revision %s of %s %s", r.Object.GetResourceVersion(), who, wrong))
		}
		observed, _, _ := unstructured.NestedInt64(r.Object.Object, "status", "observedGeneration")
		key := who + string(r.Object.GetUID())
		if before, seen := latest[key]; seen && observed < before {
			wrongs = append(wrongs, fmt.Sprintf("O4: revision %s of %s has observed generation %d after %d", r.Object.GetResourceVersion(), who, observed, before))
		}
		latest[key] = observed
	}
	return wrongs
}

func dishonest(object *unstructured.Unstructured) (wrongs []string) {
	conditions := map[string]map[string]any{}
	list, _, _ := unstructured.NestedSlice(object.Object, "status", "conditions")
	for _, one := range list {
		if condition, ok := one.(map[string]any); ok {
			kind, _ := condition["type"].(string)
			conditions[kind] = condition
		}
	}
	observed, _, _ := unstructured.NestedInt64(object.Object, "status", "observedGeneration")
	says := func(format string, args ...any) { wrongs = append(wrongs, fmt.Sprintf(format, args...)) }
	if observed > object.GetGeneration() {
		says("has observed generation %d of %d", observed, object.GetGeneration())
	}
	if len(conditions) == 0 {
		if observed > 0 {
			says("has observed its generation and says nothing")
		}
		return wrongs
	}
	ready, reconciling, stalled := conditions[v1alpha1.ConditionReady], conditions[v1alpha1.ConditionReconciling], conditions[v1alpha1.ConditionStalled]
	isReady := ready != nil && ready["status"] == "True"
	_, operates, _ := unstructured.NestedMap(object.Object, "status", "operation")
	switch {
	case ready == nil:
		says("has conditions and no Ready")
	case reconciling != nil && stalled != nil:
		says("is both Reconciling and Stalled")
	case isReady && (reconciling != nil || stalled != nil):
		says("is Ready and not done")
	case !isReady && reconciling == nil && stalled == nil:
		says("is not Ready, and neither Reconciling nor Stalled")
	case isReady && operates:
		says("is Ready with an operation in flight")
	}
	for kind, condition := range conditions {
		if of, _, _ := unstructured.NestedInt64(condition, "observedGeneration"); of > object.GetGeneration() {
			says("has %s of generation %d, which is still to come", kind, of)
		}
		if reason, _ := condition["reason"].(string); reason == "" {
			says("has %s without a reason", kind)
		}
		if (kind == v1alpha1.ConditionReconciling || kind == v1alpha1.ConditionStalled) && condition["status"] != "True" {
			says("has %s that is not True", kind)
		}
	}
	return wrongs
}

// Patient is oracle 5: nothing is asked before the time that an answer named: after 429 nothing of that subscription and kind of verb,
// after any other answer not the same again. A new process cannot know what the one before it was told.
func Patient(calls []Call) (wrongs []string) {
	for i, c := range calls {
		if c.Seam != ARM || c.Code < 400 || c.LeftAlone.IsZero() {
			continue
		}
		for _, later := range calls[i+1:] {
			same := later.Seam == ARM && later.Process == c.Process && later.Subscription == c.Subscription && later.Class == c.Class
			if c.Code != http.StatusTooManyRequests {
				same = same && later.Raw == c.Raw && later.Verb == c.Verb
			}
			if same && later.Began.After(c.Ended) && later.Began.Before(c.LeftAlone) {
				wrongs = append(wrongs, fmt.Sprintf("O5: %s was sent %s before the time that the answer %d to %s had named",
					later.What(), c.LeftAlone.Sub(later.Began), c.Code, c.What()))
			}
		}
	}
	return wrongs
}

var secretKey = regexp.MustCompile(`(?i)password|secret|key|token`)

// Canaries are the secrets of a case: what its Secrets hold, and what the operator logged in with.
func Canaries(revisions []Revision) []string {
	out := []string{ClientSecret, OtherClientSecret}
	for _, r := range revisions {
		if r.Object.GetKind() != "Secret" {
			continue
		}
		data, _, _ := unstructured.NestedStringMap(r.Object.Object, "data")
		for key, encoded := range data {
			if value := decoded(encoded); secretKey.MatchString(key) && len(value) >= 8 && !slices.Contains(out, value) {
				out = append(out, value)
			}
		}
	}
	return out
}

// Discreet is oracle 6: no secret is in an object that is no Secret, in an event, or in the log.
func Discreet(revisions []Revision, lines []string) (wrongs []string) {
	canaries := Canaries(revisions)
	look := func(where, text string) {
		for i, canary := range canaries {
			if strings.Contains(text, canary) {
				wrongs = append(wrongs, fmt.Sprintf("O6: secret number %d is in %s", i, where))
			}
		}
		if strings.Contains(strings.ToLower(text), "bearer ey") {
			wrongs = append(wrongs, fmt.Sprintf("O6: a token is in %s", where))
		}
	}
	for _, r := range revisions {
		object := r.Object
		if object.GetKind() == "Secret" {
			object = &unstructured.Unstructured{Object: map[string]any{"metadata": object.Object["metadata"]}}
		}
		content, err := json.Marshal(object.Object)
		if err != nil {
			wrongs = append(wrongs, fmt.Sprintf("O6: %v", err))
		}
		look(fmt.Sprintf("revision %s of %s %s", r.Object.GetResourceVersion(), r.Object.GetKind(), r.Object.GetName()), string(content))
	}
	for _, line := range lines {
		look("the log: "+line[:min(len(line), 60)], line)
	}
	return wrongs
}

// longestCall is how long a worker may stand in one call that nobody holds up, on a machine that lives many lives at once: whoever waits in a
// call for what Azure takes minutes for, or repeats it until it works, stands there longer.
const longestCall = 10 * time.Second

// Lively is oracle 8, of what was recorded: nothing panicked, and no call held a worker up. stalled says that a fault held calls up.
func Lively(calls []Call, lines []string, stalled bool) (wrongs []string) {
	for _, line := range lines {
		if strings.Contains(line, "Observed a panic") || strings.Contains(line, "panic:") {
			wrongs = append(wrongs, "O8: "+line)
		}
	}
	for _, c := range calls {
		stream := c.Seam == Kubernetes && c.Verb == http.MethodGet || c.Seam == VCenter && strings.HasPrefix(c.Path, "WaitForUpdates")
		if took := c.Ended.Sub(c.Began); !stalled && !stream && !c.Ended.IsZero() && took > longestCall {
			wrongs = append(wrongs, fmt.Sprintf("O8: %s held a worker up for %s", c.What(), took))
		}
	}
	return wrongs
}

// Resting is the second half of oracle 7: the list of writes stops growing, for so long as quiet, within most.
func Resting(writes func() []string, quiet, most time.Duration) (wrongs []string) {
	for deadline := time.Now().Add(most); ; {
		before := writes()
		time.Sleep(quiet)
		after := writes()
		if len(after) == len(before) {
			return nil
		}
		if time.Now().After(deadline) {
			return []string{fmt.Sprintf("O7: it does not come to rest; last %s", after[len(after)-1])}
		}
	}
}

// Guarded is oracle 9, about a call that is about to leave: one that makes the object's thing in Azure, or else one that takes the finalizer
// off the object. there says that the thing is in Azure.
func Guarded(call string, makes bool, object client.Object, there bool) (wrongs []string) {
	switch {
	case makes && !controllerutil.ContainsFinalizer(object, v1alpha1.Finalizer):
		return []string{fmt.Sprintf("O9: %s leaves and its object has no finalizer", call)}
	case !makes && there:
		return []string{fmt.Sprintf("O9: the finalizer goes while %s is in Azure", object.GetAnnotations()[v1alpha1.AnnotationAzureID])}
	}
	return nil
}

// Same is oracles 1 and 2: what there is in the end is what there is without a fault.
func Same(what string, got, want map[string]string) (wrongs []string) {
	for _, key := range sortedKeys(want) {
		switch value, ok := got[key]; {
		case !ok:
			wrongs = append(wrongs, fmt.Sprintf("O2: %s: %s is missing", what, key))
		case value != want[key]:
			wrongs = append(wrongs, fmt.Sprintf("O1: %s: %s is\n    %s\n  and without a fault\n    %s", what, key, value, want[key]))
		}
	}
	for _, key := range sortedKeys(got) {
		if _, ok := want[key]; !ok {
			wrongs = append(wrongs, fmt.Sprintf("O2: %s: %s is left: %s", what, key, got[key]))
		}
	}
	return wrongs
}
