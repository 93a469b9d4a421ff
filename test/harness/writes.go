// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/azure/kind"
	"github.com/avs-operator/avs-operator/test/armsim"
)

// NoVCenters leaves private clouds without a live vCenter: they are cheaper.
func NoVCenters(c *armsim.Config) { c.NoVCenters = true }

// LiveVCenters gives each private cloud a vCenter that answers.
func LiveVCenters(c *armsim.Config) { c.NoVCenters = false }

// Quickly makes operations as short as lets one see them at a speed of 3600.
func Quickly(c *armsim.Config) {
	c.Durations = armsim.Durations{
		CreatePrivateCloud: exactly(30 * time.Minute), DeletePrivateCloud: exactly(20 * time.Minute),
		CreateCluster: exactly(15 * time.Minute), DeleteCluster: exactly(10 * time.Minute),
		AddHosts: exactly(10 * time.Minute), RemoveHosts: exactly(10 * time.Minute),
		Update: exactly(3 * time.Minute), Rotate: exactly(5 * time.Minute), Network: exactly(time.Minute),
		DeployHCX: exactly(10 * time.Minute), RunScript: exactly(2 * time.Minute),
	}
	c.RetryAfter = 10 * time.Second
}

func exactly(d time.Duration) armsim.Span { return armsim.Span{Min: d, Max: d} }

// Cluster is a cluster of the private cloud weu.
func Cluster(namespace, name string, size int32) *v1alpha1.Cluster {
	return &v1alpha1.Cluster{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec:       v1alpha1.ClusterSpec{PrivateCloudRef: v1alpha1.ParentReference{Name: "weu"}, SKU: "av36p", ClusterSize: ptr.To(size)},
	}
}

// Confirmed lets an object be deleted in Azure.
func Confirmed[T kind.Object](object T) T {
	object.AzureSpec().DeletionPolicy = v1alpha1.DeletionPolicyDelete
	object.SetAnnotations(map[string]string{v1alpha1.AnnotationConfirmDelete: object.GetName(), v1alpha1.AnnotationConfirmMachines: object.GetName()})
	return object
}

// Set changes a resource in Azure as somebody in the portal would, without the time that it takes.
func (a *Azure) Set(t testing.TB, id string, patch map[string]any) {
	t.Helper()
	if err := a.SetInAzure(id, patch); err != nil {
		t.Fatal(err)
	}
}

// At is a value of a resource in Azure; nil if there is none.
func (a *Azure) At(id string, path ...string) any {
	body, ok := a.Resource(id)
	if !ok {
		return nil
	}
	var here any = body
	for _, part := range path {
		inner, _ := here.(map[string]any)
		here = inner[part]
	}
	return here
}

// Writes are the requests that changed, or were to change, something in Azure. Of actions only rotations count.
func (a *Azure) Writes() []armsim.Request {
	return slices.DeleteFunc(a.Requests(), func(r armsim.Request) bool {
		rotates := r.Method == http.MethodPost && strings.Contains(strings.ToLower(r.Path), "/rotate")
		return !rotates && r.Method != http.MethodPut && r.Method != http.MethodPatch && r.Method != http.MethodDelete
	})
}

// Taken are the writes that Azure did not refuse.
func (a *Azure) Taken() []armsim.Request {
	return slices.DeleteFunc(a.Writes(), func(r armsim.Request) bool { return r.Status/100 != 2 })
}

// Shown are requests in short, as "PUT privateclouds/weu".
func Shown(requests []armsim.Request) []string {
	var out []string
	for _, r := range requests {
		_, path, _ := strings.Cut(r.Path, "microsoft.avs/")
		out = append(out, r.Method+" "+path)
	}
	return out
}

// SameWrites fails the test unless exactly the wanted writes were sent, in their order.
func SameWrites(t testing.TB, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("written to Azure:\n  %s\nwant:\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

// lastWrites are the last few writes, for a failure.
func (a *Azure) lastWrites() string {
	writes := a.Writes()
	var lines strings.Builder
	for _, r := range writes[max(0, len(writes)-20):] {
		lines.WriteString("\n  " + r.At.Format("15:04:05.000") + " " + Shown([]armsim.Request{r})[0] + " " + http.StatusText(r.Status))
	}
	return lines.String()
}
