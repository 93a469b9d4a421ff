// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package schedule

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write testdata/starts.txt anew")

// Who starts when, and where, of twelve machines that run and eight that are off, between three hosts on each side. What changes here changes the
// order in which people see machines go: go test ./controllers/move/schedule -update.
func TestWhoStartsWhen(t *testing.T) {
	var jobs []Job
	for i := range 20 {
		live := i < 12
		name := map[bool]string{true: "running", false: "off"}[live]
		jobs = append(jobs, job(fmt.Sprintf("%s-%02d", name, i), live, time.Duration(10+5*(i%4))*time.Minute, i%3))
	}
	waiting, running := queue(jobs...), map[string]time.Duration{}
	used, taken := map[Resource]int{}, map[string]map[Resource]int{}
	var out strings.Builder
	for now := time.Duration(0); waiting.Len() > 0 || len(running) > 0; now += 5 * time.Minute {
		for id, ends := range running {
			if ends <= now {
				for r, n := range taken[id] {
					used[r] -= n
				}
				delete(running, id)
			}
		}
		for _, g := range Schedule(State{Queue: waiting, Used: used, Now: epoch.Add(now)}) {
			j, _ := waiting.Get(g.ID)
			waiting.Remove(g.ID)
			taken[g.ID], running[g.ID] = Charges(&j, g.Host), now+j.Expected
			for r, n := range taken[g.ID] {
				used[r] += n
			}
			fmt.Fprintf(&out, "%3.0f min  %-10s from %s to %s for %.0f min\n", now.Minutes(), g.ID, j.SourceHost.Ref, g.Host.Ref, j.Expected.Minutes())
		}
		if now > 24*time.Hour {
			t.Fatalf("after a day %d have not started", waiting.Len())
		}
	}
	got := out.String()
	if *update {
		if err := os.WriteFile("testdata/starts.txt", []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("testdata/starts.txt")
	if err != nil || string(want) != got {
		t.Errorf("testdata/starts.txt holds\n%s\nand it is\n%s\n%v", want, got, err)
	}
}
