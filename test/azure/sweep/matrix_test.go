// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sweep

import (
	_ "embed"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/azure/kinds"
	"github.com/avs-operator/avs-operator/test/harness"
)

//go:embed matrix.txt
var matrixText string

// cell of the matrix.
type cell struct {
	fault, column string
	// position of the request that meets it among those of its kind.
	position int
	// reason that the conditions give, empty if that is free; pace before the same is asked again; ends says that nobody but a person goes on.
	reason string
	pace   time.Duration
	ends   bool
}

func (c cell) String() string {
	return fmt.Sprintf("%s at the %s %s", c.fault, []string{"first", "middle", "last"}[c.position], c.column)
}

// cells reads matrix.txt.
func cells() ([]cell, error) {
	columns := []string{"GET", "LIST", "poll", "PUT", "PATCH", "DELETE", "POST"}
	var out []cell
	for _, line := range strings.Split(matrixText, "\n") {
		fields := strings.Fields(line)
		if len(fields) == 0 || fields[0] == "#" || strings.HasPrefix(fields[0], "#") {
			continue
		}
		if len(fields) != 1+len(columns) {
			return nil, fmt.Errorf("matrix.txt: %d fields in %q", len(fields), line)
		}
		if _, ok := faults[fields[0]]; !ok {
			return nil, fmt.Errorf("matrix.txt: there is no fault %q", fields[0])
		}
		for i, says := range fields[1:] {
			if says == "-" {
				continue
			}
			c := cell{fault: fields[0], column: columns[i]}
			if err := c.read(says); err != nil {
				return nil, fmt.Errorf("matrix.txt: %s, %s: %w", c.fault, c.column, err)
			}
			for c.position = range 3 {
				out = append(out, c)
			}
		}
	}
	return out, nil
}

func (c *cell) read(says string) (err error) {
	if says == "ok" {
		return nil
	}
	says, c.ends = strings.CutSuffix(says, "!")
	reason, pace, paced := strings.Cut(says, "/")
	if c.reason = reason; paced {
		c.pace, err = time.ParseDuration(pace)
	}
	return err
}

// TestFaultMatrix lets Azure answer each kind of request with each kind of fault, and holds what becomes of it to matrix.txt.
func TestFaultMatrix(t *testing.T) {
	all, err := cells()
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 350 {
		t.Errorf("the matrix has %d cells, and 350 are promised", len(all))
	}
	for _, c := range all {
		if chosen("fault " + c.String()) {
			t.Run(c.String(), func(t *testing.T) {
				t.Parallel()
				c.run(t)
			})
		}
	}
}

// undisturbed are the ends of the same lives without a fault, each lived once for all cells that need it.
var undisturbed sync.Map

type calm struct {
	once sync.Once
	end  harness.End
	held bool
}

// undisturbedEnd is how the life of the cell ends when nothing goes wrong.
func (c cell) undisturbedEnd(t *testing.T) harness.End {
	t.Helper()
	made, _ := undisturbed.LoadOrStore(fmt.Sprintf("%s %d", c.column, c.position), &calm{})
	life := made.(*calm)
	life.once.Do(func() { // whatever ends the test in here leaves held false, for the others too
		plain := cell{column: c.column, position: c.position}
		l, end, wrongs := plain.live(t, nil)
		held(t, append(wrongs, l.Close()...), l)
		life.end, life.held = end, !t.Failed()
	})
	if !life.held {
		t.Fatal("the same life without a fault does not hold")
	}
	return life.end
}

func (c cell) run(t *testing.T) {
	want := c.undisturbedEnd(t)
	f := faults[c.fault]
	l, end, wrongs := c.live(t, &f)
	if !c.ends {
		wrongs = append(wrongs, harness.Same("Azure", end.Azure, want.Azure)...)
		wrongs = append(wrongs, harness.Same("Kubernetes", end.Kubernetes, want.Kubernetes)...)
	}
	wrongs = append(wrongs, c.onlyOnce(l, f, want)...)
	if c.reason != "" && !said(l.History, c.reason, 10*time.Second) {
		wrongs = append(wrongs, fmt.Sprintf("no condition ever gave the reason %s; given were %v", c.reason, reasons(l.History)))
	}
	wrongs = append(wrongs, c.paced(l)...)
	held(t, append(wrongs, l.Close()...), l)
}

