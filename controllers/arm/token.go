// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package arm

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
)

// LoginPause is how long a credential that Entra ID refused is not presented again, in Azure's time. It is held here, once a
// credential, because a thousand objects share it and repeated refusals lock accounts and raise alarms.
const LoginPause = 10 * time.Minute

// tokens wraps a credential: it turns its errors into ours, and remembers a refusal.
type tokens struct {
	credential azcore.TokenCredential
	speed      float64
	observe    func(*Error) // nil: nobody

	mu      sync.Mutex
	refused *Error
	until   time.Time
}

// GetToken asks the credential, unless it was refused within LoginPause. A claims challenge is a new question and is asked.
func (t *tokens) GetToken(ctx context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
	if held := t.held(); held != nil && o.Claims == "" {
		return azcore.AccessToken{}, held
	}
	token, err := t.credential.GetToken(ctx, o)
	if err == nil {
		t.told(nil)
		return token, nil
	}
	failed := loginError(err)
	t.told(failed)
	if failed.Class == CredentialsInvalid {
		t.hold(failed)
	}
	return azcore.AccessToken{}, failed
}

func (t *tokens) told(e *Error) {
	if t.observe != nil {
		t.observe(e)
	}
}

func (t *tokens) held() *Error {
	t.mu.Lock()
	defer t.mu.Unlock()
	left := time.Until(t.until)
	if t.refused == nil || left <= 0 {
		return nil
	}
	again := *t.refused
	again.RetryAfter = simulated(left, t.speed)
	return &again
}

func (t *tokens) hold(e *Error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	e.RetryAfter = LoginPause
	t.refused, t.until = e, time.Now().Add(wall(LoginPause, t.speed))
}

// loginError tells "refused" from "could not be asked". azidentity's own text is many lines with the whole answer in it; what
// helps is the AADSTS sentence.
func loginError(err error) *Error {
	e := &Error{Class: Transient, Doing: "log in to Entra ID", Message: shorten(err.Error()), cause: err}
	var failed *azidentity.AuthenticationFailedError
	if !errors.As(err, &failed) || failed.RawResponse == nil {
		return e
	}
	e.StatusCode = failed.RawResponse.StatusCode
	body, _ := runtime.Payload(failed.RawResponse)
	var said struct {
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}
	_ = json.Unmarshal(body, &said)
	sentence, _, _ := strings.Cut(said.Description, "\n")
	sentence, _, _ = strings.Cut(sentence, " Trace ID:")
	if e.Code = said.Error; sentence != "" {
		e.Message = shorten(sentence)
	} else {
		e.Message = http.StatusText(e.StatusCode)
	}
	switch {
	case e.StatusCode == http.StatusRequestTimeout, e.StatusCode == http.StatusTooManyRequests, e.StatusCode >= 500:
	case e.StatusCode >= 400:
		e.Class = CredentialsInvalid
	}
	return e
}

// wall is how long a duration of Azure's takes on the wall clock, simulated the opposite.
func wall(d time.Duration, speed float64) time.Duration { return time.Duration(float64(d) / speed) }

func simulated(d time.Duration, speed float64) time.Duration {
	return time.Duration(float64(d) * speed)
}
