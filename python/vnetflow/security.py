"""Security: what is reached from outside, who probes, who calls home, what deserves a look, and one host's dossier."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vnetflow import _core
from vnetflow.analyses import ask, noted, run
from vnetflow.arguments import common_settings, time_ms
from vnetflow.columns import data_frame, with_key_types
from vnetflow.durations import duration_ms
from vnetflow.signatures import takes_common
from vnetflow.sources import origin_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    import polars as pl
    from typing_extensions import Unpack

    from vnetflow.analyses import Answer
    from vnetflow.arguments import Common, Time
    from vnetflow.durations import Duration
    from vnetflow.sources import SourceLike


@takes_common
def exposure(source: SourceLike, **common: Unpack[Common]) -> pl.DataFrame:
    """Tell what is reached from public addresses.

    Returns
    -------
    polars.DataFrame
        One row a service: `dst_ip`, `dst_port`, `protocol`, `sources` (public addresses that asked), `attempted` (flows
        that began or were denied), `allowed` (those that no NIC denied), `answered` (flows in which packets came
        back; null where the log can't tell), the counters as in `conversations`, `first_time`, `last_time`.

    Examples
    --------
    >>> import vnetflow as vf
    >>> vf.exposure(vf.example_log()).select("dst_ip", "dst_port", "sources", "attempted", "allowed").rows()
    [('10.1.1.21', 22, 1, 1, 0)]
    """
    return ask("exposure", source, common)


@takes_common
def scans(
    source: SourceLike,
    *,
    vertical_ports: int = 15,
    horizontal_targets: int = 15,
    window: Duration = "1h",
    **common: Unpack[Common],
) -> pl.DataFrame:
    """Tell who probes.

    Parameters
    ----------
    vertical_ports
        From how many unanswered ports of one target on it is a scan. Default: 15.
    horizontal_targets
        From how many targets without an answer on one port on it is a scan. Default: 15.
    window
        Within which time. Default: `"1h"`.

    Returns
    -------
    polars.DataFrame
        Most tries first: `src_ip`, `kind` (`vertical`, `horizontal`, `block`), `targets`, `ports`, `tries`,
        `denied`, `answered`, `first_time`, `last_time`.

    Examples
    --------
    >>> import vnetflow as vf
    >>> vf.scans(vf.example_log()).height
    0
    """
    return ask("scans", source, common, _thresholds(vertical_ports, horizontal_targets, window))


def _thresholds(vertical_ports: int, horizontal_targets: int, window: Duration) -> dict[str, object]:
    _at_least_one(vertical_ports=vertical_ports, horizontal_targets=horizontal_targets)
    return {
        "vertical_ports": vertical_ports,
        "horizontal_targets": horizontal_targets,
        "window_ms": duration_ms(window, "window"),
    }


def _at_least_one(**numbers: int) -> None:
    for name, number in numbers.items():
        if number < 1:
            raise ValueError(f"expected at least 1 in `{name}`, found `{number}`")


@takes_common
def beacons(
    source: SourceLike,
    *,
    min_connections: int = 8,
    min_score: float = 0.0,
    internal: bool = False,
    platform: bool = False,
    **common: Unpack[Common],
) -> pl.DataFrame:
    """Tell who calls home.

    Parameters
    ----------
    min_connections
        Conversations with fewer connections are left out. Default: 8.
    min_score
        Rows with a lower score are left out. Default: 0.
    internal
        Also destinations that are no public addresses. Default: False.
    platform
        Also Azure's own addresses, whose probes are regular by nature. Default: False.

    Returns
    -------
    polars.DataFrame
        Highest score first: `src_ip`, `dst_ip`, `dst_port`, `protocol`, `connections`, `interval_ms` (median), `score`
        from 0 to 1, which is the mean of `interval_score`, `size_score` (null where too few sizes are known),
        `duration_score` and `histogram_score`; `first_time`, `last_time`. Regular alone is no proof of anything.

    Examples
    --------
    >>> import vnetflow as vf
    >>> vf.beacons(vf.example_log()).height
    0
    """
    _at_least_one(min_connections=min_connections)
    parameters = {
        "min_connections": min_connections,
        "min_score": min_score,
        "internal": internal,
        "platform": platform,
    }
    return ask("beacons", source, common, parameters)


@takes_common
def findings(
    source: SourceLike,
    *,
    since: Time | None = None,
    block_list: Iterable[str] = (),
    admin_ports: Iterable[int] | None = None,
    fanout_targets: int = 5,
    upload_bytes: int = 100_000_000,
    upload_ratio: int = 4,
    long_session: Duration = "12h",
    rare_flows: int = 3,
    one_way_tries: int = 10,
    beacon_score: float = 0.9,
    vertical_ports: int = 15,
    horizontal_targets: int = 15,
    window: Duration = "1h",
    **common: Unpack[Common],
) -> pl.DataFrame:
    """Tell what deserves a look, with the reason and the filter that shows the evidence.

    Parameters
    ----------
    since
        Also new and rare peers since then. Default: not asked.
    block_list
        Addresses and networks that nobody should talk to. Default: none.
    admin_ports
        Ports by which machines are administered. Default: 22, 23, 135, 139, 445, 3389, 5900, 5985, 5986.
    fanout_targets
        Targets of one host on administrative ports. Default: 5.
    upload_bytes, upload_ratio
        Bytes that a host sent to public addresses, and how many times more than it got. Default: 100,000,000 and 4.
    long_session
        How long a session lasts. Default: `"12h"`.
    rare_flows
        Up to how many flows make a peer rare. Default: 3.
    one_way_tries
        Tries without an answer. Default: 10.
    beacon_score
        A beacon's score. Default: 0.9.
    vertical_ports, horizontal_targets, window
        As in `scans`.

    Returns
    -------
    polars.DataFrame
        Highest severity first: `severity` (`high`, `medium`, `low`, `info`), `kind`, `src_ip`, `dst_ip`, `dst_port`
        (each null where a finding is about several), `reason`, `filter`, `first_time`, `last_time`.

    Examples
    --------
    >>> import vnetflow as vf
    >>> vf.findings(vf.example_log(), block_list=["203.0.113.0/24"])["kind"].to_list()
    ['blocked_address']
    """
    _at_least_one(fanout_targets=fanout_targets, one_way_tries=one_way_tries)
    parameters = {
        "since_ms": time_ms(since, "since"),
        "block_list": list(block_list),
        "admin_ports": None if admin_ports is None else list(admin_ports),
        "fanout_targets": fanout_targets,
        "upload_bytes": upload_bytes,
        "upload_ratio": upload_ratio,
        "long_session_ms": duration_ms(long_session, "long_session"),
        "rare_flows": rare_flows,
        "one_way_tries": one_way_tries,
        "beacon_score": beacon_score,
        **_thresholds(vertical_ports, horizontal_targets, window),
    }
    return ask("findings", source, common, parameters)


@takes_common
def host(source: SourceLike, ip: str, **common: Unpack[Common]) -> dict[str, pl.DataFrame]:
    """Tell everything about one address.

    Parameters
    ----------
    ip
        The address.

    Returns
    -------
    dict of str to polars.DataFrame
        A dossier from the address' tuples alone: `summary`, `endpoint`, `asked` and `asked_by` (the top hundred
        contacts each way), `groups_asked` and `groups_asked_by`, `conversations`, `denied`, `rules`, `encryption`,
        and `timeline` (by hour and direction); each has the columns of the analysis that made it.

    Examples
    --------
    >>> import vnetflow as vf
    >>> dossier = vf.host(vf.example_log(), ip="10.1.1.21")
    >>> dossier["asked_by"].select("src_ip", "denied").rows()
    [('10.1.2.20', 0), ('203.0.113.9', 1)]
    """
    settings = common_settings("host", common)
    tables: dict[str, pl.DataFrame] = {}

    def call(opened: _core.Source, options: _core.Options) -> Answer:
        sections, issues, found = _core.host(opened, options, ip, settings.core_groups())
        for name, frame in sections:
            table = data_frame(frame)
            tables[name] = table if name == "summary" else with_key_types(table)
        return sections[0][1], issues, found

    found = run(origin_of(source), settings, call)
    tables["summary"] = noted(tables["summary"], _notes(found))
    return tables


def _notes(table: pl.DataFrame) -> list[str]:
    from vnetflow.analyses import notes

    return notes(table)
