// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package security plays the attackers that SECURITY.md lists: users of one namespace, with the roles that are shipped, against a real API
// server. Every test ends with the same two questions: did anything outside the attacker's namespace change, and did the attacker see a secret.
package security

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/go-logr/logr/funcr"
	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers"
	"github.com/avs-operator/avs-operator/test/armsim"
	"github.com/avs-operator/avs-operator/test/env"
	"github.com/avs-operator/avs-operator/test/harness"
)

var (
	cluster *env.Env

	errNotYet = errors.New("not yet")
)

const (
	// speed lets an hour of Azure's pass in a second.
	speed    = 3600
	patience = time.Minute
)

func TestMain(m *testing.M) { harness.Main(m, &cluster, 6) }

// The roles that are shipped, as config/rbac names them.
const (
	viewer     = "avs-operator-viewer"
	editor     = "avs-operator-editor"
	privileged = "avs-operator-privileged-editor"
)

// world is one test's Azure, with a namespace whose users attack and another that is none of their business.
type world struct {
	*harness.World        // in the attacker's namespace
	theirs, others string // the names of the two
	told           told
	host           *host
	secrets        []string // that nobody may see
	before         map[string]string
}

// theirCloud is the private cloud of the attacker's namespace, here and in Azure.
const theirCloud = "theirs"

// The values that an attacker is after.
const (
	databasePassword = "a-passw0rd-of-a-database"
	tokenOfCI        = "ghp_a-token-that-deploys"
	otherPassword    = "a-passw0rd-of-another-namespace"
)

// newWorld has an identity in both namespaces, one Secret of each use in the attacker's, and a running operator.
func newWorld(t *testing.T, change ...func(*armsim.Config)) *world {
	t.Helper()
	quick := func(c *armsim.Config) {
		c.RetryAfter = 10 * time.Second
		c.Durations.CreatePrivateCloud = armsim.Span{Min: 20 * time.Minute, Max: 20 * time.Minute}
	}
	w := &world{World: harness.NewWorld(t, cluster, speed), others: cluster.Namespace(t), host: startHost(t)}
	w.theirs = w.Namespace
	w.StartAzure(t, append([]func(*armsim.Config){quick}, change...)...)
	w.secrets = []string{harness.ClientSecret, databasePassword, tokenOfCI, otherPassword}
	cluster.Create(t, w.Azure.Identity(w.others)...)
	opaque := func(namespace, name string, values map[string]string) *corev1.Secret {
		return &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}, StringData: values}
	}
	cluster.Create(t,
		opaque(w.theirs, "database", map[string]string{"username": "app", "password": databasePassword}),
		opaque(w.theirs, "ci", map[string]string{"token": tokenOfCI}),
		opaque(w.others, "precious", map[string]string{"username": "app", "password": otherPassword}))
	return w
}

// start runs the operator, which may speak to the simulated Azure and to no other custom endpoint.
func (w *world) start(t *testing.T, change ...func(*controllers.Options)) {
	t.Helper()
	azure, err := url.Parse(w.Azure.URL())
	if err != nil {
		t.Fatal(err)
	}
	w.StartOperator(t, append([]func(*controllers.Options){func(o *controllers.Options) {
		o.Namespaces, o.AllowedEndpoints = []string{w.theirs, w.others}, []string{azure.Host}
		o.Logger, o.Registry = w.told.listen()
	}}, change...)...)
	theirs := harness.IdentityOf(w.Azure.Identity(w.others))
	cluster.WaitFor(t, patience, theirs, "what the operator says of it", func() error { // so that its status is no change later
		if len(theirs.Status.Conditions) == 0 {
			return errors.New("nothing yet")
		}
		return nil
	})
}

// told is all that operators logged and measured.
type told struct {
	mu         sync.Mutex
	lines      []string
	registries []*prometheus.Registry
}

// listen returns where one operator logs, in detail, and where its metrics go.
func (o *told) listen() (logr.Logger, prometheus.Registerer) {
	o.mu.Lock()
	defer o.mu.Unlock()
	registry := prometheus.NewRegistry()
	o.registries = append(o.registries, registry)
	return funcr.New(func(_, line string) {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.lines = append(o.lines, line)
	}, funcr.Options{Verbosity: 5}), registry
}

func (o *told) log() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return strings.Join(o.lines, "\n")
}

func (o *told) metrics(t *testing.T) string {
	t.Helper()
	o.mu.Lock()
	defer o.mu.Unlock()
	var out strings.Builder
	for _, registry := range o.registries {
		families, err := registry.Gather()
		if err != nil {
			t.Fatal(err)
		}
		for _, family := range families {
			out.WriteString(family.String())
		}
	}
	return out.String()
}

// privateCloud makes one that is ready, of a namespace.
func (w *world) privateCloud(t *testing.T, namespace, name, block string) *v1alpha1.PrivateCloud {
	t.Helper()
	cloud := harness.PrivateCloud(namespace, name)
	cloud.Spec.NetworkBlock = block
	cluster.Create(t, cloud)
	cluster.WaitReady(t, cloud)
	return cloud
}

// changes are what Azure was asked for, and took.
func (w *world) changes() []string {
	var out []string
	for _, r := range w.Azure.Taken() {
		out = append(out, r.Method+" "+r.Path)
	}
	return out
}

// as is a client with the rights that the roles give in a namespace, and no other.
func as(t *testing.T, namespace string, roles ...string) client.Client {
	t.Helper()
	user := strings.Join(append([]string{"user", namespace}, roles...), "-")
	for _, role := range roles {
		if _, err := cluster.ControlPlane.Kubectl(t.Context(), "create", "rolebinding", user+"-"+role, "--clusterrole="+role, "--user="+user,
			"-n", namespace); err != nil {
			t.Fatal(err)
		}
	}
	return like(t, user)
}

