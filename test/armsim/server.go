// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package armsim

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"errors"
	"fmt"
	"hash/fnv"
	"log"
	"log/slog"
	mathrand "math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
)

// Server is a running simulator. All its methods may be called from any goroutine.
type Server struct {
	config Config
	url    string
	http   *http.Server
	log    *slog.Logger
	entra  *entra
	clock  *clock
	signer *signer

	authority  *authority
	control    *http.Server // nil: none
	controlURL string

	requests requestLog
	faults   faultList

	ctx    context.Context // ends with the server
	cancel context.CancelFunc
	work   sync.WaitGroup // everything that runs beside requests

	mu            sync.Mutex // guards all below, and the credentials in entra
	closed        bool
	subscriptions map[string]*subscription   // by lower-case id
	groups        map[string]*group          // by lower-case ARM id
	resources     map[string]*resource       // by lower-case ARM id
	index         index                      // of resources
	ghosts        []ghost                    // listed although they are gone
	locks         map[string]*lock           // by lower-case ARM id
	vaults        map[string]map[string]bool // principals that closed key vaults let in, by URL
	operations    map[string]*operation      // by id
	clouds        map[string]*liveCloud      // by lower-case ARM id of the private cloud
	replays       map[string]*answer         // by correlation id, verb and path
	buckets       map[string]*bucket
	capacity      map[string]int // hosts left, by location
	draws         map[string]int // how many lengths were drawn for a key
}

// Start listens and serves until ctx ends or Close is called.
func Start(ctx context.Context, c Config) (*Server, error) {
	c.setDefaults()
	if err := c.check(); err != nil {
		return nil, fmt.Errorf("configuring the simulator: %w", err)
	}
	listener, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return nil, fmt.Errorf("listening on %s: %w", c.Listen, err)
	}
	s := &Server{
		config: c, log: c.Log, url: "https://" + c.address(listener.Addr()), clock: newClock(c.Speed, c.Stepped),
		subscriptions: map[string]*subscription{}, groups: map[string]*group{}, resources: map[string]*resource{},
		locks: map[string]*lock{}, operations: map[string]*operation{}, clouds: map[string]*liveCloud{}, replays: map[string]*answer{},
		buckets: map[string]*bucket{}, capacity: map[string]int{}, draws: map[string]int{}, vaults: map[string]map[string]bool{},
	}
	for _, url := range c.KeyVaults {
		s.vaults[vaultURL(url)] = map[string]bool{}
	}
	s.ctx, s.cancel = context.WithCancel(ctx)
	if err := s.open(listener); err != nil {
		s.Close()
		return nil, errors.Join(err, listener.Close())
	}
	context.AfterFunc(s.ctx, s.Close)
	return s, nil
}

// open makes or restores what the server has, and only then lets time run and serves: a client that is waiting for a restarted
// server never sees half of it.
func (s *Server) open(listener net.Listener) error {
	var state *savedState
	var err error
	if s.config.State != nil {
		if state, err = readState(s.config.State); err != nil {
			return err
		}
	}
	certificate, err := s.identify(state)
	if err != nil {
		return err
	}
	if state != nil {
		if err := s.load(state); err != nil {
			return err
		}
	}
	s.populate()
	s.work.Go(func() { s.clock.run(s.ctx, s.work.Go) })
	s.serve(listener, certificate)
	return s.startControl(certificate)
}

// identify makes, or takes from a saved state, the certificate authority and the key of tokens.
func (s *Server) identify(state *savedState) (certificate tls.Certificate, err error) {
	var key *rsa.PrivateKey
	if state != nil {
		if s.authority, err = readAuthority([]byte(state.CA)); err != nil {
			return certificate, err
		}
		key, err = readTokenKey(state.TokenKey)
	} else {
		if s.authority, err = newAuthority(); err != nil {
			return certificate, err
		}
		key, err = rsa.GenerateKey(rand.Reader, 2048)
	}
	if err != nil {
		return certificate, fmt.Errorf("making the token signing key: %w", err)
	}
	s.entra = newEntra(s.url, key, s.config.Tenants)
	if s.signer, err = newSigner(key); err != nil {
		return certificate, err
	}
	host, _, _ := net.SplitHostPort(strings.TrimPrefix(s.url, "https://"))
	return s.authority.serverCertificate(host)
}

