#!/usr/bin/env python3
"""Resident memory of the real models: at most the planned bytes and the larger of 10 % and 256 MiB. resident_test.py --lamina TOOL"""
import json
import os
import subprocess
import sys
import unittest

TOOL = sys.argv.pop() if len(sys.argv) > 2 and sys.argv.pop(1) == "--lamina" else "lamina"
MODELS = os.environ["LAMINA_TEST_MODELS"]
OPTIONS = ["--context", "1024", "--sequences", "4"]


def peak_bytes(*command):
    """What the command held at most."""
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        raise AssertionError(f"{command} ended with {child.returncode}")
    return usage.ru_maxrss * 1024


class ResidentMemory(unittest.TestCase):
    def check(self, name):
        model = os.path.join(MODELS, name)
        plan = json.loads(subprocess.run([TOOL, "plan", model, "--json", *OPTIONS], check=True, capture_output=True).stdout)
        planned = sum(buffer["bytes"] for buffer in plan["buffers"])
        held = peak_bytes(TOOL, "generate", model, "-p", "Once upon a time " * 100, "-n", "8", "--ignore-end", *OPTIONS)
        print(f"{name}: planned {planned / 1e6:.0f} MB, held {held / 1e6:.0f} MB")
        self.assertLessEqual(held, planned + max(planned / 10, 256 << 20))
        # The measurement sees the weights, which are most of what is planned.
        self.assertGreater(held, 0.5 * planned)

    def test_smollm2(self):
        self.check("SmolLM2-135M-Instruct.Q4_1.gguf")

    def test_gemma3(self):
        self.check("gemma-3-270m-q4_k_m.gguf")


if __name__ == "__main__":
    unittest.main()
