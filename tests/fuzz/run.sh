#!/usr/bin/env bash
# Builds the fuzzing harnesses into build-fuzz/, runs them two at a time, lets the GGUF harness find a planted error, and
# prints what the corpora cover.
# usage: tests/fuzz/run.sh [--runs N] [SECONDS] [HARNESS]...     20 seconds each, all of them; --runs counts executions instead
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(realpath "$here/../..")
build=${LAMINA_FUZZ_BUILD:-$root/build-fuzz}
limit=-max_total_time=20
if [ "${1-}" = --runs ]; then
  limit=-runs=$2
  shift 2
fi
if [[ ${1-} =~ ^[0-9]+$ ]]; then
  limit=-max_total_time=$1
  shift
fi
harnesses=("$@")
if [ "$#" -eq 0 ]; then
  harnesses=(gguf gguf_parts model tokenizer pretokenizer template messages json tensor_file)
fi

CC=clang-14 CXX=clang++-14 cmake -S "$root" -B "$build" -G Ninja -DLAMINA_FUZZ=ON -DLAMINA_FUZZ_PLANT=ON \
  -DLAMINA_BUILD_TOOLS=OFF >/dev/null
ninja -C "$build" fuzz
status=0
work=("${harnesses[@]}")
least=0
if [ "$#" -eq 0 ]; then
  work+=(planted)
  least=95
fi
one() {
  if [ "$1" = planted ]; then "$here/planted.sh" "$build"; else "$here/harness.sh" "$build" "$1" "$limit"; fi
}
export -f one
export here build limit
printf '%s\n' "${work[@]}" | xargs -P 2 -I '{}' bash -c 'one {}' || status=1
python3 "$here/coverage.py" "$build" --at-least "$least" "${harnesses[@]}" || status=1
exit "$status"
