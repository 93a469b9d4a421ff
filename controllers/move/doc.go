// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package move holds the two reconcilers of workload moves. A WorkloadMove (programme*.go) is planned and makes one VirtualMachineMove a
// machine; a VirtualMachineMove (machine*.go) is taken through the steps of its machine. The dispatcher between them lets machines start so
// that vCenter's limits hold on both sides.
package move
