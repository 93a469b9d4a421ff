// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import (
	"context"
	"errors"
	"go/build"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// families of faults that RelocateVM_Task, the power and snapshot calls and CloneVM_Task declare, and what every call may answer with.
var families = strings.Fields("MigrationFault VmConfigFault FileFault InvalidState InsufficientResourcesFault SnapshotFault CustomizationFault " +
	"InvalidDatastore RuntimeFault TaskInProgress Timedout InvalidFolder NoCompatibleHost ReplicationFault InvalidLogin HostConnectFault " +
	"VmFaultToleranceIssue")

// Of these families, faults of adding hosts to vCenter, of vSphere HA's settings and of scheduled tasks.
var elsewhere = strings.Fields("AgentInstallFailed AlreadyBeingManaged AlreadyConnected CannotAddHostWithFTVmAsStandalone " +
	"CannotAddHostWithFTVmToDifferentCluster CannotAddHostWithFTVmToNonHACluster CannotDisableDrsOnClustersWithVApps InvalidDasConfigArgument " +
	"InvalidDasRestartPriorityForFtVm InvalidDrsBehaviorForFtVm InvalidScheduledTask NonVmwareOuiMacNotSupportedHost NotSupportedHostForVFlash " +
	"NotSupportedHostForVmcp NotSupportedHostForVmemFile NotSupportedHostForVsan NotSupportedHostInHACluster ReadHostResourcePoolTreeFailed " +
	"TooManyHosts")

// faultTypes are all types of faults that govmomi knows, vSphere 9's among them, with their ancestors. Its registry cannot be listed, but
// every type enters itself in its source.
func faultTypes(t *testing.T) map[string][]string {
	t.Helper()
	p, err := build.Import("github.com/vmware/govmomi/vim25/types", ".", build.FindOnly)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(p.Dir, "types.go"))
	if err != nil {
		t.Fatal(err)
	}
	out, find := map[string][]string{}, types.TypeFunc()
	for _, m := range regexp.MustCompile(`\tt\["(\w+)"\]`).FindAllStringSubmatch(string(text), -1) {
		typ, ok := find(m[1])
		if !ok || typ.Kind() != reflect.Struct {
			continue
		}
		if _, ok := reflect.New(typ).Interface().(types.BaseMethodFault); !ok {
			continue
		}
		for at := typ; at.NumField() > 0 && at.Field(0).Anonymous; at = at.Field(0).Type {
			out[m[1]] = append(out[m[1]], at.Field(0).Type.Name())
		}
	}
	return out
}

// A fault without a row of its own would have the class of something more general, and a sentence that says less.
func TestEveryFaultOfAMoveHasARow(t *testing.T) {
	all := faultTypes(t)
	if len(all) < 1000 {
		t.Fatalf("found %d types of faults in govmomi's source", len(all))
	}
	for name, above := range all {
		if base, ok := strings.CutSuffix(name, "Fault"); ok && all[base] != nil {
			continue // the name of the same fault in the answer to a call
		}
		listed := slices.ContainsFunc(append(above, name), func(a string) bool { return slices.Contains(families, a) })
		if _, ok := faultRows[name]; listed && !ok && !slices.Contains(elsewhere, name) {
			t.Errorf("%s, a %s, has no row", name, above[0])
		}
	}
	for name, row := range faultRows {
		if all[name] == nil {
			t.Errorf("vSphere has no fault %s", name)
		}
		if row.says == "" || strings.HasSuffix(row.says, ".") || row.class == "" {
			t.Errorf("the row of %s is not whole: %+v", name, row)
		}
	}
}

func TestNoFaultHasTwoRows(t *testing.T) {
	seen := map[string]bool{}
	for _, table := range []map[FaultClass]string{machineFaults, placeFaults, callFaults} {
		for _, text := range table {
			for line := range strings.Lines(text) {
				name, _, ok := strings.Cut(strings.TrimLeft(line, "+-"), " | ")
				if ok && seen[name] {
					t.Errorf("%s has two rows", name)
				}
				seen[name] = true
			}
		}
	}
}

func TestFaultsThatMayPass(t *testing.T) {
	for _, c := range []struct {
		fault types.BaseMethodFault
		again bool
	}{
		{&types.VMotionLinkDown{}, true}, {&types.VMotionNotConfigured{}, false}, {&types.SnapshotLocked{}, true}, {&types.SnapshotDisabled{}, false},
		{&types.NotAuthenticated{}, true}, {&types.InvalidLogin{}, false}, {&types.NoHost{}, true}, {&types.VirtualHardwareVersionNotSupported{}, false},
		{&types.CannotUseNetwork{Reason: "NetworkUnderMaintenance"}, true}, {&types.CannotUseNetwork{Reason: "MismatchedEnsMode"}, false},
	} {
		if f := newFault(&types.LocalizedMethodFault{Fault: c.fault}); f.Retryable() != c.again {
			t.Errorf("%s: tried again is %v", f, f.Retryable())
		}
	}
}

