// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package security

import (
	"bufio"
	"errors"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Every image that the operator's image is made from is named by digest: whoever can move a tag of theirs would be in the pod.
func TestTheImageIsMadeFromDigests(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	arguments, digest := map[string]string{}, regexp.MustCompile(`^\S+:\S+@sha256:[0-9a-f]{64}$`)
	from := 0
	for line := range strings.Lines(string(text)) {
		words := strings.Fields(line)
		switch {
		case len(words) > 1 && words[0] == "ARG":
			name, value, _ := strings.Cut(words[1], "=")
			arguments[name] = value
		case len(words) > 1 && words[0] == "FROM":
			image := words[1]
			if strings.HasPrefix(image, "--platform=") {
				image = words[2]
			}
			from++
			if value := arguments[strings.Trim(image, "${}")]; !digest.MatchString(value) {
				t.Errorf("%s is made from %q, which has no digest", strings.TrimSpace(line), value)
			}
		}
	}
	if from != 2 {
		t.Errorf("the Dockerfile has %d images", from)
	}
}

// The shipped pod is restricted by the API server's own judgement, and one that is not would be refused in its namespace.
func TestTheShippedPodIsRestricted(t *testing.T) {
	t.Parallel()
	shipped := installed(t, "default")
	namespace := shipped.namespace.DeepCopy()
	namespace.Name = cluster.Namespace(t) + "-system"
	cluster.Create(t, namespace)
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: namespace.Name, Name: "avs-operator", Labels: shipped.deployment.Spec.Template.Labels},
		Spec: *shipped.deployment.Spec.Template.Spec.DeepCopy()}
	cluster.Create(t, &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: namespace.Name, Name: pod.Spec.ServiceAccountName}})
	if err := cluster.Admin.Create(t.Context(), pod.DeepCopy(), client.DryRunAll); err != nil {
		t.Errorf("the pod is refused: %v", err)
	}
	root := pod.DeepCopy()
	root.Spec.SecurityContext.RunAsNonRoot = nil
	if err := cluster.Admin.Create(t.Context(), root, client.DryRunAll); err == nil || !strings.Contains(err.Error(), "restricted") {
		t.Errorf("a pod that may be root: %v", err)
	}
}

// The network policy is about the shipped pod, lets nobody in but to its named ports, and out only to where the operator has business. That a
// network obeys it is the network's affair: there is none here.
func TestTheNetworkPolicyIsAboutTheShippedPod(t *testing.T) {
	t.Parallel()
	for _, form := range []string{"default", "namespaced"} {
		shipped := installed(t, form)
		policy, template := shipped.policy, shipped.deployment.Spec.Template
		selector, err := metav1.LabelSelectorAsSelector(&policy.Spec.PodSelector)
		if err != nil {
			t.Fatal(err)
		}
		if policy.Namespace != shipped.deployment.Namespace || selector.Empty() || !selector.Matches(labels.Set(template.Labels)) {
			t.Errorf("%s: the policy of namespace %s selects %q, the pod of namespace %s has %v",
				form, policy.Namespace, selector, shipped.deployment.Namespace, template.Labels)
		}
		if !slices.Contains(policy.Spec.PolicyTypes, networkingv1.PolicyTypeIngress) || !slices.Contains(policy.Spec.PolicyTypes, networkingv1.PolicyTypeEgress) {
			t.Errorf("%s: the policy is about %v only", form, policy.Spec.PolicyTypes)
		}
		var open []string
		for _, rule := range policy.Spec.Ingress {
			for _, port := range rule.Ports {
				open = append(open, port.Port.String())
			}
			if len(rule.Ports) == 0 {
				t.Errorf("%s: an ingress rule without ports lets everything in", form)
			}
		}
		var named []string
		for _, port := range template.Spec.Containers[0].Ports {
			named = append(named, port.Name)
		}
		slices.Sort(open)
		slices.Sort(named)
		if !slices.Equal(open, named) {
			t.Errorf("%s: open are %v, and the pod listens on %v", form, open, named)
		}
		for address, want := range map[destination]bool{
			{"20.37.158.0", "TCP", 443}:     true, // ARM, Entra, and vCenters
			{"10.0.0.1", "TCP", 6443}:       true, // an API server
			{"10.96.0.10", "UDP", 53}:       true,
			{"10.96.0.10", "TCP", 53}:       true,
			{"169.254.169.254", "TCP", 80}:  true, // the metadata service, for a managed identity
			{"10.0.0.1", "TCP", 80}:         false,
			{"10.0.0.1", "TCP", 22}:         false,
			{"10.0.0.1", "TCP", 2379}:       false,
			{"10.0.0.1", "TCP", 10250}:      false,
			{"10.0.0.1", "UDP", 443}:        false,
			{"169.254.169.254", "TCP", 443}: true, // the port alone is known of what a user names; the operator itself refuses this address
		} {
			if lets := policyLets(policy, address); lets != want {
				t.Errorf("%s: %v is let through: %v, want %v", form, address, lets, want)
			}
		}
	}
}

// destination of a connection out of the pod.
type destination struct {
	address  string
	protocol corev1.Protocol
	port     int32
}

// policyLets is what a network that obeys the policy does with a connection. Of peers it knows single addresses, which is what the shipped one has.
func policyLets(policy *networkingv1.NetworkPolicy, to destination) bool {
	return slices.ContainsFunc(policy.Spec.Egress, func(rule networkingv1.NetworkPolicyEgressRule) bool {
		peer := len(rule.To) == 0 || slices.ContainsFunc(rule.To, func(p networkingv1.NetworkPolicyPeer) bool {
			return p.IPBlock != nil && p.IPBlock.CIDR == to.address+"/32"
		})
		port := len(rule.Ports) == 0 || slices.ContainsFunc(rule.Ports, func(p networkingv1.NetworkPolicyPort) bool {
			return *p.Protocol == to.protocol && p.Port.IntVal == to.port
		})
		return peer && port
	})
}

// shippedForm is what a kustomization of config/ installs, as far as it is about the pod.
type shippedForm struct {
	namespace  *corev1.Namespace
	deployment *appsv1.Deployment
	policy     *networkingv1.NetworkPolicy
}

func installed(t *testing.T, form string) shippedForm {
	t.Helper()
	text, err := cluster.ControlPlane.Kubectl(t.Context(), "kustomize", "../../config/"+form)
	if err != nil {
		t.Fatal(err)
	}
	var out shippedForm
	documents := yaml.NewYAMLReader(bufio.NewReader(strings.NewReader(text)))
	for {
		document, err := documents.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		var kind metav1.TypeMeta
		if err := yaml.Unmarshal(document, &kind); err != nil {
			t.Fatal(err)
		}
		var into any
		switch kind.Kind {
		case "Namespace":
			out.namespace = &corev1.Namespace{}
			into = out.namespace
		case "Deployment":
			out.deployment = &appsv1.Deployment{}
			into = out.deployment
		case "NetworkPolicy":
			out.policy = &networkingv1.NetworkPolicy{}
			into = out.policy
		default:
			continue
		}
		if err := yaml.UnmarshalStrict(document, into); err != nil {
			t.Fatal(err)
		}
	}
	if out.namespace == nil || out.deployment == nil || out.policy == nil {
		t.Fatalf("config/%s lacks a Namespace, Deployment or NetworkPolicy", form)
	}
	return out
}
