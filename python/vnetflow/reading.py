"""`read` and `issues`: tuples into a DataFrame, and what could not be read. Lazy reading is in `scanning`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vnetflow import _core
from vnetflow.analyses import ask, noted
from vnetflow.arguments import common_settings
from vnetflow.columns import as_tuple_table, check_ip_form, chosen_columns
from vnetflow.issue_report import IssueReport
from vnetflow.progress import progress_bar
from vnetflow.signatures import takes_common
from vnetflow.sources import origin_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    import polars as pl
    from typing_extensions import Unpack

    from vnetflow.arguments import Common, GroupsLike, Settings, Time
    from vnetflow.columns import IpForm
    from vnetflow.sources import Origin, SourceLike

_BATCH_ROWS = 1 << 20
"""Few large batches: each one becomes a chunk of the DataFrame."""


@takes_common
def read(
    source: SourceLike,
    columns: str | Iterable[str] | None = None,
    *,
    ip: IpForm = "string",
    **common: Unpack[Common],
) -> pl.DataFrame:
    """Read flow logs into a DataFrame, one row a tuple.

    Parameters
    ----------
    columns
        Columns in the order wanted. Default: all but `source` and `offset`.
    ip
        Form of `src_ip` and `dst_ip`: `"string"`, `"categorical"`, or `"binary"` (4 or 16 bytes in network order).

    Returns
    -------
    polars.DataFrame
        The tuple table in the order of the files. Counters are packets and bytes since the flow's previous tuple;
        null is what was not logged, never zero.

    Examples
    --------
    >>> import vnetflow as vf
    >>> tuples = vf.read(vf.example_log())
    >>> tuples.shape
    (4, 22)
    >>> tuples["bytes_src_to_dst"].to_list()
    [0, 588096, 29952, 0]
    >>> vf.read(vf.example_log(), filter="denied", columns=["src_ip", "dst_port", "rule"]).rows()
    [('203.0.113.9', 22, 'DefaultRule_DenyAllInBound')]
    """
    check_ip_form(ip)
    chosen = chosen_columns(columns)
    settings = common_settings("read", common)
    return read_table(origin_of(source), settings, chosen, ip)


def read_table(origin: Origin, settings: Settings, columns: list[str], ip: IpForm) -> pl.DataFrame:
    """Read with arguments that were checked before."""
    import polars as pl

    opened = origin.open()
    with progress_bar(settings.progress, settings.bytes_to_read(opened)) as on_tick:
        batches = _core.Batches(
            opened,
            settings.core_options(on_tick),
            columns=columns,
            batch_rows=_BATCH_ROWS,
            ip=ip,
        )
        try:
            tables = [as_tuple_table(frame, columns, ip) for frame in batches]
        finally:
            batches.close()
    IssueReport.of(batches.issues()).tell(settings.on_issue)
    whole = pl.concat(tables, rechunk=False) if tables else as_tuple_table(_core.empty(columns, ip=ip), columns, ip)
    note = batches.note()
    return whole if note is None else noted(whole, [note])


def issues(
    source: SourceLike,
    *,
    filter: str | None = None,
    start: Time | None = None,
    end: Time | None = None,
    mac: str | Iterable[str] | None = None,
    groups: GroupsLike | None = None,
    progress: bool | None = None,
) -> pl.DataFrame:
    """List what could not be read.

    Parameters
    ----------
    source, filter, start, end, mac, groups, progress
        As in `read`. What lies in files and records that are skipped as a whole is not looked at.

    Returns
    -------
    polars.DataFrame
        One row an issue: `source`, `offset` (byte, in gz and zip of the unpacked text), `record` and `tuple` (counted
        from 0; null where it is about more than that), `kind`, `message`, `skipped` (tuples lost; null where that
        can't be known). A file with very many has one row of kind `more` for those that are not listed.

    Raises
    ------
    FileNotFoundError, PermissionError, vnetflow.InputError, vnetflow.FilterError
        As in `read`.

    Examples
    --------
    >>> import vnetflow as vf
    >>> cut_off = vf.example_log()[:-30]
    >>> vf.issues(cut_off).select("kind", "record").rows()
    [('cut_off', 0)]
    >>> vf.issues(vf.example_log()).height
    0
    """
    found: list[IssueReport] = []
    common: Common = {
        "filter": filter,
        "start": start,
        "end": end,
        "mac": mac,
        "groups": groups,
        "on_issue": found.append,
        "progress": progress,
    }
    ask("summary", source, common, key_types=False)
    return found[0].table
