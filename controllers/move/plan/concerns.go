// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/move/method"
	"github.com/avs-operator/avs-operator/controllers/text"
	"github.com/avs-operator/avs-operator/controllers/vcenter"
)

// Names of concerns that are mistakes in the WorkloadMove itself, or stand for the target as a whole: nothing starts before they are mended.
const (
	MachineNotFound       = v1alpha1.ReasonMachineNotFound
	AmbiguousMachine      = v1alpha1.ReasonAmbiguousMachine
	SourceFolderNotFound  = "SourceFolderNotFound"
	NothingSelected       = "NothingSelected"
	ClusterNotFound       = "ClusterNotFound"
	AmbiguousCluster      = "AmbiguousCluster"
	ResourcePoolNotFound  = "ResourcePoolNotFound"
	AmbiguousResourcePool = "AmbiguousResourcePool"
	FolderNotFound        = "FolderNotFound"
	FolderNotUsable       = "FolderNotUsable"
	DatastoreNotFound     = "DatastoreNotFound"
	AmbiguousDatastore    = "AmbiguousDatastore"
	DatastoreNotUsable    = "DatastoreNotUsable"
	DatastoreNotInCluster = "DatastoreNotInCluster"
	NetworkNotMapped      = v1alpha1.ReasonNetworkNotMapped
	NetworkNotFound       = "NetworkNotFound"
	AmbiguousNetwork      = "AmbiguousNetwork"
	NetworkNotInCluster   = "NetworkNotInCluster"
	NoUsableHost          = "NoUsableHost"
	TargetWithoutRoom     = v1alpha1.ReasonTargetWithoutRoom

	ExcludedMachineNotFound  = "ExcludedMachineNotFound"
	TooManyMachines          = "TooManyMachines"
	ResourcePoolReserved     = "ResourcePoolReserved"
	ResourcePoolForbidden    = "ResourcePoolForbidden"
	SourceDatastoreNotFound  = "SourceDatastoreNotFound"
	AmbiguousSourceDatastore = "AmbiguousSourceDatastore"
	AmbiguousSourceNetwork   = "AmbiguousSourceNetwork"
	MappingConflict          = "MappingConflict"
)

// Names of concerns about the WorkloadMove that stop nothing.
const (
	ExcludeMatchesNothing = "ExcludeMatchesNothing"
	SourceNetworkNotFound = "SourceNetworkNotFound"
	MappingNotUsable      = "MappingNotUsable"
	ResourcePoolChosen    = "ResourcePoolChosen"
	WaiverUnknown         = "WaiverUnknown"
	WaiverRefused         = "WaiverRefused"
	WaiverExpired         = "WaiverExpired"
	WaiverUnused          = "WaiverUnused"
)

// Names of concerns about machines.
const (
	TemplateSelected      = "TemplateSelected"
	TemplateSkipped       = "TemplateSkipped"
	PatternMatchesNothing = "PatternMatchesNothing"
	DetailsUnknown        = "DetailsUnknown"
	NotConnected          = "NotConnected"
	ManagedByExtension    = "ManagedByExtension"
	IdentityTaken         = "IdentityTaken"
	IdentityNotUnique     = "IdentityNotUnique"
	NameTaken             = "NameTaken"
	SameName              = "SameName"
	MACAddressTaken       = "MACAddressTaken"
	NetworkNotVisible     = "NetworkNotVisible"
	NetworkIncompatible   = method.NetworkIncompatible
	SnapshotPresent       = "SnapshotPresent"
	LinkedDisk            = "LinkedDisk"
	ConsolidationNeeded   = "ConsolidationNeeded"
	RawDeviceMapping      = "RawDeviceMapping"
	SharedDisk            = "SharedDisk"
	SharedBus             = "SharedBus"
	IndependentDisk       = "IndependentDisk"
	DeviceConnected       = method.DeviceConnected
	DevicePassthrough     = method.DevicePassthrough
	ToolsInstallerMounted = method.ToolsInstallerMounted
	Encrypted             = "Encrypted"
	TrustedPlatformModule = "TrustedPlatformModule"
	FaultTolerance        = "FaultTolerance"
	Suspended             = "Suspended"
	HardwareTooNew        = "HardwareTooNew"
	CPUVendorDiffers      = method.CPUVendorDiffers
	CPUFeaturesMissing    = method.CPUFeaturesMissing
	ToolsNotRunning       = method.ToolsNotRunning
	PowerOffNotAllowed    = method.PowerOffNotAllowed
	PoweredOff            = method.PoweredOff
	RelocateDisabled      = "RelocateDisabled"
	ThinDisksMayGrow      = "ThinDisksMayGrow"
	NoFailoverHost        = "NoFailoverHost"
	StartedUnchanged      = "StartedUnchanged"
	MachineGone           = "MachineGone"
	HardwareChanged       = "HardwareChanged"
	NetworkChanged        = "NetworkChanged"
	RelocationNotChecked  = v1alpha1.ReasonRelocationNotChecked
)

