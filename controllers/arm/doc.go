// Copyright The avs-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package arm speaks with Azure Resource Manager (ARM) and knows nothing of Kubernetes.
//
// A Client makes single HTTP exchanges: it never sleeps on a long-running operation and never repeats a write by itself,
// because its caller records each write before it is made and must know how often it left. What went wrong is said by
// a Class, which also tells whether ARM answered at all. A Watcher lists the collections in use and tells what changed.
//
// Durations named RetryAfter, here and in errors, are in Azure's time: a caller under a scaled clock waits RetryAfter/Speed.
package arm
