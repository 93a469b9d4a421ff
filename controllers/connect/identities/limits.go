// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package identities

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/avs-operator/avs-operator/controllers/arm"
)

// owner of a quota: the identities of one namespace, those with custom endpoints apart from those of the clouds that Microsoft runs.
type owner struct {
	namespace string
	custom    bool
}

// quota is shared by all identities of a namespace: who may make one identity may make a hundred.
func (a *Clients) quota(namespace string, custom bool) *arm.Quota {
	a.mu.Lock()
	defer a.mu.Unlock()
	key := owner{namespace, custom}
	q := a.quotas[key]
	if q == nil {
		most := arm.AzureLimits
		if custom {
			most = arm.CustomLimits
		}
		q = arm.NewQuota(most)
		a.quotas[key] = q
	}
	return q
}

// dropQuotas forgets the quotas of a namespace that has no identity any more. The caller holds the lock.
func (a *Clients) dropQuotas(namespace string) {
	for key := range a.entries {
		if key.Namespace == namespace {
			return
		}
	}
	delete(a.quotas, owner{namespace, true})
	delete(a.quotas, owner{namespace, false})
}

// Bounds of one exchange of a login, on the wall clock and in bytes. Entra ID answers with a few kilobytes.
const (
	loginWithin  = 15 * time.Second
	loginAnswer  = 1 << 20
	customDial   = 5 * time.Second
	ordinaryDial = 15 * time.Second
)

// loginTransport keeps a login host from holding a worker, or filling the memory.
type loginTransport struct{ next policy.Transporter }

// Do makes one exchange within the bounds.
func (l loginTransport) Do(request *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithTimeout(request.Context(), loginWithin)
	response, err := l.next.Do(request.WithContext(ctx))
	if err != nil {
		cancel()
		return nil, err
	}
	response.Body = &loginBody{from: response.Body, left: loginAnswer, end: cancel}
	return response, nil
}

// loginBody fails when too much is read.
type loginBody struct {
	from io.ReadCloser
	left int64
	end  context.CancelFunc
}

func (b *loginBody) Read(p []byte) (int, error) {
	n, err := b.from.Read(p[:min(int64(len(p)), b.left+1)])
	if b.left -= int64(n); b.left < 0 {
		return 0, fmt.Errorf("the answer to a login is larger than %d bytes", loginAnswer)
	}
	return n, err
}

func (b *loginBody) Close() error {
	b.end()
	return b.from.Close()
}
