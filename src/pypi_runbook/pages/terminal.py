"""A pseudo terminal on which a session types what a reader would type, at the moment when it is asked."""

from __future__ import annotations

import os
import select
import termios
from contextlib import suppress
from types import TracebackType

END_OF_INPUT = "\x04"


class Terminal:
    """A terminal for one block: `path` is what the block reads from; use it as a context manager.

    A prompt that hides what is typed may throw away what came before it (getpass does), so the text is typed at once and
    again whenever the echo goes off. After the text comes the end of input: a second question is not answered.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.driver, self.reader = os.openpty()
        self.path = os.ttyname(self.reader)
        self._echo = True

    def __enter__(self) -> Terminal:
        self._type()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        os.close(self.driver)
        os.close(self.reader)

    def attend(self) -> None:
        """Type again when a prompt has hidden its input since the last call, and drop what the terminal echoed."""
        echo = bool(termios.tcgetattr(self.reader)[3] & termios.ECHO)
        if self._echo and not echo:
            self._type()
        self._echo = echo
        while select.select([self.driver], [], [], 0)[0]:
            with suppress(OSError):
                os.read(self.driver, 65536)

    def _type(self) -> None:
        os.write(self.driver, f"{self.text}\n{END_OF_INPUT}".encode())
