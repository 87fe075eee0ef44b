"""How fast tuples become a DataFrame, against Polars' own JSON reader; and how little memory a summary takes.

    python tests/bench/decode.py                 everything; fails where a goal is missed or an answer differs
    python tests/bench/decode.py --megabytes 20 --memory-megabytes 0    quickly, for a first look

Each contender runs in a process of its own, a few times, in two rounds, and its best time counts: the first passes pay
for fresh memory. The files are in the page cache. Polars makes one column fewer. It runs as one would write it first
(`read_json`, `explode`, `split`), which the goal is about, and as one would tune it: with `split_exact`, and told the
schema as well, so that it need not infer it.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    import polars as pl

RUNS = 6
ROUNDS = 2
LEAST_RATIO = 8.0
"""One thread of ours against one thread of Polars."""

MOST_PEAK_MEGABYTES = 150
BYTES_PER_TUPLE = 72
"""About what a tuple of the demo network takes in its file, with its share of everything around it."""

SUMMARY_WITH_PEAK = """
import sys
from vnetflow.cli import main
code = main(["summary", sys.argv[1], "--format", "json"])
# What the system tells about finished children includes the parent's own memory, so the process looks at itself.
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(int(peak.split()[1]) * 1024, file=sys.stderr)
sys.exit(code)
"""
"""`vnetflow summary`, with the peak of its memory in bytes on standard error at the end. Linux only."""

COLUMNS = [
    *("time", "src_ip", "dst_ip", "src_port", "dst_port", "protocol", "direction", "action", "state", "encryption"),
    *("packets_src_to_dst", "bytes_src_to_dst", "packets_dst_to_src", "bytes_dst_to_src", "rule", "acl_id", "mac"),
    *("target_resource_id", "flow_log_resource_id", "flow_log_version", "record_time"),
]


def main() -> int:
    """Run as a contender, or run all contenders."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=int, default=120, help="size of the logs to decode")
    parser.add_argument("--memory-megabytes", type=int, default=1000, help="size of the logs to sum up, or 0")
    parser.add_argument("--contender", choices=list(CONTENDERS), help=argparse.SUPPRESS)
    parser.add_argument("--logs", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--answer", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.contender is not None:
        contend(options.contender, options.logs, options.answer)
        return 0
    folder = Path(tempfile.mkdtemp(prefix="vnetflow-bench-"))
    try:
        good = compare(folder, options.megabytes)
        if options.memory_megabytes > 0:
            good = measure_memory(folder, options.memory_megabytes) and good
    finally:
        shutil.rmtree(folder)
    return 0 if good else 1


def write_logs(folder: Path, megabytes: int) -> int:
    """Write demo logs of about that size and give their bytes."""
    import vnetflow as vf

    hours = 4
    vf.demo(folder, hours=hours, rate=megabytes * 1_000_000 // BYTES_PER_TUPLE // hours, seed=1)
    return sum(path.stat().st_size for path in folder.rglob("*.json"))


def compare(folder: Path, megabytes: int) -> bool:
    """Time every contender and check that their answers are the same."""
    import polars as pl

    logs = folder / "decode"
    size = write_logs(logs, megabytes)
    contenders = [
        ("vnetflow, one thread", "vnetflow", {"VNETFLOW_THREADS": "1", "POLARS_MAX_THREADS": "1"}),
        ("vnetflow", "vnetflow", {}),
        ("Polars read_json, one thread", "polars", {"POLARS_MAX_THREADS": "1"}),
        ("Polars read_json", "polars", {}),
        ("Polars split_exact, one thread", "polars-split-exact", {"POLARS_MAX_THREADS": "1"}),
        ("Polars split_exact", "polars-split-exact", {}),
        ("Polars told the schema too, one thread", "polars-with-schema", {"POLARS_MAX_THREADS": "1"}),
        ("Polars told the schema too", "polars-with-schema", {}),
    ]
    best = {name: float("inf") for name, _, _ in contenders}
    expected = None
    print(f"decoding {size / 1e6:.0f} MB in {len(list(logs.rglob('*.json')))} files, {os.cpu_count()} cores")
    for name, contender, environment in contenders * ROUNDS:
        answer = folder / "answer.arrow"
        command = [sys.executable, __file__, "--contender", contender, "--logs", str(logs), "--answer", str(answer)]
        done = subprocess.run(command, env=os.environ | environment, stdout=subprocess.PIPE, check=True)
        best[name] = min(best[name], json.loads(done.stdout))
        table = pl.read_ipc(answer)
        if expected is None:
            expected = table
        elif not table.equals(expected):
            print(f"{name}: the answer differs")
            return False
    ours = best["vnetflow, one thread"]
    for name, seconds in best.items():
        print(
            f"{name:40} {seconds:7.3f} s {size / seconds / 1e6:6.0f} MB/s   one thread of ours: {seconds / ours:5.1f} x"
        )
    ratio = best["Polars read_json, one thread"] / ours
    good = ratio >= LEAST_RATIO
    verdict = "good" if good else "MISSED"
    print(f"{verdict}: {ratio:.1f} times Polars on one thread, the goal is {LEAST_RATIO:.0f}; all answers are equal")
    return good


def contend(contender: str, logs: Path, answer: Path) -> None:
    """Decode a few times, print the best time and leave the answer."""
    import polars as pl

    files = sorted(logs.rglob("*.json"))
    decode = CONTENDERS[contender]
    best = float("inf")
    for _ in range(RUNS):
        start = time.perf_counter()
        table = decode(files)
        best = min(best, time.perf_counter() - start)
    # The same types, so that equal answers are equal tables; not part of the time.
    table = table.select(COLUMNS).with_columns(pl.col(pl.Enum, pl.Categorical).cast(pl.String))
    table.write_ipc(answer)
    print(best)


def decode_with_vnetflow(files: list[Path]) -> pl.DataFrame:
    """Read with this package."""
    import vnetflow as vf

    return vf.read(files, on_issue="raise")


def decode_with_polars(files: list[Path], *, exact: bool = False, has_schema: bool = False) -> pl.DataFrame:
    """Read the JSON with Polars, unnest it, split the tuples: as one would write it, or with what makes it faster."""
    import polars as pl

    flow_group = pl.Struct({"rule": pl.String, "flowTuples": pl.List(pl.String)})
    flow = pl.Struct({"aclID": pl.String, "flowGroups": pl.List(flow_group)})
    record = pl.Struct(
        {
            "time": pl.String,
            "flowLogVersion": pl.UInt8,
            "macAddress": pl.String,
            "flowLogResourceID": pl.String,
            "targetResourceID": pl.String,
            "flowRecords": pl.Struct({"flows": pl.List(flow)}),
        }
    )
    schema = {"records": pl.List(record)}
    names = [
        *(
            "epoch",
            "src_ip",
            "dst_ip",
            "src_port",
            "dst_port",
            "protocol",
            "direction_flag",
            "state_flag",
            "encryption",
        ),
        *("packets_src_to_dst", "bytes_src_to_dst", "packets_dst_to_src", "bytes_dst_to_src"),
    ]
    tables = [pl.read_json(file, schema=schema if has_schema else None) for file in files]
    tuples = (
        pl.concat(tables)
        .lazy()
        .explode("records")
        .unnest("records")
        .with_columns(
            pl.col("time")
            .str.to_datetime("%Y-%m-%dT%H:%M:%S%.fZ", time_unit="ms", time_zone="UTC")
            .alias("record_time")
        )
        .drop("time")
        .unnest("flowRecords")
        .explode("flows")
        .unnest("flows")
        .explode("flowGroups")
        .unnest("flowGroups")
        .explode("flowTuples")
    )
    if exact:
        fields = pl.col("flowTuples").str.split_exact(",", len(names) - 1)
        tuples = tuples.with_columns(fields.struct.rename_fields(names)).unnest("flowTuples")
    else:
        tuples = tuples.with_columns(pl.col("flowTuples").str.split(",")).with_columns(
            pl.col("flowTuples").list.get(place).alias(name) for place, name in enumerate(names)
        )
    return tuples.select(
        pl.col("epoch").cast(pl.Int64).cast(pl.Datetime("ms", "UTC")).alias("time"),
        "src_ip",
        "dst_ip",
        pl.col("src_port", "dst_port").cast(pl.UInt16),
        pl.col("protocol").cast(pl.UInt8),
        pl.col("direction_flag").replace_strict({"I": "inbound", "O": "outbound"}).alias("direction"),
        pl.when(pl.col("state_flag") == "D").then(pl.lit("deny")).otherwise(pl.lit("allow")).alias("action"),
        pl.col("state_flag").replace_strict({"B": "begin", "C": "continue", "E": "end", "D": "deny"}).alias("state"),
        "encryption",
        pl.col(names[9:]).cast(pl.UInt64),
        "rule",
        pl.col("aclID").alias("acl_id"),
        pl.col("macAddress").alias("mac"),
        pl.col("targetResourceID").alias("target_resource_id"),
        pl.col("flowLogResourceID").alias("flow_log_resource_id"),
        pl.col("flowLogVersion").alias("flow_log_version"),
        "record_time",
    ).collect()


CONTENDERS: dict[str, Callable[[list[Path]], pl.DataFrame]] = {
    "vnetflow": decode_with_vnetflow,
    "polars": decode_with_polars,
    "polars-split-exact": partial(decode_with_polars, exact=True),
    "polars-with-schema": partial(decode_with_polars, exact=True, has_schema=True),
}


def measure_memory(folder: Path, megabytes: int) -> bool:
    """Sum up a lot of logs and look at the process's peak."""
    logs = folder / "memory"
    size = write_logs(logs, megabytes)
    command = [sys.executable, "-c", SUMMARY_WITH_PEAK, str(logs)]
    start = time.perf_counter()
    process = subprocess.run(command, capture_output=True, check=True)
    seconds = time.perf_counter() - start
    summary, peak = json.loads(process.stdout), int(process.stderr.split()[-1]) / 1e6
    truth = next(json.loads(line) for line in (logs / "truth.ndjson").open() if line.startswith('{"fact":"summary"'))
    if summary != {name: truth[name] for name in summary}:
        print("the summary's answer differs from what the generator wrote")
        return False
    good = peak < MOST_PEAK_MEGABYTES
    print(
        f"{'good' if good else 'MISSED'}: `vnetflow summary` over {size / 1e6:.0f} MB took {seconds:.1f} s"
        f" and {peak:.0f} MB at its peak, the goal is {MOST_PEAK_MEGABYTES}"
    )
    return good


if __name__ == "__main__":
    sys.exit(main())
