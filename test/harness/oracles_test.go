// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/test/armsim"
)

// An oracle that never speaks proves nothing: each is shown what it must see, and what it must let pass.

func revision(kind string, content map[string]any) Revision {
	object := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "avs-operator.io/v1alpha1", "kind": kind,
		"metadata": map[string]any{"name": "weu", "generation": int64(2)}}}
	Merge(object.Object, content)
	return Revision{Event: watch.Modified, Object: object}
}

func withConditions(observed int64, conditions ...string) map[string]any {
	var list []any
	for _, one := range conditions {
		kind, status, _ := strings.Cut(one, "=")
		list = append(list, map[string]any{"type": kind, "status": status, "reason": "Because", "observedGeneration": int64(2)})
	}
	return map[string]any{"status": map[string]any{"observedGeneration": observed, "conditions": list}}
}

func TestHonest(t *testing.T) {
	operates := withConditions(2, "Ready=True")
	operates["status"].(map[string]any)["operation"] = map[string]any{"id": "1"}
	for name, c := range map[string]struct {
		content map[string]any
		says    string
	}{
		"ready":                       {withConditions(2, "Ready=True"), ""},
		"on its way":                  {withConditions(2, "Ready=False", "Reconciling=True"), ""},
		"nothing yet":                 {withConditions(-1), ""},
		"both":                        {withConditions(2, "Ready=False", "Reconciling=True", "Stalled=True"), "both Reconciling and Stalled"},
		"ready and not done":          {withConditions(2, "Ready=True", "Reconciling=True"), "Ready and not done"},
		"neither":                     {withConditions(2, "Ready=False"), "neither Reconciling nor Stalled"},
		"the future":                  {withConditions(3, "Ready=True"), "has observed generation 3 of 2"},
		"ready with an operation":     {operates, "operation in flight"},
		"stalled that is not true":    {withConditions(2, "Ready=False", "Stalled=False"), "Stalled that is not True"},
		"silent about its generation": {withConditions(2), "says nothing"},
	} {
		wrongs := strings.Join(Honest([]Revision{revision("Cluster", c.content)}), "\n")
		if c.says == "" && wrongs != "" || !strings.Contains(wrongs, c.says) {
			t.Errorf("%s: %q, want %q", name, wrongs, c.says)
		}
	}
	if wrongs := Honest([]Revision{revision("Cluster", withConditions(2, "Ready=True")), revision("Cluster", withConditions(1, "Ready=True"))}); len(wrongs) != 1 {
		t.Errorf("a generation that goes back: %v", wrongs)
	}
}

func TestPatient(t *testing.T) {
	at := time.Now()
	throttled := Call{Seam: ARM, Process: 1, Verb: "GET", Raw: "/a", Subscription: "s", Class: "reads", Code: 429, Began: at, Ended: at,
		LeftAlone: at.Add(time.Second)}
	later := func(change func(*Call)) Call {
		c := Call{Seam: ARM, Process: 1, Verb: "GET", Raw: "/b", Subscription: "s", Class: "reads", Code: 200, Began: at.Add(time.Second / 2)}
		change(&c)
		return c
	}
	for name, c := range map[string]struct {
		call  Call
		wrong bool
	}{
		"another resource of the bucket": {later(func(*Call) {}), true},
		"after the time":                 {later(func(c *Call) { c.Began = at.Add(2 * time.Second) }), false},
		"another bucket":                 {later(func(c *Call) { c.Class = "writes" }), false},
		"another subscription":           {later(func(c *Call) { c.Subscription = "other" }), false},
		"another process":                {later(func(c *Call) { c.Process = 2 }), false},
	} {
		if wrongs := Patient([]Call{throttled, c.call}); (len(wrongs) > 0) != c.wrong {
			t.Errorf("%s: %v", name, wrongs)
		}
	}
	unavailable := throttled
	unavailable.Code = http.StatusServiceUnavailable
	if wrongs := Patient([]Call{unavailable, later(func(*Call) {})}); len(wrongs) > 0 {
		t.Errorf("503 closes one resource and not the bucket: %v", wrongs)
	}
	if wrongs := Patient([]Call{unavailable, later(func(c *Call) { c.Raw = "/a" })}); len(wrongs) != 1 {
		t.Errorf("503 closes the resource: %v", wrongs)
	}
}

