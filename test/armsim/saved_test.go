// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package armsim

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// again starts a server from what s saves, after s has been closed.
func again(t *testing.T, s *Server, edit ...func(*Config)) *Server {
	t.Helper()
	var state bytes.Buffer
	if err := s.Save(&state); err != nil {
		t.Fatal(err)
	}
	s.Close()
	return start(t, append(edit, func(c *Config) { c.State = &state })...)
}

func stepped(c *Config) { c.Stepped = true }

// Everything that a client can see is the same after a restart, and what was in flight ends when it would have ended.
func TestSaveAndLoad(t *testing.T) {
	s := start(t, stepped)
	r := newRaw(t, s)
	made := r.want(http.StatusCreated, http.MethodPut, cloudPath, privateCloud(), correlID, "one")
	s.Advance(6 * time.Hour)
	r.want(http.StatusCreated, http.MethodPut, groupPath+"/providers/Microsoft.Authorization/locks/keep?api-version=2016-09-01",
		map[string]any{"properties": map[string]any{"level": canNotDelete}})
	r.want(http.StatusCreated, http.MethodPut, cloudPath+"/authorizations/er", map[string]any{})
	r.want(http.StatusCreated, http.MethodPut, cloudPath+"/clusters/two", clusterBody(3, "av36p"))
	s.Advance(39 * time.Minute) // a cluster takes 40 at least, an authorization 8 at most
	s.SetCapacity("westeurope", 7)
	s.Inject(Fault{Verb: http.MethodPatch, Status: 503, Skip: 1})
	credentials := r.want(http.StatusOK, http.MethodPost, cloudPath+"/listAdminCredentials", nil).body
	before := map[string]map[string]any{}
	for _, id := range s.Resources("") {
		before[id], _ = s.Resource(id)
	}
	oldURL, ca := s.URL(), s.CAPEM()

	s = again(t, s, stepped)
	if !bytes.Equal(ca, s.CAPEM()) {
		t.Error("the CA is another one: clients have to be told again")
	}
	for id, body := range before {
		if now, ok := s.Resource(id); !ok || !equal(now, body) {
			t.Errorf("%s was %v and is %v", id, body, now)
		}
	}
	if got := len(s.Resources("")); got != len(before) {
		t.Errorf("%d resources became %d", len(before), got)
	}
	r = newRaw(t, s)
	if got := r.want(http.StatusOK, http.MethodPost, cloudPath+"/listAdminCredentials", nil).body; !equal(got, credentials) {
		t.Error("the passwords are other ones")
	}
	if got := s.Faults(); len(got) != 1 || got[0].Skip != 1 {
		t.Errorf("the faults are %v", got)
	}
	s.ClearFaults()
	if got := r.want(http.StatusConflict, http.MethodDelete, cloudPath, nil); got.code() != "ScopeLocked" {
		t.Errorf("the lock became %v", got.body)
	}
	// The answer to a repeated write is the old one, with an address that works now, and the operation is still to be read.
	replayed := r.want(http.StatusCreated, http.MethodPut, cloudPath, privateCloud(), correlID, "one")
	if got := replayed.header.Get("Azure-AsyncOperation"); got != strings.Replace(made.header.Get("Azure-AsyncOperation"), oldURL, s.URL(), 1) {
		t.Errorf("replayed with %s", got)
	}
	if got := r.follow(replayed); lookupString(got.body, "status") != succeeded {
		t.Errorf("the old operation is %v", got.body)
	}
	if got := r.want(http.StatusOK, http.MethodGet, cloudPath+"/clusters/two", nil); lookupString(got.body, "properties.provisioningState") != "Updating" {
		t.Errorf("the cluster is %v before its time", got.body)
	}
	s.Advance(time.Hour)
	if got := r.want(http.StatusOK, http.MethodGet, cloudPath+"/clusters/two", nil); lookupString(got.body, "properties.provisioningState") != succeeded ||
		len(hostList(got.body, clusterHosts)) != 3 {
		t.Errorf("the cluster is %v after its time", got.body)
	}
}

