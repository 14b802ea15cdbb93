#!/usr/bin/env python3
"""Checks the house rules of lamina on its own source tree.

usage: house.py ROOT CHECK      CHECK is one of those that `house.py` alone lists; prints a line a fault, status 1
"""
import os
import re
import subprocess
import sys

# Folder of lib -> the folders that it may include directly; what those may include comes with them.
LIB_MAY_INCLUDE = {
    "api": ["engine", "text"],
    "engine": ["exec", "cache", "sample"],
    "exec": ["plan", "cache", "model", "backend"],
    "plan": ["model", "backend"],
    "cache": ["backend"],
    "model": ["format"],
    "format": ["quant"],
    "text": ["quant"],
    "sample": ["quant"],
    "backend": ["quant"],
    "quant": ["base"],
    "base": [],
}
BACKENDS_MAY_INCLUDE = {"backend", "quant", "base"}
TOP_LEVEL = {"CMakeLists.txt", "LICENSE", "README.md", "include", "lib", "backends", "examples", "tests", "cmake"}
ISA_SYSTEM_HEADERS = {"immintrin.h", "stdint.h", "stddef.h"}
# isa/scalar*.cpp is compiled without flags of its own.
ISA_UNIT = re.compile(r"(?:^|/)backends/cpu/isa/(?!scalar)[^/]*\.cpp$")
CPP = (".cpp", ".hpp", ".h", ".cu", ".cuh")
LINES = 400

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"\n]+)[>"]', re.M)


