// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package sweep lets everything go wrong that can go wrong between the operator, the API server and Azure, one thing at a time and
// everywhere: the operator dies around each of its writes in the life of every kind, Azure answers each kind of request with each kind of
// fault, and the leader changes in the middle of operations. After each case the oracles of package harness are asked.
//
// make test takes a fixed sample, make sweep all of it, in parts by SHARD=i/n.
package sweep

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/avs-operator/avs-operator/controllers"
	"github.com/avs-operator/avs-operator/controllers/azure/kinds"
	"github.com/avs-operator/avs-operator/test/env"
	"github.com/avs-operator/avs-operator/test/harness"
)

var (
	cluster *env.Env
	hub     *harness.Hub
)

func TestMain(m *testing.M) {
	code := env.Main(m, env.Options{Scheme: controllers.Scheme(), Together: 12}, func(e *env.Env) {
		cluster = e
		var err error
		if hub, err = harness.StartHub(e.Admin); err != nil {
			fmt.Fprintln(os.Stderr, "Watching the API server:", err)
			os.Exit(1)
		}
	})
	os.Exit(code)
}

// sampled is of how many cases the sample has one.
const sampled = 40

// chosen says whether a case runs here and now.
func chosen(name string) bool { return harness.Chosen(name, sampled) }

// subjects are made once for all tests of a kind.
var subjects sync.Map

type known struct {
	once      sync.Once
	subject   *harness.Subject
	reference harness.Reference
	failed    bool
}

// subject is a kind that is known: with a world, an edit, a drift and a life without fault.
func subject(t *testing.T, kind kinds.Kind) (*harness.Subject, harness.Reference) {
	t.Helper()
	made, _ := subjects.LoadOrStore(kind.Name, &known{failed: true})
	k := made.(*known)
	k.once.Do(func() {
		s, err := harness.NewSubject(kind)
		if err != nil {
			t.Fatal(err)
		}
		s.Prepare(t, cluster)
		s.Learn(t, cluster, hub)
		reference, wrongs := s.Live(t, cluster, hub)
		held(t, wrongs, nil)
		k.subject, k.reference, k.failed = s, reference, t.Failed()
		t.Logf("%s: edit %v, drift %v, or vanishing %v", s, s.Edit, s.Drift, s.Vanishes)
		for _, phase := range s.Phases() {
			t.Logf("%s, %s: %d writes\n  %s", s, phase, len(reference[phase].Points), strings.Join(reference[phase].Points, "\n  "))
		}
	})
	if k.failed {
		t.Fatalf("the life of %s without a fault does not hold", kind.Name)
	}
	return k.subject, k.reference
}

// held fails the test with what the oracles hold against the operator.
func held(t *testing.T, wrongs []string, l *harness.Life) {
	t.Helper()
	for i, wrong := range wrongs {
		if i == 10 {
			t.Errorf("and %d more", len(wrongs)-i)
			break
		}
		t.Error(wrong)
	}
	if t.Failed() && l != nil {
		t.Logf("what happened:%s", l.History.Story(80))
	}
	if err := hub.Err(); err != nil {
		t.Errorf("the watch of the API server has a gap: %v", err)
	}
}
