// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package machine

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/avs-operator/avs-operator/api/v1alpha1"
)

func TestTheOldestClaimHolds(t *testing.T) {
	at := func(name string, second int, uid string, step v1alpha1.MoveStep) v1alpha1.VirtualMachineMove {
		m := v1alpha1.VirtualMachineMove{ObjectMeta: metav1.ObjectMeta{
			Name: name, UID: types.UID(uid), CreationTimestamp: metav1.NewTime(time.Unix(int64(second), 0)),
		}}
		m.Spec.Source.VCenterInstanceUUID, m.Spec.Machine.InstanceUUID, m.Status.Step = "V", "M", step
		return m
	}
	other := at("other machine", 0, "0", "")
	other.Spec.Machine.InstanceUUID = "N"
	all := []v1alpha1.VirtualMachineMove{
		at("youngest", 9, "c", ""), at("ended", 1, "d", v1alpha1.MoveStepFailed), at("second", 5, "b", ""), at("first", 5, "a", v1alpha1.MoveStepBlocked), other,
	}
	for me, want := range map[string]string{"youngest": "first", "second": "first", "first": "", "other machine": ""} {
		for i := range all {
			if all[i].Name != me {
				continue
			}
			holder := (&scope{move: &all[i]}).holder(all)
			if got := nameOf(holder); got != want {
				t.Errorf("%s: the holder is %q, want %q", me, got, want)
			}
		}
	}
}

func nameOf(m *v1alpha1.VirtualMachineMove) string {
	if m == nil {
		return ""
	}
	return m.Name
}
