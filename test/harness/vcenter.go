// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"context"
	"fmt"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/test/vcentersim"
)

// StartVCenter starts a simulated vCenter for the length of the test.
func StartVCenter(t testing.TB, config vcentersim.Config) *vcentersim.VCenter {
	t.Helper()
	v, err := vcentersim.Start(context.WithoutCancel(t.Context()), config)
	if err != nil {
		t.Fatalf("Starting the vCenter simulator: %v", err)
	}
	t.Cleanup(v.Close)
	return v
}

// StartVCenter starts a vCenter at the world's speed and declares it by a name.
func (w *World) StartVCenter(t testing.TB, name string, config vcentersim.Config) *vcentersim.VCenter {
	t.Helper()
	config.Speed = w.Speed
	v := StartVCenter(t, config)
	w.Declare(t, name, v)
	return v
}

// Declare makes the objects that the operator knows a vCenter by: the Secret of its account, and the VCenter, which change adjusts.
func (w *World) Declare(t testing.TB, name string, v *vcentersim.VCenter, change ...func(*v1alpha1.VCenter)) *v1alpha1.VCenter {
	t.Helper()
	w.Account(t, name, v.Username(), v.Password())
	object := &v1alpha1.VCenter{
		ObjectMeta: w.Meta(name),
		Spec: v1alpha1.VCenterSpec{
			URL: v.URL(), CredentialsRef: &v1alpha1.CredentialsReference{Name: name}, Trust: &v1alpha1.VCenterTrust{Thumbprint: v.Thumbprint()},
		},
	}
	for _, f := range change {
		f(object)
	}
	w.Cluster.Create(t, object)
	return object
}

// Account makes or replaces a Secret with an account.
func (w *World) Account(t testing.TB, name, username, password string) {
	t.Helper()
	secret := &corev1.Secret{ObjectMeta: w.Meta(name), Type: corev1.SecretTypeBasicAuth, StringData: map[string]string{"username": username, "password": password}}
	err := w.Cluster.Admin.Create(t.Context(), secret)
	if apierrors.IsAlreadyExists(err) {
		w.Cluster.Patch(t, secret, fmt.Sprintf(`{"stringData":{"username":%q,"password":%q}}`, username, password))
	} else if err != nil {
		t.Fatalf("Creating Secret %s: %v", name, err)
	}
}

// OnPremises is the vCenter that machines move from.
func OnPremises() vcentersim.Config {
	return vcentersim.Config{Layout: vcentersim.OnPremises, Name: "Oslo"}
}

// StartVCenters starts and declares the two vCenters of a move: oslo on premises, and weu as of a private cloud. change adjusts them.
func (w *World) StartVCenters(t testing.TB, change func(source, target *vcentersim.Config)) {
	t.Helper()
	source, target := OnPremises(), vcentersim.Config{Layout: vcentersim.AVS, PortGroups: []string{"finance-web"}}
	if change != nil {
		change(&source, &target)
	}
	w.Source, w.Target = w.StartVCenter(t, "oslo", source), w.StartVCenter(t, "weu", target)
}

// WorkloadMove moves the machines in the folder Finance from oslo to weu, into the one cluster that is there.
func WorkloadMove(namespace, name string, state v1alpha1.MoveState) *v1alpha1.WorkloadMove {
	return &v1alpha1.WorkloadMove{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec: v1alpha1.WorkloadMoveSpec{
			State:  state,
			Source: v1alpha1.MoveSource{VCenterRef: v1alpha1.ObjectReference{Name: "oslo"}},
			Target: v1alpha1.MoveTarget{VCenterRef: v1alpha1.ObjectReference{Name: "weu"}, Cluster: "Cluster-1",
				Folder: "/SDDC-Datacenter/vm/Workloads", Datastore: "vsanDatastore"},
			Select:   []v1alpha1.MachineSelector{{Folder: "/Oslo/vm/Finance"}},
			Networks: []v1alpha1.NameMapping{{From: "VLAN-120", To: "finance-web"}},
		},
	}
}

// Calls counts the calls of a SOAP method that a vCenter got.
func Calls(v *vcentersim.VCenter, method string) int {
	n := 0
	for _, r := range v.Requests() {
		if r.Method == method {
			n++
		}
	}
	return n
}

// Called fails the test unless a vCenter got so many calls of a SOAP method.
func Called(t testing.TB, v *vcentersim.VCenter, method string, want int) {
	t.Helper()
	if n := Calls(v, method); n != want {
		t.Errorf("%s was called %d times, want %d", method, n, want)
	}
}
