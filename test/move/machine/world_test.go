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

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/config"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/connect"
	"github.com/avs-operator/avs-operator/controllers/freeze"
	"github.com/avs-operator/avs-operator/controllers/move/dispatch"
	"github.com/avs-operator/avs-operator/controllers/move/machine"
	"github.com/avs-operator/avs-operator/controllers/outcome"
	"github.com/avs-operator/avs-operator/controllers/status"
	"github.com/avs-operator/avs-operator/controllers/vcenter"
	"github.com/avs-operator/avs-operator/test/vcentersim"
)

// speed of vCenter's time in these suites.
const speed = 300

// world is two vCenters, a namespace, and an operator that may be stopped and started.
type world struct {
	t              *testing.T
	namespace      string
	source, target *vcentersim.VCenter

	mu       sync.Mutex
	vcenters *connect.VCenters
	stop     func()
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
	w := &world{t: t, namespace: cluster.Namespace(t)}
	source := vcentersim.Config{Layout: vcentersim.OnPremises, Name: "Oslo", Speed: speed}
	target := vcentersim.Config{Layout: vcentersim.AVS, Speed: speed, PortGroups: []string{"finance-web"}}
	change(&source, &target)
	w.source, w.target = w.simulate(source), w.simulate(target)
	w.declare("oslo", w.source, nil)
	w.declare("weu", w.target, nil)
	w.start()
	return w
}

func (w *world) simulate(c vcentersim.Config) *vcentersim.VCenter {
	w.t.Helper()
	v, err := vcentersim.Start(context.WithoutCancel(w.t.Context()), c)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(v.Close)
	return v
}

// declare makes a VCenter object and the Secret of its account.
func (w *world) declare(name string, v *vcentersim.VCenter, edit func(*v1alpha1.VCenter)) *v1alpha1.VCenter {
	w.t.Helper()
	w.secret(name, v.Username(), v.Password())
	object := &v1alpha1.VCenter{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: name},
		Spec: v1alpha1.VCenterSpec{
			URL: v.URL(), CredentialsRef: &v1alpha1.CredentialsReference{Name: name},
			Trust: &v1alpha1.VCenterTrust{Thumbprint: v.Thumbprint()},
		},
	}
	if edit != nil {
		edit(object)
	}
	w.create(object)
	return object
}

// secret makes or replaces a Secret with an account.
func (w *world) secret(name, username, password string) {
	w.t.Helper()
	secret := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: name}, Type: corev1.SecretTypeBasicAuth,
		StringData: map[string]string{"username": username, "password": password},
	}
	if err := cluster.Admin.Create(w.t.Context(), secret); err == nil {
		return
	}
	patch := client.RawPatch(types.MergePatchType, fmt.Appendf(nil, `{"stringData":{"username":%q,"password":%q}}`, username, password))
	if err := cluster.Admin.Patch(w.t.Context(), secret, patch); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) create(object client.Object) {
	w.t.Helper()
	if err := cluster.Admin.Create(w.t.Context(), object); err != nil {
		w.t.Fatalf("Creating %T: %v", object, err)
	}
}

// start starts an operator that looks at this namespace only; the test's end stops it.
func (w *world) start() {
	w.t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(w.t.Context()))
	mgr, err := ctrl.NewManager(cluster.OperatorConfig(), ctrl.Options{
		NewClient: w.client, Scheme: scheme, Metrics: metricsserver.Options{BindAddress: "0"}, HealthProbeBindAddress: "0",
		Cache:      cache.Options{DefaultNamespaces: map[string]cache.Config{w.namespace: {}}},
		Controller: config.Controller{SkipNameValidation: ptr.To(true)},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	w.register(mgr)
	done := make(chan error, 1)
	go func() { done <- mgr.Start(ctx) }()
	stop := sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			w.t.Errorf("The operator ended with: %v", err)
		}
	})
	w.stop = stop
	w.t.Cleanup(stop)
}

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
	live := connect.Live{Reader: mgr.GetAPIReader()}
	frozen, err := freeze.New(w.t.Context(), mgr.GetAPIReader(), w.namespace, false)
	if err != nil {
		w.t.Fatal(err)
	}
	publisher := &status.Publisher{Freeze: frozen, Client: mgr.GetClient(), Recorder: mgr.GetEventRecorder("avs-operator"), Pace: pace}
	w.vcenters = connect.NewVCenters(connect.VCentersOptions{
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
		(&connect.VCenterReconciler{Client: mgr.GetClient(), VCenters: w.vcenters, Publisher: publisher, Pace: pace}).SetupWithManager(mgr),
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
	if _, err := w.source.AddMachine(m); err != nil {
		w.t.Fatal(err)
	}
	state := find(w.source, m.Name)
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
func (w *world) picture(name string) (*vcenter.Inventory, *connect.Connected) {
	w.t.Helper()
	var got *connect.Connected
	cluster.Eventually(w.t, 30*time.Second, "vCenter "+name+" to be connected", func(ctx context.Context) error {
		c, o := w.vcenters.Get(ctx, w.namespace, name)
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
			VCenterRef: v1alpha1.ObjectReference{Name: "oslo"}, VCenterInstanceUUID: w.source.InstanceUUID(), Folder: m.Folder, PowerState: m.PowerState,
		},
		Target: v1alpha1.MachineTarget{
			VCenterRef: v1alpha1.ObjectReference{Name: "weu"}, VCenterInstanceUUID: w.target.InstanceUUID(),
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
		ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: fmt.Sprintf("%s-%d", m.Name, w.made)}, Spec: spec,
	}
}

// programme makes a WorkloadMove that owns moves; no reconciler of it runs here, so the test says what it wants.
func (w *world) programme(name string, state v1alpha1.MoveState) *v1alpha1.WorkloadMove {
	w.t.Helper()
	programme := &v1alpha1.WorkloadMove{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: name},
		Spec: v1alpha1.WorkloadMoveSpec{
			State:  state,
			Source: v1alpha1.MoveSource{VCenterRef: v1alpha1.ObjectReference{Name: "oslo"}},
			Target: v1alpha1.MoveTarget{VCenterRef: v1alpha1.ObjectReference{Name: "weu"}, Cluster: "Cluster-1",
				Folder: "/SDDC-Datacenter/vm/Workloads", Datastore: "vsanDatastore"},
			Select: []v1alpha1.MachineSelector{{Folder: "/Oslo/vm/Finance"}},
		},
	}
	w.create(programme)
	w.observed(programme)
	return programme
}

// observed says in the programme's status what its reconciler would say once it has planned.
func (w *world) observed(programme *v1alpha1.WorkloadMove) {
	w.t.Helper()
	patch := client.RawPatch(types.MergePatchType, fmt.Appendf(nil, `{"status":{"observedGeneration":%d}}`, programme.Generation))
	if err := cluster.Admin.Status().Patch(w.t.Context(), programme, patch); err != nil {
		w.t.Fatal(err)
	}
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
	patch := client.RawPatch(types.MergePatchType, fmt.Appendf(nil, `{"spec":{"state":%q}}`, state))
	if err := cluster.Admin.Patch(w.t.Context(), programme, patch); err != nil {
		w.t.Fatal(err)
	}
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

// calls counts the calls of a SOAP method that a vCenter got.
func calls(v *vcentersim.VCenter, method string) int {
	n := 0
	for _, r := range v.Requests() {
		if r.Method == method {
			n++
		}
	}
	return n
}

func lacksFinalizer(m *v1alpha1.VirtualMachineMove) error {
	if len(m.Finalizers) > 0 {
		return fmt.Errorf("it has the finalizers %v", m.Finalizers)
	}
	return nil
}
