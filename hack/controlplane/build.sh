#!/usr/bin/env bash
# Copyright The avs-operator Authors.
# SPDX-License-Identifier: Apache-2.0
#
# Builds etcd, kube-apiserver, kube-controller-manager and kubectl from Go modules into a cache that is keyed by their
# versions, so that tests need no download but the module proxy. What is there already is not built again.
#
#   build.sh         build what is missing, then print the directory
#   build.sh --dir   print the directory alone
#
# A directory in KUBEBUILDER_ASSETS comes first: what it holds is never built. Distributions of it lack
# kube-controller-manager, and that one alone is then built into the cache.
set -euo pipefail
cd "$(dirname "$0")"

# version MODULE_DIR MODULE: the version that a go.mod here requires.
version() {
  awk -v module="$2" '($1 == module) { print $2; exit } ($1 == "require" && $2 == module) { print $3; exit }' "$1/go.mod"
}

kubernetes=$(version kubernetes k8s.io/kubernetes)
etcd=$(version etcd go.etcd.io/etcd/server/v3)
cache="${AVS_OPERATOR_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/avs-operator}"
dir="$cache/controlplane/$kubernetes-etcd${etcd#v}"

if [[ "${1:-}" == --dir ]]; then
  echo "${KUBEBUILDER_ASSETS:-$dir}"
  exit
fi

# build MODULE_DIR NAME PACKAGE [LDFLAGS]: builds one command unless it is there. The binary appears under its name only
# when it is whole: a build that was interrupted, or two at once, must not leave half a file that later runs.
build() {
  local module=$1 name=$2 package=$3 ldflags="-s -w ${4:-}"
  if [[ -n "${KUBEBUILDER_ASSETS:-}" && -x "$KUBEBUILDER_ASSETS/$name" ]] || [[ -x "$dir/$name" ]]; then
    return
  fi
  echo "Building $name (the first time takes minutes)" >&2
  mkdir -p "$dir"
  # The compiler collects garbage less often: a sixth less time, for memory that a build machine has.
  (cd "$module" && GOGC="${GOGC:-400}" go build -ldflags "$ldflags" -o "$dir/.$name.$$" "$package")
  mv "$dir/.$name.$$" "$dir/$name"
}
trap 'rm -f "$dir"/.*.$$' EXIT

stamp="-X k8s.io/component-base/version.gitVersion=$kubernetes"
build etcd etcd go.etcd.io/etcd/server/v3
build kubernetes kube-apiserver k8s.io/kubernetes/cmd/kube-apiserver "$stamp"
build kubernetes kube-controller-manager k8s.io/kubernetes/cmd/kube-controller-manager "$stamp"
build kubernetes kubectl k8s.io/kubernetes/cmd/kubectl "$stamp"
echo "${KUBEBUILDER_ASSETS:-$dir}"
