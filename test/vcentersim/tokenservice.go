// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcentersim

import (
	"fmt"
	"html"
	"io"
	"net/http"
	"time"

	"github.com/vmware/govmomi/vim25/xml"
)

// longestToken is the policy of vCenter Single Sign-On: a bearer token lives five minutes unless more is asked, and
// never longer than this. Token lifetimes are real time at any speed.
const longestToken = 24 * time.Hour

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
		user, err = v.tokens.verify(body, time.Now())
		v.accounts.note(user, err == nil)
	}
	if err != nil {
		tokenFault(w, "FailedAuthentication", "Authentication failed: "+err.Error()+".")
		return
	}
	from, until := lifetimeOf(request)
	token, err := v.tokens.issue(user, from, until)
	if err != nil {
		tokenFault(w, "RequestFailed", "The request failed.")
		return
	}
	renew := request.Body.RequestSecurityToken.RequestType == "http://docs.oasis-open.org/ws-sx/ws-trust/200512/Renew"
	writeToken(w, token, from, until, renew)
}

// lifetimeOf takes the length that the client asks for, from now: its clock may be wrong.
func lifetimeOf(r tokenRequest) (from, until time.Time) {
	from = time.Now()
	length := 5 * time.Minute
	asked := r.Body.RequestSecurityToken.Lifetime
	created, err1 := time.Parse(time.RFC3339Nano, asked.Created)
	expires, err2 := time.Parse(time.RFC3339Nano, asked.Expires)
	if err1 == nil && err2 == nil && expires.After(created) {
		length = min(expires.Sub(created), longestToken)
	}
	return from, from.Add(length)
}

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
	_, _ = fmt.Fprintf(w, `<?xml version="1.0" encoding="UTF-8"?><S:Envelope xmlns:S="http://schemas.xmlsoap.org/soap/envelope/"><S:Body>%s</S:Body></S:Envelope>`, response)
}

func tokenFault(w http.ResponseWriter, code, message string) {
	w.Header().Set("Content-Type", "text/xml; charset=utf-8")
	w.WriteHeader(http.StatusInternalServerError)
	_, _ = fmt.Fprintf(w, `<?xml version="1.0" encoding="UTF-8"?><S:Envelope xmlns:S="http://schemas.xmlsoap.org/soap/envelope/"><S:Body>`+
		`<S:Fault xmlns:ns0="http://docs.oasis-open.org/ws-sx/ws-trust/200512/"><faultcode>ns0:%s</faultcode><faultstring>%s</faultstring></S:Fault></S:Body></S:Envelope>`,
		code, html.EscapeString(message))
}
