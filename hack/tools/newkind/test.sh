#!/usr/bin/env bash
# Copyright The avs-operator Authors.
# SPDX-License-Identifier: Apache-2.0
#
# Shows that what make kind writes is a kind: in a copy of this checkout a kind that Azure's simulator knows is taken out, begun anew by make kind, and put
# through the conformance suite as it was written.
set -euo pipefail
cd "$(dirname "$0")/../../.."
kind=PureStoragePolicy
file=${kind,,}

copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
git ls-files -co --exclude-standard -z | while IFS= read -r -d '' path; do
  [[ ! -e "$path" ]] || printf '%s\0' "$path"
done | xargs -0 cp --parents -t "$copy"
mkdir -p bin
ln -s "$PWD/bin" "$copy/bin" # tools that are built already
cd "$copy"

rm "api/v1alpha1/${file}_types.go" "controllers/azure/kinds/$file.go" "config/samples/$file.yaml"
sed -i "/register(&pureStoragePolicy),/d" controllers/azure/kinds/kinds.go
sed -i "/^- $file.yaml$/d" config/samples/kustomization.yaml
sed -i "s/;$kind//" api/v1alpha1/consent.go
sed -i "s/, \`$kind\`//" docs/guide.md
if grep -rl "$kind" api/v1alpha1 controllers config/samples --include='*.go' --include='*.yaml' | grep -v zz_generated; then
  echo "These name $kind too: make kind must write into them, or docs/kinds.md must tell of them" >&2
  exit 1
fi

make --no-print-directory kind NAME=$kind PARENT=PrivateCloud PATCH=no \
  FIELDS="storagePolicyDefinition=gold storagePoolId=/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg-storage/providers/PureStorage.Block/storagePools/pool-1"
make --no-print-directory manifests deepcopy
go test -count=1 -timeout 10m -ldflags=-w -v -run "^(TestEveryKind|TestEveryRule|TestEveryBound)\$/^$kind\$" ./test/azure/conformance ./test/api 2>&1 |
  tee test.log | grep -E '^( *--- |ok|FAIL|panic)|_test\.go:' || true
# Two packages that have passed, and the life of the kind among what they ran.
if (($(grep -c '^ok' test.log) != 2)) || ! grep -q -- "--- PASS: TestEveryKind/$kind " test.log; then
  exit 1
fi
