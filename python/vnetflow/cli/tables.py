"""Results as tables for people: short units, bars for shares, no colours and no cut lines when piped."""

from __future__ import annotations

import io
import os
import shutil
import sys
from datetime import datetime
from typing import IO, TYPE_CHECKING, Any

from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from vnetflow.cli.failures import printable
from vnetflow.units import size_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

_PIPED_WIDTH = 100_000
"""Wide enough that nothing is ever cut or folded where no person reads along."""

_BAR_WIDTH = 12
_EIGHTHS = " ▏▎▍▌▋▊▉"


def summary_text(table: pl.DataFrame) -> str:
    """Draw the summary's row as a list."""
    row = table.row(0, named=True)
    listing = Table(show_header=False, box=None, pad_edge=False, padding=(0, 2, 0, 0))
    listing.add_column(style="bold")
    listing.add_column(overflow="fold")

    def line(name: str, value: str) -> None:
        listing.add_row(Text(name), Text(value))

    repeated = row["repeated_records"]
    line("files", _count(row["files"]))
    line("records", _count(row["records"]) + (f" ({_count(repeated)} repeated)" if repeated else ""))
    line("tuples", f"{_count(row['tuples'])} ({_count(row['allowed'])} allowed, {_count(row['denied'])} denied)")
    line("flows", _count(row["flows"]))
    sent, back = size_text(row["bytes_src_to_dst"]), size_text(row["bytes_dst_to_src"])
    line("bytes", f"{size_text(row['bytes'])} ({sent} to the destination, {back} back)")
    sent, back = _count(row["packets_src_to_dst"]), _count(row["packets_dst_to_src"])
    line("packets", f"{sent} to the destination, {back} back")
    line("from", _time(row["first_time"]))
    line("to", _time(row["last_time"]))
    line("nics", _count(row["nics"]))
    line("versions", ", ".join(str(version) for version in row["versions"]) or "–")
    line("issues", _count(row["issues"]))
    return _drawn(listing)


def top_text(table: pl.DataFrame, keys: Sequence[str], n: int) -> str:
    """Draw ranked keys with their counters; a last row sums up the others."""
    drawn = _table()
    for key in keys:
        drawn.add_column(key, justify="right" if _is_number(table, key) else "left", overflow="fold")
    for name in ("bytes", "to dst", "back", "tuples", "flows", "denied", "peers"):
        drawn.add_column(name, justify="right", no_wrap=True)
    drawn.add_column("share", justify="right", no_wrap=True)
    drawn.add_column("", no_wrap=True)
    for position, row in enumerate(table.iter_rows(named=True)):
        is_rest = position == n
        names = ["others" if is_rest and not place else _text(row[key]) for place, key in enumerate(keys)]
        if is_rest:
            names[1:] = [""] * (len(keys) - 1)
        share = row["share"]
        drawn.add_row(
            *(Text(name, style="italic" if is_rest else "") for name in names),
            size_text(row["bytes"]),
            size_text(row["bytes_src_to_dst"]),
            size_text(row["bytes_dst_to_src"]),
            *(_count(row[name]) for name in ("tuples", "flows", "denied", "peers")),
            "–" if share is None else f"{100 * share:.1f} %",
            "" if share is None else _bar(share),
        )
    return _drawn(drawn)


def issues_text(table: pl.DataFrame) -> str:
    """Draw what could not be read, place by place."""
    if table.is_empty():
        return "no issues\n"
    drawn = _table()
    for name in table.columns:
        is_number = _is_number(table, name)
        drawn.add_column(name, justify="right" if is_number else "left", overflow="fold", no_wrap=is_number)
    for row in table.iter_rows():
        drawn.add_row(*(Text(_text(value)) for value in row))
    return _drawn(drawn)


_SHORT_NAMES = {"bytes_src_to_dst": "to dst", "bytes_dst_to_src": "back", "bits_per_second": "rate"}

_SHOWN_ROWS = 100

_RESOURCES = ("acl_id", "target_resource_id", "flow_log_resource_id")

