// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package dial

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"testing"
)

func TestLocalAddressesAreRefusedInEveryForm(t *testing.T) {
	t.Parallel()
	apiServer := netip.MustParseAddr("10.96.0.1")
	l := &LocalAddresses{Also: func(context.Context) []netip.Addr { return []netip.Addr{apiServer} }}
	for address, refused := range map[string]bool{
		"127.0.0.1": true, "127.8.9.10": true, "::1": true, "::ffff:127.0.0.1": true, "64:ff9b::7f00:1": true, "2002:7f00:1::": true, "::127.0.0.1": true,
		"169.254.169.254": true, "::ffff:169.254.169.254": true, "64:ff9b::a9fe:a9fe": true, "fe80::1": true, "fe80::1%eth0": true, "169.254.0.7": true,
		"168.63.129.16": true, "100.100.100.200": true, "fd00:ec2::254": true, "0.0.0.0": true, "::": true, "0.1.2.3": true, "224.0.0.1": true, "ff02::1": true,
		"10.96.0.1": true, "::ffff:10.96.0.1": true,
		"10.96.0.2": false, "192.168.1.10": false, "20.50.60.70": false, "::ffff:20.50.60.70": false, "2603:1020::1": false, "fd12:3456::1": false,
	} {
		if err := l.Refuse(t.Context(), netip.MustParseAddr(address)); errors.Is(err, ErrLocalAddress) != refused {
			t.Errorf("%s: %v, want refused %v", address, err, refused)
		}
	}
	var none *LocalAddresses
	if err := none.Refuse(t.Context(), netip.MustParseAddr("127.0.0.1")); err != nil {
		t.Errorf("no guard refuses: %v", err)
	}
}

// The name does not matter, only what it resolves to when it is dialled; a proxy of the operator's own environment may be local.
func TestGuardLooksAtWhatIsDialled(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(server.Close)
	_, port, _ := net.SplitHostPort(server.Listener.Addr().String())
	get := func(target string, proxy *url.URL) error {
		transport := &http.Transport{Proxy: http.ProxyURL(proxy)}
		transport.DialContext = (&LocalAddresses{}).Guard(transport, net.Dialer{})
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, target, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		response, err := transport.RoundTrip(request)
		if err == nil {
			_ = response.Body.Close()
		}
		return err
	}
	for _, host := range []string{"127.0.0.1", "localhost", "[::ffff:127.0.0.1]"} {
		if err := get("http://"+host+":"+port, nil); !errors.Is(err, ErrLocalAddress) {
			t.Errorf("%s was dialled: %v", host, err)
		}
	}
	proxy := &url.URL{Scheme: "http", Host: server.Listener.Addr().String()}
	if err := get("http://vcenter.example.com/sdk", proxy); err != nil {
		t.Errorf("the operator's own proxy was refused: %v", err)
	}
	if err := get("http://169.254.169.254/metadata", proxy); !errors.Is(err, ErrLocalAddress) {
		t.Errorf("a metadata service was asked for through the proxy: %v", err)
	}
}
