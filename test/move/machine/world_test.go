// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package machine_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/config"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/connect/secrets"
	"github.com/avs-operator/avs-operator/controllers/connect/vcenters"
	"github.com/avs-operator/avs-operator/controllers/freeze"
	"github.com/avs-operator/avs-operator/controllers/move/dispatch"
	"github.com/avs-operator/avs-operator/controllers/move/machine"
	"github.com/avs-operator/avs-operator/controllers/outcome"
	"github.com/avs-operator/avs-operator/controllers/status"
	"github.com/avs-operator/avs-operator/controllers/vcenter"
	"github.com/avs-operator/avs-operator/test/harness"
	"github.com/avs-operator/avs-operator/test/vcentersim"
)

// speed of vCenter's time in these suites.
const speed = 300

// world is two vCenters, a namespace, and an operator that may be stopped and started.
type world struct {
	*harness.World
	t *testing.T

	mu       sync.Mutex
	vcenters *vcenters.Pool
	mayWrite func() error
	wrap     func(client.Client) client.Client         // what the next operator that is started reads and writes through; nil: as it is
	wire     func(http.RoundTripper) http.RoundTripper // stands around its way to vCenters; nil: nothing does
	made     int
	most     int // objects that the operator holds of one vCenter; 0: as many as in production
}

// newWorld starts both vCenters, the source as edits say, declares them, and starts the operator.
func newWorld(t *testing.T, edits ...func(source *vcentersim.Config)) *world {
	t.Helper()
	return newWorldOf(t, func(source, _ *vcentersim.Config) {
		for _, edit := range edits {
			edit(source)
		}
	})
}

// newWorldOf is newWorld with changed vCenters.
func newWorldOf(t *testing.T, change func(source, target *vcentersim.Config)) *world {
	t.Helper()
	w := &world{World: harness.NewWorld(t, cluster, speed), t: t}
	w.StartVCenters(t, change)
	w.start()
	return w
}

// start starts an operator that moves machines and does nothing else: what their programmes say is the tests' own.
func (w *world) start() {
	w.t.Helper()
	w.Operator = harness.StartManager(w.t, func(context.Context) (ctrl.Manager, error) {
		mgr, err := ctrl.NewManager(cluster.OperatorConfig(), ctrl.Options{
			NewClient: w.client, Scheme: scheme, Metrics: metricsserver.Options{BindAddress: "0"}, HealthProbeBindAddress: "0",
			Cache:      cache.Options{DefaultNamespaces: map[string]cache.Config{w.Namespace: {}}},
			Controller: config.Controller{SkipNameValidation: ptr.To(true)},
		})
		if err == nil {
			w.register(mgr)
		}
		return mgr, err
	})
}

func (w *world) stop() { w.Operator.Stop(w.t) }

// client is what the operator reads and writes through.
func (w *world) client(config *rest.Config, options client.Options) (client.Client, error) {
	c, err := client.New(config, options)
	if err != nil || w.wrap == nil {
		return c, err
	}
	return w.wrap(c), nil
}

