// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"context"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

// issuer is the `iss` of the tokens that the API server signs. Nobody resolves it: who trusts them is given the keys.
const issuer = "https://kubernetes.default.svc.cluster.local"

// controllers are those of kube-controller-manager that an operator's objects meet. The others manage nodes and pods, of
// which there are none, and would only cost time.
var controllers = []string{
	"serviceaccount-controller",
	"root-ca-certificate-publisher-controller",
	"namespace-controller",
	"garbage-collector-controller",
	"clusterrole-aggregation-controller",
	"resourcequota-controller",
	"horizontal-pod-autoscaler-controller",
	"deployment-controller",
	"replicaset-controller",
	"job-controller",
	"cronjob-controller",
	"ttl-after-finished-controller",
	"disruption-controller",
	"validatingadmissionpolicy-status-controller",
}

// startEtcd starts etcd and returns its URL. Data is not synced to disk: it need not outlive the machine, and syncing is
// what makes etcd slow.
func (c *ControlPlane) startEtcd() (string, error) {
	port, err := freePort()
	if err != nil {
		return "", err
	}
	url := "http://127.0.0.1:" + strconv.Itoa(port)
	return url, c.run("etcd",
		"--data-dir="+filepath.Join(c.dir, "etcd"),
		"--listen-client-urls="+url,
		"--advertise-client-urls="+url,
		"--listen-peer-urls=http://127.0.0.1:0",
		"--unsafe-no-fsync=true",
		"--log-level=warn",
	)
}

// startAPIServer starts kube-apiserver and prepares the administrator's clients. RBAC and the default admission are on.
func (c *ControlPlane) startAPIServer(etcdURL string) error {
	port, err := freePort()
	if err != nil {
		return err
	}
	flags := []string{
		"--etcd-servers=" + etcdURL,
		"--bind-address=127.0.0.1",
		"--advertise-address=127.0.0.1",
		"--secure-port=" + strconv.Itoa(port),
		"--endpoint-reconciler-type=none", // the loopback address may not be published
		"--tls-cert-file=" + c.credentials.serverCertificate,
		"--tls-private-key-file=" + c.credentials.serverKey,
		"--client-ca-file=" + c.credentials.caFile,
		"--authorization-mode=RBAC",
		// As OpenShift has it: who sets blockOwnerDeletion needs the right to update the owner's finalizers.
		"--enable-admission-plugins=OwnerReferencesPermissionEnforcement",
		"--service-cluster-ip-range=10.0.0.0/24",
		"--service-account-issuer=" + issuer,
		"--service-account-key-file=" + c.credentials.signingKey,
		"--service-account-signing-key-file=" + c.credentials.signingKey,
	}
	if c.audit {
		policy := filepath.Join(c.dir, "audit-policy.yaml")
		if err := writeFiles(map[string][]byte{policy: []byte(auditPolicy)}); err != nil {
			return err
		}
		flags = append(flags,
			"--audit-policy-file="+policy,
			"--audit-log-path="+c.auditPath(),
			"--audit-log-maxsize=100000", // megabytes; a log that rotates would hide requests from Audit
			"--audit-log-mode=blocking-strict",
		)
	}
	if err := c.run("kube-apiserver", flags...); err != nil {
		return err
	}
	c.admin = c.config("https://127.0.0.1:"+strconv.Itoa(port), c.credentials.admin)
	if c.clientset, err = kubernetes.NewForConfig(c.admin); err != nil {
		return fmt.Errorf("making the administrator's client: %w", err)
	}
	if c.adminKubeconfig, err = encodeKubeconfig(c.admin, ""); err != nil {
		return err
	}
	return writeFiles(map[string][]byte{c.adminKubeconfigPath(): c.adminKubeconfig})
}

// StartControllerManager starts kube-controller-manager. It works as its own user, each controller as its own
// ServiceAccount, so that RBAC holds for them as it does in a cluster.
func (c *ControlPlane) StartControllerManager(context.Context) error {
	user, err := c.credentials.authority.client("system:kube-controller-manager")
	if err != nil {
		return err
	}
	kubeconfig, err := encodeKubeconfig(c.config(c.admin.Host, user), "")
	if err != nil {
		return err
	}
	path := filepath.Join(c.dir, "kube-controller-manager.kubeconfig")
	if err := writeFiles(map[string][]byte{path: kubeconfig}); err != nil {
		return err
	}
	return c.run("kube-controller-manager",
		"--kubeconfig="+path,
		"--controllers="+strings.Join(controllers, ","),
		"--leader-elect=false",
		"--secure-port=0",
		"--use-service-account-credentials=true",
		"--service-account-private-key-file="+c.credentials.signingKey,
		"--root-ca-file="+c.credentials.caFile,
		"--horizontal-pod-autoscaler-sync-period=1s",  // of 15 s, so that who watches an autoscaler need not wait
		"--kube-api-qps=500", "--kube-api-burst=1000", // the defaults of 20 and 30 make namespaces wait for each other
	)
}

// run starts one process and keeps it, so that Stop finds it.
func (c *ControlPlane) run(name string, flags ...string) error {
	process, err := startProcess(c.dir, name, flags...)
	if err != nil {
		return err
	}
	c.processes = append(c.processes, process)
	return nil
}

// config returns a client configuration with a certificate. Its own rate limit is off: tests measure ours, and the API
// server's stands behind it.
func (c *ControlPlane) config(host string, user pair) *rest.Config {
	return &rest.Config{
		Host: host, QPS: -1,
		TLSClientConfig: rest.TLSClientConfig{CAData: c.credentials.authority.pem, CertData: user.certificate, KeyData: user.key},
	}
}

// Issuer returns the `iss` claim of the API server's ServiceAccount tokens.
func (c *ControlPlane) Issuer() string { return issuer }

// JWKS returns the public keys of those tokens as a JSON Web Key Set, as a federated credential's issuer publishes them.
func (c *ControlPlane) JWKS(ctx context.Context) ([]byte, error) {
	keys, err := c.clientset.Discovery().RESTClient().Get().AbsPath("/openid/v1/jwks").DoRaw(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the API server's keys: %w", err)
	}
	return keys, nil
}
