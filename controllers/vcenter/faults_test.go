// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// A name that vSphere has not would never match, and the fault behind it would be Other without anybody noticing.
func TestEveryClassifiedFaultExists(t *testing.T) {
	find := types.TypeFunc()
	for name := range faultClasses {
		if _, ok := find(name); !ok {
			t.Errorf("vSphere has no fault %s", name)
		}
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
		Type: "SystemError", Class: FaultPrivilege, Privilege: "Datastore.AllocateSpace", Object: "datastore-7",
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
