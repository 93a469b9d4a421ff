// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package armsim

// Maintenance is work on a private cloud that Microsoft announces.
type Maintenance struct{ Name string }
