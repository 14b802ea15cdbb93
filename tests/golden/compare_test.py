#!/usr/bin/env python3
"""Real models against float32 references of the same weights, through `lamina compare`: reference backend and cpu on each ISA
but scalar, or cpu on scalar alone (--scalar), which takes twice as long as all the others."""
import argparse
import json
import os
import subprocess
import sys

MODELS = {
    "SmolLM2": ("SmolLM2-135M-Instruct.Q4_1.gguf", "smollm2-135m-instruct-q4_1.ref.safetensors", 0.0030, 0.97),
    "Gemma 3": ("gemma-3-270m-q4_k_m.gguf", "gemma-3-270m-q4_k_m.ref.safetensors", 0.0050, 0.94),
}


def run(tool, *args, isa=None):
    environment = dict(os.environ)
    environment.pop("LAMINA_ISA", None)
    if isa:
        environment["LAMINA_ISA"] = isa
    done = subprocess.run([tool, *args], capture_output=True, text=True, env=environment)
    if done.returncode != 0:
        sys.exit(f"lamina {' '.join(args)}: exit {done.returncode}: {done.stderr.strip()}")
    return json.loads(done.stdout)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--lamina", required=True)
    parser.add_argument("--models", required=True)
    parser.add_argument("--data", required=True)
    parser.add_argument("--scalar", action="store_true")
    options = parser.parse_args()
    models = os.environ.get("LAMINA_TEST_MODELS", options.models)
    failed = 0

    def check(what, value, good):
        nonlocal failed
        failed += not good
        print(f"{'ok  ' if good else 'FAIL'} {what}: {value:.6g}")

    isas = next(d for d in run(options.lamina, "info", "--json")["devices"] if d["name"] == "cpu")["isa"]
    isas = [isa for isa in isas if (isa == "scalar") == options.scalar]
    for name, (file, reference, kl, top1) in MODELS.items():
        path = os.path.join(models, file)
        if not os.path.exists(path):
            sys.exit(f"{path} is missing: tests/run.sh fetches it")
        arguments = ("compare", path, "--ref", os.path.join(options.data, "real", reference), "--json")
        if not options.scalar:
            found = run(options.lamina, *arguments, "--backend", "reference")
            ratio = found["perplexity"] / found["reference_perplexity"]
            check(f"{name}, reference: perplexity against the reference's, 1e-3 relative", ratio, abs(ratio - 1) <= 1e-3)
            check(f"{name}, reference: mean KL at most 1e-5", found["mean_kl"], found["mean_kl"] <= 1e-5)
        for isa in isas:
            found = run(options.lamina, *arguments, "--backend", "cpu", isa=isa)
            check(f"{name}, cpu {isa}: mean KL at most {kl}", found["mean_kl"], found["mean_kl"] <= kl)
            check(f"{name}, cpu {isa}: top-1 agreement at least {top1}", found["top1_agreement"], found["top1_agreement"] >= top1)
    sys.exit(failed != 0)


if __name__ == "__main__":
    main()
