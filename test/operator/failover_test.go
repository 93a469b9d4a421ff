// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package operator

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/avs-operator/avs-operator/test/env"
	"github.com/avs-operator/avs-operator/test/harness"
)

// get asks an address, with a token if there is one.
func get(url, token string) (int, string, error) {
	unverified := &tls.Config{InsecureSkipVerify: true} //nolint:gosec // a self-signed certificate on loopback
	c := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{TLSClientConfig: unverified}}
	request, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		return 0, "", err
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := c.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	return response.StatusCode, string(body), err
}

func TestProbesAndMetrics(t *testing.T) {
	t.Parallel()
	namespace := cluster.Namespace(t)
	p := startFrom(t, env.OperatorNamespace, namespace, 1)
	for _, path := range []string{"/healthz", "/readyz"} {
		cluster.Eventually(t, 30*time.Second, path, func(context.Context) error {
			code, body, err := get("http://"+p.Health+path, "")
			if err == nil && code != http.StatusOK {
				err = fmt.Errorf("%d %s", code, body)
			}
			return err
		})
	}
	metrics := "https://" + p.Metrics + "/metrics"
	cluster.Eventually(t, 30*time.Second, "the metrics to be refused to a stranger", func(context.Context) error {
		code, _, err := get(metrics, "")
		if err == nil && code != http.StatusUnauthorized {
			err = fmt.Errorf("answered %d", code)
		}
		return err
	})
	scraper := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "scraper"}}
	cluster.Create(t, scraper)
	request := &authenticationv1.TokenRequest{}
	if err := cluster.Admin.SubResource("token").Create(t.Context(), scraper, request); err != nil {
		t.Fatal(err)
	}
	if code, _, err := get(metrics, request.Status.Token); err != nil || code != http.StatusForbidden {
		t.Errorf("an account without the right got %d, %v", code, err)
	}
	cluster.Create(t, &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: "scraper-" + namespace},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "avs-operator-metrics-reader"},
		Subjects:   []rbacv1.Subject{{Kind: "ServiceAccount", Namespace: namespace, Name: "scraper"}},
	})
	harness.WaitLeader(t, cluster, p.Home, "")
	cluster.Eventually(t, 30*time.Second, "the metrics", func(context.Context) error {
		code, body, err := get(metrics, request.Status.Token)
		if err == nil && (code != http.StatusOK || !strings.Contains(body, "controller_runtime_reconcile_total")) {
			err = fmt.Errorf("answered %d, %d bytes", code, len(body))
		}
		return err
	})
	p.Signal(t, syscall.SIGTERM)
	if code := p.WaitEnd(t, time.Minute); code != 0 {
		t.Errorf("exit code %d after TERM", code)
	}
	if who, err := harness.Leader(t.Context(), cluster, p.Home); err != nil || who != "" {
		t.Errorf("the lease was not released: %q, %v", who, err)
	}
}

func puts(azure *harness.Azure, method string) (n int) {
	for _, r := range azure.Requests() {
		if r.Method == method {
			n++
		}
	}
	return n
}

// The leader is killed while Azure builds. Another takes over when the lease has run out, and the private cloud is made once.
func TestAnotherTakesOverAfterAKill(t *testing.T) {
	t.Parallel()
	azure, namespace := harness.StartAzure(t, 1200, harness.NoVCenters), house(t)
	first := start(t, namespace, 1200)
	was := harness.WaitLeader(t, cluster, namespace, "")
	start(t, namespace, 1200)
	cloud := harness.PrivateCloud(namespace, "weu")
	cluster.Create(t, append(azure.Identity(namespace), cloud)...)
	cluster.Eventually(t, 30*time.Second, "the PUT", func(context.Context) error {
		if puts(azure, http.MethodPut) == 0 {
			return fmt.Errorf("not yet")
		}
		return nil
	})
	first.Signal(t, syscall.SIGKILL)
	harness.WaitLeader(t, cluster, namespace, was)
	cluster.WaitReady(t, cloud)
	if n := puts(azure, http.MethodPut); n != 1 {
		t.Errorf("%d PUTs", n)
	}
}

// The leader is stopped past its lease and wakes when another leads. It writes nothing any more, and ends.
func TestALateLeaderWritesNothing(t *testing.T) {
	t.Parallel()
	azure, namespace := harness.StartAzure(t, 3600, harness.NoVCenters), house(t)
	first := start(t, namespace, 3600)
	was := harness.WaitLeader(t, cluster, namespace, "")
	cloud := harness.PrivateCloud(namespace, "weu")
	cluster.Create(t, append(azure.Identity(namespace), cloud)...)
	cluster.WaitReady(t, cloud)

	first.Signal(t, syscall.SIGSTOP)
	start(t, namespace, 3600)
	harness.WaitLeader(t, cluster, namespace, was)
	cluster.Patch(t, cloud, `{"spec":{"internet":"Enabled"}}`)
	cluster.Eventually(t, 30*time.Second, "the PATCH", func(context.Context) error {
		if puts(azure, http.MethodPatch) == 0 {
			return fmt.Errorf("not yet")
		}
		return nil
	})
	first.Signal(t, syscall.SIGCONT)
	if code := first.WaitEnd(t, time.Minute); code == 0 {
		t.Error("a leader that lost its lease ended with exit code 0")
	}
	cluster.WaitReady(t, cloud)
	if put, patch := puts(azure, http.MethodPut), puts(azure, http.MethodPatch); put != 1 || patch != 1 {
		t.Errorf("%d PUTs and %d PATCHes, want one each", put, patch)
	}
}
