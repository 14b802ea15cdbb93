#!/usr/bin/env python3
"""Ctrl-C at any moment leaves the terminal as it was; so do the other signals that end or stop a process."""
import multiprocessing
import os
import random
import re
import shutil
import signal
import subprocess
import termios
import time
import traceback

from terminal import CTRL_C, CTRL_Z, SMOLLM2, TerminalTest
from tool import TOOL, ToolTest, main, run

# A prefill of about a second beside three others, and an answer that lasts: the tokens that would end it are forbidden.
LONG_PREFILL = ["--context", "4096", "--system", "You tell long stories. " * 300, "-n", "3000", "--when-full", "shift",
                "--logit-bias", "0=-inf", "--logit-bias", "2=-inf"]


class CtrlCLeavesTheTerminal(TerminalTest):
    def load_begins(self):
        self.wait_for("loading")

    def prompt(self):
        self.wait_for_prompt()

    def half_a_message(self):
        self.wait_for_prompt()
        self.type('"""\n')
        self.wait_for_prompt()
        self.type("first line of several")

    def prefill(self):
        self.wait_for_prompt()
        self.type("Count from one to one hundred in words.\n")
        self.wait_for(r"words\.")

    def generation(self):
        self.prefill()
        self.wait_for(r"\s\S+ \S+")  # two words of the answer, whatever they are

    def start_of_process(self):
        pass

    # How long each lasts, about: the moment is drawn from it.
    PHASES = [(start_of_process, 0.05), (load_begins, 0.4), (prompt, 0.1), (half_a_message, 0.1), (prefill, 1.2), (generation, 0.5)]

    def at_a_moment(self, i, pick):
        reach, lasts = self.PHASES[i % len(self.PHASES)]
        self.start_chat(*LONG_PREFILL)
        reach(self)
        time.sleep(pick.uniform(0, lasts))

    def press_ctrl_c_until_it_leaves(self, pause):
        """Patiently, every press takes a step: ends the answer or drops the line, warns, leaves. Impatiently, a press may
        come before the one before was heard, and leaves at once."""
        for _ in range(4 if pause >= 1 else 100):
            if self.process.poll() is not None:
                break
            self.type(CTRL_C)
            end = time.monotonic() + pause
            while self.process.poll() is None and time.monotonic() < end:
                self.read_some(0.02)
        return self.wait_for_end()

    def ctrl_c(self, phase, i, pick):
        status = self.press_ctrl_c_until_it_leaves(pick.choice((0.001, 0.05, 2)))
        # Before the tool has begun, Ctrl-C ends it as it ends any process.
        self.assertIn(status, (0, 130, -signal.SIGINT) if phase == "start_of_process" else (0, 130), self.output[-500:])
        self.terminal_is_as_it_was()
        return status

    def other_signal(self, phase, i, pick):
        number = (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGTERM)[(i // len(self.PHASES)) % 4]
        self.send(number)
        self.leaves_terminal_as_it_was(-number)
        self.assertNotRegex(self.output.decode("utf-8", "replace"), r"loading[^\r]*$", "the bar still stands")
        return -number

    def at_many_moments(self, action, count):
        """Each on a terminal of its own, several at once, because most of the time they wait."""
        statuses = {}
        with multiprocessing.get_context("fork").Pool(4) as pool:
            moments = pool.starmap(at_one_moment, [(action, i) for i in range(count)], chunksize=1)
        for i, (phase, status, fault) in enumerate(moments):
            statuses.setdefault(phase, set()).add(status)
            with self.subTest(i=i, phase=phase):
                self.assertIsNone(fault, fault)
        self.assertEqual(len(statuses), len(self.PHASES))
        print("statuses:", statuses)

    def test_ctrl_c_at_many_moments(self):
        self.at_many_moments("ctrl_c", 42)

    def test_other_signals_at_many_moments(self):
        self.at_many_moments("other_signal", 24)

    def test_first_ends_the_answer_second_leaves(self):
        self.start_chat()
        self.wait_for_prompt()
        self.type("Count from one to one hundred in words.\n")
        self.wait_for(r"words\.(?:\s|\x1b\[[0-9;?]*[A-Za-z])+\w+")
        self.type(CTRL_C)
        self.wait_for("stopped")
        self.wait_for_prompt()
        self.type(CTRL_C)
        self.wait_for("Ctrl-D leaves")
        self.wait_for_prompt()
        self.type(CTRL_C)
        self.leaves_terminal_as_it_was(0)

    def test_only_two_on_empty_lines_in_succession_leave(self):
        self.start_chat()
        self.wait_for_prompt()
        self.type(CTRL_C)
        self.wait_for("Ctrl-D leaves")
        self.wait_for_prompt()
        for between, drops in [("dropped", True), ('"""\n', True), ("typed" + "\x7f" * 5, False), ("/clear\n", False)]:
            with self.subTest(between=between):
                self.type(between)
                self.wait_for(between.strip("\x7f\n"))
                if between.endswith("\n"):
                    self.wait_for_prompt()
                time.sleep(0.3)
                self.type(CTRL_C)
                if drops:
                    self.wait_for_prompt()
                    self.type(CTRL_C)
                self.wait_for("Ctrl-D leaves")
                self.wait_for_prompt()
        self.assertEqual(self.output.count(b"Ctrl-C again"), 5, "where text is dropped nothing is said")
        self.type(CTRL_C)
        self.leaves_terminal_as_it_was(0)

    def test_one_question(self):
        self.start_chat(*LONG_PREFILL, "-p", "Count to a hundred.")
        self.wait_for(r"\x1b\[K")  # the bar goes
        time.sleep(0.3)
        self.type(CTRL_C)
        self.leaves_terminal_as_it_was(130)

    def test_says_what_it_works_on(self):
        """On a terminal alone, and nothing of it stays; Ctrl-C ends the work within a step."""
        text = self.file("long.txt", "It was a dark and stormy night. " * 4000)
        for arguments, words in [(["compare", SMOLLM2, SMOLLM2, "--text", text], "predicting the text: [1-9]"),
                                 (["bench", SMOLLM2, "--prompt", "8000"], "measuring prefill of 8000 tokens")]:
            with self.subTest(command=arguments[0]):
                self.start(*arguments)
                self.wait_for(words)
                self.type(CTRL_C)
                begin = time.monotonic()
                self.leaves_terminal_as_it_was(130)
                self.assertLess(time.monotonic() - begin, 5)
                self.assertRegex(self.output, rb"\r\x1b\[K(\^C)?$")
                self.assertNotIn(b"tokens/s", self.output, "a header without rows")

    def test_hang_up(self):
        self.start_chat()
        self.wait_for_prompt()
        os.close(self.slave)
        os.close(self.master)
        self.assertIn(self.process.wait(60), (0, -signal.SIGHUP))
        self.master, self.slave = os.pipe()  # for the clean-up

    def test_signals_that_the_parent_ignores_stay_ignored(self):
        command = ["sh", "-c", f'trap "" INT; exec "$0" generate "{SMOLLM2}" -p Hello -n 60 --ignore-end --greedy', TOOL]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            os.read(process.stdout.fileno(), 1)
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=120)
        self.assertEqual((process.returncode, err), (0, b""))


def at_one_moment(action, i):
    """(phase, status, fault) of the i-th moment of an action, in a process of its own."""
    test = CtrlCLeavesTheTerminal(action)
    phase = test.PHASES[i % len(test.PHASES)][0].__name__
    pick = random.Random(f"{action} {i}")
    test.setUp()
    try:
        test.at_a_moment(i, pick)
        return phase, getattr(test, action)(phase, i, pick), None
    except Exception:  # pylint: disable=broad-except  # the test says it, whatever it is
        return phase, None, traceback.format_exc()
    finally:
        test.doCleanups()


class StopAndContinue(TerminalTest):
    """Ctrl-Z and fg under a shell that leaves the terminal alone itself."""

    def start_shell(self):
        dash = shutil.which("dash")
        if dash is None:
            print("skipped: no dash here")
            self.skipTest("no dash here")
        self.start("-i", program=dash, environment={"PS1": "shell$ "})
        self.wait_for(r"shell\$ $")
        self.before = termios.tcgetattr(self.slave)
        self.type(f"{TOOL} chat {SMOLLM2} --greedy -n 40\n")

    def stopped(self):
        self.type(CTRL_Z)
        self.wait_for(r"Stopped|Suspended")
        self.wait_for(r"shell\$ $")
        self.terminal_is_as_it_was()

    def leave(self):
        self.type("\x04")
        self.wait_for(r"shell\$ $")
        self.terminal_is_as_it_was()

    def test_at_the_prompt(self):
        self.start_shell()
        self.wait_for_prompt()
        self.type("half a line 世界")
        self.wait_for("世界")
        self.stopped()
        self.type("fg\n")
        self.wait_for("half a line 世界")
        self.wait_until(self.edits, "the tool does not edit again")
        self.type(" and the rest\n")
        self.wait_for("tokens/s")
        self.wait_for_prompt()
        self.stopped()
        self.type("fg\n")
        self.wait_for_prompt()
        self.leave()

    def test_while_loading_and_answering(self):
        self.start_shell()
        self.wait_for("loading")
        self.stopped()
        self.type("fg\n")
        self.wait_for_prompt()
        self.type("Count from one to one hundred in words.\n")
        self.wait_for(r"words\.(?:\s|\x1b\[[0-9;?]*[A-Za-z])+\w+")
        self.stopped()
        self.type("fg\n")
        self.wait_for("tokens/s")
        self.wait_for_prompt()
        self.leave()

    def test_stopped_without_warning(self):
        self.start_shell()
        self.wait_for_prompt()
        self.type("kept")
        self.wait_for("kept")
        with open(f"/proc/{self.process.pid}/task/{self.process.pid}/children", encoding="ascii") as file:
            os.kill(int(file.read()), signal.SIGSTOP)
        self.wait_for(r"shell\$ $")
        self.type("fg\r")  # the shell sees a terminal in the tool's modes
        self.wait_for("kept")
        self.wait_until(self.edits, "the tool does not edit again")
        self.type("\n")
        self.wait_for("tokens/s")
        self.wait_for_prompt()
        self.leave()

    def test_ended_in_the_background(self):
        self.start_shell()
        self.wait_for_prompt()
        self.stopped()
        self.type("kill %1; fg\n")
        self.wait_for("Terminated")
        self.wait_for(r"shell\$ $")
        self.terminal_is_as_it_was()


class Pipes(ToolTest):
    ARGUMENTS = ["generate", SMOLLM2, "-p", "Once upon a time", "-n", "0", "--ignore-end", "--greedy"]

    def test_reader_that_leaves(self):
        """A closed pipe ends the answer at once, silently by SIGPIPE or, where that is ignored, with one line."""
        for restore, statuses, line in [(True, (-signal.SIGPIPE,), rb"^$"), (False, (1,), rb"^lamina generate: .*Broken pipe.*\n$")]:
            for arguments in (self.ARGUMENTS, ["chat", SMOLLM2, "-p", "Count to a thousand in words.", "-n", "0"]):
                with self.subTest(restore=restore, command=arguments[0]):
                    with subprocess.Popen([TOOL, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                          restore_signals=restore) as process:
                        os.read(process.stdout.fileno(), 1)
                        process.stdout.close()
                        err = process.stderr.read()
                        process.wait(60)
                    self.assertIn(process.returncode, statuses)
                    self.assertRegex(err, line.replace(b"generate", arguments[0].encode()))

    def test_standard_input_that_ends(self):
        self.assertEqual(self.succeeds("chat", SMOLLM2, stdin=""), "")
        self.fails(1, ["standard input", '"""'], "chat", SMOLLM2, stdin='"""\nnever closed\n')

    def test_several_lines_from_a_pipe(self):
        whole = self.succeeds("chat", SMOLLM2, "--greedy", "-n", "12", "-p", "Name a colour.\nOne word.")
        for text in ("Name a colour.\\\nOne word.\n", '"""Name a colour.\nOne word."""', '"""\nName a colour.\nOne word.\n"""\n/quit\n',
                     "Name a colour.\\\r\nOne word."):
            with self.subTest(text=text):
                self.assertEqual(self.succeeds("chat", SMOLLM2, "--greedy", "-n", "12", stdin=text), whole)

    def test_interrupt_while_waiting_for_input(self):
        for arguments in (["chat", SMOLLM2], ["generate", SMOLLM2, "-p", "-"], ["chat", SMOLLM2, "-p", "-"]):
            with self.subTest(arguments=arguments):
                with subprocess.Popen([TOOL, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
                    self.wait_until_asleep(process.pid)
                    process.send_signal(signal.SIGINT)
                    self.assertEqual(process.wait(60), 130)
                    self.assertEqual(process.stderr.read(), b"")

    def wait_until_asleep(self, pid):
        """Until it waits for its standard input."""
        end = time.monotonic() + 60
        while time.monotonic() < end:
            with open(f"/proc/{pid}/wchan", encoding="ascii") as file:
                if re.search("poll|pipe", file.read()):
                    return
            time.sleep(0.01)
        self.fail("it never waits for input")

    def test_chat_as_json(self):
        import json
        status, out, err = run("chat", SMOLLM2, "--greedy", "-n", "8", "--json", stdin="Hello\nAnd now?\n")
        self.assertEqual(status, 0, err)
        answers = [json.loads(line) for line in out.splitlines()]
        self.assertEqual(len(answers), 2)
        self.assertEqual(answers[0]["text"] + "\n", self.succeeds("chat", SMOLLM2, "--greedy", "-n", "8", "-p", "Hello"))
        for answer in answers:
            self.assertEqual(answer["generated_tokens"], len(answer["tokens"]))
            self.assertIn(answer["finish_reason"], ("end_token", "max_tokens"))


if __name__ == "__main__":
    if not os.path.exists(SMOLLM2):
        raise SystemExit(f"{SMOLLM2} is missing: tests/run.sh fetches it")
    main()
