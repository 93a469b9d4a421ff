// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/controllers/azure/kind"
	"github.com/avs-operator/avs-operator/test/env"
)

// End is what there was at the end of a phase.
type End struct {
	// Azure and Kubernetes hold what there was, by name, without times, ids and addresses.
	Azure, Kubernetes map[string]string
	// Effects of the phase in Azure.
	Effects map[string]int
	// Points are the calls that were numbered in it.
	Points []string
}

// Finish waits until a phase has led where it should and everything is quiet, and says what there is then.
func (l *Life) Finish(phase Phase) (End, []string) {
	l.t.Helper()
	points := l.Points()
	l.Reached(phase)
	wrongs := l.Silent()
	requests := l.Azure.Requests()
	end := End{Azure: l.inAzure(), Kubernetes: l.inKubernetes(), Effects: Effects(requests[l.seen:]), Points: l.Points()}
	if len(end.Points) == 0 {
		end.Points = points
	}
	l.seen = len(requests)
	return end, wrongs
}

// Against compares the end of a phase with the same without a fault: oracles 1, 2 and 3.
func (e End) Against(want End) (wrongs []string) {
	wrongs = append(wrongs, Same("Azure", e.Azure, want.Azure)...)
	wrongs = append(wrongs, Same("Kubernetes", e.Kubernetes, want.Kubernetes)...)
	return append(wrongs, SameEffects(e.Effects, want.Effects)...)
}

// Close stops the operator and asks the oracles that look at the whole case.
func (l *Life) Close() (wrongs []string) {
	l.t.Helper()
	l.mu.Lock()
	l.over = true
	l.mu.Unlock()
	for _, operator := range l.operators {
		operator.Abandon()
	}
	calls, revisions, lines := l.History.Calls(), l.History.Revisions(), l.History.Lines()
	wrongs = append(wrongs, l.History.Wrongs()...)
	wrongs = append(wrongs, AnsweredIDs(calls)...)
	wrongs = append(wrongs, Honest(revisions)...)
	wrongs = append(wrongs, Patient(calls)...)
	wrongs = append(wrongs, Discreet(revisions, lines)...)
	wrongs = append(wrongs, Lively(calls, lines, l.Held)...)
	return append(wrongs, l.leaks()...)
}

// leaks is oracle 8, of what is left when the operators have ended.
func (l *Life) leaks() (wrongs []string) {
	for _, operator := range l.operators {
		var left []string
		var err error
		for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(50 * time.Millisecond) {
			if left, err = goroutinesOf(operator.label); err != nil || len(left) == 0 || time.Now().After(deadline) {
				break
			}
		}
		if err != nil {
			wrongs = append(wrongs, "O8: "+err.Error())
		}
		for _, stack := range left {
			wrongs = append(wrongs, "O8: a goroutine is left of an operator that has ended:\n"+stack)
		}
	}
	return wrongs
}

var (
	anyUUID    = regexp.MustCompile(`(?i)[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)
	anyTime    = regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)`)
	anyHash    = regexp.MustCompile(`\b([0-9a-f]{12}|(?i:[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64}))\b`) // in names, of certificates, and what is drawn
	anyThumb   = regexp.MustCompile(`\b([0-9A-F]{2}:){19}[0-9A-F]{2}\b`)
	anyGateway = regexp.MustCompile(`\bTNT[0-9A-F]{2}-`)          // named after the private cloud
	anyPublic  = regexp.MustCompile(`\b20\.\d+\.\d+\.\d+\b`)      // handed out by Microsoft
	anyPeer    = regexp.MustCompile(`"addressPrefix":"[^"]*"`)    // of a connection: made from the subscription
	anyRun     = regexp.MustCompile(`"outputsOf":"[0-9a-f]{16}"`) // of a script: made from when it ended
	anyHost    = regexp.MustCompile(`127\.0\.0\.1:\d+`)
)

// plain takes out of a text what differs from one case to the next.
func (l *Life) plain(text string) string {
	text = strings.ReplaceAll(strings.ReplaceAll(text, l.Azure.SubscriptionID, "<subscription>"), l.Namespace+"/", "<namespace>/")
	text = strings.ReplaceAll(text, `"`+l.Namespace+`"`, `"<namespace>"`)
	for _, drawn := range []*regexp.Regexp{anyThumb, anyGateway, anyPublic} {
		text = drawn.ReplaceAllString(text, "<drawn>")
	}
	text = anyRun.ReplaceAllString(text, `"outputsOf":"<run>"`)
	text = anyPeer.ReplaceAllString(text, `"addressPrefix":"<prefix>"`)
	text = anyHash.ReplaceAllString(anyUUID.ReplaceAllString(text, "<uuid>"), "<hash>")
	return anyHost.ReplaceAllString(anyTime.ReplaceAllString(text, "<time>"), "<host>")
}

func (l *Life) inAzure() map[string]string {
	out := map[string]string{}
	for _, id := range append(l.Azure.Resources(""), l.id) {
		if body, ok := l.Azure.Resource(id); ok {
			out[l.plain(id)] = l.plain(AsText(body))
		}
	}
	return out
}

// inKubernetes is the subject's status, and the Secrets of its namespace by their keys.
func (l *Life) inKubernetes() map[string]string {
	out := map[string]string{}
	ctx, cancel := context.WithTimeout(context.Background(), env.Patience)
	defer cancel()
	fresh := l.Subject.Kind.New()
	if err := l.Cluster.Admin.Get(ctx, l.key, fresh); err == nil {
		out[l.Subject.String()] = l.plain(statusOf(fresh))
	} else if client.IgnoreNotFound(err) != nil {
		out[l.Subject.String()] = err.Error()
	}
	secrets, err := l.secrets(ctx)
	if err != nil {
		out["Secrets"] = err.Error()
	}
	for name, keys := range secrets {
		out["Secret "+name] = keys
	}
	return out
}

// statusOf is what the object shows, without times.
func statusOf(object kind.Object) string {
	content, err := json.Marshal(object)
	whole := map[string]any{}
	if err == nil {
		err = json.Unmarshal(content, &whole)
	}
	if err != nil {
		return err.Error()
	}
	status, _ := whole["status"].(map[string]any)
	conditions := map[string]string{}
	for _, c := range object.AzureStatus().Conditions {
		conditions[c.Type] = fmt.Sprintf("%s %s: %s", c.Status, c.Reason, c.Message)
	}
	if meta.FindStatusCondition(object.AzureStatus().Conditions, "Ready") != nil {
		status["conditions"] = conditions
	}
	return AsText(map[string]any{"status": status, "annotations": object.GetAnnotations(), "finalizers": object.GetFinalizers(),
		"generation": object.GetGeneration()})
}

func (l *Life) secrets(ctx context.Context) (map[string]string, error) {
	list := &corev1.SecretList{}
	if err := l.Cluster.Admin.List(ctx, list, client.InNamespace(l.Namespace)); err != nil {
		return nil, err
	}
	out := map[string]string{}
	for i := range list.Items {
		if list.Items[i].Name == "avs-operator-fingerprints" { // the operator's own: where it has the namespace to itself it makes it there
			continue
		}
		out[list.Items[i].Name] = strings.Join(sortedKeys(list.Items[i].Data), " ")
	}
	return out, nil
}