// kind is what is said of every concern of one name. In text, %s stands for what it is about: names, numbers, devices.
type kind struct {
	severity v1alpha1.Severity
	whole    bool
	text     string
}

const (
	blocking = v1alpha1.SeverityBlocking
	warning  = v1alpha1.SeverityWarning
	info     = v1alpha1.SeverityInformation
)

// kinds is every concern that a plan can have, with what it means and what to do.
var kinds = map[string]kind{
	MachineNotFound: {blocking, true, "spec.select names machines that the source does not have: %s. Correct the name, or take it out"},
	AmbiguousMachine: {blocking, true, "spec.select names machines that exist more than once: %s. Set folder beside names to say which one is " +
		"meant, or exclude the others"},
	SourceFolderNotFound: {blocking, true, "spec.select or spec.exclude names folders that the source does not have: %s"},
	NothingSelected:      {blocking, true, "spec.select matches no machine of the source: correct it (%s)"},
	ClusterNotFound:      {blocking, true, "spec.target.cluster does not exist at the target: %s"},
	AmbiguousCluster:     {blocking, true, "spec.target.cluster is the name of several clusters at the target: give one of the paths or ids %s"},
	ResourcePoolNotFound: {blocking, true, "spec.target.resourcePool does not exist at the target: %s"},
	AmbiguousResourcePool: {blocking, true,
		"spec.target.resourcePool is the name of several resource pools at the target: give one of the paths or ids %s"},
	FolderNotFound:  {blocking, true, "spec.target.folder does not exist at the target: %s. Create it, or name another"},
	FolderNotUsable: {blocking, true, "spec.target.folder cannot take the machines: %s"},
	DatastoreNotFound: {blocking, true,
		"spec.target.datastore or spec.datastores names datastores that the target does not have: %s"},
	AmbiguousDatastore: {blocking, true, "spec.target.datastore or spec.datastores is the name of several datastores at the target: give one of the " +
		"paths or ids %s"},
	DatastoreNotUsable: {blocking, true, "datastores of the target take no disks now: %s. Wait until they do, or name others"},
	DatastoreNotInCluster: {blocking, true,
		"no usable host of the target cluster mounts the datastores %s: name datastores of that cluster"},
	NetworkNotMapped: {blocking, true, "spec.networks does not say where these networks of selected machines go: %s. Add an entry with from and to for each"},
	NetworkNotFound:  {blocking, true, "spec.networks goes to networks that the target does not have: %s"},
	AmbiguousNetwork: {blocking, true, "spec.networks goes to names that several networks of the target cluster have: give one of the paths or ids %s"},
	NetworkNotInCluster: {blocking, true,
		"spec.networks goes to networks that no usable host of the target cluster has: %s. Attach the cluster to them, or name others"},
	NoUsableHost:      {blocking, true, "the target cluster has no host that is connected, powered on and out of maintenance: %s"},
	TargetWithoutRoom: {blocking, true, "the target has no room for all machines that shall still move: %s. Add hosts or storage, or select fewer machines"},

	ExcludedMachineNotFound: {blocking, true,
		"spec.exclude names machines that the source does not have: %s. Correct the name, or take it out: a machine that is meant to stay would move"},
	TooManyMachines: {blocking, true, "spec.select matches more machines than one WorkloadMove takes (%s): make several of it"},
	ResourcePoolReserved: {blocking, true,
		"spec.target.resourcePool leads to a pool that is kept for the vCenter's own machines: %s. Name another, or the cluster"},
	ResourcePoolForbidden: {blocking, true, "the account that machines come to the target with (migration.credentialsRef of its VCenter, or its own) " +
		"may not place them where spec.target leads (it lacks Resource.AssignVMToPool): %s"},
	SourceDatastoreNotFound: {blocking, true,
		"spec.datastores has entries for datastores that the source does not have: %s. Correct the name, or take the entry out: " +
			"the disks would go to spec.target.datastore"},
	AmbiguousSourceDatastore: {blocking, true,
		"spec.datastores names datastores by a name that several of those with selected machines have: give each an entry of its own, with its path or id: %s"},
	AmbiguousSourceNetwork: {blocking, true,
		"spec.networks names networks by a name that several of those with selected machines have: give each an entry of its own, with its path or id: %s"},
	MappingConflict: {blocking, true, "spec.networks or spec.datastores sends one and the same object to two places: %s. Leave one of the two entries"},

	ExcludeMatchesNothing: {warning, false, "parts of spec.exclude match no machine of the source: %s"},
	SourceNetworkNotFound: {warning, false, "spec.networks has entries for networks that the source does not have: %s"},
	MappingNotUsable:      {warning, false, "spec.networks or spec.datastores has entries that no selected machine needs, to what the target does not have: %s"},
	ResourcePoolChosen:    {info, false, "the account may not place machines in the root resource pool of the cluster: they go into %s"},
	WaiverUnknown:         {warning, false, "spec.waivers names what is neither a concern of a plan nor a fault of vSphere: %s"},
	WaiverRefused:         {warning, false, "spec.waivers names what cannot be waived: %s. It blocks as before"},
	WaiverExpired:         {warning, false, "waivers do not count any more, because their last day has passed: %s. Take them out, or give them another day"},
	WaiverUnused:          {info, false, "spec.waivers names concerns that nothing has now: %s"},

	TemplateSelected:      {blocking, false, "is a template, and templates are not moved: convert it to a machine, or take its name out of spec.select"},
	TemplateSkipped:       {info, false, "is a template and stays where it is"},
	PatternMatchesNothing: {warning, false, "parts of spec.select match no machine: %s"},
	DetailsUnknown: {blocking, false, "could not be read with its devices: it may just have been removed or replaced. It is looked at again " +
		"with the next plan"},
	NotConnected:       {blocking, false, "is not connected to a running host (%s): bring its host back, or remove the machine from the inventory"},
	ManagedByExtension: {blocking, false, "belongs to the extension %s, which makes and removes it itself: exclude it"},
	IdentityTaken: {blocking, false, "has an instance UUID that a machine at the target has too (%s): one of them is a copy; remove it or give " +
		"it a new instance UUID"},
	IdentityNotUnique: {blocking, false, "has the instance UUID of another machine of the source (%s), so that nothing tells the two apart: give " +
		"one of them a new instance UUID"},
	NameTaken: {blocking, false, "has a name that another machine in the target folder has already: rename one of the two, or choose another folder"},
	SameName: {blocking, false, "has the same name as another selected machine (%s), and both would go to one folder: rename one, or move " +
		"them with two WorkloadMoves to two folders"},
	MACAddressTaken: {blocking, false, "has a MAC address that a machine on the same network at the target uses: %s. Two cards with one address " +
		"cut each other off"},
	NetworkNotVisible: {blocking, false, "has network adapters on networks that the source's account cannot see (%s): give it Read on those networks"},
	NetworkIncompatible: {blocking, false, "would go from a distributed port group to a standard port group while it runs (%s), which vMotion " +
		"refuses: map it to a distributed port group, or move it Cold"},
	SnapshotPresent:     {blocking, false, "has snapshots (%s), and a move between vCenters does not keep them: delete or consolidate them"},
	LinkedDisk:          {blocking, false, "is a linked clone (%s depends on a disk of another machine): make it independent by a full clone"},
	ConsolidationNeeded: {blocking, false, "has disks that need consolidation: consolidate them"},
	RawDeviceMapping:    {blocking, false, "has raw device mappings (%s), whose storage does not go along: convert them to virtual disks, or detach them"},
	SharedDisk:          {blocking, false, "shares disks with other machines (%s, multi-writer): moving one machine alone would break the others"},
	SharedBus:           {blocking, false, "has a SCSI controller that shares its bus (%s): clusters of this kind are moved by other means"},
	IndependentDisk: {warning, false, "has independent disks (%s): they move, but a non-persistent one loses what was written since power on " +
		"when it is powered off"},
	DeviceConnected:       {blocking, false, "has devices connected that tie it to its host (%s): disconnect them, or move it Cold"},
	DevicePassthrough:     {blocking, false, "has hardware of its host passed through (%s): remove the device, or move it Cold to a host that has the same"},
	ToolsInstallerMounted: {blocking, false, "has the VMware Tools installer mounted: end the installation, or unmount it"},
	Encrypted: {blocking, false, "is encrypted, and the target cannot read its keys: decrypt it, or share the key provider and move it by " +
		"other means"},
	TrustedPlatformModule: {blocking, false, "has a virtual TPM (%s), whose secrets are encrypted with keys of the source: move it by other means, or " +
		"remove the TPM after saving what it protects"},
	FaultTolerance:   {blocking, false, "is protected by Fault Tolerance: turn that off for the move"},
	Suspended:        {blocking, false, "is suspended: power it on, or off"},
	HardwareTooNew:   {blocking, false, "has virtual hardware that hosts of the target do not run: %s"},
	CPUVendorDiffers: {blocking, false, "runs on another make of CPU than the target has (%s), and a running machine cannot change that: move it Cold"},
	CPUFeaturesMissing: {blocking, false, "uses CPU features that the target does not have (%s): power-cycle it under the target's EVC mode first, " +
		"or move it Cold"},
	ToolsNotRunning: {blocking, false, "does not run VMware Tools, without which its guest cannot be asked to shut down: install or start them, " +
		"power it off yourself, or set power.powerOff to GuestThenHard"},
	PowerOffNotAllowed: {blocking, false, "is running, and power.powerOff is MustBeOff: power it off yourself, set power.powerOff to Guest or " +
		"GuestThenHard, or move it Live"},
	PoweredOff: {blocking, false, "is powered off, and method is Live: set method to Auto or Cold, or power it on"},
	RelocateDisabled: {warning, false, "may not be relocated at present, as vCenter says: another task, a backup perhaps, holds it. It waits " +
		"until that has ended"},
	ThinDisksMayGrow: {warning, false, "thin disks fit by what they hold now, but not if all of them fill up: %s"},
	StartedUnchanged: {info, false, "has started with the choices of an earlier plan and is taken to its end with them: what was edited since " +
		"does not change it"},
	MachineGone: {blocking, false,
		"was selected when the move began, and the source does not show it any more (instance UUID %s): it was deleted, " +
			"moved by others, or is hidden from the account. " +
			"To go on without it, set state to Plan and then to Run"},
	HardwareChanged: {blocking, false, "has other disks or network adapters than when it was planned (%s): it is planned again"},
	NetworkChanged:  {blocking, false, "has network adapters on other networks than when it was planned, or connected otherwise (%s): it is planned again"},
	RelocationNotChecked: {blocking, false,
		"would be powered off for a move that vCenter could not check before (%s): power it off yourself, move it Live, or accept it with a waiver"},
	NoFailoverHost: {warning, false, "the target cluster has a single usable host: no room is kept for the failure of a host (%s)"},
}

