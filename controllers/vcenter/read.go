// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/vmware/govmomi/fault"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// readPage bounds one page of a direct read; the rest follows by continuation.
const readPage = 500

// retrieve reads properties now, past every cache. What the account may not see is left out, as vCenter does.
func (c *Client) retrieve(ctx context.Context, doing string, objects []types.ObjectSpec, props ...types.PropertySpec) ([]types.ObjectContent, error) {
	var out []types.ObjectContent
	err := c.read(ctx, doing, func(ctx context.Context) error {
		got, err := mo.RetrievePropertiesEx(ctx, c.vim, types.RetrievePropertiesEx{
			This:    c.vim.ServiceContent.PropertyCollector,
			SpecSet: []types.PropertyFilterSpec{{ObjectSet: objects, PropSet: props}},
			Options: types.RetrieveOptions{MaxObjects: readPage},
		})
		out = got
		return err
	})
	return out, err
}

// retrieveRefs is retrieve for given objects. One that is gone fails the whole call at vCenter; it is left out here, because
// a machine deleted while a plan is read must not hide the others.
func (c *Client) retrieveRefs(ctx context.Context, doing string, objs []types.ManagedObjectReference, paths ...string) ([]types.ObjectContent, error) {
	objs = slices.Clone(objs)
	for len(objs) > 0 {
		specs, kinds := make([]types.ObjectSpec, len(objs)), map[string]bool{}
		var props []types.PropertySpec
		for i, o := range objs {
			specs[i].Obj = o
			if !kinds[o.Type] {
				kinds[o.Type] = true
				props = append(props, types.PropertySpec{Type: o.Type, PathSet: paths})
			}
		}
		out, err := c.retrieve(ctx, doing, specs, props...)
		gone := goneObject(err)
		left := slices.DeleteFunc(objs, func(o types.ManagedObjectReference) bool { return o.Value == gone })
		if err == nil || gone == "" || len(left) == len(specs) {
			return out, err
		}
		objs = left
	}
	return nil, nil
}

// goneObject is the moref that a ManagedObjectNotFound names, "" if err is something else.
func goneObject(err error) string {
	var e *Error
	if errors.As(err, &e) && e.Fault != nil && e.Fault.Type == "ManagedObjectNotFound" {
		return e.Fault.Object
	}
	return ""
}

// isGone says that vCenter does not know the object any more.
func isGone(err error) bool {
	return fault.Is(err, &types.ManagedObjectNotFound{}) || goneObject(err) != ""
}

func take[T any](v *T, o types.ObjectContent, tables ...field[T]) {
	for _, p := range o.PropSet {
		for _, t := range tables {
			if set := t[p.Name]; set != nil {
				set(v, p.Val)
			}
		}
	}
}

func prop(o types.ObjectContent, name string) any {
	for _, p := range o.PropSet {
		if p.Name == name {
			return p.Val
		}
	}
	return nil
}

// FindMachine reads every machine that has the instance UUID now: none, one, or more where a copy kept the UUID. It is
// what "it is not there" must rest on.
func (c *Client) FindMachine(ctx context.Context, instanceUUID string) ([]Machine, error) {
	instanceUUID = strings.ToLower(instanceUUID)
	doing := "find the machine " + instanceUUID
	if instanceUUID == "" {
		return nil, &Error{Class: InvalidRequest, Doing: "find a machine", Server: c.host, Err: errors.New("the instance UUID is empty")}
	}
	index := c.vim.ServiceContent.SearchIndex
	if index == nil {
		return nil, &Error{Class: NotSupported, Doing: doing, Server: c.host, Err: errors.New("the vCenter has no search index")}
	}
	var found []types.ManagedObjectReference
	err := c.read(ctx, doing, func(ctx context.Context) error {
		res, err := methods.FindAllByUuid(ctx, c.vim, &types.FindAllByUuid{
			This: *index, Uuid: instanceUUID, VmSearch: true, InstanceUuid: types.NewBool(true),
		})
		if err == nil {
			found = res.Returnval
		}
		return err
	})
	if err != nil || len(found) == 0 {
		return nil, err
	}
	objects, err := c.retrieveRefs(ctx, doing, found, append(machineFields.paths(), machineReadFields.paths()...)...)
	if err != nil {
		return nil, err
	}
	return c.machines(ctx, doing, objects)
}

