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
	head := []byte("# Variables of clients of the simulated Azure and of the vCenter in Oslo. In a shell: . this file\n")
	return f.write("env", append(append(head, shellFile(environmentVariables(f, w))...), trustInShell(f)...))
}

// environmentVariables of clients of Azure (Azure SDKs, Terraform's azurerm), of vCenter (govc) and of the simulator's own control endpoint.
// ARM_CLOUD_METADATA_URL is not among them: with it az knows no cloud but this one, so az would fail in this shell for everything else.
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
		{"ARMSIM_CONTROL_URL", w.azure.ControlURL()},
		{"ARMSIM_CONTROL_TOKEN", w.controlToken},
		{"GOVC_URL", w.oslo.URL() + "/sdk"},
		{"GOVC_USERNAME", osloUser},
		{"GOVC_PASSWORD", w.osloPassword},
		{"GOVC_TLS_CA_CERTS", f.at("oslo-ca.pem")},
	}
}

// shellFile exports the variables in a form that every POSIX shell reads as it is written.
func shellFile(variables []variable) []byte {
	var out strings.Builder
	for _, v := range variables {
		fmt.Fprintf(&out, "export %s=%s\n", v.name, quoted(v.value))
	}
	return []byte(out.String())
}

// assignments are the variables as they stand before a command.
func assignments(variables []variable) string {
	out := make([]string, len(variables))
	for i, v := range variables {
		out[i] = v.name + "=" + quoted(v.value)
	}
	return strings.Join(out, " ")
}

// words are arguments as they stand after a command.
func words(arguments []string) string {
	out := make([]string, len(arguments))
	for i, argument := range arguments {
		out[i] = quoted(argument)
	}
	return strings.Join(out, " ")
}

// quoted is a text as one word of a POSIX shell.
func quoted(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

// trustInShell has clients trust the simulated certificates beside what the shell trusts already, which may be a company's own bundle: without
// that every other client of the shell would fail. What was there before is kept, so that the file can be read again after a restart.
func trustInShell(f files) []byte {
	const script = `# What this shell trusts already stays trusted.
for avs_local in SSL_CERT_FILE REQUESTS_CA_BUNDLE; do
  eval "avs_local_had=\${$avs_local:-}"
  avs_local_bundle="$avs_local_dir/ca-bundle.pem"
  case "$avs_local_had" in
  '') rm -f "$avs_local_dir/before-$avs_local.pem" ;;
  "$avs_local_dir"/*) ;;
  *) cp "$avs_local_had" "$avs_local_dir/before-$avs_local.pem" ;;
  esac
  if [ -f "$avs_local_dir/before-$avs_local.pem" ]; then
    cat "$avs_local_dir/before-$avs_local.pem" "$avs_local_bundle" > "$avs_local_dir/trust-$avs_local.pem"
    avs_local_bundle="$avs_local_dir/trust-$avs_local.pem"
  fi
  eval "export $avs_local=\"\$avs_local_bundle\""
done
unset avs_local avs_local_had avs_local_bundle avs_local_dir
# az knows no cloud but this one with: export ARM_CLOUD_METADATA_URL="$AZURE_RESOURCE_MANAGER_ENDPOINT/metadata/endpoints?api-version=2019-05-01"
`
	return append(shellFile([]variable{{"avs_local_dir", f.dir}}), script...)
}

// systemRoots are the certificates that the system trusts: a client that trusts ours alone could not reach anything else any more.
func systemRoots() []byte {
	for _, path := range []string{
		"/etc/ssl/certs/ca-certificates.crt", // Debian, Ubuntu, Arch
		"/etc/pki/tls/certs/ca-bundle.crt",   // Fedora, RHEL
		"/etc/ssl/ca-bundle.pem",             // openSUSE
		"/etc/ssl/cert.pem",                  // Alpine, macOS
	} {
		if content, err := os.ReadFile(path); err == nil {
			return content
		}
	}
	return nil
}
