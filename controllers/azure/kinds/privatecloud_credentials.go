// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"context"
	"fmt"
	"strings"
	"unicode"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/azure/kind"
	"github.com/avs-operator/avs-operator/controllers/connect/vcenters"
)

func privateCloudOneShots(c *v1alpha1.PrivateCloud) []kind.OneShot {
	var words v1alpha1.PrivateCloudCredentials
	if c.Spec.Credentials != nil {
		words = *c.Spec.Credentials
	}
	rotations := func() *v1alpha1.Rotations {
		if c.Status.Rotations == nil {
			c.Status.Rotations = &v1alpha1.Rotations{}
		}
		return c.Status.Rotations
	}
	mirror := func(keep func(*v1alpha1.Rotations, string)) func(string) {
		return func(word string) {
			if word != "" || c.Status.Rotations != nil {
				keep(rotations(), word)
			}
		}
	}
	return []kind.OneShot{
		{Name: "rotateVcenterPassword", Annotation: v1alpha1.AnnotationVCenterRotation, Word: words.VCenterRotation, Reason: v1alpha1.ReasonRotating,
			Mirror: mirror(func(r *v1alpha1.Rotations, word string) { r.VCenter = word })},
		{Name: "rotateNsxtPassword", Annotation: v1alpha1.AnnotationNSXTRotation, Word: words.NSXTRotation, Reason: v1alpha1.ReasonRotating,
			Mirror: mirror(func(r *v1alpha1.Rotations, word string) { r.NSXT = word })},
	}
}

// firstPasswords go out with the request that makes the private cloud.
func firstPasswords(c *v1alpha1.PrivateCloud) (out []kind.SecretValue) {
	if c.Spec.Credentials == nil || c.Spec.Credentials.Initial == nil {
		return nil
	}
	first := c.Spec.Credentials.Initial
	if first.VCenterSecretRef != nil {
		out = append(out, kind.SecretValue{Path: "/properties/vcenterPassword", Ref: *first.VCenterSecretRef, Once: true, Wrong: notFor("vCenter", 8, 20)})
	}
	if first.NSXTSecretRef != nil {
		out = append(out, kind.SecretValue{Path: "/properties/nsxtPassword", Ref: *first.NSXTSecretRef, Once: true, Wrong: notFor("NSX", 12, 127)})
	}
	return out
}

// notFor says what is wrong with a password, without the password: each product's own rule, because Azure publishes none. A request that cannot
// succeed costs hours.
func notFor(product string, shortest, longest int) func(string) string {
	return func(password string) string {
		has := func(is func(rune) bool) bool { return strings.ContainsFunc(password, is) }
		special := func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsSpace(r) }
		if n := len([]rune(password)); n >= shortest && n <= longest && has(unicode.IsLower) && has(unicode.IsUpper) && has(unicode.IsDigit) &&
			has(special) && !has(unicode.IsSpace) {
			return ""
		}
		return fmt.Sprintf("a password of %s has %d to %d characters without spaces, among them a lower-case and an upper-case letter, a digit and a "+
			"special character",
			product, shortest, longest)
	}
}

// privateCloudSecret is what spec.credentials asks for; its content may change with a rotation and with the endpoints.
func privateCloudSecret(c *v1alpha1.PrivateCloud, _ *arm.Resource) (name, version string) {
	if c.Spec.Credentials == nil || c.Status.Endpoints == nil {
		return "", ""
	}
	rotations := v1alpha1.Rotations{}
	if c.Status.Rotations != nil {
		rotations = *c.Status.Rotations
	}
	e := c.Status.Endpoints
	return c.Spec.Credentials.SecretName, strings.Join([]string{rotations.VCenter, rotations.NSXT, e.VCenter, e.NSXTManager, e.HCXCloudManager}, "|")
}

func privateCloudSecretContent(ctx context.Context, w kind.World[*v1alpha1.PrivateCloud]) (map[string][]byte, error) {
	credentials, err := w.VCenters.AdminCredentials(ctx, w.ARM, w.ID)
	if err != nil {
		return nil, err
	}
	e := w.Object.Status.Endpoints
	return map[string][]byte{
		"vcenterUsername": []byte(credentials.VCenterUsername), "vcenterPassword": []byte(credentials.VCenterPassword), "vcenterURL": []byte(e.VCenter),
		"nsxtUsername": []byte(credentials.NSXTUsername), "nsxtPassword": []byte(credentials.NSXTPassword), "nsxtURL": []byte(e.NSXTManager),
		"hcxURL": []byte(e.HCXCloudManager),
	}, nil
}

// privateCloudSecretOutdated: whoever logs in to vCenter after somebody has changed its password in the portal learns the new one.
func privateCloudSecretOutdated(w kind.World[*v1alpha1.PrivateCloud], content map[string][]byte) bool {
	return w.VCenters.Outdated(w.ID, vcenters.AdminCredentials{
		VCenterUsername: string(content["vcenterUsername"]), VCenterPassword: string(content["vcenterPassword"]),
		NSXTUsername: string(content["nsxtUsername"]), NSXTPassword: string(content["nsxtPassword"]),
	})
}
