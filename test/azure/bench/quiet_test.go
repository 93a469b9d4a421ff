// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/test/armsim"
	"github.com/avs-operator/avs-operator/test/env"
)

// mostListsACloud is how many collections of a private cloud may be listed, each once a minute.
const mostListsACloud = 25

// listedFor is how long a converged fleet is watched, in Azure's time.
const listedFor = 10 * time.Minute

// judgeQuiet watches the fleet, which is converged.
func (f *fleet) judgeQuiet(t *testing.T) {
	t.Helper()
	// What follows the last operation: five-second lists for a minute, and the reconciles of whatever they wake, which no speed shortens.
	time.Sleep(max(f.real(2*time.Minute), 3*time.Second))
	from := time.Now()
	time.Sleep(f.real(listedFor))
	until := time.Now()
	lists, others := map[string]int{}, 0
	for _, r := range f.Azure.Requests() {
		if r.At.Before(from) || r.At.After(until) || r.Principal == "" {
			continue
		}
		switch {
		case isList(r):
			lists[r.Path]++
		case !isLaterPage(r):
			others++
			t.Errorf("converged, and yet %s %s", r.Method, r.Path)
		}
	}
	minutes, clouds := f.scaled(until.Sub(from)).Minutes(), map[string]int{}
	for path, count := range lists {
		clouds[f.cloudOf(path)]++
		if float64(count) > minutes+1 {
			t.Errorf("%s was listed %d times in %.1f minutes", path, count, minutes)
		}
		if len(f.in(path)) == 0 {
			t.Errorf("%s was listed, and no object is in it", path)
		}
	}
	total := 0
	for _, count := range lists {
		total += count
	}
	t.Logf("converged: %d LISTs a minute of Azure's time for %d objects in %d collections, at most %d a private cloud; %d other requests",
		int(float64(total)/minutes+0.5), len(f.objects()), len(lists), slices.Max(slices.Collect(maps.Values(clouds))), others)
	for cloud, count := range clouds {
		if cloud != "" && count > mostListsACloud {
			t.Errorf("%d collections of %s are listed", count, cloud)
		}
	}
	f.judgeSilence(t, from, until)
}

// judgeSilence looks for writes to the API server.
func (f *fleet) judgeSilence(t *testing.T, from, until time.Time) {
	t.Helper()
	entries, err := cluster.ControlPlane.Audit()
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.User == env.OperatorUser && e.Time.After(from) && e.Time.Before(until) && !slices.Contains([]string{"get", "list", "watch"}, e.Verb) &&
			e.Resource != "leases" {
			t.Errorf("converged, and yet %s %s", e.Verb, e.URI)
		}
	}
}

// mostUnseen is how long a change behind the operator's back may stay unseen, in Azure's time.
const mostUnseen = 70 * time.Second

// judgeDrift changes segments behind the operator's back. The wait for a list is Azure's time; what follows it is ours, and is counted as it is.
func (f *fleet) judgeDrift(t *testing.T) {
	t.Helper()
	var slowest time.Duration
	for i, c := range f.clouds {
		for _, child := range c.children {
			segment, ok := child.(*v1alpha1.Segment)
			if !ok {
				continue
			}
			id := c.id + "/workloadNetworks/default/segments/" + segment.Spec.AzureName
			time.Sleep(f.real(time.Duration(7*i%60) * time.Second)) // at any moment between two lists
			slowest = max(slowest, f.drift(t, id))
			break
		}
	}
	t.Logf("a change behind the operator's back was seen, and being mended, after %s at most (of %d)", slowest.Round(time.Second), len(f.clouds))
	if slowest > mostUnseen {
		t.Errorf("that is more than %s", mostUnseen)
	}
}

// drift changes one segment, and returns how long it took until the operator's PATCH came.
func (f *fleet) drift(t *testing.T, id string) time.Duration {
	t.Helper()
	changed := time.Now()
	if err := f.Azure.SetInAzure(id, map[string]any{"properties": map[string]any{"subnet": map[string]any{"gatewayAddress": "10.99.0.1/24"}}}); err != nil {
		t.Fatal(err)
	}
	for deadline := changed.Add(f.real(10*time.Minute) + time.Minute); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		var seen time.Time
		for _, r := range f.Azure.Requests() {
			switch {
			case r.At.Before(changed):
			case seen.IsZero() && isList(r) && strings.HasPrefix(strings.ToLower(id), r.Path+"/"):
				seen = r.At
			case !seen.IsZero() && r.Method == http.MethodPatch && r.Path == strings.ToLower(id):
				return f.scaled(seen.Sub(changed)) + r.At.Sub(seen)
			}
		}
	}
	t.Fatalf("a change of %s behind the operator's back has not been mended", id)
	return 0
}

// isList says that a request asks for a collection; a later page of an answer is no list of its own.
func isList(r armsim.Request) bool {
	_, below, ok := strings.Cut(strings.ReplaceAll(r.Path, "workloadnetworks/default/", ""), "/providers/microsoft.avs/")
	return ok && strings.Count(below, "/")%2 == 0 && !isLaterPage(r)
}

func isLaterPage(r armsim.Request) bool {
	return strings.Contains(strings.ToLower(r.Query), "skiptoken")
}

func (f *fleet) cloudOf(path string) string {
	for _, c := range f.clouds {
		if strings.HasPrefix(path, strings.ToLower(c.id)+"/") {
			return c.object.Name
		}
	}
	return ""
}

// in are the ids of Azure's resources directly in a collection that an object of the fleet stands for, by Azure's own word.
func (f *fleet) in(collection string) (out []string) {
	for _, id := range f.Azure.Resources(collection + "/") {
		if !strings.Contains(strings.TrimPrefix(id, collection+"/"), "/") {
			out = append(out, id)
		}
	}
	return out
}

func (f *fleet) real(azures time.Duration) time.Duration {
	return time.Duration(float64(azures) / f.Speed)
}