func TestDiscreet(t *testing.T) {
	secret := revision("Secret", map[string]any{"data": map[string]any{"vcenterPassword": base64.StdEncoding.EncodeToString([]byte("correct horse"))}})
	shown := revision("PrivateCloud", map[string]any{"status": map[string]any{"message": "logged in with correct horse"}})
	if wrongs := Discreet([]Revision{secret}, []string{"Logged in"}); len(wrongs) > 0 {
		t.Errorf("a Secret that holds a secret: %v", wrongs)
	}
	if wrongs := Discreet([]Revision{secret, shown}, nil); len(wrongs) != 1 {
		t.Errorf("a status that shows it: %v", wrongs)
	}
	if wrongs := Discreet([]Revision{secret}, []string{"password correct horse", "Authorization: Bearer eyJ0"}); len(wrongs) != 2 {
		t.Errorf("a log that shows it, and a token: %v", wrongs)
	}
}

func TestEffectsCountOperations(t *testing.T) {
	put := armsim.Request{Method: "PUT", Path: "/subscriptions/s/resourcegroups/rg/providers/microsoft.avs/privateclouds/weu", Status: 201, CorrelationID: "1"}
	again, other, refused := put, put, put
	again.Status, other.CorrelationID, refused.Status, refused.CorrelationID = 200, "2", 409, "3"
	once, twice := Effects([]armsim.Request{put, again, refused}), Effects([]armsim.Request{put, other})
	if once["PUT privateclouds/weu"] != 1 || twice["PUT privateclouds/weu"] != 2 {
		t.Errorf("%v, %v", once, twice)
	}
	if wrongs := SameEffects(twice, once); len(wrongs) != 1 {
		t.Errorf("%v", wrongs)
	}
	if wrongs := SameEffects(map[string]int{}, once); len(wrongs) != 1 {
		t.Errorf("%v", wrongs)
	}
}

func TestAnsweredIDs(t *testing.T) {
	at := time.Now()
	first := Call{Seam: ARM, Process: 1, Verb: "PUT", Path: "a", Writes: true, CorrelationID: "1", Code: 409, Began: at, Ended: at}
	again := first
	again.Began, again.Ended = at.Add(time.Second), at.Add(time.Second)
	if wrongs := AnsweredIDs([]Call{first, again}); len(wrongs) != 1 {
		t.Errorf("an answered id was sent again: %v", wrongs)
	}
	lost := first
	lost.Code = 0
	if wrongs := AnsweredIDs([]Call{lost, again}); len(wrongs) > 0 {
		t.Errorf("a lost one may be: %v", wrongs)
	}
}

func TestLively(t *testing.T) {
	at := time.Now()
	long := Call{Seam: ARM, Verb: "GET", Began: at, Ended: at.Add(11 * time.Second)}
	if len(Lively([]Call{long}, nil, false)) != 1 || len(Lively([]Call{long}, nil, true)) != 0 {
		t.Error("a call of eleven seconds is wrong unless a fault held it up")
	}
	if len(Lively(nil, []string{`"Observed a panic" panic="runtime error"`}, false)) != 1 {
		t.Error("a panic is wrong")
	}
}

func TestResting(t *testing.T) {
	var written []string
	writing := func() []string {
		written = append(written, "PATCH clusters/weu-2/status")
		return written
	}
	if wrongs := Resting(writing, time.Millisecond, 20*time.Millisecond); len(wrongs) != 1 || !strings.Contains(wrongs[0], "PATCH clusters/weu-2/status") {
		t.Errorf("of what writes for ever: %v", wrongs)
	}
	calls := 0
	settling := func() []string {
		if calls++; calls > 5 {
			return written[:5]
		}
		return written[:calls]
	}
	if wrongs := Resting(settling, time.Millisecond, time.Second); len(wrongs) > 0 {
		t.Errorf("of what comes to rest: %v", wrongs)
	}
}

