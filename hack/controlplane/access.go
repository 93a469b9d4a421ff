// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// tokenLife is how long a ServiceAccount's token is good for. In a cluster the kubelet renews tokens; here nobody does, so it
// must outlast any test and a day of a local environment.
const tokenLife = 48 * time.Hour

// AdminConfig returns a client configuration of a cluster administrator. Each call returns a copy.
func (c *ControlPlane) AdminConfig() *rest.Config { return rest.CopyConfig(c.admin) }

// AdminKubeconfig returns the same as a kubeconfig, with everything inside it.
func (c *ControlPlane) AdminKubeconfig() []byte { return slices.Clone(c.adminKubeconfig) }

// ServiceAccountConfig returns a client configuration that acts as a ServiceAccount, by a token that the API server issued
// for it and that is good for 48 hours. The ServiceAccount must exist.
func (c *ControlPlane) ServiceAccountConfig(ctx context.Context, namespace, name string) (*rest.Config, error) {
	seconds := int64(tokenLife / time.Second)
	request := &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{ExpirationSeconds: &seconds}}
	answer, err := c.clientset.CoreV1().ServiceAccounts(namespace).CreateToken(ctx, name, request, metav1.CreateOptions{})
	if err != nil {
		return nil, fmt.Errorf("requesting a token of ServiceAccount %s/%s: %w", namespace, name, err)
	}
	return &rest.Config{
		Host: c.admin.Host, QPS: -1,
		BearerToken:     answer.Status.Token,
		TLSClientConfig: rest.TLSClientConfig{CAData: c.credentials.authority.pem},
	}, nil
}

// ServiceAccountKubeconfig returns the same as a kubeconfig, whose default namespace is the ServiceAccount's.
func (c *ControlPlane) ServiceAccountKubeconfig(ctx context.Context, namespace, name string) ([]byte, error) {
	config, err := c.ServiceAccountConfig(ctx, namespace, name)
	if err != nil {
		return nil, err
	}
	return encodeKubeconfig(config, namespace)
}

// Assets returns the directory with kubectl and kube-apiserver.
func (c *ControlPlane) Assets() string { return c.assets }

// Kubectl runs kubectl as administrator and returns what it prints to standard output. The error holds what it prints to
// standard error.
func (c *ControlPlane) Kubectl(ctx context.Context, arguments ...string) (string, error) {
	path, err := binary("kubectl")
	if err != nil {
		return "", err
	}
	var output, problem bytes.Buffer
	command := exec.CommandContext(ctx, path, append([]string{"--kubeconfig=" + c.adminKubeconfigPath()}, arguments...)...)
	command.Stdout, command.Stderr = &output, &problem
	// kubectl caches discovery under HOME for hours: another control plane's, on the same port, would answer for this one.
	command.Env = append(os.Environ(), "KUBECACHEDIR="+filepath.Join(c.dir, "kubectl-cache"))
	if err := command.Run(); err != nil {
		return output.String(), fmt.Errorf("kubectl %s: %w: %s", strings.Join(arguments, " "), err, strings.TrimSpace(problem.String()))
	}
	return output.String(), nil
}

func (c *ControlPlane) adminKubeconfigPath() string { return filepath.Join(c.dir, "admin.kubeconfig") }

// encodeKubeconfig returns a kubeconfig with one cluster, one user and one context.
func encodeKubeconfig(config *rest.Config, namespace string) ([]byte, error) {
	const name = "avs-operator"
	kubeconfig := clientcmdapi.NewConfig()
	kubeconfig.Clusters[name] = &clientcmdapi.Cluster{Server: config.Host, CertificateAuthorityData: config.CAData}
	kubeconfig.AuthInfos[name] = &clientcmdapi.AuthInfo{
		ClientCertificateData: config.CertData, ClientKeyData: config.KeyData, Token: config.BearerToken,
	}
	kubeconfig.Contexts[name] = &clientcmdapi.Context{Cluster: name, AuthInfo: name, Namespace: namespace}
	kubeconfig.CurrentContext = name
	content, err := clientcmd.Write(*kubeconfig)
	if err != nil {
		return nil, fmt.Errorf("encoding a kubeconfig: %w", err)
	}
	return content, nil
}
