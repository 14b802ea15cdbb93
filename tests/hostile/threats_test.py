#!/usr/bin/env python3
"""Every row of tests/data/threats.tsv is the name of a test: "threat ID: what it shows"."""
import os
import re
import unittest

TESTS = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
AREAS = {"GGUF", "KERNEL", "SAFETENSORS", "TOKENIZER", "TEMPLATE"}
# The name of a Catch2 test: string literals side by side.
NAME = re.compile(r'TEST_CASE\(\s*((?:"(?:[^"\\]|\\.)*"\s*)+)')


def names(text):
    return ["".join(re.findall(r'"((?:[^"\\]|\\.)*)"', literal)) for literal in NAME.findall(text)]


def test_names():
    found = []
    for folder, _, files in os.walk(TESTS):
        for file in files:
            if file.endswith(".cpp"):
                with open(os.path.join(folder, file), encoding="utf-8") as source:
                    found += names(source.read())
    return found


def rows():
    with open(os.path.join(TESTS, "data", "threats.tsv"), encoding="utf-8") as table:
        return [line.rstrip("\n").split("\t") for line in table][1:]


def untested(ids, found):
    return [i for i in ids if not any(re.search(rf"threat {re.escape(i)}(?![0-9])", name) for name in found)]


class Threats(unittest.TestCase):
    def test_every_row_is_the_name_of_a_test(self):
        self.assertEqual(untested([row[1] for row in rows()], test_names()), [])

    def test_rows_have_an_area_an_id_of_their_own_and_a_description(self):
        for row in rows():
            self.assertEqual(len(row), 3, row)
            self.assertIn(row[0], AREAS)
            self.assertTrue(row[2].strip())
        self.assertEqual(len({row[1] for row in rows()}), len(rows()))

    def test_every_threat_that_a_test_names_is_a_row(self):
        known = {row[1] for row in rows()}
        named = {i for name in test_names() for i in re.findall(r"threat ([^\s,:]+)", name)}
        self.assertEqual(named - known, set())

    def test_a_row_without_a_test_is_found(self):
        found = names('TEST_CASE("threat made#12: one") {}\nTEST_CASE(\n    "threat made#3, threat made#4: "\n    "two", "[x]") {}')
        self.assertEqual(found, ["threat made#12: one", "threat made#3, threat made#4: two"])
        self.assertEqual(untested(["made#1", "made#12", "made#3", "made#4", "made#5"], found), ["made#1", "made#5"])


if __name__ == "__main__":
    unittest.main()
