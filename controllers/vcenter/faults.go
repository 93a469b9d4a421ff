// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import (
	"reflect"
	"slices"
	"strings"

	"github.com/vmware/govmomi/vim25/types"
)

// faultRow is what is known of one type of fault.
type faultRow struct {
	class FaultClass
	says  string // what it means, a clause without full stop
	retry int8   // 1 and -1: whether the same request may succeed later, where that differs from its class
}

// faultRows is every type of fault that a relocation, a power operation, a snapshot or a clone can end with, by its own name. A type of a
// vSphere to come has the row of its nearest listed ancestor, as vSphere's own hierarchy has it.
var faultRows = readFaultRows(machineFaults, placeFaults, callFaults)

// readFaultRows reads rows "Type | what it means", with + in front where the fault may pass although its class does not, and - where it
// does not although its class may.
func readFaultRows(tables ...map[FaultClass]string) map[string]faultRow {
	rows := map[string]faultRow{}
	for _, table := range tables {
		for class, text := range table {
			for line := range strings.Lines(text) {
				name, says, ok := strings.Cut(strings.TrimSpace(line), " | ")
				if !ok {
					continue
				}
				row := faultRow{class: class, says: says}
				switch name[0] {
				case '+':
					row.retry = 1
				case '-':
					row.retry = -1
				}
				rows[strings.TrimLeft(name, "+-")] = row
			}
		}
	}
	return rows
}

// vague faults say that something failed and not what: where they have causes, those count.
var vague = map[string]bool{
	"RuntimeFault": true, "SystemError": true, "UnexpectedFault": true, "VmConfigFault": true, "GenericVmConfigFault": true, "InvalidVmConfig": true,
	"MigrationFault": true, "FileFault": true, "NoCompatibleHost": true, "GenericDrsFault": true, "HostConnectFault": true, "ExtendedFault": true,
	"DrsVmotionIncompatibleFault": true, "DvsApplyOperationFault": true,
}

// newFault describes a fault with the messages of its causes. Where the outermost type says nothing, its class is that of its causes, if
// they agree.
func newFault(lf *types.LocalizedMethodFault) *Fault {
	if lf == nil {
		return nil
	}
	r := &reading{f: &Fault{Class: FaultOther}}
	r.take(lf, 0)
	r.f.Message = strings.Join(r.words, " ")
	return r.f
}

// reading is a fault and its causes, read into one.
type reading struct {
	f     *Fault
	words []string
	exact bool // the class is that of a fault that says what failed
}

func (r *reading) say(s string) {
	s = strings.TrimSpace(s)
	if s != "" && !slices.ContainsFunc(r.words, func(w string) bool { return strings.Contains(w, s) }) {
		r.words = append(r.words, s)
	}
}

func (r *reading) take(lf *types.LocalizedMethodFault, depth int) {
	if lf == nil || depth > 8 || len(r.words) > 20 {
		return
	}
	r.say(lf.LocalizedMessage)
	if lf.Fault == nil {
		return
	}
	name, row := faultType(lf.Fault), rowOf(lf.Fault)
	if r.f.Type == "" {
		r.f.Type, r.f.Class, r.f.Says, r.f.retry = name, row.class, row.says, row.retry
		r.f.OnlyRunning = onlyRunning(lf.Fault)
	}
	if !r.exact && !vague[name] {
		r.f.Class, r.f.Says, r.f.retry, r.exact = row.class, row.says, row.retry, true
		r.f.OnlyRunning = onlyRunning(lf.Fault)
	}
	detail(r, lf.Fault)
	inner := causes(lf.Fault)
	if !r.exact && !agree(inner) {
		r.exact = true // each host has another reason: the outer class stands
	}
	for i := range inner {
		r.take(&inner[i], depth+1)
	}
	if m := lf.Fault.GetMethodFault(); m != nil {
		for _, lm := range m.FaultMessage {
			r.say(lm.Message)
		}
		r.take(m.FaultCause, depth+1)
	}
}

// agree says whether faults of several hosts are of one class.
func agree(faults []types.LocalizedMethodFault) bool {
	for i := range faults {
		if faults[i].Fault != nil && rowOf(faults[i].Fault).class != rowOf(faults[0].Fault).class {
			return false
		}
	}
	return true
}

