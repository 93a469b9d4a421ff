// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package identities

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"sync"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/connect/dial"
	"github.com/avs-operator/avs-operator/controllers/connect/secrets"
	"github.com/avs-operator/avs-operator/controllers/outcome"
	"github.com/avs-operator/avs-operator/controllers/watch"
)

// Default is the AzureIdentity that an object without identityRef uses, in its own namespace.
const Default = "default"

// Name is the name of the AzureIdentity that a reference means.
func Name(ref *v1alpha1.ObjectReference) string {
	if ref == nil {
		return Default
	}
	return ref.Name
}

// Options of New.
type Options struct {
	// Client reads AzureIdentities, and the metadata of Secrets and ConfigMaps, from the cache; it writes token requests.
	Client client.Client
	// Live reads what caches do not hold.
	Live secrets.Live
	Pace outcome.Pace
	// MayWrite is asked right before each write to Azure leaves; nil: always.
	MayWrite func() error
	// OperatorIdentityNamespaces may use the operator's own identity.
	OperatorIdentityNamespaces []string
	// AllowedEndpoints are hosts that any identity may send tokens to, beside the clouds that Microsoft runs. *.<host> allows the hosts one label
	// below a custom endpoint to whoever may use that, when Azure's links name them.
	AllowedEndpoints []string
	// Resolve are addresses by lower-case host name that no DNS knows, for tests; nil: none.
	Resolve map[string]string
	// Local keeps connections to custom endpoints away from local addresses; nil: they may be local.
	Local *dial.LocalAddresses
	// Observe is told of every exchange with ARM, and ObserveLogin of every token that was asked for, for metrics; nil: nobody is.
	Observe      func(arm.Request)
	ObserveLogin func(*arm.Error)
	UserAgent    string
	// Fingerprint is the keyed hash of a value in its place, the same in every process: refusals in a status name by it who asked. nil: a hash
	// that no other process makes.
	Fingerprint func(ctx context.Context, place string, value []byte) (string, error)
	// WrapTransport stands around every transport to Entra ID and ARM, for tests; nil: nothing does.
	WrapTransport func(http.RoundTripper) http.RoundTripper
}

// Clients hands out one ARM client per AzureIdentity. A client stays the same while the identity's spec and the values that it refers to stay
// the same, so that a refused credential is remembered once for all objects that use it.
type Clients struct {
	o        Options
	limiters *arm.Limiters
	key      [32]byte // of principals: a credential's fingerprint must not be computable from outside

	touched, renewed watch.Listeners[types.NamespacedName]

	mu      sync.Mutex
	entries map[types.NamespacedName]*clientEntry
	making  map[types.NamespacedName]*sync.Mutex
	quotas  map[owner]*arm.Quota
}

type clientEntry struct {
	versions  string // what the client was made from, by generation and resourceVersions: cheap to compare
	principal string // the same by value: a Secret may be rewritten with what it had
	made      string // the same by value in every process, and by the identity's generation
	client    *arm.Client
}

// New makes the pool.
func New(o Options) *Clients {
	a := &Clients{o: o, limiters: arm.NewLimiters(), entries: map[types.NamespacedName]*clientEntry{}, making: map[types.NamespacedName]*sync.Mutex{},
		quotas: map[owner]*arm.Quota{}}
	if _, err := rand.Read(a.key[:]); err != nil {
		panic(err) // crypto/rand never fails
	}
	return a
}

// Client is the ARM client of the AzureIdentity that ref names in the namespace; nil means the one named default. An identity that is not
// there, or whose Secret is not, is waited for.
func (a *Clients) Client(ctx context.Context, namespace string, ref *v1alpha1.ObjectReference) (*arm.Client, *v1alpha1.AzureIdentity, *outcome.Outcome) {
	name := Name(ref)
	identity := &v1alpha1.AzureIdentity{}
	err := a.o.Client.Get(ctx, types.NamespacedName{Namespace: namespace, Name: name}, identity)
	if apierrors.IsNotFound(err) {
		return nil, nil, secrets.Missing("AzureIdentity %s/%s is not there: create it, or name another with identityRef", namespace, name)
	}
	if err != nil {
		return nil, nil, outcome.Retry(v1alpha1.ReasonTransient, err)
	}
	c, o := a.ClientOf(ctx, identity)
	return c, identity, o
}