// book collects concerns while a plan is made.
type book struct {
	about    map[string]map[string]bool // concern to what it is about
	machines map[string]map[string]bool // concern to names of machines
	of       map[string]map[string][]string
	waived   Waivers
}

func newBook() *book {
	return &book{about: map[string]map[string]bool{}, machines: map[string]map[string]bool{}, of: map[string]map[string][]string{}}
}

// say notes a concern, and what it is about.
func (b *book) say(name string, about ...string) {
	if b.about[name] == nil {
		b.about[name], b.machines[name] = map[string]bool{}, map[string]bool{}
	}
	for _, a := range about {
		b.about[name][a] = true
	}
}

// sayOf notes a concern about one machine, by its managed object id at the source, if it is there, and its name.
func (b *book) sayOf(ref, machine, name string, about ...string) {
	b.say(name, about...)
	b.machines[name][machine] = true
	if ref == "" { // not at the source
		return
	}
	if b.of[ref] == nil {
		b.of[ref] = map[string][]string{}
	}
	b.of[ref][name] = append(b.of[ref][name], about...)
}

// blocks says whether a machine has a blocking concern.
func (b *book) blocks(ref string) bool {
	for name := range b.of[ref] {
		if severity, _ := b.severity(name); severity == blocking {
			return true
		}
	}
	return false
}

