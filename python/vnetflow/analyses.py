"""The analyses: each is checked arguments, one call of the core, and a DataFrame."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from vnetflow import _core
from vnetflow.arguments import common_settings, groups_of
from vnetflow.columns import data_frame, with_key_types
from vnetflow.issue_report import IssueReport
from vnetflow.near_match import check_choice, unknown_name
from vnetflow.progress import progress_bar
from vnetflow.signatures import takes_common
from vnetflow.sources import origin_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import TypeAlias

    import polars as pl
    from typing_extensions import Unpack

    from vnetflow.arguments import Common, GroupsLike, Settings
    from vnetflow.sources import Origin, SourceLike

_GROUP_KEYS = ("src_group", "dst_group")

KEYS: tuple[str, ...] = (
    *(name for name, type_text, _, _, _ in _core.COLUMNS if type_text not in ("time_ms", "u64")),
    "pair",
    "conversation",
    *_GROUP_KEYS,
    "src_net/24",
    "dst_net/24",
)
"""What `top` can group by; the prefix length of a network is the user's choice."""

METRICS: tuple[str, ...] = tuple(_core.METRICS)
"""What `top` can rank by."""

_NOTES = "_vnetflow_notes"

Answer: TypeAlias = "tuple[_core.Frame, _core.Frame, list[str]]"
"""A table, the issues, and notes."""

_NETWORK_KEY = re.compile(r"(src|dst)_net/(\d{1,3})")


def ask(
    name: str,
    source: SourceLike,
    common: Common,
    parameters: Mapping[str, object] | None = None,
    *,
    key_types: bool = True,
    reads: int = 1,
) -> pl.DataFrame:
    """Run an analysis of the core over a source, which it reads so many times, and tell what could not be read."""
    settings = common_settings(name, common)

    def call(opened: _core.Source, options: _core.Options) -> Answer:
        return _core.analyse(opened, options, name, parameters or {}, settings.core_groups())

    table = run(origin_of(source), settings, call, reads=reads)
    return noted(with_key_types(table), notes(table)) if key_types else table


def run(
    origin: Origin,
    settings: Settings,
    call: Callable[[_core.Source, _core.Options], Answer],
    *,
    other: _core.Source | None = None,
    reads: int = 1,
) -> pl.DataFrame:
    """Call the core, which also reads `other`; tell the issues; keep the notes with the table."""
    opened = origin.open()
    total_bytes = settings.bytes_to_read(opened, other, reads=reads)
    with progress_bar(settings.progress, total_bytes) as on_tick:
        frame, issues, found = call(opened, settings.core_options(on_tick))
    IssueReport.of(issues).tell(settings.on_issue)
    return noted(data_frame(frame), found)


def noted(table: pl.DataFrame, found: list[str]) -> pl.DataFrame:
    """Keep notes with a table."""
    vars(table)[_NOTES] = list(found)
    return table


def notes(table: pl.DataFrame) -> list[str]:
    """Tell what a reader must know of an answer: what it assumed, what it left out, what it can't show.

    Parameters
    ----------
    table
        What an analysis returned, as it was returned: tables made of it have no notes.

    Returns
    -------
    list of str
        One sentence each; for `why`, the first one is the answer in words.

    Examples
    --------
    >>> import vnetflow as vf
    >>> answer = vf.why(vf.example_log(), src="203.0.113.9", dst="10.1.1.21", port=22)
    >>> vf.notes(answer)[0].split(" at ")[0]
    '203.0.113.9 to 10.1.1.21 on port 22: denied by the default rule `DefaultRule_DenyAllInBound`'
    """
    return list(vars(table).get(_NOTES, ()))


