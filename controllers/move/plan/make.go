// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/move/method"
	"github.com/avs-operator/avs-operator/controllers/text"
	"github.com/avs-operator/avs-operator/controllers/vcenter"
)

// Make decides what a WorkloadMove would do. The same input gives the same plan, and a plan without a Blocker has every choice made for
// every machine that is Ready.
func Make(in Input) *Plan {
	m := &maker{in: &in, book: newBook(), sources: map[string]string{}, need: demand{storage: map[string]int64{}, full: map[string]int64{}}}
	m.book.waived = WaiversAt(in.Spec.Waivers, in.Now)
	selected := choose(m.in, m.book)
	m.to = resolve(m.in, m.book)
	m.mapping = newMapping(m.in, m.to, m.book, selected.machines)
	m.checker = newChecker(m.in, m.to, m.book, selected.machines)
	known := map[string]*Known{}
	for i := range in.Known {
		if k := &in.Known[i]; k.Own || known[k.Spec.Machine.InstanceUUID] == nil {
			known[k.Spec.Machine.InstanceUUID] = k
		}
	}
	for _, machine := range selected.machines {
		m.present(machine, known[machine.InstanceUUID])
	}
	for _, k := range selected.known {
		if k.Own && k.Started && !k.Ended && (selected.unwanted[k.Spec.Machine.InstanceUUID] || m.differs(k.Spec)) {
			m.book.sayOf("", k.Spec.Machine.Name, StartedUnchanged)
		}
		m.absent(k)
	}
	for _, machine := range selected.inFolder {
		m.plan.Machines = append(m.plan.Machines, Machine{Identity: identity(machine), Path: pathOf(machine), State: StateArrived})
	}
	for _, uuid := range selected.missing {
		m.book.sayOf("", uuid, MachineGone, uuid)
		m.plan.Machines = append(m.plan.Machines, Machine{Identity: v1alpha1.MachineIdentity{Name: text.CutRunes(uuid, 80), InstanceUUID: uuid},
			Path: uuid, State: StateBlocked})
	}
	m.plan.Later = pathsOf(selected.later)
	m.book.tooMany(len(m.plan.Machines))
	m.mapping.unneeded()
	m.to.fit(m.in, m.book, &m.need)
	m.book.waivers(in.Spec.Waivers, in.Now)
	return m.finish()
}

// maker holds what is known while a plan is made.
type maker struct {
	in      *Input
	book    *book
	to      *destination
	mapping *mapping
	checker *checker
	plan    Plan
	need    demand
	sources map[string]string // machine to host at the source
}

// present plans a machine that is at the source.
func (m *maker) present(machine *vcenter.Machine, known *Known) {
	if known != nil && known.Own && known.Started {
		if !known.Ended && m.differs(known.Spec) {
			m.book.sayOf("", machine.Name, StartedUnchanged)
		}
		m.absent(known)
		return
	}
	out := Machine{Identity: identity(machine), Ref: machine.Ref, Path: pathOf(machine), State: StateBlocked}
	details := m.in.Details[machine.Ref]
	if details == nil {
		m.book.sayOf(machine.Ref, machine.Name, DetailsUnknown)
		m.plan.Machines = append(m.plan.Machines, out)
		return
	}
	d := *details
	d.Machine = *machine // the inventory is newer than details that were read for the same change version
	for _, disk := range d.Disks {
		out.Bytes += max(disk.CapacityBytes, 0)
	}
	out.Expected = Expect(out.Bytes, m.in.Rate)
	adapters, connected := m.mapping.adapters(&d, m.checker.method(machine))
	disks, home, placed := m.mapping.disks(&d)
	m.checker.machine(&d, adapters)
	if connected && placed && m.to.complete() && !m.book.blocks(machine.Ref) && machine.InstanceUUID != "" {
		out.State = StateReady
		out.Spec = m.spec(&d, out.Bytes, home, disks, adapters)
		m.sources[machine.Ref] = machine.Host
		if known == nil || !known.Own { // an own one was admitted when its VirtualMachineMove was made
			m.need.add(&d, disks)
		}
	}
	m.plan.Machines = append(m.plan.Machines, out)
}

// spec makes every choice for one machine.
func (m *maker) spec(d *vcenter.MachineDetails, bytes int64, home v1alpha1.InventoryReference, disks []v1alpha1.DiskPlacement,
	adapters []v1alpha1.NetworkAdapterPlacement) *v1alpha1.VirtualMachineMoveSpec {
	host := ""
	if h := m.in.Source.Inventory.Hosts.Get(d.Host); h != nil {
		host = h.Name
	}
	by := m.checker.method(&d.Machine)
	spec := &v1alpha1.VirtualMachineMoveSpec{
		Machine: identity(&d.Machine),
		Source: v1alpha1.MachineSource{
			VCenterRef: m.in.Spec.Source.VCenterRef, VCenterInstanceUUID: m.in.Source.InstanceUUID, Folder: text.CutRunes(d.Folder, 512),
			PowerState: d.PowerState, HostName: text.CutRunes(host, 253),
		},
		Target: v1alpha1.MachineTarget{
			VCenterRef: m.in.Spec.Target.VCenterRef, VCenterInstanceUUID: m.in.Target.InstanceUUID,
			Cluster:      v1alpha1.InventoryReference{Ref: m.to.cluster.Ref, Name: text.CutRunes(m.to.cluster.Name, 512)},
			ResourcePool: m.to.pool, Folder: v1alpha1.InventoryReference{Ref: m.to.folder.Ref, Name: text.CutRunes(m.to.folder.Path, 512)},
			Datastore: home, Disks: disks, NetworkAdapters: adapters,
		},
		Method: by.Name, Bytes: bytes, Waivers: m.in.Spec.Waivers,
	}
	if by.NeedsOff && m.in.Spec.Power != nil {
		spec.Power = m.in.Spec.Power.DeepCopy()
	}
	return spec
}

