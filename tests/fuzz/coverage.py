#!/usr/bin/env python3
"""Runs the harnesses over their corpora and prints how many lines of the parsers they reach.

usage: coverage.py BUILD [--missing] [--at-least PERCENT] HARNESS...      --missing: the lines that were not reached too
"""
import argparse
import os
import subprocess
import sys

# What reads bytes or text from anyone: the folder shown, and the files that belong to it.
PARSERS = [
    ("lib/base", ["lib/base/byte_reader.hpp", "lib/base/checked.hpp", "lib/base/dtype", "lib/base/error.cpp", "lib/base/file.cpp"]),
    ("lib/format", ["lib/format/"]),
    ("lib/text, tokenizers", ["lib/text/"]),
    ("lib/text/jinja", ["lib/text/jinja/", "lib/text/template"]),
    ("lib/model", ["lib/model/"]),
    ("lib/api, vocabulary", ["lib/api/vocabulary"]),
    ("examples/cli, JSON", ["examples/cli/json.cpp"]),
]


def folder_of(path):
    """The entry of PARSERS with the longest prefix of the path; None where it is no parser."""
    found = [(len(prefix), name) for name, prefixes in PARSERS for prefix in prefixes if path.startswith(prefix)]
    return max(found)[1] if found else None


def profile(build, harness):
    """Replays corpus and seeds; returns the path of the raw profile."""
    out = os.path.join(build, "fuzz", "profiles", harness + ".profraw")
    os.makedirs(os.path.dirname(out), exist_ok=True)
    folders = [os.path.join(build, "fuzz", kind, harness) for kind in ("corpus", "seeds")]
    subprocess.run([os.path.join(build, "bin", "fuzz_" + harness), "-runs=0", "-timeout=60"]
                   + [folder for folder in folders if os.path.isdir(folder)],
                   env={**os.environ, "LLVM_PROFILE_FILE": out}, check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)
    return out


def line_counts(build, harnesses):
    """{path: {line: executions}} of the project's own files."""
    merged = os.path.join(build, "fuzz", "profiles", "all.profdata")
    subprocess.run(["llvm-profdata-14", "merge", "-sparse", "-o", merged] + [profile(build, h) for h in harnesses], check=True)
    binaries = [os.path.join(build, "bin", "fuzz_" + harness) for harness in harnesses]
    objects = [part for binary in binaries[1:] for part in ("-object", binary)]
    text = subprocess.run(["llvm-cov-14", "export", "-format=lcov", "-instr-profile", merged, binaries[0]] + objects,
                          check=True, capture_output=True, text=True).stdout
    root = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", "..")) + os.sep
    lines, path = {}, None
    for row in text.splitlines():
        if row.startswith("SF:"):
            path = os.path.realpath(row[3:]).removeprefix(root)
        elif row.startswith("DA:"):
            line, count = row[3:].split(",")[:2]
            counts = lines.setdefault(path, {})
            counts[int(line)] = max(counts.get(int(line), 0), int(count))
    return lines


def main():
    options = argparse.ArgumentParser()
    options.add_argument("build")
    options.add_argument("--missing", action="store_true")
    options.add_argument("--at-least", type=float, default=0)
    options.add_argument("harness", nargs="+")
    arguments = options.parse_args()
    lines = line_counts(arguments.build, arguments.harness)
    totals = {name: [0, 0] for name, _ in PARSERS}
    for path, counts in sorted(lines.items()):
        folder = folder_of(path)
        if folder is None:
            continue
        totals[folder][0] += sum(1 for count in counts.values() if count > 0)
        totals[folder][1] += len(counts)
        missing = sorted(line for line, count in counts.items() if count == 0)
        if arguments.missing and missing:
            print(f"{path}: {', '.join(map(str, missing))}")
    totals["all parsers"] = [sum(column) for column in zip(*totals.values())]
    print(f"{'lines reached by fuzzing':<24} {'reached':>8} {'lines':>8} {'':>8}")
    for name, (reached, count) in totals.items():
        if count > 0:
            print(f"{name:<24} {reached:>8} {count:>8} {100 * reached / count:>7.1f}%")
    reached, count = totals["all parsers"]
    if 100 * reached >= arguments.at_least * count:
        return 0
    print(f"fewer than {arguments.at_least:g} % of the lines of all parsers were reached")
    return 1


if __name__ == "__main__":
    sys.exit(main())
