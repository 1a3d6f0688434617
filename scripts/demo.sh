#!/usr/bin/env bash
# Builds dearc and runs its main job on a real network: a gated detector in, a smaller one out.
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
./scripts/fetch-demo-model.sh .cache

model=.cache/open-nsfw.onnx
gated=.cache/open-nsfw-gated.onnx
slim=.cache/open-nsfw-slim.onnx
compact=.cache/open-nsfw-slim.safetensors

say "1. A network as its makers ship it"
run inspect "$model"

say "2. One file for the product, with the same answers"
run convert "$model" -o .cache/open-nsfw.safetensors --force

# Which channels a DEAR detector gives up depends on its training; here they are drawn at random.
say "3. Gate 410 of its last 1024 channels, as DEAR does: they are multiplied by zero"
.venv/bin/python Tests/Judges/gate.py "$model" --value Relu_48:0 --keep 614 -o "$gated"
echo "wrote $gated"

say "4. Remove what the gate made dead"
run prune "$gated" -o "$slim" --force
run prune "$gated" -o "$compact" --force --quiet

say "5. Both run in onnxruntime: do they give the same answers?"
judge() {
  .venv/bin/python Tests/Judges/judge.py pair --brief "$gated" "$1" \
    --case input:0:1,224,224,3 --case input:0:3,224,224,3
}
judge "$slim"
judge "$compact"

say "Summary"
stat --format '%10s bytes  %n' "$model" "$gated" "$slim" "$compact"
echo "Next: ./scripts/test.sh runs every test; README.md explains the commands."
