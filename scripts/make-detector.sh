#!/usr/bin/env bash
# Makes the small detector in fixtures/detector anew: downloads, trains, prunes, measures.
# usage: make-detector.sh [WORK-DIRECTORY] [OUTPUT-DIRECTORY]
# Takes about half an hour on two idle cores and 6 GB of disk. Run by hand, never by CI.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
work=${1:-$root/.build/detector}
output=${2:-$root/fixtures/detector}

mkdir -p "$work"
"$root/scripts/setup-python.sh" "$work/python" "$root/scripts/detector/requirements.txt"
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 PYTHONDONTWRITEBYTECODE=1
"$work/python/bin/python" "$root/scripts/detector/make_detector.py" --work "$work" --output "$output"
