"""`scan`: tuples as a LazyFrame that reads when it is collected. The only file that touches Polars' IO sources."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vnetflow import _core
from vnetflow.arguments import Settings, common_settings
from vnetflow.columns import (
    IpForm,
    as_tuple_table,
    check_ip_form,
    chosen_columns,
    data_frame,
    dtypes,
    lines_table,
    type_cast,
)
from vnetflow.issue_report import IssueReport
from vnetflow.progress import progress_bar
from vnetflow.signatures import takes_common
from vnetflow.sources import Origin, origin_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import polars as pl
    from typing_extensions import Unpack

    from vnetflow.arguments import Common
    from vnetflow.sources import SourceLike

_BATCH_ROWS = 1 << 17


@takes_common
def scan(
    source: SourceLike,
    columns: str | Iterable[str] | None = None,
    *,
    ip: IpForm = "string",
    **common: Unpack[Common],
) -> pl.LazyFrame:
    """Name flow logs to be read in pieces when the LazyFrame is collected or sunk.

    Only the columns that the query needs are built, reading stops when Polars has enough rows, and Polars' own
    predicates are applied batch by batch. What can rule out whole files and records is better given here than to
    Polars: `filter`, `start`, `end` and `mac` reach the decoder.

    Parameters
    ----------
    columns, ip
        As in `read`.

    Returns
    -------
    polars.LazyFrame
        The tuple table. It can be collected any number of times, each of which reads the source anew; a file object
        that can't be rewound only once. With `vantage="once"` a function in `on_issue` finds in the `notes` of its
        report by how much all NICs over-count.

    Raises
    ------
    FileNotFoundError, PermissionError, vnetflow.InputError, vnetflow.FilterError
        As in `read`, at once.
    vnetflow.IssueError
        While collecting, where something can't be read and `on_issue="raise"`. Polars before 2.0 wraps it in its own
        `ComputeError`, and reads everything for a limit that stands behind a filter.

    Warns
    -----
    vnetflow.IssueWarning
        While collecting, for what was read: a query that stops early may not have come to an issue.

    Examples
    --------
    >>> import polars as pl
    >>> import vnetflow as vf
    >>> tuples = vf.scan(vf.example_log())
    >>> tuples.filter(pl.col("action") == "deny").select("src_ip", "dst_port").collect().rows()
    [('203.0.113.9', 22)]
    >>> tuples.select(pl.len()).collect().item()
    4
    """
    check_ip_form(ip)
    chosen = chosen_columns(columns)
    settings = common_settings("scan", common)
    return lazy_table(origin_of(source), settings, chosen, ip)


def lazy_table(origin: Origin, settings: Settings, columns: list[str], ip: IpForm) -> pl.LazyFrame:
    """Scan with arguments that were checked before."""
    from polars.io.plugins import register_io_source

    # What can't be opened at all is told now, not when it is collected.
    origin.open()
    # Polars' threads must not be the first to ask.
    for name in columns:
        type_cast(name, ip)
    scan_function = Scan(origin, settings, tuple(columns), ip)
    return register_io_source(scan_function, schema=dtypes(columns, ip), is_pure=True)


def lazy_events(origin: Origin, settings: Settings, schema: str) -> pl.LazyFrame:
    """Name the tuples as a LazyFrame of lines, each a JSON object in that schema, that can be sunk once."""

    def pieces() -> Iterator[pl.DataFrame]:
        opened = origin.open()
        with progress_bar(settings.progress, settings.bytes_to_read(opened)) as on_tick:
            batches = _core.Batches(opened, settings.core_options(on_tick), events=schema)
            try:
                yield from (data_frame(frame) for frame in batches)
            finally:
                batches.close()
        IssueReport.of(batches.issues(), batches.note()).tell(settings.on_issue)

    return lazy_pieces(itertools.chain([lines_table([])], pieces()))


def lazy_pieces(pieces: Iterable[pl.DataFrame]) -> pl.LazyFrame:
    """Name pieces with the same columns, at least one, as a LazyFrame that can be sunk once."""
    from polars.io.plugins import register_io_source

    left = iter(pieces)
    first = next(left)

    def give(
        with_columns: list[str] | None, predicate: pl.Expr | None, n_rows: int | None, _batch_size: int | None
    ) -> Iterator[pl.DataFrame]:
        tables = itertools.chain([first], left)
        chosen = tables if with_columns is None else (table.select(with_columns) for table in tables)
        return _wanted(chosen, predicate, n_rows)

    return register_io_source(give, schema=first.schema)


@dataclass(frozen=True)
class Scan:
    """What Polars calls for each pass over the source. It holds plain values, so a query plan can be pickled."""

    origin: Origin
    settings: Settings
    columns: tuple[str, ...]
    ip: IpForm

    def __call__(
        self,
        with_columns: list[str] | None,
        predicate: pl.Expr | None,
        n_rows: int | None,
        batch_size: int | None,
    ) -> Iterator[pl.DataFrame]:
        """Give the rows for which the predicate is true, at most `n_rows` of them, with the columns asked for."""
        # `with_columns` holds the predicate's columns too; `len` asks for one column only.
        columns = list(self.columns) if with_columns is None else with_columns
        batch_rows = batch_size or _BATCH_ROWS
        if n_rows is not None and predicate is None:
            batch_rows = max(1, min(batch_rows, n_rows))
        opened = self.origin.open()
        with progress_bar(self.settings.progress, self.settings.bytes_to_read(opened)) as on_tick:
            batches = _core.Batches(
                opened, self.settings.core_options(on_tick), columns=columns, batch_rows=batch_rows, ip=self.ip
            )
            try:
                tables = (as_tuple_table(frame, columns, self.ip) for frame in batches)
                yield from _wanted(tables, predicate, n_rows)
            finally:
                # Polars stops pulling when it has enough: the threads must not read on.
                batches.close()
        IssueReport.of(batches.issues(), batches.note()).tell(self.settings.on_issue)


def _wanted(tables: Iterable[pl.DataFrame], predicate: pl.Expr | None, n_rows: int | None) -> Iterator[pl.DataFrame]:
    left = n_rows
    if left == 0:
        return
    for table in tables:
        # The order matters: a limit counts the rows that are left by the predicate.
        wanted = table if predicate is None else table.filter(predicate)
        if left is not None:
            wanted = wanted.head(left)
            left -= wanted.height
        yield wanted
        if left == 0:
            return
