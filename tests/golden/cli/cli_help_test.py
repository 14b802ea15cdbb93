#!/usr/bin/env python3
"""The tool for people: help, manual page and shell completion say the same; mistyped words are met with what was meant."""
import os
import re
import shutil
import subprocess
import unittest

from terminal import TerminalTest, escape_state
from tool import TOOL, ToolTest, main, run, tiny

MODEL = tiny("llama.gguf")
FOLDER = os.path.dirname(TOOL)


def help_of(*command, **environment):
    return run(*command, "--help", environment={"COLUMNS": "100", **environment})[1]


def commands():
    part = help_of().split("\nCommands:\n")[1].split("\n\n")[0]
    return re.findall(r"(?m)^  (\w+)", part)


def options(*command):
    """{names of one option} for each option and argument of a command's help."""
    found = re.findall(r"(?m)^  (-[^ ,]*(?:, -[^ ,]*)*)", help_of(*command))
    return [set(names.split(", ")) for names in found]


def needed(*programs):
    """Skips the test, and says so, where a program is missing; tests/run.sh's packages have them all."""
    for program in programs:
        if shutil.which(program) is None:
            print(f"skipped: no {program} here")
            raise unittest.SkipTest(f"no {program} here")


class ToolForPeopleHelp(ToolTest):
    def test_every_command_explains_itself(self):
        self.assertLessEqual({"chat", "generate", "info", "plan", "tokenize", "render", "logits", "compare", "bench", "completion",
                              "man", "help"}, set(commands()))
        for command in commands():
            with self.subTest(command=command):
                text = self.succeeds(command, "--help", environment={"COLUMNS": "100"})
                self.assertTrue(text.endswith("\n"))
                self.assertIn(f"Usage: lamina {command} [OPTIONS]", text)
                self.assertIn({"-h", "--help"}, options(command))
                self.assertIn({"--color"}, options(command))
                every = [name for names in options(command) for name in names]
                self.assertEqual(len(every), len(set(every)), "an option is listed twice")
                if command != "help":
                    self.assertRegex(text, rf"(?s)Examples:\n  # .*\n  .*lamina {command}")
                    self.assertEqual(self.succeeds("help", command, environment={"COLUMNS": "100"}), text)

    def test_every_option_is_explained(self):
        for command in commands():
            for entry in re.findall(r"(?m)^  (-.*)\n( {6,}.*)?", help_of(command)):
                self.assertRegex("".join(entry), r"^(-{1,2}[\w-]+(, )?)+( [^ ]+)? {2,}\w", entry)

    def test_every_width(self):
        for width in (20, 30, 64, 80, 100, 300):
            for command in ([], *([command] for command in commands())):
                with self.subTest(width=width, command=command):
                    lines = help_of(*command, COLUMNS=str(width)).splitlines()
                    # Usage, headings, names and examples stay whole: they are to be copied.
                    text = [line for line in lines if not line.startswith("Usage:") and not re.match(r"\w.*:$", line) and not re.match("  [^ ]", line)]
                    longest = max(len(line) for line in text if " " in line.strip())
                    self.assertLessEqual(longest, min(width, 100))

    def test_did_you_mean(self):
        for arguments, words in [(["caht"], ["no command 'caht'", "'chat'"]), (["tokenise", MODEL], ["'tokenize'"]),
                                 (["gen"], ["'generate'"]), (["generate", MODEL, "-p", "x", "--gredy"], ["'--greedy'"]),
                                 (["chat", MODEL, "--contxt=5"], ["'--contxt'", "'--context'"]),
                                 (["--verison"], ["'--version'"]), (["help", "plna"], ["'plan'"]),
                                 (["completion", "zhs"], ["'zsh'"])]:
            with self.subTest(arguments=arguments):
                self.fails(2, words, *arguments)
        for arguments in (["x"], ["quantize-everything"], ["info", "--q"], ["info", MODEL, "more"], ["\x1b[2J"], ["a" * 5000]):
            with self.subTest(arguments=arguments):
                error = self.fails(2, [], *arguments)
                self.assertNotIn("did you mean", error)
                self.assertNotIn("\x1b", error)

    def test_the_last_of_an_option_counts(self):
        out = self.succeeds("plan", MODEL, "--context", "64", "--context", "128", "--json")
        self.assertIn('128', re.search(r'"context": *(\d+)', out).group(1))

    def test_colours_elsewhere_than_on_terminals(self):
        for options_, environment, coloured in [([], {}, False), (["--color", "always"], {}, True), (["--color=always"], {"NO_COLOR": "1"}, True),
                                                ([], {"CLICOLOR_FORCE": "1"}, True), ([], {"CLICOLOR_FORCE": "0"}, False),
                                                ([], {"CLICOLOR_FORCE": "1", "NO_COLOR": "1"}, False),
                                                (["--color", "never"], {"CLICOLOR_FORCE": "1"}, False)]:
            with self.subTest(options=options_, environment=environment):
                clean = {"NO_COLOR": "", "CLICOLOR_FORCE": "", **environment}
                self.assertEqual("\x1b[" in self.succeeds("plan", *options_, "--help", environment=clean), coloured)
                _, _, error = run("info", *options_, "/no/such/file", environment=clean)
                self.assertEqual("\x1b[" in error, coloured)
                self.assertEqual(escape_state(error.encode()), {})
                self.assertRegex(error, r"lamina info:(\x1b\[0m)? .*\n$")

    def test_json_where_a_script_wants_it(self):
        for command in ("chat", "generate", "info", "plan", "tokenize", "render", "compare", "bench"):
            self.assertIn({"--json"}, options(command))


