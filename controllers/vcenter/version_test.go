// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import (
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/avs-operator/avs-operator/test/vcentersim"
)

// actions keeps the SOAPAction of every call.
type actions struct {
	next http.RoundTripper
	mu   sync.Mutex
	all  []string
}

func (a *actions) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method == http.MethodPost && r.URL.Path == "/sdk" {
		a.mu.Lock()
		a.all = append(a.all, r.Header.Get("SOAPAction"))
		a.mu.Unlock()
	}
	return a.next.RoundTrip(r)
}

func TestEveryCallSpeaksTheVersionOfTheVCenter(t *testing.T) {
	v := startSim(t, vcentersim.Config{})
	e, heard := simEndpoint(v), &actions{}
	e.WrapTransport = func(next http.RoundTripper) http.RoundTripper { heard.next = next; return heard }
	c := dial(t, e)
	if _, err := c.ServerTime(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := "urn:vim25/" + c.About().APIVersion
	for i, action := range heard.all {
		if strings.Trim(action, `"`) != want {
			t.Errorf("call %d speaks %s, want %s", i, action, want)
		}
	}
	if len(heard.all) < 3 {
		t.Errorf("heard %d calls", len(heard.all))
	}
}

func TestVersions(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"8.0.3.0", "9.1.0.0", true}, {"9.1.0.0", "8.0.3.0", false}, {"8.0.2.0", "8.0.10.0", true}, {"7.0", "7.0.0.0", false}, {"6.5", "6.7", true},
		{"9.0.0.0", "9.0.0.0", false}, {"", "7.0", true}, {"unset", "1", true},
	} {
		if got := older(c.a, c.b); got != c.want {
			t.Errorf("%s is older than %s: %v", c.a, c.b, got)
		}
	}
	const text = `<?xml version="1.0"?><namespaces version="1.0"><namespace><name>urn:vim25</name><version>8.0.3.0</version>` +
		`<priorVersions><version>8.0.2.0</version></priorVersions></namespace>` +
		`<namespace><name>urn:vim2</name><version>2.0</version></namespace></namespaces>`
	if got := serviceVersion([]byte(text)); got != "8.0.3.0" {
		t.Errorf("the version is %q", got)
	}
	for _, odd := range []string{"", "<html/>", "not xml"} {
		if got := serviceVersion([]byte(odd)); got != "" {
			t.Errorf("%q tells version %q", odd, got)
		}
	}
}