@takes_common
def summary(source: SourceLike, **common: Unpack[Common]) -> pl.DataFrame:
    """Tell what is in flow logs.

    Returns
    -------
    polars.DataFrame
        One row: `files`, `records`, `repeated_records`, `tuples`, `flows` (tuples that began or were denied),
        `allowed` and `denied` (tuples), `issues`, `first_time`, `last_time`, `nics`, `versions`,
        `packets_src_to_dst`, `bytes_src_to_dst`, `packets_dst_to_src`, `bytes_dst_to_src`, and `bytes` of both
        directions. Counters are null where no tuple has them; what belongs to files is null for tuples in memory.
        Every NIC on a flow's path logs it, so sums over several NICs count it several times: see `vantage`.

    Examples
    --------
    >>> import vnetflow as vf
    >>> vf.summary(vf.example_log()).select("tuples", "flows", "denied", "bytes").rows()
    [(4, 2, 1, 5256000)]
    """
    return ask("summary", source, common, key_types=False)


@takes_common
def top(
    source: SourceLike,
    *,
    by: str | Iterable[str] = "src_ip",
    metric: str = "bytes",
    n: int = 10,
    bottom: bool = False,
    **common: Unpack[Common],
) -> pl.DataFrame:
    """Tell who is biggest.

    Parameters
    ----------
    by
        What to group by: columns of the tuple table, `"pair"` (source and destination), `"conversation"` (and port
        and protocol), `"src_group"`, `"dst_group"`, or networks such as `"src_net/24"`; one of these or several.
    metric
        The counter that decides: `tuples`, `flows`, `denied`, `bytes`, `packets`, `peers`, or one direction's
        counter such as `bytes_src_to_dst`. Default: `"bytes"`.
    n
        How many keys. Default: 10.
    bottom
        The smallest instead of the biggest. Default: False.

    Returns
    -------
    polars.DataFrame
        The keys, `tuples`, `flows`, `denied`, `packets_src_to_dst`, `bytes_src_to_dst`, `packets_dst_to_src`,
        `bytes_dst_to_src`, `bytes`, `peers` (distinct addresses at the other end), and `share` of the metric from 0
        to 1 (null for peers, which overlap). Where there are more than `n` keys, a last row whose keys are null sums
        up the others.

    Raises
    ------
    ValueError
        Where a key or the metric is unknown; the message names a near match.

    Examples
    --------
    >>> import vnetflow as vf
    >>> vf.top(vf.example_log(), by="src_ip").select("src_ip", "bytes", "tuples").rows()
    [('10.1.2.20', 5256000, 3), ('203.0.113.9', 0, 1)]
    >>> vf.top(vf.example_log(), by=["dst_ip", "dst_port"], metric="denied", n=1)["dst_port"].to_list()
    [22, None]
    """
    keys = keys_of(by, has_groups=common.get("groups") is not None)
    check_choice("metric", metric, METRICS)
    if n < 1:
        raise ValueError(f"expected at least 1 in `n`, found `{n}`")
    return ask("top", source, common, {"by": keys, "metric": metric, "n": n, "bottom": bottom})


def keys_of(by: str | Iterable[str], *, has_groups: bool, may_be_none: bool = False) -> list[str]:
    """Check what to group by."""
    keys = [by] if isinstance(by, str) else list(by)
    if not keys and not may_be_none:
        raise ValueError("nothing to group by: name at least one key in `by`")
    for key in keys:
        network = _NETWORK_KEY.fullmatch(key)
        if network is not None and int(network[2]) > 128:
            raise ValueError(f"expected a prefix length up to 128 in the key `{key}`")
        if network is None and key not in KEYS:
            raise ValueError(unknown_name("key", key, KEYS))
        if key in _GROUP_KEYS and not has_groups:
            raise ValueError(f"the key `{key}` needs names for networks: give a CSV, JSON or dict in `groups`")
    return keys


def explain_filter(filter: str, *, groups: GroupsLike | None = None) -> str:
    """Say how a filter is understood: the same filter, fully bracketed.

    Parameters
    ----------
    filter
        The expression.
    groups
        Names for networks, for `group` in the filter.

    Returns
    -------
    str
        The parsed filter; reading it again gives the same filter.

    Raises
    ------
    vnetflow.FilterError
        Where the filter can't be read; the message names the column and a near match.

    Examples
    --------
    >>> import vnetflow as vf
    >>> vf.explain_filter("tcp and dst port 22 or denied")
    '((tcp and dst port 22) or denied)'
    """
    return _core.Filter(filter, None if groups is None else groups_of(groups)).explain()
