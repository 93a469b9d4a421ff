// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import (
	"context"
	"crypto/tls"
	"errors"
	"net/url"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/vmware/govmomi/simulator"
	_ "github.com/vmware/govmomi/sts/simulator"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

const (
	testUser     = "administrator@vsphere.local"
	testPassword = "VMware1!-secret"
)

// stock is govmomi's own simulator behind TLS.
type stock struct {
	m *simulator.Model
	s *simulator.Server

	mu    sync.Mutex
	calls []string
}

func startStock(t *testing.T, change func(*simulator.Model)) *stock {
	t.Helper()
	m := simulator.VPX()
	m.Machine, m.Host, m.Cluster, m.Portgroup = 2, 1, 1, 1
	if change != nil {
		change(m)
	}
	m.ServiceContent.About.InstanceUuid = uuid.NewString()
	if err := m.Create(); err != nil {
		t.Fatal(err)
	}
	st := &stock{m: m}
	m.Service.RegisterEndpoints = true
	m.Service.TLS = new(tls.Config)
	m.Service.Listen = &url.URL{Host: "127.0.0.1:0", User: url.UserPassword(testUser, testPassword)}
	m.Map().Handler = func(_ *simulator.Context, method *simulator.Method) (mo.Reference, types.BaseMethodFault) {
		st.mu.Lock()
		defer st.mu.Unlock()
		st.calls = append(st.calls, method.Name)
		return nil, nil
	}
	st.s = m.Service.NewServer()
	t.Cleanup(func() { st.s.Close(); m.Remove() })
	return st
}

func (st *stock) count(method string) int {
	st.mu.Lock()
	defer st.mu.Unlock()
	return len(slices.DeleteFunc(slices.Clone(st.calls), func(c string) bool { return c != method }))
}

func (st *stock) endpoint(t *testing.T) Endpoint {
	t.Helper()
	e := Endpoint{URL: "https://" + st.s.URL.Host, Username: testUser, Password: testPassword, Speed: 100}
	cert, err := Probe(t.Context(), e)
	if err != nil {
		t.Fatal(err)
	}
	e.Thumbprint = cert.ThumbprintSHA256
	return e
}

func dial(t *testing.T, e Endpoint) *Client {
	t.Helper()
	c, err := Connect(t.Context(), e)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close(context.Background()) })
	return c
}

func asError(t *testing.T, err error, class ErrorClass) *Error {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) {
		t.Fatalf("got %v, want an *Error of class %s", err, class)
	}
	if e.Class != class {
		t.Fatalf("got class %s (%v), want %s", e.Class, err, class)
	}
	return e
}

func eventually(t *testing.T, within time.Duration, what string, ok func() bool) {
	t.Helper()
	end := time.Now().Add(max(within, time.Minute)) // for a machine that is slow
	for !ok() {
		if time.Now().After(end) {
			t.Fatalf("it never happened within %s: %s", max(within, time.Minute), what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// watch runs a watcher until the test ends and waits for its first picture.
func watch(t *testing.T, c *Client, o WatcherOptions) *Watcher {
	t.Helper()
	w := NewWatcher(c, o)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- w.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	eventually(t, 20*time.Second, "the first picture", func() bool {
		if err := w.Err(); err != nil {
			t.Logf("stream: %v", err)
		}
		return w.Synced()
	})
	return w
}
