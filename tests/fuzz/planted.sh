#!/usr/bin/env bash
# Proves that fuzzing finds what it should: the GGUF harness on a reader with a planted bounds error
# (lib/format/planted_error.hpp) passes over the seeds, then has to find the error within a minute.
# usage: tests/fuzz/planted.sh BUILD
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=$(realpath "$1")
log=$build/fuzz/logs/gguf_planted.log
rm -rf "$build/fuzz/corpus/gguf_planted"

if ! "$here/harness.sh" "$build" gguf_planted -runs=0 >/dev/null; then
  echo "the seeds alone show the planted error: nothing is left to find" >&2
  exit 1
fi
if "$here/harness.sh" "$build" gguf_planted -max_total_time=60 >/dev/null; then
  echo "the planted error was not found within a minute" >&2
  exit 1
fi
if ! grep -q 'ERROR: AddressSanitizer: heap-buffer-overflow' "$log"; then
  echo "something else than the planted error was found: $log" >&2
  exit 1
fi
echo "the planted error was found after $(sed -n 's/^stat::number_of_executed_units: *//p' "$log") executions:" \
  "$(sed -n 's/^SUMMARY: \([^ ]* [^ ]*\).*/\1/p' "$log")"
