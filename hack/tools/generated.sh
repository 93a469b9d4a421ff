#!/usr/bin/env bash
# Copyright The avs-operator Authors.
# SPDX-License-Identifier: Apache-2.0
#
# Prints the checksum of every generated file, so that two runs around make generate show what it changed. It looks at
# the working tree and not at git, so that a change that is not committed yet is no drift.
set -euo pipefail
cd "$(dirname "$0")/../.."
{
  echo PROJECT
  find api config controllers docs -type f \( -name 'zz_generated*' -o -path 'config/crd/*' -o -path docs/reference.md -o -path docs/reasons.md -o -path docs/metrics.md \) 2> /dev/null || true
  echo config/argocd/kustomization.yaml
  echo config/namespaced/watched/role.yaml
  find config/rbac -name 'role*.yaml' -o -name 'editor_role.yaml' -o -name 'viewer_role.yaml' 2> /dev/null || true
} | LC_ALL=C sort | xargs -r sha256sum
