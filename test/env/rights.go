// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package env

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/avs-operator/avs-operator/hack/controlplane"
)

// RightsVariable names a directory into which every suite writes the rights that its operator used, so that `make test` can
// list those that no suite used: each suite alone uses only some.
const RightsVariable = "AVS_OPERATOR_RIGHTS_DIR"

// Right is one verb on one resource that a role gives.
type Right struct {
	Namespace string // where a Role gives it; empty for a ClusterRole's
	Group     string
	Resource  string // with the subresource: privateclouds/status
	Verb      string
}

// String is the right in one line, as UsedRights files hold it.
func (r Right) String() string {
	resource := r.Resource
	if r.Group != "" {
		name, sub, found := strings.Cut(r.Resource, "/")
		resource = name + "." + r.Group
		if found {
			resource += "/" + sub
		}
	}
	if r.Namespace != "" {
		return r.Verb + " " + resource + " in " + r.Namespace
	}
	return r.Verb + " " + resource
}

// Forbidden returns the operator's requests that the API server refused with 403. Two kinds of them are left out, because a controller cannot
// know before it asks: creating something in a namespace that is being deleted is refused to everyone, whatever their rights; and a token of
// a ServiceAccount that its namespace does not let the operator act as is kept from it by config/admission/tokens.yaml.
func (e *Env) Forbidden() ([]controlplane.AuditEntry, error) {
	entries, err := e.operatorRequests()
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(entries, func(entry controlplane.AuditEntry) bool {
		return entry.Code != http.StatusForbidden || strings.Contains(entry.Message, "because it is being terminated") ||
			strings.Contains(entry.Message, "ValidatingAdmissionPolicy 'avs-operator-tokens'")
	}), nil
}

// NoForbidden fails the test if the operator was refused a request since the start of the control plane.
func (e *Env) NoForbidden(t testing.TB) {
	t.Helper()
	refused, err := e.Forbidden()
	if err != nil {
		t.Fatal(err)
	}
	if len(refused) > 0 {
		t.Errorf("The operator was refused:\n%s", formatEntries(refused))
	}
}

// UnusedRights returns the rights of the operator's ServiceAccount that none of its requests needed so far, sorted.
func (e *Env) UnusedRights(ctx context.Context) ([]Right, error) {
	granted, used, err := e.rights(ctx)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(granted, func(right Right) bool { return used[right] }), nil
}

// rights returns what the operator may do, and which of it its requests used.
func (e *Env) rights(ctx context.Context) (granted []Right, used map[Right]bool, err error) {
	if granted, err = e.grantedRights(ctx); err != nil {
		return nil, nil, err
	}
	entries, err := e.operatorRequests()
	if err != nil {
		return nil, nil, err
	}
	used = map[Right]bool{}
	for _, entry := range entries {
		for _, right := range granted {
			if right.allows(entry) {
				used[right] = true
			}
		}
	}
	return granted, used, nil
}

func (r Right) allows(entry controlplane.AuditEntry) bool {
	resource := entry.Resource
	if entry.Subresource != "" {
		resource += "/" + entry.Subresource
	}
	matches := func(rule, value string) bool { return rule == "*" || rule == value }
	return matches(r.Verb, entry.Verb) && matches(r.Group, entry.Group) && matches(r.Resource, resource) &&
		(r.Namespace == "" || r.Namespace == entry.Namespace)
}

func (e *Env) operatorRequests() ([]controlplane.AuditEntry, error) {
	entries, err := e.ControlPlane.Audit()
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(entries, func(entry controlplane.AuditEntry) bool { return entry.User != OperatorUser }), nil
}

