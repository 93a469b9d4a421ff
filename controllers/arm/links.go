// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package arm

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

// LongestPollURL bounds a polling URL as it is stored, in bytes. Resource Manager's have about 3,100, because they carry the certificate that
// signs them. A longer one than this could not be stored, and a record that cannot be stored is an operation that nobody follows.
const LongestPollURL = 16 << 10

// hosts are where a token may go: to the configured host and, if regional, to its regions.
type hosts struct {
	endpoint *url.URL
	// regional: Azure answers for <region>.<host> too, such as westeurope.management.azure.com, and names it in links.
	regional bool
}

// region is one label of a host name.
var region = regexp.MustCompile(`^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$`)

// allow says whether a token may go where u leads. User information in a URL is refused: it is there to deceive a reader.
func (h hosts) allow(u *url.URL) bool {
	return sameHost(u, h.endpoint) || h.regionIn(u) != ""
}

// regionIn is the region whose host u names: exactly one label before the configured host, with its scheme and port. Empty: none, or one that
// gets no token.
func (h hosts) regionIn(u *url.URL) string {
	configured := strings.ToLower(h.endpoint.Hostname())
	label, found := strings.CutSuffix(strings.ToLower(u.Hostname()), "."+configured)
	if !h.regional || !found || net.ParseIP(configured) != nil || !region.MatchString(label) {
		return ""
	}
	if !strings.EqualFold(u.Scheme, h.endpoint.Scheme) || portOf(u) != portOf(h.endpoint) || u.User != nil {
		return ""
	}
	return label
}

// link resolves a link that ARM or a stored record gave. Whoever can write either could name a host of their own, and the token goes with the
// request: so of a link to any host that may not have it only path and query are taken, and asked of the configured host. foreign is that host
// then, for the reader.
func (h hosts) link(text string) (u *url.URL, foreign string, err error) {
	given, err := url.Parse(text)
	if err != nil || given.Opaque != "" || !strings.HasPrefix(given.Path, "/") || strings.HasPrefix(given.Path, "//") {
		return nil, "", errors.New("the link is not a URL with a path")
	}
	given.Fragment, given.RawFragment = "", ""
	if given.Host != "" && h.allow(given) {
		return given, "", nil
	}
	if given.Host != "" || given.Scheme != "" {
		foreign = given.Scheme + "://" + given.Host
	}
	at := *h.endpoint
	at.Path, at.RawPath, at.RawQuery = given.Path, given.RawPath, given.RawQuery
	return &at, foreign, nil
}

// stored is a link as a record keeps it: a path is asked of the configured host, also when that has another name later; an absolute URL names
// the regional host that knows the operation.
func (h hosts) stored(u *url.URL) string {
	if sameHost(u, h.endpoint) {
		return u.RequestURI()
	}
	return u.String()
}

// pollFrom reads the polling headers, in the form that is stored. trouble says why one is not followed as Azure gave it.
func (h hosts) pollFrom(header http.Header) (p Poll, trouble string) {
	take := func(name string, into *string) {
		text := header.Get(name)
		if text == "" || *into != "" {
			return
		}
		u, foreign, err := h.link(text)
		if err != nil {
			trouble = name + " is unreadable"
			return
		}
		kept := h.stored(u)
		if len(kept) > LongestPollURL {
			trouble = fmt.Sprintf("%s has %d bytes, more than the %d that are stored", name, len(kept), LongestPollURL)
			return
		}
		if foreign != "" {
			trouble = fmt.Sprintf("%s names %s, which gets no token: its path is asked of %s", name, shorten(foreign), h.endpoint.Host)
		}
		*into = kept
	}
	take("Azure-AsyncOperation", &p.AsyncOperation)
	take("Operation-Location", &p.AsyncOperation)
	take("Location", &p.Location)
	return p, trouble
}