class ToolForPeopleManualPage(ToolTest):
    def rendered(self, *options_):
        page = self.file("lamina.1", self.succeeds("man"))
        done = subprocess.run(["groff", "-ww", "-man", "-Tutf8", "-P-c", "-P-b", "-P-u", *options_, page], capture_output=True, check=False)
        self.assertEqual((done.returncode, done.stderr.decode()), (0, ""))
        return done.stdout.decode()

    def test_renders_without_warnings(self):
        needed("groff")
        for width in ("60n", "80n", "200n"):
            self.assertIn("lamina chat", self.rendered(f"-rLL={width}"))

    def test_man_shows_it(self):
        needed("man")
        page = self.file("lamina.1", self.succeeds("man"))
        done = subprocess.run(["man", "--warnings", "-l", page], capture_output=True, check=False, env={**os.environ, "MANWIDTH": "100"})
        if b"minimized" in done.stdout + done.stderr:
            print("skipped: this system's man is a stub that shows no pages")
            self.skipTest("man is a stub")
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        self.assertIn(b"EXIT STATUS", done.stdout)

    def test_has_every_option_and_example(self):
        needed("groff")
        text = self.rendered("-rLL=200n")
        page = re.sub(r"\s+", " ", text.replace("\u2212", "-"))
        for command in commands():
            part = text.split(f"\n   lamina {command}\n")[1]
            part = re.split(r"\n(   \w|\w)", part)[0]
            for names in options(command):
                for name in names:
                    self.assertRegex(part, rf"(?m)^ +(-\w, )?{re.escape(name)}\b", f"{command} {name}")
            for example in re.findall(r"(?m)^  (.*lamina .*)$", help_of(command).split("Examples:")[-1]):
                self.assertIn(re.sub(r"\s+", " ", example), page)
        for word in ("/save", "NO_COLOR", "LAMINA_ISA", "XDG_STATE_HOME", "130"):
            self.assertIn(word, page)

    def test_is_plain_ascii_and_the_same_each_time(self):
        page = self.succeeds("man")
        self.assertTrue(page.isascii())
        self.assertEqual(page, self.succeeds("man", environment={"TZ": "Asia/Tokyo", "LC_ALL": "C", "COLUMNS": "30"}))

    def test_build_tree_holds_what_is_installed(self):
        share = os.path.join(os.path.dirname(FOLDER), "share")
        if not os.path.isdir(share):
            print("skipped: the target lamina_tool_files was not built here")
            self.skipTest("lamina_tool_files was not built")
        for path, arguments in [("man/man1/lamina.1", ["man"]), ("bash-completion/completions/lamina", ["completion", "bash"]),
                                ("zsh/site-functions/_lamina", ["completion", "zsh"]),
                                ("fish/vendor_completions.d/lamina.fish", ["completion", "fish"])]:
            with open(os.path.join(share, path), encoding="utf-8") as file:
                self.assertEqual(file.read(), self.succeeds(*arguments), path)


