// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package arm

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	armpolicy "github.com/Azure/azure-sdk-for-go/sdk/azcore/arm/policy"
	armruntime "github.com/Azure/azure-sdk-for-go/sdk/azcore/arm/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
)

// ReadTimeout bounds one exchange that reads, on the wall clock.
const ReadTimeout = 60 * time.Second

// mostPages bounds a list, so that a nextLink that leads in a circle ends.
const mostPages = 1000

// Options say whose client it is and where it speaks to.
type Options struct {
	Credential azcore.TokenCredential
	// Cloud names ARM's endpoint and audience; the zero value is Azure Public.
	Cloud cloud.Configuration
	// Transport carries the exchanges; nil is one shared by all clients. Of an *http.Client a copy is used that follows no redirection.
	Transport policy.Transporter
	// Regional: a token may also go to <region>.<host of the endpoint>, one label, which Azure's links name.
	Regional bool
	// Principal is a stable key of the identity, for limiters and snapshots.
	Principal string
	// Speed divides every wait that stands for Azure's time; 0 or 1 is real time.
	Speed float64
	// Limiters are shared by all clients of a process; nil: its own.
	Limiters *Limiters
	// Quota is shared by the clients of one owner; nil: its own, as for Azure.
	Quota *Quota
	// MayWrite is asked by the last transport right before a PUT, PATCH, DELETE or action leaves; with an error it is not sent.
	MayWrite func() error
	// Observe is told of each exchange after it ended, and of each that was not made for want of a place in Azure's limits.
	Observe func(Request)
	// ObserveLogin is told of each token that the credential was asked for; nil if it gave one.
	ObserveLogin func(*Error)
	UserAgent    string
}

// Request is one exchange, for metrics. Verb is GET, LIST, POLL, PUT, PATCH, DELETE or POST; Type the ARM type, or "operation"
// for a poll; StatusCode 0 if no answer came. Waited is how long it stood in the queue for Azure's limits, and Withheld says that it was not sent,
// because they are used up. Durations are on the wall clock.
type Request struct {
	Verb, Type       string
	StatusCode       int
	Duration, Waited time.Duration
	Withheld         bool
}

// Client speaks with one ARM as one principal. It is safe for concurrent use.
type Client struct {
	pipeline  runtime.Pipeline
	hosts     hosts
	principal string
	speed     float64
	limiters  *Limiters
	quota     *Quota
	observe   func(Request)
	userAgent string
	recents   recents
}

// NewClient makes a client. It sends nothing, and fails only on options that cannot work.
func NewClient(o Options) (*Client, error) {
	if o.Credential == nil {
		return nil, errors.New("make an ARM client: no credential")
	}
	if len(o.Cloud.Services) == 0 && o.Cloud.ActiveDirectoryAuthorityHost == "" {
		o.Cloud = cloud.AzurePublic
	}
	endpoint, err := url.Parse(o.Cloud.Services[cloud.ResourceManager].Endpoint)
	if err != nil || endpoint.Host == "" || endpoint.User != nil {
		return nil, fmt.Errorf("make an ARM client: the Resource Manager endpoint %q is not a URL", o.Cloud.Services[cloud.ResourceManager].Endpoint)
	}
	if !strings.EqualFold(endpoint.Scheme, "https") {
		return nil, fmt.Errorf("make an ARM client: the Resource Manager endpoint %s is not https", endpoint.Redacted())
	}
	endpoint.Path = strings.TrimRight(endpoint.Path, "/")
	c := &Client{hosts: hosts{endpoint, o.Regional}, principal: o.Principal, speed: o.Speed, limiters: o.Limiters, quota: o.Quota,
		observe: o.Observe, userAgent: o.UserAgent}
	if c.speed <= 0 {
		c.speed = 1
	}
	if c.quota == nil {
		c.quota = NewQuota(AzureLimits)
	}
	if c.limiters == nil {
		c.limiters = NewLimiters()
	}
	c.pipeline, err = armruntime.NewPipeline("avs-operator", "v1",
		&tokens{credential: o.Credential, speed: c.speed, observe: o.ObserveLogin}, runtime.PipelineOptions{}, &armpolicy.ClientOptions{
			ClientOptions: policy.ClientOptions{
				Cloud:     o.Cloud,
				Retry:     policy.RetryOptions{MaxRetries: -1}, // the reconcile loop is the retry; see the package comment
				Telemetry: policy.TelemetryOptions{Disabled: true},
				Transport: newGate(o.Transport, c.hosts, o.MayWrite),
			},
			DisableRPRegistration: true, // it would wait minutes inside a call; NotRegistered is a class
		})
	if err != nil {
		return nil, fmt.Errorf("make an ARM client: %w", err)
	}
	return c, nil
}

// Principal is the key that the client was made with.
func (c *Client) Principal() string { return c.principal }

// Get reads a resource.
func (c *Client) Get(ctx context.Context, id ID) (*Resource, error) {
	askedAt := time.Now()
	body, err := c.get(ctx, id)
	if err != nil {
		return nil, err
	}
	return resourceFrom(id, body, askedAt)
}

