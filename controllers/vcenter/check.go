// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/types"
)

const (
	// checkBound is how long vCenter may take to check a relocation, in vCenter's time, and leastCheckBound the least of it in real time.
	// Checks end within seconds, but one that asks a host which does not answer has been seen to stand for hours.
	checkBound, leastCheckBound = 2 * time.Minute, 3 * time.Second
	// checkPatience is how long a call waits for the check that it began, in real time: most end so soon that coming back costs more.
	checkPatience = 500 * time.Millisecond
)

// checks are the checks under way, by what they check. They change nothing, so a process that forgets them asks again.
type checks struct {
	mu    sync.Mutex
	under map[string]*check
}

type check struct {
	task  types.ManagedObjectReference
	began time.Time
}

// key tells relocations apart by all that a check depends on but the credentials, which are new each time.
func (r Relocation) key() string {
	where := ""
	if r.Locator != nil {
		where = r.Locator.URL + " " + r.Locator.InstanceUUID
	}
	r.Locator = nil
	return fmt.Sprintf("%s %+v", where, r)
}

func (c *checks) get(key string) *check {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.under[key]
}

func (c *checks) put(key string, it *check) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if it == nil {
		delete(c.under, key)
		return
	}
	if c.under == nil {
		c.under = map[string]*check{}
	}
	c.under[key] = it
}

// overdue takes out the checks that nobody came back for.
func (c *checks) overdue(bound time.Duration) (out []*check) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for key, it := range c.under {
		if time.Since(it.began) > 2*bound {
			out = append(out, it)
			delete(c.under, key)
		}
	}
	return out
}

// CheckRelocate asks vCenter whether the relocation would work, with the very specification that Relocate would send. It waits for a moment
// only: while vCenter goes on checking, the class of its error is Pending, and the next call with the same relocation comes back to it. A
// check that has not ended within two minutes is cancelled and is a fault of class FaultTimedOut. A pass is not a promise: network paths,
// clocks and room on the other side may not be looked at; and that vCenter does not support the check is no pass.
func (c *Client) CheckRelocate(ctx context.Context, r Relocation) (warnings, faults []Fault, err error) {
	doing := "check the relocation of " + r.Machine
	key, bound := r.key(), max(scaled(checkBound, c.e.Speed), leastCheckBound)
	for _, it := range c.checks.overdue(bound) {
		c.abandon(ctx, it)
	}
	it := c.checks.get(key)
	if it == nil {
		if it, err = c.startCheck(ctx, doing, r); err != nil {
			return nil, nil, err
		}
		c.checks.put(key, it)
	}
	info, err := c.checked(ctx, doing, it)
	switch {
	case ClassOf(err) == NotFound: // vCenter was restarted meanwhile
		c.checks.put(key, nil)
		return nil, nil, &Error{Class: Pending, Doing: doing, Server: c.host, Err: errors.New("vCenter forgot the check: it is asked again")}
	case err != nil:
		return nil, nil, err
	case info == nil && time.Since(it.began) > bound:
		c.checks.put(key, nil)
		c.abandon(ctx, it)
		return nil, []Fault{{Type: "CheckTimedOut", Class: FaultTimedOut, Says: "vCenter did not end its check within two minutes",
			Message: fmt.Sprintf("The task %s was cancelled.", it.task.Value)}}, nil
	case info == nil:
		return nil, nil, &Error{Class: Pending, Doing: doing, Server: c.host, Err: errors.New("vCenter is still checking")}
	}
	c.checks.put(key, nil)
	if info.State == types.TaskInfoStateError {
		f := newFault(info.Error)
		if f == nil {
			f = &Fault{Type: "Unknown", Message: "vCenter gave no reason", Class: FaultOther}
		}
		return nil, []Fault{*f}, nil
	}
	warnings, faults = checkResults(info.Result, r.Host != "")
	return warnings, faults, nil
}

func (c *Client) startCheck(ctx context.Context, doing string, r Relocation) (*check, error) {
	checker := c.vim.ServiceContent.VmProvisioningChecker
	if checker == nil {
		f := &Fault{Type: "NotSupported", Class: FaultInvalid, Message: "The vCenter has no provisioning checker."}
		return nil, &Error{Class: NotSupported, Doing: doing, Server: c.host, Fault: f, Err: errors.New(f.String())}
	}
	spec, err := c.relocateSpec(ctx, doing, r)
	if err != nil {
		return nil, err
	}
	it := &check{began: time.Now()}
	err = c.read(ctx, doing, func(ctx context.Context) error {
		res, err := methods.CheckRelocate_Task(ctx, c.vim, &types.CheckRelocate_Task{
			This: *checker, Vm: typedRef("VirtualMachine", r.Machine), Spec: *spec,
		})
		if err == nil {
			it.task = res.Returnval
		}
		return err
	})
	return it, err
}

// checked is the end of a check, nil if it did not come within checkPatience of its start.
func (c *Client) checked(ctx context.Context, doing string, it *check) (*types.TaskInfo, error) {
	for pause := 10 * time.Millisecond; ; pause *= 2 {
		objects, err := c.retrieve(ctx, doing, []types.ObjectSpec{{Obj: it.task}}, types.PropertySpec{Type: "Task", PathSet: []string{"info"}})
		if err != nil {
			return nil, err
		}
		for _, o := range objects {
			info, ok := prop(o, "info").(types.TaskInfo)
			if ok && (info.State == types.TaskInfoStateSuccess || info.State == types.TaskInfoStateError) {
				return &info, nil
			}
		}
		if time.Since(it.began)+pause > checkPatience || !sleep(ctx, pause) {
			return nil, classify(ctx, doing, c.host, ctx.Err(), false)
		}
	}
}

// abandon cancels a check that is not waited for any more. That it cannot be cancelled changes nothing: it does nothing to the machine.
func (c *Client) abandon(ctx context.Context, it *check) {
	_ = c.CancelTask(ctx, it.task.Value)
}

// NotChecked is the type of the finding that vCenter's check says nothing about whether the relocation would work: it is no fault of vSphere.
const NotChecked = "NotChecked"

// Unchecked is that finding, with why.
func Unchecked(why string) Fault { return Fault{Type: NotChecked, Class: FaultOther, Message: why} }

// checkResults joins the results for several hosts: a fault is no more than a warning if a host that is named has none. A result that names no
// host speaks of what is the same for all: its faults count, and that it has none does not prove that any host can take the machine, unless
// one host was asked about. Where nothing is proven, that is said.
func checkResults(result any, hostAsked bool) (warnings, faults []Fault) {
	results, _ := result.(types.ArrayOfCheckResult)
	proven, clean := false, false
	for _, res := range results.CheckResult {
		clean = clean || len(res.Error) == 0 && res.Host != nil
		proven = proven || len(res.Error) == 0 && (res.Host != nil || hostAsked)
	}
	seen := map[Fault]bool{}
	add := func(to *[]Fault, list []types.LocalizedMethodFault) {
		for i := range list {
			if f := newFault(&list[i]); f != nil && !seen[*f] {
				seen[*f] = true
				*to = append(*to, *f)
			}
		}
	}
	for _, res := range results.CheckResult {
		if clean && res.Host != nil {
			add(&warnings, res.Error)
		} else {
			add(&faults, res.Error)
		}
		add(&warnings, res.Warning)
	}
	if !proven && len(faults) == 0 {
		faults = append(faults, Unchecked("vCenter's check has looked at no host"))
	}
	return warnings, faults
}