// Operations of the other kinds go on as well: a rotation, a registration and the deletion of a group.
func TestLoadResumesEveryKind(t *testing.T) {
	s := start(t, stepped, func(c *Config) { c.Subscriptions[0].NotRegistered = true })
	r := newRaw(t, s)
	r.want(http.StatusOK, http.MethodPost, "/subscriptions/"+subID+"/providers/Microsoft.AVS/register?api-version=2022-09-01", nil)
	s = again(t, s, stepped)
	r = newRaw(t, s)
	r.want(http.StatusConflict, http.MethodPut, cloudPath, privateCloud())
	s.Advance(time.Hour)
	r.want(http.StatusCreated, http.MethodPut, cloudPath, privateCloud())
	s.Advance(6 * time.Hour)
	old := r.want(http.StatusOK, http.MethodPost, cloudPath+"/listAdminCredentials", nil).body
	rotation := r.want(http.StatusAccepted, http.MethodPost, cloudPath+"/rotateNsxtPassword", nil)
	s = again(t, s, stepped)
	r = newRaw(t, s)
	s.Advance(time.Hour)
	if got := r.want(http.StatusOK, http.MethodPost, cloudPath+"/listAdminCredentials", nil).body; got["nsxtPassword"] == old["nsxtPassword"] ||
		got["vcenterPassword"] != old["vcenterPassword"] {
		t.Error("the rotation did not go on")
	}
	polling := strings.TrimPrefix(rotation.header.Get("Azure-AsyncOperation"), "https://")
	if got := r.want(http.StatusOK, http.MethodGet, polling[strings.Index(polling, "/"):], nil); lookupString(got.body, "status") != succeeded {
		t.Errorf("its operation is %v", got.body)
	}
	r.want(http.StatusAccepted, http.MethodDelete, groupPath+"?api-version=2022-09-01", nil)
	s = again(t, s, stepped)
	r = newRaw(t, s)
	r.want(http.StatusConflict, http.MethodPatch, cloudPath, grow(4))
	s.Advance(4 * time.Hour)
	r.want(http.StatusNotFound, http.MethodGet, groupPath+"?api-version=2022-09-01", nil)
	if left := s.Resources(""); len(left) != 0 {
		t.Errorf("left are %v", left)
	}
}

// The vCenter of a loaded private cloud has the hosts and clusters that it had, with the same password.
func TestLoadStartsVCentersAgain(t *testing.T) {
	s := start(t, stepped, func(c *Config) { c.NoVCenters, c.Speed = false, 1000 })
	r := newRaw(t, s)
	r.want(http.StatusCreated, http.MethodPut, cloudPath, privateCloud())
	s.Advance(6 * time.Hour)
	r.want(http.StatusCreated, http.MethodPut, cloudPath+"/clusters/two", clusterBody(3, "av36p"))
	s.Advance(2 * time.Hour)
	r.want(http.StatusCreated, http.MethodPatch, cloudPath+"/clusters/two", map[string]any{"properties": map[string]any{"clusterSize": 4}})
	s = again(t, s, stepped, func(c *Config) { c.NoVCenters, c.Speed = false, 1000 })
	v := s.VCenter(cloudPath)
	if v == nil {
		t.Fatal("there is no vCenter")
	}
	if got := len(v.ClusterHosts("two")); got != 3 {
		t.Errorf("cluster two has %d hosts in vCenter before the end of its operation", got)
	}
	s.Advance(time.Hour)
	body, _ := s.Resource(cloudPath + "/clusters/two")
	if got := v.ClusterHosts("two"); len(got) != 4 || !slices.Equal(got, hostList(body, clusterHosts)) {
		t.Errorf("cluster two has %v in vCenter and %v in Azure", got, body)
	}
	cloud, _ := s.Resource(cloudPath)
	if lookupString(cloud, "properties.endpoints.vcsa") != v.URL()+"/" || lookupString(cloud, "properties.vcenterCertificateThumbprint") != v.Thumbprint() {
		t.Errorf("Azure names another vCenter: %v", cloud["properties"])
	}
}