_LEFT_OUT_FIRST = (
    *("bytes_dst_to_src", "bytes_src_to_dst", "direction", "tuples", "rule_origin", "flow_log_resource_id"),
    *("target_resource_id", "first_time", "acl_id", "flows", "protocol", "last_time", "community_id", "filter"),
    *("interval_score", "size_score", "duration_score", "histogram_score", "continues", "recreated", "mac", "end"),
)
"""What a narrow terminal can do without, in this order."""


def rows_text(table: pl.DataFrame) -> str:
    """Draw the rows of any analysis: counters with units, shares with bars; packets are left to the other formats.

    A terminal that is too narrow gets fewer columns instead of folded ones, and is told which.
    """
    if table.is_empty():
        return "nothing\n"
    names = [name for name in table.columns if "packets_" not in name]
    missing: list[str] = []
    drawn = _rows_table(table, names)
    for name in _LEFT_OUT_FIRST:
        if _natural_width(drawn) <= _width():
            break
        if name in names:
            names.remove(name)
            missing.append(_shown_name(name))
            drawn = _rows_table(table, names)
    left = table.height - _SHOWN_ROWS
    more = f"… and {left:,} more rows: `--format csv` writes all\n" if left > 0 else ""
    if missing:
        more += f"left out for a terminal this narrow: {', '.join(missing)}\n"
    return _drawn(drawn) + more


def _rows_table(table: pl.DataFrame, names: Sequence[str]) -> Table:
    drawn = _table()
    for name in names:
        is_number = _is_number(table, name)
        is_whole = is_number or table.schema[name].is_temporal()
        drawn.add_column(_shown_name(name), justify="right" if is_number else "left", overflow="fold", no_wrap=is_whole)
    if "share" in names:
        drawn.add_column("", no_wrap=True)
    for row in table.head(_SHOWN_ROWS).iter_rows(named=True):
        cells = [Text(_cell(name, row[name])) for name in names]
        if "share" in names:
            cells.append(Text("" if row["share"] is None else _bar(row["share"])))
        drawn.add_row(*cells)
    return drawn


def _shown_name(column: str) -> str:
    return _SHORT_NAMES.get(column, column.replace("_", " "))


def _cell(name: str, value: Any) -> str:
    if name in _RESOURCES and value is not None:
        # A person knows a resource by its name; the other formats have the whole path.
        return _text(value.rpartition("/")[2])
    if value is None or isinstance(value, str):
        return _text(value)
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if name == "share":
        return f"{100 * value:.1f} %"
    if name.startswith("bits_per_second"):
        return size_text(value, "bit/s")
    if "bytes" in name:
        return size_text(value)
    if isinstance(value, float):
        return f"{value:,.3f}"
    if name.endswith(("port", "protocol", "version")):
        return str(value)
    return _count(value) if isinstance(value, int) else _text(value)


def _table() -> Table:
    return Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")


def _drawn(table: Table) -> str:
    """Draw for where standard output goes: a terminal with its width and colours, or anything else."""
    buffer = io.StringIO()
    _console(buffer).print(table)
    lines = buffer.getvalue().splitlines()
    return "".join(line.rstrip() + "\n" for line in lines)


def _natural_width(table: Table) -> int:
    """Tell how wide a table is of which nothing is folded."""
    console = _console(io.StringIO())
    return Measurement.get(console, console.options.update(max_width=_PIPED_WIDTH), table).maximum


def _width() -> int:
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else _PIPED_WIDTH


def _console(file: IO[str]) -> Console:
    is_terminal = sys.stdout.isatty()
    return Console(
        file=file,
        width=_width(),
        force_terminal=is_terminal,
        no_color=bool(os.environ.get("NO_COLOR")) or not is_terminal,
        highlight=False,
        markup=False,
        emoji=False,
    )


def _is_number(table: pl.DataFrame, column: str) -> bool:
    return table.schema[column].is_numeric()


def _text(value: Any) -> str:
    return "–" if value is None else printable(str(value))


def _count(number: int | None) -> str:
    return "–" if number is None else f"{number:,}"


def _time(time: datetime | None) -> str:
    return "–" if time is None else f"{time:%Y-%m-%d %H:%M:%S}.{time.microsecond // 1000:03} UTC"


def _bar(share: float) -> str:
    eighths = round(share * _BAR_WIDTH * 8)
    return "█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip()
