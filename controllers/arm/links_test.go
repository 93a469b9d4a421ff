// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package arm

import (
	"context"
	"net"
	"net/http"
	"strings"
	"testing"
)

// A token goes to the configured host and, where regions are allowed, to <label>.<that host>. Of any other link only the path is taken.
func TestLinks(t *testing.T) {
	const azure, path = "https://management.azure.com", "/subscriptions/s/providers/Microsoft.AVS/locations/weu/operationStatuses/1?api-version=1&t=2&c=A-_B"
	public, custom := hosts{mustURL(azure), true}, hosts{mustURL("https://arm.contoso.example:8443"), true}
	strict, numbered := hosts{mustURL(azure), false}, hosts{mustURL("https://127.0.0.1:8443"), true}
	for name, tc := range map[string]struct {
		hosts hosts
		link  string
		kept  string // as stored; path: asked of the configured host
		bad   bool
	}{
		"the configured host":                  {public, azure + path, path, false},
		"in another case, with its port":       {public, "https://Management.Azure.com:443" + path, path, false},
		"a path":                               {public, path, path, false},
		"a region":                             {public, "https://westeurope.management.azure.com" + path, "https://westeurope.management.azure.com" + path, false},
		"a region, with the port":              {custom, "https://weu.arm.contoso.example:8443" + path, "https://weu.arm.contoso.example:8443" + path, false},
		"a region where none is allowed":       {strict, "https://westeurope.management.azure.com" + path, path, false},
		"two labels":                           {public, "https://a.westeurope.management.azure.com" + path, path, false},
		"an empty label":                       {public, "https://.management.azure.com" + path, path, false},
		"a label that is none":                 {public, "https://-x.management.azure.com" + path, path, false},
		"another domain":                       {public, "https://management.example.org" + path, path, false},
		"the domain as the prefix of another":  {public, "https://management.azure.com.evil.example" + path, path, false},
		"a region as the prefix of another":    {public, "https://westeurope.management.azure.com.evil.example" + path, path, false},
		"the domain as the end of a label":     {public, "https://evilmanagement.azure.com" + path, path, false},
		"user info":                            {public, "https://someone@westeurope.management.azure.com" + path, path, false},
		"the host as user info":                {public, "https://management.azure.com@evil.example" + path, path, false},
		"another port of a region":             {public, "https://westeurope.management.azure.com:8443" + path, path, false},
		"the usual port of a region, not ours": {custom, "https://weu.arm.contoso.example" + path, path, false},
		"http":                                 {public, "http://westeurope.management.azure.com" + path, path, false},
		"no scheme":                            {public, "//westeurope.management.azure.com" + path, path, false},
		"a label before an address":            {numbered, "https://weu.127.0.0.1:8443" + path, path, false},
		"a dot at the end":                     {public, "https://westeurope.management.azure.com." + path, path, false},
		"a path that looks like a host":        {public, azure + "//evil.example/x", "", true},
		"no path":                              {public, "https://westeurope.management.azure.com", "", true},
		"nothing that is a URL":                {public, "%zz", "", true},
		"mail":                                 {public, "mailto:someone@management.azure.com", "", true},
	} {
		u, foreign, err := tc.hosts.link(tc.link)
		if (err != nil) != tc.bad {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil {
			continue
		}
		if got := tc.hosts.stored(u); got != tc.kept {
			t.Errorf("%s: stored %q, want %q", name, got, tc.kept)
		}
		if !tc.hosts.allow(u) {
			t.Errorf("%s: leads to %s", name, u)
		}
		ours := tc.kept != path || strings.HasPrefix(tc.link, "/") && !strings.HasPrefix(tc.link, "//") || sameHost(mustURL(tc.link), tc.hosts.endpoint)
		if (foreign == "") != ours {
			t.Errorf("%s: foreign %q", name, foreign)
		}
		again, _, err := tc.hosts.link(tc.kept)
		if err != nil || tc.hosts.stored(again) != tc.kept || !tc.hosts.allow(again) {
			t.Errorf("%s: read back, %q leads to %v, %v", name, tc.kept, again, err)
		}
	}
}

// The token travels to a regional host of ours, and a stored URL is asked of the host that it names.
func TestPollARegion(t *testing.T) {
	a := newAzure(t, true, func(w http.ResponseWriter, r *http.Request) {
		if r.Host != "westeurope."+r.URL.Query().Get("of") {
			reply(w, 404, armError("NotFound", "another region has this operation"))
			return
		}
		reply(w, 200, `{"status":"InProgress"}`)
	})
	at := a.Listener.Addr().String()
	_, port, _ := net.SplitHostPort(at)
	named := "localhost:" + port
	client := func(regional bool) *Client {
		return a.client(func(o *Options) {
			service := o.Cloud.Services["resourceManager"]
			service.Endpoint = "https://" + named
			o.Cloud.Services["resourceManager"] = service
			transport := insecure()
			transport.Transport.(*http.Transport).DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
				return (&net.Dialer{}).DialContext(ctx, network, at)
			}
			o.Transport, o.Regional = transport, regional
		})
	}
	link := "https://westeurope." + named + "/op?of=" + named
	p, err := client(true).Poll(soon(t), Poll{AsyncOperation: link})
	if err != nil || p.State != InProgress || p.Poll.AsyncOperation != link || a.requests()[0].token != "Bearer a-token" {
		t.Fatalf("%+v, %v, asked %+v", p, err, a.requests())
	}
	_, err = client(false).Poll(soon(t), Poll{AsyncOperation: link})
	wantClass(t, err, NotFound)
}
