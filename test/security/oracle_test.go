// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package security

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers"
	"github.com/avs-operator/avs-operator/test/armsim"
	"github.com/avs-operator/avs-operator/test/env"
	"github.com/avs-operator/avs-operator/test/harness"
	"github.com/avs-operator/avs-operator/test/vcentersim"
)

// words that a host inside has for its own users only.
const words = "payroll-of-2026 \x1b[31m\u202e"

// outside is an address of this machine that is not local to the operator; the loopback if it has none.
func outside(t *testing.T) string {
	t.Helper()
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range addresses {
		if ip, ok := a.(*net.IPNet); ok && ip.IP.To4() != nil && ip.IP.IsGlobalUnicast() {
			return ip.IP.String()
		}
	}
	return "127.0.0.1"
}

// vcenterAt is a VCenter whose host the attacker has chosen, with an account that was made for it.
func (w *world) vcenterAt(t *testing.T, name, address string, trust *v1alpha1.VCenterTrust) *v1alpha1.VCenter {
	t.Helper()
	account := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: w.theirs, Name: name}, Type: corev1.SecretTypeBasicAuth,
		StringData: map[string]string{"username": "u", "password": "my-own-password"}}
	v := &v1alpha1.VCenter{ObjectMeta: account.ObjectMeta,
		Spec: v1alpha1.VCenterSpec{URL: address, Trust: trust, CredentialsRef: &v1alpha1.CredentialsReference{Name: name}}}
	cluster.Create(t, account, v)
	return v
}

// notReady waits for what a VCenter says of its host.
func notReady(t *testing.T, v *v1alpha1.VCenter) *metav1.Condition {
	t.Helper()
	var ready *metav1.Condition
	cluster.WaitFor(t, patience, v, "what is said of its host", func() error {
		ready = meta.FindStatusCondition(v.Status.Conditions, v1alpha1.ConditionReady)
		if ready == nil || ready.Status != metav1.ConditionFalse || ready.Reason == v1alpha1.ReasonReconciling {
			return fmt.Errorf("Ready is %+v", ready)
		}
		return nil
	})
	return ready
}

// A VCenter object is no way to look around in networks that only the operator sees: nothing that a host says is repeated before it has proved to be
// the vCenter that is meant.
func TestHostsAreNotQuotedBeforeTheyHaveProvedThemselves(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start(t)
	w.remember(t)
	inside := httptest.NewTLSServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/fault/sdk":
			rw.WriteHeader(http.StatusInternalServerError)
			fmt.Fprintf(rw, `<Envelope xmlns="http://schemas.xmlsoap.org/soap/envelope/"><Body><Fault>`+
				`<faultcode>ServerFaultCode</faultcode><faultstring>%s</faultstring></Fault></Body></Envelope>`, strings.Fields(words)[0])
		default:
			rw.Header().Set("Server", words[:15])
			fmt.Fprint(rw, "<html>"+words)
		}
	}))
	t.Cleanup(inside.Close)
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := "https://" + closed.Addr().String()
	_ = closed.Close()
	pinned := &v1alpha1.VCenterTrust{Thumbprint: thumbprint(inside)}
	cluster.Create(t, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: w.theirs, Name: "another-ca"},
		Data: map[string]string{"ca.crt": string(w.Azure.CAPEM())}})

	for _, c := range []struct {
		name, address string
		trust         *v1alpha1.VCenterTrust
		reason        string
		says          []string
	}{
		{"page", inside.URL, pinned, v1alpha1.ReasonUnreachable, []string{"not a vCenter"}},
		{"sha1", inside.URL, &v1alpha1.VCenterTrust{Thumbprint: strings.Repeat("AB", 20)}, v1alpha1.ReasonCertificateChanged,
			[]string{"SHA-256 " + colons(thumbprint(inside))}},
		{"another", inside.URL, &v1alpha1.VCenterTrust{Thumbprint: strings.Repeat("AB", 32)}, v1alpha1.ReasonCertificateChanged,
			[]string{colons(thumbprint(inside))}},
		{"untrusted", inside.URL, &v1alpha1.VCenterTrust{CARef: &v1alpha1.CAReference{Kind: "ConfigMap", Name: "another-ca"}},
			v1alpha1.ReasonCertificateUntrusted, []string{colons(thumbprint(inside))}},
		{"nobody", nobody, pinned, v1alpha1.ReasonUnreachable, []string{"cannot be reached"}},
	} {
		ready := notReady(t, w.vcenterAt(t, c.name, c.address, c.trust))
		if ready.Reason != c.reason {
			t.Errorf("%s: reason %s, want %s: %s", c.name, ready.Reason, c.reason, ready.Message)
		}
		env.Says(t, ready.Message, c.says...)
		for _, word := range []string{"payroll", "html", "Acme", "example.com", "refused", "malformed", "EOF", "dial", "\x1b"} {
			if strings.Contains(ready.Message, word) {
				t.Errorf("%s: the message repeats %q: %q", c.name, word, ready.Message)
			}
		}
	}
	w.unharmed(t)
	w.discreet(t)
}

