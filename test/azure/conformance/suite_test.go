// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package conformance walks the list of Azure kinds and puts each through its whole life and every policy. It knows no kind: the object is the
// kind's sample in config/samples, its surroundings are the samples that it names, what may be edited is in its CRD, and what Azure can change
// is what the object manages. A new kind is tested without a line of new test code.
package conformance

import (
	"testing"
	"time"

	"github.com/avs-operator/avs-operator/controllers/azure/kinds"
	"github.com/avs-operator/avs-operator/test/env"
	"github.com/avs-operator/avs-operator/test/harness"
)

var cluster *env.Env

const (
	// speed lets an hour of Azure's pass in a second.
	speed    = 3600
	patience = 3 * time.Minute
	// quiet is how long nothing may be written once all is well: several periods of the watch of Azure.
	quiet = time.Second
	// together is how many kinds live at once: they mostly wait.
	together = 12
)

func TestMain(m *testing.M) { harness.Main(m, &cluster, together) }

// chapters of a life, in order. Each leaves the object Ready and Azure as the spec has it, but the last.
var chapters = []struct {
	name string
	live func(*life)
}{
	{"waits for what it refers to, and is made once", (*life).isMade},
	{"is silent once it has converged", (*life).isSilent},
	{"is mended by the smallest request", (*life).isMended},
	{"leaves alone what the spec does not name", (*life).leavesTheRestAlone},
	{"brings every edit to Azure", (*life).isEdited},
	{"takes away what the spec drops", (*life).dropsWhatTheSpecDrops},
	{"stops at what Azure cannot change", (*life).stopsAtTheImmutable},
	{"takes new values of its Secrets", (*life).takesNewSecrets},
	{"writes nothing with managementPolicy Observe", (*life).isObserved},
	{"writes nothing while suspended", (*life).isSuspended},
	{"says what support asks for when Azure fails", (*life).failsInAzure},
	{"echoes a requested reconcile", (*life).echoes},
	{"is restored without its status", (*life).isRestored},
	{"is adopted as its policy says", (*life).isAdopted},
	{"stays or goes as the guide says when nothing is said", (*life).isDeletedWithoutAWord},
	{"goes from Azure with its object", (*life).isDeleted},
	{"needs the consent of another namespace", (*life).needsConsent},
}

// TestEveryKind puts every kind through its life.
func TestEveryKind(t *testing.T) {
	for _, kind := range kinds.All {
		t.Run(kind.Name, func(t *testing.T) {
			t.Parallel()
			l := begin(t, kind, false)
			for _, chapter := range chapters {
				began := time.Now()
				if !t.Run(chapter.name, func(t *testing.T) { l.in(t, chapter.live) }) {
					return // the next chapter would begin in a state that nobody foresaw
				}
				t.Logf("%s: %s", chapter.name, time.Since(began).Round(10*time.Millisecond))
			}
		})
	}
}
