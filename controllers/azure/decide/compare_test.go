// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package decide_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/azure/decide"
)

// comparison is what a comparison alone finds: the desired body, the managed paths, and each change.
func comparison(d decide.Decision) string {
	body, _ := json.Marshal(d.Desired)
	text := fmt.Sprintf("%s managed %s", body, strings.Join(d.Managed, " "))
	for _, c := range d.Changes {
		desired, _ := json.Marshal(c.Desired)
		actual, _ := json.Marshal(c.Actual)
		text += fmt.Sprintf(" | %s %s>%s", c.Path, actual, desired)
	}
	return text
}

func TestComparison(t *testing.T) {
	withDefault := with(func(k *thingKind) { k.Defaults = map[string]any{"/properties/ranges": []any{}} })
	for _, row := range []struct {
		name string
		situation
		want string
	}{
		{"nothing is there", a(plain, `{"properties":{"a":1}}`), `{"properties":{"a":1}} managed /id /properties/a`},
		{"Azure equals the spec", a(plain, `{"properties":{"a":1}}`, has(`{"properties":{"a":1,"theirs":2}}`)), `{"properties":{"a":1}} managed /id /properties/a`},
		{"Azure differs", a(plain, `{"properties":{"a":1,"b":2}}`, has(`{"properties":{"a":3}}`)),
			`{"properties":{"a":1,"b":2}} managed /id /properties/a /properties/b | /properties/a 3>1 | /properties/b null>2`},
		{"a spec that sets nothing is managed all the same", a(plain, `{}`, has(`{"properties":{}}`)), `{} managed /id`},
		{"what was looked up is asked for, but not filled paths that the spec leaves out", a(plain, `{"properties":{"a":1}}`, has(`{}`),
			with(func(k *thingKind) { k.Filled = []string{"/properties/name"} }),
			func(s *situation) {
				s.Asked = jsonOf(`{"properties":{"a":1,"name":"one","gateway":"g"}}`)
			}),
			`{"properties":{"a":1,"gateway":"g","name":"one"}} managed /id /properties/a /properties/gateway | ` +
				`/properties/a null>1 | /properties/gateway null>"g" | /properties/name null>"one"`},
		{"a filled path that the spec sets is the spec's",
			a(plain, `{"properties":{"name":"mine"}}`, with(func(k *thingKind) { k.Filled = []string{"/properties/name"} })),
			`{"properties":{"name":"mine"}} managed /id /properties/name`},
		{"what was dropped goes back to its default",
			a(plain, `{"properties":{"a":1}}`, has(`{"properties":{"a":1,"ranges":["x"]}}`), managed("/properties/ranges"), withDefault),
			`{"properties":{"a":1,"ranges":[]}} managed /id /properties/a | /properties/ranges ["x"]>[]`},
		{"the default of what was never set is nobody's business",
			a(plain, `{"properties":{"a":1}}`, has(`{"properties":{"a":1,"ranges":["x"]}}`), managed(), withDefault),
			`{"properties":{"a":1}} managed /id /properties/a`},
		{"a PATCH takes nothing away that has no default", a(plain, `{}`, has(`{"properties":{"a":1}}`), managed("/properties/a")), `{} managed /id`},
		{"a PUT takes away what was dropped", a(noPatch, `{}`, has(`{"properties":{"a":1}}`), managed("/properties/a")), `{} managed /id | /properties/a 1>null`},
		{"and what is not there need not go", a(noPatch, `{}`, has(`{"properties":{}}`), managed("/properties/a")), `{} managed /id`},
		{"some paths only a PUT takes away", a(plain, `{}`, has(`{"properties":{"a":{"b":1},"c":2}}`), managed("/properties/a/b", "/properties/c"),
			with(func(k *thingKind) { k.PutOnly = []string{"/properties/a"} })), `{} managed /id | /properties/a/b 1>null`},
		{"what has a default is set back by a PUT too", a(noPatch, `{}`, has(`{"properties":{"ranges":["x"]}}`), managed("/properties/ranges"), withDefault),
			`{"properties":{"ranges":[]}} managed /id | /properties/ranges ["x"]>[]`},

		{"tags are merged, and the owner's is added", a(tagged, `{"tags":{"env":"prod"}}`, has(`{"tags":{"theirs":"x"}}`)),
			`{"tags":{"avs-operator-owner":"here/ns/one","env":"prod","theirs":"x"}} managed /id /tags/env | ` +
				`/tags/avs-operator-owner null>"here/ns/one" | /tags/env null>"prod"`},
		{"tags of what is not there yet", a(tagged, `{"tags":{"env":"prod"}}`), `{"tags":{"avs-operator-owner":"here/ns/one","env":"prod"}} managed /id /tags/env`},
		{"who only observes is no owner", a(tagged, `{"tags":{"env":"prod"}}`, has(`{"tags":{"env":"prod"}}`), observes),
			`{"tags":{"env":"prod"}} managed /id /tags/env`},
		{"another case of a tag is no difference", a(tagged, `{"tags":{"env":"prod"}}`, has(`{"tags":{"Env":"prod","AVS-operator-OWNER":"here/ns/one"}}`)),
			`{"tags":{"AVS-operator-OWNER":"here/ns/one","Env":"prod"}} managed /id /tags/env`},
		{"the value of a tag differs by case", a(tagged, `{"tags":{"env":"Prod"}}`, has(`{"tags":{"Env":"prod","avs-operator-owner":"here/ns/one"}}`)),
			`{"tags":{"Env":"Prod","avs-operator-owner":"here/ns/one"}} managed /id /tags/env | /tags/Env "prod">"Prod"`},
		{"a dropped tag goes, whatever its case", a(tagged, `{}`, has(`{"tags":{"Env":"prod","a/b":"1","theirs":"x","avs-operator-owner":"here/ns/one"}}`),
			managed("/tags/env", "/tags/a~1b")),
			`{"tags":{"avs-operator-owner":"here/ns/one","theirs":"x"}} managed /id | /tags/Env "prod">null | /tags/a~1b "1">null`},
		{"of two names that ARM takes for one, the last wins", a(tagged, `{"tags":{"ENV":"a","Env":"b","env":"c","AVS-Operator-Owner":"me"}}`),
			`{"tags":{"AVS-Operator-Owner":"here/ns/one","ENV":"c"}} managed /id /tags/AVS-Operator-Owner /tags/ENV /tags/Env /tags/env`},
		{"of a kind without tags they are a property like any other", a(plain, `{"tags":{"env":"prod"}}`, has(`{"tags":{"Env":"prod","x":"y"}}`)),
			`{"tags":{"env":"prod"}} managed /id /tags/env | /tags/env null>"prod"`},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got := comparison(decide.Compare(row.situation)); got != row.want {
				t.Errorf("it is\n\t%s\nand should be\n\t%s", got, row.want)
			}
		})
	}
}

