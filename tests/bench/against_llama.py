#!/usr/bin/env python3
"""lamina beside llama.cpp on one model, in alternation: medians of tokens a second and their ratio.

usage: against_llama.py --lamina build/bin/lamina --llama DIR/bin --model MODEL.gguf [--rounds 5] [--threads 2] [--batch 1,8,32]

DIR/bin holds llama.cpp's llama-bench and llama-batched-bench. Each round runs every program once, so that a machine that slows
down slows both. Prefill is a prompt of 512 tokens; decode is 32 tokens after 16 tokens of context a sequence, all sequences in one batch.
"""
import argparse
import json
import os
import re
import statistics
import subprocess


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def lamina(options):
    out = run(options.lamina, "bench", options.model, "--json", "--repeat", "1", "--threads", str(options.threads), "--batch", options.batch)
    return {(r["test"], r["batch"]): r["tokens_per_s"] for r in map(json.loads, out.splitlines())}


def llama(options):
    threads = str(options.threads)
    out = run(os.path.join(options.llama, "llama-bench"), "-m", options.model, "-p", "512", "-n", "32", "-r", "1", "-t", threads, "-o", "json")
    found = {}
    for row in json.loads(out):
        found[("prefill", 1) if row["n_prompt"] else ("decode", 1)] = row["avg_ts"]
    out = run(os.path.join(options.llama, "llama-batched-bench"), "-m", options.model, "-c", "8192", "-b", "2048", "-ub", "512", "-npp", "16", "-ntg", "32",
              "-npl", options.batch, "-t", threads, "-tb", threads)
    for line in out.splitlines():
        cells = [c.strip() for c in line.split("|")]
        if len(cells) > 8 and re.fullmatch(r"\d+", cells[1]) and int(cells[3]) > 1:
            found[("decode", int(cells[3]))] = float(cells[8])  # S_TG t/s
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lamina", required=True)
    parser.add_argument("--llama", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--batch", default="1,8,32")
    options = parser.parse_args()
    ours, theirs = [], []
    for _ in range(options.rounds):
        theirs.append(llama(options))
        ours.append(lamina(options))
    print(f"{'test':<8} {'batch':>5} {'lamina':>9} {'(range)':>15} {'llama.cpp':>10} {'(range)':>15} {'ratio':>6}")
    for key in ours[0]:
        a, b = sorted(r[key] for r in ours), sorted(r.get(key, 0.0) for r in theirs)
        ma, mb = statistics.median(a), statistics.median(b)
        ratio = f"{ma / mb:.2f}" if mb else "-"
        print(f"{key[0]:<8} {key[1]:>5} {ma:>9.0f} {f'{a[0]:.0f}-{a[-1]:.0f}':>15} {mb:>10.0f} {f'{b[0]:.0f}-{b[-1]:.0f}':>15} {ratio:>6}")


if __name__ == "__main__":
    main()
