#!/usr/bin/env python3
"""The tool on files of this repository: what it prints, and how it refuses."""
import json
import math
import os
import re
import signal
import subprocess
import unittest
from array import array

from tool import DATA, TOOL, ToolTest, main, read_safetensors, run, tiny, write_safetensors

MODEL = tiny("llama.gguf")


class WrongUsage(ToolTest):
    def test_numbers_out_of_range(self):
        for option, value, word in [("-n", "-1", "from 0"), ("-n", "many", "whole number"), ("-n", "1e3", "whole number"),
                                    ("-n", "99999999999", "4294967295"), ("--threads", "0", "from 1"),
                                    ("--top-p", "2", "at most 1"), ("--temperature", "-1", "at least 0"),
                                    ("--min-p", "nan", "number"), ("--sequences", "65537", "65536"),
                                    ("--context", "1073741825", "1073741824"), ("--logit-bias", "5", "ID=VALUE"),
                                    ("--cache-type", "q8", "f16"), ("--when-full", "explode", "shift")]:
            with self.subTest(option=option, value=value):
                self.fails(2, [option, value, word], "generate", MODEL, "-p", "x", option, value)

    def test_missing_and_unknown(self):
        self.fails(2, ["COMMAND is required"])
        self.fails(2, ["frobnicate"], "frobnicate")
        self.fails(2, ["--frobnicate"], "info", MODEL, "--frobnicate")
        self.fails(2, ["--prompt"], "generate", MODEL)
        self.fails(2, ["MODEL"], "generate", "-p", "x")
        self.fails(2, ["--ref"], "compare", MODEL)
        self.fails(2, ["--text"], "compare", MODEL, MODEL)
        self.fails(2, ["--batch"], "bench", MODEL, "--batch", "1,,2")

    def test_missing_files_read_alike(self):
        for arguments in [("info", "no.file"), ("tokenize", MODEL, "--json", "no.file"), ("render", "no.file", "--json", "no.file")]:
            with self.subTest(command=arguments[0]):
                self.fails(1, ["no.file: no such file"], *arguments)

    def test_help_explains_itself(self):
        self.assertIn("Show this help", self.succeeds("help", "help"))

    def test_contradictions(self):
        for arguments, words in [(["info", "--architectures", MODEL], ["--architectures", "MODEL"]), (["info", "--devices", MODEL], ["--devices", "MODEL"]),
                                 (["info", "--verbose"], ["--verbose", "MODEL"]), (["info", "--architectures", "--devices"], ["--architectures", "--devices"]),
                                 (["bench", MODEL, "--prompt", "0", "--generate", "0"], ["--prompt", "--generate"])]:
            with self.subTest(arguments=arguments):
                self.fails(2, words, *arguments)

    def test_help_is_no_error(self):
        for command in ("chat", "generate", "info", "plan", "tokenize", "render", "logits", "compare", "bench"):
            self.assertIn("--help", self.succeeds(command, "--help"))
        self.assertRegex(self.succeeds("--version"), r"^lamina \d+\.\d+\.\d+\n$")


