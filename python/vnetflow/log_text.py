"""Writes tuples back as the text of flow logs, for what reads logs only: the viewer. Reading it gives the same tuples.

What the text can't carry: `source` and `offset` become those of the text itself, a time before March 1973 would be
taken for seconds, and a tuple with counters but without a state, which no log has, becomes one that begins a flow.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    import polars as pl

_ROWS_A_PIECE = 1 << 16
"""So many tuples are text at a time, whatever the frame holds."""

_VNET_VERSION = 4
_NSG_COUNTED_VERSION = 2

_RECORD = ("flow_log_version", "record_time", "mac", "target_resource_id", "flow_log_resource_id", "acl_id", "rule")
"""What a tuple does not say itself, but the record around it."""

_COUNTERS = ("packets_src_to_dst", "bytes_src_to_dst", "packets_dst_to_src", "bytes_dst_to_src")

_LETTERS = {
    "direction": {"inbound": "I", "outbound": "O"},
    "action": {"allow": "A", "deny": "D"},
    "state": {"begin": "B", "continue": "C", "end": "E", "deny": "D"},
    "protocol": {"6": "T", "17": "U"},
}


def log_text(tuples: pl.DataFrame) -> Iterator[bytes]:
    """Give a log that holds these tuples in their order, piece by piece."""
    import polars as pl

    tuples = _complete(tuples)
    yield b'{"records":['
    separator = b""
    for start in range(0, tuples.height, _ROWS_A_PIECE):
        rows = tuples.slice(start, _ROWS_A_PIECE)
        runs = (
            rows.with_columns(pl.struct(_RECORD).rle_id().alias("run"), _tuple_text().alias("text"))
            .group_by("run", maintain_order=True)
            .agg(*(pl.col(name).first() for name in _RECORD), "text")
        )
        for record in runs.iter_rows(named=True):
            yield separator + _record_text(record, record["text"])
            separator = b",\n"
    yield b"]}\n"


def _complete(tuples: pl.DataFrame) -> pl.DataFrame:
    """Add the columns that tuples may lack, with what the others say of them."""
    import polars as pl

    absent = [name for name in (*_RECORD, *_COUNTERS, "state", "encryption") if name not in tuples.columns]
    tuples = tuples.with_columns(pl.lit(None, dtype=pl.String).alias(name) for name in absent)
    by_shape = (
        pl.when(pl.col("encryption").is_not_null())
        .then(_VNET_VERSION)
        .when(pl.any_horizontal(pl.col(name).is_not_null() for name in ("state", *_COUNTERS)))
        .then(_NSG_COUNTED_VERSION)
        .otherwise(1)
    )
    return tuples.with_columns(
        pl.col("flow_log_version").cast(pl.UInt8).fill_null(by_shape),
        pl.col("record_time").cast(pl.Datetime("ms", "UTC")),
        pl.col("time").dt.epoch("ms"),
    )


def _tuple_text() -> pl.Expr:
    import polars as pl

    def letter(name: str) -> pl.Expr:
        return pl.col(name).cast(pl.String).replace(_LETTERS[name])

    def joined(*parts: pl.Expr) -> pl.Expr:
        return pl.concat_str([part.cast(pl.String).fill_null("") for part in parts], separator=",")

    ends = [pl.col(name) for name in ("time", "src_ip", "dst_ip", "src_port", "dst_port")]
    counters = [pl.col(name) for name in _COUNTERS]
    vnet = joined(*ends, pl.col("protocol"), letter("direction"), letter("state"), pl.col("encryption"), *counters)
    nsg = joined(*ends, letter("protocol"), letter("direction"), letter("action"))
    version = pl.col("flow_log_version")
    return (
        pl.when(version == _VNET_VERSION)
        .then(vnet)
        .when(version == _NSG_COUNTED_VERSION)
        .then(joined(nsg, letter("state").fill_null("B"), *counters))
        .otherwise(nsg)
    )


def _record_text(record: dict[str, Any], lines: list[str]) -> bytes:
    version, mac, rule = record["flow_log_version"], record["mac"], record["rule"]
    moment = record["record_time"]
    time = None if moment is None else moment.isoformat().replace("+00:00", "Z")
    if version == _VNET_VERSION:
        group = _present(rule=rule, flowTuples=lines)
        body = _present(
            time=time,
            flowLogVersion=version,
            macAddress=mac,
            category="FlowLogFlowEvent",
            flowLogResourceID=record["flow_log_resource_id"],
            targetResourceID=record["target_resource_id"],
            flowRecords={"flows": [_present(aclID=record["acl_id"], flowGroups=[group])]},
        )
    else:
        flow = _present(rule=rule, flows=[_present(mac=mac, flowTuples=lines)])
        body = _present(
            time=time,
            category="NetworkSecurityGroupFlowEvent",
            resourceId=record["acl_id"],
            properties={"Version": version, "flows": [flow]},
        )
    return json.dumps(body, separators=(",", ":")).encode()


def _present(**fields: Any) -> dict[str, Any]:
    """Leave out what is null: in a log it is absent."""
    return {name: value for name, value in fields.items() if value is not None}
