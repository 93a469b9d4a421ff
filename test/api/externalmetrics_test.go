// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const metricsGroup = "/apis/external.metrics.k8s.io/v1beta1"

// externalMetrics serves external.metrics.k8s.io, as the adapters of Prometheus, Datadog or KEDA do, behind the API server's aggregator.
type externalMetrics struct {
	mu     sync.Mutex
	values map[string]int64 // by namespace/name, in lower case, as the autoscaler asks
	asked  map[string]bool  // users that asked
}

// serveExternalMetrics registers the API for the length of the test.
func serveExternalMetrics(t *testing.T, namespace string) *externalMetrics {
	t.Helper()
	m := &externalMetrics{values: map[string]int64{}, asked: map[string]bool{}}
	const name = "load"
	certificate, ca := servingCertificate(t, name+"."+namespace+".svc") // the name that the aggregator asks for
	server := httptest.NewUnstartedServer(m)
	server.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}
	server.StartTLS()
	t.Cleanup(server.Close)
	_, port, err := net.SplitHostPort(server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	service := &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec:       corev1.ServiceSpec{Type: corev1.ServiceTypeExternalName, ExternalName: "localhost"},
	}
	api := &unstructured.Unstructured{Object: patched(t, map[string]any{},
		fmt.Sprintf(`{apiVersion: apiregistration.k8s.io/v1, kind: APIService, metadata: {name: v1beta1.external.metrics.k8s.io},
		spec: {group: external.metrics.k8s.io, version: v1beta1, groupPriorityMinimum: 100, versionPriority: 100, service: {namespace: %s, name: %s, port: %s}}}`,
			namespace, name, port))}
	if err := unstructured.SetNestedField(api.Object, base64.StdEncoding.EncodeToString(ca), "spec", "caBundle"); err != nil {
		t.Fatal(err)
	}
	for _, object := range []client.Object{service, api} {
		if err := cluster.Admin.Create(t.Context(), object); err != nil {
			t.Fatal(err)
		}
	}
	// It goes before its server does: an API that does not answer keeps every namespace in Terminating.
	t.Cleanup(func() {
		if err := cluster.Admin.Delete(context.WithoutCancel(t.Context()), api); err != nil {
			t.Error(err)
		}
	})
	cluster.WaitFor(t, time.Minute, api, "the API of external metrics to be available", func() error {
		conditions, _, _ := unstructured.NestedSlice(api.Object, "status", "conditions")
		for _, c := range conditions {
			if condition := c.(map[string]any); condition["type"] == "Available" && condition["status"] == "True" {
				return nil
			}
		}
		return fmt.Errorf("its conditions are %v", conditions)
	})
	return m
}

// set the value of a metric.
func (m *externalMetrics) set(namespace, name string, value int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.values[namespace+"/"+strings.ToLower(name)] = value
}

// askedBy tells whether the user asked for a metric.
func (m *externalMetrics) askedBy(user string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.asked[user]
}

// ServeHTTP answers discovery and the values of metrics.
func (m *externalMetrics) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	if r.URL.Path == metricsGroup {
		_ = json.NewEncoder(w).Encode(metav1.APIResourceList{
			TypeMeta: metav1.TypeMeta{Kind: "APIResourceList", APIVersion: "v1"}, GroupVersion: "external.metrics.k8s.io/v1beta1", APIResources: []metav1.APIResource{},
		})
		return
	}
	parts := strings.Split(strings.TrimPrefix(r.URL.Path, metricsGroup+"/namespaces/"), "/")
	m.mu.Lock()
	defer m.mu.Unlock()
	value, ok := m.values[strings.Join(parts, "/")]
	if len(parts) != 2 || !ok {
		http.NotFound(w, r)
		return
	}
	m.asked[r.Header.Get("X-Remote-User")] = true
	_ = json.NewEncoder(w).Encode(map[string]any{
		"kind": "ExternalMetricValueList", "apiVersion": "external.metrics.k8s.io/v1beta1", "metadata": map[string]any{},
		"items": []any{map[string]any{"metricName": parts[1], "metricLabels": map[string]any{}, "timestamp": time.Now().UTC().Format(time.RFC3339),
			"value": fmt.Sprint(value)}},
	})
}

// servingCertificate is a certificate for the name, and itself, PEM, as what signed it.
func servingCertificate(t *testing.T, name string) (tls.Certificate, []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}
