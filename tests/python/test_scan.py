"""`scan` streams: what Polars asks for is what it gets, exactly, and nothing more is read."""

from __future__ import annotations

import json
import pickle
import threading
import time
from typing import TYPE_CHECKING

import polars as pl
import pytest

import vnetflow as vf
from vnetflow.columns import COLUMN_NAMES

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Demo

DENIED = pl.col("action") == "deny"


def test_collecting_equals_reading(demo: Demo) -> None:
    assert vf.scan(demo.folder).collect().equals(demo.tuples)


def test_it_can_be_collected_twice(demo: Demo) -> None:
    lazy = vf.scan(demo.folder)
    assert lazy.collect().equals(lazy.collect())


@pytest.mark.parametrize("engine", ["in-memory", "streaming"])
@pytest.mark.parametrize(
    "query",
    [
        lambda lf: lf.select("dst_port", "time"),
        lambda lf: lf.select(pl.len()),
        lambda lf: lf.filter(DENIED),
        lambda lf: lf.filter(DENIED).select("src_ip"),
        lambda lf: lf.filter(DENIED).head(7),
        lambda lf: lf.head(7).filter(DENIED),
        lambda lf: lf.filter(DENIED).head(7).select("src_ip", "mac"),
        lambda lf: lf.head(0),
        lambda lf: lf.head(1),
        lambda lf: lf.tail(3),
        lambda lf: lf.slice(100, 50),
        lambda lf: lf.filter(pl.col("dst_port") == 70000),
        lambda lf: lf.filter(pl.col("bytes_src_to_dst") + pl.col("bytes_dst_to_src") > 10_000).select(pl.len()),
        lambda lf: lf.filter(pl.col("src_ip").str.starts_with("10.1.2.")).select("state", "rule"),
        lambda lf: lf.filter(pl.col("rule") == "nossh").select("rule", "dst_port"),
        lambda lf: (
            lf.group_by("src_ip", "action").agg(pl.len(), pl.col("bytes_src_to_dst").sum()).sort("src_ip", "action")
        ),
        lambda lf: lf.with_columns(total=pl.col("bytes_src_to_dst") + pl.col("bytes_dst_to_src")).select("total").sum(),
        lambda lf: lf.select("src_ip").unique().sort("src_ip"),
        lambda lf: (
            lf.join(lf.filter(DENIED).select("src_ip").unique(), on="src_ip", how="semi").select("time").sort("time")
        ),
        lambda lf: pl.concat([lf.head(5), lf.filter(DENIED).head(5)]),
    ],
)
def test_a_query_gives_what_it_gives_on_a_frame(demo: Demo, query, engine: str) -> None:
    expected = query(demo.tuples.lazy()).collect(engine="in-memory")
    assert query(vf.scan(demo.folder)).collect(engine=engine).equals(expected)


def test_a_predicate_with_a_python_function(demo: Demo) -> None:
    is_odd = pl.col("dst_port").map_elements(lambda port: bin(port).endswith("1"), return_dtype=pl.Boolean)
    assert vf.scan(demo.folder).filter(is_odd).collect().equals(demo.tuples.filter(is_odd))


def test_our_arguments_and_predicates_combine(demo: Demo) -> None:
    lazy = vf.scan(demo.folder, filter="dst port 22", start="2024-05-01T09:30", columns=["time", "action", "dst_port"])
    expected = demo.tuples.filter(
        (pl.col("dst_port") == 22) & (pl.col("time") >= pl.datetime(2024, 5, 1, 9, 30, time_zone="UTC"))
    )
    assert lazy.filter(DENIED).collect().equals(expected.filter(DENIED).select("time", "action", "dst_port"))


def test_source_and_offset_on_request(demo: Demo) -> None:
    lazy = vf.scan(demo.folder, columns=COLUMN_NAMES)
    assert lazy.select("offset", "source").collect().equals(vf.read(demo.folder, columns=["offset", "source"]))


def test_a_plan_can_be_pickled(demo: Demo) -> None:
    lazy = vf.scan(demo.folder, filter="denied or group hub", groups={"hub": "10.1.0.0/24"}).select("time")
    expected = lazy.collect()
    assert pickle.loads(pickle.dumps(lazy)).collect().equals(expected)
    assert pl.LazyFrame.deserialize(lazy.serialize()).collect().equals(expected)


def test_a_plan_with_names_for_networks_can_be_pickled(demo: Demo, tmp_path: Path) -> None:
    tags = {
        "values": [
            {"name": name, "properties": {"addressPrefixes": ["10.1.2.0/24", "10.1.0.0/24"], "systemService": ""}}
            for name in ("Storage", "Storage.WestEurope")
        ]
    }
    path = tmp_path / "tags.json"
    path.write_text(json.dumps(tags), encoding="utf-8")
    for groups in (path, vf.Groups.from_pairs([("10.1.2.0/24", "storage")])):
        lazy = vf.scan(demo.folder, filter="src group Storage", groups=groups).select("time", "src_ip")
        assert 0 < lazy.collect().height < demo.tuples.height
        assert pickle.loads(pickle.dumps(lazy)).collect().equals(lazy.collect())
        assert pl.LazyFrame.deserialize(lazy.serialize()).collect().equals(lazy.collect())


def test_memory_and_bytes_as_sources(demo: Demo) -> None:
    assert vf.scan(vf.example_log()).filter(DENIED).collect().height == 1
    assert vf.scan(demo.tuples).filter(DENIED).collect().equals(demo.tuples.filter(DENIED))


def test_threads_stop_when_polars_has_enough() -> None:
    class Counting:
        """A log that never ends."""

        def __init__(self) -> None:
            head, tail = vf.example_log().split(b'{"records":[')[1], b",\n"
            self.piece = (head.removesuffix(b"]}") + tail) * 200
            self.reads = 0

        def read(self, _size: int) -> bytes:
            self.reads += 1
            return b'{"records":[' if self.reads == 1 else self.piece

    endless = Counting()
    assert vf.scan(endless).head(10).collect().height == 10
    assert vf.scan(endless).filter(DENIED).head(3).collect().height == 3
    deadline = time.monotonic() + 20
    reads = -1
    while endless.reads != reads:
        assert time.monotonic() < deadline, "the log is read on and on"
        reads = endless.reads
        time.sleep(0.5)


def test_many_threads_may_collect_at_once(demo: Demo) -> None:
    lazy = vf.scan(demo.folder)
    results: list[bool] = []
    threads = [threading.Thread(target=lambda: results.append(lazy.collect().equals(demo.tuples))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert results == [True] * 4


def test_what_can_not_be_opened_is_told_at_once(tmp_path) -> None:
    with pytest.raises(FileNotFoundError, match="does not exist"):
        vf.scan(tmp_path / "nothing.json")


@pytest.mark.parametrize("suffix", ["parquet", "csv", "ndjson", "ipc"])
def test_it_can_be_sunk(demo: Demo, tmp_path, suffix: str) -> None:
    target = tmp_path / f"tuples.{suffix}"
    lazy = vf.scan(demo.folder, columns=["src_ip", "dst_port", "bytes_src_to_dst"])
    getattr(lazy, f"sink_{suffix}")(target)
    read = {"parquet": pl.read_parquet, "csv": pl.read_csv, "ndjson": pl.read_ndjson, "ipc": pl.read_ipc}[suffix]
    expected = demo.tuples.select("src_ip", "dst_port", "bytes_src_to_dst")
    assert read(target).cast(dict(expected.schema)).equals(expected)
