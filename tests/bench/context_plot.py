#!/usr/bin/env python3
"""Time per token against context length, for some models and types of the KV cache: a table and an SVG. Needs matplotlib.

usage: context_plot.py --lamina build/bin/lamina --out context.svg [--contexts 16,512,...] [--cache f16,q8_0] MODEL.gguf...

Each point is one run of `lamina bench`: 16 tokens decoded by one sequence after that many tokens of context. Contexts above what a
model was trained for are left out.
"""
import argparse
import json
import os
import subprocess

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt  # noqa: E402  # after the backend is chosen


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def milliseconds(options, model, cache, context):
    out = run(options.lamina, "bench", model, "--json", "--repeat", "1", "--prompt", "0", "--batch", "1", "--generate", "16",
              "--context", str(context), "--cache-type", cache)
    return 1000 / json.loads(out.splitlines()[0])["tokens_per_s"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+", metavar="MODEL")
    parser.add_argument("--lamina", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--contexts", default="16,512,2048,4096,8192,16384,32752")
    parser.add_argument("--cache", default="f16,q8_0")
    options = parser.parse_args()
    contexts, caches = [int(c) for c in options.contexts.split(",")], options.cache.split(",")
    print("| model | KV cache | " + " | ".join(str(c) for c in contexts) + " |\n|" + "---|" * (2 + len(contexts)), flush=True)
    figure, axes = plt.subplots(figsize=(8, 5))
    for model in options.models:
        name = os.path.basename(model).removesuffix(".gguf")
        trained = json.loads(run(options.lamina, "info", model, "--json"))["trained_context"]
        for cache in caches:
            known = [c for c in contexts if c + 16 <= trained]
            times = [milliseconds(options, model, cache, c) for c in known]
            cells = [f"{t:.1f}" for t in times] + ["–"] * (len(contexts) - len(known))
            print(f"| {name} | {cache} | " + " | ".join(cells) + " |", flush=True)
            axes.plot(known, times, marker="o", label=f"{name}, {cache}")
    axes.set_xlabel("tokens of context")
    axes.set_ylabel("milliseconds a token, one sequence")
    axes.set_ylim(bottom=0)
    axes.grid(alpha=0.3)
    axes.legend()
    figure.tight_layout()
    figure.savefig(options.out, metadata={"Date": None})


if __name__ == "__main__":
    main()
