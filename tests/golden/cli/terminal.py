"""The tool on a pseudo-terminal, as a person uses it. Shared by the tests beside it."""
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time

from tool import MODELS, TOOL, ToolTest

SMOLLM2 = os.path.join(MODELS, "SmolLM2-135M-Instruct.Q4_1.gguf")
CTRL_C, CTRL_D, CTRL_Z, UP, DOWN, ALT_ENTER = "\x03", "\x04", "\x1a", "\x1b[A", "\x1b[B", "\x1b\r"


def escape_state(output):
    """What escape sequences left behind that a terminal does not start with: {} is as it was."""
    state = {}
    for codes, end in re.findall(rb"\x1b\[\?([0-9;]*)([hl])", output):
        for code in codes.split(b";"):
            state[code.decode()] = end == b"h"
    left = {code: on for code, on in state.items() if on != (code == "25")}  # the cursor alone is on before
    colours = re.findall(rb"\x1b\[([0-9;]*)m", output)
    if colours and colours[-1] not in (b"", b"0"):
        left["colour"] = colours[-1].decode()
    return left


class TerminalTest(ToolTest):
    """One process on a terminal of its own; history goes to a folder of the test."""

    def start(self, *arguments, program=TOOL, rows=24, columns=80, environment=None):
        self.master, self.slave = pty.openpty()
        self.addCleanup(os.close, self.master)
        self.addCleanup(os.close, self.slave)
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.before = termios.tcgetattr(self.slave)
        variables = {**os.environ, "TERM": "xterm", "LC_ALL": "C.UTF-8", "HOME": self.folder,
                     "XDG_STATE_HOME": os.path.join(self.folder, "state"), **(environment or {})}
        for name in ("NO_COLOR", "CLICOLOR_FORCE", "CLICOLOR"):
            if name not in (environment or {}):
                variables.pop(name, None)
        self.process = subprocess.Popen([program, *arguments], stdin=self.slave, stdout=self.slave, stderr=self.slave,
                                        env=variables, start_new_session=True,
                                        preexec_fn=lambda: os.close(os.open(os.ttyname(0), os.O_RDWR)))
        self.addCleanup(self.process.wait)
        self.addCleanup(self.process.kill)
        self.output = b""  # all of it
        self.seen = 0      # what wait_for has passed

    def start_chat(self, *arguments, **options):
        self.start("chat", SMOLLM2, "--greedy", "-n", "60", *arguments, **options)

    def read_some(self, seconds):
        ready, _, _ = select.select([self.master], [], [], max(0, seconds))
        if ready:
            self.output += os.read(self.master, 65536)
        return bool(ready)

    def wait_for(self, words, seconds=120):
        """Reads until `words` (a regular expression) was printed; what came before is passed."""
        end = time.monotonic() + seconds
        while True:
            unseen = self.output[self.seen:].decode("utf-8", "replace")
            found = re.search(words, unseen)
            if found:
                self.seen += len(unseen[:found.end()].encode())
                return found
            self.assertTrue(self.read_some(end - time.monotonic()), f"no {words!r} in {unseen!r}")

    def edits(self):
        """The terminal leaves editing to the tool."""
        return not termios.tcgetattr(self.slave)[3] & termios.ICANON

    def wait_until(self, condition, what):
        end = time.monotonic() + 60
        while not condition():
            self.assertLess(time.monotonic(), end, what)
            self.read_some(0.005)

    def wait_for_prompt(self):
        """What is typed between the prompt and the change of the terminal's modes gets lost."""
        self.wait_for(r"(?m)[>.](\x1b\[0m)? $")
        self.wait_until(self.edits, "the terminal still edits lines itself")

    def type(self, text):
        data = text.encode()
        while data:
            data = data[os.write(self.master, data[:1024]):]
            self.read_some(0)

    def paste(self, text):
        self.type("\x1b[200~" + text.replace("\n", "\r") + "\x1b[201~")

    def say(self, text):
        """Types a line at a prompt and waits for the next one."""
        self.type(text + "\n")
        self.wait_for(r"\n")
        self.wait_for_prompt()

    def wait_for_end(self, seconds=60):
        end = time.monotonic() + seconds
        while self.process.poll() is None:
            self.assertLess(time.monotonic(), end, f"still running: {self.output[-500:]!r}")
            self.read_some(0.01)
        while self.read_some(0):
            pass
        return self.process.returncode

    def terminal_is_as_it_was(self):
        self.assertEqual(termios.tcgetattr(self.slave), self.before)
        self.assertEqual(escape_state(self.output), {}, self.output[-500:])

    def leaves_terminal_as_it_was(self, status):
        self.assertEqual(self.wait_for_end(), status, self.output[-500:])
        self.terminal_is_as_it_was()

    def send(self, number):
        self.process.send_signal(number)


__all__ = ["ALT_ENTER", "CTRL_C", "CTRL_D", "CTRL_Z", "DOWN", "SMOLLM2", "TerminalTest", "UP", "escape_state", "signal"]
