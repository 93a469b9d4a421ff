// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package status

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Moment is a time of Azure's (RFC 3339) as Kubernetes keeps it, in whole seconds: else a status would differ from itself. It is nil for what is no time.
func Moment(text string) *metav1.Time {
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return nil
	}
	return &metav1.Time{Time: at.UTC().Truncate(time.Second)}
}