// absent takes over a machine whose choices do not change any more: it has started, or it is not at the source.
func (m *maker) absent(k *Known) {
	out := Machine{
		Identity: k.Spec.Machine, Path: strings.TrimSuffix(k.Spec.Source.Folder, "/") + "/" + k.Spec.Machine.Name,
		Bytes: k.Spec.Bytes, Expected: Expect(k.Spec.Bytes, m.in.Rate), State: StateArrived,
	}
	if k.Own {
		out.Spec = k.Spec
	}
	if k.Own && !k.Moved {
		out.State = StateStarted
	}
	m.plan.Machines = append(m.plan.Machines, out)
}

// differs says whether the WorkloadMove would choose otherwise today, by what it says alone.
func (m *maker) differs(spec *v1alpha1.VirtualMachineMoveSpec) bool {
	t := &spec.Target
	if !m.to.complete() {
		return false
	}
	if t.Cluster.Ref != m.to.cluster.Ref || t.ResourcePool.Ref != m.to.pool.Ref || t.Folder.Ref != m.to.folder.Ref {
		return true
	}
	if asked, named := method.Named(m.in.Spec.Method); named && asked.Name != spec.Method {
		return true
	}
	for _, d := range t.Disks {
		if to := m.mapping.storeFor(d.SourceDatastoreRef, d.SourceDatastore); to != nil && to.Ref != d.Datastore.Ref {
			return true
		}
	}
	for _, a := range t.NetworkAdapters {
		name, mapped := m.mapping.networks.find(a.SourceNetworkRef, a.SourceNetwork)
		if !mapped {
			return true
		}
		if to := m.to.findNetwork(name, m.book); to != nil && to.Ref != a.Network.Ref {
			return true
		}
	}
	return false
}

// finish counts, orders and signs the plan.
func (m *maker) finish() *Plan {
	p := &m.plan
	order(p.Machines)
	for i := range p.Machines {
		if ref := p.Machines[i].Ref; ref != "" {
			p.Machines[i].Concerns = m.book.concernsOf(ref)
		}
		p.Bytes += p.Machines[i].Bytes
	}
	p.Concerns = m.book.all()
	p.Estimated = estimate(p.Machines, m.sources, len(m.to.hosts))
	p.Hash = p.sum()
	return p
}

// sum signs the choices and what blocks. Free space in a sentence and how far a machine is are no part of it: they move
// by themselves.
func (p *Plan) sum() string {
	h := sha256.New()
	e := json.NewEncoder(h)
	for i := range p.Machines {
		m := &p.Machines[i]
		var target *v1alpha1.MachineTarget
		var method v1alpha1.MoveMethod
		var power *v1alpha1.MovePower
		if m.Spec != nil {
			target, method, power = &m.Spec.Target, m.Spec.Method, m.Spec.Power
		}
		// Encoding plain values to a hash cannot fail.
		_ = e.Encode([]any{m.Identity.InstanceUUID, m.State == StateBlocked, m.Bytes, target, method, power})
	}
	for _, c := range p.Concerns {
		if c.Severity == v1alpha1.SeverityBlocking {
			_ = e.Encode([]any{c.Name, c.Machines})
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}

// identity tells a machine from every other.
func identity(m *vcenter.Machine) v1alpha1.MachineIdentity {
	return v1alpha1.MachineIdentity{Name: text.CutRunes(m.Name, 80), InstanceUUID: text.CutRunes(m.InstanceUUID, 64), BIOSUUID: text.CutRunes(m.BIOSUUID, 64)}
}

// Needs is what a plan wants to know beside the inventories.
type Needs struct {
	// Machines at the source whose details are needed, and machines at the target on networks to which machines move.
	Machines, Neighbours []*vcenter.Machine
	// Datastores and hosts of the target whose room is needed, by managed object id.
	Datastores, Hosts []string
	// Pools of the target that may take machines, by managed object id.
	Pools []string
}

// Need says what to fetch before Make. Of the input it reads spec, sides and known machines.
func Need(in Input) Needs {
	b := newBook()
	var n Needs
	for _, m := range choose(&in, b).machines {
		if !ownStarted(in.Known, m.InstanceUUID) {
			n.Machines = append(n.Machines, m)
		}
	}
	to := resolve(&in, b)
	n.Pools = to.poolsOf(&in)
	for _, h := range to.hosts {
		n.Hosts = append(n.Hosts, h.Ref)
	}
	names := []string{in.Spec.Target.Datastore}
	for _, d := range in.Spec.Datastores {
		names = append(names, d.To)
	}
	for _, name := range names {
		if ds := to.findDatastore(name, b); ds != nil {
			n.Datastores = append(n.Datastores, ds.Ref)
		}
	}
	networks := map[string]bool{}
	for _, mapped := range in.Spec.Networks {
		if network := to.findNetwork(mapped.To, b); network != nil {
			networks[network.Ref] = true
		}
	}
	ours := map[string]bool{} // they brought their addresses along
	for i := range in.Known {
		ours[in.Known[i].Spec.Machine.InstanceUUID] = true
	}
	for _, m := range in.Target.Inventory.Machines.All() {
		if ours[m.InstanceUUID] {
			continue
		}
		for _, ref := range m.Networks {
			if networks[ref] {
				n.Neighbours = append(n.Neighbours, m)
				break
			}
		}
	}
	return n
}

func ownStarted(known []Known, uuid string) bool {
	for i := range known {
		if known[i].Own && known[i].Started && known[i].Spec.Machine.InstanceUUID == uuid {
			return true
		}
	}
	return false
}
