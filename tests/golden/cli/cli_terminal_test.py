#!/usr/bin/env python3
"""The tool for people: the chat on a terminal, with a history and messages of several lines."""
import fcntl
import json
import os
import stat
import struct
import termios

from terminal import ALT_ENTER, CTRL_C, CTRL_D, DOWN, SMOLLM2, TerminalTest, UP
from tool import main


class ToolForPeopleChat(TerminalTest):
    def saved(self):
        """What was said so far, as /save writes it."""
        path = os.path.join(self.folder, f"saved{len(os.listdir(self.folder))}.json")
        self.say(f"/save {path}")
        with open(path, encoding="utf-8") as file:
            return json.load(file)

    def questions(self):
        return [message["content"] for message in self.saved() if message["role"] == "user"]

    def test_ask_and_quit(self):
        self.start_chat()
        self.wait_for("loading")
        self.wait_for_prompt()
        self.type("What is the capital of France?\n")
        self.wait_for(r"France\?\s+\S+")
        self.wait_for(r"\d+ tokens, [\d.]+ tokens/s")
        self.wait_for_prompt()
        self.type("/quit\n")
        self.leaves_terminal_as_it_was(0)

    def test_commands(self):
        self.start_chat("-n", "4")
        self.wait_for_prompt()
        self.type("/help\n")
        for name in ("/system", "/clear", "/retry", "/save", "/load", "/quit", '"""'):
            self.wait_for(name)
        self.wait_for_prompt()
        for typed, answer in [("/frobnicate", "no command /frobnicate"), ("/clera", "did you mean '/clear'"),
                              ("/system", "no system message"), ("/retry", "none asked yet"), ("/save", "file name"),
                              ("/load /no/such.json", "no such file")]:
            self.type(typed + "\n")
            self.wait_for(answer)
            self.wait_for_prompt()
        self.say("/system Answer like a pirate.")
        self.say("Hello")
        first = self.saved()
        self.assertEqual([m["role"] for m in first], ["system", "user", "assistant"])
        self.assertEqual(first[0]["content"], "Answer like a pirate.")
        self.say("/retry")
        self.assertEqual([m["role"] for m in self.saved()], ["system", "user", "assistant"])
        self.say("/reset")
        self.assertEqual(self.saved(), first[:1])
        path = self.file("other.json", json.dumps([{"role": "user", "content": "Grüße"}, {"role": "assistant", "content": "世界"}]))
        self.say(f"/load {path}")
        self.assertEqual(self.questions(), ["Grüße"])
        for text in ("{}", "[1]", '[{"role": "user"}]', "[" * 1000):
            self.type(f"/load {self.file('bad.json', text)}\n")
            self.wait_for(r"bad\.json: .*expected")
            self.wait_for_prompt()
        taken = self.file("taken.json", "mine")
        self.type(f"/save {taken}\n")
        self.wait_for("File exists")
        self.wait_for_prompt()
        with open(taken, encoding="utf-8") as file:
            self.assertEqual(file.read(), "mine")
        self.type(CTRL_D)
        self.leaves_terminal_as_it_was(0)

    def test_messages_of_several_lines(self):
        self.start_chat("-n", "1")
        self.wait_for_prompt()
        self.type("one \\\n")
        self.wait_for_prompt()
        self.say("two")
        self.type('"""\n')
        self.wait_for_prompt()
        self.type("/help is said\n")
        self.wait_for_prompt()
        self.say('as it stands"""')
        self.type("three" + ALT_ENTER + "four")
        self.wait_for("four")
        self.say("")
        self.paste("pasted\n\tlines\x07\x1b[2J\n/quit")
        self.wait_for("quit")
        self.say("")
        self.say(" /quit")
        self.assertEqual(self.questions(), ["one \ntwo", "/help is said\nas it stands", "three\nfour",
                                            "pasted\n\tlines[2J\n/quit", " /quit"])
        self.type('"""\n')
        self.wait_for_prompt()
        self.type(CTRL_C)  # drops the message
        self.wait_for_prompt()
        self.assertEqual(len(self.questions()), 5)

    def test_editing_of_wide_characters(self):
        for columns in (20, 300):
            with self.subTest(columns=columns):
                self.start_chat("-n", "1", columns=columns)
                self.wait_for_prompt()
                self.type("日本語の文字 und Grüße 🎉x\x7f\x7f\x01>\x05!")
                self.wait_for("!")
                self.say("")
                self.assertEqual(self.questions(), [">日本語の文字 und Grüße !"])
                self.type(CTRL_D)
                self.leaves_terminal_as_it_was(0)

    def test_new_size_of_the_window(self):
        self.start_chat("-n", "1")
        self.wait_for_prompt()
        text = "a line that will be longer than the window is wide"
        self.type(text)
        self.wait_for("wide")
        for columns in (20, 300, 40):
            fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        self.say("")
        self.assertEqual(self.questions(), [text])

    def test_bytes_that_are_no_text(self):
        self.start_chat("-n", "1")
        self.wait_for_prompt()
        os.write(self.master, b"caf\xe9 au lait\n")
        self.wait_for("token")
        self.wait_for_prompt()
        question, = self.questions()
        self.assertRegex(question, "^caf\ufffd? ?au lait$")

    def test_a_dumb_terminal(self):
        self.start_chat("-n", "4", environment={"TERM": "dumb"})
        self.wait_for("> ")
        self.type("Hello\n")
        self.wait_for("tokens/s")
        self.wait_for("> ")
        self.type(CTRL_C)
        self.wait_for("Ctrl-D leaves")
        self.wait_for("> ")
        self.type(CTRL_D)
        self.leaves_terminal_as_it_was(0)
        self.assertNotIn(b"\x1b", self.output)

    def test_colours(self):
        for options, environment, wanted in [([], {}, True), ([], {"NO_COLOR": "1"}, False), (["--color", "never"], {}, False),
                                             (["--color", "always"], {"NO_COLOR": "1"}, True)]:
            with self.subTest(options=options, environment=environment):
                self.start_chat(*options, environment=environment)
                self.wait_for_prompt()
                self.type(CTRL_D)
                self.leaves_terminal_as_it_was(0)
                self.assertEqual(b"\x1b[2m/help" in self.output, wanted, self.output)

    def test_completion_of_commands(self):
        self.start_chat()
        self.wait_for_prompt()
        self.type("/sy\t")
        self.wait_for("stem ")
        self.say("Be brief.")
        self.assertEqual(self.saved(), [{"role": "system", "content": "Be brief."}])


