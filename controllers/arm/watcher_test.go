// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package arm

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// fleet is a collection of clusters, served page by page.
type fleet struct {
	mu       sync.Mutex
	clusters map[string]int // name to size
	status   int            // of lists; 0: 200
	code     string
	failPage string // fails this page only
	garbage  string // what lists answer in the place of JSON
}

func (f *fleet) set(change func(*fleet)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change(f)
}

func (f *fleet) body(name string) string {
	return fmt.Sprintf(`{"id":%q,"name":%q,"properties":{"clusterSize":%d}}`, private.Child("clusters", name), name, f.clusters[name])
}

func (f *fleet) serve(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !strings.HasSuffix(r.URL.Path, "/clusters") {
		if name := ID(r.URL.Path).Name(); f.clusters[name] != 0 {
			reply(w, 200, f.body(name))
		} else {
			reply(w, 404, armError("ResourceNotFound", ""))
		}
		return
	}
	page := r.URL.Query().Get("page")
	if f.status != 0 || f.failPage != "" && page == f.failPage {
		reply(w, max(f.status, 400), armError(f.code, ""))
		return
	}
	if f.garbage != "" {
		reply(w, 200, f.garbage)
		return
	}
	names := slices.Sorted(maps.Keys(f.clusters))
	at := 0
	_, _ = fmt.Sscan(page, &at)
	next, parts := "", []string{}
	for i := at; i < min(at+2, len(names)); i++ {
		parts = append(parts, f.body(names[i]))
	}
	if at+2 < len(names) {
		next = fmt.Sprintf(`,"nextLink":"%s?page=%d"`, r.URL.Path, at+2)
	}
	reply(w, 200, `{"value":[`+strings.Join(parts, ",")+`]`+next+`}`)
}

// changes collects what a watcher tells.
type changes struct {
	mu   sync.Mutex
	told []string
}

func (c *changes) add(change Change) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.told = append(c.told, change.ID.Name())
}

func (c *changes) take() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := c.told
	c.told = nil
	slices.Sort(out)
	return out
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatalf("never came: %s", what)
}

// watching runs a watcher whose period is the shortest.
func watching(t *testing.T, f *fleet) (*azure, *Client, *Watcher, *changes) {
	t.Helper()
	a := newAzure(t, true, f.serve)
	c := a.client(func(o *Options) { o.Speed = 600 })
	w := NewWatcher(WatcherOptions{Speed: 600})
	told := &changes{}
	w.Subscribe(told.add)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); _ = w.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-ended })
	return a, c, w, told
}

func TestWatcherTellsOnlyWhatChanged(t *testing.T) {
	t.Parallel()
	f := &fleet{clusters: map[string]int{"c2": 3, "c3": 3, "c4": 3}}
	a, c, w, told := watching(t, f)
	if look := w.Look("client", second); look.Known || look.Resource != nil {
		t.Fatal("known before anybody asked")
	}
	release := w.Use(c, second.Collection())
	defer release()
	eventually(t, "the first snapshot", func() bool { return w.Look("client", second).Known })
	look := w.Look("client", ID(strings.ToUpper(string(second))))
	if look.Resource == nil || look.Resource.Int("/properties/clusterSize") != 3 || look.Stale || look.Err != nil || look.AskedAt.IsZero() {
		t.Fatalf("%+v", look)
	}
	if gone := w.Look("client", private.Child("clusters", "none")); !gone.Known || gone.Resource != nil {
		t.Fatalf("not in the list: %+v", gone)
	}
	if w.Look("somebody else", second).Known {
		t.Fatal("a snapshot belongs to its principal")
	}
	eventually(t, "three more lists", func() bool { return len(a.requests()) >= 8 })
	if got := told.take(); !slices.Equal(got, []string{""}) {
		t.Fatalf("told %q, want the first snapshot and nothing more", got)
	}
	f.set(func(f *fleet) { f.clusters["c2"] = 4; delete(f.clusters, "c3"); f.clusters["c5"] = 3 })
	eventually(t, "the change", func() bool { return w.Look("client", second).Resource.Int("/properties/clusterSize") == 4 })
	eventually(t, "telling", func() bool { told.mu.Lock(); defer told.mu.Unlock(); return len(told.told) == 3 })
	if got := told.take(); !slices.Equal(got, []string{"c2", "c3", "c5"}) {
		t.Fatalf("told %q", got)
	}
}