// register is what controllers.Setup does for the move half.
func (w *world) register(mgr manager.Manager) {
	w.t.Helper()
	pace := outcome.Pace(speed)
	live := secrets.Live{Reader: mgr.GetAPIReader()}
	frozen, err := freeze.New(w.t.Context(), mgr.GetAPIReader(), w.Namespace, false)
	if err != nil {
		w.t.Fatal(err)
	}
	publisher := &status.Publisher{Freeze: frozen, Client: mgr.GetClient(), Recorder: mgr.GetEventRecorder("avs-operator"), Pace: pace}
	w.vcenters = vcenters.New(vcenters.Options{
		Client: mgr.GetClient(), Live: live, Pace: pace, UserAgent: "avs-operator/test", WrapTransport: w.wire, Watcher: vcenter.WatcherOptions{Most: w.most},
		MayWrite: func() error {
			w.mu.Lock()
			defer w.mu.Unlock()
			if w.mayWrite != nil {
				return w.mayWrite()
			}
			return nil
		},
	})
	turns := dispatch.New(dispatch.Options{Client: mgr.GetClient(), VCenters: w.vcenters, Pace: pace})
	errs := []error{
		dispatch.IndexInFlight(w.t.Context(), mgr.GetFieldIndexer()),
		mgr.Add(manager.RunnableFunc(w.vcenters.Run)),
		mgr.Add(frozen),
		(&vcenters.Reconciler{Client: mgr.GetClient(), VCenters: w.vcenters, Publisher: publisher, Pace: pace}).SetupWithManager(mgr),
		(&machine.Reconciler{
			Client: mgr.GetClient(), Live: mgr.GetAPIReader(), VCenters: w.vcenters, Turns: turns, Publisher: publisher, Pace: pace,
		}).SetupWithManager(mgr, turns.Source()),
	}
	if err := errors.Join(errs...); err != nil {
		w.t.Fatal(err)
	}
}

// restart stops the operator and starts a new one, which knows only what the API server and the vCenters know.
func (w *world) restart() {
	w.t.Helper()
	w.stop()
	w.start()
}

// add adds a machine to the source.
func (w *world) add(m vcentersim.MachineSpec) vcentersim.MachineState {
	w.t.Helper()
	if m.Folder == "" {
		m.Folder = "Finance"
	}
	if m.Networks == nil {
		m.Networks = []string{"VLAN-120"}
	}
	if m.DiskGB == nil {
		m.DiskGB = []int{40, 8}
	}
	if _, err := w.Source.AddMachine(m); err != nil {
		w.t.Fatal(err)
	}
	state := find(w.Source, m.Name)
	if state == nil {
		w.t.Fatalf("%s is not at the source after it was added", m.Name)
	}
	return *state
}

// find is the truth about a machine at a vCenter, nil if it is not there.
func find(v *vcentersim.VCenter, name string) *vcentersim.MachineState {
	for _, m := range v.Machines() {
		if m.Name == name {
			return &m
		}
	}
	return nil
}

// picture is a vCenter as the operator sees it.
func (w *world) picture(name string) (*vcenter.Inventory, *vcenters.Connected) {
	w.t.Helper()
	var got *vcenters.Connected
	cluster.Eventually(w.t, 30*time.Second, "vCenter "+name+" to be connected", func(ctx context.Context) error {
		c, o := w.vcenters.Get(ctx, w.Namespace, name)
		if o != nil {
			return errors.New(o.Message)
		}
		got = c
		return nil
	})
	return got.Watcher.Inventory(), got
}

