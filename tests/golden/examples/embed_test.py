#!/usr/bin/env python3
"""examples/embed on a real model: what is alike comes first."""
import os
import subprocess
import unittest

EMBED = os.environ["LAMINA_EMBED"]
MODEL = os.path.join(os.environ["LAMINA_TEST_MODELS"], "SmolLM2-135M-Instruct.Q4_1.gguf")


def run(*arguments):
    done = subprocess.run([EMBED, *arguments], capture_output=True, text=True, timeout=600)
    return done.returncode, done.stdout, done.stderr


class Embed(unittest.TestCase):
    def ranks(self, question, *texts):
        """(likeness, text), the likeliest first."""
        status, out, err = run(MODEL, question, *texts)
        self.assertEqual((status, err), (0, ""))
        found = [line.split("  ", 1) for line in out.splitlines()]
        self.assertEqual(sorted(text for _, text in found), sorted(texts))
        numbers = [float(number) for number, _ in found]
        self.assertEqual(numbers, sorted(numbers, reverse=True))
        self.assertTrue(all(-1 <= number <= 1 for number in numbers), numbers)
        return [(number, text) for number, (_, text) in zip(numbers, found)]

    def test_what_is_alike_comes_first(self):
        texts = ["The cat is sleeping on the sofa.", "The stock market fell by two percent today.",
                 "To make bread you need flour, water, salt and yeast."]
        for question, wanted in [("A kitten is lying on the couch.", texts[0]), ("Share prices dropped this afternoon.", texts[1]),
                                 ("A recipe for baking a loaf at home.", texts[2])]:
            with self.subTest(question=question):
                self.assertEqual(self.ranks(question, *texts)[0][1], wanted)

    def test_the_same_text_is_the_likeliest(self):
        texts = ["Rivers run to the sea.", "Mountains are high.", "Rivers run to the sea!"]
        self.assertEqual(self.ranks(texts[0], *texts)[0], (1.0, texts[0]))

    def test_more_texts_than_sequences(self):
        texts = [f"This is text number {i}." for i in range(20)]
        self.assertEqual(self.ranks(texts[13], *texts)[0], (1.0, texts[13]))

    def test_wrong_usage(self):
        for arguments in ([], [MODEL], [MODEL, "a question"]):
            self.assertEqual(run(*arguments), (2, "", "usage: embed MODEL QUESTION TEXT...\n"))

    def test_no_model(self):
        status, out, err = run("/nowhere.gguf", "a", "b")
        self.assertEqual((status, out), (1, ""))
        self.assertIn("/nowhere.gguf", err)


if __name__ == "__main__":
    if not os.path.exists(MODEL):
        raise SystemExit(f"{MODEL} is missing: tests/run.sh fetches it")
    unittest.main(verbosity=2)
