// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build !race

package vcentersim_test

// raceDetector slows everything several times over, so limits in milliseconds mean nothing under it.
const raceDetector = false