// planned is a move of a machine with every choice made, as a programme would make it.
func (w *world) planned(m vcentersim.MachineState, method v1alpha1.MoveMethod) *v1alpha1.VirtualMachineMove {
	w.t.Helper()
	_, source := w.picture("oslo")
	at, _ := w.picture("weu")
	machines, err := source.Client.FindMachine(w.t.Context(), m.InstanceUUID)
	if err != nil || len(machines) != 1 {
		w.t.Fatalf("Reading %s: %v, %d found", m.Name, err, len(machines))
	}
	details, err := source.Client.Details(w.t.Context(), []string{machines[0].Ref})
	if err != nil || len(details) != 1 {
		w.t.Fatalf("Reading %s: %v", m.Name, err)
	}
	pool := at.ClustersByName("Cluster-1")[0]
	store, network := at.DatastoresByName("vsanDatastore")[0], at.NetworksByName("finance-web")[0]
	folder := at.FolderByPath("/SDDC-Datacenter/vm/Workloads")
	spec := v1alpha1.VirtualMachineMoveSpec{
		Machine: v1alpha1.MachineIdentity{Name: m.Name, InstanceUUID: m.InstanceUUID, BIOSUUID: m.BIOSUUID},
		Source: v1alpha1.MachineSource{
			VCenterRef: v1alpha1.ObjectReference{Name: "oslo"}, VCenterInstanceUUID: w.Source.InstanceUUID(), Folder: m.Folder, PowerState: m.PowerState,
		},
		Target: v1alpha1.MachineTarget{
			VCenterRef: v1alpha1.ObjectReference{Name: "weu"}, VCenterInstanceUUID: w.Target.InstanceUUID(),
			Cluster: v1alpha1.InventoryReference{Ref: pool.Ref, Name: pool.Name}, ResourcePool: v1alpha1.InventoryReference{Ref: pool.ResourcePool},
			Folder: v1alpha1.InventoryReference{Ref: folder.Ref, Name: folder.Path}, Datastore: v1alpha1.InventoryReference{Ref: store.Ref, Name: store.Name},
		},
		Method: method,
	}
	for _, disk := range details[0].Disks {
		spec.Bytes += disk.CapacityBytes
		spec.Target.Disks = append(spec.Target.Disks, v1alpha1.DiskPlacement{
			Key: disk.Key, CapacityBytes: disk.CapacityBytes, Datastore: v1alpha1.InventoryReference{Ref: store.Ref, Name: store.Name},
		})
	}
	for _, nic := range details[0].NICs {
		spec.Target.NetworkAdapters = append(spec.Target.NetworkAdapters, v1alpha1.NetworkAdapterPlacement{
			Key: nic.Key, MACAddress: nic.MAC, SourceNetwork: nic.NetworkName, Network: v1alpha1.InventoryReference{Ref: network.Ref, Name: network.Name},
		})
	}
	w.made++
	return &v1alpha1.VirtualMachineMove{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.Namespace, Name: fmt.Sprintf("%s-%d", m.Name, w.made)}, Spec: spec,
	}
}

// programme makes a WorkloadMove that owns moves; no reconciler of it runs here, so the test says what it wants.
func (w *world) programme(name string, state v1alpha1.MoveState) *v1alpha1.WorkloadMove {
	w.t.Helper()
	programme := harness.WorkloadMove(w.Namespace, name, state)
	cluster.Create(w.t, programme)
	w.observed(programme)
	return programme
}

// observed says in the programme's status what its reconciler would say once it has planned.
func (w *world) observed(programme *v1alpha1.WorkloadMove) {
	w.t.Helper()
	cluster.PatchStatus(w.t, programme, fmt.Sprintf(`{"status":{"observedGeneration":%d}}`, programme.Generation))
}

// owned makes a move a child of a programme.
func owned(m *v1alpha1.VirtualMachineMove, by *v1alpha1.WorkloadMove) *v1alpha1.VirtualMachineMove {
	m.Labels = map[string]string{v1alpha1.LabelMove: by.Name}
	m.OwnerReferences = []metav1.OwnerReference{*metav1.NewControllerRef(by, v1alpha1.GroupVersion.WithKind("WorkloadMove"))}
	return m
}

// want changes what a programme wants.
func (w *world) want(programme *v1alpha1.WorkloadMove, state v1alpha1.MoveState) {
	w.t.Helper()
	cluster.Patch(w.t, programme, fmt.Sprintf(`{"spec":{"state":%q}}`, state))
	w.observed(programme)
}

// reach waits until the move is at a step.
func (w *world) reach(m *v1alpha1.VirtualMachineMove, steps ...v1alpha1.MoveStep) {
	w.t.Helper()
	cluster.WaitFor(w.t, time.Minute, m, fmt.Sprintf("one of the steps %v", steps), func() error {
		if slices.Contains(steps, m.Status.Step) {
			return nil
		}
		return fmt.Errorf("the step is %q, progress %d, task %+v", m.Status.Step, m.Status.Progress, m.Status.Task)
	})
}

func lacksFinalizer(m *v1alpha1.VirtualMachineMove) error {
	if len(m.Finalizers) > 0 {
		return fmt.Errorf("it has the finalizers %v", m.Finalizers)
	}
	return nil
}
