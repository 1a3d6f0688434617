#!/usr/bin/env bash
# Makes DIRECTORY a private Python environment that holds exactly what REQUIREMENTS pins.
# usage: setup-python.sh DIRECTORY REQUIREMENTS
# Every package is checked against its SHA-256. Does nothing if the environment is up to date.
set -euo pipefail

directory=${1:?usage: setup-python.sh DIRECTORY REQUIREMENTS}
requirements=${2:?usage: setup-python.sh DIRECTORY REQUIREMENTS}

stamp="$directory/requirements.sha256"
wanted=$(sha256sum <"$requirements")
if [[ -x $directory/bin/python && $(cat "$stamp" 2>/dev/null) == "$wanted" ]]; then exit 0; fi

echo "Preparing the Python environment $directory"
rm -rf "$directory"
python3 -m venv "$directory"
"$directory/bin/python" -m pip install --quiet --disable-pip-version-check \
  --require-hashes --only-binary :all: --requirement "$requirements"
echo "$wanted" >"$stamp"
