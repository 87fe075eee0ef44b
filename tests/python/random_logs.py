"""Random logs in files, and what must hold of every answer to them."""

from __future__ import annotations

import json
import random
from collections import defaultdict
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import polars as pl

import vnetflow as vf

if TYPE_CHECKING:
    from pathlib import Path

START = datetime(2024, 5, 1, 9, tzinfo=timezone.utc)
NICS = {"00224871C205": "I", "00224871C206": "O"}
INSIDE = [f"10.1.{net}.{host}" for net in (1, 2) for host in range(4, 8)]
OUTSIDE = ["8.8.8.8", "9.9.9.9", "20.1.1.1"]
PORTS = [22, 53, 443, 5432]
FLOW = ["src_ip", "dst_ip", "src_port", "dst_port", "protocol", "mac"]
TALK = ["src_ip", "dst_ip", "dst_port", "protocol"]
DENIED = pl.col("action") == "deny"
BYTES = pl.sum_horizontal("bytes_src_to_dst", "bytes_dst_to_src")


def _flow(chance: random.Random, time_ms: int) -> list[tuple[str, str, int, str]]:
    """Tuples of one flow: NIC, rule, time, text. Each flow has a port of its own."""
    src, dst = chance.sample(INSIDE + OUTSIDE, 2)
    mac = chance.choice(list(NICS))
    port = chance.choice(PORTS)
    if chance.random() < 0.1:
        src, dst, port = INSIDE[1], OUTSIDE[0], 443
    head = f"{src},{dst},{chance.randrange(1024, 65536)},{port},{6 if port != 53 else 17},{NICS[mac]}"
    if chance.random() < 0.2:
        return [(mac, chance.choice(["DefaultRule_DenyAll", "UserRule_no"]), time_ms, f"{head},D,NX,0,0,0,0")]
    answers = (INSIDE + OUTSIDE).index(src) % 3 > 0
    made = [(mac, "UserRule_yes", time_ms, f"{head},B,NX,0,0,0,0")]
    for state in ["C"] * chance.randrange(3) + ["E"]:
        time_ms += chance.randrange(1, 300_000)
        back = f"{chance.randrange(1, 9)},{chance.randrange(100, 9000)}" if answers else "0,0"
        counters = f"{chance.randrange(1, 9)},{chance.randrange(100, 9000)},{back}"
        made.append((mac, "UserRule_yes", time_ms, f"{head},{state},NX,{counters}"))
    return made


def record(mac: str, rule: str, time_ms: int, texts: list[str]) -> dict[str, Any]:
    groups = [{"rule": rule, "flowTuples": texts}]
    return {
        "time": datetime.fromtimestamp(time_ms / 1000, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.0000000Z"),
        "flowLogVersion": 4,
        "flowLogGUID": "00000000-0000-0000-0000-00000000f10e",
        "macAddress": mac,
        "category": "FlowLogFlowEvent",
        "flowRecords": {"flows": [{"aclID": "00000000-0000-0000-0000-0000000000aa", "flowGroups": groups}]},
    }


class Logs:
    """Random logs in six files, and their tuples."""

    def __init__(self, folder: Path, seed: int, days: int = 1) -> None:
        chance = random.Random(seed)
        begin_ms = int(START.timestamp() * 1000)
        starts = [begin_ms + chance.randrange(days) * 86_400_000 + chance.randrange(7_200_000) for _ in range(500)]
        tuples = [one for time_ms in starts for one in _flow(chance, time_ms)]
        chance.shuffle(tuples)
        self.files: list[Path] = []
        for number in range(6):
            records: dict[tuple[str, str, int], list[str]] = defaultdict(list)
            for mac, rule, time_ms, text in tuples[number::6]:
                records[mac, rule, time_ms // 60_000 * 60_000].append(f"{time_ms},{text}")
            file = folder / f"{seed}-{number}.json"
            file.write_text(json.dumps({"records": [record(*key, texts) for key, texts in records.items()]}))
            self.files.append(file)
        self.tuples = vf.read(self.files, on_issue="raise")

    def answers(self, name: str, **options: Any) -> Any:
        """The answer, which is the same in any order, and for the tuples in memory, in halves and thirds."""
        analyse = getattr(vf, name)
        answer = analyse(self.files, **options)
        assert_equal(analyse(self.files[::-1], **options), answer)
        # Tuples in memory know nothing of the files and records that these count.
        if name not in ("coverage", "summary"):
            for parts in (2, 3):
                pieces = [self.tuples.gather_every(parts, offset) for offset in range(parts)]
                assert_equal(analyse(pl.concat(pieces[::-1], rechunk=False), **options), answer)
        return answer


def assert_equal(found: Any, expected: Any) -> None:
    """Fail unless two answers, tables or dossiers, are equal."""
    if isinstance(expected, dict):
        assert found.keys() == expected.keys()
        assert [name for name, table in expected.items() if not found[name].equals(table)] == []
    else:
        assert found.equals(expected)


def assert_same(found: pl.DataFrame, expected: pl.DataFrame, keys: list[str]) -> None:
    """Fail unless the answer's columns of those names hold these rows, of which there are some."""
    assert expected.height > 0
    same = expected.with_columns(pl.col(name).cast(found.schema[name]) for name in expected.columns)
    assert found.select(same.columns).sort(keys, nulls_last=True).equals(same.sort(keys, nulls_last=True))
