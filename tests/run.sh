#!/usr/bin/env bash
# Sets up, builds into build/, fetches models and templates, runs the tests.
# usage: tests/run.sh [--quick | --long]     --quick: the local loop, without models; --long: also what takes many minutes
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=$root/build
select=(-LE long)
models=yes
case ${1-} in
  "") ;;
  --quick) select=(-L quick); models= ;;
  --long) select=() ;;
  *) echo "usage: tests/run.sh [--quick | --long]" >&2; exit 2 ;;
esac

# Published chat templates and vocabularies, under terms of their own: fetched for the tests, never part of the project.
fetch_templates() {
  local to=$build/models/llama-cpp-python-0.3.36
  [ -d "$to" ] && return
  echo "run: fetching chat templates and vocabularies" >&2
  local work
  work=$(mktemp -d "$build/models/.fetch.XXXXXX")
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

"$root/cmake/setup.sh"
cmake -S "$root" -B "$build" -G Ninja -DLAMINA_BUILD_TESTS=ON
ninja -C "$build"
export LAMINA_MODELS=$build/models LAMINA_TEST_MODELS=$build/models
mkdir -p "$LAMINA_MODELS"
if [ -n "$models" ]; then
  "$root/examples/fetch_model.sh" smollm2 gemma3
  fetch_templates
fi

# Threads compute inside the tests too: two CPUs a test.
jobs=$(( ($(nproc) + 1) / 2 ))
report=$build/ctest.xml
status=0
ctest --test-dir "$build" --output-on-failure --output-junit "$report" -j "$jobs" "${select[@]}" || status=$?
python3 - "$report" <<'PY'
import sys
import xml.etree.ElementTree as tree

suite = tree.parse(sys.argv[1]).getroot()
count = lambda name: int(suite.get(name, 0))
failed, skipped = count("failures"), count("skipped") + count("disabled")
passed = count("tests") - failed - skipped
print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
PY
exit "$status"
