"""Runs the built tool and says what users see of it. Shared by the tests beside it."""
import os
import struct
import subprocess
import sys
import tempfile
import unittest
from array import array

TOOL = os.environ["LAMINA_TOOL"]
DATA = os.environ["LAMINA_TEST_DATA"]
MODELS = os.environ["LAMINA_TEST_MODELS"]


def tiny(name):
    return os.path.join(DATA, "tiny", name)


def run(*arguments, stdin=b"", environment=None, seconds=600):
    """(status, standard output, standard error) of one run; output as bytes where it is no UTF-8."""
    done = subprocess.run([TOOL, *arguments], input=stdin.encode() if isinstance(stdin, str) else stdin,
                          capture_output=True, timeout=seconds, env={**os.environ, **(environment or {})})
    return done.returncode, done.stdout.decode("utf-8", "backslashreplace"), done.stderr.decode("utf-8", "backslashreplace")


def read_safetensors(path):
    """{name: (shape, array)} of f32 and i32 tensors."""
    import json
    with open(path, "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        data = file.read()
    out = {}
    for name, entry in header.items():
        if name != "__metadata__":
            values = array({"F32": "f", "I32": "i"}[entry["dtype"]])
            values.frombytes(data[entry["data_offsets"][0]:entry["data_offsets"][1]])
            out[name] = (entry["shape"], values)
    return out


def write_safetensors(path, tensors):
    """tensors: {name: (shape, array of typecode f or i)}."""
    import json
    header, data = {}, b""
    for name, (shape, values) in tensors.items():
        raw = values.tobytes()
        header[name] = {"dtype": {"f": "F32", "i": "I32"}[values.typecode], "shape": shape,
                        "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


class ToolTest(unittest.TestCase):
    maxDiff = 2000

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def file(self, name, content=b""):
        path = os.path.join(self.folder, name)
        with open(path, "wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
        return path

    def succeeds(self, *arguments, **options):
        status, out, err = run(*arguments, **options)
        self.assertEqual(status, 0, err)
        return out

    def fails(self, status, words, *arguments, **options):
        """The run ends with this status and one line on standard error that holds all the words."""
        got, out, err = run(*arguments, **options)
        self.assertEqual(got, status, f"{arguments}: {err or out}")
        self.assertEqual(err.count("\n"), 1, f"{arguments}: one line, not {err!r}")
        self.assertTrue(err.endswith("\n"))
        self.assertTrue(err.startswith("lamina"), err)
        for word in words:
            self.assertIn(word, err)
        return err


def main():
    missing = [path for path in (TOOL, DATA) if not os.path.exists(path)]
    if missing:
        sys.exit(f"missing: {', '.join(missing)}")
    unittest.main(verbosity=2)
