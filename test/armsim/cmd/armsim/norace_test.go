// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build !race

package main

// raced says that the race detector slows this down, so that milliseconds mean nothing.
const raced = false
