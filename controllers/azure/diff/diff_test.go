// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package diff

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/avs-operator/avs-operator/controllers/azure/body"
)

// body decodes JSON as the client does.
func parsed(t testing.TB, text string) map[string]any {
	t.Helper()
	var out map[string]any
	if err := json.Unmarshal([]byte(text), &out); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return out
}

// rules are those of a private cloud, more or less.
var rules = Rules{
	Sets:         []string{"/properties/extendedNetworkBlocks", "/properties/identitySources", "/properties/groups/*/members"},
	IgnoreCase:   []string{"/properties/mode"},
	ServerFilled: []string{"/properties/managementCluster/hosts", "/properties/identitySources/*/state"},
	WriteOnly:    []string{"/properties/vcenterPassword", "/properties/identitySources/*/password"},
}

const actualCloud = `{"id":"/subscriptions/S/resourcegroups/rg/providers/Microsoft.AVS/privateClouds/weu","location":"West Europe","sku":{"name":"av36p"},
"tags":{"team":"platform","theirs":"x","at":"2027-12-31T00:00:00.000Z"},
"properties":{"provisioningState":"Succeeded","internet":"Disabled","networkBlock":"10.0.0.0/22","mode":"enabled",
"virtualNetworkId":"/subscriptions/S/resourcegroups/rg/net","managementCluster":{"clusterSize":3,"hosts":["h1","h2","h3"]},
"extendedNetworkBlocks":["10.1.0.0/23","10.2.0.0/23"],"dnsServerIps":["1.1.1.1","2.2.2.2"],
"identitySources":[{"name":"a","ssl":"Enabled","state":"ok"},{"name":"b","ssl":"Disabled","state":"ok"}],"revision":7,"nothing":null}}`

