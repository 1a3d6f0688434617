#!/usr/bin/env bash
# Builds dearc and runs its main job on a real detector: pictures in, a smaller network out.
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

specimen=fixtures/detector
detector=$specimen/detector.onnx
out=.build/demo
rm -rf "$out"
mkdir -p "$out"

say "1. A detector of generated images, trained on free photographs"
run inspect "$detector"

say "2. How closely does each channel follow what was inpainted? 128 pictures and their masks tell"
run dissect "$detector" --images $specimen/diagnostic --preprocess imagenet -o "$out/alignment.h5"
run stats show "$out/alignment.h5"

say "3. Close the fifth of its channels at each end of the ranking, with the head refitted to that"
run prune "$detector" --stats "$out/alignment.h5" --head $specimen/head.safetensors \
  --emit-marked "$out/marked.onnx" -o "$out/slim.onnx" \
  --preprocess imagenet --output-means logit,positive=generated

say "4. Let everything go that is summed with those channels, too (another network, another head)"
run prune "$detector" --stats "$out/alignment.h5" --scope group --emit-marked "$out/marked-group.onnx" \
  -o "$out/slim-group.onnx"

say "5. Does each answer as the network with a gate, on other photographs, too?"
verify() { run verify "$@" --images $specimen/samples/fake --preprocess imagenet; }
verify "$out/marked.onnx" "$out/slim.onnx"
verify $specimen/detector-gated.onnx "$out/slim.onnx"
verify "$out/marked-group.onnx" "$out/slim-group.onnx"

say "6. What does it say of photographs, and of the same through the generator?"
run run "$out/slim.onnx" $specimen/samples/real $specimen/samples/fake

say "Summary"
stat --format '%10s bytes  %n' "$detector" "$out"/slim*
echo "Next: ./scripts/test.sh runs every test; README.md explains the commands, and"
echo "fixtures/detector/README.md how good this detector is, before and after."
