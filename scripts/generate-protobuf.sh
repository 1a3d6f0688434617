#!/usr/bin/env bash
# Regenerates the protobuf C code from Sources/COnnx/onnx.proto.
# Needs Debian's protobuf-c-compiler. An argument names another output folder.
set -euo pipefail
cd "$(dirname "$0")/../Sources/COnnx"
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
protoc-c --c_out="$out" onnx.proto
target=${1:-.}
mkdir -p "$target/include"
mv "$out/onnx.pb-c.h" "$target/include/"
mv "$out/onnx.pb-c.c" "$target/"
