// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"time"

	"github.com/avs-operator/avs-operator/controllers/azure/kind"
)

// How long operations take, by what they do. The lane of the private cloud stands still until the end of one is seen.
var (
	// hostsExpected is adding hosts: 30 to 45 minutes each, all of one request in parallel.
	hostsExpected = kind.Expectation{Soonest: 20 * time.Minute, Latest: 90 * time.Minute, Fine: 30 * time.Second}
	// updateExpected is what changes no hosts.
	updateExpected = kind.Expectation{Soonest: 100 * time.Second, Latest: 8 * time.Minute, Fine: 15 * time.Second}
	// hcxExpected is installing HCX.
	hcxExpected = kind.Expectation{Soonest: 20 * time.Minute, Latest: 35 * time.Minute, Fine: time.Minute}
	// networkExpected is what changes an object of NSX.
	networkExpected = kind.Expectation{Soonest: 20 * time.Second, Latest: 90 * time.Second, Fine: 2 * time.Second}
)