// live goes through the life of the cell: as many rounds as its request needs, the last of them with the fault.
func (c cell) live(t *testing.T, f *fault) (*harness.Life, harness.End, []string) {
	t.Helper()
	kind := "Cluster"
	if c.column == "POST" {
		kind = "PrivateCloud"
	}
	s, _ := subject(t, kinds.All[slices.IndexFunc(kinds.All, func(k kinds.Kind) bool { return k.Name == kind })])
	l := harness.NewLife(t, cluster, hub, s)
	l.Held = f != nil && f.held
	met := func() bool { return true }
	arm := func(skip int) {
		if f != nil {
			met = f.inject(l, c.column, skip)
		}
	}
	last := harness.Create
	reached := func(phase harness.Phase, now bool) {
		if last = phase; !now || !c.ends {
			l.Reached(phase)
		}
	}
	switch c.column {
	case "LIST":
		arm(c.position)
		l.Begin(harness.Create)
		reached(harness.Create, true)
	case "GET", "poll":
		// The first is met by the create, the middle by the update, the last by the delete.
		for i, phase := range []harness.Phase{harness.Create, harness.Edit, harness.Delete}[:c.position+1] {
			if i == c.position {
				arm(0)
			}
			l.Begin(phase)
			reached(phase, i == c.position)
		}
	case "PUT", "DELETE":
		c.madeAndDeleted(l, arm, reached)
	case "PATCH", "POST":
		l.Begin(harness.Create)
		reached(harness.Create, false)
		for round := range c.position + 1 {
			if round == c.position {
				arm(0)
			}
			l.Patch(c.edit(round))
			reached(harness.Edit, round == c.position)
		}
	}
	if f != nil && c.ends {
		last = harness.Create
		cluster.WaitCondition(t, time.Minute, l.Object(), v1alpha1.ConditionStalled, "True")
		wrongs := l.Silent()
		return l, harness.End{}, wrongs
	}
	end, wrongs := l.Finish(last)
	end.Effects = harness.Effects(l.Azure.Requests())
	if !met() {
		wrongs = append(wrongs, "the fault met no request, so this was no test of it")
	}
	return l, end, wrongs
}

// madeAndDeleted makes the resource and deletes it, again and again.
func (c cell) madeAndDeleted(l *harness.Life, arm func(int), reached func(harness.Phase, bool)) {
	for round := range c.position + 1 {
		now := round == c.position
		if now && c.column == "PUT" {
			arm(0)
		}
		l.Begin(harness.Create)
		reached(harness.Create, now && c.column == "PUT")
		if now && c.column == "PUT" {
			return
		}
		if now {
			arm(0)
		}
		l.Begin(harness.Delete)
		reached(harness.Delete, now)
	}
}

// edit is the change of a round: one host more, or another word for a password.
func (c cell) edit(round int) map[string]any {
	if c.column == "PATCH" {
		return map[string]any{"spec": map[string]any{"clusterSize": 4 + round}}
	}
	word := fmt.Sprintf("two and %d", round)
	field := []string{"vcenterRotation", "nsxtRotation", "vcenterRotation"}[round]
	return map[string]any{"spec": map[string]any{"credentials": map[string]any{field: word}}}
}

// onlyOnce is oracle 3 of a cell: nothing took effect more often than without a fault, but for what came to nothing the first time.
func (c cell) onlyOnce(l *harness.Life, f fault, want harness.End) (wrongs []string) {
	log := l.Azure.Requests()
	for i := range log {
		if log[i].Status == 0 {
			log[i].Status = http.StatusOK // its answer was lost, so it may have taken effect
		}
	}
	for what, n := range harness.Effects(log) {
		most := want.Effects[what]
		if strings.HasPrefix(what, c.column) {
			most += f.twice
		}
		if n > most {
			wrongs = append(wrongs, fmt.Sprintf("O3: %s took effect as %d operations, and %d are right", what, n, most))
		}
	}
	return wrongs
}

// paced fails what was asked again too soon after the fault's answer.
func (c cell) paced(l *harness.Life) (wrongs []string) {
	if c.pace == 0 {
		return nil
	}
	status := faults[c.fault].azure.Status
	calls := l.History.Calls()
	for i, hit := range calls {
		if hit.Seam != harness.ARM || hit.Code != status || !matches(c.column, hit) {
			continue
		}
		for _, again := range calls[i+1:] {
			if again.Seam == harness.ARM && again.Verb == hit.Verb && again.Raw == hit.Raw {
				if after := again.Began.Sub(hit.Ended); after < c.pace/harness.Speed {
					wrongs = append(wrongs, fmt.Sprintf("%s was asked again after %s, which is %s of Azure's time and not %s", hit.What(), after, after*harness.Speed, c.pace))
				}
				break
			}
		}
	}
	return wrongs
}

func matches(column string, c harness.Call) bool {
	r := requests[column]
	return c.Verb == r.verb && (r.path == nil || r.path.MatchString(lower(c.Raw)))
}

func lower(text string) string { return strings.ToLower(text) }

// reasons that the conditions of the subject gave, in order.
func reasons(h *harness.History) (out []string) {
	for _, r := range h.Revisions() {
		conditions, _, _ := unstructured.NestedSlice(r.Object.Object, "status", "conditions")
		for _, one := range conditions {
			condition, _ := one.(map[string]any)
			reason, _ := condition["reason"].(string)
			if (condition["type"] == v1alpha1.ConditionReconciling || condition["type"] == v1alpha1.ConditionStalled) && !slices.Contains(out, reason) {
				out = append(out, reason)
			}
		}
	}
	return out
}

// said waits a moment: what the API server has stored is told by a watch, later.
func said(h *harness.History, reason string, within time.Duration) bool {
	for deadline := time.Now().Add(within); !slices.Contains(reasons(h), reason); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			return false
		}
	}
	return true
}
