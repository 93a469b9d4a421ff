// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"bytes"
	"context"
	"fmt"
	"runtime/pprof"
	"strings"
	"sync/atomic"
)

// goroutineLabel marks every goroutine that an operator starts, and those that these start.
const goroutineLabel = "avs-operator"

var started atomic.Int64

// labelled runs f with a label of its own on this goroutine, and returns the label.
func labelled(f func()) string {
	label := fmt.Sprint(started.Add(1))
	pprof.Do(context.Background(), pprof.Labels(goroutineLabel, label), func(context.Context) { f() })
	return label
}

// notOurs are goroutines that outlive an operator's end and are not its own: of connections, which others use too, of a filter of watches
// in apimachinery, which stays behind when it held an event as its reader left, and of controller-runtime's, when a cache ends before it has
// synced. They end with the process.
var notOurs = []string{"net/http.(*persistConn)", "net/http.(*http2", "net/http/internal/http2", "golang.org/x/net/http2",
	"net/http.(*Transport)", "internal/http2.",
	"watch.(*filteredWatch).loop", "cache.newMultiNamespaceInformerHandlerRegistration"}

// goroutinesOf are the stacks of the goroutines that carry a label, what is not its own apart.
func goroutinesOf(label string) ([]string, error) {
	var profile bytes.Buffer
	if err := pprof.Lookup("goroutine").WriteTo(&profile, 1); err != nil {
		return nil, fmt.Errorf("reading the goroutines: %w", err)
	}
	mark := fmt.Sprintf("%q:%q", goroutineLabel, label)
	var out []string
next:
	for _, stack := range strings.Split(profile.String(), "\n\n") {
		if !strings.Contains(stack, mark) {
			continue
		}
		for _, theirs := range notOurs {
			if strings.Contains(stack, theirs) {
				continue next
			}
		}
		out = append(out, stack)
	}
	return out, nil
}
