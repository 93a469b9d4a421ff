#!/usr/bin/env bash
# Copyright The avs-operator Authors.
# SPDX-License-Identifier: Apache-2.0
#
# Lists the rights of the operator's ServiceAccount, and of its identity in Azure, that no suite used, out of the files that suites wrote into the directory
# named by the first argument (see test/env). A right that nothing uses is one to take away, or a path without a test.
set -euo pipefail
shopt -s nullglob
# list KIND TITLE: out of the files of a kind, what is in none of them as used.
list() {
  local files=("$1/$2"-*.txt)
  if ((${#files[@]} == 0)); then
    echo "$3: no suite ran the operator."
    return
  fi
  awk '{ state = $1; sub(/^[a-z]+ /, "") } state == "used" { used[$0] = 1 } { all[$0] = 1 }
    END { for (right in all) if (!(right in used)) print "  " right }' "${files[@]}" | LC_ALL=C sort > "$1/unused-$2.txt"
  echo "$3: $(wc -l < "$1/unused-$2.txt")"
  cat "$1/unused-$2.txt"
}
list "$1" rights "Rights that no test used"
list "$1" actions "Actions in Azure, of the table of rights, that no test used"
