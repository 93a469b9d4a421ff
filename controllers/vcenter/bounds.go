// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"
)

// What a vCenter may answer. Whoever may make a VCenter object chooses the host, and all share the operator's memory.
const (
	// largestAnswer bounds one answer, in bytes: a page of the inventory has a few megabytes.
	largestAnswer = 64 << 20
	// mostObjects bounds what is held of one vCenter: machines, hosts, pools, networks, datastores and what they stand in. vSphere's own maximum is
	// 45,000 machines and 2,500 hosts.
	mostObjects = 100_000
)

// bounded gives each exchange a time, if within is not 0, and its answer a size.
type bounded struct {
	next   http.RoundTripper
	most   int64 // bytes
	within time.Duration
}

func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	cancel := context.CancelFunc(func() {})
	if b.within > 0 {
		var ctx context.Context
		ctx, cancel = context.WithTimeout(r.Context(), b.within)
		r = r.WithContext(ctx)
	}
	res, err := b.next.RoundTrip(r)
	if err != nil {
		cancel()
		return nil, err
	}
	res.Body = &boundedBody{body: res.Body, most: b.most, left: b.most, done: cancel}
	return res, nil
}

// CloseIdleConnections passes on what http.Client asks of its transport.
func (b bounded) CloseIdleConnections() {
	if next, ok := b.next.(interface{ CloseIdleConnections() }); ok {
		next.CloseIdleConnections()
	}
}

// boundedBody fails where an answer is longer than its bound: one that was cut would be read as if the rest did not exist.
type boundedBody struct {
	body       io.ReadCloser
	most, left int64
	done       context.CancelFunc
}

func (b *boundedBody) Read(p []byte) (int, error) {
	if b.left <= 0 {
		var one [1]byte
		if n, err := b.body.Read(one[:]); n == 0 && err != nil {
			return 0, err // it ends exactly here
		}
		return 0, fmt.Errorf("the answer is longer than %d bytes", b.most)
	}
	n, err := b.body.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}

func (b *boundedBody) Close() error {
	defer b.done()
	return b.body.Close()
}