func TestComparisonOfWriteOnlyValues(t *testing.T) {
	value := func(path, hmac string) v1alpha1.WriteOnlyValue {
		return v1alpha1.WriteOnlyValue{Path: path, HMAC: hmac}
	}
	const password, inList = "/properties/password", "/properties/sources/0/password"
	there := has(`{"properties":{"sources":[{"name":"s"}]}}`)
	const spec = `{"properties":{"sources":[{"name":"s"}]}}`
	for _, row := range []struct {
		name string
		situation
		changes string
		notes   []v1alpha1.WriteOnlyValue
	}{
		{"Azure was given it", a(secretive, spec, there, managed(), secrets(secret(password, "h1")), given(value(password, "h1"))),
			"", []v1alpha1.WriteOnlyValue{value(password, "h1")}},
		{"Azure was given another", a(secretive, spec, there, managed(), secrets(secret(password, "h2")), given(value(password, "h1"))),
			`/properties/password=(hidden)`, []v1alpha1.WriteOnlyValue{value(password, "h1")}},
		{"what is adopted has one that nobody can know: noted",
			a(secretive, spec, there, secrets(secret(password, "h1"), secret(inList, "h2")), given(value("/x", "y"))),
			"", []v1alpha1.WriteOnlyValue{value("/x", "y"), value(password, "h1"), value(inList, "h2")}},
		{"another one than noted is a change, also while adopting", a(secretive, spec, there, secrets(secret(password, "h2")), given(value(password, "h1"))),
			`/properties/password=(hidden)`, []v1alpha1.WriteOnlyValue{value(password, "h1")}},
		{"what is managed was never given it", a(secretive, spec, there, managed(), secrets(secret(password, "h1"))), `/properties/password=(hidden)`, nil},
		{"one that is taken only at first is no change later", a(secretive, spec, there, managed(), secrets(onceOnly(secret(password, "h1")))), "", nil},
		{"nor is it noted", a(secretive, spec, there, secrets(onceOnly(secret(password, "h1")))), "", nil},
		{"lists go out whole, and once for all values in them", a(secretive, `{"properties":{"sources":[{"name":"s"},{"name":"t"}]}}`,
			has(`{"properties":{"sources":[{"name":"s"},{"name":"t"}]}}`), managed(),
			secrets(secret(inList, "h1"), secret("/properties/sources/1/password", "h2"))),
			`/properties/sources=[map[name:s] map[name:t]]`, nil},
		{"nothing is compared with what is not there", a(secretive, spec, secrets(secret(password, "h1")), given(value("/x", "y"))),
			"", []v1alpha1.WriteOnlyValue{value("/x", "y")}},
	} {
		t.Run(row.name, func(t *testing.T) {
			d := decide.Compare(row.situation)
			var changes []string
			for _, c := range d.Changes {
				changes = append(changes, fmt.Sprintf("%s=%v", c.Path, c.Desired))
			}
			if got := strings.Join(changes, " "); got != row.changes {
				t.Errorf("the changes are %q and should be %q", got, row.changes)
			}
			if !reflect.DeepEqual(d.WriteOnly, row.notes) {
				t.Errorf("status is to have %v, and should %v", d.WriteOnly, row.notes)
			}
		})
	}
}

