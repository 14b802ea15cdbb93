#!/usr/bin/env python3
"""Builds the documentation of the public headers and checks what Doxygen does not.

usage: docs_test.py DOXYFILE [unittest's arguments]
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree as xml

DOXYFILE = os.path.realpath(sys.argv[1])
OPTIONS = ["ModelOptions", "EngineOptions", "EncodeOptions", "RenderOptions", "Request", "SamplingParams"]
NUMBER = re.compile(r"^(?:int|float|double|(?:std::)?u?int\d+_t)$")
# "1..65536", "> 0", "at least 1", "any 64 bits", "0 = all"
RANGE = re.compile(r"\.\.|[<>]|\bat least \d|\bany \d|\b0 = ")


def doxygen(output, *settings):
    """Doxygen on the project's settings and more, writing to `output`: its status and complaints."""
    with open(DOXYFILE, encoding="utf-8") as file:
        config = "\n".join([file.read(), f"OUTPUT_DIRECTORY = {output}", *settings])
    done = subprocess.run(["doxygen", "-"], input=config, capture_output=True, text=True, errors="replace")
    return done.returncode, done.stdout + done.stderr


def text_of(member, tag):
    found = member.find(tag)
    return "" if found is None else "".join(found.itertext()).strip()


class Docs(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if not shutil.which("doxygen"):
            raise AssertionError("doxygen is not installed (cmake/setup.sh installs it)")
        cls.output = tempfile.mkdtemp(prefix="lamina-docs-")
        cls.addClassCleanup(shutil.rmtree, cls.output)
        cls.status, cls.complaints = doxygen(cls.output)

    def fields(self, struct):
        tree = xml.parse(os.path.join(self.output, "xml", f"structlamina_1_1{struct}.xml"))
        found = [member for member in tree.iter("memberdef") if member.get("kind") == "variable"]
        self.assertGreater(len(found), 0, struct)
        return found

    def test_no_warnings(self):
        self.assertEqual((0, ""), (self.status, self.complaints))

    def test_pages(self):
        for page in ("index.html", "classlamina_1_1Model.html", "lamina_8h.html", "openmp_8hpp.html", "namespacelamina.html"):
            self.assertTrue(os.path.isfile(os.path.join(self.output, "html", page)), page)

    def test_option_fields_have_default_and_range(self):
        for struct in OPTIONS:
            for field in self.fields(struct):
                with self.subTest(f"{struct}::{text_of(field, 'name')}"):
                    meaning = text_of(field, "briefdescription") + " " + text_of(field, "detaileddescription")
                    self.assertRegex(text_of(field, "initializer"), r"^=", "a default")
                    self.assertGreater(len(meaning.split()), 2, "a meaning")
                    if NUMBER.match(text_of(field, "type")):
                        self.assertRegex(meaning, RANGE, "a range")

    def test_an_undocumented_function_is_noticed(self):
        with tempfile.TemporaryDirectory() as folder:
            header = os.path.join(folder, "planted.hpp")
            with open(header, "w", encoding="utf-8") as file:
                file.write("/// @file\n/// Planted.\n\n/// The API.\nnamespace lamina {\n"
                           "/// Documented.\nvoid documented();\nvoid planted(int number);\n}\n")
            status, complaints = doxygen(folder, f"INPUT = {header}", "USE_MDFILE_AS_MAINPAGE =")
        self.assertNotEqual(0, status)
        self.assertIn("planted(int number)", complaints)
        self.assertNotIn("documented()", complaints)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v"] + sys.argv[2:])
