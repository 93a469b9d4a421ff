#!/usr/bin/env bash
# Copyright The avs-operator Authors.
# SPDX-License-Identifier: Apache-2.0
#
# Runs what the suites have about one kind of Azure: its life in the conformance suite, its rules and bounds at the API server, deaths of the operator around
# some of its writes, and the tests of test/azure/kinds that are about it. The first argument is the kind; what follows goes to go test.
set -euo pipefail
cd "$(dirname "$0")/../.."
kind=${1:-}
shift || true
# A kind of Azure has a sample and a file of its name.
known=$(find config/samples -name '*.yaml' | while read -r sample; do
  name=$(basename "$sample" .yaml)
  [[ ! -e "controllers/azure/kinds/$name.go" ]] || awk -v name="$name" '$1 == "kind:" && tolower($2) == name { print $2; exit }' "$sample"
done | LC_ALL=C sort)
if ! grep -qx "$kind" <<< "$known"; then
  echo "KIND=$kind is no kind of Azure: write one of" $known >&2
  exit 2
fi
tests=$(go run ./hack/tools/kindtests "$kind" test/azure/kinds)
# The deaths come last: a kind that does not get through its life fails in each of them for the same reason, after minutes.
go test "$@" -run "^(TestEveryKind|TestEveryRule|TestEveryBound)\$/^$kind\$" ./test/api ./test/azure/conformance
# Without SHARD a tenth of the deaths: that are one to six of each kind.
AVS_OPERATOR_SWEEP=1 SHARD=${SHARD:-1/10} go test "$@" -run "^TestCrashPoints\$/^$kind\$" ./test/azure/sweep
if [[ "$tests" == "^()$" ]]; then
  echo "test/azure/kinds has no test about $kind"
else
  go test "$@" -run "$tests" ./test/azure/kinds
fi
