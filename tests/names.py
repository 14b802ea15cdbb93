#!/usr/bin/env python3
"""Prints the name of every test of a build, sorted, so that two lists can be compared: what ctest runs, with its labels, and
the test cases inside.

usage: names.py BUILD
"""
import ast
import json
import subprocess
import sys


def python_cases(path):
    with open(path, encoding="utf-8") as file:
        for node in ast.parse(file.read()).body:
            if isinstance(node, ast.ClassDef):
                yield from (f"{node.name}.{part.name}" for part in node.body
                            if isinstance(part, ast.FunctionDef) and part.name.startswith("test_"))


def catch_cases(command):
    listed = subprocess.run([*command, "--list-test-names-only"], capture_output=True, text=True)
    return [line.strip() for line in listed.stdout.splitlines() if line.strip()]


def cases(command):
    script = next((word for word in command if word.endswith("_test.py")), None)
    if script:
        return python_cases(script)
    program = command[0].rsplit("/", 1)[-1]
    if program.startswith("test_") and program != "test_capi_c":
        return catch_cases(command)
    return []


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    listed = subprocess.run(["ctest", "--test-dir", sys.argv[1], "--show-only=json-v1"], check=True, capture_output=True, text=True)
    names = []
    for test in json.loads(listed.stdout)["tests"]:
        labels = next((p["value"] for p in test["properties"] if p["name"] == "LABELS"), [])
        names.append(f"{test['name']} [{' '.join(sorted(labels))}]")
        names += [f"{test['name']}: {case}" for case in cases(test["command"])]
    print("\n".join(sorted(names)))


if __name__ == "__main__":
    main()
