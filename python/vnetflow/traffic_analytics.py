"""Rows as Azure's Traffic Analytics has them, so that existing queries run on them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vnetflow.analyses import ask
from vnetflow.signatures import takes_common

if TYPE_CHECKING:
    from collections.abc import Iterable

    import polars as pl
    from typing_extensions import Unpack

    from vnetflow.arguments import Common
    from vnetflow.sources import SourceLike


@takes_common
def nta(
    source: SourceLike,
    *,
    interval_minutes: int = 60,
    sites: Iterable[str] = (),
    clients: Iterable[str] = (),
    **common: Unpack[Common],
) -> pl.DataFrame:
    """Make rows of the table NTANetAnalytics.

    Parameters
    ----------
    interval_minutes
        Length of an interval: 60 or 10 in the original. Default: 60.
    sites, clients
        Names of groups behind a site-to-site connection or a circuit, and of point-to-site clients. Default: none.

    Returns
    -------
    polars.DataFrame
        The table's own columns, by name and in its order, as far as flow logs can fill them. Tuples of an interval
        that differ in the source port alone are one row. A group stands for a virtual network, from which `FlowType`
        follows. Counters that were not logged are null.

    Examples
    --------
    >>> import vnetflow as vf
    >>> vf.nta(vf.example_log()).select("SrcIp", "DestIp", "DestPort", "FlowStatus").row(0)
    ('10.1.2.20', '10.1.1.21', 8080, 'Allowed')
    """
    if interval_minutes < 1:
        raise ValueError(f"expected at least 1 in `interval_minutes`, found `{interval_minutes}`")
    parameters = {"interval_minutes": interval_minutes, "sites": list(sites), "clients": list(clients)}
    return ask("nta", source, common, parameters, key_types=False)
