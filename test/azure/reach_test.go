// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/azure/kind"
	"github.com/avs-operator/avs-operator/test/armsim"
	"github.com/avs-operator/avs-operator/test/env"
	"github.com/avs-operator/avs-operator/test/harness"
)

// Two private clouds, an authorization at the second circuit of one and the connection of the other to it come in one apply, in the worst order,
// and all end Ready without an edit and without a refusal.
func TestGlobalReachBetweenTwoPrivateCloudsIsOneApply(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fast)
	of := func(name string) metav1.ObjectMeta { return metav1.ObjectMeta{Namespace: w.Namespace, Name: name} }
	reach := &v1alpha1.GlobalReachConnection{ObjectMeta: of("to-neu"), Spec: v1alpha1.GlobalReachConnectionSpec{
		PrivateCloudRef: v1alpha1.ParentReference{Name: "weu"}, Circuit: "Primary",
		Peer: &v1alpha1.GlobalReachPeer{PrivateCloudRef: v1alpha1.ParentReference{Name: "neu"}, Circuit: "Secondary",
			AuthorizationRef: &v1alpha1.ObjectReference{Name: "from-weu"}},
	}}
	key := &v1alpha1.ExpressRouteAuthorization{ObjectMeta: of("from-weu"), Spec: v1alpha1.ExpressRouteAuthorizationSpec{
		PrivateCloudRef: v1alpha1.ParentReference{Name: "neu"}, Circuit: "Secondary", SecretName: "from-weu",
	}}
	neu := harness.PrivateCloud(w.Namespace, "neu")
	neu.Spec.NetworkBlock, neu.Spec.ManagementCluster.ClusterSize, neu.Spec.Availability = "10.180.0.0/22", 6, &v1alpha1.Availability{Strategy: "DualZone"}
	weu := harness.PrivateCloud(w.Namespace, "weu")
	cluster.Create(t, reach, key, neu, weu)
	for _, object := range []kind.Object{weu, neu, key, reach} {
		cluster.WaitReady(t, object)
	}
	issued := string(w.exported(t, "from-weu").Data["expressRouteAuthorizationKey"])
	for path, want := range map[string]string{
		"authorizationKey": issued, "peerExpressRouteCircuit": neu.Status.SecondaryCircuit.ExpressRouteID, "expressRouteId": weu.Status.Circuit.ExpressRouteID,
	} {
		if got := w.InAzure("/globalReachConnections/to-neu", "properties", path); got != want || want == "" {
			t.Errorf("%s is %v, want %v", path, got, want)
		}
	}
	if reach.Status.CircuitConnectionStatus != "Connected" ||
		!strings.HasPrefix(key.Status.ExpressRouteAuthorizationID, neu.Status.SecondaryCircuit.ExpressRouteID+"/") {
		t.Errorf("status: %+v, of the authorization %+v", reach.Status, key.Status)
	}
	if shown, err := json.Marshal(reach); err != nil || strings.Contains(string(shown), issued) {
		t.Errorf("the connection shows the key: %v", err)
	}
	refused := func(r armsim.Request) bool { return r.Status >= 400 && r.Status != http.StatusNotFound }
	if len(w.Azure.Writes()) != 4 || slices.ContainsFunc(w.Azure.Requests(), refused) {
		t.Errorf("%d writes, or a refusal", len(w.Azure.Writes()))
	}
}

// What does not fit is said, before anything is asked of Azure.
func TestGlobalReachSaysWhatDoesNotFit(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fast)
	of := func(name string) metav1.ObjectMeta { return metav1.ObjectMeta{Namespace: w.Namespace, Name: name} }
	in := func(name string) v1alpha1.ParentReference { return v1alpha1.ParentReference{Name: name} }
	neu := harness.PrivateCloud(w.Namespace, "neu")
	neu.Spec.NetworkBlock = "10.180.0.0/22"
	silent, own := w.key("silent", ""), w.key("own", "own")
	silent.Spec.PrivateCloudRef = in("neu")
	cluster.Create(t, harness.PrivateCloud(w.Namespace, "weu"), neu, silent, own)
	cluster.WaitReady(t, silent)
	cluster.WaitReady(t, own)
	writes := len(w.Azure.Writes())
	reach := func(name, peer, circuit, authorization string) *v1alpha1.GlobalReachConnection {
		return &v1alpha1.GlobalReachConnection{ObjectMeta: of(name),
			Spec: v1alpha1.GlobalReachConnectionSpec{PrivateCloudRef: in("weu"), Peer: &v1alpha1.GlobalReachPeer{
				PrivateCloudRef: in(peer), Circuit: circuit, AuthorizationRef: &v1alpha1.ObjectReference{Name: authorization},
			}}}
	}
	for _, one := range []struct {
		object   kind.Object
		progress string
		reason   string
		words    []string
	}{
		{reach("absent", "neu", "", "nowhere"), v1alpha1.ConditionReconciling, v1alpha1.ReasonReferenceNotFound, []string{"nowhere", "peer.authorizationRef"}},
		{reach("silent", "neu", "", "silent"), v1alpha1.ConditionStalled, v1alpha1.ReasonInvalidSpec, []string{"silent", "set its spec.secretName"}},
		{reach("wrong", "neu", "", "own"), v1alpha1.ConditionStalled, v1alpha1.ReasonInvalidSpec, []string{w.Namespace + "/weu", "peer is " + w.Namespace + "/neu"}},
		{reach("other-circuit", "neu", "Secondary", "silent"), v1alpha1.ConditionStalled, v1alpha1.ReasonInvalidSpec, []string{"another circuit", "peer.circuit"}},
		{reach("itself", "weu", "", "own"), v1alpha1.ConditionStalled, v1alpha1.ReasonInvalidSpec, []string{"itself", "peer.privateCloudRef"}},
		{&v1alpha1.ExpressRouteAuthorization{ObjectMeta: of("second"),
			Spec: v1alpha1.ExpressRouteAuthorizationSpec{PrivateCloudRef: in("neu"), Circuit: "Secondary"}},
			v1alpha1.ConditionStalled, v1alpha1.ReasonInvalidSpec, []string{w.Namespace + "/neu", "Secondary", "DualZone"}},
	} {
		cluster.Create(t, one.object)
		env.Says(t, cluster.WaitProgress(t, one.object, one.progress, one.reason), one.words...)
	}
	if len(w.Azure.Writes()) != writes {
		t.Errorf("written: %s", fmt.Sprint(w.Azure.Writes()[writes:]))
	}
	// Everybody does what the own message says.
	env.Edit(t, cluster, silent, func(k *v1alpha1.ExpressRouteAuthorization) { k.Spec.SecretName = "silent" })
	for name, change := range map[string]func(p *v1alpha1.GlobalReachPeer){
		"silent":        func(*v1alpha1.GlobalReachPeer) {},
		"wrong":         func(p *v1alpha1.GlobalReachPeer) { p.AuthorizationRef.Name = "silent" },
		"other-circuit": func(p *v1alpha1.GlobalReachPeer) { p.Circuit = "" },
		"itself":        func(p *v1alpha1.GlobalReachPeer) { p.PrivateCloudRef, p.AuthorizationRef.Name = in("neu"), "silent" },
	} {
		c := &v1alpha1.GlobalReachConnection{ObjectMeta: of(name)}
		env.Edit(t, cluster, c, func(c *v1alpha1.GlobalReachConnection) { change(c.Spec.Peer) })
		cluster.WaitReady(t, c)
	}
}
