// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"time"

	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/azure/lane"
	"github.com/avs-operator/avs-operator/controllers/connect/rulings"
	"github.com/avs-operator/avs-operator/controllers/connect/vcenters"
	"github.com/avs-operator/avs-operator/controllers/outcome"
	"github.com/avs-operator/avs-operator/controllers/vcenter"
)

// Wait is one wait for something outside: for an answer, for work to end, for somebody else, for a person.
type Wait struct {
	// For is what is waited for.
	For string
	// Bound is how long, in the time of Azure and vCenter; Least is what it never falls below in real time, however fast the clock.
	Bound, Least time.Duration
	// Told is who learns of it and how, Then what goes on when the bound is reached.
	Told, Then string
}

// Real is the bound in real time.
func (w Wait) Real(pace outcome.Pace) time.Duration { return pace.RealAtLeast(w.Bound, w.Least) }

// The waits of those who write. Whoever waits takes the bound from here.
var (
	Sending = Wait{"a recorded write to Azure to leave", 90 * time.Second, 10 * time.Second,
		"the object: reason OperationOutcomeUnknown", "it is not sent any more"}
	Calling = Wait{"a recorded call to vCenter to leave", 90 * time.Second, 5 * time.Second,
		"the VirtualMachineMove: Moving", "it is not made any more"}
	Grace = Wait{"the answer to a write after it can no longer leave", 30 * time.Second, 2 * time.Second,
		"the object: reason OperationOutcomeUnknown; the VirtualMachineMove: Moving",
		"Azure or vCenter is looked at, and it is sent again only if it came to nothing"}
	Agreement = Wait{"reads to show what Azure says it has done", 2 * time.Minute, 2 * time.Second,
		"the object: as while the operation runs", "the read is believed, and what differs is drift"}
	// What is told apart by it: a create or an update reaches ARM's other replicas within this, and so does a resource.
	Missing = Wait{"a resource that was there and is missing to show itself after all", 2 * time.Minute, 2 * time.Second,
		"nobody: the object stays as it was", "it is read by itself a second time, and if it is missing again somebody deleted it"}
	RefusedPolls = Wait{"polls that Azure refuses", 90 * time.Second, 0,
		"the object: the refusal's reason", "after three the resource is read in their stead: at rest the operation has ended; else it is read again and again"}
	Running = Wait{"an operation in Azure that no usual time is known for, or a shorter one; of any other it is twice the longest usual time", time.Hour, 0,
		"the object, and all that wait for it, its lane or its resource: reason TakesTooLong, since when and the usual time",
		"at each poll the resource is read too: at rest the operation has ended and the lane is free"}
	Foreign = Wait{"what Azure itself or somebody else does to a resource; twice the longest usual time where that is more", time.Hour, 0,
		"the object, and all that wait for it: reason TakesTooLong", "the lane stays held, and the resource is looked at until it is at rest"}
	Busy = Wait{"the end of another operation for which Azure refuses a write", time.Hour, 0,
		"the object: reason AzureBusy, then TakesTooLong", "it is asked again every 15 minutes, and at once when a list shows a change"}
	Asking = Wait{"what Azure refuses to be given instead", 15 * time.Minute, 0,
		"the object: the refusal's reason, in Azure's words",
		"it is asked again every 15 minutes, at most twelve times an hour, until it is given or the spec changes"}
	Settling = Wait{"both vCenters to show where a machine is after its relocation has ended", 2 * time.Minute, 2 * time.Second,
		"the VirtualMachineMove: Moving", "what is read is believed: the attempt failed, or a person is asked"}
	StandingStill = Wait{"a relocation that runs to show progress; with large disks as much more as a hundredth of them takes at 10 MiB/s",
		30 * time.Minute, time.Second, "the VirtualMachineMove and its WorkloadMove: reason NoProgress, since when and what to look at",
		"it is followed further, and is cancelled by a person only"}
	Queued = Wait{"vCenter to begin with a relocation that it has queued", 2 * time.Hour, time.Second,
		"the VirtualMachineMove and its WorkloadMove: reason NoProgress", "it is followed further"}
	Guest = Wait{"a guest to shut down that was asked to; power.timeoutSeconds sets another", 600 * time.Second, 0,
		"the VirtualMachineMove: Moving, then ShutdownTimedOut", "it is left running, or powered off if power.powerOff says so"}
	Recheck = Wait{"what a list normally tells, in case that it may not be read", 2 * time.Minute, 0,
		"nobody new", "the resource is read"}
	FirstList = Wait{"the first list after a restart", 90 * time.Second, time.Second,
		"nobody: an object that was Ready stays so", "the resource is read by itself"}
	Glance = Wait{"an event that tells of a machine", time.Minute, 0,
		"nobody new", "the machine is read"}
)

