// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package hosts

import (
	"slices"
	"strings"

	"k8s.io/component-base/featuregate"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/azure/body"
	"github.com/avs-operator/avs-operator/controllers/azure/diff"
	"github.com/avs-operator/avs-operator/controllers/feature"
)

// ScaleIn adds to a change of size which hosts stay, when hosts leave and the spec names some that go first. Without names Azure chooses;
// of those that it does not name, the last leave.
func ScaleIn(changes []diff.Change, sizePath, hostsPath string, hosts []string, size *int32, first *v1alpha1.ScaleIn) []diff.Change {
	shrinks := slices.ContainsFunc(changes, func(c diff.Change) bool { return c.Path == sizePath })
	if !shrinks || size == nil || first == nil || int(*size) >= len(hosts) {
		return changes
	}
	stay := staying(hosts, first.Hosts, int(*size))
	if stay == nil {
		return changes
	}
	return append(slices.Clone(changes), diff.Change{Path: hostsPath, Desired: stay, Actual: body.List(hosts)})
}

// staying are the hosts that are left of all at a size when those named go first; nil if none of them is there.
func staying(all, first []string, size int) []any {
	left := slices.Clone(all)
	for _, name := range first {
		if len(left) == size {
			break
		}
		left = slices.DeleteFunc(left, func(host string) bool { return Same(name, host) })
	}
	if len(left) == len(all) {
		return nil
	}
	return body.List(left[:size])
}

// Gated is the field that names hosts to leave, if the spec sets it.
func Gated(field string, first *v1alpha1.ScaleIn) (set string, gate featuregate.Feature, why string) {
	if first == nil || len(first.Hosts) == 0 {
		return "", "", ""
	}
	why = "nobody has published whether the list of hosts that Azure takes names those that stay or those that leave, so the wrong ones could go"
	return field, feature.ScaleInHosts, why
}

// Same compares a host's name as people write it, whole or its first label, with the one that Azure has.
func Same(written, host string) bool {
	short, _, _ := strings.Cut(host, ".")
	return strings.EqualFold(written, host) || strings.EqualFold(written, short)
}