func TestCompare(t *testing.T) {
	for name, tc := range map[string]struct {
		desired string
		want    string // path=desired<actual; joined by a space
	}{
		"nothing desired": {`{}`, ""},
		"what it is":      {`{"properties":{"internet":"Disabled","managementCluster":{"clusterSize":3}}}`, ""},
		"a size":          {`{"properties":{"managementCluster":{"clusterSize":4}}}`, "/properties/managementCluster/clusterSize=4<3"},
		"two, sorted by path": {`{"tags":{"team":"x"},"properties":{"internet":"Enabled"}}`,
			`/properties/internet="Enabled"<"Disabled" /tags/team="x"<"platform"`},
		"absent in Azure": {`{"tags":{"new":"y"}}`, `/tags/new="y"<null`},
		"an absent object, leaf by leaf": {`{"properties":{"encryption":{"status":"Enabled","keyVault":{"url":"u"}}}}`,
			`/properties/encryption/keyVault/url="u"<null /properties/encryption/status="Enabled"<null`},
		"null names nothing":       {`{"properties":{"internet":null,"other":null}}`, ""},
		"empty is absent":          {`{"properties":{"a":"","b":[],"c":{}}}`, ""},
		"empty is not something":   {`{"properties":{"internet":""}}`, `/properties/internet=""<"Disabled"`},
		"false is not absent":      {`{"properties":{"flag":false}}`, `/properties/flag=false<null`},
		"zero is not absent":       {`{"properties":{"count":0}}`, `/properties/count=0<null`},
		"locations are read":       {`{"location":"westeurope"}`, ""},
		"another location":         {`{"location":"northeurope"}`, `/location="northeurope"<"West Europe"`},
		"a SKU's casing":           {`{"sku":{"name":"AV36P"}}`, ""},
		"another SKU":              {`{"sku":{"name":"av64"}}`, `/sku/name="av64"<"av36p"`},
		"an id's casing":           {`{"properties":{"virtualNetworkId":"/subscriptions/s/resourceGroups/RG/net"}}`, ""},
		"a moment in another form": {`{"tags":{"at":"2027-12-31T01:00:00+01:00"}}`, ""},
		"another moment":           {`{"tags":{"at":"2027-12-31T01:00:00Z"}}`, `/tags/at="2027-12-31T01:00:00Z"<"2027-12-31T00:00:00.000Z"`},
		"another id": {`{"properties":{"virtualNetworkId":"/subscriptions/s/resourceGroups/RG/other"}}`,
			`/properties/virtualNetworkId="/subscriptions/s/resourceGroups/RG/other"<"/subscriptions/S/resourcegroups/rg/net"`},
		"casing matters elsewhere": {`{"tags":{"team":"Platform"}}`, `/tags/team="Platform"<"platform"`},
		"casing by rule":           {`{"properties":{"mode":"Enabled"}}`, ""},
		"a set's order":            {`{"properties":{"extendedNetworkBlocks":["10.2.0.0/23","10.1.0.0/23","10.1.0.0/23"]}}`, ""},
		"a set's members": {`{"properties":{"extendedNetworkBlocks":["10.2.0.0/23"]}}`,
			`/properties/extendedNetworkBlocks=["10.2.0.0/23"]<["10.1.0.0/23","10.2.0.0/23"]`},
		"an order that matters": {`{"properties":{"dnsServerIps":["2.2.2.2","1.1.1.1"]}}`,
			`/properties/dnsServerIps=["2.2.2.2","1.1.1.1"]<["1.1.1.1","2.2.2.2"]`},
		"objects in a set, less than all": {`{"properties":{"identitySources":[{"name":"b","password":"p"},{"name":"a"}]}}`, ""},
		"objects in a set, one too many": {`{"properties":{"identitySources":[{"name":"a"},{"name":"b"},{"name":"c"}]}}`,
			`/properties/identitySources=[{"name":"a"},{"name":"b"},{"name":"c"}]<[` +
				`{"name":"a","ssl":"Enabled","state":"ok"},{"name":"b","ssl":"Disabled","state":"ok"}]`},
		"one that fits two, in wrong turn": {`{"properties":{"identitySources":[{"ssl":"Enabled"},{"name":"b"}]}}`, ""},
		"server-filled is not compared":    {`{"properties":{"managementCluster":{"hosts":["h9"]}}}`, ""},
		"write-only is not compared":       {`{"properties":{"vcenterPassword":"p"}}`, ""},
		"an object where a text stands":    {`{"properties":{"internet":{"a":1}}}`, `/properties/internet/a=1<null`},
		"a text where an object stands":    {`{"sku":"av36p"}`, `/sku="av36p"<{"name":"av36p"}`},
		"a text is no number":              {`{"properties":{"revision":"7"}}`, `/properties/revision="7"<7`},
		"a key with a slash":               {`{"tags":{"a/b~c":"1"}}`, `/tags/a~1b~0c="1"<null`},
	} {
		t.Run(name, func(t *testing.T) {
			desired, actual := parsed(t, tc.desired), parsed(t, actualCloud)
			var got []string
			changes := Compare(desired, actual, rules)
			for _, c := range changes {
				want, _ := json.Marshal(c.Desired)
				have, _ := json.Marshal(c.Actual)
				got = append(got, fmt.Sprintf("%s=%s<%s", c.Path, want, have))
			}
			if text := strings.Join(got, " "); text != tc.want {
				t.Errorf("got  %s\nwant %s", text, tc.want)
			}
			if d := cmp.Diff(parsed(t, actualCloud), actual); d != "" {
				t.Errorf("the argument was changed: %s", d)
			}
			if again := Compare(desired, apply(actual, Patch(changes)), rules); len(again) > 0 {
				t.Errorf("after its patch there still differs: %v", again)
			}
		})
	}
}

// TestSetsAreMatchedNotGuessed: the first desired element agrees with both, and must not take the only one that the second can have.
func TestSetsAreMatchedNotGuessed(t *testing.T) {
	desired := parsed(t, `{"properties":{"identitySources":[{"ssl":"Enabled"},{"name":"a","ssl":"Enabled"}]}}`)
	actual := parsed(t, `{"properties":{"identitySources":[{"name":"a","ssl":"Enabled"},{"name":"z","ssl":"Enabled"}]}}`)
	if got := Compare(desired, actual, rules); len(got) > 0 {
		t.Error(got)
	}
}

