// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/avs-operator/avs-operator/test/armsim"
)

// errHelp says that help was asked for and given.
var errHelp = errors.New("help")

type options struct {
	listen, caOut, stateOut                 string
	control, controlToken, load, save       string
	speed                                   float64
	seed                                    int64
	retryAfter, listLag                     time.Duration
	tenant, client, secret, certificate     string
	issuer, subject, audience, jwks, jwksCA string
	subscription, group, location, sku      string
	hosts                                   int
	notRegistered, noVCenters, verbose      bool
	stepped, retryDate, strict              bool
	portGroups, name, region                string
}

const usage = `armsim simulates Azure for clients of Azure VMware Solution: Entra ID, Azure Resource Manager and Microsoft.AVS behind one HTTPS
address with its own certificate authority. A private cloud that is built in it has a live vCenter. INT and TERM stop it.
State lives as long as the program runs; -save writes it when the program ends, and -load goes on from there.

  ARMSIM_CLIENT_SECRET=secret armsim -speed 600 -ca-out ca.pem

Faults, and a clock that steps, are worked over the control endpoint (-control), which has its own address and token:

  ARMSIM_CONTROL_TOKEN=t armsim -control 127.0.0.1:8444 ...
  curl --cacert ca.pem -H 'Authorization: Bearer t' https://127.0.0.1:8444/faults \
    -d '{"verb":"PUT","path":"/privateclouds/[^/]+$","skip":1,"count":2,"when":"after","status":503,"retryAfter":"30s"}'

A fault hits requests whose verb and lower-case path (a regular expression) match; it lets "skip" of them through, then hits
"count" (0 means 1, -1 all), "before" the effect (nothing is done) or "after" it (done, but the answer is replaced or lost):
  status, code, message, body, headers, retryAfter, retryDate     the answer
  delay, drop, reset, truncate                                    late; broken off; TCP reset; broken off in the middle
  expiredToken                                                    401 as for an expired token
  operationFails, canceled, cancelled                             how the operation ends that the request begins
  failureReason                                                   a script that runs, and fails as a script
  noPollingHeaders, echoOldBody, staleGets                        answers that mislead pollers
  listLacks                                                       a list without the resources of these names (a regular expression)
  pollURLBytes, pollHost                                          how long the polling URLs are at least; another scheme and host in them
While an operation is polled, a fault with "path":"/operationstatuses/" or "/operationresults/" hits.

The control endpoint serves:

` + armsim.ControlHelp + `
Flags:
`

