// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"cmp"
	"slices"
	"strings"

	"github.com/avs-operator/avs-operator/controllers/vcenter"
)

// matchesAny says whether a name matches one of the patterns; no patterns match everything.
func matchesAny(patterns []string, name string) bool {
	return len(patterns) == 0 || slices.ContainsFunc(patterns, func(p string) bool { return matches(p, name) })
}

// matches compares a name with a pattern, which may be escaped.
func matches(pattern, name string) bool {
	return glob(pattern, name) || strings.Contains(pattern, "%") && glob(vcenter.UnescapeName(pattern), name)
}

// glob compares a name with a pattern in which * stands for any characters and ? for one. It takes at most len(pattern) * len(name)
// steps, whatever the pattern: a pattern is input from users.
func glob(pattern, name string) bool {
	p, n := []rune(pattern), []rune(name)
	i, star, mark := 0, -1, 0
	for j := 0; j < len(n); {
		switch {
		case i < len(p) && p[i] == '*':
			star, mark = i, j
			i++
		case i < len(p) && (p[i] == '?' || p[i] == n[j]):
			i, j = i+1, j+1
		case star >= 0:
			mark++
			i, j = star+1, mark
		default:
			return false
		}
	}
	for i < len(p) && p[i] == '*' {
		i++
	}
	return i == len(p)
}

// within says whether a path is a folder, which a user may have written, or below it. The empty folder has everything in it.
func within(path, folder string) bool {
	folder = strings.TrimSuffix(vcenter.CleanPath(folder), "/")
	return folder == "" || path == folder || strings.HasPrefix(path, folder+"/")
}

func samePath(a, b string) bool { return a == b || vcenter.CleanPath(a) == vcenter.CleanPath(b) }

func in(folder string) string {
	if folder == "" {
		return ""
	}
	return "in " + folder
}

func folderExists(inventory *vcenter.Inventory, path string) bool {
	for _, f := range inventory.Folders.All() {
		if samePath(f.Path, path) {
			return true
		}
	}
	return false
}

func paths(folders vcenter.Table[vcenter.Folder]) []string {
	var out []string
	for _, f := range folders.All() {
		out = append(out, f.Path)
	}
	return out
}

func pathOf(m *vcenter.Machine) string { return strings.TrimSuffix(m.Folder, "/") + "/" + m.Name }

func byPath(a, b *vcenter.Machine) int {
	return cmp.Or(cmp.Compare(pathOf(a), pathOf(b)), cmp.Compare(a.Ref, b.Ref))
}

func pathsOf(machines []*vcenter.Machine) []string {
	out := make([]string, len(machines))
	for i, m := range machines {
		out[i] = pathOf(m)
	}
	slices.Sort(out)
	return out
}