def tracked(root):
    """Paths of the project's files, relative to root: what git tracks or would, else what lies there."""
    git = subprocess.run(["git", "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                         capture_output=True)
    if git.returncode == 0 and os.path.exists(os.path.join(root, ".git")):
        names = [name for name in git.stdout.decode().split("\0") if name]
        return sorted({name for name in names if os.path.isfile(os.path.join(root, name))})
    found = []
    for folder, folders, names in os.walk(root):
        here = os.path.relpath(folder, root)
        folders[:] = [f for f in folders if not (here == "." and (f.startswith("build") or f in (".cache", ".git")))
                      and f != "__pycache__"]
        found += [os.path.normpath(os.path.join(here, name)) for name in names]
    return sorted(found)


def read(root, path):
    with open(os.path.join(root, path), encoding="utf-8", errors="replace") as file:
        return file.read()


def sources(root, *folders):
    return [p for p in tracked(root) if p.endswith(CPP) and p.split("/")[0] in folders]


def includes(text):
    """(is it in angle brackets, name, line) of every include."""
    return [(m[1] == "<", m[2], text.count("\n", 0, m.start()) + 1) for m in INCLUDE.finditer(text)]


def reachable(folder):
    seen, todo = set(), [folder]
    while todo:
        name = todo.pop()
        if name not in seen:
            seen.add(name)
            todo += LIB_MAY_INCLUDE[name]
    return seen


def include_fault(root, path, angled, name):
    """Why the file at `path` may not include `name`; None where it may."""
    part = path.split("/")
    first = name.split("/")[0]
    if name == "regex":
        return "std::regex recurses on its input"
    if first == "lamina":
        return None
    if part[0] in ("include", "examples"):
        own = ".." not in name and os.path.isfile(os.path.join(root, os.path.dirname(path), name))
        if not angled and not (part[0] == "examples" and own):
            return "only lamina/ headers may be included here"
        return f"{first} is internal" if first in LIB_MAY_INCLUDE else None
    if angled:
        return f"{first} is internal: write it in quotes" if first in LIB_MAY_INCLUDE else None
    if part[0] == "lib":
        allowed = reachable(part[1])
        return None if first in allowed else f"lib/{part[1]} may include {', '.join(sorted(allowed))}"
    allowed = set(BACKENDS_MAY_INCLUDE)
    allowed |= set(os.listdir(os.path.join(root, "backends"))) if len(part) == 2 else {part[1]}
    return None if first in allowed else f"{path} may include {', '.join(sorted(allowed))}"


def check_includes(root):
    for path in sources(root, "lib", "backends", "include", "examples"):
        for angled, name, line in includes(read(root, path)):
            fault = include_fault(root, path, angled, name)
            if fault:
                yield f"{path}:{line}: includes {name}: {fault}"


def check_tree(root):
    for path in tracked(root):
        top = path.split("/")[0]
        if top not in TOP_LEVEL and not top.startswith("."):
            yield f"{path}: {top} does not belong at the top level"
    for folder in sorted(os.listdir(os.path.join(root, "lib"))):
        if os.path.isdir(os.path.join(root, "lib", folder)) and folder not in LIB_MAY_INCLUDE:
            yield f"lib/{folder}: not a folder of the architecture"


def isa_faults(root, path, seen):
    """Standard headers that a unit compiled for one instruction set brings in, however deep."""
    if path in seen:
        return
    seen.add(path)
    for angled, name, line in includes(read(root, path)):
        if angled:
            if name not in ISA_SYSTEM_HEADERS:
                yield f"{path}:{line}: <{name}> must not reach a unit compiled for one instruction set"
            continue
        for base in ("backends", "lib", "include", os.path.dirname(path)):
            inner = os.path.join(base, name)
            if os.path.isfile(os.path.join(root, inner)):
                yield from isa_faults(root, inner, seen)
                break
        else:
            yield f"{path}:{line}: {name} is not found"


def check_isa_units(root):
    seen = set()
    for path in sources(root, "backends"):
        if ISA_UNIT.match(path):
            yield from isa_faults(root, path, seen)


def check_words(root):
    # Split, so that this file does not hold them itself.
    words = ["/wo" + "rk/", "../sha" + "red", "march=" + "native", "TO" + "DO", "FIX" + "ME"]
    for path in tracked(root):
        if path.startswith("tests/data/") or path == "LICENSE":
            continue
        for number, line in enumerate(read(root, path).splitlines(), 1):
            for word in words:
                if word in line:
                    yield f"{path}:{number}: {word}"


def check_length(root):
    for path in tracked(root):
        if not path.endswith(CPP + (".py", ".sh", ".cmake")) or path.startswith("tests/data/"):
            continue
        lines = read(root, path).splitlines()
        reason = any("long file: " in line for line in lines[:10])
        if len(lines) > LINES and not reason:
            yield f"{path}: {len(lines)} lines; over {LINES} a line '// long file: reason' near the top says why"


COMMENT_OR_STRING = re.compile(
    r'R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])\'|//[^\n]*|/\*.*?\*/', re.S)


def without_comments_and_strings(text):
    """The code alone, with newlines kept so that line numbers stay."""
    return COMMENT_OR_STRING.sub(lambda m: "\n" * m[0].count("\n"), text)


def without_comments(text):
    """The code with its strings, lines as they are."""
    return COMMENT_OR_STRING.sub(lambda m: "\n" * m[0].count("\n") if m[0].startswith("/") else m[0], text)


def check_library_calls(root):
    """The library never prints, aborts or exits."""
    banned = re.compile(r"\b(?:v?f?printf|puts|fputs|putchar|perror|abort|exit|_exit|_Exit|quick_exit|terminate|assert)\s*\("
                        r"|\bstd::(?:cout|cerr|clog)\b|\bfmt::print\b|\bstd::regex\b")
    for path in sources(root, "lib", "backends", "include"):
        code = without_comments_and_strings(read(root, path))
        for number, line in enumerate(code.splitlines(), 1):
            found = banned.search(line)
            if found and not re.search(r"\bstatic_assert\s*\(", line[found.start() - 7:]):
                yield f"{path}:{number}: {found[0].strip()}"


# What one place alone may do: where to look, what does it, which paths may, and what to use instead.
SINGLE_PLACES = [
    (("lib", "backends"), r"\bErrorDetails\s*(?:\w+\s*)?[{(;]", r"lib/base/",
     "errors are thrown by Errors (base/errors.hpp)"),
    (("lib",), r"\bSequenceRows\b|\bbackend::Step\b(?!\s*&)|\bStep\s*(?:\w+\s*)?\{",
     r"lib/backend/|lib/exec/step_builder\.[ch]pp$", "steps are built by exec/step_builder.cpp"),
    (("lib",), r"\bPrecision::\w", r"lib/plan/numerics\.cpp$|lib/backend/(?:op\.hpp|backend\.cpp)$",
     "precisions are chosen by plan/numerics.cpp"),
    (("lib", "backends"), r"\bblk\.", r"lib/model/", "names of tensors are put together by lib/model"),
]


def check_single_places(root):
    for folders, pattern, allowed, instead in SINGLE_PLACES:
        for path in sources(root, *folders):
            if re.match(allowed, path):
                continue
            code = without_comments(read(root, path))
            for found in re.finditer(pattern, code):
                yield f"{path}:{code.count(chr(10), 0, found.start()) + 1}: {found[0].strip()}: {instead}"


def check_format(root):
    tool = next((t for t in ("clang-format-14", "clang-format") if subprocess.run(
        ["which", t], capture_output=True).returncode == 0), None)
    if tool is None:
        yield "clang-format 14 is not installed (cmake/setup.sh installs it)"
        return
    files = sources(root, "lib", "backends", "include", "examples", "tests")
    run = subprocess.run([tool, "--dry-run", "-Werror"] + files, cwd=root, capture_output=True, text=True)
    faulty = sorted({line.split(":")[0] for line in run.stderr.splitlines() if ": error: " in line})
    yield from (f"{path}: not as clang-format writes it" for path in faulty)
    if run.returncode != 0 and not faulty:
        yield f"{tool}: {run.stderr.strip().splitlines()[0] if run.stderr.strip() else run.returncode}"


CHECKS = {name[len("check_"):]: check for name, check in list(globals().items()) if name.startswith("check_")}


def main():
    if len(sys.argv) != 3 or sys.argv[2] not in CHECKS:
        print("usage: house.py ROOT " + "|".join(CHECKS), file=sys.stderr)
        return 2
    faults = list(CHECKS[sys.argv[2]](sys.argv[1]))
    print("\n".join(faults), end="\n" if faults else "")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