func parseFlags(args []string, help io.Writer) (*options, error) {
	o := &options{}
	f := flag.NewFlagSet("armsim", flag.ContinueOnError)
	f.SetOutput(help)
	f.Usage = func() {
		fmt.Fprint(help, usage)
		f.PrintDefaults()
	}
	f.StringVar(&o.listen, "listen", "127.0.0.1:0", "address to listen on; port 0 takes a free one")
	f.StringVar(&o.name, "name", "", "host name that everything is at, such as localhost, instead of the address that is listened on")
	f.StringVar(&o.region, "region", "",
		"region whose host polling URLs and nextLinks name: westeurope makes westeurope.<name>, which clients must be able to resolve")
	f.Float64Var(&o.speed, "speed", 1,
		"divides every duration that stands for Azure's time; 600 builds a private cloud in 15 to 36 seconds. Retry-After stays in simulated seconds")
	f.Int64Var(&o.seed, "seed", 1, "makes the lengths of operations repeatable")
	f.DurationVar(&o.retryAfter, "retry-after", 30*time.Second, "simulated Retry-After of operations, whole seconds")
	f.StringVar(&o.tenant, "tenant", "11111111-0000-4000-8000-000000000001", "tenant id")
	f.StringVar(&o.client, "client-id", "11111111-0000-4000-8000-000000000002", "client id of the one application")
	f.StringVar(&o.secret, "client-secret", "", "its client secret; empty takes ARMSIM_CLIENT_SECRET from the environment")
	f.StringVar(&o.certificate, "client-certificate", "", "PEM file with a certificate that the application may sign in with")
	f.StringVar(&o.issuer, "federated-issuer", "", "issuer whose tokens the application may sign in with, such as a Kubernetes API server")
	f.StringVar(&o.subject, "federated-subject", "", "subject of those tokens: system:serviceaccount:<namespace>:<name>")
	f.StringVar(&o.audience, "federated-audience", "", "audience of those tokens; empty: api://AzureADTokenExchange")
	f.StringVar(&o.jwks, "federated-jwks", "", "file or https URL of the issuer's keys (JWKS), read for every sign-in")
	f.StringVar(&o.jwksCA, "federated-jwks-ca", "", "PEM file with the CA of that URL; empty: the system's roots")
	f.StringVar(&o.subscription, "subscription", "11111111-0000-4000-8000-000000000003", "subscription id")
	f.StringVar(&o.group, "resource-group", "rg-avs", "resource groups that exist from the start, separated by commas")
	f.StringVar(&o.location, "location", "westeurope", "location of those resource groups")
	f.StringVar(&o.sku, "quota-sku", "", "SKU that the subscription has host quota for; empty: 64 hosts of each")
	f.IntVar(&o.hosts, "quota-hosts", 16, "hosts of -quota-sku")
	f.BoolVar(&o.notRegistered, "not-registered", false, "start with Microsoft.AVS not registered in the subscription")
	f.BoolVar(&o.noVCenters, "no-vcenters", false, "private clouds have addresses, but no live vCenter")
	f.StringVar(&o.portGroups, "port-groups", "", "port groups of a new private cloud's vCenter, separated by commas")
	f.StringVar(&o.caOut, "ca-out", "armsim-ca.pem", "file that the CA certificate is written to")
	f.StringVar(&o.stateOut, "state-out", "", "file that resources and vCenters are written to as JSON whenever they change")
	f.BoolVar(&o.stepped, "stepped", false, "stop simulated time: only the control endpoint's /clock/advance moves it")
	f.BoolVar(&o.retryDate, "retry-date", false, "send Retry-After as an HTTP-date instead of seconds")
	f.DurationVar(&o.listLag, "list-lag", 0, "simulated time that lists lag behind gets after a write")
	f.BoolVar(&o.strict, "strict", false, "refuse properties that Azure would drop because it does not know them, to find a client's mistakes")
	f.StringVar(&o.control, "control", "", "address of the control endpoint; empty: none")
	f.StringVar(&o.controlToken, "control-token", "", "its bearer token; empty takes ARMSIM_CONTROL_TOKEN from the environment")
	f.StringVar(&o.load, "load", "", "file to go on from, written by -save or GET /state; it is no error when it does not exist yet and is the same as -save")
	f.StringVar(&o.save, "save", "",
		"file that the whole state is written to when the program ends, readable by its owner only: it holds passwords and private keys")
	f.BoolVar(&o.verbose, "v", false, "log every request")
	if err := f.Parse(args); errors.Is(err, flag.ErrHelp) {
		return nil, errHelp
	} else if err != nil {
		return nil, fmt.Errorf("reading the flags: %w", err)
	}
	if f.NArg() > 0 {
		return nil, fmt.Errorf("unexpected argument %q", f.Arg(0))
	}
	if o.speed <= 0 {
		return nil, fmt.Errorf("-speed %v: must be above zero", o.speed)
	}
	if o.secret == "" {
		o.secret = os.Getenv("ARMSIM_CLIENT_SECRET")
	}
	if o.controlToken == "" {
		o.controlToken = os.Getenv("ARMSIM_CONTROL_TOKEN")
	}
	return o, nil
}

