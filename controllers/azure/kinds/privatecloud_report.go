// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"context"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
	"github.com/avs-operator/avs-operator/controllers/arm"
	"github.com/avs-operator/avs-operator/controllers/azure/guards"
	"github.com/avs-operator/avs-operator/controllers/azure/kind"
	"github.com/avs-operator/avs-operator/controllers/azure/kinds/ask"
	"github.com/avs-operator/avs-operator/controllers/azure/kinds/hosts"
	"github.com/avs-operator/avs-operator/controllers/status"
)

// privateCloudReport says what the licence is good for, and where little room is left.
func privateCloudReport(ctx context.Context, w kind.World[*v1alpha1.PrivateCloud], now time.Time) (facts []status.Fact, again time.Duration) {
	if _, there := w.Actual.Value(hosts.VCFLicense); !there {
		return []status.Fact{
			{Condition: v1alpha1.ConditionLicenseCovered}, {Condition: v1alpha1.ConditionLicenseValid}, hosts.RoomToGrow(hosts.Pools(w.Actual, nil)),
		}, 0
	}
	valid, again := licenseValid(w.Actual, now)
	clusters, err := w.List(ctx, w.ID+"/clusters")
	if err != nil {
		return []status.Fact{valid, unknownCover(err), hosts.RoomToGrow(hosts.Pools(w.Actual, nil))}, again
	}
	pools := hosts.Pools(w.Actual, clusters)
	return []status.Fact{valid, licenseCovered(ctx, w, pools), hosts.RoomToGrow(pools)}, again
}

func licenseCovered(ctx context.Context, w kind.World[*v1alpha1.PrivateCloud], pools []guards.Pool) status.Fact {
	skus, err := ask.Catalogue(ctx, w.ARM, w.ID)
	if err != nil {
		return unknownCover(err)
	}
	needed := guards.CoresOf(skus, pools)
	has, _ := hosts.License(w.Actual)
	fact := status.Fact{Condition: v1alpha1.ConditionLicenseCovered}
	switch refusal := has.Covers(needed, "vcfLicense of the PrivateCloud"); {
	case refusal == nil:
		fact.Status, fact.Reason, fact.Message = metav1.ConditionTrue, v1alpha1.ReasonLicenseCovered, has.Cover(needed)
	case refusal.Cause == guards.Unknown:
		fact.Status, fact.Reason, fact.Message = metav1.ConditionUnknown, v1alpha1.ReasonNotKnown, refusal.Message
	default:
		fact.Status, fact.Reason, fact.Message = metav1.ConditionFalse, v1alpha1.ReasonLicenseInsufficient, refusal.Message
	}
	return fact
}

func unknownCover(err error) status.Fact {
	return status.Fact{
		Condition: v1alpha1.ConditionLicenseCovered, Status: metav1.ConditionUnknown, Reason: v1alpha1.ReasonNotKnown,
		Message: ask.Unseen("whether "+hosts.NameOfVCF+" covers all hosts", err).Message,
	}
}

// licenseValid reads the end of the licence. It is a moment of the wall clock, and so is now.
func licenseValid(cloud *arm.Resource, now time.Time) (status.Fact, time.Duration) {
	fact := status.Fact{Condition: v1alpha1.ConditionLicenseValid}
	text := cloud.String(hosts.VCFLicense + "/endDate")
	ends, err := time.Parse(time.RFC3339, text)
	if err != nil {
		fact.Status, fact.Reason = metav1.ConditionUnknown, v1alpha1.ReasonNotKnown
		fact.Message = "Azure has " + text + " for the end of " + hosts.NameOfVCF + ", which is not a time"
		return fact, 0
	}
	v := guards.ValidAt(hosts.NameOfVCF, ends, now)
	fact.Status, fact.Reason, fact.Message = metav1.ConditionFalse, v1alpha1.ReasonLicenseEnding, v.Message
	if v.Valid {
		fact.Status, fact.Reason = metav1.ConditionTrue, v1alpha1.ReasonLicenseValid
	}
	return fact, v.Again
}
