// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import (
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
)

// relay carries bytes to a server and can swallow the answers, as a dying firewall does.
type relay struct {
	addr string
	l    net.Listener
	cut  atomic.Bool

	refuse atomic.Bool // new connections are closed at once
	tried  atomic.Int32

	mu    sync.Mutex
	conns []net.Conn
}

func newRelay(t *testing.T, to string) *relay {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &relay{addr: l.Addr().String(), l: l}
	t.Cleanup(r.close)
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			r.tried.Add(1)
			out, err := net.Dial("tcp", to)
			if err != nil || r.refuse.Load() {
				in.Close()
				continue
			}
			r.mu.Lock()
			r.conns = append(r.conns, in, out)
			r.mu.Unlock()
			go func() { _, _ = io.Copy(out, in); out.Close() }()
			go func() { _, _ = io.Copy(&gate{in, &r.cut}, out); in.Close() }()
		}
	}()
	return r
}

// gate passes bytes on unless it is cut.
type gate struct {
	to  io.Writer
	cut *atomic.Bool
}

func (g *gate) Write(b []byte) (int, error) {
	if g.cut.Load() {
		return len(b), nil
	}
	return g.to.Write(b)
}

func (r *relay) close() {
	r.l.Close()
	r.drop()
}

// drop ends every connection; new ones are taken.
func (r *relay) drop() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.conns {
		c.Close()
	}
	r.conns = nil
}