func TestANetworkThatCannotBeUsedSaysWhy(t *testing.T) {
	for _, reason := range types.CannotUseNetworkReason("").Values() {
		f := newFault(&types.LocalizedMethodFault{Fault: &types.CannotUseNetwork{Backing: "10.1.0.0%2f24", Reason: string(reason)}})
		if f.Class != FaultNetwork || !strings.HasPrefix(f.Says, "the network 10.1.0.0/24 cannot take the machine's adapter: ") {
			t.Errorf("%s says %q", reason, f.Says)
		}
	}
	f := newFault(&types.LocalizedMethodFault{Fault: &types.CannotUseNetwork{Reason: "OfTomorrow"}, LocalizedMessage: "No."})
	if f.Message != "No. OfTomorrow" || f.Says == "" {
		t.Errorf("an unknown reason says %+v", f)
	}
}

// No host can take the machine: why is what each of them says, where they agree.
func TestTheCausesOfAVagueFaultCount(t *testing.T) {
	host := func(f types.BaseMethodFault, text string) types.LocalizedMethodFault {
		return types.LocalizedMethodFault{Fault: f, LocalizedMessage: text}
	}
	one := newFault(&types.LocalizedMethodFault{Fault: &types.NoCompatibleHost{Error: []types.LocalizedMethodFault{
		host(&types.VirtualHardwareVersionNotSupported{}, "Too new."), host(&types.NumVirtualCpusNotSupported{}, "Too many."),
	}}, LocalizedMessage: "No host."})
	if one.Type != "NoCompatibleHost" || one.Class != FaultHardware || one.Message != "No host. Too new. Too many." || one.Retryable() {
		t.Errorf("hosts that agree say %+v", one)
	}
	many := newFault(&types.LocalizedMethodFault{Fault: &types.NoCompatibleHost{Error: []types.LocalizedMethodFault{
		host(&types.VirtualHardwareVersionNotSupported{}, "Too new."), host(&types.HostNotConnected{}, "Gone."),
	}}})
	if many.Class != FaultHost || !many.Retryable() {
		t.Errorf("hosts that do not agree say %+v", many)
	}
}

func TestFaultClasses(t *testing.T) {
	for _, c := range []struct {
		fault types.BaseMethodFault
		class FaultClass
		typ   string
	}{
		{&types.SSLVerifyFault{}, FaultCertificate, "SSLVerifyFault"},
		{&types.InvalidLogin{}, FaultCredentials, "InvalidLogin"},
		{&types.NoPermission{}, FaultPrivilege, "NoPermission"},
		{&types.DuplicateName{}, FaultNameTaken, "DuplicateName"},
		{&types.NoDiskSpace{}, FaultSpace, "NoDiskSpace"},
		{&types.InsufficientStorageSpace{}, FaultSpace, "InsufficientStorageSpace"},
		{&types.InvalidDatastorePath{}, FaultDatastore, "InvalidDatastorePath"},
		{&types.NetworksMayNotBeTheSame{}, FaultNetwork, "NetworksMayNotBeTheSame"},
		{&types.CannotAccessNetwork{}, FaultNetwork, "CannotAccessNetwork"},
		{&types.HostNotConnected{}, FaultHost, "HostNotConnected"},
		{&types.InvalidHostState{}, FaultHost, "InvalidHostState"},
		{&types.InsufficientMemoryResourcesFault{}, FaultHost, "InsufficientMemoryResourcesFault"},
		{&types.CpuIncompatible1ECX{}, FaultCPU, "CpuIncompatible1ECX"},
		{&types.FeatureRequirementsNotMet{}, FaultCPU, "FeatureRequirementsNotMet"},
		{&types.SnapshotCopyNotSupported{}, FaultSnapshot, "SnapshotCopyNotSupported"},
		{&types.NotAuthenticated{}, FaultSession, "NotAuthenticated"},
		{&types.NoHost{}, FaultPeer, "NoHost"},
		{&types.VirtualHardwareVersionNotSupported{}, FaultHardware, "VirtualHardwareVersionNotSupported"},
		{&types.VmHostAffinityRuleViolation{}, FaultRules, "VmHostAffinityRuleViolation"},
		{&types.VMotionNotLicensed{}, FaultLicense, "VMotionNotLicensed"},
		{&types.FaultToleranceNotSameBuild{}, FaultTolerance, "FaultToleranceNotSameBuild"},
		{&types.RequestCanceled{}, FaultCancelled, "RequestCanceled"},
		{&types.Timedout{}, FaultTimedOut, "Timedout"},
		{&types.RawDiskNotSupported{}, FaultDevice, "RawDiskNotSupported"},
		{&types.VAppTaskInProgress{}, FaultBusy, "VAppTaskInProgress"},
		{&types.InvalidPowerState{}, FaultState, "InvalidPowerState"},
		{&types.ManagedObjectNotFound{}, FaultNotFound, "ManagedObjectNotFound"},
		{&types.InvalidArgument{}, FaultInvalid, "InvalidArgument"},
		{&types.SystemError{}, FaultOther, "SystemError"},
	} {
		f := newFault(&types.LocalizedMethodFault{Fault: c.fault, LocalizedMessage: "as vCenter says it"})
		if f.Class != c.class || f.Type != c.typ {
			t.Errorf("%T is %s of class %s, want %s of class %s", c.fault, f.Type, f.Class, c.typ, c.class)
		}
	}
}