// The waits of those below: the protocols, the lanes, the connections.
var (
	OneRead = Wait{"the answer to one read of Azure", arm.ReadTimeout, arm.ReadTimeout,
		"the object: TransientError", "it is read again, at a pace"}
	OnePlace = Wait{"a place in ARM's limits, in a call", arm.LongestWait, arm.LongestWait,
		"the object: Throttled", "the worker is let go, and the call is made later"}
	RetryAfter = Wait{"the end of a Retry-After", arm.LongestPause, 0,
		"the object: Throttled, or the refusal's reason", "it is asked again"}
	Login = Wait{"another try of a credential that was refused", arm.LoginPause, 0,
		"the AzureIdentity and what uses it: CredentialsInvalid", "it is tried again"}
	OneCall = Wait{"the answer to one call of vCenter", vcenter.CallTimeout, vcenter.CallTimeout,
		"the VCenter or the VirtualMachineMove: Unreachable", "a read is made again; a call that changes something is looked up"}
	Connecting = Wait{"a vCenter to take a connection", vcenters.ConnectWithin, vcenters.ConnectWithin,
		"the VCenter: Unreachable", "it is tried again after a pause"}
	Finding = Wait{"a machine to be found in the vCenter of a private cloud", vcenters.FindWithin, vcenters.FindWithin,
		"the object: MachineNotFound", "it is looked for again"}
	Reconnect = Wait{"the pause between two tries to connect to a vCenter", vcenters.MostPause, 0,
		"the VCenter: Unreachable", "it is tried again, for ever"}
	VCenterStop = Wait{"a vCenter that refuses a login or shows another certificate", rulings.StallPause, 0,
		"the VCenter: the reason, and Stalled", "it is tried again"}
	Turn = Wait{"one that was called to a free lane to take it", lane.AnswerWithin, lane.AnswerWithin,
		"nobody", "the next one is called"}
	Stalled = Wait{"a person", outcome.StallRecheck, 0,
		"the object: Stalled", "it is looked at again, for ever"}
)

// Row is a line of the table of all waits, by the name under which code and tests know it.
type Row struct {
	Name string
	Wait
}

// Waits is the whole table, in the order in which the guide shows it.
func Waits() []Row {
	return []Row{
		{"Sending", Sending}, {"Calling", Calling}, {"Grace", Grace}, {"Agreement", Agreement}, {"Missing", Missing}, {"RefusedPolls", RefusedPolls},
		{"Running", Running}, {"Foreign", Foreign}, {"Busy", Busy}, {"Asking", Asking},
		{"Settling", Settling}, {"StandingStill", StandingStill}, {"Queued", Queued}, {"Guest", Guest},
		{"Recheck", Recheck}, {"FirstList", FirstList}, {"Glance", Glance},
		{"OneRead", OneRead}, {"OnePlace", OnePlace}, {"RetryAfter", RetryAfter}, {"Login", Login},
		{"OneCall", OneCall}, {"Connecting", Connecting}, {"Finding", Finding}, {"Reconnect", Reconnect}, {"VCenterStop", VCenterStop},
		{"Turn", Turn}, {"Stalled", Stalled},
	}
}