// severity of a concern as it counts, and how a waiver makes it less, in words for the end of a sentence.
func (b *book) severity(name string) (v1alpha1.Severity, string) {
	if words, ok := b.waived.Accept(name); ok && kinds[name].severity == blocking {
		return warning, " (" + words + ")"
	}
	return kinds[name].severity, ""
}

// concernsOf one machine, by name.
func (b *book) concernsOf(ref string) []v1alpha1.MachineConcern {
	var out []v1alpha1.MachineConcern
	for _, name := range slices.Sorted(maps.Keys(b.of[ref])) {
		about := slices.Clone(b.of[ref][name])
		slices.Sort(about)
		k := kinds[name]
		subject := "The machine "
		if k.whole {
			subject = ""
		}
		severity, waived := b.severity(name)
		out = append(out, v1alpha1.MachineConcern{Name: name, Severity: severity, Message: text.CutRunes(k.sentence(slices.Compact(about), subject)+waived, 1024)})
	}
	return out
}

// all concerns: the most severe first, those of the whole move before those of machines, then by name.
func (b *book) all() []Concern {
	var out []Concern
	for name, about := range b.about {
		k := kinds[name]
		machines := slices.Sorted(maps.Keys(b.machines[name]))
		subject := ""
		if !k.whole && len(machines) > 0 {
			subject = subjectOf(machines)
		}
		severity, waived := b.severity(name)
		out = append(out, Concern{
			Name: name, Severity: severity, Whole: k.whole, Machines: machines,
			Message: text.CutRunes(k.sentence(slices.Sorted(maps.Keys(about)), subject)+waived, 1024),
		})
	}
	slices.SortFunc(out, func(a, b Concern) int {
		return cmp.Or(cmp.Compare(severityRank(a.Severity), severityRank(b.Severity)), cmp.Compare(rank(b.Whole), rank(a.Whole)), cmp.Compare(a.Name, b.Name))
	})
	return out
}

