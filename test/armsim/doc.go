// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package armsim is a simulator of Azure: Entra ID, Azure Resource Manager and the resource provider Microsoft.AVS behind one
// HTTPS listener with its own certificate authority. Unmodified clients (azidentity, azcore, armavs, Terraform's azurerm)
// work against it as they work against a disconnected Azure cloud.
//
// It keeps its state in memory for as long as it runs, so a client may be killed and started again at any point. Time that
// stands for Azure's time (how long an operation takes, Retry-After, the refill of throttling buckets) is divided by
// Config.Speed; timestamps and token lifetimes are real.
//
// A resource type is an entry of the table in types.go: the frame (verbs.go, operations.go) knows no type by name.
package armsim
