// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package windows

// Advice is what a failed check means, and what to do about it.
type Advice struct{ Meaning, Action string }

// advice by the code of the check, after Microsoft's page "Azure VMware Solution private cloud maintenance". A host cannot enter maintenance
// mode while one of these holds.
var advice = map[string]Advice{
	"EPC_CDROM_EMULATEMODE": {"a machine has a CD-ROM in emulate mode whose image cannot be read",
		"disconnect the CD-ROM or detach the image; mount images in passthrough mode"},
	"EPC_DRSOVERRIDERULE": {"DRS is switched off for a machine, so it cannot be moved off a host", "set the machine's DRS override to partially automated"},
	"EPC_SCSIDEVICE_SHARINGMODE": {"a machine has a SCSI controller that shares its bus in virtual mode",
		"set the sharing to physical, or take the controller off"},
	"EPC_DATASTORE_INACCESSIBLE": {"a datastore from outside cannot be reached", "bring it back, or detach it from the cluster"},
	"EPC_NWADAPTER_STALE":        {"a connected network adapter of a machine cannot be reached any more", "reconnect the adapter, or take it off"},
	"EPC_SERIAL_PORT": {"a serial port of a machine is connected to what other hosts cannot reach",
		"disconnect the port, or put its file on a datastore that all hosts see"},
	"EPC_HARDWARE_DEVICE": {"a parallel port or USB device of a machine is connected to what other hosts cannot reach",
		"disconnect the device, or put its file on a datastore that all hosts see"},
	"EPC_INVALIDVM":              {"a machine in the inventory is invalid", "register it again, or take it out of the inventory"},
	"EPC_ORPHANVM":               {"a machine in the inventory is orphaned", "register it again, or take it out of the inventory"},
	"EPC_VMHOSTDRSRULE":          {"a rule says that a machine must run on certain hosts", "make it a rule that it should"},
	"EPC_FTT_ZERO":               {"a machine's storage policy tolerates no failure", "give it a policy that tolerates one, or two from six hosts on"},
	"EPC_FTTVIOLATION":           {"a cluster has fewer hosts than a machine's storage policy needs", "add hosts, or give the machine a policy that needs fewer"},
	"EPC_VSANSTORAGEUTILIZATION": {"a cluster's vSAN is more than 75% full", "add a host, or remove data"},
}

// AdviceFor a failed check. Of one that is not known only Azure's own words can be told.
func AdviceFor(code string) (Advice, bool) {
	a, ok := advice[code]
	return a, ok
}