func TestWatcherKeepsAndAgesWhatItHas(t *testing.T) {
	t.Parallel()
	f := &fleet{clusters: map[string]int{"c2": 3, "c3": 3, "c4": 3}}
	_, c, w, told := watching(t, f)
	defer w.Use(c, second.Collection())()
	eventually(t, "the first snapshot", func() bool { return w.Look("client", second).Known })
	told.take()
	// The second page fails, and the first already shows another size: nothing of it may be seen.
	f.set(func(f *fleet) { f.failPage, f.code = "2", "x"; f.clusters["c2"] = 9 })
	eventually(t, "the error", func() bool { return w.Look("client", second).Err != nil })
	look := w.Look("client", second)
	if look.Resource.Int("/properties/clusterSize") != 3 || look.Stale {
		t.Fatalf("half a list was seen: %+v", look)
	}
	eventually(t, "staleness", func() bool { return w.Look("client", second).Stale })
	eventually(t, "telling it", func() bool { return slices.Contains(told.take(), "") })
	f.set(func(f *fleet) { f.failPage = "" })
	eventually(t, "recovery", func() bool { l := w.Look("client", second); return !l.Stale && l.Err == nil })
	if got := w.Look("client", second).Resource.Int("/properties/clusterSize"); got != 9 {
		t.Fatalf("size %d", got)
	}
	eventually(t, "telling it", func() bool { return slices.Contains(told.take(), "") })
}

func TestWatcherCountsItsUsers(t *testing.T) {
	t.Parallel()
	f := &fleet{clusters: map[string]int{"c2": 3}}
	a, c, w, _ := watching(t, f)
	one, two := w.Use(c, second.Collection()), w.UseResource(c, second)
	eventually(t, "the first snapshot", func() bool { return w.Look("client", second).Known })
	one()
	one() // releasing twice counts once
	n := len(a.requests())
	eventually(t, "another list", func() bool { return len(a.requests()) > n })
	two()
	time.Sleep(50 * time.Millisecond) // one that had left
	n = len(a.requests())
	time.Sleep(500 * time.Millisecond)
	if more := len(a.requests()) - n; more > 0 || w.Look("client", second).Known {
		t.Fatalf("%d lists after the last user left", more)
	}
}

func TestWatcherReadsOneByOneWhatMayNotBeListed(t *testing.T) {
	t.Parallel()
	f := &fleet{clusters: map[string]int{"c2": 3}, status: 403, code: "AuthorizationFailed"}
	a, c, w, told := watching(t, f)
	absent := private.Child("clusters", "c9")
	defer w.UseResource(c, second)()
	defer w.UseResource(c, absent)()
	eventually(t, "both", func() bool { return w.Look("client", second).Known && w.Look("client", absent).Known })
	if w.Look("client", second).Resource == nil || w.Look("client", absent).Resource != nil || w.Look("client", private.Child("clusters", "c7")).Known {
		t.Fatal("only what was read is known")
	}
	told.take()
	f.set(func(f *fleet) { f.clusters["c9"] = 5 })
	eventually(t, "the new one", func() bool { return w.Look("client", absent).Resource != nil })
	eventually(t, "telling", func() bool { return slices.Contains(told.take(), "c9") })
	lists := func() (n int) {
		for _, r := range a.requests() {
			if strings.HasSuffix(r.path, "/clusters") {
				n++
			}
		}
		return n
	}
	if gets := len(a.requests()) - lists(); lists() > gets {
		t.Fatalf("%d lists and %d reads", lists(), gets)
	}
	f.set(func(f *fleet) { f.status = 0 }) // the right has been given
	eventually(t, "a list again", func() bool { return w.Look("client", private.Child("clusters", "c7")).Known })
}

