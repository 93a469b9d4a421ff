// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// A vCenter that has more than may be held of one is told, and nothing of it is kept.
func TestAnInventoryThatIsTooLargeIsNotHeld(t *testing.T) {
	t.Parallel()
	w := NewWatcher(dial(t, startStock(t, nil).endpoint(t)), WatcherOptions{Most: 5})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- w.Run(ctx) }()
	eventually(t, 20*time.Second, "the refusal", func() bool { return w.Err() != nil })
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if e := asError(t, w.Err(), TooLarge); !strings.Contains(e.Error(), "more than the 5 objects") {
		t.Error(e)
	}
	if w.Inventory() != nil || w.Synced() {
		t.Error("a part of the inventory was taken for all of it")
	}
}

// An answer that is longer than its bound fails; one that has just that length is whole.
func TestAnAnswerHasABound(t *testing.T) {
	t.Parallel()
	length := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, strings.Repeat("x", length))
	}))
	t.Cleanup(server.Close)
	client := &http.Client{Transport: bounded{next: http.DefaultTransport, most: 1000}}
	for length = range map[int]bool{0: true, 999: true, 1000: true, 1001: true, 100_000: true} {
		answer, err := client.Get(server.URL)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(answer.Body)
		answer.Body.Close()
		if whole := err == nil && len(body) == length; whole != (length <= 1000) {
			t.Errorf("of an answer of %d bytes %d were read: %v", length, len(body), err)
		}
	}
}
