#!/usr/bin/env python3
"""Shows that no unit compiled for one instruction set defines a weak symbol.

The linker keeps one of the weak symbols of a name: the copy compiled for AVX-512 could become that of the whole program.

usage: isa_objects.py COMPILE_COMMANDS NM [FLAG]
       Reads the objects that the build has made, or compiles each unit anew with FLAG as the last one: under -O0 nothing is
       inlined but what has to be. Prints a line a fault, status 1.
"""
import concurrent.futures
import json
import os
import shlex
import subprocess
import sys
import tempfile

import house

WEAK = "WwVvu"  # nm's letters for weak functions and objects, and for those that are unique in a process
# A pointer that the compiler makes wherever there is something to do for an exception, the same in every unit.
HARMLESS = {"DW.ref.__gxx_personality_v0"}


def object_faults(nm, path):
    """Why the object at `path` must not be linked into a program for any machine."""
    run = subprocess.run([nm, "-C", "--defined-only", path], capture_output=True, text=True)
    symbols = [line.split(" ", 2)[1:] for line in run.stdout.splitlines()]
    if run.returncode != 0 or not symbols:
        yield f"{path}: {nm} lists no symbols: {run.stderr.strip() or 'there are none'}"
    yield from (f"{path}: {name} is weak" for letter, name in symbols if letter in WEAK and name not in HARMLESS)


def units(compile_commands):
    """(folder, compiler and its arguments) of every unit compiled for one instruction set."""
    with open(compile_commands, encoding="utf-8") as file:
        for entry in json.load(file):
            if house.ISA_UNIT.search(entry["file"]):
                yield entry["directory"], shlex.split(entry["command"])


def built(command):
    return command[command.index("-o") + 1]


def compiled(folder, command, flag, into):
    """The path of an object of its own, in the folder `into`."""
    command = [*command, flag]
    path = os.path.join(into, os.path.basename(built(command)))
    command[command.index("-o") + 1] = path
    subprocess.run(command, cwd=folder, check=True)
    return path


def faults(compile_commands, nm, flag=None):
    found = list(units(compile_commands))
    if not found:
        yield f"{compile_commands} has no unit compiled for one instruction set"
    with tempfile.TemporaryDirectory() as scratch, concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        if flag:
            paths = list(pool.map(lambda unit: compiled(*unit, flag, scratch), found))
        else:
            paths = [os.path.join(folder, built(command)) for folder, command in found]
        for path in paths:
            yield from object_faults(nm, path)


def main():
    if len(sys.argv) not in (3, 4):
        print("usage: isa_objects.py COMPILE_COMMANDS NM [FLAG]", file=sys.stderr)
        return 2
    lines = list(faults(*sys.argv[1:]))
    print("\n".join(lines), end="\n" if lines else "")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