// Whatever is wrong with a list, what it would show is read one by one, and a list that works again is used again.
func TestWatcherReadsOneByOneWhatCannotBeListed(t *testing.T) {
	t.Parallel()
	for name, broken := range map[string]struct {
		status        int
		code, garbage string
	}{
		"bad request":       {status: 400, code: "InvalidRequest"},
		"not found":         {status: 404, code: "NotFound"},
		"gone":              {status: 410, code: "Gone"},
		"an error":          {status: 500, code: "InternalServerError"},
		"unavailable":       {status: 503, code: "ServiceUnavailable"},
		"a page of a proxy": {garbage: "<html>sign in first</html>"},
		"no list":           {garbage: `{"value":null}`},
		"half a resource":   {garbage: `{"value":[7]}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := &fleet{clusters: map[string]int{"c2": 3}}
			_, c, w, told := watching(t, f)
			defer w.UseResource(c, second)()
			eventually(t, "the first snapshot", func() bool { return w.Look("client", second).Known })
			f.set(func(f *fleet) {
				f.status, f.code, f.garbage, f.clusters["c2"] = broken.status, broken.code, broken.garbage, 4
			})
			eventually(t, "the change", func() bool {
				look := w.Look("client", second)
				return look.Resource.Int("/properties/clusterSize") == 4 && !look.Stale && look.Err == nil
			})
			if _, listed := w.Listed("client", second.Collection()); listed {
				t.Error("what was read one by one is shown as the whole")
			}
			told.take()
			f.set(func(f *fleet) { f.status, f.garbage = 0, "" })
			eventually(t, "a list again", func() bool { _, listed := w.Listed("client", second.Collection()); return listed })
			eventually(t, "telling", func() bool { return slices.Contains(told.take(), "") })
		})
	}
}

// One list that fails in passing costs no reads, and a refused login or limit costs none at all.
func TestWatcherDoesNotReadOneByOneForNothing(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		err    error
		failed int
		want   bool
	}{
		"once":      {&Error{Class: Transient}, 0, false},
		"again":     {&Error{Class: Transient}, 1, true},
		"throttled": {&Error{Class: Throttled}, 5, false},
		"login":     {&Error{Class: CredentialsInvalid}, 5, false},
		"forbidden": {&Error{Class: Forbidden}, 0, true},
		"bad":       {&Error{Class: InvalidRequest}, 0, true},
	} {
		w := NewWatcher(WatcherOptions{})
		e := &watched{ids: map[string]*used{second.Key(): {id: second}}, failed: tc.failed}
		if got := w.oneByOne(e, tc.err); got != tc.want || e.snapshot.single != tc.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

// A round of single reads is bounded, and goes on where the one before it ended.
func TestWatcherBoundsARoundOfReads(t *testing.T) {
	t.Parallel()
	f := &fleet{clusters: map[string]int{}, status: 500, code: "InternalServerError"}
	a := newAzure(t, true, f.serve)
	c := a.client(func(o *Options) { o.Speed = 10_000 })
	w := NewWatcher(WatcherOptions{Speed: 10_000})
	e := &watched{collection: second.Collection(), client: c, ids: map[string]*used{}, snapshot: snapshot{single: true}}
	const n = mostReads + 30
	for i := range n {
		name := fmt.Sprintf("c%03d", i)
		f.clusters[name] = 3
		id := private.Child("clusters", name)
		e.ids[id.Key()] = &used{id: id}
	}
	for round, want := range []int{mostReads, n} {
		if err := w.readEach(soon(t), e, c); err != nil || len(e.snapshot.items) != want {
			t.Fatalf("after round %d, %d of %d are read: %v", round, len(e.snapshot.items), n, err)
		}
	}
}

func TestWatcherTakesAMissingParentForAnEmptyCollection(t *testing.T) {
	t.Parallel()
	f := &fleet{clusters: map[string]int{"c2": 3}}
	_, c, w, told := watching(t, f)
	defer w.Use(c, second.Collection())()
	eventually(t, "the first snapshot", func() bool { return w.Look("client", second).Resource != nil })
	told.take()
	f.set(func(f *fleet) { f.status, f.code = 404, "ParentResourceNotFound" })
	eventually(t, "its going", func() bool { l := w.Look("client", second); return l.Known && l.Resource == nil })
	eventually(t, "telling", func() bool { return slices.Contains(told.take(), "c2") })
}

func TestHurry(t *testing.T) {
	t.Parallel()
	f := &fleet{clusters: map[string]int{"c2": 3}}
	a := newAzure(t, true, f.serve)
	c := a.client(func(o *Options) { o.Speed = 20 })
	w := NewWatcher(WatcherOptions{Speed: 20, Period: time.Hour}) // 5 s hurried are 0.25 s, the minute 3 s
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() { _ = w.Run(ctx) }()
	defer w.Use(c, second.Collection())()
	eventually(t, "the first snapshot", func() bool { return w.Look("client", second).Known })
	for range 1000 {
		w.Hurry("client", second.Collection())
	}
	time.Sleep(1500 * time.Millisecond)
	if n := len(a.requests()); n < 3 || n > 9 {
		t.Fatalf("%d lists in 30 seconds of hurry, want one each 5 s", n)
	}
}

func TestWatcherWaitsForRunAndEndsWithIt(t *testing.T) {
	t.Parallel()
	f := &fleet{clusters: map[string]int{"c2": 3}}
	a := newAzure(t, true, f.serve)
	w := NewWatcher(WatcherOptions{Speed: 600})
	defer w.Use(a.client(func(o *Options) { o.Speed = 600 }), second.Collection())()
	time.Sleep(200 * time.Millisecond)
	if len(a.requests()) != 0 {
		t.Fatal("a standby must not list")
	}
	for range 2 { // leadership can come twice
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { defer close(ended); _ = w.Run(ctx) }()
		n := len(a.requests())
		eventually(t, "a list", func() bool { return len(a.requests()) > n })
		cancel()
		<-ended
		n = len(a.requests())
		time.Sleep(300 * time.Millisecond)
		if len(a.requests()) != n {
			t.Fatal("lists after the end")
		}
	}
}