func TestNumbersAreComparedByValue(t *testing.T) {
	type pair struct{ a, b any }
	for _, p := range []pair{{int64(3), 3.0}, {json.Number("3"), 3}, {json.Number("3.0"), int32(3)}, {float32(0.5), 0.5}, {json.Number("1e2"), 100.0},
		{0.0, json.Number("-0")}} {
		if !equalNumbers(p.a, p.b) || !equalNumbers(p.b, p.a) {
			t.Errorf("%v and %v differ", p.a, p.b)
		}
	}
	for _, p := range []pair{{3, 4}, {json.Number("9007199254740993"), json.Number("9007199254740992")},
		{int64(9007199254740993), int64(9007199254740992)}, {3, "3"}, {3, nil}, {json.Number("1e999999999"), 1}} {
		if equalNumbers(p.a, p.b) {
			t.Errorf("%v and %v are the same", p.a, p.b)
		}
	}
}

func TestPatchIsSmallest(t *testing.T) {
	desired := parsed(t, `{"tags":{"team":"platform","new":"1"},
"properties":{"managementCluster":{"clusterSize":5},"internet":"Disabled","extendedNetworkBlocks":["10.9.0.0/23"]}}`)
	changes := Compare(desired, parsed(t, actualCloud), rules)
	want := parsed(t, `{"tags":{"new":"1"},"properties":{"managementCluster":{"clusterSize":5},"extendedNetworkBlocks":["10.9.0.0/23"]}}`)
	if d := cmp.Diff(want, Patch(changes)); d != "" {
		t.Error(d)
	}
	if got := Patch(nil); len(got) != 0 {
		t.Errorf("no change makes %v", got)
	}
}

func TestPutBodyStartsFromWhatAzureHas(t *testing.T) {
	desired := parsed(t, `{"tags":{"team":"x"},"properties":{"vcenterPassword":"p","internet":"Enabled","nothing":null,
"managementCluster":{"clusterSize":4},"identitySources":[{"name":"b"},{"name":"a"}],"dnsServerIps":["3.3.3.3"]}}`)
	got := PutBody(parsed(t, actualCloud), desired, rules, []string{"/properties/managementCluster/hosts", "/properties/identitySources/*/state"})
	want := parsed(t, `{"location":"West Europe","sku":{"name":"av36p"},"tags":{"team":"x","theirs":"x","at":"2027-12-31T00:00:00.000Z"},
"properties":{"internet":"Enabled","networkBlock":"10.0.0.0/22","mode":"enabled",
"virtualNetworkId":"/subscriptions/S/resourcegroups/rg/net","managementCluster":{"clusterSize":4},
"extendedNetworkBlocks":["10.1.0.0/23","10.2.0.0/23"],"dnsServerIps":["3.3.3.3"],
"identitySources":[{"name":"a","ssl":"Enabled"},{"name":"b","ssl":"Disabled"}],"revision":7,"vcenterPassword":"p"}}`)
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(map[string]any{"a": 1.0}, PutBody(nil, parsed(t, `{"a":1,"b":null}`), Rules{}, nil)); d != "" {
		t.Errorf("without anything in Azure: %s", d)
	}
}

func TestManagedAndDropped(t *testing.T) {
	was := parsed(t, `{"tags":{"a":"1","b":"2"},"properties":{"internet":"Enabled","list":[{"x":1}],"nothing":null,"empty":{}}}`)
	managed := Managed(was)
	if d := cmp.Diff([]string{"/properties/internet", "/properties/list", "/tags/a", "/tags/b"}, managed); d != "" {
		t.Error(d)
	}
	is := parsed(t, `{"tags":{"a":"9"},"properties":{"internet":null,"list":[]}}`)
	if d := cmp.Diff([]string{"/properties/internet", "/tags/b"}, Dropped(managed, is)); d != "" {
		t.Error(d)
	}
	if got := Dropped(managed, was); len(got) > 0 {
		t.Errorf("nothing was dropped: %v", got)
	}
	if got := Dropped([]string{"", "x", "/tags/a/b/c"}, is); len(got) != 2 {
		t.Errorf("a list that somebody edited: %v", got)
	}
}