func TestGuarded(t *testing.T) {
	guarded := &v1alpha1.Cluster{ObjectMeta: metav1.ObjectMeta{Finalizers: []string{v1alpha1.Finalizer}}}
	for name, c := range map[string]struct {
		makes  bool
		object client.Object
		there  bool
		wrong  bool
	}{
		"made with its finalizer on":     {true, guarded, false, false},
		"made without":                   {true, &v1alpha1.Cluster{}, false, true},
		"let go when it is gone":         {false, guarded, false, false},
		"let go while it is there still": {false, guarded, true, true},
	} {
		if wrongs := Guarded("PUT", c.makes, c.object, c.there); (len(wrongs) > 0) != c.wrong {
			t.Errorf("%s: %v", name, wrongs)
		}
	}
}

func TestGoroutinesThatAreLeft(t *testing.T) {
	end, ended := make(chan struct{}), make(chan struct{})
	label := labelled(func() {
		go func() {
			<-end
			close(ended)
		}()
	})
	if left, err := goroutinesOf(label); err != nil || len(left) != 1 || !strings.Contains(left[0], "TestGoroutinesThatAreLeft") {
		t.Errorf("while it runs: %v, %v", left, err)
	}
	close(end)
	<-ended
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		left, err := goroutinesOf(label)
		if err == nil && len(left) == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("when it has ended: %v, %v", left, err)
		}
	}
}

func TestSame(t *testing.T) {
	want := map[string]string{"a": "1", "b": "2"}
	if wrongs := Same("Azure", map[string]string{"a": "1", "b": "3", "c": "4"}, want); len(wrongs) != 2 {
		t.Errorf("one differs and one is left: %v", wrongs)
	}
	if wrongs := Same("Azure", map[string]string{"a": "1"}, want); len(wrongs) != 1 {
		t.Errorf("one is missing: %v", wrongs)
	}
}

// What the schema allows is tried; what says how an object is managed, and not what it is, is left alone.
func TestEdits(t *testing.T) {
	schema := Schema{"properties": map[string]any{
		"clusterSize":     map[string]any{"type": "integer", "maximum": int64(16)},
		"azureName":       map[string]any{"type": "string"},
		"internet":        map[string]any{"type": "string", "enum": []any{"Enabled", "Disabled"}},
		"privateCloudRef": map[string]any{"type": "object", "properties": map[string]any{"name": map[string]any{"type": "string"}}},
		"subnet":          map[string]any{"type": "object", "properties": map[string]any{"gatewayAddress": map[string]any{"type": "string"}}},
	}}
	spec := map[string]any{"clusterSize": int64(3), "azureName": "a", "internet": "Enabled", "privateCloudRef": map[string]any{"name": "weu"},
		"subnet": map[string]any{"gatewayAddress": "10.0.0.1"}}
	got := AsText(schema.Edits(spec))
	if want := `[{"clusterSize":4},{"internet":"Disabled"},{"subnet":{"gatewayAddress":"10.0.0.2"}}]`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	spec["clusterSize"] = int64(16)
	if got := AsText(schema.Edits(spec)); strings.Contains(got, "clusterSize") {
		t.Errorf("a size above the maximum is tried: %s", got)
	}
}

