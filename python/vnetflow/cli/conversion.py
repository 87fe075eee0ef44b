"""`convert`: streams tuples into a file that appears when it is whole."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from vnetflow.cli.failures import say
from vnetflow.cli.interrupts import interrupts
from vnetflow.cli.output import check_target, text_times, whole_file
from vnetflow.columns import check_ip_form
from vnetflow.near_match import check_choice
from vnetflow.scanning import lazy_events, lazy_pieces, lazy_table
from vnetflow.traffic import SessionPieces

if TYPE_CHECKING:
    from typing import IO

    import polars as pl

    from vnetflow.cli.options import Request
    from vnetflow.columns import IpForm

_FORMS = ("parquet", "csv", "ndjson", "arrow")

LINE_FORMS = ("zeek", "ecs", "ocsf")
"""Forms of other tools: text, whatever the file is called."""

_FORM_BY_SUFFIX = {
    ".parquet": "parquet",
    ".csv": "csv",
    ".ndjson": "ndjson",
    ".jsonl": "ndjson",
    ".arrow": "arrow",
    ".feather": "arrow",
    ".ipc": "arrow",
}


def target_form(out: str, form: str | None, *, force: bool) -> str:
    """Tell the form of the file, and check that it can be written, before anything is read."""
    if form in LINE_FORMS:
        if out != "-":
            check_target(Path(out), force=force)
        return form
    if form is None:
        form = _FORM_BY_SUFFIX.get(Path(out).suffix.lower())
        if form is None:
            endings = ", ".join(_FORM_BY_SUFFIX)
            raise ValueError(f"can't tell a form from `{out}`: end it with one of {endings}, or give --to")
    check_choice("form", form, (*_FORMS, *LINE_FORMS, "nta"))
    if out != "-":
        check_target(Path(out), force=force)
    elif form in ("parquet", "arrow") and sys.stdout.isatty():
        raise ValueError(f"{form} is not for terminals: name a file, or pipe it somewhere")
    return form


def convert_to_nta(request: Request, out: str, form: str, **own: Any) -> None:
    """Write Traffic Analytics' rows."""
    from vnetflow.analyses import notes
    from vnetflow.traffic_analytics import nta

    table = nta(request.inputs, **own, **request.common)
    _write(request, table.lazy(), out, form)
    request.tell_notes(notes(table))


def convert_tuples(request: Request, out: str, form: str, columns: list[str], ip: str) -> None:
    """Read and write in pieces; memory does not grow with the logs."""
    check_ip_form(ip)
    if ip == "binary" and form in ("csv", "ndjson"):
        raise ValueError(f"{form} holds text only: choose another `ip` than `binary`, or another form")
    _write(request, lazy_table(request.origin, request.settings, columns, cast("IpForm", ip)), out, form)


def convert_to_lines(request: Request, out: str, form: str) -> None:
    """Write tuples as events of ECS or OCSF, a JSON object a line, or sessions as Zeek's `conn.log`."""
    if form != "zeek":
        _write(request, lazy_events(request.origin, request.settings, form), out, form)
        return
    pieces = SessionPieces(request.inputs, request.common, zeek=True)
    _write(request, lazy_pieces(pieces), out, form)
    request.tell_notes(pieces.notes())


def _write(request: Request, tuples: pl.LazyFrame, out: str, form: str) -> None:
    from vnetflow.units import size_text

    path = None if out == "-" else Path(out)
    write_lazily(tuples, form, path)
    if path is not None and not request.quiet:
        say(f"wrote `{out}` ({size_text(path.stat().st_size)})")


def write_lazily(rows: pl.LazyFrame, form: str, path: Path | None) -> None:
    """Write rows as they come to a file, or to standard output."""
    if form in ("csv", "ndjson"):
        rows = text_times(rows)
    if path is not None:
        with whole_file(path) as part:
            _sink(rows, form, part)
        return
    try:
        _sink(rows, form, sys.stdout.buffer)
    except OSError as error:
        # Polars hands on the text of the system's error, not its number.
        if "broken pipe" in str(error).lower():
            raise BrokenPipeError from None
        raise
    sys.stdout.buffer.flush()


def _sink(tuples: pl.LazyFrame, form: str, target: Path | IO[bytes]) -> None:
    import polars as pl

    with interrupts.left_to_polars():
        if form == "parquet":
            tuples.sink_parquet(target)
        elif form == "csv":
            tuples.sink_csv(target)
        elif form == "ndjson":
            tuples.sink_ndjson(target)
        elif form in LINE_FORMS:
            # One column of text without quotes is its lines as they are.
            tuples.sink_csv(target, include_header=False, quote_style="never")
        else:
            # The oldest layout is what every reader of Arrow understands.
            tuples.sink_ipc(target, compression="uncompressed", compat_level=pl.CompatLevel.oldest())
