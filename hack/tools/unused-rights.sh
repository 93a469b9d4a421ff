#!/usr/bin/env bash
# Copyright The avs-operator Authors.
# SPDX-License-Identifier: Apache-2.0
#
# Lists the rights of the operator's ServiceAccount that no suite used, out of the files that suites wrote into the directory
# named by the first argument (see test/env). A right that nothing uses is one to take away, or a path without a test.
set -euo pipefail
shopt -s nullglob
files=("$1"/rights-*.txt)
if ((${#files[@]} == 0)); then
  echo "No suite ran the operator."
  exit
fi
awk '{ state = $1; sub(/^[a-z]+ /, "") } state == "used" { used[$0] = 1 } { all[$0] = 1 }
  END { for (right in all) if (!(right in used)) print "  " right }' "${files[@]}" | LC_ALL=C sort > "$1/unused.txt"
echo "Rights that no test used: $(wc -l < "$1/unused.txt")"
cat "$1/unused.txt"
