// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import (
	"slices"
	"strings"
)

// vCenter tells and takes names of managed entities with three characters escaped: a slash is %2f, a backslash %5c and a percent sign %25.
// A person knows the name that the vSphere Client shows, which is unescaped. So an inventory holds names as shown, everything that is
// compared is compared as shown, and users may write either form. In an inventory path a slash inside a name stays %2f, because there it
// would part the name in two.

var escapes = strings.NewReplacer("%2f", "/", "%2F", "/", "%5c", `\`, "%5C", `\`, "%25", "%")

// UnescapeName is a name as people gave it and as the vSphere Client shows it, of the name that vCenter sends. One that holds no escape is
// returned as it is, so it may be applied to what a user wrote in either form.
func UnescapeName(name string) string {
	if !strings.Contains(name, "%") {
		return name
	}
	return escapes.Replace(name)
}

// SameName compares names of which either may be escaped, by what people gave.
func SameName(a, b string) bool {
	if a == b {
		return true
	}
	plainA, plainB := UnescapeName(a), UnescapeName(b)
	return plainA == plainB || plainA == b || plainB == a
}

var inPath = strings.NewReplacer("/", "%2f", "%2f", "%252f", "%2F", "%252F", "%5c", "%255c", "%5C", "%255C", "%25", "%2525")

// PathName is a name, as an inventory holds it, as a part of an inventory path: only what would be read otherwise is escaped.
func PathName(name string) string { return inPath.Replace(name) }

// CleanPath is an inventory path that a user wrote as inventories hold it: each part in either form, a slash at the end or not. Paths are
// equal when they are equal cleaned.
func CleanPath(path string) string {
	if !strings.ContainsAny(path, `%\`) {
		return trimEnd(path)
	}
	parts := strings.Split(trimEnd(path), "/")
	for i, part := range parts {
		parts[i] = PathName(UnescapeName(part))
	}
	return strings.Join(parts, "/")
}

func trimEnd(path string) string {
	if len(path) > 1 {
		return strings.TrimSuffix(path, "/")
	}
	return path
}

// isPath says that what a user wrote is an inventory path, and the one given.
func isPath(written, path string) bool {
	return strings.HasPrefix(written, "/") && path != "" && CleanPath(written) == path
}

// Means says whether a user means this network: by its name, its inventory path, its managed object id, the key of its port group, or the
// path or the id of its NSX segment. Names may be those of several networks, the others of one.
func (n *Network) Means(written string) bool {
	return SameName(written, n.Name) || n.Is(written)
}

// Is says whether a user names this network and no other: by anything but its name.
func (n *Network) Is(written string) bool {
	return isPath(written, n.Path) || oneOf(written, n.Ref, n.PortgroupKey, n.SegmentPath, n.SegmentID, n.OpaqueID)
}

// Means says whether a user means this datastore: by its name, its inventory path, its managed object id, or its URL, which is the same in
// every vCenter that sees it.
func (d *Datastore) Means(written string) bool {
	return SameName(written, d.Name) || d.Is(written)
}

// Is says whether a user names this datastore and no other: by anything but its name.
func (d *Datastore) Is(written string) bool {
	return isPath(written, d.Path) || oneOf(strings.TrimSuffix(written, "/"), d.Ref, strings.TrimSuffix(d.URL, "/"))
}

// Means says whether a user means this cluster: by its name, its inventory path or its managed object id.
func (c *Cluster) Means(written string) bool { return SameName(written, c.Name) || c.Is(written) }

// Is says whether a user names this cluster and no other: by anything but its name.
func (c *Cluster) Is(written string) bool { return isPath(written, c.Path) || oneOf(written, c.Ref) }

// Means says whether a user means this resource pool: by its name, its inventory path or its managed object id.
func (p *ResourcePool) Means(written string) bool { return SameName(written, p.Name) || p.Is(written) }

// Is says whether a user names this resource pool and no other: by anything but its name.
func (p *ResourcePool) Is(written string) bool {
	return isPath(written, p.Path) || oneOf(written, p.Ref)
}

func oneOf(written string, ids ...string) bool { return written != "" && slices.Contains(ids, written) }
