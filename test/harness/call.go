// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Seam is one of the three ways out of the operator.
type Seam string

// The three seams.
const (
	Kubernetes Seam = "Kubernetes"
	ARM        Seam = "Azure"
	VCenter    Seam = "vCenter"
)

// Call is one exchange with the outside world.
type Call struct {
	Seam    Seam
	Process int // of the history: 1 is the first operator
	// Number among the calls that count since the seams were armed; 0: it does not count.
	Number int
	Verb   string
	Path   string // without what differs from one test to the next: host, namespace, subscription, group
	// Writes says that it was to change something. Logins, leases and events count for nothing.
	Writes bool
	// Asks says that it is a read, a list or a poll of Azure.
	Asks bool
	// Subscription that ARM counts it for, Class of its token bucket: reads, writes or deletes.
	Subscription, Class string
	CorrelationID       string
	Began, Ended        time.Time // Ended is zero while there is no answer
	Code                int       // 0: no answer
	// LeftAlone is until when the answer asked not to be asked again.
	LeftAlone time.Time
	// Body that was sent, of writes.
	Body []byte
	// Raw is the whole path.
	Raw string
}

// What names a call for a person, and the same call in two runs of the same life alike.
func (c *Call) What() string { return c.Verb + " " + c.Path }

var (
	namespaced = regexp.MustCompile(`^.*/namespaces/[^/]+/`)
	inGroup    = regexp.MustCompile(`(?i)^.*/providers/Microsoft\.AVS/`)
	operations = regexp.MustCompile(`(?i)/operation(statuses|results)/`)
	// changesVCenter are the methods of vSphere that the operator changes something with.
	changesVCenter = regexp.MustCompile(`_Task$|^CancelTask$|^Set|^Destroy|^Rename|^MarkAs`)
	soapMethod     = regexp.MustCompile(`<(?:\w+:)?Body[^>]*>\s*<(?:\w+:)?(\w+)`)
	onlyReads      = regexp.MustCompile(`(?i)/(listAdminCredentials|check\w+Availability|listZones|getExecutionLogs)$`)
)

// describe says what a request is.
func describe(seam Seam, request *http.Request, body []byte) *Call {
	c := &Call{Seam: seam, Verb: request.Method, Raw: request.URL.Path, Path: request.URL.Path, Body: body}
	reads := request.Method == http.MethodGet || request.Method == http.MethodHead
	switch seam {
	case Kubernetes:
		c.Path = namespaced.ReplaceAllString(c.Raw, "")
		quiet := strings.HasPrefix(c.Path, "leases/") || c.Path == "leases" || strings.HasPrefix(c.Path, "events") || strings.HasSuffix(c.Path, "reviews")
		c.Writes = !reads && !quiet
	case ARM:
		c.Path = inGroup.ReplaceAllString(c.Raw, "")
		if operations.MatchString(c.Raw) {
			c.Path = "the operation"
		}
		login := strings.HasSuffix(c.Raw, "/token") || strings.Contains(c.Raw, "/.well-known/") || strings.Contains(c.Raw, "/discovery/")
		c.Writes = !reads && !login && !onlyReads.MatchString(c.Raw)
		c.Asks = !login && !c.Writes
		c.Subscription, c.CorrelationID = subscriptionIn(c.Raw), request.Header.Get("x-ms-correlation-request-id")
		c.Class = map[string]string{http.MethodGet: "reads", http.MethodDelete: "deletes"}[c.Verb]
		if c.Class == "" && !login {
			c.Class = "writes"
		}
	case VCenter:
		if method := soapMethod.FindSubmatch(body); method != nil {
			c.Verb, c.Path = "SOAP", string(method[1])
			c.Writes = changesVCenter.MatchString(c.Path)
		}
	}
	if !c.Writes {
		c.Body = nil
	}
	return c
}

func subscriptionIn(path string) string {
	parts := strings.Split(strings.ToLower(path), "/")
	if len(parts) > 2 && parts[1] == "subscriptions" {
		return parts[2]
	}
	return ""
}

// leftAlone is until when an answer asks not to be asked again. Seconds are Azure's, which speed divides; a date is on the wall clock.
func leftAlone(header http.Header, ended time.Time, speed float64) time.Time {
	said := header.Get("Retry-After")
	if n, err := strconv.ParseFloat(said, 64); err == nil && n > 0 {
		return ended.Add(time.Duration(n / max(speed, 1) * float64(time.Second)))
	}
	if at, err := http.ParseTime(said); err == nil {
		return at
	}
	return time.Time{}
}

func (c *Call) String() string {
	return fmt.Sprintf("%s operator %d %s %s: %d", c.Began.Format("15:04:05.000"), c.Process, c.Seam, c.What(), c.Code)
}
