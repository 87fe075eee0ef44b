"""A progress bar on standard error, for people only. Rich is imported when a bar is drawn, not before."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator

    from rich.progress import Progress, TaskID

    from vnetflow.arguments import OnTick

_PATIENCE_SECONDS = 0.4
"""What is done sooner needs no bar."""


@contextmanager
def progress_bar(wanted: bool | None, total_bytes: int | None) -> Generator[OnTick | None, None, None]:
    """Give the function to be told how far a run is, or `None` where nobody looks on.

    Parameters
    ----------
    wanted
        True and False decide; None draws a bar where a person looks on.
    total_bytes
        Bytes to be read; None where that can't be known.
    """
    if wanted is False or (wanted is None and not _person_looks_on()):
        yield None
        return
    bar = _Bar(total_bytes, is_forced=bool(wanted))
    try:
        yield bar.tick
    finally:
        bar.close()


class _Bar:
    """A bar that appears with the first tick after a while and vanishes at the end."""

    def __init__(self, total_bytes: int | None, *, is_forced: bool) -> None:
        self._total_bytes = total_bytes
        self._is_forced = is_forced
        self._from = time.monotonic() + (0 if is_forced else _PATIENCE_SECONDS)
        self._drawn: tuple[Progress, TaskID] | None = None

    def tick(self, bytes_read: int, tuples: int, issues: int) -> None:
        """Draw how far the run is."""
        if self._drawn is None:
            if time.monotonic() < self._from:
                return
            self._drawn = _drawn_bar(self._total_bytes, is_forced=self._is_forced)
        progress, task = self._drawn
        counts = f"{tuples:,} tuples" + (f", {issues:,} issues" if issues else "")
        progress.update(task, completed=bytes_read, counts=counts)
        progress.refresh()

    def close(self) -> None:
        """Take the bar away."""
        if self._drawn is not None:
            self._drawn[0].stop()
            self._drawn = None


def _drawn_bar(total_bytes: int | None, *, is_forced: bool) -> tuple[Progress, TaskID]:
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    # In a notebook Rich would want widgets; its plain bar needs nothing.
    in_notebook = _is_notebook()
    is_drawn = True if is_forced or in_notebook else None
    console = Console(
        stderr=True,
        force_terminal=is_drawn,
        force_interactive=is_drawn,
        force_jupyter=False,
        width=100 if in_notebook else None,
    )
    progress = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TextColumn("{task.fields[counts]}"),
        TimeRemainingColumn(),
        console=console,
        auto_refresh=False,
        transient=True,
    )
    task = progress.add_task("reading", total=total_bytes, counts="")
    progress.start()
    return progress, task


def _is_notebook() -> bool:
    return "ipykernel" in sys.modules


def _person_looks_on() -> bool:
    """Whether standard error is a terminal, or this is a notebook."""
    if _is_notebook():
        return True
    try:
        return sys.stderr.isatty()
    except (AttributeError, ValueError):
        return False
