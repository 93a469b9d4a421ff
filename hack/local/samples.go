// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"fmt"
	"path/filepath"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
)

// preparedObjects are what a user makes by hand before config/samples: the namespace, the Secrets that the samples name, and the
// certificates of this simulated world, as one YAML file.
func preparedObjects(w *simulators) ([]byte, error) {
	meta := func(name string) metav1.ObjectMeta { return metav1.ObjectMeta{Name: name, Namespace: namespace} }
	kind := func(name string) metav1.TypeMeta { return metav1.TypeMeta{APIVersion: "v1", Kind: name} }
	objects := []any{
		corev1.Namespace{TypeMeta: kind("Namespace"), ObjectMeta: metav1.ObjectMeta{Name: namespace}},
		corev1.ServiceAccount{TypeMeta: kind("ServiceAccount"), ObjectMeta: meta(federatedAccount)},
		corev1.Secret{TypeMeta: kind("Secret"), ObjectMeta: meta("azure-client-secret"), Type: v1alpha1.SecretTypeAzure,
			StringData: map[string]string{"clientSecret": w.clientSecret}},
		corev1.ConfigMap{TypeMeta: kind("ConfigMap"), ObjectMeta: meta("azure-ca"), Data: map[string]string{"ca.crt": string(w.azure.CAPEM())}},
		corev1.Secret{TypeMeta: kind("Secret"), ObjectMeta: meta("oslo-vcenter"), Type: corev1.SecretTypeBasicAuth, StringData: map[string]string{
			corev1.BasicAuthUsernameKey: osloUser, corev1.BasicAuthPasswordKey: w.osloPassword,
		}},
		corev1.ConfigMap{TypeMeta: kind("ConfigMap"), ObjectMeta: meta("oslo-ca"), Data: map[string]string{"ca.crt": string(w.oslo.CertificatePEM())}},
	}
	return documents(objects)
}

func documents(objects []any) ([]byte, error) {
	var out bytes.Buffer
	for _, object := range objects {
		document, err := yaml.Marshal(object)
		if err != nil {
			return nil, fmt.Errorf("write an object as YAML: %w", err)
		}
		out.WriteString("---\n")
		out.Write(document)
	}
	return out.Bytes(), nil
}

// writeSamples writes a kustomization of config/samples with what differs from a real cloud: where the simulated Azure and the vCenter in
// Oslo are, and how they are recognised. Everything else of the samples is used as it stands.
func writeSamples(f files, w *simulators) error {
	base, err := filepath.Rel(f.samples(), filepath.Join(f.root, "config", "samples"))
	if err != nil {
		return fmt.Errorf("find config/samples: %w", err)
	}
	patch := func(kind, name string, spec map[string]any) (map[string]any, error) {
		text, err := yaml.Marshal(map[string]any{
			"apiVersion": "avs-operator.io/v1alpha1", "kind": kind, "metadata": map[string]any{"name": name}, "spec": spec,
		})
		return map[string]any{"target": map[string]any{"kind": kind, "name": name}, "patch": string(text)}, err
	}
	identity, err := patch("AzureIdentity", "default", map[string]any{"cloud": map[string]any{"endpoints": map[string]any{
		"activeDirectoryAuthorityHost": w.azure.URL(), "resourceManager": w.azure.URL(),
		"caRef": map[string]any{"kind": "ConfigMap", "name": "azure-ca"},
	}}})
	if err != nil {
		return fmt.Errorf("write the samples: %w", err)
	}
	oslo, err := patch("VCenter", "oslo", map[string]any{"url": w.oslo.URL(), "trust": map[string]any{"thumbprint": w.oslo.ThumbprintSHA256()}})
	if err != nil {
		return fmt.Errorf("write the samples: %w", err)
	}
	content, err := yaml.Marshal(map[string]any{
		"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization",
		"resources": []string{filepath.ToSlash(base)}, "patches": []any{identity, oslo},
	})
	if err != nil {
		return fmt.Errorf("write the samples: %w", err)
	}
	return f.write(filepath.Join("samples", "kustomization.yaml"), content)
}
