"""The dossier and the findings equal plain Polars over `vf.read` on random logs: what the other answers add up to."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import polars as pl
import pytest
from random_logs import BYTES, DENIED, INSIDE, OUTSIDE, START, TALK, assert_same

if TYPE_CHECKING:
    from random_logs import Logs

COUNTERS = ["packets_src_to_dst", "bytes_src_to_dst", "packets_dst_to_src", "bytes_dst_to_src"]
TOTALS = [
    pl.len().alias("tuples"),
    (DENIED | (pl.col("state") == "begin")).sum().alias("flows"),
    DENIED.sum().alias("denied"),
    pl.col(COUNTERS).sum(),
    BYTES.sum().alias("bytes"),
]
SPAN = [pl.col("time").min().alias("first_time"), pl.col("time").max().alias("last_time")]
GROUPS = {"10.1.1.0/24": "one", "10.1.2.0/24": "two"}
FOUND = ["severity", "kind", "src_ip", "dst_ip", "dst_port", "first_time", "last_time"]


@pytest.mark.parametrize("ip", [INSIDE[1], OUTSIDE[2]])
def test_a_dossier_adds_up_the_tuples_of_its_address(logs: Logs, ip: str) -> None:
    dossier = logs.answers("host", ip=ip, groups=GROUPS)
    asked, asked_by = (logs.tuples.filter(pl.col(end) == ip) for end in ("src_ip", "dst_ip"))
    both = pl.concat([asked, asked_by])
    is_allowed = (~DENIED).sum().alias("allowed")
    assert_same(dossier["summary"], both.select(*TOTALS, is_allowed, *SPAN), ["tuples"])
    for name, rows, peer in (("asked", asked, "dst_ip"), ("asked_by", asked_by, "src_ip")):
        found = dossier[name].filter(pl.col(peer).is_not_null())
        assert_same(found, rows.group_by(peer).agg(TOTALS), [peer])
        group = peer.replace("ip", "group")
        by_group = (
            pl.col(peer).str.head(7).replace_strict({"10.1.1.": "one", "10.1.2.": "two"}, default=None).alias(group)
        )
        assert_same(dossier[f"groups_{name}"], rows.group_by(by_group).agg(TOTALS), [group])
    sides = {
        f"as_{side}_{total}": rows
        for side, rows in (("src", asked), ("dst", asked_by))
        for total in ("tuples", "bytes")
    }
    values = {name: rows.select(*TOTALS).item(0, name.split("_")[2]) for name, rows in sides.items()}
    assert dossier["endpoint"].select(values.keys()).row(0, named=True) == values
    assert_same(dossier["conversations"], both.group_by(TALK).agg(*TOTALS, *SPAN), TALK)
    tries = both.filter(DENIED).group_by([*TALK, "rule"]).agg(pl.len().alias("tries"), *SPAN)
    assert_same(dossier["denied"], tries, [*TALK, "rule"])
    assert_same(dossier["rules"], both.group_by("rule").agg(is_allowed, *TOTALS, *SPAN), ["rule"])
    assert_same(dossier["encryption"], both.group_by("encryption").agg(TOTALS), ["encryption"])
    for column in (*COUNTERS, "bytes", "tuples", "flows", "denied"):
        assert dossier["timeline"][column].sum() == dossier["summary"].item(0, column)


SINCE = START + timedelta(hours=1)


def _most(rows: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
    """What a conversation did, as the NIC says that saw most of it."""
    begun, ended = ((pl.col("state") == state).sum() for state in ("begin", "end"))
    at_each_nic = rows.group_by([*keys, "mac"]).agg(
        (DENIED.sum() + pl.max_horizontal(begun, ended)).alias("tries"),
        DENIED.sum().alias("denied"),
        (pl.col("packets_dst_to_src") > 0).any().alias("answered"),
        pl.col("bytes_src_to_dst").sum().alias("sent"),
        pl.col("bytes_dst_to_src").sum().alias("received"),
        *SPAN,
    )
    return at_each_nic.group_by(keys).agg(
        pl.col("tries", "denied", "sent", "received", "last_time").max(),
        pl.col("answered").any(),
        pl.col("first_time").min(),
    )


def _finding(kind: str, severity: pl.Expr | str, **ends: str) -> list[pl.Expr]:
    null = {"src_ip": pl.lit(None, pl.String), "dst_ip": pl.lit(None, pl.String), "dst_port": pl.lit(None, pl.UInt16)}
    named = {**null, **{name: pl.col(column) for name, column in ends.items()}}
    severity = pl.lit(severity) if isinstance(severity, str) else severity
    return [
        severity.alias("severity"),
        pl.lit(kind).alias("kind"),
        *(expression.alias(name) for name, expression in named.items()),
        pl.col("first_time", "last_time"),
    ]


def _either(is_first: pl.Expr, first: str, second: str) -> pl.Expr:
    return pl.when(is_first).then(pl.lit(first)).otherwise(pl.lit(second))


def test_findings_are_what_a_plain_count_finds(logs: Logs) -> None:
    block_list = [OUTSIDE[1], INSIDE[2]]
    found = logs.answers(
        "findings", since=SINCE, block_list=block_list, admin_ports=[22, 5432], fanout_targets=4, upload_bytes=40_000,
        upload_ratio=1, long_session="3m", one_way_tries=2, rare_flows=12,
    )  # fmt: skip
    talks = _most(logs.tuples, TALK)
    span = [pl.col("first_time").min(), pl.col("last_time").max()]
    inside = talks.filter(pl.col("src_ip").is_in(INSIDE))
    admin = inside.filter(pl.col("dst_port").is_in([22, 5432]))
    expected = {}

    sides = [("src_ip", "dst_ip"), ("dst_ip", "src_ip")]
    listed = pl.concat(
        talks.filter(pl.col(own).is_in(block_list)).with_columns(own=own, peer=peer) for own, peer in sides
    )
    has_passed = (pl.col("answered") | (pl.col("tries") > pl.col("denied"))).any().alias("passed")
    blocked = listed.group_by("own", "peer").agg(has_passed, *span)
    severity = _either(pl.col("passed"), "high", "medium")
    expected["blocked_address"] = blocked.select(_finding("blocked_address", severity, src_ip="peer", dst_ip="own"))

    fanout = admin.group_by("src_ip").agg(pl.col("dst_ip").n_unique(), pl.col("answered").any(), *span)
    severity = _either(pl.col("answered"), "high", "medium")
    fanout = fanout.filter(pl.col("dst_ip") >= 4)
    expected["admin_fanout"] = fanout.select(_finding("admin_fanout", severity, src_ip="src_ip"))

    out = inside.filter(pl.col("dst_ip").is_in(OUTSIDE)).group_by("src_ip").agg(pl.col("sent", "received").sum(), *span)
    heavy = out.filter(pl.col("sent") >= 40_000, pl.col("sent") >= pl.col("received"))
    expected["upload"] = heavy.select(_finding("upload", "medium", src_ip="src_ip"))

    continued = logs.tuples.filter(pl.col("state") == "continue").group_by([*TALK, "src_port", "mac"]).agg(SPAN)
    long = continued.filter(pl.col("last_time") - pl.col("first_time") >= timedelta(minutes=3))
    severity = _either(pl.col("dst_ip").is_in(OUTSIDE), "medium", "info")
    ends = {name: name for name in ("src_ip", "dst_ip", "dst_port")}
    expected["long_session"] = long.select(_finding("long_session", severity, **ends))

    known = pl.concat(talks.select(*span_of, host=end) for end in ("src_ip", "dst_ip") for span_of in [["first_time"]])
    known = known.group_by("host").agg(pl.col("first_time").min()).filter(pl.col("first_time") < SINCE)
    peers = inside.group_by("src_ip", "dst_ip").agg(pl.col("tries").sum(), *span)
    new = peers.filter(pl.col("src_ip").is_in(known["host"].implode()), pl.col("first_time") >= SINCE)
    expected["new_peers"] = new.group_by("src_ip").agg(span).select(_finding("new_peers", "low", src_ip="src_ip"))

    asked = peers.filter(pl.col("last_time") >= SINCE)
    alone = asked.filter(pl.len().over("dst_ip") == 1, pl.col("dst_ip").is_in(OUTSIDE), pl.col("tries") <= 12)
    expected["rare_peers"] = alone.group_by("src_ip").agg(span).select(_finding("rare_peers", "info", src_ip="src_ip"))

    for kind, rows in expected.items():
        of_kind = found.filter(pl.col("kind") == kind)
        if rows.height == 0:
            assert of_kind.height == 0, kind
        else:
            assert_same(of_kind, rows, FOUND)

    # What other analyses found keeps their numbers.
    services = logs.answers("exposure").filter((pl.col("allowed") > 0) | (pl.col("answered") > 0))
    exposed = found.filter(pl.col("kind") == "exposed").select("dst_ip", "dst_port", "first_time", "last_time")
    assert exposed.sort(exposed.columns).equals(services.select(exposed.columns).sort(exposed.columns))
    silent = logs.answers("one_way").filter(pl.col("tries") >= 2)
    one_way = found.filter(pl.col("kind") == "one_way").select("src_ip", "dst_ip", "dst_port", "first_time")
    assert one_way.sort(one_way.columns).equals(silent.select(one_way.columns).sort(one_way.columns))


def test_findings_come_with_a_filter_that_shows_their_tuples(logs: Logs) -> None:
    found = logs.answers("findings", since=SINCE, block_list=OUTSIDE, one_way_tries=1, fanout_targets=2)
    assert found["kind"].n_unique() >= 4
    for kind, text, first, last in found.select("kind", "filter", "first_time", "last_time").rows():
        shown = logs.tuples.flows.summary(filter=text)
        assert shown.item(0, "tuples") > 0, text
        if kind in ("blocked_address", "exposed", "one_way"):
            assert shown.select("first_time", "last_time").row(0) == (first, last), text