// get is Get with the body as it came, which can be decoded.
func (c *Client) get(ctx context.Context, id ID) ([]byte, error) {
	doing := "GET " + string(id)
	address, err := c.address(id, "", id.apiVersion())
	if err != nil {
		return nil, invalid(doing, err)
	}
	a, err := c.read(ctx, call{verb: "GET", doing: doing, url: address, id: id})
	if err != nil {
		return nil, err
	}
	if _, err := resourceFrom(id, a.body, time.Time{}); err != nil {
		return nil, unreadable(doing, a, err)
	}
	return a.body, nil
}

// List reads a whole collection, page by page. All of it or an error: half a list would make resources look deleted. Every
// Resource carries the moment that the first page was asked for.
func (c *Client) List(ctx context.Context, collection ID) ([]Resource, error) {
	items, err := c.list(ctx, collection)
	if err != nil {
		return nil, err
	}
	all := make([]Resource, 0, len(items))
	for _, i := range items {
		if r := i.resource(); r != nil {
			all = append(all, *r)
		}
	}
	return all, nil
}

// list is List with bodies as they came.
func (c *Client) list(ctx context.Context, collection ID) ([]item, error) {
	doing := "LIST " + string(collection)
	next, err := c.address(collection, "", collection.apiVersion())
	if err != nil {
		return nil, invalid(doing, err)
	}
	askedAt := time.Now()
	ctx, done := c.quota.begin(ctx, c.quota.most.List)
	defer done()
	all := []item{}
	for page := 0; next != nil; page++ {
		if page == mostPages {
			return nil, &Error{Class: Transient, Doing: doing, Message: fmt.Sprintf("more than %d pages", mostPages)}
		}
		a, err := c.read(ctx, call{verb: "LIST", doing: doing, url: next, id: collection})
		if err != nil {
			return nil, err
		}
		var body struct {
			Value    *[]json.RawMessage `json:"value"`
			NextLink string             `json:"nextLink"`
		}
		if err := json.Unmarshal(a.body, &body); err != nil || body.Value == nil {
			return nil, unreadable(doing, a, errors.Join(errors.New("the answer is not a list"), err))
		}
		for _, raw := range *body.Value {
			id, err := idIn(raw)
			if err != nil {
				return nil, unreadable(doing, a, err)
			}
			all = append(all, item{id: id, body: raw, askedAt: askedAt})
		}
		if next = nil; body.NextLink != "" {
			if next, _, err = c.hosts.link(body.NextLink); err != nil {
				return nil, invalid(doing, fmt.Errorf("follow the next page: %w", err))
			}
		}
	}
	return all, nil
}

// Post runs an action that only reads, such as listAdminCredentials, and decodes its answer into out, if that is not nil. Actions
// that change something are Writes.
func (c *Client) Post(ctx context.Context, id ID, action string, in, out any) error {
	doing := "POST " + string(id.Child(action, ""))
	doing = strings.TrimSuffix(doing, "/")
	address, err := c.address(id, action, id.apiVersion())
	if err != nil {
		return invalid(doing, err)
	}
	var body []byte
	if in != nil {
		if body, err = json.Marshal(in); err != nil {
			return invalid(doing, fmt.Errorf("encode the body: %w", err))
		}
	}
	a, err := c.read(ctx, call{verb: "POST", method: http.MethodPost, doing: doing, url: address, id: id, body: body})
	if err != nil {
		return err
	}
	return decode(doing, a, out)
}

// GetPath reads a path that is no resource, such as /subscriptions/{s}/providers/Microsoft.AVS/skus, into out. The path may carry a query.
func (c *Client) GetPath(ctx context.Context, path, apiVersion string, out any) error {
	doing := "GET " + path
	bare, query, _ := strings.Cut(path, "?")
	address, err := c.address(ID(bare), "", apiVersion)
	if err != nil {
		return invalid(doing, err)
	}
	if query != "" {
		address.RawQuery += "&" + query
	}
	a, err := c.read(ctx, call{verb: "GET", doing: doing, url: address, id: ID(bare)})
	if err != nil {
		return err
	}
	return decode(doing, a, out)
}

func decode(doing string, a *answer, out any) error {
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(a.body, out); err != nil {
		return unreadable(doing, a, err)
	}
	return nil
}

// address is the URL of an id, or of an action on it.
func (c *Client) address(id ID, action, apiVersion string) (*url.URL, error) {
	if action != "" {
		id += ID("/" + action)
	}
	path, err := id.escaped()
	if err != nil {
		return nil, err
	}
	return url.Parse(c.hosts.endpoint.String() + path + "?" + url.Values{"api-version": {apiVersion}}.Encode())
}

func invalid(doing string, err error) *Error {
	return &Error{Class: InvalidRequest, Doing: doing, Message: err.Error(), cause: err}
}

// unreadable is a success whose body cannot be read: not ARM's answer, so perhaps a proxy's.
func unreadable(doing string, a *answer, err error) *Error {
	return &Error{Class: Transient, Doing: doing, StatusCode: a.status, Message: shorten(err.Error()), CorrelationID: a.correlationID, cause: err}
}