// machines decodes machines and gives them their folders' paths.
func (c *Client) machines(ctx context.Context, doing string, objects []types.ObjectContent) ([]Machine, error) {
	out := make([]Machine, len(objects))
	var parents []types.ManagedObjectReference
	for i, o := range objects {
		out[i].Ref = o.Obj.Value
		take(&out[i], o, machineFields, machineReadFields)
		for _, name := range []string{"parent", "parentVApp"} {
			if p, ok := prop(o, name).(types.ManagedObjectReference); ok && !slices.Contains(parents, p) {
				parents = append(parents, p)
			}
		}
	}
	tree, err := c.ancestry(ctx, doing, parents)
	if err != nil {
		return nil, err
	}
	for i := range out {
		out[i].Folder = pathOf(tree.node, out[i].above())
	}
	return out, nil
}

// above is what a machine hangs under: its folder, or its vApp.
func (m *Machine) above() string {
	if m.parentRef != "" {
		return m.parentRef
	}
	return m.vAppRef
}

// node is an object's place in the inventory tree.
type node struct{ name, parent string }

type nodes map[string]node

func (n nodes) node(ref string) (node, bool) {
	x, ok := n[ref]
	return x, ok
}

// ancestry reads all objects from refs up to the root, in one call for all.
func (c *Client) ancestry(ctx context.Context, doing string, refs []types.ManagedObjectReference) (nodes, error) {
	if len(refs) == 0 {
		return nil, nil
	}
	up := []types.BaseSelectionSpec{
		&types.TraversalSpec{
			SelectionSpec: types.SelectionSpec{Name: "up"}, Type: "ManagedEntity", Path: "parent",
			SelectSet: []types.BaseSelectionSpec{&types.SelectionSpec{Name: "up"}},
		},
		&types.TraversalSpec{
			Type: "VirtualApp", Path: "parentFolder",
			SelectSet: []types.BaseSelectionSpec{&types.SelectionSpec{Name: "up"}},
		},
	}
	specs := make([]types.ObjectSpec, len(refs))
	for i, r := range refs {
		specs[i] = types.ObjectSpec{Obj: r, SelectSet: up}
	}
	objects, err := c.retrieve(ctx, doing, specs,
		types.PropertySpec{Type: "Folder", PathSet: []string{"name", "parent"}},
		types.PropertySpec{Type: "Datacenter", PathSet: []string{"name", "parent"}},
		types.PropertySpec{Type: "StoragePod", PathSet: []string{"name", "parent"}},
		types.PropertySpec{Type: "VirtualApp", PathSet: []string{"name", "parentFolder"}})
	if err != nil {
		return nil, fmt.Errorf("reading the folders above: %w", err)
	}
	tree := nodes{}
	for _, o := range objects {
		parent := ref(prop(o, "parent"))
		if o.Obj.Type == "VirtualApp" {
			parent = ref(prop(o, "parentFolder"))
		}
		tree[o.Obj.Value] = node{name: entityName(prop(o, "name")), parent: parent}
	}
	return tree, nil
}

// pathOf is the inventory path of ref: /Oslo/vm/Finance. The root folder has no name in it, and a tree whose top the
// account cannot see begins at what it sees.
func pathOf(lookup func(string) (node, bool), ref string) string {
	path := ""
	for depth := 0; depth < 64; depth++ { // a loop cannot exist in vCenter, but may in half a picture
		n, ok := lookup(ref)
		if !ok || n.parent == "" {
			break
		}
		path = "/" + PathName(n.name) + path
		ref = n.parent
	}
	if path == "" {
		return "/"
	}
	return path
}