func (s *Server) serve(listener net.Listener, certificate tls.Certificate) {
	s.http = &http.Server{
		Handler:           s,
		ReadHeaderTimeout: 30 * time.Second,
		ConnContext:       keepConnection,
		TLSConfig:         &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12},
		ErrorLog:          log.New(discardLog{s.log}, "", 0),
	}
	s.work.Go(func() {
		if err := s.http.ServeTLS(listener, "", ""); !errors.Is(err, http.ErrServerClosed) {
			s.log.Error("Stopped serving", "error", err)
		}
	})
}

// discardLog takes net/http's own log lines (TLS handshakes of clients that do not trust the CA yet) to debug level.
type discardLog struct{ log *slog.Logger }

func (d discardLog) Write(line []byte) (int, error) {
	d.log.Debug("Served with trouble", "detail", strings.TrimSpace(string(line)))
	return len(line), nil
}

// reachable turns a listener's address into one that a client can dial.
func reachable(addr net.Addr) string {
	host, port, err := net.SplitHostPort(addr.String())
	if ip := net.ParseIP(host); err == nil && ip != nil && ip.IsUnspecified() {
		return net.JoinHostPort("127.0.0.1", port)
	}
	return addr.String()
}

// address is the host and port of everything.
func (c *Config) address(listener net.Addr) string {
	at := reachable(listener)
	if _, port, err := net.SplitHostPort(at); err == nil && c.Name != "" {
		return net.JoinHostPort(c.Name, port)
	}
	return at
}

func (s *Server) populate() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.config.Subscriptions {
		if key := strings.ToLower(c.ID); s.subscriptions[key] == nil {
			s.subscriptions[key] = newSubscription(c)
		}
	}
	for _, g := range s.config.ResourceGroups {
		made := newGroup(s.subscriptions[strings.ToLower(g.SubscriptionID)].config.ID, g.Name, normalLocation(g.Location), nil)
		if s.groups[made.key()] == nil {
			s.groups[made.key()] = made
		}
	}
	for location, hosts := range s.config.Capacity {
		if _, saved := s.capacity[normalLocation(location)]; !saved {
			s.capacity[normalLocation(location)] = hosts
		}
	}
}

// URL is the address of everything: https://127.0.0.1:port, or Config.Name in its place, without a trailing slash.
func (s *Server) URL() string { return s.url }

// CAPEM is the certificate authority that clients have to trust.
func (s *Server) CAPEM() []byte { return s.authority.certificatePEM() }

// Cloud is what azidentity and azcore need. Credentials also need DisableInstanceDiscovery, as in any disconnected cloud.
func (s *Server) Cloud() cloud.Configuration {
	return cloud.Configuration{
		ActiveDirectoryAuthorityHost: s.url + "/",
		Services: map[cloud.ServiceName]cloud.ServiceConfiguration{
			cloud.ResourceManager: {Endpoint: s.url, Audience: s.url},
		},
	}
}

// Close stops serving, closes every vCenter and returns when nothing of the simulator runs any more.
func (s *Server) Close() {
	s.mu.Lock()
	first := !s.closed
	s.closed = true
	s.mu.Unlock()
	if first {
		s.cancel()
		if s.http != nil {
			_ = s.http.Close() // the listener's own error says nothing that a caller could act on
		}
		if s.control != nil {
			_ = s.control.Close()
		}
		s.closeClouds()
	}
	s.work.Wait()
}

// draw answers a simulated length for one event of key. It depends on the seed, the key and how often the key drew before,
// but not on what other resources do meanwhile, so a run can be repeated. s.mu is held.
func (s *Server) draw(span Span, key string) time.Duration {
	if span.Max <= span.Min {
		return span.Min
	}
	hash := fnv.New64a()
	fmt.Fprintf(hash, "%s/%d", key, s.draws[key])
	s.draws[key]++
	rng := mathrand.New(mathrand.NewPCG(uint64(s.config.Seed), hash.Sum64()))
	return span.Min + time.Duration(rng.Int64N(int64(span.Max-span.Min)+1))
}