class ToolForPeopleHistory(TerminalTest):
    def setUp(self):
        super().setUp()
        self.path = os.path.join(self.folder, "state", "lamina", "chat_history")

    def entries(self):
        with open(self.path, encoding="utf-8") as file:
            return file.read().splitlines()

    def chat(self, *lines, options=(), environment=None):
        self.start_chat("-n", "1", *options, environment=environment)
        self.wait_for_prompt()
        for line in lines:
            self.say(line)
        self.type(CTRL_D)
        self.leaves_terminal_as_it_was(0)

    def keep(self, lines):
        os.makedirs(os.path.dirname(self.path))
        with open(self.path, "w", encoding="utf-8") as file:
            file.write("".join(line + "\n" for line in lines))

    def test_is_kept_for_the_next_chat(self):
        self.chat("Erste Frage, Grüße", "back\\slash here", " secret")
        self.assertEqual(self.entries(), ["Erste Frage, Grüße", "back\\\\slash here"])
        self.assertEqual(stat.S_IMODE(os.stat(self.path).st_mode), 0o600)
        self.assertEqual(stat.S_IMODE(os.stat(os.path.dirname(self.path)).st_mode), 0o700)
        self.start_chat("-n", "1")
        self.wait_for_prompt()
        self.type(UP)
        self.wait_for(r"back\\slash here")
        self.type(UP)
        self.wait_for("Erste Frage, Grüße")
        self.type(DOWN)
        self.wait_for(r"slash")
        self.type(UP + "\n")
        self.wait_for("token")
        self.wait_for_prompt()
        self.type(CTRL_D)
        self.leaves_terminal_as_it_was(0)
        self.assertEqual(self.entries()[-1], "Erste Frage, Grüße")

    def test_messages_of_several_lines(self):
        self.start_chat("-n", "1")
        self.wait_for_prompt()
        self.paste("first\nsecond")
        self.wait_for("second")
        self.say("")
        self.type(UP)
        self.wait_for("second")
        self.say("")
        self.type(CTRL_D)
        self.leaves_terminal_as_it_was(0)
        self.assertEqual(self.entries(), ["first\\nsecond"] * 2)

    def test_is_bounded(self):
        self.keep([f"entry {i}" for i in range(3000)])
        self.chat("the last")
        self.assertEqual(self.entries(), [f"entry {i}" for i in range(2000, 3000)] + ["the last"])
        self.keep_large()
        self.chat()
        self.assertLessEqual(os.path.getsize(self.path), 1 << 20)
        self.assertEqual(self.entries()[-1], "y" * 1000)

    def keep_large(self):
        with open(self.path, "w", encoding="utf-8") as file:
            file.write(("y" * 1000 + "\n") * 5000)

    def test_off(self):
        self.chat("Hello", options=["--no-history"])
        self.assertFalse(os.path.exists(self.path))
        self.chat("Hello", environment={"XDG_STATE_HOME": "", "HOME": ""})
        self.assertFalse(os.path.exists(self.path))

    def test_home_without_state_folder(self):
        self.chat("Hello", environment={"XDG_STATE_HOME": "not/absolute"})
        self.path = os.path.join(self.folder, ".local", "state", "lamina", "chat_history")
        self.assertEqual(self.entries(), ["Hello"])

    def test_readable_by_others_before(self):
        self.keep(["old"])
        os.chmod(self.path, 0o644)
        self.chat("new")
        self.assertEqual(stat.S_IMODE(os.stat(self.path).st_mode), 0o600)
        self.assertEqual(self.entries(), ["old", "new"])

    def test_bytes_that_are_no_text(self):
        os.makedirs(os.path.dirname(self.path))
        with open(self.path, "wb") as file:
            file.write(b"good\n\xff\xfe\x00bad\x1b[2J\n")
        self.start_chat("-n", "1")
        self.wait_for_prompt()
        self.type(UP)
        self.wait_for("good")
        self.type(CTRL_C)
        self.wait_for_prompt()
        self.type(CTRL_D)
        self.leaves_terminal_as_it_was(0)
        self.assertNotIn(b"\x1b[2J", self.output)

    def test_cannot_be_kept(self):
        for path in ("/dev/null/state", self.file("file")):
            with self.subTest(path=path):
                self.start_chat("-n", "1", environment={"XDG_STATE_HOME": path})
                self.wait_for("history is not kept")
                self.wait_for_prompt()
                self.say("Hello")
                self.type(CTRL_D)
                self.leaves_terminal_as_it_was(0)
        os.makedirs(os.path.dirname(self.path))
        os.mkfifo(self.path)
        self.start_chat("-n", "1")
        self.wait_for("history is not kept")
        self.wait_for_prompt()
        self.type(CTRL_D)
        self.leaves_terminal_as_it_was(0)


if __name__ == "__main__":
    if not os.path.exists(SMOLLM2):
        raise SystemExit(f"{SMOLLM2} is missing: tests/run.sh fetches it")
    main()
