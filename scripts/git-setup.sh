#!/usr/bin/env bash
# Teaches git to show models as text in a repository, and dearc's comparison as a difftool.
#
# usage: git-setup.sh [DEARC]     in the repository; DEARC is the program, "dearc" unless stated
set -euo pipefail

dearc=${1:-dearc}
attributes="$(git rev-parse --show-toplevel)/.gitattributes"

git config diff.dearc.textconv "'$dearc' inspect --text"
git config diff.dearc.cachetextconv true
git config difftool.dearc.cmd "'$dearc' diff \"\$LOCAL\" \"\$REMOTE\""

touch "$attributes"
for pattern in '*.onnx' '*.safetensors' '*.h5' '*.hdf5' '*.keras'; do
  line="$pattern diff=dearc"
  grep -qxF "$line" "$attributes" || printf '%s\n' "$line" >>"$attributes"
done
echo "git diff shows models as text; git difftool -y --tool=dearc compares them."
