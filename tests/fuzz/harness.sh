#!/usr/bin/env bash
# Runs one harness of a fuzzing build and says in a line what it did. Its corpus grows in BUILD/fuzz/corpus, what it finds
# lies in BUILD/fuzz/findings.
# usage: tests/fuzz/harness.sh BUILD NAME [libFuzzer option]...     e.g. -max_total_time=60 or -runs=20000000
set -euo pipefail

build=$(realpath "$1") name=$2
shift 2
kind=${name%_planted}
work=$build/fuzz
seeds=$work/seeds/$kind
log=$work/logs/$name.log
mkdir -p "$work/corpus/$name" "$work/findings" "$work/logs"

case $kind in
  model) longest=32768 ;;
  tokenizer) longest=256 ;;
  pretokenizer) longest=512 ;;
  json) longest=1024 ;;
  messages) longest=2048 ;;
  *) longest=4096 ;;
esac
options=(-max_len="$longest" -timeout=20 -rss_limit_mb=2048 -entropic=0 -print_funcs=0 -print_final_stats=1
  -artifact_prefix="$work/findings/$name-")
# A file of a few kilobytes gives no reason for a large allocation; templates and models have budgets of their own.
case $kind in gguf | gguf_parts | tensor_file | json | tokenizer | pretokenizer) options+=(-malloc_limit_mb=17) ;; esac
case $kind in model) dictionary=$work/seeds/gguf.dict ;; *) dictionary=$seeds.dict ;; esac
[ -e "$dictionary" ] && options+=(-dict="$dictionary")

# Small quarantine, little filling and short stacks of allocations: twice as fast, and enough to find and to understand.
export ASAN_OPTIONS=malloc_context_size=2:quarantine_size_mb=8:max_malloc_fill_size=64${ASAN_OPTIONS:+:$ASAN_OPTIONS}
# Files that a harness writes lie in memory.
[ -d /dev/shm ] && export TMPDIR=/dev/shm
status=0
LLVM_PROFILE_FILE=/dev/null "$build/bin/fuzz_$name" "${options[@]}" "$@" "$work/corpus/$name" "$seeds" >"$log" 2>&1 || status=$?
number() { sed -n "s/^stat::$1: *//p" "$log" | tail -n 1; }
coverage=$(grep -o 'cov: [0-9]* ft: [0-9]*' "$log" | tail -n 1 || true)
printf '%-14s %12s executions, %7s a second, slowest %s s, %s\n' "$name" "$(number number_of_executed_units)" \
  "$(number average_exec_per_sec)" "$(number slowest_unit_time_sec)" "$coverage"
if [ "$status" -ne 0 ]; then
  grep -m 3 -E 'ERROR: |SUMMARY: |property does not hold|runtime error' "$log" | cut -c 1-300 || tail -n 20 "$log"
  echo "finding: $(sed -n 's/.*Test unit written to //p' "$log" | tail -n 1), log: $log"
fi
exit "$status"
