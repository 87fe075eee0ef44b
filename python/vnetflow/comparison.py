"""Comparison: what changed between two sources or periods, and which hours were unlike others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vnetflow import _core
from vnetflow.analyses import METRICS, ask, keys_of, noted, notes, run
from vnetflow.arguments import common_settings, time_ms
from vnetflow.columns import with_key_types
from vnetflow.near_match import check_choice
from vnetflow.signatures import takes_common
from vnetflow.sources import origin_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    import polars as pl
    from typing_extensions import Unpack

    from vnetflow.analyses import Answer
    from vnetflow.arguments import Common, Time
    from vnetflow.sources import SourceLike


@takes_common
def diff(
    source: SourceLike,
    after: SourceLike | None = None,
    *,
    split: Time | None = None,
    by: str | Iterable[str] = "pair",
    **common: Unpack[Common],
) -> pl.DataFrame:
    """Tell what changed between two sources, or before and after a moment.

    Parameters
    ----------
    after
        The second source. Give either this or `split`.
    split
        The moment from which on tuples of the one source count as after.
    by
        What to compare, as in `top`. Default: `"pair"`.

    Returns
    -------
    polars.DataFrame
        One row a key whose counters differ: the keys, `status` (`added`: after only, `removed`: before only,
        `changed`), then each counter of `conversations` twice: `tuples_before`, `tuples_after` … (null where nothing
        was counted). Sums over periods of different length differ by that alone.

    Examples
    --------
    >>> import vnetflow as vf
    >>> vf.diff(vf.example_log(), after=vf.example_log()).height
    0
    >>> allowed = vf.read(vf.example_log(), filter="allowed")
    >>> vf.diff(allowed, after=vf.example_log(), by="dst_port")["status"].to_list()
    ['added']
    """
    if (after is None) == (split is None):
        raise ValueError("nothing to compare with: give a second source, or a moment in `split`, and not both")
    keys = keys_of(by, has_groups=common.get("groups") is not None)
    if after is None:
        return ask("diff", source, common, {"by": keys, "split_ms": time_ms(split, "split")})
    settings = common_settings("diff", common)
    other = origin_of(after).open()

    def call(opened: _core.Source, options: _core.Options) -> Answer:
        return _core.diff(opened, other, options, keys, settings.core_groups())

    table = run(origin_of(source), settings, call, other=other)
    return noted(with_key_types(table), notes(table))


@takes_common
def anomalies(
    source: SourceLike,
    *,
    by: str | Iterable[str] = "src_ip",
    metric: str = "bytes",
    threshold: float = 5.0,
    min_days: int = 3,
    min_difference: int = 0,
    **common: Unpack[Common],
) -> pl.DataFrame:
    """Tell in which hours a host, port or group was unlike itself at that hour of other days.

    Parameters
    ----------
    by
        What to group by, as in `top`. Default: `"src_ip"`.
    metric
        The value of an hour, as in `top`. Default: `"bytes"`.
    threshold
        Scales (median absolute deviations) off the median, up or down. Default: 5.
    min_days
        Other days that a baseline needs. Default: 3.
    min_difference
        Smaller differences are no anomaly. Default: 0.

    Returns
    -------
    polars.DataFrame
        Furthest off first: the keys, `time` (start of the hour, UTC), `value`, `expected` (median of other days),
        `deviation`, `score` (scales off; below 0 is less than usual), `days` (how many other days there were).

    Examples
    --------
    >>> import vnetflow as vf
    >>> vf.anomalies(vf.example_log()).height
    0
    """
    keys = keys_of(by, has_groups=common.get("groups") is not None)
    check_choice("metric", metric, METRICS)
    if metric == "peers":
        raise ValueError("can't compare hours by `peers`: peers of hours overlap, so choose another `metric`")
    parameters = {
        "by": keys,
        "metric": metric,
        "threshold": threshold,
        "min_days": min_days,
        "min_difference": min_difference,
    }
    return ask("anomalies", source, common, parameters)
