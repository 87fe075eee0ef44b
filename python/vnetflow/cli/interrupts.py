"""Ctrl-C: one press is one KeyboardInterrupt, whoever is at work."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import tempfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator
    from types import FrameType


class Interrupts:
    """What Python calls for SIGINT once it is installed.

    Polars puts a handler of its own in front, raises KeyboardInterrupt itself and lets Python raise another one while
    the first is under way. It must be installed before Polars is imported, and can't be changed afterwards without
    taking Polars' away: so it is one object with a switch.
    """

    def __init__(self) -> None:
        self._is_left_to_polars = False
        self._was_pressed = False

    def install(self) -> None:
        """Take the place of Python's own handler."""
        signal.signal(signal.SIGINT, self)

    def __call__(self, _number: int, _frame: FrameType | None) -> None:
        """Raise KeyboardInterrupt, unless Polars does."""
        self._was_pressed = True
        if not self._is_left_to_polars:
            raise KeyboardInterrupt

    @contextlib.contextmanager
    def left_to_polars(self) -> Generator[None, None, None]:
        """Leave it to Polars while it runs a query."""
        self._is_left_to_polars, self._was_pressed = True, False
        try:
            with self._held_back():
                yield
        finally:
            self._is_left_to_polars = False
        if self._was_pressed:
            raise KeyboardInterrupt

    @contextlib.contextmanager
    def _held_back(self) -> Generator[None, None, None]:
        """Hold back what is not Python's on standard error: threads of Polars that are interrupted may panic there.

        It is told at the end, but for these: then standard error stays silent, as such threads may end later.
        """
        try:
            number = sys.stderr.fileno()
        except (AttributeError, OSError, ValueError):
            # Somebody else's stream.
            yield
            return
        with contextlib.ExitStack() as stack:
            held = stack.enter_context(tempfile.TemporaryFile())
            shown = stack.enter_context(os.fdopen(os.dup(number), "w", encoding=sys.stderr.encoding, buffering=1))
            sys.stderr.flush()
            os.dup2(held.fileno(), number)
            try:
                with contextlib.redirect_stderr(shown):
                    yield
            finally:
                if not self._was_pressed:
                    os.dup2(shown.fileno(), number)
                    held.seek(0)
                    shown.buffer.write(held.read())


interrupts = Interrupts()
