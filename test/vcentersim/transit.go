// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcentersim

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// transitPath is where vCenters hand machines over. vSphere's hosts do this among themselves over port 8000 with a
// protocol of their own; here it is HTTPS on the same port, with the cookie of the login that the locator allowed.
const transitPath = "/vcentersim/moves"

// forgottenAfter no sign of life from the source, real time, a reservation gives its room back.
const forgottenAfter = time.Minute

// transit keeps this vCenter's moves: those that leave (by task) and those that arrive (by reservation).
type transit struct {
	v      *VCenter
	moves  sync.Map // task reference → *move
	checks sync.Map // task reference → func() that cancels the check

	mu       sync.Mutex
	arriving map[string]*reservation
	arrived  map[string]reference // answers given, for a source that lost one
}

// reservation is room held for a machine on its way.
type reservation struct {
	id      string
	user    string
	session string // of the source here: its end takes the reservation with it
	offer   offer
	place   placement
	charges []charge
	sizes   map[reference]int64
	seen    time.Time
}

func newTransit(v *VCenter) *transit {
	return &transit{v: v, arriving: map[string]*reservation{}, arrived: map[string]reference{}}
}

func (t *transit) mount(mux *http.ServeMux) {
	mux.HandleFunc("POST "+transitPath, t.guard(t.reserve))
	mux.HandleFunc("POST "+transitPath+"/{id}/alive", t.guard(t.alive))
	mux.HandleFunc("PUT "+transitPath+"/{id}", t.guard(t.deliver))
	mux.HandleFunc("DELETE "+transitPath+"/{id}", t.guard(t.abandon))
}

// guard lets only live sessions in.
func (t *transit) guard(next func(http.ResponseWriter, *http.Request, string)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		user := t.v.sessions.userOf(sessionOf(r))
		if user == "" {
			t.refuse(w, http.StatusUnauthorized, &types.NotAuthenticated{})
			return
		}
		next(w, r, user)
	}
}

func sessionOf(r *http.Request) string {
	cookie, err := r.Cookie(soap.SessionCookieName)
	if err != nil {
		return ""
	}
	return cookie.Value
}

// lives says whether a session has not ended, without counting as its use.
func (s *sessions) lives(key string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.byID[key] != nil
}

func (t *transit) refuse(w http.ResponseWriter, status int, fault types.BaseMethodFault) {
	text, err := marshal(types.LocalizedMethodFault{Fault: fault, LocalizedMessage: faultMessage(fault)})
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(text)
}

// reserve waits until this side's budget has room, then checks name, host and space again and holds them. It ends
// when the source hangs up.
func (t *transit) reserve(w http.ResponseWriter, r *http.Request, user string) {
	var o offer
	if !t.read(w, r, &o) {
		return
	}
	place, err := o.placement()
	if err != nil {
		t.refuse(w, http.StatusBadRequest, &types.InvalidArgument{InvalidProperty: "spec"})
		return
	}
	charges := costOf(o.Live, true, true).charges([]reference{*place.host}, place.datastores())
	if t.v.budget.acquire(r.Context(), charges) != nil {
		return
	}
	held := &reservation{id: uuid.NewString(), user: user, session: sessionOf(r), offer: o, place: place, charges: charges,
		sizes: map[reference]int64{}, seen: time.Now()}
	for key, ds := range place.disks {
		held.sizes[ds] += o.Sizes[key]
	}
	if fault := t.hold(held); fault != nil {
		t.v.budget.release(charges)
		t.refuse(w, http.StatusConflict, fault)
		return
	}
	t.write(w, map[string]string{"id": held.id})
}

// hold checks what may have changed while the move was queued, and takes space and name.
func (t *transit) hold(r *reservation) types.BaseMethodFault {
	v := t.v
	ctx := v.newContext("")
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sweep()
	host, ok := ctx.Map.Get(*r.place.host).(*simulator.HostSystem)
	if !ok {
		return &types.ManagedObjectNotFound{Obj: *r.place.host}
	}
	for _, other := range t.arriving {
		if *other.place.folder == *r.place.folder && other.offer.Name == r.offer.Name {
			return &types.DuplicateName{Name: r.offer.Name, Object: *r.place.folder}
		}
	}
	if v.machines.named(*r.place.folder, r.offer.Name) {
		return &types.DuplicateName{Name: r.offer.Name, Object: *r.place.folder}
	}
	var fault types.BaseMethodFault
	ctx.WithLock(host, func() {
		if host.Runtime.ConnectionState != types.HostSystemConnectionStateConnected {
			fault = &types.HostNotConnected{}
		} else if host.Runtime.InMaintenanceMode {
			fault = &types.InvalidHostState{Host: r.place.host}
		}
	})
	if fault != nil {
		return fault
	}
	for ref, n := range r.sizes {
		ds, ok := ctx.Map.Get(ref).(*simulator.Datastore)
		if !ok {
			return &types.ManagedObjectNotFound{Obj: ref}
		}
		used, _ := v.machines.usage(ref)
		if used+n > ds.Summary.Capacity {
			return &types.NoDiskSpace{Datastore: ds.Name}
		}
	}
	v.machines.reserve(r.sizes, +1)
	t.arriving[r.id] = r
	for ref := range r.sizes {
		v.refreshSpaceOf(ctx, ref)
	}
	return nil
}

