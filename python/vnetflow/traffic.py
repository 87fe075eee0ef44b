"""Traffic: who talks to whom, how much, when, between which groups, and what of it the logs hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vnetflow import _core
from vnetflow.analyses import ask, keys_of, noted
from vnetflow.arguments import common_settings
from vnetflow.columns import data_frame, lines_table, with_key_types
from vnetflow.durations import duration_ms
from vnetflow.issue_report import IssueReport
from vnetflow.progress import progress_bar
from vnetflow.signatures import takes_common
from vnetflow.sources import origin_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import polars as pl
    from typing_extensions import Unpack

    from vnetflow.arguments import Common
    from vnetflow.durations import Duration
    from vnetflow.sources import SourceLike


@takes_common
def conversations(source: SourceLike, **common: Unpack[Common]) -> pl.DataFrame:
    """Tell who talks to whom on what; the source port is left out.

    Returns
    -------
    polars.DataFrame
        One row a conversation, the most bytes first: `src_ip`, `dst_ip`, `dst_port`, `protocol`, the counters
        (`tuples`, `flows`, `denied`, `packets_src_to_dst`, `bytes_src_to_dst`, `packets_dst_to_src`,
        `bytes_dst_to_src`, `bytes`; null where nothing was counted), `first_time`, `last_time`, and `sessions`
        (as many as `sessions` lists).

    Examples
    --------
    >>> import vnetflow as vf
    >>> vf.conversations(vf.example_log()).select("src_ip", "dst_ip", "dst_port", "bytes").rows()
    [('10.1.2.20', '10.1.1.21', 8080, 5256000), ('203.0.113.9', '10.1.1.21', 22, 0)]
    """
    return ask("conversations", source, common)


@takes_common
def endpoints(source: SourceLike, **common: Unpack[Common]) -> pl.DataFrame:
    """Tell what each host is: its traffic, its peers, the ports it serves and uses.

    Returns
    -------
    polars.DataFrame
        One row an address, the most bytes first: `ip`, `group` (null in none), the counters as source (`as_src_tuples`
        … `as_src_bytes`) and as destination (`as_dst_tuples` … `as_dst_bytes`), `peers` (distinct other addresses),
        `ports_served` and `ports_used` (port/protocol, the most used ones), `first_time`, `last_time`.

    Examples
    --------
    >>> import vnetflow as vf
    >>> vf.endpoints(vf.example_log()).select("ip", "peers").rows()
    [('10.1.1.21', 2), ('10.1.2.20', 1), ('203.0.113.9', 1)]
    """
    return ask("endpoints", source, common)


@takes_common
def timeline(
    source: SourceLike,
    *,
    every: Duration = "1m",
    by: str | Iterable[str] = (),
    spread: bool = True,
    previous: Duration | None = None,
    **common: Unpack[Common],
) -> pl.DataFrame:
    """Tell how much there was when.

    Parameters
    ----------
    every
        Length of a bucket: `"30s"`, `"5m"`, `"1h"`, `"1d"` or a timedelta. Default: `"1m"`.
    by
        What to group by besides time, as in `top`. Default: nothing.
    spread
        Spread the packets and bytes of a continue or end tuple over the time since the flow's previous tuple, which
        is when they passed; the sums stay the same. Else they count when they were logged. Default: True.
    previous
        Also the counters of the bucket so long before, such as `"1d"` or `"7d"`: a whole multiple of `every`. Where
        `start` is given, the earlier period is read as well. Default: None.

    Returns
    -------
    polars.DataFrame
        One row a bucket and key with traffic: `time` (start of the bucket), the keys, the counters as in
        `conversations`, and `bits_per_second` (null where no bytes were logged). With `previous` each of these again
        as `tuples_before` … `bits_per_second_before`; a bucket and key that only one of the two periods has is null in
        the columns of the other.

    Examples
    --------
    >>> import vnetflow as vf
    >>> vf.timeline(vf.example_log(), every="1h", spread=False).select("tuples", "bytes").rows()
    [(4, 5256000)]
    """
    keys = keys_of(by, has_groups=common.get("groups") is not None, may_be_none=True)
    every_ms = duration_ms(every, "every")
    previous_ms = None if previous is None else duration_ms(previous, "previous")
    if previous_ms is not None and previous_ms % every_ms:
        raise ValueError(f"expected a whole multiple of `every` ({every}) in `previous`, found `{previous}`")
    parameters = {"every_ms": every_ms, "by": keys, "spread": spread}
    if previous_ms is not None:
        parameters["previous_ms"] = previous_ms
    reads = 2 if previous is not None and common.get("start") is not None else 1
    return ask("timeline", source, common, parameters, reads=reads)


@takes_common
def matrix(source: SourceLike, **common: Unpack[Common]) -> pl.DataFrame:
    """Tell which group talks to which.

    Returns
    -------
    polars.DataFrame
        One row a pair of groups, the most bytes first: `src_group`, `dst_group` (null for addresses in no group), and
        the counters as in `conversations`. Without `groups`, addresses are `private`, `public`, `special` or Azure's
        own.

    Examples
    --------
    >>> import vnetflow as vf
    >>> vf.matrix(vf.example_log()).select("src_group", "dst_group", "bytes").rows()
    [('private', 'private', 5256000), ('public', 'private', 0)]
    """
    return ask("matrix", source, common)


@takes_common
def encryption(source: SourceLike, **common: Unpack[Common]) -> pl.DataFrame:
    """Tell what crosses unencrypted.

    Returns
    -------
    polars.DataFrame
        One row a value of `encryption` that occurs (null: NSG logs have none), the counters as in `conversations`,
        and `share`, the part of all bytes from 0 to 1 (null where no bytes were logged).

    Examples
    --------
    >>> import vnetflow as vf
    >>> vf.encryption(vf.example_log()).select("encryption", "bytes", "share").rows()
    [('NX', 5256000, 1.0)]
    """
    return ask("encryption", source, common)


@takes_common
def sessions(source: SourceLike, **common: Unpack[Common]) -> pl.DataFrame:
    """Stitch begin, continue and end tuples into sessions, across files and hours, at each NIC.

    Returns
    -------
    polars.DataFrame
        One row a session: `src_ip`, `dst_ip`, `src_port`, `dst_port`, `protocol`, `mac`, `direction`, `start`, `end`
        (null where no end was logged), `duration_ms` (null where begin or end is missing), `status` (`ended`, `open`,
        `started_before`, `denied`), the counters as in `conversations`, `continues`, `recreated` (True where it began
        at the millisecond at which an earlier one of the same flow ended), and `community_id` (version 1).

    Examples
    --------
    >>> import vnetflow as vf
    >>> vf.sessions(vf.example_log()).select("src_ip", "status", "bytes", "continues").rows()
    [('10.1.2.20', 'ended', 5256000, 1), ('203.0.113.9', 'denied', 0, 0)]
    """
    import polars as pl

    pieces = SessionPieces(source, common)
    return noted(pl.concat(pieces, rechunk=False), pieces.notes())


class SessionPieces:
    """The sessions in pieces of some ten thousand rows: what is not kept of them takes no memory.

    With `zeek` they are lines of its `conn.log`, below the lines that name the fields.
    """

    def __init__(self, source: SourceLike, common: Common, *, zeek: bool = False) -> None:
        settings = common_settings("sessions", common)
        opened = origin_of(source).open()
        with progress_bar(settings.progress, settings.bytes_to_read(opened)) as on_tick:
            self._frames, issues = _core.sessions(opened, settings.core_options(on_tick), zeek=zeek)
        self._head = _core.zeek_head() if zeek else None
        IssueReport.of(issues).tell(settings.on_issue)

    def __iter__(self) -> Iterator[pl.DataFrame]:
        if self._head is not None:
            yield lines_table(self._head)
        yield from (with_key_types(data_frame(frame)) for frame in self._frames)

    def notes(self) -> list[str]:
        """Tell what a reader must know, once all pieces were taken."""
        return self._frames.notes()


@takes_common
def coverage(source: SourceLike, **common: Unpack[Common]) -> pl.DataFrame:
    """Tell which NICs and hours the logs hold, and what is missing.

    Returns
    -------
    polars.DataFrame
        One row a NIC and hour: `mac`, `hour`, `records`, `tuples`, `first_time`, `last_time` (null without tuples),
        and `gap_minutes` (longest run of minutes without a tuple: a question, no proof of loss). `notes` tells what
        such logs can't show.

    Examples
    --------
    >>> import vnetflow as vf
    >>> vf.coverage(vf.example_log()).select("mac", "records", "tuples").rows()
    [('00224871C205', 1, 4)]
    """
    return ask("coverage", source, common)
