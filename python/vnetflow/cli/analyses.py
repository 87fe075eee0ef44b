"""A command for each analysis: its parameters as options, one call of its function, its table."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vnetflow import comparison, security, traffic, verdicts
from vnetflow.analyses import KEYS, METRICS, notes
from vnetflow.cli.options import one_of, request_of, result_options, shared_options, vantage_option
from vnetflow.cli.output import Target, check_target, json_rows, whole_file

if TYPE_CHECKING:
    from collections.abc import Callable

    import polars as pl

    from vnetflow.cli.options import Request

    Option = Callable[[Any], Any]

_FAILED = 1


def _by(default: str, *, is_needed: bool = True) -> Option:
    return click.option(
        "--by",
        default=(default,) if is_needed else (),
        multiple=True,
        metavar="KEY",
        shell_complete=one_of(*KEYS),
        help=f"What to group by; several joined by commas, or repeated. Default: {default}.",
    )


def _number(name: str, default: float, text: str) -> Option:
    return click.option(name, default=default, metavar="NUMBER", help=f"{text} Default: {default:,}.")


def _time(name: str, default: str, text: str) -> Option:
    return click.option(name, default=default, metavar="TIME", help=f"{text} Default: {default}.")


_METRIC = click.option(
    "--metric",
    default="bytes",
    metavar="NAME",
    shell_complete=one_of(*METRICS),
    help="Counter that decides. Default: bytes.",
)

_THRESHOLDS = (
    _number("--vertical-ports", 15, "Unanswered ports of one target that make a scan."),
    _number("--horizontal-targets", 15, "Targets without an answer on one port that make a scan."),
    _time("--window", "1h", "Within which time."),
)

_COMMANDS: dict[str, tuple[Callable[..., pl.DataFrame], str, tuple[Option, ...]]] = {
    "conversations": (traffic.conversations, "Tell who talks to whom on what.", ()),
    "endpoints": (traffic.endpoints, "Tell what each host is: traffic, peers, ports served and used.", ()),
    "timeline": (
        traffic.timeline,
        "Tell how much there was when.",
        (
            _time("--every", "1m", "Length of a bucket: 30s, 5m, 1h, 1d."),
            _by("nothing besides time", is_needed=False),
            click.option(
                "--spread/--no-spread",
                default=True,
                help="Spread counters over the time since the flow's previous tuple, or not. Default: spread.",
            ),
            click.option("--previous", metavar="TIME", help="Also the bucket so long before, such as 1d or 7d."),
        ),
    ),
    "matrix": (traffic.matrix, "Tell which group talks to which.", ()),
    "rules": (
        verdicts.rules,
        "Tell what the rules do.",
        (
            click.option(
                "--nsg",
                metavar="FILE",
                type=click.Path(readable=False),
                help="`az network nsg show` as JSON: adds rules never hit, shadowed, too wide.",
            ),
        ),
    ),
    "denied": (verdicts.denied, "Tell what is blocked, and by whom.", ()),
    "one-way": (verdicts.one_way, "Tell what was asked and never answered.", ()),
    "encryption": (traffic.encryption, "Tell what crosses unencrypted.", ()),
    "exposure": (security.exposure, "Tell what is reached from public addresses.", ()),
    "scans": (security.scans, "Tell who probes.", _THRESHOLDS),
    "beacons": (
        security.beacons,
        "Tell who calls home.",
        (
            _number("--min-connections", 8, "Conversations with fewer connections are left out."),
            _number("--min-score", 0.0, "Rows with a lower score are left out."),
            click.option("--internal", is_flag=True, help="Also destinations that are no public addresses."),
            click.option("--platform", is_flag=True, help="Also Azure's own addresses."),
        ),
    ),
    "coverage": (traffic.coverage, "Tell which NICs and hours are there, and what is missing.", ()),
    "why": (
        verdicts.why,
        "Tell why A can't reach B.",
        (
            click.option("--src", required=True, metavar="ADDRESS", help="Who asks."),
            click.option("--dst", required=True, metavar="ADDRESS", help="Who is asked."),
            click.option("--port", type=click.IntRange(0, 65_535), metavar="PORT", help="On which port. Default: any."),
        ),
    ),
    "findings": (
        security.findings,
        "Tell what deserves a look, with the filter that shows the evidence.",
        (
            click.option("--since", metavar="TIME", help="Also new and rare peers since then."),
            click.option("--block-list", multiple=True, metavar="NETWORK", help="Nobody should talk to it; repeat it."),
            click.option("--admin-ports", type=int, multiple=True, metavar="PORT", help="Administrative; repeat it."),
            _number("--fanout-targets", 5, "Targets of one host on administrative ports."),
            _number("--upload-bytes", 100_000_000, "Bytes sent to public addresses."),
            _number("--upload-ratio", 4, "How many times more it sent than it got."),
            _time("--long-session", "12h", "How long a session lasts."),
            _number("--rare-flows", 3, "Up to how many flows make a peer rare."),
            _number("--one-way-tries", 10, "Tries without an answer."),
            _number("--beacon-score", 0.9, "A beacon's score."),
            *_THRESHOLDS,
        ),
    ),
    "anomalies": (
        comparison.anomalies,
        "Tell which hours were unlike that hour of other days.",
        (
            _by("src_ip"),
            _METRIC,
            _number("--threshold", 5.0, "Scales off the median."),
            _number("--min-days", 3, "Other days that a baseline needs."),
            _number("--min-difference", 0, "Smaller differences are no anomaly."),
        ),
    ),
}


def add_analyses(group: click.Group) -> None:
    """Add the commands."""
    for name, (function, text, options) in _COMMANDS.items():
        group.add_command(_command(name, function, text, options))
    group.add_command(_with_options(_diff, "diff", (_SPLIT, _by("pair"))))
    group.add_command(_with_options(_host, "host", (_IP,)))
    group.add_command(_with_options(_check, "check", _CHECK_OPTIONS))
    group.add_command(_with_options(_sessions, "sessions", ()))


def _with_options(function: Callable[..., None], name: str, options: tuple[Option, ...]) -> click.Command:
    command: Any = result_options(function)
    for option in reversed(options):
        command = option(command)
    return click.command(name)(shared_options(vantage_option(command)))


def _command(name: str, function: Callable[..., pl.DataFrame], text: str, options: tuple[Option, ...]) -> click.Command:
    def command(source: tuple[str, ...], **given: Any) -> None:
        target, request = Target.of(given), request_of(source, given)
        if "by" in given:
            given["by"] = _split(given["by"])
        if not given.get("admin_ports", True):
            del given["admin_ports"]
        table = function(request.inputs, **given, **request.common)
        _write(target, request, table, sentence=notes(table)[0] if name == "why" else None)

    command.__doc__ = text
    return _with_options(command, name, options)


def _split(by: tuple[str, ...]) -> list[str]:
    return [key.strip() for joined in by for key in joined.split(",")]


def _write(target: Target, request: Request, table: pl.DataFrame, *, sentence: str | None = None) -> None:
    """Write a table, after its answer in words where it has one and people read along."""
    is_told = sentence is not None and target.format == "table"

    def draw() -> str:
        from vnetflow.cli.tables import rows_text

        return f"{sentence}\n\n{rows_text(table)}" if is_told else rows_text(table)

    target.write(table, draw)
    request.tell_left_out()
    request.tell_notes(notes(table)[1 if is_told else 0 :])


def _sessions(source: tuple[str, ...], **given: Any) -> None:
    """Stitch begin, continue and end tuples into sessions."""
    target, request = Target.of(given), request_of(source, given)
    if target.format not in ("csv", "parquet"):
        _write(target, request, traffic.sessions(request.inputs, **request.common))
        return
    from vnetflow.cli.conversion import write_lazily
    from vnetflow.scanning import lazy_pieces

    # Millions of rows are written as they are made, so that memory holds the tuples alone.
    pieces = traffic.SessionPieces(request.inputs, request.common)
    write_lazily(lazy_pieces(pieces), target.format, target.path)
    request.tell_left_out()
    request.tell_notes(pieces.notes())


_SPLIT = click.option("--split", metavar="TIME", help="One source: compare what was logged before and from then on.")


def _diff(source: tuple[str, ...], split: str | None, by: tuple[str, ...], **given: Any) -> None:
    """Tell what changed between two sources, or before and after a moment."""
    target, request = Target.of(given), request_of(source, given)
    if split is not None:
        table = comparison.diff(request.inputs, split=split, by=_split(by), **request.common)
    elif len(source) == 2:
        table = comparison.diff(request.inputs[0], after=request.inputs[1], by=_split(by), **request.common)
    else:
        raise click.UsageError(
            f"expected two sources, the one before and the one after, or --split, found {len(source)}"
        )
    _write(target, request, table)


_IP = click.option("--ip", required=True, metavar="ADDRESS", help="The address.")


def _host(source: tuple[str, ...], ip: str, **given: Any) -> None:
    """Tell everything about one address."""
    target, request = Target.of(given), request_of(source, given)
    if target.format in ("csv", "parquet"):
        raise ValueError(f"{target.format} holds one table, and a dossier is several: choose table or json as format")
    tables = security.host(request.inputs, ip=ip, **request.common)
    if target.format == "json":
        sections = {name: json_rows(table) for name, table in tables.items()}
        content = json.dumps(sections, indent=1) + "\n"
    else:
        from vnetflow.cli.tables import rows_text, summary_text

        shown = {name: summary_text(table) if name == "summary" else rows_text(table) for name, table in tables.items()}
        content = "\n".join(f"{name.replace('_', ' ')}\n\n{text}" for name, text in shown.items())
    target.put(content.encode())
    request.tell_left_out()
    request.tell_notes(notes(tables["summary"]))


_CHECK_OPTIONS = (
    click.option(
        "--policy",
        required=True,
        metavar="FILE",
        type=click.Path(readable=False),
        help="Groups, and which may reach which: JSON or YAML.",
    ),
    click.option("--junit", metavar="FILE", type=click.Path(readable=False), help="Also write JUnit XML there."),
    click.option("--sarif", metavar="FILE", type=click.Path(readable=False), help="Also write SARIF there."),
)


def _check(source: tuple[str, ...], policy: str, junit: str | None, sarif: str | None, **given: Any) -> None:
    """Tell whether traffic keeps a policy; the exit code is 1 where it does not."""
    force = bool(given["force"])
    target, request = Target.of(given), request_of(source, given)
    paths = [None if report is None else Path(report) for report in (junit, sarif)]
    for path in paths:
        if path is not None:
            check_target(path, force=force)
    table, *texts = verdicts.checked(request.inputs, policy, request.common)
    for path, text in zip(paths, texts, strict=True):
        if path is not None:
            with whole_file(path) as part:
                part.write_text(text, encoding="utf-8")
    _write(target, request, table)
    if (table["verdict"] == "violation").any():
        raise click.exceptions.Exit(_FAILED)
