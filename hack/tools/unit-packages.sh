#!/usr/bin/env bash
# Copyright The avs-operator Authors.
# SPDX-License-Identifier: Apache-2.0
#
# Prints the packages whose tests need no control plane: whatever imports hack/controlplane, itself or through others, starts one, or may.
set -euo pipefail
cd "$(dirname "$0")/../.."
plane=$(go list ./hack/controlplane)
go list -test -f '{{if .ForTest}}{{.ForTest}} {{join .Deps " "}}{{end}}' ./... | awk -v plane="$plane" '
  { all[$1] = 1; for (i = 1; i <= NF; i++) if ($i == plane) needs[$1] = 1 }
  END { for (package in all) if (!(package in needs)) print package }' | LC_ALL=C sort
