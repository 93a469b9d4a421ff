// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package sweep lets everything go wrong that can go wrong between the operator, the API server and Azure, one thing at a time and
// everywhere: the operator dies around each of its writes in the life of every kind, Azure answers each kind of request with each kind of
// fault, and the leader changes in the middle of operations. After each case the oracles of package harness are asked.
//
// make test takes a fixed sample, make sweep all of it, in parts by SHARD=i/n.
package sweep

import (
	"flag"
	"fmt"
	"hash/fnv"
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
	// Cases wait most of their time, so more of them run at once than there are cores, unless somebody says otherwise.
	flag.Parse()
	if atOnce := flag.Lookup("test.parallel"); atOnce != nil && atOnce.Value.String() == atOnce.DefValue {
		if err := atOnce.Value.Set("12"); err != nil {
			fmt.Fprintln(os.Stderr, "Setting how many cases run at once:", err)
			os.Exit(1)
		}
	}
	code := env.Main(m, env.Options{Scheme: controllers.Scheme()}, func(e *env.Env) {
		cluster = e
		var err error
		if hub, err = harness.StartHub(e.Admin); err != nil {
			fmt.Fprintln(os.Stderr, "Watching the API server:", err)
			os.Exit(1)
		}
	})
	os.Exit(code)
}

// What make sweep sets.
const (
	// allVariable asks for every case instead of the sample.
	allVariable = "AVS_OPERATOR_SWEEP"
	// shardVariable is i/n: of n parts, the i-th from 1.
	shardVariable = "SHARD"
	// sampled is of how many cases the sample has one.
	sampled = 40
)

// chosen says whether a case runs here and now. It depends on the case's name alone, so that neither order nor number of the others matters.
func chosen(name string) bool {
	sum := fnv.New32a()
	_, _ = sum.Write([]byte(name))
	number := sum.Sum32()
	if os.Getenv(allVariable) == "" {
		return number%sampled == 0
	}
	var i, n uint32
	if _, err := fmt.Sscanf(os.Getenv(shardVariable), "%d/%d", &i, &n); err != nil || n == 0 {
		return true
	}
	return number/sampled%n == i-1
}

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
