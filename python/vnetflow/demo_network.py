"""`demo`: writes the logs of a made-up network, and the truth about them, for trying things out and for tests."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from vnetflow import _core
from vnetflow.arguments import time_ms
from vnetflow.near_match import check_choice

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

    from vnetflow.arguments import Time

DemoFormat = Literal["vnet", "nsg-v2", "nsg-v1", "both"]
DEMO_FORMATS: tuple[DemoFormat, ...] = ("vnet", "nsg-v2", "nsg-v1", "both")

_OWN_NAMES = {
    "groups.csv",
    "truth.ndjson",
    "insights-logs-flowlogflowevent",
    "insights-logs-networksecuritygroupflowevent",
}


def demo(
    out: str | os.PathLike[str],
    *,
    hours: int = 2,
    rate: int = 20_000,
    seed: int = 1,
    start: Time | None = None,
    nossh_from_hour: int | None = None,
    format: DemoFormat = "vnet",
) -> Path:
    """Write the demo network's flow logs.

    The network has a hub with a firewall, a DNS resolver and an ExpressRoute gateway, two spokes, on-premises, scanners
    from the internet, one beaconing host, and a security admin rule `nossh` that denies SSH from a given hour on.

    Parameters
    ----------
    out
        A folder that does not exist yet, is empty, or holds nothing but an earlier demo, which is replaced.
    hours
        How many hours of logs. Default: 2.
    rate
        Tuples an hour over all NICs, about. Default: 20,000.
    seed
        The same seed and options give the same bytes. Default: 1.
    start
        The first hour, a whole one. Default: 2024-05-01T09:00Z.
    nossh_from_hour
        The hour, counted from 0, from which on SSH is denied. Default: half way through.
    format
        `"vnet"`, `"nsg-v2"`, `"nsg-v1"`, or `"both"` (VNet and NSG version 2 of the same traffic). Default: `"vnet"`.

    Returns
    -------
    pathlib.Path
        The folder. It holds the logs under Azure's paths, `groups.csv` with names for the networks, and
        `truth.ndjson` with what the logs hold, counted while they were written.

    Raises
    ------
    FileExistsError
        Where the folder holds anything else.
    ValueError
        Where an option is out of range.

    Examples
    --------
    >>> import tempfile
    >>> import vnetflow as vf
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     logs = vf.demo(folder, hours=1, rate=500)
    ...     vf.summary(logs)["issues"].item()
    0
    """
    write_demo(
        out,
        hours=hours,
        rate=rate,
        seed=seed,
        start=start,
        nossh_from_hour=nossh_from_hour,
        format=format,
    )
    return Path(out)


def write_demo(
    out: str | os.PathLike[str],
    *,
    hours: int,
    rate: int,
    seed: int,
    start: Time | None,
    nossh_from_hour: int | None,
    format: str,
) -> Mapping[str, int]:
    """Write the logs and give the numbers of files, tuples and bytes written."""
    check_choice("format", format, DEMO_FORMATS)
    for name, value in (("hours", hours), ("rate", rate), ("seed", seed), ("nossh_from_hour", nossh_from_hour)):
        if value is not None and value < 0:
            raise ValueError(f"expected no negative number in `{name}`, found `{value}`")
    start_ms = time_ms(start, "start")
    folder = Path(out)
    _make_room(folder)
    return _core.demo(
        folder, seed=seed, hours=hours, rate=rate, start_ms=start_ms, nossh_from_hour=nossh_from_hour, format=format
    )


def _make_room(folder: Path) -> None:
    """Remove an earlier demo, and nothing else: the generator appends to what it finds."""
    import shutil

    try:
        entries = list(folder.iterdir())
    except FileNotFoundError:
        return
    except NotADirectoryError:
        raise FileExistsError(f"`{folder}` is a file: give a folder that is empty or does not exist yet") from None
    names = {entry.name for entry in entries}
    if names and (names - _OWN_NAMES or "truth.ndjson" not in names):
        raise FileExistsError(f"`{folder}` is not empty: give a folder that is empty or does not exist yet")
    for entry in entries:
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()