// colons is a thumbprint as it is shown.
func colons(hex string) string {
	var parts []string
	for i := 0; i < len(hex); i += 2 {
		parts = append(parts, strings.ToUpper(hex[i:i+2]))
	}
	return strings.Join(parts, ":")
}

// What is local to the operator is not dialled, whatever it is called: its own loopback, the metadata service of its machine, the API server.
func TestLocalAddressesAreNotDialled(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, port, _ := net.SplitHostPort(w.host.Listener.Addr().String())
	api, err := url.Parse(cluster.ControlPlane.AdminConfig().Host)
	if err != nil {
		t.Fatal(err)
	}
	azure, err := url.Parse(w.Azure.URL())
	if err != nil {
		t.Fatal(err)
	}
	there := outside(t)
	other := harness.StartAzure(t, speed, func(c *armsim.Config) { c.NoVCenters, c.Listen = true, there+":0" })
	otherAzure, err := url.Parse(other.URL())
	if err != nil {
		t.Fatal(err)
	}
	w.StartOperator(t, func(o *controllers.Options) {
		o.AllowLocalEndpoints, o.AllowedEndpoints = false, []string{azure.Host, otherAzure.Host}
	})
	pinned := &v1alpha1.VCenterTrust{Thumbprint: thumbprint(w.host.Server)}
	for name, host := range map[string]string{
		"loopback": "127.0.0.1:" + port, "name": "localhost:" + port, "mapped": "[::ffff:127.0.0.1]:" + port, "metadata": "169.254.169.254", "wire": "168.63.129.16",
		"unspecified": "0.0.0.0:" + port, "api": api.Host,
	} {
		if ready := notReady(t, w.vcenterAt(t, name, "https://"+host, pinned)); ready.Reason != v1alpha1.ReasonEndpointNotAllowed {
			t.Errorf("%s: %s: %s", host, ready.Reason, ready.Message)
		}
	}
	v := w.vcenterAt(t, "by-address", "https://vcenter.example.com", pinned)
	env.Edit(t, cluster, v, func(v *v1alpha1.VCenter) { v.Spec.Address = "127.0.0.1:" + port })
	env.Says(t, cluster.WaitStalled(t, v, v1alpha1.ReasonEndpointNotAllowed), "correct url or address")
	identity := harness.IdentityOf(w.Azure.Identity(w.theirs))
	env.Says(t, cluster.WaitStalled(t, identity, v1alpha1.ReasonEndpointNotAllowed), "correct spec.cloud.endpoints", "--allow-local-endpoints")
	if n := len(w.host.requests()) + len(w.Azure.Requests()); n != 0 {
		t.Errorf("%d requests reached a local address", n)
	}
	if there == "127.0.0.1" {
		return // this machine has no other address, so nothing can be corrected to one
	}
	vc, err := vcentersim.Start(t.Context(), vcentersim.Config{Layout: vcentersim.OnPremises, Listen: there + ":0", Username: "u", Password: "my-own-password"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(vc.Close)
	corrected := harness.IdentityOf(other.Identity(w.theirs)).Spec.Cloud
	for _, object := range other.Identity(w.theirs) {
		if ca, is := object.(*corev1.ConfigMap); is {
			env.Edit(t, cluster, &corev1.ConfigMap{ObjectMeta: ca.ObjectMeta}, func(c *corev1.ConfigMap) { c.Data = ca.Data })
		}
	}
	env.Edit(t, cluster, identity, func(i *v1alpha1.AzureIdentity) { i.Spec.Cloud, i.Spec.SubscriptionID = corrected, other.SubscriptionID })
	env.Edit(t, cluster, v, func(v *v1alpha1.VCenter) {
		v.Spec.URL, v.Spec.Address, v.Spec.Trust.Thumbprint = vc.URL(), "", vc.ThumbprintSHA256()
	})
	for _, object := range []client.Object{identity, v} {
		cluster.WaitReady(t, object)
	}
}
