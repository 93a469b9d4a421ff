// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package armsim

import "net/url"

// style is how a verb of a resource type answers.
type style int

const (
	noVerb style = iota
	synchronous
	viaAsyncOperation // Azure-AsyncOperation, an operation status document
	viaLocation       // Location: 202 until done
)

// Terminal states that every type has.
const (
	succeeded = "Succeeded"
	failed    = "Failed"
)

// class says which operations exclude each other within a private cloud.
type class int

const (
	hostClass    class = iota // hosts, storage and add-ons: one at a time
	networkClass              // NSX
	lightClass                // nothing excludes it: azurerm sends a cluster and an authorization in the same millisecond
)

// resourceType is an entry of the table of resource types: everything that the frame has to know about one.
type resourceType struct {
	name    string // Microsoft.AVS/privateClouds/clusters
	segment string // clusters
	parent  *resourceType
	tracked bool // has a location and tags
	class   class

	put, patch, remove style
	creating, updating string // provisioningState while an operation runs

	size      string   // path of the number of hosts; empty: the type has none
	required  []string // paths
	always    []string // paths that a PATCH too must have: what tells the kinds of a body apart
	patchable []string
	immutable []string
	readOnly  []string // set by the service, ignored in requests
	writeOnly []string // never returned; "[]" goes into the elements of a list
	unshown   []string // kept whole, and never returned
	onAction  []string // returned by an action only
	optional  []string // other writable paths
	kept      []string // filled by the service when absent, and then kept by a PUT that leaves them out

	defaults map[string]any // what a PUT leaves out
	reserved func(name string) *answer
	validate func(s *Server, ch *change) *answer
	fill     func(s *Server, ch *change) // server-filled values of a new resource
	work     func(s *Server, ch *change) func() error
	length   func(s *Server, ch *change) Span
	finish   func(s *Server, r *resource, ch *change) // after work, when the operation succeeds
	rows     func(s *Server, parent *resource, parentName string) []map[string]any

	actions map[string]action // by lower-case name

	since     string              // the first api-version that has the type; empty: all
	newer     map[string]string   // by path: the first api-version that has it
	enums     map[string][]string // by path: the values that it may have
	elements  map[string][]string // by path of a list of objects: the members that they may have
	standIn   string              // the reserved name, as Azure writes it: its children have the parent's parent as parent
	named     func(s *Server, ch *change) *answer
	removable func(s *Server, ch *change) *answer // further reasons not to delete
	revised   bool                                // an object of NSX: "revision" counts its writes, and a stale one is refused
	// filter narrows a list by the query; refused answers for a query that makes no sense.
	filter func(query url.Values, item map[string]any) (keep bool, refused *answer)
	// view adds to what a GET shows what changes by itself, such as the ports in use.
	view        func(s *Server, r *resource, body map[string]any)
	cancellable bool // a DELETE ends the operation in flight
	silent      bool // the answer to a create leaves provisioningState out
	final       bool // in state Failed only Microsoft can change it
}

// action is a POST on a resource.
type action struct {
	name string
	list bool // the body is a list, which run reads by itself
	run  func(s *Server, in *scoped, r *resource) *answer
	// onReserved answers for a name that is reserved and so no resource, such as Cluster-1.
	onReserved func(s *Server, in *scoped, parent *resource) *answer
	// onRow answers for a row that a type computes, such as a virtual machine.
	onRow func(s *Server, in *scoped, a *address, row map[string]any) *answer
}

// change is one write to one resource on its way: validated, filled and carried out by the hooks of its type.
type change struct {
	typ    *resourceType
	sub    *subscription
	r      *resource      // before a create: not in the server yet
	parent *resource      // nil at the top
	sent   map[string]any // the body as sent
	before map[string]any // nil at a create
	after  map[string]any
	secret map[string]string // write-only texts that were sent
	lists  []string          // of secrets, that were sent
	whole  bool              // a PUT over what is there
	remove bool
	fault  *Fault     // of the request; nil: none
	script *scriptRun // of an execution
}

func (ch *change) create() bool { return ch.before == nil && !ch.remove }

// unbornKey marks what an operation that failed was to make: it is a resource in state Failed, with nothing behind it.
const unbornKey = "unborn"

func (r *resource) unborn() bool { return r.hidden[unbornKey] == true }

// makes says that the change, if it succeeds, brings into being what the resource stands for: a create, and the PUT that mends one that failed.
func (ch *change) makes() bool { return !ch.remove && (ch.before == nil || ch.r.unborn()) }

// cloud is the private cloud that the change belongs to.
func (ch *change) cloud() *resource {
	if ch.parent != nil {
		return ch.parent.root()
	}
	return ch.r
}

// grows is by how many hosts the change grows its resource; negative when it shrinks.
func (ch *change) grows() int {
	if ch.typ.size == "" {
		return 0
	}
	before, _ := lookupInt(ch.before, ch.typ.size)
	after, _ := lookupInt(ch.after, ch.typ.size)
	return after - before
}

// known leaves out what the schema of the type does not have: AVS ignores it in a PUT and does not give it back.
func (t *resourceType) known(body map[string]any) map[string]any {
	schema := t.writable()
	out := map[string]any{}
	for _, path := range leaves(body) {
		if covers(schema, path) {
			v, _ := lookup(body, path)
			put(out, path, t.knownElements(path, clone(v)))
		}
	}
	return out
}

// resourceTypes is the table.
var resourceTypes []*resourceType

func init() {
	// In init, because the hooks of an entry reach the table through the server.
	cloud := privateClouds()
	cluster := clusters(cloud)
	resourceTypes = []*resourceType{cloud, cluster, hosts(cluster), authorizations(cloud)}
	resourceTypes = append(resourceTypes, storageTypes(cloud, cluster)...)
	resourceTypes = append(resourceTypes, machineTypes(cluster)...)
	resourceTypes = append(resourceTypes, connectionTypes(cloud)...)
	resourceTypes = append(resourceTypes, serviceTypes(cloud)...)
	resourceTypes = append(resourceTypes, scriptTypes(cloud)...)
	resourceTypes = append(resourceTypes, networkTypes(cloud)...)
	for _, t := range resourceTypes {
		t.name = avs + "/" + t.segment
		if t.parent != nil {
			t.name = t.parent.name + "/" + t.segment
		}
	}
}
