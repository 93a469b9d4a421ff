// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcentersim

import (
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"time"

	"github.com/vmware/govmomi/vim25/xml"
)

// clockTolerance is what vCenter Single Sign-On allows between its clock and a client's, when a token is asked for and when it is used.
const clockTolerance = 10 * time.Minute

// errClocks is what the token service says when a client's clock is further off.
var errClocks = errors.New("the requested token start time differs from the issue instant more than the acceptable deviation (clock tolerance) of 600000 ms. " +
	"This might be due to a clock skew problem")

// tokenRequest is the part of a WS-Trust message that matters here.
type tokenRequest struct {
	Header struct {
		Security struct {
			UsernameToken struct {
				Username string
				Password string
			}
		}
	}
	Body struct {
		RequestSecurityToken struct {
			RequestType string
			Lifetime    struct {
				Created string
				Expires string
			}
		}
	}
}

// serveTokens is the security token service: Issue with user name and password, Renew with a token.
func (v *VCenter) serveTokens(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	var request tokenRequest
	if err == nil {
		err = xml.Unmarshal(body, &request)
	}
	if err != nil {
		tokenFault(w, "InvalidRequest", "The request was invalid or malformed.")
		return
	}
	credential := request.Header.Security.UsernameToken
	user := credential.Username
	if user != "" {
		err = v.login(user, credential.Password)
	} else {
		user, err = v.tokens.verify(body, v.clock())
		v.accounts.note(user, err == nil)
	}
	if err != nil {
		tokenFault(w, "FailedAuthentication", "Authentication failed: "+err.Error()+".")
		return
	}
	from, until, err := v.lifetimeOf(request)
	if err != nil {
		tokenFault(w, "InvalidTimeRange", "The token authority rejected an issue request for TimePeriod: "+err.Error()+".")
		return
	}
	token, err := v.tokens.issue(user, from, until)
	if err != nil {
		tokenFault(w, "RequestFailed", "The request failed.")
		return
	}
	renew := request.Body.RequestSecurityToken.RequestType == "http://docs.oasis-open.org/ws-sx/ws-trust/200512/Renew"
	writeToken(w, token, from, until, renew)
}

// lifetimeOf is the life of a token as vCenter's own token service grants it (TokenLifetimeRemediator in its published source): it begins
// when the client's clock says, unless that is too far off, and ends when the client asks, but not after the longest life of a bearer token,
// counted from that beginning.
func (v *VCenter) lifetimeOf(r tokenRequest) (from, until time.Time, err error) {
	now := v.clock()
	from = now
	asked := r.Body.RequestSecurityToken.Lifetime
	if created, err := time.Parse(time.RFC3339Nano, asked.Created); err == nil {
		from = created
	}
	if from.Sub(now).Abs() > clockTolerance {
		return from, from, errClocks
	}
	until = from.Add(v.config.TokenLife)
	if expires, err := time.Parse(time.RFC3339Nano, asked.Expires); err == nil && expires.Before(until) {
		until = expires
	}
	return from, until, nil
}

// clock of the token service. Token lifetimes are real time at any speed.
func (v *VCenter) clock() time.Time { return time.Now().Add(time.Duration(v.tokenClockAhead.Load())) }

// SetTokenClockAhead sets the token service's clock, as an administrator does who corrects it: how far it is ahead of this machine's.
func (v *VCenter) SetTokenClockAhead(by time.Duration) { v.tokenClockAhead.Store(int64(by)) }

func writeToken(w http.ResponseWriter, token string, from, until time.Time, renew bool) {
	const wst = "http://docs.oasis-open.org/ws-sx/ws-trust/200512"
	const wsu = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
	response := fmt.Sprintf(`<wst:RequestSecurityTokenResponse xmlns:wst="%s"><wst:TokenType>urn:oasis:names:tc:SAML:2.0:assertion</wst:TokenType>`+
		`<wst:RequestedSecurityToken>%s</wst:RequestedSecurityToken><wst:Lifetime><wsu:Created xmlns:wsu="%s">%s</wsu:Created>`+
		`<wsu:Expires xmlns:wsu="%s">%s</wsu:Expires></wst:Lifetime></wst:RequestSecurityTokenResponse>`,
		wst, token, wsu, from.UTC().Format(samlTime), wsu, until.UTC().Format(samlTime))
	if !renew {
		response = fmt.Sprintf(`<wst:RequestSecurityTokenResponseCollection xmlns:wst="%s">%s</wst:RequestSecurityTokenResponseCollection>`, wst, response)
	}
	w.Header().Set("Content-Type", "text/xml; charset=utf-8")
	_, _ = fmt.Fprintf(w,
		`<?xml version="1.0" encoding="UTF-8"?><S:Envelope xmlns:S="http://schemas.xmlsoap.org/soap/envelope/"><S:Body>%s</S:Body></S:Envelope>`, response)
}

func tokenFault(w http.ResponseWriter, code, message string) {
	w.Header().Set("Content-Type", "text/xml; charset=utf-8")
	w.WriteHeader(http.StatusInternalServerError)
	_, _ = fmt.Fprintf(w, `<?xml version="1.0" encoding="UTF-8"?><S:Envelope xmlns:S="http://schemas.xmlsoap.org/soap/envelope/"><S:Body>`+
		`<S:Fault xmlns:ns0="http://docs.oasis-open.org/ws-sx/ws-trust/200512/">`+
		`<faultcode>ns0:%s</faultcode><faultstring>%s</faultstring></S:Fault></S:Body></S:Envelope>`,
		code, html.EscapeString(message))
}
