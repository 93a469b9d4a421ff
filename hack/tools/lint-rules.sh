#!/usr/bin/env bash
# Copyright The avs-operator Authors.
# SPDX-License-Identifier: Apache-2.0
#
# Shows that the import rule in .golangci.yml bites: a pattern that matches no file is silent, and the rule is then only a
# comment. Lints a module of empty packages in which each line below is a violation, or (with =) is allowed: importer, then imported.
# GOLANGCI_LINT names the linter's binary.
set -euo pipefail
cd "$(dirname "$0")/../.."
config=$PWD/.golangci.yml
module=github.com/avs-operator/avs-operator

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
printf 'module %s\n\ngo 1.26.0\n' "$module" > go.mod

# package DIR: an empty package, unless it is there.
package() {
  mkdir -p "$1"
  [[ -e "$1/doc.go" ]] || printf 'package %s\n' "$(basename "$1" | tr -d -)" > "$1/doc.go"
}

expected=()
while read -r verdict importer imported; do
  case $imported in
    context | net/http) path=$imported ;; # the standard library's
    *)
      path=$module/$imported
      package "$imported"
      ;;
  esac
  package "$importer"
  file=$importer/${imported//\//_}.go
  printf 'package %s\n\nimport _ "%s"\n' "$(basename "$importer" | tr -d -)" "$path" > "$file"
  [[ "$verdict" == = ]] || expected+=("$file")
done << 'RULES'
! api/v1alpha1 controllers/arm/leaf
! controllers/arm controllers/status/leaf
! controllers/vcenter api/v1/leaf
= controllers/arm/deep controllers/arm/leaf
= controllers/arm controllers/text
! controllers/text controllers/arm/leaf
! controllers/text context
= controllers/metrics api/v1/leaf
! controllers/metrics controllers/azure/leaf
! controllers/metrics controllers/status/leaf
! controllers/arm controllers/metrics
! controllers/vcenter controllers/metrics
= controllers/azure controllers/metrics
= controllers/status controllers/metrics
! controllers/azure/diff context
! controllers/azure/diff api/v1/leaf
= controllers/azure/diff controllers/azure/body
! controllers/azure/guards context
! controllers/azure/guards controllers/outcome/leaf
! controllers/azure/lane controllers/arm/leaf
= controllers/azure/lane context
! controllers/connect controllers/azure/leaf
= controllers/connect controllers/azure/lane
= controllers/connect controllers/arm
! controllers/connect/secrets controllers/connect/identities/leaf
! controllers/connect/rulings controllers/connect/vcenters/leaf
! controllers/connect/dial controllers/connect/vcenters/leaf
! controllers/connect/identities controllers/connect/vcenters/leaf
! controllers/connect/vcenters controllers/azure/leaf
= controllers/connect/vcenters controllers/connect/identities
= controllers/connect/identities controllers/connect/secrets
! controllers/watch controllers/move/leaf
! controllers/outcome controllers/maintenance/leaf
! controllers/status test/leaf
! controllers/outcome controllers/ledger/leaf
! controllers/ledger controllers/azure
! controllers/ledger controllers/move/leaf
! controllers/ledger controllers/maintenance/leaf
= controllers/ledger controllers/connect
= controllers/ledger controllers/azure/lane
= controllers/maintenance controllers/ledger
! controllers/azure controllers/azure/kinds
= controllers/azure controllers/azure/lane
! controllers/azure/kinds controllers/move
! controllers/azure/kinds/deep controllers/azure
= controllers/azure/kinds controllers/azure/kind
= controllers/azure/kinds controllers/azure/tree
= controllers/azure/kinds controllers/azure/kinds/hosts
= controllers/azure/kinds/hosts controllers/azure/kinds/ask
! controllers/azure/kinds/hosts controllers/azure/kinds/leaf
! controllers/azure/kinds/hosts controllers/maintenance/leaf
! controllers/azure/kinds/ask controllers/azure/kinds/leaf
! controllers/azure/kinds/ask controllers/azure/kinds/hosts/leaf
! controllers/azure/kinds/ask/deep controllers/azure
! controllers/azure/kind/deep controllers/azure
! controllers/azure/kind controllers/azure/kinds/leaf
! controllers/azure/kind controllers/azure/tree/leaf
= controllers/azure/kind controllers/azure/diff
= controllers/azure/kind controllers/azure/body
! controllers/azure/body controllers/arm/leaf
! controllers/azure/body context
! controllers/azure/decide/deep controllers/azure
! controllers/azure/decide context
! controllers/azure/decide controllers/azure/recall
! controllers/azure/decide controllers/connect
= controllers/azure/decide controllers/azure/kind
= controllers/azure/decide controllers/status
! controllers/azure/redact net/http
! controllers/azure/recall/deep controllers/azure
! controllers/azure/hostlimit controllers/azure/kinds/leaf
= controllers/azure/hostlimit controllers/azure/decide
! controllers/azure/tree/deep controllers/azure
! controllers/azure/tree controllers/azure/kinds/leaf
= controllers/azure/tree controllers/azure/kind
! controllers/move controllers/maintenance/leaf
= controllers/move controllers/move/plan
! controllers/move/workload controllers/maintenance/leaf
! controllers/move/workload controllers/move
! controllers/move/workload controllers/move/movers/cold
= controllers/move/workload controllers/move/machine
! controllers/move/machine controllers/move/workload/leaf
! controllers/move/machine controllers/azure/kinds
= controllers/move/machine controllers/move/dispatch
= controllers/move/machine controllers/move/movers/cold
! controllers/move/dispatch controllers/move/machine/leaf
! controllers/move/dispatch controllers/move/workload/leaf
= controllers/move/dispatch controllers/move/schedule
! controllers/move/plan controllers/move/dispatch/leaf
! controllers/move/movers controllers/move/machine/leaf
! controllers/move/plan net/http
! controllers/move/plan controllers/azure/leaf
! controllers/move/schedule context
! controllers/move/schedule controllers/vcenter/leaf
= controllers/move/schedule controllers/move/method
! controllers/move/method context
! controllers/move/method controllers/vcenter/leaf
! controllers/move/verify net/http
! controllers/move/explain context
! controllers/move/explain controllers/azure/leaf
! controllers/move/movers/cold controllers/azure/leaf
! controllers/maintenance hack/leaf
! controllers/maintenance controllers/azure/kinds
= controllers/maintenance controllers/azure/lane
! controllers/maintenance/windows context
! controllers/maintenance/windows api/v1/leaf
! controllers/maintenance/windows controllers/arm/leaf
! controllers test/leaf
= controllers controllers/azure/kinds
! test/armsim controllers/arm/leaf
= test/armsim test/vcentersim/leaf
! test/vcentersim test/armsim/leaf
! test/env controllers/arm/leaf
! hack/controlplane api/v1/leaf
RULES

found=$("$GOLANGCI_LINT" run --allow-parallel-runners --config "$config" --enable-only depguard --max-issues-per-linter 0 --max-same-issues 0 ./... 2>&1 || true)
if ! diff <(printf '%s\n' "${expected[@]}" | LC_ALL=C sort) \
  <(sed -n "s|^.*$(basename "$work")/\([^ :]*\.go\):.*(depguard)\$|\1|p" <<< "$found" | LC_ALL=C sort -u); then
  grep typecheck <<< "$found" >&2 || true
  echo "The import rule is not held as written: < must be refused and is not, > is refused and must not be" >&2
  exit 1
fi
echo "The import rule refuses all ${#expected[@]} violations"

# The same of rules about names, switches and the length of lines: each line that ends in a linter's name is one that this linter must refuse, and it alone.
mkdir style
cat > style/style.go << 'CODE'
package style

type colour string

const (
	red   colour = "red"
	green colour = "green"
)

func word(c colour) string {
	switch c { // exhaustive
	case red:
		return "rot"
	}
	switch c {
	case green:
		return "vert"
	default:
		return ""
	}
}

func size(len int) int { return len } // predeclared
CODE
long=$(printf 'x%.0s' {1..148})
printf '\n%s\n' "const b = \"$long\"" "const c = \"$long\" // lll" "// +kubebuilder:$long" >> style/style.go
found=$("$GOLANGCI_LINT" run --allow-parallel-runners --config "$config" --enable-only exhaustive,lll,predeclared ./style 2>&1 || true)
if ! diff <(sed -n '=; s|.*// \([a-z]*\)$|\1|p' style/style.go | awk '/^[0-9]+$/ { line = $1; next } /^(exhaustive|lll|predeclared)$/ { print line, $1 }' | sort -n) \
  <(sed -n 's|^.*style\.go:\([0-9]*\):.*(\([a-z]*\))$|\1 \2|p' <<< "$found" | sort -n); then
  echo "The rules of style are not held as written: < must be refused and is not, > is refused and must not be" >&2
  exit 1
fi
echo "The rules about switches, names and lines refuse what they should"
