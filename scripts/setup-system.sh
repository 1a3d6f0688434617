#!/usr/bin/env bash
# Installs the Debian packages that building dearc needs; silent if none is missing. Given "tests", also
# those that only testing needs.
# Needs root or sudo only when there is something to install.
set -euo pipefail

required_swift=6.3

fail() {
  printf '%s\n' "$@" >&2
  exit 1
}

check_swift() {
  command -v swift >/dev/null ||
    fail "dearc needs Swift $required_swift or newer, and no swift is on the PATH." \
      "Install a toolchain for Debian 12, then run this again."
  local answer found
  answer=$(swift --version 2>&1) || fail "$(command -v swift) does not run:" "$answer" \
    "Install what it asks for, then run this again."
  found=$(sed -nE 's/.*Swift version ([0-9]+(\.[0-9]+)*).*/\1/p' <<<"$answer" | head -n 1)
  [[ $(printf '%s\n' "$required_swift" "$found" | sort -V | head -n 1) == "$required_swift" ]] ||
    fail "dearc needs Swift $required_swift or newer; $(command -v swift) is ${found:-unknown}." \
      "Put a newer toolchain first on the PATH, then run this again."
}

missing_packages() {
  command -v pkg-config >/dev/null || echo pkg-config
  pkg-config --exists libprotobuf-c 2>/dev/null || echo libprotobuf-c-dev
  pkg-config --exists libcrypto 2>/dev/null || echo libssl-dev
  pkg-config --exists hdf5 2>/dev/null || echo libhdf5-dev
  pkg-config --exists libzip 2>/dev/null || echo libzip-dev
  pkg-config --exists libjpeg 2>/dev/null || echo libjpeg62-turbo-dev
  pkg-config --exists libpng 2>/dev/null || echo libpng-dev
  pkg-config --exists libwebp 2>/dev/null || echo libwebp-dev
  [[ -e /usr/include/oneapi/dnnl/dnnl.h ]] || echo libdnnl-dev
  command -v protoc-c >/dev/null || echo protobuf-c-compiler
  python3 -c 'import ensurepip, venv' 2>/dev/null || printf '%s\n' python3 python3-venv
  [[ ${1:-} == tests ]] || return 0
  command -v git >/dev/null || echo git
  command -v chromium >/dev/null || echo chromium
}

install_packages() {
  command -v apt-get >/dev/null ||
    fail "These packages are missing, and there is no apt-get to install them: $*" \
      "Install what your system calls them, then run this again."
  local sudo=()
  if [[ $(id -u) -ne 0 ]]; then
    command -v sudo >/dev/null || fail "Run as root: apt-get install $*"
    sudo=(sudo)
  fi
  echo "Installing $*"
  "${sudo[@]}" apt-get update -qq
  "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -qq -y --no-install-recommends "$@" >/dev/null
}

check_swift
mapfile -t packages < <(missing_packages "${1:-}")
if [[ ${#packages[@]} -gt 0 ]]; then install_packages "${packages[@]}"; fi
