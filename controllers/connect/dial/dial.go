// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package dial keeps connections to hosts that users name away from addresses that only the operator can reach.
package dial

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/avs-operator/avs-operator/controllers/vcenter"
)

// LocalAddresses keeps connections to hosts that a user named away from what only the operator can reach: itself, its node, the metadata services
// of clouds, and the API server. It looks at the address that is dialled, so a name that resolves to another address the second time, or a
// redirect, changes nothing.
type LocalAddresses struct {
	// Also lists further addresses that are refused, those of the API server; nil: none. It is asked at most once a minute.
	Also func(context.Context) []netip.Addr

	mu    sync.Mutex
	also  []netip.Addr
	until time.Time
}

// ErrLocalAddress is what dialling such an address fails with. It does not name the address: what a name resolves to here is nobody's business.
var ErrLocalAddress = errors.New("the address behind the name is local to the operator (loopback, link-local, a metadata service or the API server), " +
	"and is not connected to")

// local are what the methods of netip.Addr do not know: the metadata services that are not link-local, and prefixes that stand for IPv4.
var (
	metadata = []netip.Addr{netip.MustParseAddr("168.63.129.16"), netip.MustParseAddr("100.100.100.200"), netip.MustParseAddr("fd00:ec2::254"),
		netip.MustParseAddr("fd20:ce::254")}
	thisHost  = netip.MustParsePrefix("0.0.0.0/8")
	nat64     = netip.MustParsePrefix("64:ff9b::/96")
	sixToFour = netip.MustParsePrefix("2002::/16")
	asIPv4    = netip.MustParsePrefix("::/96")
)

// plain is the IPv4 address that an IPv6 one stands for, or the address itself.
func plain(a netip.Addr) netip.Addr {
	a = a.WithZone("").Unmap()
	bytes := a.As16()
	switch {
	case nat64.Contains(a):
		return netip.AddrFrom4([4]byte(bytes[12:16]))
	case sixToFour.Contains(a):
		return netip.AddrFrom4([4]byte(bytes[2:6]))
	case a.Is6() && asIPv4.Contains(a) && !a.IsLoopback() && !a.IsUnspecified(): // an old way of writing IPv4
		return netip.AddrFrom4([4]byte(bytes[12:16]))
	}
	return a
}

// isLocal says that an address is local whatever the API server's is.
func isLocal(a netip.Addr) bool {
	a = plain(a)
	return a.IsLoopback() || a.IsLinkLocalUnicast() || a.IsLinkLocalMulticast() || a.IsInterfaceLocalMulticast() || a.IsMulticast() || a.IsUnspecified() ||
		thisHost.Contains(a) || slices.Contains(metadata, a)
}

// Refuse fails for an address that must not be dialled. A nil receiver refuses none.
func (l *LocalAddresses) Refuse(ctx context.Context, a netip.Addr) error {
	if l == nil {
		return nil
	}
	if isLocal(a) || slices.Contains(l.others(ctx), plain(a)) {
		return ErrLocalAddress
	}
	return nil
}

func (l *LocalAddresses) others(ctx context.Context) []netip.Addr {
	if l.Also == nil {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if now := time.Now(); now.After(l.until) {
		if also := l.Also(ctx); len(also) > 0 || l.also == nil { // what was known is not forgotten because it cannot be asked now
			l.also = also
		}
		l.until = now.Add(time.Minute)
	}
	return l.also
}

// Control is for a net.Dialer: it is called with the address, after the name has been resolved and before anything is sent.
func (l *LocalAddresses) Control(ctx context.Context, _, address string, _ syscall.RawConn) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return ErrLocalAddress
	}
	return l.Refuse(ctx, to.Addr())
}

// Guard has a transport refuse local addresses, and returns how it dials. An HTTP proxy that the operator's own environment names may be local: it,
// and not the operator, then connects to the host, and what it lets through is its administrator's decision; only an address in the URL itself is
// looked at.
func (l *LocalAddresses) Guard(transport *http.Transport, dialer net.Dialer) vcenter.DialFunc {
	if l == nil {
		return dialer.DialContext
	}
	var proxies sync.Map
	if choose := transport.Proxy; choose != nil {
		transport.Proxy = func(r *http.Request) (*url.URL, error) {
			proxy, err := choose(r)
			if err != nil || proxy == nil {
				return proxy, err
			}
			if literal, err := netip.ParseAddr(r.URL.Hostname()); err == nil {
				if err := l.Refuse(r.Context(), literal); err != nil {
					return nil, err
				}
			}
			proxies.Store(hostPort(proxy), true)
			return proxy, nil
		}
	}
	free := dialer
	dialer.ControlContext = l.Control
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		if _, is := proxies.Load(address); is {
			return free.DialContext(ctx, network, address)
		}
		return dialer.DialContext(ctx, network, address)
	}
}

// hostPort is where a proxy listens, in the form that a transport dials.
func hostPort(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"https": "443", "socks5": "1080", "socks5h": "1080"}[u.Scheme]
	}
	if port == "" {
		port = "80"
	}
	return net.JoinHostPort(u.Hostname(), port)
}
