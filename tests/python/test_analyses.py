"""`summary` and `top` equal plain group-bys over the tuples, and what the generator says it wrote."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

import vnetflow as vf

if TYPE_CHECKING:
    from conftest import Demo

COUNTERS = ["packets_src_to_dst", "bytes_src_to_dst", "packets_dst_to_src", "bytes_dst_to_src"]
DENIED = pl.col("action") == "deny"
STARTS_FLOW = DENIED | (pl.col("state") == "begin") | pl.col("state").is_null()


def _sum(name: str) -> pl.Expr:
    """A sum that is null where no row has a value."""
    return pl.when(pl.col(name).count() > 0).then(pl.col(name).sum())


TOTALS = [
    pl.len().cast(pl.UInt64).alias("tuples"),
    STARTS_FLOW.sum().cast(pl.UInt64).alias("flows"),
    DENIED.sum().cast(pl.UInt64).alias("denied"),
    *(_sum(name).alias(name) for name in COUNTERS),
]
BYTES = pl.sum_horizontal("bytes_src_to_dst", "bytes_dst_to_src", ignore_nulls=True)
WITH_BYTES = (
    pl.when(pl.col("bytes_src_to_dst").is_not_null() | pl.col("bytes_dst_to_src").is_not_null())
    .then(BYTES)
    .alias("bytes")
)

DEMOS = ["demo", "mixed_demo", "nsg_v1_demo"]


@pytest.fixture(params=DEMOS)
def any_demo(request: pytest.FixtureRequest) -> Demo:
    return request.getfixturevalue(request.param)


def test_summary_equals_the_truth(any_demo: Demo) -> None:
    (fact,) = any_demo.facts("summary", vantage="all", format="all")
    row = vf.summary(any_demo.folder).row(0, named=True)
    for name in ("first_time", "last_time"):
        row[name] = f"{row[name]:%Y-%m-%dT%H:%M:%S}.{row[name].microsecond // 1000:03}Z"
    assert row == {name: fact[name] for name in row}


def test_summary_has_the_columns_to_the_letter(demo: Demo) -> None:
    assert vf.summary(demo.folder).schema == {
        **dict.fromkeys(["files", "records", "repeated_records", "tuples", "flows"], pl.UInt64),
        **dict.fromkeys(["allowed", "denied", "issues"], pl.UInt64),
        **dict.fromkeys(["first_time", "last_time"], pl.Datetime("ms", "UTC")),
        "nics": pl.UInt64,
        "versions": pl.List(pl.UInt8),
        **dict.fromkeys([*COUNTERS, "bytes"], pl.UInt64),
    }


def test_summary_equals_plain_polars(any_demo: Demo) -> None:
    expected = any_demo.tuples.select(
        *TOTALS,
        pl.col("time").min().alias("first_time"),
        pl.col("time").max().alias("last_time"),
        pl.col("mac").n_unique().cast(pl.UInt64).alias("nics"),
        pl.col("flow_log_version").unique().sort().implode().alias("versions"),
    ).with_columns(WITH_BYTES)
    assert vf.summary(any_demo.folder).select(expected.columns).equals(expected)
    assert vf.summary(any_demo.tuples).select(expected.columns).equals(expected)


def test_summary_of_a_part_is_the_summary_of_the_filtered_tuples(demo: Demo) -> None:
    part = vf.summary(demo.folder, filter="denied", start="2024-05-01T09:20", end=datetime(2024, 5, 1, 10, 20))
    tuples = vf.read(demo.folder, filter="denied", start="2024-05-01T09:20", end="2024-05-01T10:20")
    names = ["tuples", "flows", "denied", "first_time", "last_time", "nics", "bytes"]
    assert 0 < part["tuples"].item() < demo.tuples.height
    assert part.select(names).equals(vf.summary(tuples).select(names))


def _expected_top(tuples: pl.DataFrame, keys: list[str], peer: str) -> pl.DataFrame:
    peers = {"src": pl.col("src_ip"), "dst": pl.col("dst_ip"), "pair": pl.struct("src_ip", "dst_ip")}[peer]
    return tuples.group_by(keys).agg(*TOTALS, peers.n_unique().cast(pl.UInt64).alias("peers")).with_columns(WITH_BYTES)


KEYS = [
    ("src_ip", ["src_ip"], "dst"),
    ("dst_ip", ["dst_ip"], "src"),
    ("pair", ["src_ip", "dst_ip"], "pair"),
    ("conversation", ["src_ip", "dst_ip", "dst_port", "protocol"], "pair"),
    ("src_port", ["src_port"], "dst"),
    ("dst_port", ["dst_port"], "src"),
    ("protocol", ["protocol"], "pair"),
    ("direction", ["direction"], "pair"),
    ("action", ["action"], "pair"),
    ("state", ["state"], "pair"),
    ("encryption", ["encryption"], "pair"),
    ("rule", ["rule"], "pair"),
    ("acl_id", ["acl_id"], "pair"),
    ("mac", ["mac"], "pair"),
    ("target_resource_id", ["target_resource_id"], "pair"),
    ("flow_log_resource_id", ["flow_log_resource_id"], "pair"),
    ("rule_origin", ["rule_origin"], "pair"),
    ("flow_log_version", ["flow_log_version"], "pair"),
    (["rule", "dst_port"], ["rule", "dst_port"], "src"),
]


@pytest.mark.parametrize(("by", "keys", "peer"), KEYS, ids=lambda value: str(value))
def test_top_equals_a_plain_group_by(mixed_demo: Demo, by: Any, keys: list[str], peer: str) -> None:
    expected = _expected_top(mixed_demo.tuples, keys, peer)
    found = vf.top(mixed_demo.folder, by=by, n=100_000)
    assert found.columns == [*keys, "tuples", "flows", "denied", *COUNTERS, "bytes", "peers", "share"]
    assert found.select(expected.columns).sort(keys, nulls_last=True).equals(expected.sort(keys, nulls_last=True))
    assert found["bytes"].to_list() == sorted(found["bytes"], key=lambda number: -1 if number is None else number)[::-1]
    assert found["share"].sum() == pytest.approx(1)
    assert vf.top(mixed_demo.tuples, by=by, n=100_000).equals(found)


def test_top_equals_the_truth(any_demo: Demo) -> None:
    facts = any_demo.facts("top", format="all")
    assert len(facts) == 10
    compared = ["tuples", "flows", "denied", *COUNTERS, "bytes", "peers"]
    for fact in facts:
        keys = fact["by"]
        rows = vf.top(any_demo.folder, by=keys, n=fact["keys"]).to_dicts()
        assert len(rows) == fact["keys"]
        found = {tuple(row[key] for key in keys): [row[name] for name in compared] for row in rows}
        written = {tuple(row[key] for key in keys): [row[name] for name in compared] for row in fact["rows"]}
        assert {key: found[key] for key in written} == written


def test_the_last_row_sums_up_the_others(demo: Demo) -> None:
    whole, part = vf.top(demo.folder, n=100_000), vf.top(demo.folder, n=3)
    assert part.head(3).equals(whole.head(3))
    others = part.row(3, named=True)
    assert others["src_ip"] is None
    for name in ("tuples", "flows", "denied", *COUNTERS, "bytes"):
        assert others[name] == whole[name].slice(3).sum()
    smaller = demo.tuples.join(part.head(3), on="src_ip", how="anti")
    assert others["peers"] == smaller["dst_ip"].n_unique()
    assert part["share"].sum() == pytest.approx(1)


def test_bottom_is_the_smallest_first(demo: Demo) -> None:
    whole = vf.top(demo.folder, by="dst_port", metric="tuples", n=100_000)
    bottom = vf.top(demo.folder, by="dst_port", metric="tuples", n=5, bottom=True)
    assert bottom["tuples"].head(5).to_list() == sorted(whole["tuples"].to_list())[:5]


@pytest.mark.parametrize("metric", ["tuples", "flows", "denied", *COUNTERS, "bytes", "packets", "peers"])
def test_every_metric_decides_the_order(demo: Demo, metric: str) -> None:
    found = vf.top(demo.folder, by="src_ip", metric=metric, n=1000)
    values = found["packets_src_to_dst"] + found["packets_dst_to_src"] if metric == "packets" else found[metric]
    assert values.to_list() == sorted(values.to_list(), reverse=True)
    assert (found["share"].null_count() == found.height) == (metric == "peers")


def test_groups_and_networks_as_keys(demo: Demo) -> None:
    groups = demo.folder / "groups.csv"
    found = vf.top(demo.folder, by=["src_group", "dst_group"], groups=groups, n=1000)
    assert found.columns[:2] == ["src_group", "dst_group"]
    assert found["tuples"].sum() == demo.tuples.height
    spoke2 = demo.tuples.filter(pl.col("src_ip").str.starts_with("10.1.2."))
    assert found.filter(pl.col("src_group") == "spoke2")["tuples"].sum() == spoke2.height

    nets = vf.top(demo.folder, by="src_net/24", n=1000)
    expected = demo.tuples.select(pl.col("src_ip").str.replace(r"\.\d+$", ".0/24"))["src_ip"].value_counts()
    assert dict(nets.select("src_net", "tuples").rows()) == dict(expected.rows())


def test_the_circuits_biggest_host_has_its_share(demo: Demo) -> None:
    (fact,) = demo.facts("expressroute")
    found = vf.top(demo.folder, by=["src_ip", "dst_ip"], n=100_000)
    circuit = found.filter(pl.col("src_ip").str.starts_with("10.4.") | pl.col("dst_ip").str.starts_with("10.4."))
    assert circuit["tuples"].sum() == fact["tuples_all"]
    assert circuit["bytes"].sum() == fact["bytes_all"]
    assert fact["hosts"][0]["ip"] == "10.4.2.2"


def test_keys_can_be_joined_to_the_tuple_table(demo: Demo) -> None:
    for key in ("rule", "direction", "mac", "dst_port"):
        biggest = vf.top(demo.folder, by=key, n=1)
        assert demo.tuples.join(biggest, on=key, how="semi").height == biggest["tuples"][0]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"by": "src_i"}, "unknown key `src_i`: did you mean `src_ip`?"),
        ({"by": "time"}, "unknown key `time`"),
        ({"by": "src_net/129"}, "prefix length"),
        ({"by": []}, "nothing to group by"),
        ({"by": "src_group"}, "needs names for networks"),
        ({"metric": "byte"}, "unknown metric `byte`: did you mean `bytes`?"),
        ({"n": 0}, "expected at least 1 in `n`"),
    ],
)
def test_a_wrong_argument_of_top_says_what_is_right(options: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        vf.top(vf.example_log(), **options)


def test_the_documented_flow_sums_to_what_the_documentation_says() -> None:
    row = vf.summary(vf.example_log()).row(0, named=True)
    assert row["packets_src_to_dst"] + row["packets_dst_to_src"] == 9_125
    assert row["bytes"] == 5_256_000
