// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"time"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/azure/body"
	"github.com/avs-operator/avs-operator/controllers/azure/diff"
	"github.com/avs-operator/avs-operator/controllers/azure/kind"
	"github.com/avs-operator/avs-operator/controllers/azure/lane"
	"github.com/avs-operator/avs-operator/controllers/status"
)

// +kubebuilder:rbac:groups=avs-operator.io,resources=licenses,verbs=get;list;watch;patch
// +kubebuilder:rbac:groups=avs-operator.io,resources=licenses/status,verbs=get;patch

// license is Microsoft.AVS/privateClouds/licenses.
var license = kind.Kind[*v1alpha1.License]{
	Traits: kind.Traits{
		Name: "License", Segment: "licenses", Lane: lane.Light, NoPatch: true,
		Mended:    kind.ByPUT, // without its licence the firewall stops
		Rules:     diff.Rules{Sets: []string{"/properties/labels"}, WriteOnly: []string{"/properties/licenseKey"}, IgnoreCase: []string{"/properties/kind"}},
		Immutable: []string{"/properties/kind"},
	},
	New:       func() *v1alpha1.License { return &v1alpha1.License{} },
	Parent:    func(l *v1alpha1.License) kind.Parent { return kind.Parent{PrivateCloud: &l.Spec.PrivateCloudRef} },
	Desired:   licenseDesired,
	Observe:   licenseObserve,
	AzureName: func(l *v1alpha1.License) string { return l.Spec.Kind },
	Secrets:   licenseSecrets,
	Expect:    func(arm.Verb, *v1alpha1.License) kind.Expectation { return updateExpected },
}

func licenseDesired(l *v1alpha1.License) map[string]any {
	properties := licenseTerms(&l.Spec.LicenseTerms)
	properties["kind"] = l.Spec.Kind
	return map[string]any{"properties": properties}
}

func licenseSecrets(l *v1alpha1.License) []kind.SecretValue {
	return licenseKey(&l.Spec.LicenseTerms, "/properties")
}

func licenseObserve(l *v1alpha1.License, actual *arm.Resource) {
	l.Status.License = licenseStatus(actual, "/properties")
}

// licenseTerms are a licence's fields as ARM has them, wherever it stands.
func licenseTerms(terms *v1alpha1.LicenseTerms) map[string]any {
	out := map[string]any{}
	body.Set(out, "cores", terms.Cores)
	body.Set(out, "endDate", endOf(terms.EndDate))
	body.Set(out, "broadcomSiteId", terms.BroadcomSiteID)
	body.Set(out, "broadcomContractNumber", terms.BroadcomContractNumber)
	if len(terms.Labels) > 0 {
		labels := []any{}
		for _, label := range terms.Labels {
			labels = append(labels, map[string]any{"key": label.Key, "value": label.Value})
		}
		out["labels"] = labels
	}
	return out
}

// endOf is the moment at which a licence ends: that of a day is its last second, as in Microsoft's examples.
func endOf(date string) string {
	if len(date) == len(time.DateOnly) {
		date += "T23:59:59Z"
	}
	if moment, err := time.Parse(time.RFC3339, date); err == nil {
		return moment.UTC().Format(time.RFC3339)
	}
	return date
}

// licenseKey is where a licence's key goes.
func licenseKey(terms *v1alpha1.LicenseTerms, under string) []kind.SecretValue {
	if terms.LicenseKeySecretRef == nil {
		return nil
	}
	return []kind.SecretValue{{Path: under + "/licenseKey", Ref: *terms.LicenseKeySecretRef}}
}

// licenseStatus is what users read of a licence; nil if there is none.
func licenseStatus(actual *arm.Resource, under string) *v1alpha1.LicenseTermsStatus {
	if _, ok := actual.Value(under + "/cores"); !ok {
		return nil
	}
	return &v1alpha1.LicenseTermsStatus{
		Cores:             int32(min(actual.Int(under+"/cores"), 1<<30)), //nolint:gosec // bounded
		EndDate:           status.Moment(actual.String(under + "/endDate")),
		ProvisioningState: actual.String(under + "/provisioningState"),
	}
}