// sweep gives back what sources that died have left.
func (t *transit) sweep() {
	for id, r := range t.arriving {
		if time.Since(r.seen) > forgottenAfter || !t.v.sessions.lives(r.session) {
			delete(t.arriving, id)
			go t.giveBack(r)
		}
	}
}

func (t *transit) giveBack(r *reservation) {
	t.v.machines.reserve(r.sizes, -1)
	t.v.budget.release(r.charges)
	t.v.refreshSpaceOf(t.v.newContext(""), r.place.datastores()...)
}

// find the caller's own reservation.
func (t *transit) find(r *http.Request, user string, take bool) *reservation {
	t.mu.Lock()
	defer t.mu.Unlock()
	held := t.arriving[r.PathValue("id")]
	if held == nil || held.user != user {
		return nil
	}
	held.seen = time.Now()
	if take {
		delete(t.arriving, held.id)
	}
	return held
}

func (t *transit) alive(w http.ResponseWriter, r *http.Request, user string) {
	if t.find(r, user, false) == nil {
		t.refuse(w, http.StatusNotFound, &types.NotFound{})
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (t *transit) abandon(w http.ResponseWriter, r *http.Request, user string) {
	if held := t.find(r, user, true); held != nil {
		t.giveBack(held)
	}
	w.WriteHeader(http.StatusNoContent)
}

// deliver registers the machine here. Asked twice, it answers the same.
func (t *transit) deliver(w http.ResponseWriter, r *http.Request, user string) {
	t.mu.Lock()
	before, done := t.arrived[r.PathValue("id")]
	t.mu.Unlock()
	if done {
		t.write(w, before)
		return
	}
	var d delivery
	if !t.read(w, r, &d) {
		return
	}
	rec, err := d.record()
	held := t.find(r, user, err == nil)
	if err != nil || held == nil {
		t.refuse(w, http.StatusNotFound, &types.NotFound{})
		return
	}
	ref := t.v.arrive(held, rec, d.Holding)
	t.mu.Lock()
	t.arrived[held.id] = ref
	t.mu.Unlock()
	t.v.budget.release(held.charges)
	t.write(w, ref)
}

// arrive makes the machine visible now, later, or never, as a planned fault says.
func (v *VCenter) arrive(held *reservation, rec *record, hold holding) reference {
	ctx := v.newContext(held.user)
	settle := func(ref *reference) reference {
		v.machines.reserve(held.sizes, -1)
		if rec.Cut = hold.Cut; rec.Cut {
			held.place.nics = nil
		}
		got := v.admit(ctx, rec, held.place, ref)
		v.refreshSpaceOf(ctx, held.place.datastores()...)
		if vm, ok := ctx.Map.Get(got).(*simulator.VirtualMachine); ok {
			v.post(ctx, &types.VmMigratedEvent{
				VmEvent: v.vmEvent(ctx, vm), SourceHost: *v.hostArgument(*held.place.host), SourceDatastore: v.storeArgument(*held.place.home),
			})
		}
		return got
	}
	if hold.Hidden == 0 && !hold.Lost {
		return settle(nil)
	}
	ref := v.nextMachine()
	if !hold.Lost {
		v.later(hold.Hidden, func() { settle(&ref) })
	}
	return ref
}

func (t *transit) read(w http.ResponseWriter, r *http.Request, into any) bool {
	if err := json.NewDecoder(io.LimitReader(r.Body, 16<<20)).Decode(into); err != nil {
		t.refuse(w, http.StatusBadRequest, &types.InvalidRequest{})
		return false
	}
	return true
}

func (t *transit) write(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(value)
}

// marshal and unmarshal use vSphere's own JSON form, which keeps the types of devices and faults.
func marshal(value any) (json.RawMessage, error) {
	var text bytes.Buffer
	if err := types.NewJSONEncoder(&text).Encode(value); err != nil {
		return nil, err
	}
	return text.Bytes(), nil
}

func unmarshal(text []byte, into any) error {
	return types.NewJSONDecoder(bytes.NewReader(text)).Decode(into)
}
