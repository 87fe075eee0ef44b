"""Answers equal plain Polars and Python over `vf.read` on random logs, read whole, in halves, thirds and backwards."""

from __future__ import annotations

import itertools
import json
import random
import statistics
from collections import defaultdict
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from random_logs import BYTES, DENIED, FLOW, OUTSIDE, START, TALK, Logs, assert_same, record

import vnetflow as vf

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path


def test_denied(logs: Logs) -> None:
    keys = [*TALK, "rule"]
    expected = (
        logs.tuples.filter(DENIED)
        .group_by(keys)
        .agg(pl.len().alias("tries"), pl.col("time").min().alias("first_time"), pl.col("time").max().alias("last_time"))
    )
    assert_same(logs.answers("denied"), expected, keys)


def test_one_way(logs: Logs) -> None:
    allowed = logs.tuples.filter(~DENIED)
    silent = allowed.group_by(TALK).agg(pl.col("packets_dst_to_src").sum().alias("back")).filter(pl.col("back") == 0)
    begun = allowed.join(silent, on=TALK).filter(pl.col("state") == "begin").group_by([*TALK, "mac"]).len("tries")
    expected = begun.group_by(TALK).agg(pl.col("tries").max())
    assert_same(logs.answers("one_way", filter="allowed"), expected, TALK)


def test_exposure_at_one_nic(logs: Logs) -> None:
    keys, mac = ["dst_ip", "dst_port", "protocol"], "00224871C205"
    asked = logs.tuples.filter(pl.col("src_ip").is_in(OUTSIDE), pl.col("mac") == mac)
    expected = asked.group_by(keys).agg(
        pl.col("src_ip").n_unique().alias("sources"),
        (DENIED | (pl.col("state") == "begin")).sum().alias("attempted"),
        (pl.col("state") == "begin").sum().alias("allowed"),
        DENIED.sum().alias("denied"),
    )
    assert_same(logs.answers("exposure", mac=mac), expected, keys)


def test_coverage(logs: Logs) -> None:
    keys = ["mac", "hour"]
    by_hour = logs.tuples.group_by("mac", pl.col("time").dt.truncate("1h").alias("hour"))
    expected = by_hour.agg(
        pl.len().alias("tuples"), pl.col("time").min().alias("first_time"), pl.col("time").max().alias("last_time")
    )
    assert_same(logs.answers("coverage").filter(pl.col("tuples") > 0), expected, keys)


def test_diff(logs: Logs) -> None:
    moment = START + timedelta(hours=1)
    sides = [
        logs.tuples.filter(is_side).group_by("dst_port").agg(pl.len().alias("tuples"), BYTES.sum().alias("bytes"))
        for is_side in (pl.col("time") < moment, pl.col("time") >= moment)
    ]
    before, after = (
        side.rename(lambda name, end=end: name if name == "dst_port" else f"{name}_{end}")
        for side, end in zip(sides, ("before", "after"), strict=True)
    )
    joined = before.join(after, on="dst_port", how="full", coalesce=True)
    assert_same(logs.answers("diff", split=moment, by="dst_port"), joined, ["dst_port"])


def test_sessions(logs: Logs) -> None:
    def rows(of_flow: pl.DataFrame) -> list[tuple[Any, ...]]:
        made: list[tuple[Any, ...]] = []
        for row in of_flow.sort("time").iter_rows(named=True):
            if row["state"] in ("begin", "deny"):
                status = "open" if row["state"] == "begin" else "denied"
                made.append((row["time"], None, status, 0, 0))
            start, _, status, continues, volume = made[-1]
            volume += row["bytes_src_to_dst"] + row["bytes_dst_to_src"]
            is_end = row["state"] == "end"
            made[-1] = (
                start, row["time"] if is_end else None, "ended" if is_end else status,
                continues + (row["state"] == "continue"), volume,
            )  # fmt: skip
        return made

    expected = [row for _, of_flow in logs.tuples.group_by(FLOW) for row in rows(of_flow)]
    found = (
        logs.answers("sessions")
        .filter(pl.col("status") != "denied")
        .select("start", "end", "status", "continues", "bytes")
    )
    assert sorted(found.rows(), key=str) == sorted((row for row in expected if row[2] != "denied"), key=str)
    denied = [row for row in expected if row[2] == "denied"]
    assert logs.answers("sessions").filter(pl.col("status") == "denied").height == len(denied) > 0


def test_a_spread_timeline(logs: Logs) -> None:
    bucket = timedelta(minutes=10)
    expected: dict[datetime, float] = defaultdict(float)
    for _, of_flow in logs.tuples.group_by(FLOW):
        since: datetime | None = None
        for row in of_flow.sort("time").iter_rows(named=True):
            volume, time = row["bytes_src_to_dst"] + row["bytes_dst_to_src"], row["time"]
            done = since
            while volume and done is not None and since is not None and done < time:
                start = START + (done - START) // bucket * bucket
                until = min(start + bucket, time)
                expected[start] += volume * ((until - done) / (time - since))
                done = until
            since = time
    found = dict(logs.answers("timeline", every="10m").select("time", "bytes").rows())
    assert expected.keys() <= found.keys()
    for time, volume in found.items():
        # Each tuple may be off by a byte at either end of a bucket.
        assert volume == pytest.approx(expected[time], abs=logs.tuples.height / 2)
    assert sum(found.values()) == logs.tuples.select(BYTES.sum()).item()


