// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package diff

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"
)

// equalScalars compares a desired scalar. An empty text is what Azure leaves out, so it equals an absent one.
func equalScalars(desired, actual any, sameText func(a, b string) bool) bool {
	if want, ok := desired.(string); ok {
		have, isText := actual.(string)
		return (isText || actual == nil) && (want == have || sameText(want, have))
	}
	if want, ok := desired.(bool); ok {
		have, isBool := actual.(bool)
		return isBool && want == have
	}
	return equalNumbers(desired, actual)
}

// equalNumbers compares by value: a spec's int64 and JSON's float64 are the same number. Whole numbers are compared as such,
// because beyond 2^53 different ones share a float.
func equalNumbers(a, b any) bool {
	x, okX := number(a)
	y, okY := number(b)
	if !okX || !okY {
		return false
	}
	if x == y {
		return true
	}
	_, wholeX := strconv.ParseInt(x, 10, 64)
	_, wholeY := strconv.ParseInt(y, 10, 64)
	if wholeX == nil && wholeY == nil {
		return false // two different whole numbers; "-0" and "0" never get here, see number
	}
	fx, errX := strconv.ParseFloat(x, 64)
	fy, errY := strconv.ParseFloat(y, 64)
	return errX == nil && errY == nil && fx == fy
}

// number is a canonical text of a number of any Go type.
func number(v any) (string, bool) {
	switch n := v.(type) {
	case json.Number:
		if i, err := n.Int64(); err == nil {
			return strconv.FormatInt(i, 10), true
		}
		return n.String(), true
	case float64:
		if i := int64(n); float64(i) == n && i > -1<<53 && i < 1<<53 {
			return strconv.FormatInt(i, 10), true
		}
		return strconv.FormatFloat(n, 'g', -1, 64), true
	case float32:
		return number(float64(n))
	case int:
		return strconv.FormatInt(int64(n), 10), true
	case int32:
		return strconv.FormatInt(int64(n), 10), true
	case int64:
		return strconv.FormatInt(n, 10), true
	}
	return "", false
}

// equalText knows the values that Azure answers in another form than it was given: ids, SKU names, locations, times.
func (p path) equalText(a, b string, ignoreCase []path) bool {
	if p.isLocation() {
		return normalLocation(a) == normalLocation(b)
	}
	if isTime(a) && isTime(b) {
		return sameMoment(a, b)
	}
	folds := isID(a) && isID(b) || p.isSKUName() || p.matchesAny(ignoreCase)
	return folds && strings.EqualFold(a, b)
}

// isTime tells 2027-12-31T00:00:00Z by its looks, before it is parsed.
func isTime(s string) bool {
	return len(s) >= len("2006-01-02T15:04:05Z") && s[4] == '-' && s[10] == 'T'
}

// sameMoment: Azure answers a time with or without fractions of a second, and in its own zone.
func sameMoment(a, b string) bool {
	x, errX := time.Parse(time.RFC3339, a)
	y, errY := time.Parse(time.RFC3339, b)
	return errX == nil && errY == nil && x.Equal(y)
}

func isID(s string) bool {
	const prefix = "/subscriptions/"
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}

// normalLocation makes "West Europe" and "westeurope" the same, which Azure answers as it likes.
func normalLocation(s string) string {
	return strings.ToLower(strings.ReplaceAll(s, " ", ""))
}

func (p path) isLocation() bool { return len(p) > 0 && p[len(p)-1] == "location" }

func (p path) isSKUName() bool {
	return len(p) > 1 && p[len(p)-1] == "name" && p[len(p)-2] == "sku"
}

// withoutNulls copies what is desired; the API refuses a null anywhere in a body.
func withoutNulls(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for key, value := range v {
			if value != nil {
				out[key] = withoutNulls(value)
			}
		}
		return out
	case []any:
		out := make([]any, 0, len(v))
		for _, value := range nonNull(v) {
			out = append(out, withoutNulls(value))
		}
		return out
	}
	return v
}

func nonNull(elements []any) []any {
	if !slices.Contains(elements, nil) {
		return elements
	}
	return slices.DeleteFunc(slices.Clone(elements), func(e any) bool { return e == nil })
}
