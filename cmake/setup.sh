#!/usr/bin/env bash
# Installs what a build of lamina needs on Debian 12: packages that are missing, and oneDNN from PyPI into .cache/venv.
# Runs as root or with sudo; changes nothing where everything is there.
# usage: cmake/setup.sh [--build-only]      --build-only leaves out what only tests and developers need
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
onednn_version=2023.2.0

build_packages=(
  g++ cmake ninja-build pkg-config ca-certificates python3 python3-venv
  libfmt-dev nlohmann-json3-dev libpcre2-dev libutf8proc-dev libcli11-dev libedit-dev
)
test_packages=(
  ccache git catch2 libbenchmark-dev librapidcheck-dev libboost-context-dev
  clang-14 llvm-14 clang-format-14 clang-tidy-14 libomp-14-dev doxygen
  groff-base zsh fish
)

say() { echo "setup: $*" >&2; }

missing_packages() {
  local name
  for name in "$@"; do
    dpkg-query -W -f='${db:Status-Status}' "$name" 2>/dev/null | grep -qx installed || echo "$name"
  done
}

install_packages() {
  local missing as_root=()
  mapfile -t missing < <(missing_packages "$@")
  [ "${#missing[@]}" -eq 0 ] && return
  if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
      say "these packages are missing and neither root nor sudo is at hand: ${missing[*]}"
      exit 1
    fi
    as_root=(sudo)
  fi
  say "installing ${missing[*]}"
  "${as_root[@]}" apt-get update -qq >&2
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >&2
}

# Debian's own oneDNN is too old. A venv keeps the package's lib/ folder, which pip --target loses.
install_onednn() {
  local venv=$root/.cache/venv stamp=$root/.cache/venv/onednn-$onednn_version
  [ -e "$stamp" ] && return
  say "installing oneDNN $onednn_version into .cache/venv"
  mkdir -p "$root/.cache"
  # Debian's python where it is there: another may lack ensurepip.
  local python=/usr/bin/python3
  [ -x "$python" ] || python=python3
  "$python" -m venv "$venv" >&2
  "$venv/bin/pip" install --quiet --disable-pip-version-check \
    "onednn-cpu-gomp==$onednn_version" "onednn-devel-cpu-gomp==$onednn_version" >&2
  touch "$stamp"
}

packages=("${build_packages[@]}")
case ${1-} in
  --build-only) ;;
  "") packages+=("${test_packages[@]}") ;;
  *) echo "usage: cmake/setup.sh [--build-only]" >&2; exit 2 ;;
esac
if command -v dpkg-query >/dev/null; then
  install_packages "${packages[@]}"
else
  say "this is no Debian: install by hand what stands for ${packages[*]}"
fi
install_onednn
