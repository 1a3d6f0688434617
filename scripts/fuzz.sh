#!/usr/bin/env bash
# Lets a fuzzer look for inputs on which a reader goes wrong; FuzzTesting/README.md says more.
# usage: fuzz.sh ONNX|Safetensors|Pictures SECONDS [LIBFUZZER-OPTION...]
#        fuzz.sh ONNX|Safetensors|Pictures minimise
#        fuzz.sh ONNX|Safetensors|Pictures replay FILE...
set -euo pipefail
cd "$(dirname "$0")/../FuzzTesting"

reader=${1:?usage: fuzz.sh ONNX|Safetensors|Pictures SECONDS|minimise|replay ...}
task=${2:?usage: fuzz.sh ONNX|Safetensors|Pictures SECONDS|minimise|replay ...}
shift 2

# The first flag has SwiftPM leave the entry point to libFuzzer; the compiler heeds only the last.
swift build -c release --product "Fuzz$reader" --sanitize=fuzzer \
  -Xswiftc -sanitize=fuzzer,address -Xcc -fsanitize=fuzzer-no-link,address \
  -Xswiftc -parse-as-library
fuzzer=.build/release/Fuzz$reader

# Each case writes files: in memory, that takes no time.
TMPDIR=$(mktemp -d -p /dev/shm)
export TMPDIR
trap 'rm -rf "$TMPDIR"' EXIT
# Swift's own report of a crash would come before libFuzzer's, and end the process.
export SWIFT_BACKTRACE=enable=no
# Some kilobytes that take this much have found something.
limits=(-max_len=16384 -timeout=15 -rss_limit_mb=2500 -malloc_limit_mb=512 -detect_leaks=0)
work=.build/fuzz/$reader
mkdir -p "$work/corpus"

case $task in
  replay) "$fuzzer" "${limits[@]}" "$@" ;;
  minimise)
    rm -rf "$work/least"
    mkdir -p "$work/least"
    "$fuzzer" "${limits[@]}" -set_cover_merge=1 -use_counters=0 \
      "$work/least" "Corpus/$reader" "$work/corpus"
    rm -rf "Corpus/$reader"
    mv "$work/least" "Corpus/$reader"
    ;;
  *)
    "$fuzzer" "${limits[@]}" -max_total_time="$task" -dict="Dictionaries/$reader.dict" \
      -artifact_prefix="$work/" -print_final_stats=1 "$@" \
      "$work/corpus" "Corpus/$reader" Findings
    ;;
esac
