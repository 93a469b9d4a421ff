// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/test/env"
	"github.com/avs-operator/avs-operator/test/harness"
)

// Where the hosts stand may be said as zones, or as a strategy whose zones Azure chooses. What Azure shows in the other way is no difference.
func TestZonesOfAPrivateCloud(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fast, false, func(c *v1alpha1.PrivateCloud) {
		c.Spec.ManagementCluster.ClusterSize, c.Spec.Zones = 6, []v1alpha1.Zone{"2", "1"}
	})
	chosen := harness.PrivateCloud(w.Namespace, "chosen")
	chosen.Spec.NetworkBlock, chosen.Spec.ManagementCluster.ClusterSize = "10.180.0.0/22", 6
	chosen.Spec.Availability = &v1alpha1.Availability{Strategy: "DualZone"}
	one := harness.PrivateCloud(w.Namespace, "one")
	one.Spec.NetworkBlock, one.Spec.Zones = "10.184.0.0/22", []v1alpha1.Zone{"2"}
	cluster.Create(t, chosen, one)
	cluster.WaitReady(t, chosen)
	cluster.WaitReady(t, one)
	if s := w.cloud.Status; s.SecondaryCircuit == nil || s.Availability == nil || s.Availability.Strategy != "DualZone" || s.Availability.Zone != 2 ||
		s.Availability.SecondaryZone != 1 {
		t.Errorf("with two zones: %+v", s)
	}
	if s := chosen.Status; s.SecondaryCircuit == nil || s.Availability == nil || s.Availability.Zone == 0 || s.Availability.SecondaryZone == 0 {
		t.Errorf("with zones that Azure chose: %+v", s)
	}
	if s := one.Status; s.SecondaryCircuit != nil || s.Availability == nil || s.Availability.Strategy != "SingleZone" || s.Availability.Zone != 2 {
		t.Errorf("with one zone: %+v", s)
	}
	writes := len(w.writes())
	w.Azure.Set(t, w.cloud.Status.ID, map[string]any{"zones": nil})
	w.quiet(t, writes)
	cluster.WaitReady(t, w.cloud)
	w.noneRefused(t)
}

// First passwords go out with the request that makes the private cloud, and never again. One that vCenter or NSX would not take is sent nowhere.
func TestFirstPasswordsGoOutOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fast, false)
	const vcenter, nsxt = "First-Passw0rd", "Oth3r-First-Password"
	first := &corev1.Secret{ObjectMeta: usable(w.Meta("first")), StringData: map[string]string{"vcenter": "password", "nsxt": "Sh0rt-one"}}
	cloud := harness.PrivateCloud(w.Namespace, "second")
	cloud.Spec.NetworkBlock = "10.180.0.0/22"
	cloud.Spec.Credentials = &v1alpha1.PrivateCloudCredentials{SecretName: "second-admin", Initial: &v1alpha1.InitialPasswords{
		VCenterSecretRef: &v1alpha1.SecretKeyReference{Name: "first", Key: "vcenter"}, NSXTSecretRef: &v1alpha1.SecretKeyReference{Name: "first", Key: "nsxt"},
	}}
	cluster.Create(t, first, cloud)
	cluster.WaitNotReady(t, cloud, v1alpha1.ReasonInvalidSpec, "first", `"vcenter"`, "vCenter has 8 to 20 characters", "nothing was sent")
	env.Edit(t, cluster, first, func(s *corev1.Secret) { s.Data["vcenter"] = []byte(vcenter) })
	cluster.WaitNotReady(t, cloud, v1alpha1.ReasonInvalidSpec, `"nsxt"`, "NSX has 12 to 127 characters")
	hides(t, cloud, "Sh0rt-one")
	if writes := len(w.writes()); writes != 0 {
		t.Errorf("%d writes with passwords that are refused", writes)
	}
	env.Edit(t, cluster, first, func(s *corev1.Secret) { s.Data["nsxt"] = []byte(nsxt) })
	cluster.WaitReady(t, cloud)
	if got := w.secret(t, "second-admin"); got["vcenterPassword"] != vcenter || got["nsxtPassword"] != nsxt {
		t.Errorf("the private cloud has the passwords %q and %q", got["vcenterPassword"], got["nsxtPassword"])
	}
	cluster.Delete(t, first)
	license := &corev1.Secret{ObjectMeta: usable(w.Meta("vcf")), StringData: map[string]string{"key": "vcf-s3cr3t"}}
	cluster.Create(t, license)
	env.Edit(t, cluster, cloud, func(c *v1alpha1.PrivateCloud) {
		c.Spec.Internet = "Enabled"
		c.Spec.VCFLicense = &v1alpha1.VCFLicense{LicenseTerms: v1alpha1.LicenseTerms{LicenseKeySecretRef: &v1alpha1.SecretKeyReference{Name: "vcf", Key: "key"},
			Cores: 144, EndDate: "2035-12-31"}}
	})
	cluster.Eventually(t, soon, "the licence", w.puts("second", 2))
	cluster.WaitReady(t, cloud)
	given := 0
	for _, r := range w.Azure.Requests() { // which has secrets masked
		if body := string(r.Body); strings.Contains(body, `"vcenterPassword":"`) || strings.Contains(body, `"nsxtPassword":"`) {
			given++
		}
	}
	if given != 1 {
		t.Errorf("the first passwords went out with %d requests", given)
	}
	hides(t, cloud, vcenter)
	hides(t, cloud, nsxt)
	env.Edit(t, cluster, cloud, func(c *v1alpha1.PrivateCloud) { c.Spec.Credentials.VCenterRotation = "one" })
	env.Edit(t, cluster, cloud, func(c *v1alpha1.PrivateCloud) { c.Spec.Credentials.Initial = nil })
	cluster.WaitFor(t, soon, cloud, "the word to be seen", func() error {
		if r := cloud.Status.Rotations; r == nil || r.VCenter != "one" {
			return errors.New("it is not")
		}
		return nil
	})
	env.Edit(t, cluster, cloud, func(c *v1alpha1.PrivateCloud) { c.Spec.Credentials.VCenterRotation = "two" })
	cluster.Eventually(t, soon, "another password", func(context.Context) error {
		if got := w.secret(t, "second-admin"); got["vcenterPassword"] == vcenter || got["nsxtPassword"] != nsxt {
			return fmt.Errorf("the password of NSX is as it was: %t", got["nsxtPassword"] == nsxt)
		}
		return nil
	}, cloud)
	w.noneRefused(t)
}