func TestSavedFile(t *testing.T) {
	s := start(t)
	path := filepath.Join(t.TempDir(), "state.json")
	for range 2 { // the second replaces the first
		if err := s.SaveFile(path); err != nil {
			t.Fatal(err)
		}
	}
	info := must(os.Stat(path))(t)
	if info.Mode().Perm() != 0o600 {
		t.Errorf("the file with the passwords has mode %v", info.Mode())
	}
	if text := must(os.ReadFile(path))(t); bytes.Contains(text, []byte(clientSecret)) {
		t.Error("the secrets of applications are configuration and not to be saved")
	}
	if err := s.SaveFile(filepath.Join(path, "below")); err == nil {
		t.Error("saving below a file went well")
	}
}

func TestRefusedStates(t *testing.T) {
	s := start(t)
	newRaw(t, s).build()
	var state bytes.Buffer
	if err := s.Save(&state); err != nil {
		t.Fatal(err)
	}
	for name, edit := range map[string]func(*savedState){
		"another format":       func(v *savedState) { v.Format = 99 },
		"no CA":                func(v *savedState) { v.CA = "" },
		"no token key":         func(v *savedState) { v.TokenKey = "x" },
		"an unknown type":      func(v *savedState) { v.Resources[0].Type = "Microsoft.AVS/nonsense" },
		"a missing parent":     func(v *savedState) { v.Resources[0].Parent = "/nowhere" },
		"a lost subscription":  func(v *savedState) { v.Subscriptions = nil },
		"an unknown kind":      func(v *savedState) { v.Operations[0].Status, v.Operations[0].Kind = inProgress, "nonsense" },
		"an operation's scope": func(v *savedState) { v.Operations[0].Subscription = "x" },
	} {
		var v savedState
		if err := json.Unmarshal(state.Bytes(), &v); err != nil {
			t.Fatal(err)
		}
		edit(&v)
		text := must(json.Marshal(v))(t)
		c := testConfig()
		c.State = bytes.NewReader(text)
		if s, err := Start(t.Context(), c); err == nil {
			s.Close()
			t.Errorf("%s: it started", name)
		}
	}
	c := testConfig()
	c.State = strings.NewReader("{")
	if _, err := Start(t.Context(), c); err == nil {
		t.Error("half a file: it started")
	}
}

// A field that somebody adds has to be saved or made again, or a loaded server forgets it: it must be named here.
func TestEveryFieldIsSaved(t *testing.T) {
	for _, one := range []struct {
		of    any
		knows string
	}{
		{resource{}, "id name typ parent sub body hidden secrets op target stale lag"},
		{operation{}, "id resourceID sub location apiVersion armsOwn groupPath withResult noContent retryAfter hidden status started ended ending " +
			"code message kind args change fault due work finish"},
		{change{}, "typ sub r parent sent before after secret lists whole remove fault script"},
		{subscription{}, "config registered due unregisteredOthers"},
		{group{}, "subscription name location tags deleting moving"},
		{bucket{}, "tokens filled"},
		{answer{}, "status header body"},
		{staleReads{}, "left body"},
		{Server{}, "config url authority control controlURL http log entra clock signer requests faults ctx cancel work mu closed subscriptions " +
			"groups resources index ghosts locks operations clouds replays buckets capacity draws vaults"},
	} {
		kind := reflect.TypeOf(one.of)
		for i := range kind.NumField() {
			if name := kind.Field(i).Name; !slices.Contains(strings.Fields(one.knows), name) {
				t.Errorf("%s.%s: save.go and load.go do not know it", kind.Name(), name)
			}
		}
	}
}