func TestSeamsDescribeCalls(t *testing.T) {
	for _, c := range []struct {
		seam         Seam
		method, path string
		what         string
		writes, asks bool
	}{
		{Kubernetes, "PATCH", "/apis/avs-operator.io/v1alpha1/namespaces/test-3/privateclouds/weu/status", "PATCH privateclouds/weu/status", true, false},
		{Kubernetes, "GET", "/api/v1/namespaces/test-3/secrets/a", "GET secrets/a", false, false},
		{Kubernetes, "PUT", "/apis/coordination.k8s.io/v1/namespaces/test-3/leases/avs-operator", "PUT leases/avs-operator", false, false},
		{ARM, "PUT", "/subscriptions/s/resourceGroups/rg/providers/Microsoft.AVS/privateClouds/weu", "PUT privateClouds/weu", true, false},
		{ARM, "GET", "/subscriptions/s/providers/Microsoft.AVS/locations/l/operationStatuses/1", "GET the operation", false, true},
		{ARM, "POST", "/subscriptions/s/resourceGroups/rg/providers/Microsoft.AVS/privateClouds/weu/listAdminCredentials",
			"POST privateClouds/weu/listAdminCredentials", false, true},
		{ARM, "POST", "/tenant/oauth2/v2.0/token", "POST /tenant/oauth2/v2.0/token", false, false},
	} {
		request, err := http.NewRequest(c.method, "https://127.0.0.1"+c.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := describe(c.seam, request, nil); got.What() != c.what || got.Writes != c.writes || got.Asks != c.asks {
			t.Errorf("%s: %q, writes %t, asks %t", c.path, got.What(), got.Writes, got.Asks)
		}
	}
	soap := `<?xml version="1.0"?><Envelope xmlns="http://schemas.xmlsoap.org/soap/envelope/"><Body>` +
		`<RelocateVM_Task xmlns="urn:vim25"></RelocateVM_Task></Body></Envelope>`
	request, err := http.NewRequest("POST", "https://127.0.0.1/sdk", strings.NewReader(soap))
	if err != nil {
		t.Fatal(err)
	}
	if got := describe(VCenter, request, []byte(soap)); got.What() != "SOAP RelocateVM_Task" || !got.Writes {
		t.Errorf("%q, writes %t", got.What(), got.Writes)
	}
}

// What a sample stands on is found in the samples: by references, by its file, and by what texts name.
func TestAbove(t *testing.T) {
	samples, err := LoadSamples()
	if err != nil {
		t.Fatal(err)
	}
	for kind, want := range map[string]string{
		"PrivateCloud":         "",
		"Cluster":              "PrivateCloud weu",
		"CloudLink":            "PrivateCloud weu, PrivateCloud weu-test",
		"PortMirroringProfile": "PrivateCloud weu, VMGroup recorders",
	} {
		object, err := samples.Of(kind)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, above := range samples.Above(object) {
			got = append(got, above.GetKind()+" "+above.GetName())
		}
		for _, one := range strings.Split(want, ", ") {
			if one != "" && !strings.Contains(strings.Join(got, ", "), one) {
				t.Errorf("%s stands on %v, and %s is missing", kind, got, one)
			}
		}
		t.Logf("%s stands on %v", kind, got)
	}
}

func TestModestCountsEqualRefusedRequests(t *testing.T) {
	log := func(n int, apart time.Duration, change func(int, *armsim.Request)) (out []armsim.Request) {
		for i := range n {
			r := armsim.Request{At: time.Unix(0, 0).Add(time.Duration(i) * apart), Method: "PATCH", Path: "/subscriptions/s/x", Status: 409, Body: []byte("{}")}
			if change != nil {
				change(i, &r)
			}
			out = append(out, r)
		}
		return out
	}
	for name, c := range map[string]struct {
		requests []armsim.Request
		speed    float64
		wrong    bool
	}{
		"twelve in an hour":             {log(12, time.Second, nil), 1, false},
		"thirteen in an hour":           {log(13, time.Second, nil), 1, true},
		"thirteen in Azure's hour":      {log(13, time.Second, nil), 240, true},
		"thirteen in more of Azure's":   {log(13, 2*time.Second, nil), 240, false},
		"one every five minutes":        {log(100, 5*time.Minute, nil), 1, false},
		"thirteen that differ":          {log(13, time.Second, func(i int, r *armsim.Request) { r.Body = []byte{byte(i)} }), 1, false},
		"thirteen with different codes": {log(13, time.Second, func(i int, r *armsim.Request) { r.Status = 400 + i*10 }), 1, true},
		"thirteen that were taken":      {log(13, time.Second, func(_ int, r *armsim.Request) { r.Status = 200 }), 1, false},
		"thirteen that are not there":   {log(13, time.Second, func(_ int, r *armsim.Request) { r.Method, r.Status = "GET", 404 }), 1, false},
		"thirteen logins":               {log(13, time.Second, func(_ int, r *armsim.Request) { r.Path = "/t/oauth2/v2.0/token" }), 1, false},
	} {
		if wrongs := Modest(c.requests, c.speed); (len(wrongs) > 0) != c.wrong {
			t.Errorf("%s: %v", name, wrongs)
		}
	}
}