// ClientOf is the ARM client of an identity that was read already.
func (a *Clients) ClientOf(ctx context.Context, identity *v1alpha1.AzureIdentity) (*arm.Client, *outcome.Outcome) {
	versions, o := a.versions(ctx, identity)
	if o != nil {
		return nil, o
	}
	key := client.ObjectKeyFromObject(identity)
	entry, done := a.entry(key, versions)
	defer done()
	if entry != nil && entry.versions == versions {
		return entry.client, nil
	}
	material, o := a.material(ctx, identity)
	if o != nil {
		return nil, o
	}
	principal := a.principal(material)
	made, err := a.made(ctx, identity, material, principal)
	if err != nil {
		return nil, outcome.Retry(v1alpha1.ReasonTransient, err)
	}
	renewed := entry != nil && entry.made != made
	if entry == nil || entry.principal != principal {
		c, o := a.connect(identity, material, principal)
		if o != nil {
			return nil, o
		}
		entry = &clientEntry{principal: principal, client: c}
	}
	a.mu.Lock()
	a.entries[key] = &clientEntry{versions: versions, principal: principal, made: made, client: entry.client}
	a.mu.Unlock()
	if renewed {
		a.renewed.Tell(key)
	}
	return entry.client, nil
}

// Renewed tells f which identities have another credential than before, until cancel. The identity itself may look as it did: both were accepted.
func (a *Clients) Renewed(f func(types.NamespacedName)) (cancel func()) {
	return a.renewed.Subscribe(f)
}

// entry is what there is for an identity. If that is not of these versions the caller makes it anew, alone: of two clients made at once each
// would log in, and a refused credential would be presented twice.
func (a *Clients) entry(key types.NamespacedName, versions string) (entry *clientEntry, done func()) {
	a.mu.Lock()
	entry = a.entries[key]
	making := a.making[key]
	if making == nil {
		making = &sync.Mutex{}
		a.making[key] = making
	}
	a.mu.Unlock()
	if entry != nil && entry.versions == versions {
		return entry, func() {}
	}
	making.Lock()
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.entries[key], making.Unlock
}

// Forget drops the client of an identity that is gone.
func (a *Clients) Forget(key types.NamespacedName) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.entries, key)
	delete(a.making, key)
	a.dropQuotas(key.Namespace)
}

// versions is what the client depends on, from caches alone: no call, no secret.
func (a *Clients) versions(ctx context.Context, identity *v1alpha1.AzureIdentity) (string, *outcome.Outcome) {
	out := fmt.Sprintf("%s/%d", identity.UID, identity.Generation)
	for _, used := range usedBy(identity) {
		meta := &metav1.PartialObjectMetadata{}
		meta.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind(used.Kind))
		err := a.o.Client.Get(ctx, types.NamespacedName{Namespace: identity.Namespace, Name: used.Name}, meta)
		if apierrors.IsNotFound(err) {
			return "", secrets.Missing("%s %s/%s, which AzureIdentity %s refers to, is not there: create it, or correct the name",
				used.Kind, identity.Namespace, used.Name, identity.Name)
		}
		if err != nil {
			return "", outcome.Retry(v1alpha1.ReasonTransient, err)
		}
		out += "/" + string(meta.UID) + "/" + meta.ResourceVersion
	}
	return out, nil
}

// usedBy lists what an identity refers to, in a fixed order.
func usedBy(identity *v1alpha1.AzureIdentity) []secrets.Reference {
	var out []secrets.Reference
	if ref := identity.Spec.ClientSecretRef; ref != nil {
		out = append(out, secrets.ToIdentity(ref.Name))
	}
	if ref := identity.Spec.ClientCertificateRef; ref != nil {
		out = append(out, secrets.ToCertificate(ref.Name))
	}
	if cloud := identity.Spec.Cloud; cloud != nil && cloud.Endpoints != nil && cloud.Endpoints.CARef != nil {
		out = append(out, secrets.ToCA(*cloud.Endpoints.CARef))
	}
	return out
}

// Made says what the client of an identity was made from: the same in every process, and another as soon as the identity's spec or a value that
// it refers to is another. It does not tell of the versions of Secrets and ConfigMaps: the operator's own finalizer, or a label, makes another
// version, and no refused request is worth another try for that.
func (a *Clients) Made(identity types.NamespacedName) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	if entry := a.entries[identity]; entry != nil {
		return entry.made
	}
	return ""
}

// made is what Made will say.
func (a *Clients) made(ctx context.Context, identity *v1alpha1.AzureIdentity, m *material, principal string) (string, error) {
	place := fmt.Sprintf("%s/%d", identity.UID, identity.Generation)
	if a.o.Fingerprint == nil {
		return place + "/" + principal, nil
	}
	return a.o.Fingerprint(ctx, place, m.plain())
}

// principal is a key of who acts, where, for as long as this process lives: two identities have the same one only if they hold the same credential,
// so that none reads from another's snapshots what its own credential would not get.
func (a *Clients) principal(m *material) string {
	mac := hmac.New(sha256.New, a.key[:])
	mac.Write(m.plain())
	return hex.EncodeToString(mac.Sum(nil)[:12])
}

// plain is who acts, where, with what: everything that makes one material another, none of it in place of another.
func (m *material) plain() (out []byte) {
	for _, part := range []string{m.cloudName, m.authority, m.endpoint, m.tenantID, m.clientID, m.method, string(m.value), string(m.ca)} {
		out = fmt.Appendf(out, "%d:%s", len(part), part)
	}
	return out
}
