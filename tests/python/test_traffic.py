"""The analyses of traffic equal plain group-bys over the tuples, whatever the order of the files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

import vnetflow as vf

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Demo

COUNTERS = ["packets_src_to_dst", "bytes_src_to_dst", "packets_dst_to_src", "bytes_dst_to_src"]
ALL_COUNTERS = ["tuples", "flows", "denied", *COUNTERS, "bytes"]
SPAN = ["first_time", "last_time"]
DENIED = pl.col("action") == "deny"
KEYS = ["src_ip", "dst_ip", "dst_port", "protocol"]


def _sum(name: str) -> pl.Expr:
    """A sum that is null where no row has a value."""
    return pl.when(pl.col(name).count() > 0).then(pl.col(name).sum()).alias(name)


TOTALS = [
    pl.len().cast(pl.UInt64).alias("tuples"),
    (DENIED | (pl.col("state") == "begin") | pl.col("state").is_null()).sum().cast(pl.UInt64).alias("flows"),
    DENIED.sum().cast(pl.UInt64).alias("denied"),
    *map(_sum, COUNTERS),
]
TIMES = [pl.col("time").min().alias("first_time"), pl.col("time").max().alias("last_time")]


def _with_bytes(table: pl.DataFrame) -> pl.DataFrame:
    both = pl.sum_horizontal("bytes_src_to_dst", "bytes_dst_to_src")
    has_any = pl.any_horizontal(pl.col("bytes_src_to_dst", "bytes_dst_to_src").is_not_null())
    return table.with_columns(pl.when(has_any).then(both).alias("bytes"))


def _assert_equal(found: pl.DataFrame, expected: pl.DataFrame, keys: list[str]) -> None:
    assert found.height == expected.height > 0
    assert found.select(expected.columns).sort(keys, nulls_last=True).equals(expected.sort(keys, nulls_last=True))


COLUMNS: dict[str, tuple[dict[str, Any], list[str]]] = {
    "conversations": ({}, [*KEYS, *ALL_COUNTERS, *SPAN, "sessions"]),
    "timeline": ({"by": "src_ip"}, ["time", "src_ip", *ALL_COUNTERS, "bits_per_second"]),
    "matrix": ({}, ["src_group", "dst_group", *ALL_COUNTERS]),
    "rules": (
        {},
        [
            "acl_id",
            "rule",
            "rule_origin",
            "allowed",
            "denied",
            "tuples",
            "flows",
            *ALL_COUNTERS[3:],
            *SPAN,
            "top_pair",
            "trend",
        ],
    ),
    "denied": ({}, [*KEYS, "rule", "rule_origin", "tries", *SPAN, "ongoing"]),
    "one_way": ({}, [*KEYS, "tries", *ALL_COUNTERS, *SPAN]),
    "encryption": ({}, ["encryption", *ALL_COUNTERS, "share"]),
    "exposure": (
        {},
        ["dst_ip", "dst_port", "protocol", "sources", "attempted", "allowed", "answered", *ALL_COUNTERS, *SPAN],
    ),
    "scans": ({}, ["src_ip", "kind", "targets", "ports", "tries", "denied", "answered", *SPAN]),
    "coverage": ({}, ["mac", "hour", "records", "tuples", *SPAN, "gap_minutes"]),
    "anomalies": ({}, ["src_ip", "time", "value", "expected", "deviation", "score", "days"]),
    "findings": ({}, ["severity", "kind", "src_ip", "dst_ip", "dst_port", "reason", "filter", *SPAN]),
    "sessions": (
        {},
        [
            "src_ip",
            "dst_ip",
            "src_port",
            "dst_port",
            "protocol",
            "mac",
            "direction",
            "start",
            "end",
            "duration_ms",
            "status",
            *ALL_COUNTERS,
            "continues",
            "recreated",
            "community_id",
        ],
    ),
    "beacons": (
        {},
        [
            *KEYS,
            "connections",
            "interval_ms",
            "score",
            "interval_score",
            "size_score",
            "duration_score",
            "histogram_score",
            *SPAN,
        ],
    ),
    "endpoints": (
        {},
        [
            "ip",
            "group",
            *(f"as_src_{name}" for name in ALL_COUNTERS),
            *(f"as_dst_{name}" for name in ALL_COUNTERS),
            "peers",
            "ports_served",
            "ports_used",
            *SPAN,
        ],
    ),
    "why": (
        {"src": "10.1.2.20", "dst": "10.1.1.4", "port": 22},
        [*KEYS, "mac", "direction", "rule", "rule_origin", "acl_id", "verdict", *SPAN, "tries", "bytes"],
    ),
    "check": (
        {"policy": {"groups": {"spoke": ["10.1.0.0/16"]}, "allow": []}},
        [
            "rule",
            "src_group",
            "dst_group",
            "dst_port",
            "protocol",
            "verdict",
            "tuples",
            "denied",
            "bytes",
            "example",
            "filter",
            *SPAN,
        ],
    ),
    "diff": (
        {"split": "2024-05-01T10:00Z"},
        ["src_ip", "dst_ip", "status", *(f"{name}_{side}" for name in ALL_COUNTERS for side in ("before", "after"))],
    ),
}


@pytest.mark.parametrize("name", COLUMNS)
def test_columns_to_the_letter_and_the_same_in_any_order_of_files(demo: Demo, name: str) -> None:
    parameters, columns = COLUMNS[name]
    analyse: Callable[..., pl.DataFrame] = getattr(vf, name)
    table = analyse(demo.folder, **parameters)
    assert table.columns == columns
    # Which of two equal records comes first makes no difference, and neither does the order of files.
    backwards: list[Path] = demo.files()[::-1]
    assert analyse(backwards, **parameters).equals(table)
    if name != "coverage":
        assert analyse(demo.tuples, **parameters).equals(table)


@pytest.mark.parametrize("name", ["demo", "mixed_demo", "nsg_v1_demo"])
def test_conversations_equal_a_plain_group_by(request: pytest.FixtureRequest, name: str) -> None:
    demo: Demo = request.getfixturevalue(name)
    expected = _with_bytes(demo.tuples.group_by(KEYS).agg(*TOTALS, *TIMES))
    _assert_equal(vf.conversations(demo.folder), expected, KEYS)


def test_encryption_equals_a_plain_group_by(mixed_demo: Demo) -> None:
    expected = _with_bytes(mixed_demo.tuples.group_by("encryption").agg(*TOTALS))
    share = (pl.col("bytes") / pl.col("bytes").sum()).alias("share")
    found = vf.encryption(mixed_demo.folder)
    _assert_equal(found.drop("share"), expected, ["encryption"])
    assert found["share"].sum() == pytest.approx(1)
    assert found["share"].to_list() == pytest.approx(found.select(share)["share"].to_list())


def test_matrix_equals_a_plain_group_by(demo: Demo) -> None:
    def group(name: str) -> pl.Expr:
        is_spoke = pl.col(name).str.starts_with("10.1.2.")
        return pl.when(is_spoke).then(pl.lit("spoke")).when(pl.col(name).str.starts_with("10.")).then(pl.lit("ten"))

    keys = ["src_group", "dst_group"]
    named = demo.tuples.with_columns(group("src_ip").alias("src_group"), group("dst_ip").alias("dst_group"))
    expected = _with_bytes(named.group_by(keys).agg(*TOTALS))
    _assert_equal(vf.matrix(demo.folder, groups={"spoke": ["10.1.2.0/24"], "ten": ["10.0.0.0/8"]}), expected, keys)


def test_a_plain_timeline_equals_a_plain_group_by(demo: Demo) -> None:
    keys = ["time", "dst_port"]
    bucket = pl.col("time").dt.truncate("5m").alias("bucket")
    expected = demo.tuples.with_columns(bucket).group_by("bucket", "dst_port").agg(*TOTALS).rename({"bucket": "time"})
    found = vf.timeline(demo.folder, every="5m", by="dst_port", spread=False)
    _assert_equal(found, _with_bytes(expected), keys)


def test_a_spread_timeline_keeps_every_sum(demo: Demo) -> None:
    spread, plain = vf.timeline(demo.folder, every="1m"), vf.timeline(demo.folder, every="1m", spread=False)
    for name in ALL_COUNTERS:
        assert spread[name].sum() == plain[name].sum()
    assert spread["bits_per_second"].max() < plain["bits_per_second"].max()


@pytest.mark.parametrize("limits", [{}, {"start": "2024-05-01T09:50Z", "end": "2024-05-01T10:40Z"}])
def test_a_timeline_beside_the_time_before(demo: Demo, limits: dict[str, Any]) -> None:
    options: dict[str, Any] = {"every": "10m", "by": "src_ip", "spread": False}
    found = vf.timeline(demo.folder, previous="30m", **options, **limits)
    whole = vf.timeline(demo.folder, **options)
    rows = vf.timeline(demo.folder, **options, **limits)
    first, last = rows["time"].min(), rows["time"].max()
    before = whole.with_columns(pl.col("time") + pl.duration(minutes=30)).filter(pl.col("time").is_between(first, last))
    keys = ["time", "src_ip"]
    expected = rows.join(before, on=keys, how="full", coalesce=True, suffix="_before")
    _assert_equal(found, expected, keys)
    assert found.columns == [*whole.columns, *(f"{name}_before" for name in whole.columns[2:])]
    assert found["bytes_before"].null_count() < found.height


def test_a_period_before_that_fits_no_bucket_is_an_error(demo: Demo) -> None:
    with pytest.raises(ValueError, match="whole multiple of `every` \\(1h\\) in `previous`, found `90m`"):
        vf.timeline(demo.folder, every="1h", previous="90m")


def test_endpoints_have_the_counters_of_their_tuples(demo: Demo) -> None:
    found = vf.endpoints(demo.folder)
    for end in ("src", "dst"):
        expected = _with_bytes(demo.tuples.group_by(f"{end}_ip").agg(*TOTALS)).rename({f"{end}_ip": "ip"})
        own = [pl.col(f"as_{end}_{name}").alias(name) for name in ALL_COUNTERS]
        _assert_equal(found.filter(pl.col(f"as_{end}_tuples") > 0).select("ip", *own), expected, ["ip"])


def test_denied_counts_the_denied_tuples(demo: Demo) -> None:
    keys = [*KEYS, "rule"]
    logged = (
        demo.tuples.filter(DENIED).group_by([*keys, "mac", "direction"]).agg(pl.len().cast(pl.UInt64).alias("tries"))
    )
    expected = logged.group_by(keys).agg(pl.col("tries").sum())
    found = vf.denied(demo.folder)
    assert found.height == expected.height
    assert found["tries"].sum() == expected["tries"].sum()


def test_rules_count_every_tuple(demo: Demo) -> None:
    keys = ["acl_id", "rule", "rule_origin"]
    expected = _with_bytes(demo.tuples.group_by(keys).agg(*TOTALS, *TIMES)).with_columns(
        (pl.col("tuples") - pl.col("denied")).alias("allowed")
    )
    _assert_equal(vf.rules(demo.folder), expected, keys)


def test_exposure_counts_public_sources(demo: Demo) -> None:
    keys = ["dst_ip", "dst_port", "protocol"]
    outside = vf.read(demo.folder, filter="src public")
    expected = outside.group_by(keys).agg(pl.col("src_ip").n_unique().cast(pl.UInt64).alias("sources"))
    _assert_equal(vf.exposure(demo.folder), expected, keys)


def test_many_sessions_come_whole(demo: Demo) -> None:
    days = [demo.tuples.with_columns(pl.col("time") + pl.duration(days=day)) for day in range(40)]
    found = vf.sessions(pl.concat(days))
    assert found.height > 100_000
    assert found["tuples"].sum() == 40 * demo.tuples.height
    # A flow that is still open at the end of a day is another day's flow too, which is why days are not compared.
    counted = found.filter(pl.col("status") == "denied").group_by(pl.col("start").dt.date()).len()
    assert counted["len"].to_list() == [demo.tuples.filter(DENIED).height] * 40


def test_sessions_hold_every_tuple_once(demo: Demo) -> None:
    found = vf.sessions(demo.folder)
    for name in COUNTERS:
        assert found[name].sum() == demo.tuples[name].sum()
    assert found["tuples"].sum() == demo.tuples.height
    assert set(found["status"]) == {"ended", "open", "started_before", "denied"}
    assert found.filter(pl.col("status") == "denied")["denied"].sum() == demo.tuples.filter(DENIED).height


def test_lengths_of_time_are_checked(demo: Demo) -> None:
    for wrong in ("0m", "5 parsecs", "-1h", ""):
        with pytest.raises(ValueError, match="`every`"):
            vf.timeline(demo.folder, every=wrong)


def test_an_unknown_keyword_names_a_near_match(demo: Demo) -> None:
    with pytest.raises(TypeError, match="vantage"):
        vf.matrix(demo.folder, vantag="once")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