// like is a client that acts as a user.
func like(t *testing.T, user string) client.Client {
	t.Helper()
	config := cluster.ControlPlane.AdminConfig()
	config.Impersonate = rest.ImpersonationConfig{UserName: user}
	c, err := client.New(config, client.Options{Scheme: cluster.Admin.Scheme()})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// create makes an object as somebody; the roles may take a moment to be in force.
func create(t *testing.T, c client.Client, objects ...client.Object) {
	t.Helper()
	for _, object := range objects {
		cluster.Eventually(t, patience, "making "+object.GetName(), func(ctx context.Context) error { return c.Create(ctx, object) })
	}
}

// host is a server of the attacker's. It keeps all that it is sent.
type host struct {
	*httptest.Server
	mu   sync.Mutex
	seen []string
}

func startHost(t *testing.T) *host {
	h := &host{}
	h.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.note(r)
		w.WriteHeader(http.StatusInternalServerError)
	}))
	t.Cleanup(h.Close)
	return h
}

// redirects is another server, which answers everything with a redirect to this one.
func (h *host) redirects(t *testing.T, status int) *httptest.Server {
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, h.URL+r.URL.Path, status)
	}))
	t.Cleanup(s.Close)
	return s
}

func (h *host) note(r *http.Request) {
	var body strings.Builder
	_ = r.Write(&body)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.seen = append(h.seen, body.String())
}

func (h *host) requests() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.seen)
}

// kinds are all of ours and what else can tell of a secret or be harmed.
func kinds(t *testing.T) []client.ObjectList {
	t.Helper()
	out := []client.ObjectList{&corev1.SecretList{}, &corev1.ConfigMapList{}, &corev1.ServiceAccountList{}, &eventsv1.EventList{}}
	for name := range cluster.Admin.Scheme().KnownTypes(v1alpha1.GroupVersion) {
		if !strings.HasSuffix(name, "List") || strings.HasSuffix(name, "WatchEvent") {
			continue
		}
		made, err := cluster.Admin.Scheme().New(v1alpha1.GroupVersion.WithKind(name))
		if err != nil {
			t.Fatal(err)
		}
		if list, ok := made.(client.ObjectList); ok {
			out = append(out, list)
		}
	}
	return out
}

// objects are all of a namespace, by kind and name.
func objects(t *testing.T, namespace string) map[string]map[string]any {
	t.Helper()
	out := map[string]map[string]any{}
	for _, list := range kinds(t) {
		if err := cluster.Admin.List(t.Context(), list, client.InNamespace(namespace)); err != nil {
			t.Fatal(err)
		}
		_ = meta.EachListItem(list, func(item runtime.Object) error {
			text, _ := json.Marshal(item)
			one := map[string]any{}
			_ = json.Unmarshal(text, &one)
			u := unstructured.Unstructured{Object: one}
			out[fmt.Sprintf("%T/%s", item, u.GetName())] = one
			return nil
		})
	}
	return out
}

// remember takes down the world outside the attacker's namespace: the other namespace, and everything in Azure that is not theirs.
func (w *world) remember(t *testing.T) { w.before = w.outside(t) }

// outside is what must not change: what users and the operator write into objects, and what is in Azure, without what passes by itself.
func (w *world) outside(t *testing.T) map[string]string {
	t.Helper()
	out := map[string]string{}
	for name, object := range objects(t, w.others) {
		if strings.Contains(name, "Event") || strings.Contains(name, "kube-root-ca.crt") || strings.HasSuffix(name, "ServiceAccount/default") {
			continue
		}
		u := unstructured.Unstructured{Object: object}
		u.SetManagedFields(nil)
		u.SetResourceVersion("")
		text, _ := json.Marshal(object)
		out[name] = string(text)
	}
	for _, id := range w.Azure.Resources("/") {
		if strings.Contains(id, "/privateclouds/"+theirCloud) {
			continue
		}
		body, _ := w.Azure.Resource(id)
		text, _ := json.Marshal(body)
		out[id] = string(text)
	}
	return out
}

// unharmed fails when something outside the attacker's namespace has changed since remember.
func (w *world) unharmed(t *testing.T) {
	t.Helper()
	after := w.outside(t)
	for _, name := range slices.Sorted(maps.Keys(w.before)) {
		if after[name] != w.before[name] {
			t.Errorf("%s was changed:\n  before %s\n  after  %s", name, w.before[name], after[name])
		}
	}
	for name := range after {
		if _, was := w.before[name]; !was {
			t.Errorf("%s was made", name)
		}
	}
}

// discreet fails when a secret has reached the attacker: their host, or an object or event of their namespace that is no Secret.
func (w *world) discreet(t *testing.T) {
	t.Helper()
	seen := map[string]string{}
	for name, object := range objects(t, w.theirs) {
		if !strings.Contains(name, "v1.Secret/") {
			text, _ := json.Marshal(object)
			seen[name] = string(text)
		}
	}
	for i, request := range w.host.requests() {
		seen[fmt.Sprintf("request %d to the attacker's host", i)] = request
	}
	seen["the log"], seen["the metrics"] = w.told.log(), w.told.metrics(t)
	for where, text := range seen {
		for _, secret := range w.secrets {
			for _, form := range []string{secret, base64.StdEncoding.EncodeToString([]byte(secret)), url.QueryEscape(secret)} {
				if strings.Contains(text, form) {
					t.Errorf("%s has a secret: %s", where, text)
				}
			}
		}
	}
}