// subjectOf is the beginning of a sentence about machines; each of them "is" or "has" what follows.
func subjectOf(machines []string) string {
	if len(machines) == 1 {
		return "Machine " + machines[0] + " "
	}
	return "Each of " + text.List(machines, mostListed) + " "
}

// sentence says a concern of what it is about.
func (k kind) sentence(about []string, subject string) string {
	return upperFirst(subject + strings.Replace(k.text, "%s", text.List(about, mostListed), 1))
}

func severityRank(s v1alpha1.Severity) int {
	return slices.Index([]v1alpha1.Severity{blocking, warning, info}, s)
}

func rank(b bool) int {
	if b {
		return 1
	}
	return 0
}

// waivers says which waivers do not count, and why.
func (b *book) waivers(list []v1alpha1.MoveWaiver, now time.Time) {
	for _, w := range list {
		_, concern := kinds[w.Concern]
		switch {
		case !concern && !vcenter.IsFault(w.Concern):
			b.say(WaiverUnknown, has("concern", w.Concern, knownConcerns()))
		case !Waivable(w.Concern):
			b.say(WaiverRefused, w.Concern)
		case expired(w, now):
			b.say(WaiverExpired, strings.TrimSpace(w.Concern+" until "+w.Until))
		case concern && b.about[w.Concern] == nil && w.Concern != RelocationNotChecked:
			b.say(WaiverUnused, w.Concern)
		}
	}
}

func knownConcerns() []string {
	var out []string
	for name := range kinds {
		if Waivable(name) && kinds[name].severity == blocking {
			out = append(out, name)
		}
	}
	return out
}
