#!/usr/bin/env bash
# Builds dearc and runs its main job on a real detector: statistics in, a smaller network out.
set -euo pipefail
cd "$(dirname "$0")/.."

# Bold on a terminal only.
say() { if [[ -t 1 ]]; then printf '\n\033[1m%s\033[0m\n' "$*"; else printf '\n%s\n' "$*"; fi; }
run() {
  printf '$ dearc %s\n' "$*"
  .build/release/dearc "$@"
}

./scripts/setup-system.sh
say "Building"
swift build -c release --static-swift-stdlib --product dearc
./scripts/setup-python.sh .venv Tests/Judges/requirements.txt

detector=fixtures/detector/detector.onnx
statistics=fixtures/detector/alignment.h5
head=fixtures/detector/head.safetensors
out=.build/demo
mkdir -p "$out"

say "1. A detector of generated images, trained on free photographs"
run inspect "$detector"

say "2. Close the fifth of its channels at each end of DEAR's ranking, with the head refitted to that"
run prune "$detector" --stats "$statistics" --head "$head" --emit-marked "$out/marked.onnx" \
  -o "$out/slim.onnx" --force
run prune "$detector" --stats "$statistics" --head "$head" -o "$out/slim.safetensors" --force --quiet

say "3. Let everything go that is summed with those channels, too (another network, another head)"
run prune "$detector" --stats "$statistics" --scope group --emit-marked "$out/marked-group.onnx" \
  -o "$out/slim-group.onnx" --force

say "4. onnxruntime judges: does each give the answers of the network with a gate?"
judge() {
  .venv/bin/python Tests/Judges/judge.py pair --brief "$1" "$2" \
    --case image:0:1,3,96,96 --case image:0:2,3,224,160
}
judge "$out/marked.onnx" "$out/slim.onnx"
judge "$out/marked.onnx" "$out/slim.safetensors"
judge fixtures/detector/detector-gated.onnx "$out/slim.onnx"
judge "$out/marked-group.onnx" "$out/slim-group.onnx"

say "Summary"
stat --format '%10s bytes  %n' "$detector" "$out"/slim*
echo "Next: ./scripts/test.sh runs every test; README.md explains the commands, and"
echo "fixtures/detector/README.md how good this detector is, before and after."
