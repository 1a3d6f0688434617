#!/usr/bin/env bash
# Installs what the tests need, builds, lints, and runs every test.
set -euo pipefail
cd "$(dirname "$0")/.."

timings=()
stage() {
  local name=$1
  shift
  printf '\n== %s\n' "$name"
  local start=$SECONDS
  "$@"
  timings+=("$(printf '%5d s  %s' $((SECONDS - start)) "$name")")
}

stage "system packages" ./scripts/setup-system.sh tests
stage "Python judges" ./scripts/setup-python.sh .venv Tests/Judges/requirements.txt
stage "Ray" ./scripts/setup-python.sh .venv-ray scripts/cluster/requirements.txt
stage "format" swift format lint --strict -r Sources Tests Package.swift FuzzTesting
stage "debug build" swift build --build-tests
stage "release build" swift build -c release --static-swift-stdlib --product dearc

# The command-line tests run the program that people will run: the release build.
export DEARC_BINARY="$PWD/.build/release/dearc"
export DEARC_PYTHON="$PWD/.venv/bin/python"
export DEARC_RAY_PYTHON="$PWD/.venv-ray/bin/python"
export DEARC_RANDOM_GRAPHS=2500
stage "tests" swift test --skip-build

printf '\nTime per stage:\n'
printf '%s\n' "${timings[@]}"