// grantedRights reads what is bound to the operator's ServiceAccount, as installed and not as written.
func (e *Env) grantedRights(ctx context.Context) ([]Right, error) {
	admin, err := kubernetes.NewForConfig(e.ControlPlane.AdminConfig())
	if err != nil {
		return nil, fmt.Errorf("making a client to read roles: %w", err)
	}
	var rights []Right
	clusterBindings, err := admin.RbacV1().ClusterRoleBindings().List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("reading role bindings: %w", err)
	}
	for _, binding := range clusterBindings.Items {
		if !bindsOperator(binding.Subjects) {
			continue
		}
		role, err := admin.RbacV1().ClusterRoles().Get(ctx, binding.RoleRef.Name, metav1.GetOptions{})
		if err != nil {
			return nil, fmt.Errorf("reading what ClusterRoleBinding %s gives: %w", binding.Name, err)
		}
		rights = append(rights, expand("", role.Rules)...)
	}
	bindings, err := admin.RbacV1().RoleBindings("").List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("reading role bindings: %w", err)
	}
	for _, binding := range bindings.Items {
		if !bindsOperator(binding.Subjects) {
			continue
		}
		role, err := admin.RbacV1().Roles(binding.Namespace).Get(ctx, binding.RoleRef.Name, metav1.GetOptions{})
		if err != nil {
			return nil, fmt.Errorf("reading what RoleBinding %s/%s gives: %w", binding.Namespace, binding.Name, err)
		}
		rights = append(rights, expand(binding.Namespace, role.Rules)...)
	}
	slices.SortFunc(rights, func(a, b Right) int { return cmp.Compare(a.String(), b.String()) })
	return slices.Compact(rights), nil
}

func bindsOperator(subjects []rbacv1.Subject) bool {
	return slices.ContainsFunc(subjects, func(subject rbacv1.Subject) bool {
		return subject.Kind == rbacv1.ServiceAccountKind && subject.Name == OperatorServiceAccount && subject.Namespace == OperatorNamespace
	})
}

// expand returns the rules as single rights. The right to update finalizers is left out: the API server asks for it while it
// admits an owner reference, and no request of the operator's shows that.
func expand(namespace string, rules []rbacv1.PolicyRule) []Right {
	var rights []Right
	for _, rule := range rules {
		for _, group := range rule.APIGroups {
			for _, resource := range rule.Resources {
				if strings.HasSuffix(resource, "/finalizers") {
					continue
				}
				for _, verb := range rule.Verbs {
					rights = append(rights, Right{Namespace: namespace, Group: group, Resource: resource, Verb: verb})
				}
			}
		}
	}
	return rights
}

// reportRights writes the suite's part for `make test`: a line a right, with `used` or `unused` before it. With -v it also
// prints what this suite left unused.
func (e *Env) reportRights() error {
	dir := os.Getenv(RightsVariable)
	if dir == "" && !testing.Verbose() {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	granted, used, err := e.rights(ctx)
	if err != nil {
		return err
	}
	if len(used) == 0 {
		return nil // no operator ran in this suite
	}
	var lines strings.Builder
	for _, right := range granted {
		state := "unused"
		if used[right] {
			state = "used"
		} else if testing.Verbose() {
			fmt.Println("This suite did not use the right to", right)
		}
		fmt.Fprintf(&lines, "%s %s\n", state, right)
	}
	if dir == "" {
		return nil
	}
	return writeReport(dir, lines.String())
}

// writeReport writes a file of its own: suites run at once.
func writeReport(dir, content string) error {
	file, err := os.CreateTemp(dir, "rights-*.txt")
	if err != nil {
		return fmt.Errorf("reporting the rights that were used: %w", err)
	}
	_, err = file.WriteString(content)
	if err := errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("reporting the rights that were used in %s: %w", file.Name(), err)
	}
	return nil
}

// formatEntries returns a line a request, at most twenty.
func formatEntries(entries []controlplane.AuditEntry) string {
	var lines strings.Builder
	for i, entry := range entries {
		if i == 20 {
			fmt.Fprintf(&lines, "  and %d more\n", len(entries)-i)
			break
		}
		fmt.Fprintf(&lines, "  %s %s: %d %s\n", entry.Verb, entry.URI, entry.Code, entry.Message)
	}
	return lines.String()
}
