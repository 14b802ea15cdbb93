#!/usr/bin/env bash
# Sets up, builds, fetches models and templates, runs the tests, stage by stage; lib/README.md says what each stage is for.
# usage: tests/run.sh [--quick | --long] [--all | STAGE...]
#   --quick   the local loop: the quick tests of the plain build, without models
#   --long    also what takes many minutes
#   --all     every stage
#   STAGE     of: plain address thread fuzz lint; without one: plain
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
usage() { sed -n '3,7s/^# //p' "${BASH_SOURCE[0]}" >&2; exit 2; }

every_stage=(plain address thread fuzz lint)
effort=
stages=()
for argument in "$@"; do
  case $argument in
    --quick|--long) effort=${argument#--} ;;
    --all) stages=("${every_stage[@]}") ;;
    plain|address|thread|fuzz|lint) stages+=("$argument") ;;
    *) usage ;;
  esac
done
rest=
if [ "${#stages[@]}" -eq 0 ]; then
  stages=(plain)
  rest="the plain stage ran; tests/run.sh --all runs the others too (${every_stage[*]:1}), tests/run.sh STAGE... some of them"
fi

# What one clone has compiled another one finds.
export CCACHE_BASEDIR=$root CCACHE_NOHASHDIR=1

jobs=$(nproc)  # tests that compute with threads say how many (PROCESSORS)
reports=$(mktemp -d)
trap 'rm -rf "$reports"' EXIT
failed_stages=()
minutes=()

# Published chat templates and vocabularies, under terms of their own: fetched for the tests, never part of the project.
fetch_templates() {
  local to=$LAMINA_MODELS/llama-cpp-python-0.3.36
  [ -d "$to" ] && return
  echo "run: fetching chat templates and vocabularies" >&2
  local work
  work=$(mktemp -d "$LAMINA_MODELS/.fetch.XXXXXX")
  # pip asks a source package's build system for its metadata: given beforehand, that takes seconds instead of minutes.
  "$root/.cache/venv/bin/pip" install --quiet --disable-pip-version-check scikit-build-core
  "$root/.cache/venv/bin/pip" download --quiet --disable-pip-version-check --no-deps --no-binary :all: --no-build-isolation \
    --dest "$work" llama-cpp-python==0.3.36
  mkdir "$work/data"
  tar -xzf "$work/llama_cpp_python-0.3.36.tar.gz" -C "$work/data" --strip-components=4 --wildcards \
    '*/vendor/llama.cpp/models/templates/*' '*/vendor/llama.cpp/models/ggml-vocab-*.gguf'
  mv "$work/data" "$to"
  rm -rf "$work"
}

# build FOLDER TARGETS -- CMAKE_ARGUMENTS...
build() {
  local folder=$root/$1 targets=$2
  shift 3
  cmake -S "$root" -B "$folder" -G Ninja "$@"
  # shellcheck disable=SC2086  # targets are words
  ninja -C "$folder" $targets
}

# run_tests FOLDER CTEST_ARGUMENTS...
run_tests() {
  local folder=$root/$1
  shift
  ctest --test-dir "$folder" --output-on-failure --no-tests=error --output-junit "$reports/$stage.xml" -j "$jobs" "$@"
}

stage_plain() {
  build build all -- -DLAMINA_BUILD_TESTS=ON
  case $effort in
    quick) run_tests build -L quick; return ;;
    long) local select=(-LE lint) ;;
    *) local select=(-LE 'long|lint') ;;
  esac
  "$root/examples/fetch_model.sh" smollm2 gemma3
  fetch_templates
  run_tests build "${select[@]}"
}

# Memory errors, leaks and undefined behaviour, in all quick tests and the sweeps over hostile files.
stage_address() {
  CC=clang-14 CXX=clang++-14 build build-fuzz tests -- -DLAMINA_FUZZ=ON -DLAMINA_FUZZ_PLANT=ON -DLAMINA_BUILD_TOOLS=OFF
  LLVM_PROFILE_FILE=/dev/null run_tests build-fuzz -L 'quick|sanitized'
}

# Data races, in the quick tests that start threads.
stage_thread() {
  CC=clang-14 CXX=clang++-14 build build-thread threaded_tests -- -DLAMINA_SANITIZE=thread -DLAMINA_BUILD_TOOLS=OFF
  run_tests build-thread -L threaded
}

stage_fuzz() {
  local seconds=20
  [ "$effort" != long ] || seconds=300
  "$root/tests/fuzz/run.sh" "$seconds"
}

stage_lint() {
  cmake -S "$root" -B "$root/build" -G Ninja -DLAMINA_BUILD_TESTS=ON
  local select=(-L lint)
  [ "$effort" = long ] || select+=(-LE long)
  run_tests build "${select[@]}"
}

"$root/cmake/setup.sh"
export LAMINA_MODELS=$root/build/models LAMINA_TEST_MODELS=$root/build/models
mkdir -p "$LAMINA_MODELS"
for stage in "${stages[@]}"; do
  start=$SECONDS
  # A subshell of its own: set -e is off inside a condition.
  set +e
  (set -e; "stage_$stage")
  status=$?
  set -e
  [ "$status" -eq 0 ] || failed_stages+=("$stage")
  minutes+=("$(python3 -c "print(f'$stage {($SECONDS - $start) / 60:.1f} min')")")
done

[ -z "$rest" ] || echo "$rest"
python3 - "$reports" "$(IFS=,; echo "${minutes[*]}")" <<'PY'
import pathlib
import sys
import xml.etree.ElementTree as tree

passed = failed = skipped = 0
for report in sorted(pathlib.Path(sys.argv[1]).glob("*.xml")):
    suite = tree.parse(report).getroot()
    count = lambda name: int(suite.get(name, 0))
    failed += count("failures")
    skipped += count("skipped") + count("disabled")
    passed += count("tests") - count("failures") - count("skipped") - count("disabled")
print("stages: " + sys.argv[2].replace(",", ", "))
print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
PY
if [ "${#failed_stages[@]}" -gt 0 ]; then
  echo "failed: ${failed_stages[*]}"
  exit 1
fi
