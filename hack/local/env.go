// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"strings"
)

// variable is one line of the env file.
type variable struct{ name, value string }

// writeEnv writes the certificates and the shell file with the variables that other clients know.
func writeEnv(f files, w *simulators) error {
	bundle := append(systemRoots(), '\n')
	bundle = append(append(bundle, w.azure.CAPEM()...), w.oslo.CertificatePEM()...)
	for name, content := range map[string][]byte{
		"ca-bundle.pem": bundle, "azure-ca.pem": w.azure.CAPEM(), "oslo-ca.pem": w.oslo.CertificatePEM(),
	} {
		if err := f.write(name, content); err != nil {
			return err
		}
	}
	return f.write("env", shellFile(environmentVariables(f, w)))
}

// environmentVariables of clients of Azure (Azure SDKs, Terraform's azurerm, az) and of vCenter (govc).
func environmentVariables(f files, w *simulators) []variable {
	url := w.azure.URL()
	host := strings.TrimPrefix(url, "https://")
	return []variable{
		{"AZURE_TENANT_ID", tenantID},
		{"AZURE_CLIENT_ID", clientID},
		{"AZURE_CLIENT_SECRET", w.clientSecret},
		{"AZURE_SUBSCRIPTION_ID", subscriptionID},
		{"AZURE_AUTHORITY_HOST", url},
		{"AZURE_RESOURCE_MANAGER_ENDPOINT", url},
		{"ARM_TENANT_ID", tenantID},
		{"ARM_CLIENT_ID", clientID},
		{"ARM_CLIENT_SECRET", w.clientSecret},
		{"ARM_SUBSCRIPTION_ID", subscriptionID},
		{"ARM_METADATA_HOSTNAME", host}, // without a scheme: azurerm puts its own before it
		{"ARM_CLOUD_METADATA_URL", url + "/metadata/endpoints?api-version=2022-09-01"},
		{"SSL_CERT_FILE", f.at("ca-bundle.pem")},
		{"REQUESTS_CA_BUNDLE", f.at("ca-bundle.pem")},
		{"GOVC_URL", w.oslo.URL() + "/sdk"},
		{"GOVC_USERNAME", osloUser},
		{"GOVC_PASSWORD", w.osloPassword},
		{"GOVC_TLS_CA_CERTS", f.at("oslo-ca.pem")},
	}
}

// shellFile exports the variables in a form that every POSIX shell reads as it is written.
func shellFile(variables []variable) []byte {
	var out strings.Builder
	out.WriteString("# Variables of clients of the simulated Azure and of the vCenter in Oslo. In a shell: . this file\n")
	for _, v := range variables {
		fmt.Fprintf(&out, "export %s='%s'\n", v.name, strings.ReplaceAll(v.value, "'", `'\''`))
	}
	return []byte(out.String())
}

// systemRoots are the certificates that the system trusts: a client that trusts ours alone could not reach anything else any more.
func systemRoots() []byte {
	for _, path := range []string{
		os.Getenv("SSL_CERT_FILE"),
		"/etc/ssl/certs/ca-certificates.crt", // Debian, Ubuntu, Arch
		"/etc/pki/tls/certs/ca-bundle.crt",   // Fedora, RHEL
		"/etc/ssl/ca-bundle.pem",             // openSUSE
		"/etc/ssl/cert.pem",                  // Alpine, macOS
	} {
		if content, err := os.ReadFile(path); path != "" && err == nil {
			return content
		}
	}
	return nil
}