func TestDriftAsUsersReadIt(t *testing.T) {
	d := decide.Decide(a(tagged, `{"properties":{"a":"new","long":"`+strings.Repeat("x", 2000)+`"},"tags":{"env":"prod"}}`,
		has(`{"properties":{"a":"old"},"tags":{"AVS-Operator-Owner":"other"}}`), managed(), adopts(v1alpha1.AdoptionPolicyAlways)))
	var paths []string
	for _, item := range d.Drift {
		paths = append(paths, item.Path)
		if len(item.Desired) > 1000 {
			t.Errorf("%s is shown in %d bytes", item.Path, len(item.Desired))
		}
	}
	if got := strings.Join(paths, " "); got != "/properties/a /properties/long /tags/env" {
		t.Errorf("drift is %s: the owner's tag is no difference that a user made", got)
	}
	if d.Drift[0] != (v1alpha1.DriftItem{Path: "/properties/a", Desired: `"new"`, Actual: `"old"`}) {
		t.Errorf("the first difference is %+v", d.Drift[0])
	}
	many := map[string]any{}
	for i := range 50 {
		many[fmt.Sprintf("p%02d", i)] = i
	}
	body, _ := json.Marshal(map[string]any{"properties": many})
	if d := decide.Decide(a(plain, string(body), has(`{}`), managed())); len(d.Drift) != 32 || len(d.Changes) != 50 {
		t.Errorf("%d differences are shown of %d", len(d.Drift), len(d.Changes))
	}
}

func TestDifferencesInWords(t *testing.T) {
	s := a(secretive, `{}`, secrets(secret("/properties/password", "h"), secret("/properties/sources/0/password", "h")))
	got := s.Differences([]v1alpha1.DriftItem{
		{Path: "/properties/a", Actual: "1", Desired: "2"}, {Path: "/properties/b", Desired: "3"}, {Path: "/properties/c", Actual: "4"},
		{Path: "/properties/password", Desired: `"(hidden)"`}, {Path: "/properties/sources", Desired: `[]`},
		{Path: "/properties/sources", Actual: `[1]`, Desired: `[]`},
	})
	want := "/properties/a is 1 and should be 2; /properties/b is absent and should be 3; /properties/c is 4 and should be absent; " +
		"/properties/password has another value than Azure was given last; Azure shows neither; " +
		"/properties/sources has another value than Azure was given last; Azure shows neither; /properties/sources is [1] and should be []"
	if got != want {
		t.Errorf("they are\n\t%s\nand should be\n\t%s", got, want)
	}
}

func TestOwnerOf(t *testing.T) {
	for body, want := range map[string]string{
		`{}`: "", `{"tags":{"AVS-Operator-OWNER":"x"}}`: "x", `{"tags":{"avs-operator-owner":5}}`: "", `{"tags":{"env":"x"}}`: "", `{"tags":"x"}`: "",
	} {
		if got := decide.OwnerOf(&arm.Resource{Body: jsonOf(body)}); got != want {
			t.Errorf("the owner by %s is %q and should be %q", body, got, want)
		}
	}
	if got := decide.OwnerOf(nil); got != "" {
		t.Errorf("what is not there is owned by %q", got)
	}
}
