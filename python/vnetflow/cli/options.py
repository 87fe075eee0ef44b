"""The options that commands share. They are named like the keyword arguments in Python and mean the same."""

from __future__ import annotations

import shlex
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.shell_completion import CompletionItem

from vnetflow.arguments import Settings, settings_of
from vnetflow.cli.failures import say
from vnetflow.sources import Origin, origin_of

if TYPE_CHECKING:
    import io
    from collections.abc import Callable, Sequence

    from vnetflow.arguments import Common
    from vnetflow.issue_report import IssueReport

    Completer = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]

Command = TypeVar("Command", bound="Callable[..., Any]")

RESULT_FORMATS = ("table", "json", "csv", "parquet")


@dataclass
class Request:
    """A source with settings, and what could not be read of it."""

    sources: tuple[str, ...]
    origin: Origin
    settings: Settings
    common: Common
    """What the functions take; what could not be read is gathered in `reports`."""
    inputs: list[str | io.FileIO]
    """The sources as the functions take them."""
    quiet: bool
    reports: list[IssueReport] = field(default_factory=list["IssueReport"])

    def tell_notes(self, notes: Sequence[str]) -> None:
        """Say on standard error what a reader must know of an answer."""
        if not self.quiet:
            for note in notes:
                say(note, prefix="note: ")

    def tell_left_out(self) -> None:
        """Say on standard error what could not be read, if anything."""
        if self.quiet:
            return
        for report in self.reports:
            if not report.issues.is_empty():
                sources = " ".join(shlex.quote(source) for source in self.sources)
                say(f"left out: {report.counts()}; `vnetflow issues {sources}` lists them")


def request_of(sources: tuple[str, ...], options: dict[str, Any]) -> Request:
    """Check sources and shared options."""
    quiet = bool(options.pop("quiet"))
    progress = options.pop("progress")
    reports: list[IssueReport] = []
    common: Common = {
        "filter": options.pop("filter"),
        "start": options.pop("start"),
        "end": options.pop("end"),
        "mac": options.pop("mac") or None,
        "groups": options.pop("groups"),
        "vantage": options.pop("vantage", "all"),
        "duplicates": options.pop("duplicates"),
        "on_issue": reports.append,
        "progress": False if quiet and progress is None else progress,
    }
    settings = settings_of(**common)
    if sources.count("-") > 1:
        raise click.UsageError("standard input `-` stands twice among the sources")
    inputs = [standard_input() if source == "-" else source for source in sources]
    return Request(sources, origin_of(inputs), settings, common, inputs, quiet, reports)


def standard_input() -> io.FileIO:
    """Open standard input as a source."""
    # Without Python's own buffer, whose lock a thread that waits for a silent pipe would hold at the end.
    raw = open(sys.stdin.fileno(), "rb", buffering=0, closefd=False)  # noqa: SIM115
    vars(raw)["name"] = "<stdin>"
    return raw


def one_of(*names: str) -> Completer:
    """Complete one of a few names, the last one where they are joined by commas."""

    def complete(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
        before, comma, last = incomplete.rpartition(",")
        return [CompletionItem(before + comma + name) for name in names if name.startswith(last)]

    return complete


def shared_options(command: Command) -> Command:
    """Add what every command that reads logs takes."""
    options = [
        click.argument("source", nargs=-1, required=True, type=click.Path(readable=False)),
        click.option("--filter", metavar="EXPRESSION", help="Keep what it is true for: 'port 22 and denied'."),
        click.option("--start", metavar="TIME", help="Keep what was logged from this time on, ISO, UTC."),
        click.option("--end", metavar="TIME", help="Keep what was logged before this time, ISO, UTC."),
        click.option("--mac", metavar="MAC", multiple=True, help="Keep what this NIC logged; may be repeated."),
        click.option(
            "--groups", metavar="FILE", type=click.Path(readable=False), help="Names for networks: CSV or JSON."
        ),
        click.option(
            "--duplicates",
            default="keep",
            metavar="keep|drop",
            shell_complete=one_of("keep", "drop"),
            help="Whether records that are repeated as a whole count again. Default: keep.",
        ),
        click.option("--progress/--no-progress", default=None, help="Draw a progress bar. Default: on a terminal."),
        click.option("--quiet", is_flag=True, help="Write nothing to standard error but errors."),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def vantage_option(command: Command) -> Command:
    """Add where a flow counts, for commands that sum up."""
    return click.option(
        "--vantage",
        default="all",
        metavar="all|once",
        shell_complete=one_of("all", "once"),
        help="Count a flow at every NIC that logged it, or at one. Default: all.",
    )(command)


def result_options(command: Command) -> Command:
    """Add how a result is written, and where."""
    options = [
        click.option(
            "--format",
            metavar="|".join(RESULT_FORMATS),
            shell_complete=one_of(*RESULT_FORMATS),
            help="Form of the result. Default: by the name in --output, else a table.",
        ),
        click.option("--output", metavar="FILE", type=click.Path(readable=False), help="Write the result there."),
        click.option("--force", is_flag=True, help="Overwrite what exists."),
    ]
    for option in reversed(options):
        command = option(command)
    return command