class ToolForPeopleCompletion(TerminalTest):
    def script(self, shell):
        return self.file(f"lamina.{shell}", self.succeeds("completion", shell))

    def bash(self, *words):
        code = ('source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _lamina; '
                'printf "%s\\n" "${COMPREPLY[@]}"')
        done = subprocess.run(["bash", "--norc", "-c", code, "bash", self.script("bash"), "lamina", *words], capture_output=True,
                              check=False, cwd=self.folder)
        self.assertEqual(done.stderr, b"")
        return done.stdout.decode().split("\n")[:-1]

    def fish(self, line):
        done = subprocess.run(["fish", "--no-config", "-c", 'source $argv[1]; complete -C "$argv[2]"', self.script("fish"), line],
                              capture_output=True, check=True, cwd=self.folder, env={**os.environ, "HOME": self.folder})
        self.assertEqual(done.stderr, b"")
        return [found.split("\t")[0] for found in done.stdout.decode().splitlines()]

    def models(self):
        for name in ("a model.gguf", "notes.txt"):
            self.file(name)

    def test_bash_has_every_option(self):
        needed("bash")
        for command in commands():
            every = {name for names in options(command) for name in names}
            self.assertEqual(set(self.bash(command, "-")), every)
        self.assertEqual(self.bash(""), commands())

    def test_bash_values(self):
        needed("bash")
        self.models()
        for words, wanted in [(["ch"], ["chat"]), (["chat", "--cache-type", ""], ["auto", "bf16", "f16", "f32", "q8_0"]),
                              (["chat", "x", "--load", "=", "r"], ["read"]), (["--color", "a"], ["always", "auto"]),
                              (["--color", "never", "pl"], ["plan"]), (["info", ""], ["a model.gguf"]),
                              (["completion", ""], ["bash", "zsh", "fish"]), (["help", "be"], ["bench"]), (["chat", "-p", "n"], [""])]:
            with self.subTest(words=words):
                self.assertEqual(self.bash(*words), wanted)
        self.assertIn("notes.txt", self.bash("chat", "--template", "n"))

    def test_fish(self):
        needed("fish")
        self.models()
        for command in commands():
            every = {name for names in options(command) for name in names}
            self.assertLessEqual(every, set(self.fish(f"lamina {command} -") + self.fish(f"lamina {command} --")))
        self.assertEqual(self.fish("lamina ch"), ["chat"])
        self.assertEqual(self.fish("lamina chat --cache-type "), ["auto", "bf16", "f16", "f32", "q8_0"])
        self.assertIn("a model.gguf", " ".join(self.fish("lamina info a")).replace("\\", ""))
        self.assertEqual(self.fish("lamina completion z"), ["zsh"])

    def test_zsh(self):
        needed("zsh")
        script = self.script("zsh")
        text = self.succeeds("completion", "zsh")
        for command in commands():
            part = text.split(f"\n        {command})\n")[1].split(";;\n")[0]
            for names in options(command):
                for name in names:
                    self.assertRegex(part, rf"\){name}[=+]?\[|'\*{name}[=+]?\[", f"{command} {name}")
        self.models()
        self.start("-f", "-i", program=shutil.which("zsh"), columns=120, environment={"PS1": "shell$ ", "PATH": f"{FOLDER}:{os.environ['PATH']}"})
        self.type(f"PS1='shell$ '; cd {self.folder}; autoload -U compinit; compinit -u -D; source {script}; echo rea''dy\n")
        self.wait_for("ready")
        for typed, completed in [("lamina comp\t", r"comp"), ("lamina gen\t", r"generate "), ("lamina chat --cache-t\t", r"--cache-type="),
                                 ("lamina chat --cache-type b\t", r"bf16 "), ("lamina info a\t", r"a\\ model\.gguf"),
                                 ("lamina completion z\t", "zsh ")]:
            with self.subTest(typed=typed):
                self.seen = len(self.output)
                self.type("\x15" + typed)
                self.wait_for_screen(completed)

    def wait_for_screen(self, words):
        """The line editor prints what changes; what was typed and what was added come apart."""
        def shown():
            text = re.sub(rb"\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>]|\x07", b"", self.output[self.seen:]).decode("utf-8", "replace")
            while "\x08" in text:
                text = re.sub("[^\x08]?\x08", "", text, count=1)
            return re.search(words, text)
        self.wait_until(shown, words)


if __name__ == "__main__":
    main()