// causes are the faults that a fault carries in fields of its own.
func causes(f types.BaseMethodFault) []types.LocalizedMethodFault {
	one := func(lf *types.LocalizedMethodFault) []types.LocalizedMethodFault {
		if lf == nil || lf.Fault == nil {
			return nil
		}
		return []types.LocalizedMethodFault{*lf}
	}
	some := func(list []types.LocalizedMethodFault) []types.LocalizedMethodFault {
		return slices.DeleteFunc(slices.Clone(list), func(lf types.LocalizedMethodFault) bool { return lf.Fault == nil })
	}
	switch x := f.(type) {
	case *types.NoCompatibleHost:
		return some(x.Error)
	case *types.GenericDrsFault:
		return some(x.HostFaults)
	case *types.DisallowedMigrationDeviceAttached:
		return one(&x.Fault)
	case *types.SnapshotIncompatibleDeviceInVm:
		return one(&x.Fault)
	case *types.UnexpectedFault:
		return one(x.Fault)
	case *types.VmConfigIncompatibleForFaultTolerance:
		return one(x.Fault)
	case *types.VmFaultToleranceConfigIssueWrapper:
		return one(x.Error)
	}
	return nil
}

// networkReasons are what CannotUseNetwork says of why, in words, and whether that may pass.
var networkReasons = map[types.CannotUseNetworkReason]faultRow{
	types.CannotUseNetworkReasonNetworkReservationNotSupported: {says: "it does not support the bandwidth that the machine reserves"},
	types.CannotUseNetworkReasonMismatchedNetworkPolicies: {says: "its security policy (promiscuous mode, MAC address changes, " +
		"forged transmits) differs from that of the machine's present network"},
	types.CannotUseNetworkReasonMismatchedDvsVersionOrVendor: {says: "its distributed switch is of another version or vendor than that " +
		"of the machine's present network"},
	types.CannotUseNetworkReasonVMotionToUnsupportedNetworkType: {says: "a running machine cannot change to a network of its kind"},
	types.CannotUseNetworkReasonNetworkUnderMaintenance:         {says: "it is under maintenance", retry: 1},
	types.CannotUseNetworkReasonMismatchedEnsMode:               {says: "its enhanced data path mode differs from that of the machine's present network"},
	types.CannotUseNetworkReasonMismatchedRealTimeDvs: {says: "its switch is for real-time machines, or the machine's present one is, " +
		"and the other is not"},
}

// detail keeps what a fault tells in fields of its own.
func detail(r *reading, mf types.BaseMethodFault) {
	f := r.f
	switch x := mf.(type) {
	case *types.ManagedObjectNotFound:
		if f.Object == "" {
			f.Object = x.Obj.Value
		}
	case *types.NoPermission:
		if f.Privilege == "" {
			f.Privilege = x.PrivilegeId
			if x.Object != nil {
				f.Object = x.Object.Value
			}
		}
	case *types.CannotUseNetwork:
		row, known := networkReasons[types.CannotUseNetworkReason(x.Reason)]
		switch {
		case known && f.Type == faultType(mf):
			f.Says, f.retry = "the network "+UnescapeName(x.Backing)+" cannot take the machine's adapter: "+row.says, row.retry
		case !known:
			r.say(x.Reason)
		}
	case *types.SystemError:
		r.say(x.Reason)
	case *types.GenericVmConfigFault:
		r.say(x.Reason)
	case *types.MigrationNotReady:
		r.say(x.Reason)
	case *types.ExtendedFault:
		r.say(x.FaultTypeId)
	case *types.InvalidArgument:
		r.say(x.InvalidProperty)
	}
}

func faultType(f types.BaseMethodFault) string {
	t := reflect.TypeOf(f)
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return strings.TrimSuffix(t.Name(), "Fault_")
}

// rowOf climbs from the fault's type to its ancestors, which govmomi embeds as first field.
func rowOf(f types.BaseMethodFault) faultRow {
	t := reflect.TypeOf(f)
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	for {
		for _, name := range []string{t.Name(), strings.TrimSuffix(t.Name(), "Fault")} { // on the wire of a call XFault stands for X
			if row, ok := faultRows[name]; ok {
				return row
			}
		}
		if t.Kind() != reflect.Struct || t.NumField() == 0 || !t.Field(0).Anonymous {
			return faultRow{class: FaultOther}
		}
		t = t.Field(0).Type
	}
}