func TestManagedIsBounded(t *testing.T) {
	tags := map[string]any{}
	for i := range 1000 {
		tags[fmt.Sprint("t", i)] = "x"
	}
	desired := map[string]any{"location": "x", "properties": map[string]any{"internet": "x"}, "deep": map[string]any{"tags": tags}}
	managed := Managed(desired)
	if d := cmp.Diff([]string{"/deep", "/location", "/properties"}, managed); len(managed) > MostManaged || d == "" {
		t.Fatalf("%d paths: %v", len(managed), managed)
	}
	if got := Dropped(managed, desired); len(got) > 0 {
		t.Errorf("told by its parent, and dropped: %v", got)
	}
	if n := len(Managed(tags)); n != MostManaged {
		t.Errorf("%d paths at the top", n)
	}
}

func TestRedact(t *testing.T) {
	changes := []Change{
		{Path: "/properties/vcenterPassword", Desired: "p1"},
		{Path: "/properties/identitySources", Desired: []any{map[string]any{"name": "a", "password": "p2"}},
			Actual: []any{map[string]any{"name": "a", "password": "p3"}}},
		{Path: "/properties/license/licenseKey/deep", Desired: "p4", Actual: 5.0},
		{Path: "/tags/a", Desired: "1", Actual: "2"},
	}
	text, _ := json.Marshal(Redact(changes, []string{"/properties/vcenterPassword", "/properties/identitySources/*/password", "/properties/license/licenseKey"}))
	want := `[{"Path":"/properties/vcenterPassword","Desired":"(hidden)","Actual":null},` +
		`{"Path":"/properties/identitySources","Desired":[{"name":"a","password":"(hidden)"}],"Actual":[{"name":"a","password":"(hidden)"}]},` +
		`{"Path":"/properties/license/licenseKey/deep","Desired":"(hidden)","Actual":"(hidden)"},{"Path":"/tags/a","Desired":"1","Actual":"2"}]`
	if string(text) != want {
		t.Errorf("got %s", text)
	}
	if changes[0].Desired != "p1" {
		t.Error("the argument was changed")
	}
}

// apply is a merge patch as Azure applies it: objects merge, the rest replaces.
func apply(actual, patch map[string]any) map[string]any {
	out, _ := body.CloneValue(actual).(map[string]any)
	if out == nil {
		out = map[string]any{}
	}
	for key, value := range patch {
		if inner, ok := value.(map[string]any); ok {
			have, _ := out[key].(map[string]any)
			out[key] = apply(have, inner)
		} else {
			out[key] = body.CloneValue(value)
		}
	}
	return out
}

// TestALargeSetIsQuick: a placement policy may name a thousand machines, and is compared in every pass.
func TestALargeSetIsQuick(t *testing.T) {
	var forth, back []any
	for i := range 5000 {
		forth = append(forth, fmt.Sprintf("/subscriptions/s/vm-%d", i))
		back = append(back, fmt.Sprintf("/SUBSCRIPTIONS/s/VM-%d", 4999-i))
	}
	r := Rules{Sets: []string{"/m"}}
	started := time.Now()
	if got := Compare(map[string]any{"m": forth}, map[string]any{"m": back}, r); len(got) > 0 {
		t.Fatal("differ")
	}
	back[0] = "/subscriptions/s/other"
	if got := Compare(map[string]any{"m": forth}, map[string]any{"m": back}, r); len(got) != 1 {
		t.Fatal("the same")
	}
	if took := time.Since(started); took > 5*time.Second {
		t.Errorf("took %s", took)
	}
}