def test_why(logs: Logs) -> None:
    src, dst, port = logs.tuples.filter(DENIED).select("src_ip", "dst_ip", "dst_port").row(0)
    asked = logs.tuples.filter(pl.col("src_ip") == src, pl.col("dst_ip") == dst, pl.col("dst_port") == port)
    begun = asked.filter(DENIED | (pl.col("state") == "begin"))
    expected = begun.group_by("mac", "rule", pl.col("action").cast(pl.String).alias("verdict")).len("tries")
    answer = logs.answers("why", src=src, dst=dst, port=port).filter(pl.col("src_ip") == src)
    assert_same(
        answer.group_by("mac", "rule", "verdict").agg(pl.col("tries").sum()), expected, ["mac", "rule", "verdict"]
    )


def test_check(logs: Logs) -> None:
    policy = {
        "groups": {"one": ["10.1.1.0/24"], "two": ["10.1.2.0/24"]},
        "allow": [{"from": "one", "to": "two", "ports": [443]}],
    }
    mac = "00224871C206"
    is_one, is_two = pl.col("src_ip").str.starts_with("10.1.1."), pl.col("dst_ip").str.starts_with("10.1.2.")
    asked = logs.tuples.filter(is_one, is_two, pl.col("mac") == mac)
    passed = asked.group_by(TALK).agg(is_passed=(~DENIED).any(), tuples=pl.len())
    is_allowed = pl.col("dst_port") == 443
    verdict = (
        pl.when(is_allowed & pl.col("is_passed")).then(pl.lit("allowed"))
        .when(is_allowed).then(pl.lit("too_strict"))
        .when(pl.col("is_passed")).then(pl.lit("violation"))
        .otherwise(pl.lit("blocked"))
    )  # fmt: skip
    keys = ["dst_port", "verdict"]
    expected = passed.group_by("dst_port", verdict.alias("verdict")).agg(pl.col("tuples").sum())
    found = logs.answers("check", policy=policy, mac=mac)
    assert_same(found.filter(pl.col("src_group") == "one", pl.col("dst_group") == "two"), expected, keys)


def test_traffic_analytics_rows(logs: Logs) -> None:
    keys = ["SrcIp", "DestIp", "DestPort", "FlowIntervalStartTime"]
    expected = logs.tuples.group_by(
        pl.col("src_ip").alias("SrcIp"),
        pl.col("dst_ip").alias("DestIp"),
        pl.col("dst_port").alias("DestPort"),
        pl.col("time").dt.truncate("10m").alias("FlowIntervalStartTime"),
    ).agg(
        pl.col("bytes_src_to_dst").sum().alias("BytesSrcToDest"),
        pl.col("packets_dst_to_src").sum().alias("PacketsDestToSrc"),
    )
    found = (
        logs.answers("nta", interval_minutes=10).group_by(keys).agg(pl.col("BytesSrcToDest", "PacketsDestToSrc").sum())
    )
    assert_same(found, expected, keys)


def test_beacons_count_connections_and_the_time_between_them(logs: Logs) -> None:
    mac = "00224871C206"
    begun = logs.tuples.filter(pl.col("dst_ip").is_in(OUTSIDE), pl.col("mac") == mac, pl.col("state") == "begin")
    expected = {}
    for talk, of_talk in begun.group_by(TALK):
        times = of_talk["time"].dt.epoch("ms").sort().to_list()
        if len(times) >= 4:
            expected[talk] = (len(times), statistics.median(b - a for a, b in itertools.pairwise(times)))
    found = logs.answers("beacons", min_connections=4, mac=mac, filter="allowed")
    rows = {row[:4]: row[4:] for row in found.select(*TALK, "connections", "interval_ms").rows()}
    assert rows.keys() == expected.keys() != set()
    for talk, (connections, interval_ms) in expected.items():
        assert rows[talk][0] == connections
        assert rows[talk][1] == pytest.approx(interval_ms, abs=1)


def test_endpoints_know_their_peers(logs: Logs) -> None:
    ways = [logs.tuples.select(ip=one, peer=other) for one, other in (("src_ip", "dst_ip"), ("dst_ip", "src_ip"))]
    expected = pl.concat(ways).group_by("ip").agg(pl.col("peer").n_unique().alias("peers"))
    assert_same(logs.answers("endpoints"), expected, ["ip"])


def test_anomalies_compare_hours_with_other_days(tmp_path: Path) -> None:
    logs = Logs(tmp_path, 4, days=6)
    hours = logs.tuples.group_by("dst_port", pl.col("time").dt.truncate("1h").alias("time")).agg(
        BYTES.sum().alias("value")
    )
    found = logs.answers("anomalies", by="dst_port", threshold=1.0)
    assert found.height > 0
    for row in found.iter_rows(named=True):
        same = hours.filter(pl.col("dst_port") == row["dst_port"], pl.col("time").dt.hour() == row["time"].hour)
        others = same.filter(pl.col("time") != row["time"])["value"].to_list()
        own = same.filter(pl.col("time") == row["time"])["value"].to_list()
        assert row["value"] == (own or [0])[0]
        others += [0] * (row["days"] - len(others))
        assert row["expected"] == pytest.approx(statistics.median(others))


def test_scans_begin_at_the_threshold(tmp_path: Path) -> None:
    begin_ms = int(START.timestamp() * 1000)
    scanners = {f"198.51.100.{number}": number for number in range(10, 21)}
    texts = [
        f"{begin_ms + port * 1000},{src},10.1.1.4,50000,{port},6,I,D,NX,0,0,0,0"
        for src, ports in scanners.items()
        for port in range(1, ports + 1)
    ]
    random.Random(5).shuffle(texts)
    file = tmp_path / "scan.json"
    file.write_text(json.dumps({"records": [record("00224871C205", "DefaultRule_DenyAll", begin_ms, texts)]}))
    found = vf.scans(file).select("src_ip", "kind", "ports", "tries").rows()
    assert sorted(found) == sorted((src, "vertical", ports, ports) for src, ports in scanners.items() if ports >= 15)
