"""`convert --to zeek|ecs|ocsf`: other tools get the numbers of the tuples and sessions, under their own names."""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

import vnetflow as vf

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Demo, Run


def _converted(run: Run, demo: Demo, target: Path, form: str, *options: str) -> list[str]:
    done = run("convert", demo.folder, target, "--to", form, *options)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    text = target.read_text("utf-8")
    assert text.endswith("\n")
    return text.splitlines()


def _at(event: dict[str, Any], path: str) -> Any:
    for name in path.split("."):
        event = event.get(name, {})
    return None if event == {} else event


@pytest.mark.parametrize(
    ("form", "fields"),
    [
        (
            "ecs",
            {
                "src_ip": "source.ip",
                "dst_port": "destination.port",
                "packets_src_to_dst": "source.packets",
                "bytes_dst_to_src": "destination.bytes",
                "rule": "rule.name",
                "acl_id": "rule.ruleset",
                "state": "azure.flow_log.state",
                "action": "event.action",
            },
        ),
        (
            "ocsf",
            {
                "dst_ip": "dst_endpoint.ip",
                "src_port": "src_endpoint.port",
                "bytes_src_to_dst": "traffic.bytes_out",
                "bytes_dst_to_src": "traffic.bytes_in",
                "packets_dst_to_src": "traffic.packets_in",
                "protocol": "connection_info.protocol_num",
                "rule": "firewall_rule.name",
                "flow_log_version": "metadata.log_version",
                "encryption": "unmapped.encryption",
            },
        ),
    ],
)
def test_each_tuple_is_an_event_in_order(
    mixed_demo: Demo, run: Run, tmp_path: Path, form: str, fields: dict[str, str]
) -> None:
    events = [json.loads(line) for line in _converted(run, mixed_demo, tmp_path / "events.log", form)]
    assert len(events) == mixed_demo.tuples.height
    for column, path in fields.items():
        values = mixed_demo.tuples[column]
        if column == "flow_log_version" or values.dtype in (pl.Categorical, pl.Enum):
            values = values.cast(pl.String)
        assert [_at(event, path) for event in events] == values.to_list(), column


def test_times_stand_as_each_schema_has_them(demo: Demo, run: Run, tmp_path: Path) -> None:
    ecs = json.loads(_converted(run, demo, tmp_path / "ecs.ndjson", "ecs")[0])
    ocsf = json.loads(_converted(run, demo, tmp_path / "ocsf.ndjson", "ocsf")[0])
    first = demo.tuples["time"][0]
    assert datetime.fromisoformat(ecs["@timestamp"].replace("Z", "+00:00")) == first
    assert datetime.fromtimestamp(ocsf["time"] / 1000, timezone.utc) == first


def test_a_denial_is_refused_and_blocked(demo: Demo, run: Run, tmp_path: Path) -> None:
    lines = _converted(run, demo, tmp_path / "ocsf.ndjson", "ocsf")
    verdicts = Counter((event["type_uid"], event["disposition"]) for event in map(json.loads, lines))
    states = dict(demo.tuples.group_by(pl.col("state").cast(pl.String)).len().rows())
    assert verdicts == {
        (400101, "Allowed"): states["begin"],
        (400102, "Allowed"): states["end"],
        (400106, "Allowed"): states["continue"],
        (400105, "Blocked"): states["deny"],
    }


def _conn_log(lines: list[str]) -> pl.DataFrame:
    head = dict(line.split("\t", 1) for line in lines if line.startswith("#") and "\t" in line)
    names, types = head["#fields"].split("\t"), head["#types"].split("\t")
    assert (lines[0], head["#path"], len(names)) == ("#separator \\x09", "conn", len(types))
    rows = [line.split("\t") for line in lines if not line.startswith("#")]
    table = pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String), orient="row")
    return table.with_columns(pl.all().replace(head["#unset_field"], None))


def test_conn_log_holds_the_sessions(mixed_demo: Demo, run: Run, tmp_path: Path) -> None:
    connections = _conn_log(_converted(run, mixed_demo, tmp_path / "conn.log", "zeek"))
    sessions = vf.sessions(mixed_demo.folder)
    assert connections.height == sessions.height > 0
    assert connections["uid"].n_unique() == sessions.height
    for field, column in {
        "id.orig_h": "src_ip",
        "id.resp_p": "dst_port",
        "orig_pkts": "packets_src_to_dst",
        "orig_ip_bytes": "bytes_src_to_dst",
        "resp_ip_bytes": "bytes_dst_to_src",
        "community_id": "community_id",
        "vnetflow_status": "status",
    }.items():
        assert connections[field].to_list() == sessions[column].cast(pl.String).to_list(), field
    starts = (connections["ts"].cast(pl.Float64) * 1000).round().cast(pl.Int64)
    assert starts.to_list() == sessions["start"].dt.epoch("ms").to_list()
    answered = sessions["packets_dst_to_src"].fill_null(0) > 0
    states = connections.filter(answered & (sessions["status"] == "ended"))["conn_state"]
    assert set(states) == {"SF"}
    assert set(connections.filter(sessions["status"] == "denied")["conn_state"]) == {"S0"}


def test_the_same_logs_give_the_same_conn_log(demo: Demo, run: Run, tmp_path: Path) -> None:
    assert _converted(run, demo, tmp_path / "a", "zeek") == _converted(run, demo, tmp_path / "b", "zeek")


def test_a_filter_and_vantage_once_hold_and_the_over_count_is_told(demo: Demo, run: Run, tmp_path: Path) -> None:
    kept = vf.read(demo.folder, filter="dst port 443", vantage="once")
    for form in ("ecs", "csv"):
        target = tmp_path / f"out.{form}"
        options = ("--to", form, "--filter", "dst port 443", "--vantage", "once")
        done = run("convert", demo.folder, target, *options)
        assert f"note: {vf.notes(kept)[0]}" in done.stderr
        assert len(target.read_text().splitlines()) == kept.height + (form == "csv")


def test_a_scan_hands_the_over_count_to_on_issue(demo: Demo) -> None:
    reports: list[Any] = []
    vf.scan(demo.folder, vantage="once", on_issue=reports.append).collect()
    assert [list(report.notes) for report in reports] == [vf.notes(vf.read(demo.folder, vantage="once"))]
    vf.scan(demo.folder, on_issue=reports.append).collect()
    assert reports[1].notes == ()


def test_an_empty_log_is_an_empty_log_for_others_too(run: Run, tmp_path: Path) -> None:
    source = tmp_path / "PT1H.json"
    source.write_text('{"records":[]}')
    for form, lines in (("ecs", 0), ("ocsf", 0), ("zeek", 7)):
        assert run("convert", source, tmp_path / form, "--to", form).returncode == 0
        assert len((tmp_path / form).read_text().splitlines()) == lines


def test_what_does_not_fit_says_so(demo: Demo, run: Run, tmp_path: Path) -> None:
    for options, said in (
        (["--to", "zeek", "--columns", "src_ip"], "the columns of `zeek` are fixed: leave out `columns`"),
        (["--to", "zeke"], "unknown form `zeke`: did you mean `zeek`?"),
        (["--to", "ecs", "--sites", "x"], "`--sites` belongs to Traffic Analytics' rows"),
    ):
        done = run("convert", demo.folder, tmp_path / "out", *options)
        assert (done.returncode, said in done.stderr) == (2, True), done.stderr
        assert not (tmp_path / "out").exists()