func (o *options) config() (armsim.Config, error) {
	app := armsim.Application{ClientID: o.client}
	if o.secret != "" {
		app.Secrets = []string{o.secret}
	}
	if o.certificate != "" {
		list, err := readCertificates(o.certificate)
		if err != nil {
			return armsim.Config{}, err
		}
		app.Certificates = list
	}
	if o.issuer != "" || o.subject != "" || o.jwks != "" {
		keys, err := o.keys()
		if err != nil {
			return armsim.Config{}, err
		}
		app.Federated = []armsim.FederatedCredential{{Issuer: o.issuer, Subject: o.subject, Audience: o.audience, Keys: keys}}
	}
	if len(app.Secrets)+len(app.Certificates)+len(app.Federated) == 0 {
		return armsim.Config{}, errors.New("the application cannot sign in: give -client-secret, -client-certificate or -federated-issuer")
	}
	sub := armsim.Subscription{ID: o.subscription, TenantID: o.tenant, DisplayName: "Simulated", NotRegistered: o.notRegistered}
	if o.sku != "" {
		sub.HostQuota = map[string]int{o.sku: o.hosts}
	}
	c := armsim.Config{
		Listen: o.listen, Name: o.name, Region: o.region, Speed: o.speed, Seed: o.seed, RetryAfter: o.retryAfter, NoVCenters: o.noVCenters,
		VCenterPortGroups: split(o.portGroups), Stepped: o.stepped, RetryDate: o.retryDate, ListLag: o.listLag, Strict: o.strict, Control: o.control,
		ControlToken:  o.controlToken,
		Tenants:       []armsim.Tenant{{ID: o.tenant, Applications: []armsim.Application{app}}},
		Subscriptions: []armsim.Subscription{sub},
	}
	for _, name := range split(o.group) {
		c.ResourceGroups = append(c.ResourceGroups, armsim.ResourceGroup{SubscriptionID: o.subscription, Name: name, Location: o.location})
	}
	return c, o.loadInto(&c)
}

// loadInto reads the state to go on from. A first start with -load and -save of the same file finds none.
func (o *options) loadInto(c *armsim.Config) error {
	if o.load == "" {
		return nil
	}
	text, err := os.ReadFile(o.load)
	if errors.Is(err, fs.ErrNotExist) && o.load == o.save {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading the state: %w", err)
	}
	c.State = bytes.NewReader(text)
	return nil
}

func split(list string) []string {
	var out []string
	for _, item := range strings.Split(list, ",") {
		if item = strings.TrimSpace(item); item != "" {
			out = append(out, item)
		}
	}
	return out
}

func readCertificates(file string) ([]*x509.Certificate, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("reading certificates: %w", err)
	}
	var out []*x509.Certificate
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			continue
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("reading certificates of %s: %w", file, err)
		}
		out = append(out, certificate)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%s holds no certificate", file)
	}
	return out, nil
}

// keys answers how the federated issuer's keys are read.
func (o *options) keys() (func(context.Context) ([]byte, error), error) {
	if !strings.HasPrefix(o.jwks, "https://") {
		return func(context.Context) ([]byte, error) { return os.ReadFile(o.jwks) }, nil
	}
	client := &http.Client{}
	if o.jwksCA != "" {
		text, err := os.ReadFile(o.jwksCA)
		if err != nil {
			return nil, fmt.Errorf("reading the CA of the keys: %w", err)
		}
		pool := x509.NewCertPool()
		if !pool.AppendCertsFromPEM(text) {
			return nil, fmt.Errorf("%s holds no certificate", o.jwksCA)
		}
		client.Transport = &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}}
	}
	return func(ctx context.Context) ([]byte, error) {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, o.jwks, nil)
		if err != nil {
			return nil, fmt.Errorf("asking for keys: %w", err)
		}
		resp, err := client.Do(req)
		if err != nil {
			return nil, fmt.Errorf("asking for keys: %w", err)
		}
		defer func() { _ = resp.Body.Close() }()
		if resp.StatusCode != http.StatusOK {
			return nil, fmt.Errorf("asking for keys: %s", resp.Status)
		}
		return io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	}, nil
}

// printClients shows how to point clients here. The secret is not among it: whoever started the program knows it.
func (o *options) printClients(out io.Writer, url, control string) {
	host := strings.TrimPrefix(url, "https://")
	text := fmt.Sprintf(`Serving Azure at %s, %g times as fast.

  SSL_CERT_FILE=%s
  AZURE_AUTHORITY_HOST=%s/          (and turn instance discovery off)
  AZURE_RESOURCE_MANAGER_ENDPOINT=%s
  AZURE_TENANT_ID=%s
  AZURE_CLIENT_ID=%s
  AZURE_SUBSCRIPTION_ID=%s
  ARM_METADATA_HOSTNAME=%s          (Terraform's azurerm)
  ARM_CLOUD_METADATA_URL=%s/metadata/endpoints?api-version=2019-05-01   (az)
`, url, o.speed, o.caOut, url, url, o.tenant, o.client, o.subscription, host, url)
	if control != "" {
		text += fmt.Sprintf("\nControl is at %s, with its own token.\n", control)
	}
	_, _ = io.WriteString(out, text) // at once, for whoever reads it line by line
}
