#!/usr/bin/env python3
"""Shows that house.py and isa_objects.py find what they look for: faults planted in a small tree, none in a clean one.

CXX and NM are the compiler and the nm to look with; c++ and nm where they are not set.
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import house
import isa_objects

CLEAN = {
    "README.md": "words\n",
    "lib/base/file.hpp": "#include <string>\n#include \"lamina/error.hpp\"\n",
    "lib/plan/plan.cpp": '#include "backend/device.hpp"\n#include "base/file.hpp"\n#include "format/model_file.hpp"\n',
    "backends/registry.cpp": '#include "cpu/cpu.hpp"\n#include "backend/device.hpp"\n',
    "backends/cpu/cpu.hpp": '#include "backend/device.hpp"\n',
    "backends/cpu/isa/avx2.cpp": '#include <immintrin.h>\n#include "cpu/kernels/dot.hpp"\n',
    "backends/cpu/kernels/dot.hpp": "#include <stdint.h>\n",
    "examples/hello.cpp": "#include <iostream>\n#include <lamina/lamina.hpp>\n",
    "examples/cli/main.cpp": '#include "commands.hpp"\n',
    "examples/cli/commands.hpp": "#pragma once\n",
    "include/lamina/model.hpp": '#include "lamina/error.hpp"\n',
}


class HouseTest(unittest.TestCase):
    def setUp(self):
        self.root = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.root)
        for path, text in CLEAN.items():
            self.write(path, text)

    def write(self, path, text):
        full = os.path.join(self.root, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "w", encoding="utf-8") as file:
            file.write(text)

    def faults(self, check):
        return list(house.CHECKS[check](self.root))

    def expect(self, check, path, text):
        self.assertEqual(self.faults(check), [], "the tree is clean before")
        self.write(path, text)
        found = self.faults(check)
        self.assertEqual(len(found), 1, found)
        self.assertIn(path, found[0])

    def test_clean_tree_passes_every_check(self):
        for check in house.CHECKS:
            if check != "format":  # no .clang-format there
                self.assertEqual(self.faults(check), [], check)

    def test_includes_that_go_up(self):
        for path, name in [("lib/plan/x.cpp", "exec/executor.hpp"), ("lib/backend/x.hpp", "cpu/cpu.hpp"),
                           ("lib/cache/x.cpp", "model/model.hpp"), ("lib/text/x.cpp", "format/model_file.hpp"),
                           ("lib/model/x.cpp", "backend/op.hpp"), ("lib/base/x.cpp", "quant/decode.hpp"),
                           ("backends/cpu/x.cpp", "model/model.hpp"), ("backends/cpu/x.cpp", "reference/ops.hpp"),
                           ("examples/x.cpp", "base/file.hpp"), ("examples/cli/x.cpp", "../../lib/base/file.hpp"),
                           ("include/lamina/x.hpp", "base/file.hpp")]:
            with self.subTest(path=path, name=name):
                self.expect("includes", path, f'#pragma once\n#include "{name}"\n')
                os.remove(os.path.join(self.root, path))

    def test_internal_headers_in_angle_brackets(self):
        self.expect("includes", "examples/x.cpp", "#include <base/file.hpp>\n")

    def test_regex(self):
        self.expect("includes", "lib/text/x.cpp", "#  include <regex>\n")

    def test_top_level(self):
        self.expect("tree", "notes.txt", "notes\n")

    def test_unknown_folder_of_lib(self):
        self.assertEqual(self.faults("tree"), [])
        self.write("lib/utils/x.cpp", "\n")
        self.assertEqual(len(self.faults("tree")), 1)

    def test_standard_header_below_an_isa_unit(self):
        self.expect("isa_units", "backends/cpu/kernels/dot.hpp", "#include <vector>\n")

    def test_forbidden_words(self):
        self.expect("words", "lib/base/x.cpp", "// " + "TO" + "DO: later\n")

    def test_long_file(self):
        self.expect("length", "lib/base/x.cpp", "int x;\n" * 401)
        self.write("lib/base/x.cpp", "// long file: a table\n" + "int x;\n" * 401)
        self.assertEqual(self.faults("length"), [])

    def test_calls(self):
        self.expect("library_calls", "lib/base/x.cpp", 'void f() { std::printf("%d", 1); }\n')
        for call in ("std::abort();", "exit(1);", "std::cout << 1;", "assert(x);", "fmt::print(stderr, text);"):
            self.write("lib/base/x.cpp", f"void f() {{ {call} }}\n")
            self.assertEqual(len(self.faults("library_calls")), 1, call)

    def test_calls_in_comments_and_strings_are_none(self):
        self.write("lib/base/x.cpp", '// printf("")\n/* abort() */\nauto s = "exit(1)";\nstatic_assert(true);\n'
                                     "int n = snprintf(b, 9, s);\n")
        self.assertEqual(self.faults("library_calls"), [])

    def test_what_belongs_in_one_place(self):
        for path, code in [("lib/plan/x.cpp", 'throw Error(code, ErrorDetails{.area = "plan"});'),
                           ("backends/cpu/x.cpp", "ErrorDetails details;"),
                           ("lib/engine/x.hpp", "std::vector<backend::SequenceRows> rows;"),
                           ("lib/exec/executor.cpp", "backend::Step step;"),
                           ("lib/plan/lower.cpp", "op.input = Precision::int8;"),
                           ("lib/format/x.cpp", 'name = "blk." + number;'),
                           ("backends/cpu/x.cpp", 'name.starts_with("blk.0");  // a comment')]:
            with self.subTest(path=path, code=code):
                self.expect("single_places", path, code + "\n")
                os.remove(os.path.join(self.root, path))
        for path, code in [("lib/base/x.cpp", "return {code, ErrorDetails{.area = area}};"),
                           ("lib/plan/x.cpp", "auto details = error.details(); // not ErrorDetails{} nor blk."),
                           ("lib/exec/step_builder.cpp", "backend::Step s; std::vector<backend::SequenceRows> r;"),
                           ("lib/exec/executor.cpp", "void run(const backend::Step& step) { use(step); }"),
                           ("lib/plan/numerics.cpp", "op.input = Precision::int8;"),
                           ("backends/cpu/x.cpp", "return input == Precision::int8;"),
                           ("lib/model/x.cpp", 'name = "blk.";')]:
            with self.subTest(path=path, code=code):
                self.write(path, code + "\n")
                self.assertEqual(self.faults("single_places"), [])

    def test_format(self):
        if not shutil.which("clang-format-14") and not shutil.which("clang-format"):
            self.fail("clang-format 14 is not installed (cmake/setup.sh installs it)")
        self.write(".clang-format", "BasedOnStyle: Google\n")
        for path in list(CLEAN):
            if path.endswith(house.CPP):
                self.write(path, "int x;\n")
        self.expect("format", "lib/base/x.cpp", "int   x  ;\n")


class IsaObjectsTest(unittest.TestCase):
    """A small build of one unit."""

    KERNEL = "namespace { int twice(int x) { return 2 * x; } }\nextern int (*const kernel)(int);\nint (*const kernel)(int) = twice;\n"

    def setUp(self):
        self.root = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.root)
        self.unit = os.path.join(self.root, "backends", "cpu", "isa", "avx2.cpp")
        os.makedirs(os.path.dirname(self.unit))
        self.commands = os.path.join(self.root, "compile_commands.json")
        self.command = f"{os.environ.get('CXX', 'c++')} -std=c++20 -fPIC -O2 -o unit.o -c {self.unit}"
        with open(self.commands, "w", encoding="utf-8") as file:
            json.dump([{"directory": self.root, "command": self.command, "file": self.unit}], file)

    def faults(self, source, flag=None):
        with open(self.unit, "w", encoding="utf-8") as file:
            file.write(source)
        if flag is None:
            subprocess.run(self.command.split(), cwd=self.root, check=True)
        return list(isa_objects.faults(self.commands, os.environ.get("NM", "nm"), flag))

    def expect(self, name, source, flag=None):
        found = self.faults(self.KERNEL + source, flag)
        self.assertEqual(len(found), 1, found)
        self.assertIn(f"{name} is weak", found[0])

    def test_a_clean_unit(self):
        self.assertEqual(self.faults(self.KERNEL), [])
        self.assertEqual(self.faults(self.KERNEL, "-O0"), [])

    def test_weak_symbols(self):
        self.expect("thrice(int)", "inline int thrice(int x) { return 3 * x; }\n"
                                   "extern int (*const other)(int);\nint (*const other)(int) = thrice;\n")
        self.expect("int times<4>(int)", "template <int n> int times(int x) { return n * x; }\n"
                                         "template int times<4>(int);\n")
        self.expect("levels", "inline constexpr int levels[] = {1, 2};\n"
                              "extern const int* const table;\nconst int* const table = levels;\n")

    def test_what_only_an_optimizer_hides(self):
        hidden = "inline int thrice(int x) { return 3 * x; }\nextern int six(int x);\nint six(int x) { return 2 * thrice(x); }\n"
        self.assertEqual(self.faults(self.KERNEL + hidden), [])
        self.expect("thrice(int)", hidden, "-O0")

    def test_nothing_to_look_at(self):
        self.assertEqual(len(self.faults("")), 1, "an object without symbols")
        os.remove(os.path.join(self.root, "unit.o"))
        self.assertEqual(len(list(isa_objects.faults(self.commands, "nm"))), 1, "no object")
        with open(self.commands, "w", encoding="utf-8") as file:
            file.write("[]")
        self.assertEqual(len(list(isa_objects.faults(self.commands, "nm"))), 1, "no unit")


if __name__ == "__main__":
    unittest.main()