class BadModels(ToolTest):
    COMMANDS = [("info", "{}"), ("plan", "{}"), ("generate", "{}", "-p", "x"), ("chat", "{}", "--prompt", "x"),
                ("bench", "{}"), ("tokenize", "{}", "-p", "x")]

    def refuses(self, path, words):
        for command in self.COMMANDS:
            with self.subTest(command=command[0], path=path):
                self.fails(1, [path, *words], *(part.format(path) for part in command))

    def test_missing(self):
        self.refuses(os.path.join(self.folder, "missing.gguf"), ["no such file"])

    def test_empty(self):
        self.refuses(self.file("empty.gguf"), ["empty"])

    def test_directory(self):
        self.refuses(self.folder, ["directory"])

    def test_text(self):
        self.refuses(self.file("text.gguf", "This is no model.\n" * 100), ["expected", "found"])

    def test_truncated(self):
        with open(MODEL, "rb") as file:
            whole = file.read()
        for part in (5, 20, 100, 1000, len(whole) // 2, len(whole) - 1):
            self.refuses(self.file("truncated.gguf", whole[:part]), [])

    def test_unknown_architecture(self):
        with open(MODEL, "rb") as file:
            changed = file.read().replace(b"llama", b"xlama")
        path = self.file("xlama.gguf", changed)
        for command in self.COMMANDS[:2]:
            self.fails(1, [path, "xlama"], *(part.format(path) for part in command))

    def test_no_vocabulary(self):
        for command in self.COMMANDS[2:4] + self.COMMANDS[5:]:
            with self.subTest(command=command[0]):
                self.fails(1, ["vocabulary"], *(part.format(MODEL) for part in command))

    def test_instruction_set(self):
        self.fails(1, ["LAMINA_ISA", "abacus"], "info", environment={"LAMINA_ISA": "abacus"})

    def test_device_and_backend(self):
        self.fails(2, ["abacus"], "plan", MODEL, "--device", "abacus")
        self.fails(2, ["abacus"], "plan", MODEL, "--backend", "abacus")


class Json(ToolTest):
    def test_info(self):
        info = json.loads(self.succeeds("info", MODEL, "--json"))
        self.assertEqual((info["architecture"], info["layers"], info["embedding"], info["vocabulary"]), ("llama", 3, 64, 160))
        self.assertEqual(info["file_bytes"], os.path.getsize(MODEL))
        self.assertEqual(info["trained_context"], 256)
        self.assertFalse(info["has_chat_template"])
        self.assertEqual(sum(t["tensors"] for t in info["types"]), 29)
        self.assertIn("llama", self.succeeds("info", MODEL))

    def test_verbose_names_implementations(self):
        verbose = json.loads(self.succeeds("info", MODEL, "--json", "--verbose"))
        self.assertTrue(verbose["implementations"])
        for op in verbose["implementations"]:
            self.assertTrue(op["op"] and op["implementation"], op)

    def test_devices_and_architectures(self):
        for arguments in ([], ["--devices"]):
            devices = json.loads(self.succeeds("info", "--json", *arguments))["devices"]
            self.assertIn("cpu", [d["backend"] for d in devices])
        names = json.loads(self.succeeds("info", "--architectures", "--json"))["architectures"]
        self.assertLessEqual({"llama", "gemma3"}, set(names))
        self.assertEqual(self.succeeds("info", "--architectures"), "".join(name + "\n" for name in names))
        with open(os.path.join(DATA, "..", "..", "README.md"), encoding="utf-8") as file:
            row = next(line for line in file if line.startswith("| Architectures |"))
        self.assertLessEqual({f"`{name}`" for name in names}, set(re.findall(r"`[^`]+`", row)))
        self.assertIn("--architectures", self.succeeds("info", "--help"))

    def test_plan_counts_every_byte(self):
        small = json.loads(self.succeeds("plan", MODEL, "--json", "--context", "64", "--sequences", "1"))
        large = json.loads(self.succeeds("plan", MODEL, "--json", "--context", "256", "--sequences", "4"))
        self.assertEqual((large["context"], large["sequences"]), (256, 4))
        total = lambda plan: sum(buffer["bytes"] for buffer in plan["buffers"])
        self.assertGreater(total(large), total(small))
        self.assertTrue(self.succeeds("plan", MODEL).strip())

    def test_plan_prints_the_program(self):
        name = os.path.splitext(os.path.basename(MODEL))[0]
        with open(os.path.join(os.path.dirname(os.path.dirname(MODEL)), "programs", name + ".txt"), encoding="utf-8") as file:
            self.assertEqual(self.succeeds("plan", MODEL, "--ops"), file.read())
        self.fails(2, ["--ops", "--json"], "plan", MODEL, "--ops", "--json")

    def test_context_is_cut_to_what_was_trained(self):
        for asked, note in [(["--context", "1000"], r"^lamina: --context 1000 is cut to 256: .*\n$"), (["--context", "256"], "^$"), ([], "^$")]:
            with self.subTest(asked=asked):
                status, out, err = run("plan", MODEL, "--json", *asked)
                self.assertEqual((status, json.loads(out)["context"]), (0, 256))
                self.assertRegex(err, note)
                self.assertRegex(run("info", MODEL, "--verbose", *asked)[2], note)
        self.assertIn("at most what the model was trained for", re.sub(r"\s+", " ", self.succeeds("plan", "--help")))

    def test_one_device(self):
        # Memory that is free now differs from one moment to the next.
        planned = lambda *options: re.sub(r"[0-9.]+ [kMGT]?B free", "free", self.succeeds("plan", MODEL, *options))
        self.assertEqual(planned("--device", "cpu", "--device", "cpu"), planned())
        self.assertNotIn("repeated", self.succeeds("plan", "--help"))

    def test_bench_prints_a_line_a_test(self):
        out = self.succeeds("bench", MODEL, "--prompt", "64", "--generate", "4", "--batch", "1,3", "--repeat", "1")
        lines = [json.loads(line) for line in out.splitlines()]
        self.assertEqual([(l["test"], l["batch"]) for l in lines], [("prefill", 1), ("decode", 1), ("decode", 3)])
        for line in lines:
            self.assertEqual(sorted(line), ["batch", "peak_rate_fraction", "read_bandwidth_fraction", "seconds", "test", "tokens_per_s", "weight_bytes"])
            tokens = 64 if line["test"] == "prefill" else 4 * line["batch"]
            self.assertAlmostEqual(line["tokens_per_s"] * line["seconds"] / tokens, 1, places=6)
            self.assertGreater(line["read_bandwidth_fraction"], 0)
            self.assertGreater(line["peak_rate_fraction"], 0)

    def test_profile_tells_the_time_of_every_op(self):
        bench = ["bench", MODEL, "--prompt", "0", "--generate", "4", "--batch", "2", "--repeat", "1", "--profile"]
        line = json.loads(self.succeeds(*bench))
        times = {time["op"]: time for time in line["profile"]}
        self.assertEqual(times["embed"]["runs"], 4)
        self.assertGreater(times["attention"]["runs"], 4)
        self.assertGreater(times["linear ffn_down"]["weight_bytes"], 0)
        self.assertLessEqual(sum(time["seconds"] for time in times.values()), line["seconds"])


def log_softmax(row):
    highest = max(row)
    normaliser = highest + math.log(math.fsum(math.exp(x - highest) for x in row))
    return [x - normaliser for x in row]


class Numbers(ToolTest):
    """logits and compare on a tiny model, against the stored logits and against sums written out here."""

    def setUp(self):
        super().setUp()
        self.stored = read_safetensors(tiny("llama.ref.safetensors"))
        (self.rows, self.length), self.tokens = self.stored["tokens"]
        self.vocabulary = self.stored["logits"][0][2]

    def logits(self, *options):
        source = self.file("tokens.safetensors")
        write_safetensors(source, {"tokens": self.stored["tokens"]})
        out = os.path.join(self.folder, "logits.safetensors")
        self.assertEqual(self.succeeds("logits", MODEL, "--tokens", source, "--out", out, *options), "")
        shape, values = read_safetensors(out)["logits"]
        self.assertEqual(shape, [self.rows, self.length, self.vocabulary])
        return values

    def assertClose(self, a, b, bound):
        error = math.sqrt(math.fsum((x - y) ** 2 for x, y in zip(a, b)) / math.fsum(y * y for y in b))
        self.assertLessEqual(error, bound)

    def test_logits(self):
        wanted = self.stored["logits"][1]
        self.assertClose(self.logits("--backend", "reference"), wanted, 1e-4)
        self.assertClose(self.logits("--backend", "reference", "--sequences", "2"), wanted, 1e-4)
        self.assertClose(self.logits(), wanted, 1e-3)

    def reference_file(self, top):
        """What `compare --ref` reads, made from the stored logits of the first row."""
        count, vocabulary = self.length, self.vocabulary
        logits = self.stored["logits"][1]
        nll, ids, logprobs = array("f"), array("i"), array("f")
        for position in range(count):
            row = log_softmax(logits[position * vocabulary:(position + 1) * vocabulary])
            likeliest = sorted(range(vocabulary), key=lambda i: -row[i])[:top]
            ids.extend(likeliest)
            logprobs.extend(row[i] for i in likeliest)
            if position + 1 < count:
                nll.append(-row[self.tokens[position + 1]])
        tensors = {"tokens": ([count], self.tokens[:count]), "nll": ([count - 1], nll), "top_ids": ([count, top], ids),
                   "top_logprobs": ([count, top], logprobs), "full_positions": ([2], array("i", [0, count - 1])),
                   "full_logits": ([2, vocabulary], logits[:vocabulary] + logits[(count - 1) * vocabulary:count * vocabulary])}
        path = self.file("ref.safetensors")
        write_safetensors(path, tensors)
        return path, tensors

    def expected(self, tensors, model_logits, top):
        nll = kl = agreed = 0
        highest = 0
        for position in range(self.length):
            row = log_softmax(model_logits[position * self.vocabulary:(position + 1) * self.vocabulary])
            here = slice(position * top, (position + 1) * top)
            ids, logprobs = tensors["top_ids"][1][here], tensors["top_logprobs"][1][here]
            p_rest = 1 - math.fsum(math.exp(p) for p in logprobs)
            q_rest = 1 - math.fsum(math.exp(row[i]) for i in ids)
            part = math.fsum(math.exp(p) * (p - row[i]) for i, p in zip(ids, logprobs)) + p_rest * math.log(p_rest / q_rest)
            kl, highest = kl + part, max(highest, part)
            agreed += max(range(self.vocabulary), key=lambda i: row[i]) == ids[0]
            if position + 1 < self.length:
                nll -= row[self.tokens[position + 1]]
        return math.exp(nll / (self.length - 1)), kl / self.length, highest, agreed / self.length

    def test_compare_with_a_stored_reference(self):
        top = 32
        path, tensors = self.reference_file(top)
        # A cache in bf16 keeps the two apart, so that there is something to measure.
        options = ["--backend", "cpu", "--cache-type", "bf16"]
        got = json.loads(self.succeeds("compare", MODEL, "--ref", path, "--json", *options))
        perplexity, kl, highest, agreement = self.expected(tensors, self.logits(*options), top)
        self.assertEqual(got["positions"], self.length)
        self.assertAlmostEqual(got["perplexity"] / perplexity, 1, places=6)
        reference = math.exp(math.fsum(tensors["nll"][1]) / (self.length - 1))
        self.assertAlmostEqual(got["reference_perplexity"] / reference, 1, places=6)
        self.assertAlmostEqual(got["mean_kl"], kl, delta=1e-7 + 1e-3 * kl)
        self.assertAlmostEqual(got["max_kl"], highest, delta=1e-6 + 1e-3 * highest)
        self.assertAlmostEqual(got["top1_agreement"], agreement, places=9)
        self.assertLess(got["max_logit_error"], 0.5)
        self.assertIn("perplexity", self.succeeds("compare", MODEL, "--ref", path))

    def test_compare_refuses_bad_references(self):
        path, tensors = self.reference_file(8)
        for name, value, word in [("top_ids", ([self.length, 8], array("i", [160] * self.length * 8)), "top_ids"),
                                  ("nll", ([3], array("f", [1, 2, 3])), "nll"),
                                  ("full_positions", ([2], array("i", [0, self.length])), "full_positions"),
                                  ("tokens", ([self.length], array("i", [160] * self.length)), "160")]:
            with self.subTest(name=name):
                write_safetensors(path, {**tensors, name: value})
                self.fails(1, [word], "compare", MODEL, "--ref", path)
        self.fails(1, ["model.txt"], "compare", MODEL, "--ref", self.file("model.txt", "no tensors"))

    def test_logits_refuses_bad_tokens(self):
        out = os.path.join(self.folder, "out.safetensors")
        path = self.file("in.safetensors")
        for tensors, word in [({"tokens": ([2], array("i", [1, 2]))}, "tokens"), ({"tokens": ([1, 1], array("i", [160]))}, "160"),
                              ({"tokens": ([1, 1], array("f", [1]))}, "tokens"), ({"text": ([1, 1], array("i", [1]))}, "tokens")]:
            write_safetensors(path, tensors)
            self.fails(1, [word], "logits", MODEL, "--tokens", path, "--out", out)
            self.assertFalse(os.path.exists(out))


class Templates(ToolTest):
    CHATML = "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"

    def render(self, source, cases, *options):
        template = self.file("t.jinja", source)
        return json.loads(self.succeeds("render", template, "--json", self.file("c.json", json.dumps(cases)), *options))

    def test_render(self):
        cases = [{"messages": [{"role": "user", "content": "Grüße, 世界"}]}, {"messages": []}]
        self.assertEqual(self.render(self.CHATML, cases), [{"text": "<|im_start|>user\nGrüße, 世界<|im_end|>\n"}, {"text": ""}])

    def test_published_templates(self):
        folder = os.path.join(DATA, "templates")
        with open(os.path.join(folder, "cases.json"), encoding="utf-8") as file:
            cases = json.load(file)
        for name in sorted({case["template"] for case in cases}):
            mine = [case for case in cases if case["template"] == name]
            inputs = [{key: value for key, value in case.items() if key not in ("template", "case", "expected", "error")} for case in mine]
            # The stored cases were rendered at this moment.
            out = json.loads(self.succeeds("render", os.path.join(folder, name + ".jinja"), "--json", "-", "--now",
                                           "2024-07-26T09:05:03", stdin=json.dumps(inputs)))
            self.assertEqual(len(out), len(mine))
            for got, case in zip(out, mine):
                with self.subTest(template=name, case=case["case"]):
                    if "error" in case:
                        self.assertEqual(list(got), ["error"])
                    else:
                        self.assertEqual(got, {"text": case["expected"]})

    def test_members_keep_their_order(self):
        tools = [{"z": 1, "a": {"y": 2, "b": 3}}]
        self.assertEqual(self.render("{{ tools | tojson }}", [{"tools": tools}]), [{"text": json.dumps(tools)}])

    def test_now(self):
        source = "{{ strftime_now('%Y-%m-%d %H:%M:%S') }}"
        self.assertEqual(self.render(source, [{}], "--now", "2024-07-26T09:05:03"), [{"text": "2024-07-26 09:05:03"}])
        # Named once, not once a case, and for templates that do not ask too.
        self.fails(1, ["--now", "2024-07-26T09:05:03", "yesterday"], "render", self.file("t.jinja", "{{ a }}"), "--json",
                   self.file("c.json", "[{}, {}]"), "--now", "yesterday")

    def test_one_failing_case_leaves_the_others(self):
        source = "{% if bad %}{{ raise_exception('roles must alternate') }}{% endif %}fine"
        bad, good = self.render(source, [{"bad": True}, {"bad": False}])
        self.assertIn("roles must alternate", bad["error"])
        self.assertEqual(good, {"text": "fine"})

    def test_bad_template(self):
        cases = self.file("c.json", "[]")
        path = self.file("t.jinja", "line one\n{% if %}")
        self.fails(1, [path, "line 2"], "render", path, "--json", cases)
        self.fails(1, ["UTF-8"], "render", self.file("t.jinja", b"\xff\xfe"), "--json", cases)
        self.fails(1, ["no such file"], "render", os.path.join(self.folder, "no.jinja"), "--json", cases)

    def test_bad_cases(self):
        template = self.file("t.jinja", "x")
        for text, word in [("", "line 1"), ("[1,\n2", "line 2"), ("{}", "array"), ("[1]", "objects"),
                           ("[" * 100000, "deeper"), ("[1e999]", "too large"), (b'["\xff"]', "UTF-8")]:
            self.fails(1, ["c.json", word], "render", template, "--json", self.file("c.json", text))


class Behaviour(ToolTest):
    def test_full_disk(self):
        with open("/dev/full", "wb") as full:
            done = subprocess.run([TOOL, "info", MODEL, "--json"], stdout=full, stderr=subprocess.PIPE, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"No space left", done.stderr)

    def test_interrupt_ends_a_long_run(self):
        arguments = ["bench", MODEL, "--prompt", "0", "--generate", "200", "--batch", "1", "--repeat", "1000"]
        with subprocess.Popen([TOOL, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            # Loaded and running once there is more than one thread; the bench then lasts for minutes.
            while len(os.listdir(f"/proc/{process.pid}/task")) < 2 and process.poll() is None:
                pass
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=60)
        self.assertEqual((process.returncode, out, err), (130, b"", b""))


if __name__ == "__main__":
    main()
