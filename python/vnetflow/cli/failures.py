"""From errors to exit codes: whatever goes wrong is one line on standard error that says what to do, no traceback."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Sequence

INTERRUPTED = 130
READER_GONE = 141
"""What other programs exit with when the reader of their pipe goes away."""

_MISUSED = 2


def guarded(arguments: Sequence[str] | None) -> int:
    """Run the commands; errors become messages."""
    from vnetflow.cli.commands import commands

    try:
        code = commands.main(args=arguments, prog_name="vnetflow", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        say(error.format_message(), prefix="")
        return _MISUSED
    except click.Abort:
        return INTERRUPTED
    except click.ClickException as error:
        say(_usage_message(error))
        return _MISUSED
    except Exception as error:
        if os.environ.get("VNETFLOW_TRACEBACK"):
            raise
        say(_message(error))
        return _MISUSED
    return code if isinstance(code, int) else 0


def say(message: str, *, prefix: str = "vnetflow: ") -> None:
    """Write a line to standard error; where that is closed there is nobody to tell."""
    try:
        sys.stderr.write(f"{prefix}{printable(message, keep_lines=not prefix)}\n")
        sys.stderr.flush()
    except (OSError, ValueError, AttributeError):
        return


def printable(text: str, *, keep_lines: bool = False) -> str:
    """Show control characters as escapes: names in logs must not steer the terminal."""
    if text.isprintable():
        return text
    kept = "\n" if keep_lines else ""
    return "".join(
        letter if letter.isprintable() or letter in kept else letter.encode("unicode_escape").decode()
        for letter in text
    )


def silence_stdout() -> None:
    """Keep Python from writing what is left to a pipe whose reader is gone."""
    devnull = os.open(os.devnull, os.O_WRONLY)
    os.dup2(devnull, sys.stdout.fileno())


def _message(error: Exception) -> str:
    import polars as pl

    from vnetflow.errors import FilterError, InputError

    lines = str(error).splitlines() or [type(error).__name__]
    if isinstance(error, OSError) and error.errno is not None:
        reason = (error.strerror or "failed").lower()
        return f"{reason}: `{error.filename}`" if error.filename else reason
    if isinstance(error, (FilterError, InputError, OSError, ValueError, TypeError)):
        return lines[0]
    if isinstance(error, pl.exceptions.PolarsError):
        return f"can't do this: {lines[0]}"
    if isinstance(error, MemoryError):
        return "out of memory: choose fewer keys or columns, or a shorter time with --start and --end"
    kind = type(error).__name__
    return f"internal error, please report it: {kind}: {lines[0]} (set VNETFLOW_TRACEBACK=1 to see where)"


def _usage_message(error: click.ClickException) -> str:
    """Bring click's sentences into the form of all our messages."""
    message = error.format_message().replace("'", "`").strip()
    message = message.replace(". Did you mean", ": did you mean").replace(". (Possible", " (possible")
    message = message[:1].lower() + message[1:].rstrip(".")
    if isinstance(error, click.UsageError) and error.ctx is not None:
        message += f" (see `{error.ctx.command_path} --help`)"
    return message