func TestAFaultTellsItsCauses(t *testing.T) {
	cause := &types.NoPermission{
		Object: &types.ManagedObjectReference{Type: "Datastore", Value: "datastore-7"}, PrivilegeId: "Datastore.AllocateSpace",
	}
	cause.FaultMessage = []types.LocalizableMessage{{Message: "On vsanDatastore."}}
	outer := &types.SystemError{}
	outer.FaultCause = &types.LocalizedMethodFault{Fault: cause, LocalizedMessage: "Permission was denied."}
	f := newFault(&types.LocalizedMethodFault{Fault: outer, LocalizedMessage: "A general system error occurred."})
	want := Fault{
		Type: "SystemError", Class: FaultPrivilege, Says: "the account has not got a privilege", Privilege: "Datastore.AllocateSpace", Object: "datastore-7",
		Message: "A general system error occurred. Permission was denied. On vsanDatastore.",
	}
	if *f != want {
		t.Errorf("got %+v, want %+v", *f, want)
	}
	if newFault(nil) != nil {
		t.Error("no fault became one")
	}
}

func soapFault(f types.BaseMethodFault, text string) error {
	s := &soap.Fault{Code: "ServerFaultCode", String: text}
	s.Detail.Fault = f
	return soap.WrapSoapFault(s)
}

func TestClassify(t *testing.T) {
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for name, c := range map[string]struct {
		ctx   context.Context
		err   error
		sent  bool
		class ErrorClass
	}{
		"broken off before a change was sent": {t.Context(), io.ErrUnexpectedEOF, false, Unreachable},
		"broken off after":                    {t.Context(), io.ErrUnexpectedEOF, true, AnswerLost},
		"given up before":                     {gone, gone.Err(), false, Canceled},
		"given up after":                      {gone, gone.Err(), true, AnswerLost},
		"answered, so not lost":               {t.Context(), soapFault(&types.TaskInProgress{}, "busy"), true, Busy},
		"gone":                                {t.Context(), soapFault(&types.ManagedObjectNotFound{}, "gone"), false, NotFound},
		"no right":                            {t.Context(), soapFault(&types.NoPermission{PrivilegeId: "p"}, "no"), true, NoPermission},
		"off":                                 {t.Context(), soapFault(&types.InvalidPowerState{}, "off"), true, InvalidState},
		"a fault without detail":              {t.Context(), soapFault(nil, "what"), true, Other},
		"already classified":                  {t.Context(), &Error{Class: AccountLocked, Err: errors.New("x")}, true, AccountLocked},
	} {
		err := classify(c.ctx, "do it", "vc", c.err, c.sent)
		if got := ClassOf(err); got != c.class {
			t.Errorf("%s: class %s, want %s", name, got, c.class)
		}
		if !strings.HasPrefix(err.Error(), "do it at vc: ") {
			t.Errorf("%s: %q does not tell what was being done", name, err)
		}
	}
	if classify(t.Context(), "do it", "vc", nil, true) != nil || ClassOf(nil) != "" {
		t.Error("success became an error")
	}
}

func TestClassifyLogin(t *testing.T) {
	for text, class := range map[string]ErrorClass{
		"Cannot complete login due to an incorrect user name or password.": CredentialsInvalid,
		"The account of the user is locked out.":                           AccountLocked,
	} {
		if got := ClassOf(classifyLogin(t.Context(), "log in", "vc", soapFault(&types.InvalidLogin{}, text))); got != class {
			t.Errorf("%s: class %s, want %s", text, got, class)
		}
	}
	if got := ClassOf(classifyLogin(t.Context(), "log in", "vc", soapFault(nil, "ns0:FailedAuthentication: Invalid credentials"))); got != CredentialsInvalid {
		t.Errorf("a refusal of the token service has class %s", got)
	}
	if got := ClassOf(classifyLogin(t.Context(), "log in", "vc", io.EOF)); got != Unreachable {
		t.Errorf("a broken connection has class %s", got)
	}
	if got := ClassOf(classifyLogin(t.Context(), "log in", "locked.example.com", io.EOF)); got != Unreachable {
		t.Errorf("a broken connection has class %s", got)
	}
}
