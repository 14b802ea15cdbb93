#!/usr/bin/env python3
"""lamina beside its peers on some models, in alternation: medians of tokens a second, their ranges and the ratio to the best peer.

usage: against_peers.py --lamina build/bin/lamina --peer llama.cpp=DIR [--peer NAME=DIR]... MODEL.gguf...
                        [--isa NAME] [--rounds 5] [--threads N] [--prompt 512] [--batch 1,8,32]

A peer's DIR holds llama-bench and llama-batched-bench, of llama.cpp or a fork of it. Each round runs every program once, so that a
machine that slows down slows all. Prefill is one prompt; decode is 32 tokens after 16 tokens of context a sequence, all sequences
in one batch. Prints a table in Markdown, as in RESULTS.md beside this file. `--isa` is LAMINA_ISA: the fair peer then is one that
was built for it.
"""
import argparse
import datetime
import json
import os
import re
import statistics
import subprocess
import sys


def run(*command, environment=None):
    return subprocess.run(command, check=True, capture_output=True, text=True, env={**os.environ, **(environment or {})}).stdout


def lamina(options, model):
    """{(test, batch): (tokens a second, fraction of the read bandwidth, fraction of the peak rate)}"""
    out = run(options.lamina, "bench", model, "--json", "--repeat", "1", "--threads", str(options.threads), "--prompt", str(options.prompt),
              "--batch", options.batch, environment={"LAMINA_ISA": options.isa} if options.isa else None)
    return {(r["test"], r["batch"]): (r["tokens_per_s"], r["read_bandwidth_fraction"], r["peak_rate_fraction"])
            for r in map(json.loads, out.splitlines())}


def peer(folder, options, model):
    """{(test, batch): tokens a second}"""
    threads, batches = str(options.threads), options.batch.split(",")
    found = {}
    out = run(os.path.join(folder, "llama-bench"), "-m", model, "-p", str(options.prompt), "-n", "32" if "1" in batches else "0", "-r", "1",
              "-t", threads, "-o", "json")
    for row in json.loads(out):
        found[("prefill", 1) if row["n_prompt"] else ("decode", 1)] = row["avg_ts"]
    try:
        out = run(os.path.join(folder, "llama-batched-bench"), "-m", model, "-c", "8192", "-b", "2048", "-ub", "512", "-npp", "16",
                  "-ntg", "32", "-npl", options.batch, "-t", threads, "-tb", threads)
    except subprocess.CalledProcessError as error:
        print(f"{folder}: llama-batched-bench ended with {error.returncode}: no batches of it", file=sys.stderr)
        return found
    for line in out.splitlines():
        cells = [c.strip() for c in line.split("|")]
        if len(cells) > 8 and re.fullmatch(r"\d+", cells[1]) and int(cells[3]) > 1:
            found[("decode", int(cells[3]))] = float(cells[8])  # S_TG t/s
    return found


def with_range(values):
    digits = 1 if statistics.median(values) < 20 else 0
    return f"{statistics.median(values):.{digits}f} ({min(values):.{digits}f}–{max(values):.{digits}f})"


def measure(options, model):
    peers = dict(each.split("=", 1) for each in options.peer)
    ours, theirs = [], {name: [] for name in peers}
    for _ in range(options.rounds):
        for name, folder in peers.items():
            theirs[name].append(peer(folder, options, model))
        ours.append(lamina(options, model))
    for key in ours[0]:
        speeds = [r[key][0] for r in ours]
        columns, medians = [], []
        for name in peers:
            known = [r[key] for r in theirs[name] if key in r]
            columns.append(with_range(known) if known else "–")
            medians += [statistics.median(known)] if known else []
        ratio = f"{statistics.median(speeds) / max(medians):.2f}" if medians else "–"
        test = f"prefill {options.prompt}" if key[0] == "prefill" else f"decode, batch {key[1]}"
        fractions = [f"{100 * statistics.median(r[key][i] for r in ours):.0f} %" for i in (1, 2)]
        print("| " + " | ".join([os.path.basename(model), test, with_range(speeds), *columns, ratio, *fractions]) + " |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+", metavar="MODEL")
    parser.add_argument("--lamina", required=True)
    parser.add_argument("--peer", action="append", required=True, metavar="NAME=DIR")
    parser.add_argument("--isa")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--prompt", type=int, default=512)
    parser.add_argument("--batch", default="1,8,32")
    options = parser.parse_args()
    device = json.loads(run(options.lamina, "info", "--json"))["devices"][0]
    print(f"{device['description']}, {options.isa or device['isa_used']}, {options.threads} threads, {datetime.date.today()}, "
          f"{options.rounds} rounds\n")
    names = [each.split("=", 1)[0] for each in options.peer]
    print("| " + " | ".join(["model", "test", "lamina", *names, "ratio", "of read bandwidth", "of peak rate"]) + " |")
    print("|" + "---|" * (6 + len(names)), flush=True)
    for model in options.models:
        measure(options, model)


if __name__ == "__main__":
    main()
