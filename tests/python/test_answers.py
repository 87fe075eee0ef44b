"""The analyses find in the demo network what its generator says is there."""

from __future__ import annotations

import io
import json
import re
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

import vnetflow as vf

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Demo, Run

    from vnetflow.arguments import Common

COUNTERS = ["tuples", "flows", "denied", "packets_src_to_dst", "bytes_src_to_dst"]
COUNTERS += ["packets_dst_to_src", "bytes_dst_to_src", "bytes"]


def test_once_counts_what_passed_once(demo: Demo) -> None:
    (fact,) = demo.facts("summary", vantage="once", format="vnet-v4")
    table = vf.summary(demo.folder, vantage="once")
    row = table.row(0, named=True)
    assert {name: row[name] for name in COUNTERS} == {name: fact[name] for name in COUNTERS}
    (note,) = vf.notes(table)
    assert f"{fact['overcount_tuples']:.2f} times the tuples" in note
    assert f"{fact['overcount_bytes']:.2f} times the bytes" in note
    assert vf.summary(demo.tuples, vantage="once")["bytes"].item() == fact["bytes"]
    assert vf.notes(vf.summary(demo.folder)) == []


def test_tuples_are_read_once(demo: Demo, run: Run, tmp_path: Path) -> None:
    (fact,) = demo.facts("summary", vantage="once", format="vnet-v4")
    tuples = vf.read(demo.folder, vantage="once")
    assert tuples.flows.summary().select(COUNTERS).row(0, named=True) == {name: fact[name] for name in COUNTERS}
    assert vf.notes(tuples) == vf.notes(vf.summary(demo.folder, vantage="once"))
    lazy = vf.scan(demo.folder, vantage="once")
    assert lazy.collect().equals(tuples)
    assert lazy.select(pl.len()).collect().item() == tuples.height < demo.tuples.height
    assert vf.read(demo.tuples, vantage="once").equals(tuples)
    target = tmp_path / "once.parquet"
    assert run("convert", demo.folder, target, "--vantage", "once").returncode == 0
    assert pl.read_parquet(target).select("time", "src_ip").equals(tuples.select("time", "src_ip"))


def test_the_matrix_once_is_the_truth_of_every_hour(demo: Demo) -> None:
    for fact in demo.facts("matrix", vantage="once", format="vnet-v4"):
        hour: int = fact["hour_ms"]
        table = vf.timeline(
            demo.folder, every="1h", by=["src_group", "dst_group"], spread=False, vantage="once",
            groups=demo.folder / "groups.csv",
        )  # fmt: skip
        groups = pl.col("src_group", "dst_group").fill_null("internet")
        rows = table.filter(pl.col("time").dt.epoch("ms") == hour).with_columns(groups)
        found = rows.select("src_group", "dst_group", *COUNTERS).to_dicts()
        assert sorted(found, key=str) == sorted(fact["rows"], key=str)


def test_the_circuit_s_biggest_host_has_its_share(demo: Demo) -> None:
    (fact,) = demo.facts("expressroute")
    common: Common = {"filter": f"net {fact['cidr']}", "vantage": "once"}
    assert vf.summary(demo.folder, **common)["bytes"].item() == fact["bytes"]
    hosts = vf.endpoints(demo.folder, **common)
    total = pl.sum_horizontal("as_src_bytes", "as_dst_bytes").alias("bytes")
    volumes = dict(hosts.select("ip", total).rows())
    assert volumes["10.4.2.2"] == fact["hosts"][0]["bytes"]
    assert volumes["10.4.2.2"] / fact["bytes"] == pytest.approx(0.26, abs=0.005)


def test_nossh_is_counted_and_explained(demo: Demo) -> None:
    (fact,) = demo.facts("nossh")
    rules = vf.rules(demo.folder).filter(pl.col("rule").cast(pl.String) == "nossh")
    assert rules["denied"].to_list() == [fact["denied_all"]]
    denied = vf.denied(demo.folder, filter="rule nossh")
    tries = dict(denied.group_by("src_ip").agg(pl.col("tries").sum()).rows())
    assert tries == {one["src_ip"]: one["denied"] for one in fact["by_source"]}
    answer = vf.why(demo.folder, src="10.1.2.20", dst="10.1.1.4", port=22)
    assert "denied by the security admin rule `nossh`" in vf.notes(answer)[0]
    assert f" {tries['10.1.2.20']} times" in vf.notes(answer)[0]
    assert answer.filter(pl.col("verdict") == "deny")["tries"].sum() == tries["10.1.2.20"]


def test_the_beacon_is_the_top_score(demo: Demo) -> None:
    (fact,) = demo.facts("beacon")
    first = vf.beacons(demo.folder).row(0, named=True)
    assert {name: first[name] for name in ("src_ip", "dst_ip", "dst_port", "connections")} == {
        name: fact[name] for name in ("src_ip", "dst_ip", "dst_port", "connections")
    }


def test_the_scanners_and_nobody_else_are_found(demo: Demo) -> None:
    names = ["src_ip", "kind", "targets", "ports", "tries", "denied"]
    found = sorted(vf.scans(demo.folder).select(names).rows())
    assert found == sorted(tuple(fact[name] for name in names) for fact in demo.facts("scanner"))


def test_findings_gather_them(demo: Demo) -> None:
    found = vf.findings(demo.folder, since="2024-05-01T10:00Z", block_list=["203.0.113.77"])
    kinds = set(found["kind"])
    assert {"beacon", "scan", "blocked_address", "admin_fanout", "exposed"} <= kinds
    for row in found.head(5).iter_rows(named=True):
        assert vf.read(demo.folder, filter=row["filter"]).height > 0


def test_a_dossier_holds_one_address(demo: Demo) -> None:
    dossier = vf.host(demo.folder, ip="10.1.2.20", vantage="once")
    own = vf.summary(demo.folder, filter="host 10.1.2.20", vantage="once")
    assert dossier["summary"]["bytes"].item() == own["bytes"].item()
    assert vf.notes(dossier["summary"])
    assert dossier["denied"].height == vf.denied(demo.folder, filter="host 10.1.2.20", vantage="once").height
    with pytest.raises(vf.InputError, match="address"):
        vf.host(demo.folder, ip="hub")


def test_two_sources_and_a_moment_differ_alike(demo: Demo) -> None:
    moment = "2024-05-01T10:00Z"
    by_moment = vf.diff(demo.folder, split=moment, by="dst_port")
    before, after = vf.read(demo.folder, end=moment), vf.read(demo.folder, start=moment)
    assert vf.diff(before, after=after, by="dst_port").equals(by_moment)
    assert vf.diff(demo.folder, after=demo.tuples).is_empty()
    for wrong in ({}, {"after": demo.folder, "split": moment}):
        with pytest.raises(ValueError, match="nothing to compare with"):
            vf.diff(demo.folder, **wrong)


def test_a_stream_can_not_be_read_twice() -> None:
    stream = io.BytesIO(vf.example_log())
    with pytest.raises(vf.InputError, match="read twice"):
        vf.summary(stream, vantage="once")


def test_rules_never_hit_come_from_the_nsg(demo: Demo, tmp_path: Path) -> None:
    rule = {"name": "unused", "priority": 400, "direction": "Inbound", "access": "Allow", "protocol": "Tcp"}
    places = {"sourceAddressPrefix": "*", "sourcePortRange": "*", "destinationAddressPrefix": "*"}
    nsg = {"securityRules": [rule | places | {"destinationPortRange": "5000"}]}
    path = tmp_path / "nsg.json"
    path.write_text(json.dumps(nsg), encoding="utf-8")
    for document in (nsg, path, json.dumps(nsg)):
        table = vf.rules(demo.folder, nsg=document)
        assert table.filter(pl.col("finding") == "never hit")["rule"].to_list() == ["UserRule_unused"]


POLICY: dict[str, Any] = {"groups": {"all": ["0.0.0.0/0"]}, "allow": [{"from": "all", "to": "all"}]}


def test_check_fails_where_a_policy_is_not_kept(demo: Demo, run: Run, tmp_path: Path) -> None:
    kept, broken = tmp_path / "kept.json", tmp_path / "broken.json"
    kept.write_text(json.dumps(POLICY), encoding="utf-8")
    broken.write_text(json.dumps({"groups": {"spoke": ["10.1.2.0/24"]}, "allow": []}), encoding="utf-8")
    assert run("check", demo.folder, "--policy", kept).returncode == 0
    junit, sarif = tmp_path / "report.xml", tmp_path / "report.sarif"
    options = ["--policy", broken, "--junit", junit, "--sarif", sarif, "--format", "json"]
    done = run("check", demo.folder, *options)
    assert done.returncode == 1
    violations = [row for row in json.loads(done.stdout) if row["verdict"] == "violation"]
    assert violations
    assert junit.read_text("utf-8").count("<failure") == len(violations)
    results = json.loads(sarif.read_text("utf-8"))["runs"][0]["results"]
    assert len([one for one in results if one["level"] == "error"]) == len(violations)
    again = run("check", demo.folder, *options)
    assert (again.returncode, again.stdout) == (2, "")
    assert "exists" in again.stderr


def test_a_policy_takes_its_groups_from_beside_it(demo: Demo, run: Run, tmp_path: Path) -> None:
    allow = [{"name": "DNS", "from": ["spoke1", "spoke2"], "to": "hub", "ports": 53}]
    pairs = [line.split(",") for line in (demo.folder / "groups.csv").read_text("utf-8").splitlines()[1:]]
    groups: dict[str, list[str]] = {}
    for cidr, name in pairs:
        groups.setdefault(name, []).append(cidr)
    whole = vf.check(demo.folder, policy={"groups": groups, "allow": allow})
    assert whole["verdict"].is_in(["violation"]).any()
    assert vf.check(demo.folder, policy={"allow": allow}, groups=groups).equals(whole)
    policy = tmp_path / "policy.json"
    policy.write_text(json.dumps({"allow": allow}), encoding="utf-8")
    options = ["--policy", policy, "--groups", demo.folder / "groups.csv", "--format", "json"]
    done = run("check", demo.folder, *options)
    assert done.returncode == 1
    assert [row["src_group"] for row in json.loads(done.stdout)] == whole["src_group"].to_list()
    with pytest.raises(vf.InputError, match="spoke1"):
        vf.check(demo.folder, policy={"allow": allow})


def test_a_wrong_policy_is_an_error(demo: Demo) -> None:
    with pytest.raises(vf.InputError, match="policy"):
        vf.check(demo.folder, policy={"groups": {}, "alow": []})


PLAIN_VERBS = ["conversations", "endpoints", "matrix", "rules", "denied", "sessions", "one_way", "encryption"]
PLAIN_VERBS += ["exposure", "scans", "coverage", "anomalies", "findings"]
VERBS: dict[str, dict[str, Any]] = {
    **{name: {} for name in PLAIN_VERBS},
    "beacons": {"min_score": 0.7},
    "timeline": {"every": "10m", "by": "src_ip"},
    "why": {"src": "10.1.2.20", "dst": "10.1.1.4", "port": 22},
    "diff": {"split": "2024-05-01T10:00Z"},
}


@pytest.mark.parametrize("name", VERBS)
def test_the_command_line_gives_the_same(demo: Demo, run: Run, name: str) -> None:
    options = [word for key, value in VERBS[name].items() for word in (f"--{key.replace('_', '-')}", value)]
    verb = name.replace("_", "-")
    done = run(verb, demo.folder, *options, "--vantage", "once", "--format", "json")
    assert done.returncode == 0
    table: pl.DataFrame = getattr(vf, name)(demo.folder, vantage="once", **VERBS[name])
    times = pl.col(pl.Datetime).dt.strftime("%Y-%m-%dT%H:%M:%S%.3fZ")
    assert json.loads(done.stdout) == table.with_columns(times).to_dicts()
    for note in vf.notes(table):
        assert f"note: {note}" in done.stderr
    drawn = run(verb, demo.folder, *options, "--quiet")
    assert (drawn.returncode, drawn.stderr) == (0, "")
    assert drawn.stdout


def test_sessions_are_written_as_they_are_made(demo: Demo, run: Run, tmp_path: Path) -> None:
    table = vf.sessions(demo.folder)
    for name, read in (("sessions.parquet", pl.read_parquet), ("sessions.csv", pl.read_csv)):
        done = run("sessions", demo.folder, "--output", tmp_path / name)
        assert (done.returncode, done.stderr) == (0, "".join(f"note: {note}\n" for note in vf.notes(table)))
        written = read(tmp_path / name)
        assert written.columns == table.columns
        assert written["community_id"].to_list() == table["community_id"].to_list()
        assert written["bytes"].sum() == table["bytes"].sum()


def test_why_prints_its_sentence_first(demo: Demo, run: Run) -> None:
    done = run("why", demo.folder, "--src", "10.1.2.20", "--dst", "10.1.1.4", "--port", "22")
    sentence = "10.1.2.20 to 10.1.1.4 on port 22: denied by the security admin rule `nossh`"
    assert done.stdout.startswith(sentence)
    assert sentence not in done.stderr


def test_the_dossier_on_the_command_line(demo: Demo, run: Run) -> None:
    done = run("host", demo.folder, "--ip", "10.1.2.20", "--format", "json")
    sections = json.loads(done.stdout)
    assert sections.keys() == vf.host(demo.folder, ip="10.1.2.20").keys()
    assert run("host", demo.folder, "--ip", "10.1.2.20", "--format", "csv").returncode == 2
    assert "asked by" in run("host", demo.folder, "--ip", "10.1.2.20").stdout


def test_diff_takes_two_sources(demo: Demo, run: Run) -> None:
    assert run("diff", demo.folder, demo.folder, "--format", "json").stdout == "[]\n"
    assert run("diff", demo.folder).returncode == 2


def test_convert_to_the_rows_of_traffic_analytics(demo: Demo, run: Run, tmp_path: Path) -> None:
    target = tmp_path / "nta.parquet"
    assert run("convert", demo.folder, target, "--to", "nta").returncode == 0
    table = vf.nta(demo.folder)
    assert pl.read_parquet(target).equals(table)
    assert table["BytesSrcToDest"].sum() == demo.tuples["bytes_src_to_dst"].sum()
    assert {"SrcIp", "DestIp", "DestPort", "L4Protocol", "FlowIntervalStartTime", "FlowType"} <= set(table.columns)
    assert run("convert", demo.folder, tmp_path / "x.csv", "--to", "nta", "--columns", "src_ip").returncode == 2


def test_the_options_of_traffic_analytics_rows(demo: Demo, run: Run, tmp_path: Path) -> None:
    target, groups = tmp_path / "nta.parquet", demo.folder / "groups.csv"
    options = ["--interval-minutes", 10, "--sites", "onprem", "--clients", "hub", "--clients", "spoke2"]
    assert run("convert", demo.folder, target, "--to", "nta", "--groups", groups, *options).returncode == 0
    table = pl.read_parquet(target)
    assert table.equals(
        vf.nta(demo.folder, interval_minutes=10, sites=["onprem"], clients=["hub", "spoke2"], groups=groups)
    )
    assert {"S2S", "P2S"} <= set(table["FlowType"])
    alone = run("convert", demo.folder, tmp_path / "x.csv", "--sites", "onprem")
    assert (alone.returncode, "`--sites` belongs to Traffic Analytics' rows" in alone.stderr) == (2, True)


MISTAKES = [
    (["why", "--src", "hub", "--dst", "10.1.1.4"], "expected an address such as `10.1.2.3` in `src`, found `hub`"),
    (["check", "--policy", "nowhere.json"], "`nowhere.json` does not exist"),
    (["timeline", "--every", "5x"], "in `every`, found `5x`"),
    (["timeline", "--by", "src_group"], "needs names for networks"),
    (["matrix", "--vantage", "twice"], "unknown value of `vantage` `twice`"),
    (["findings", "--block-list", "10.0.0.0/99"], "in `block_list`, found `10.0.0.0/99`"),
    (["scans", "--vertical-ports", "0"], "expected at least 1 in `vertical_ports`"),
    (["anomalies", "--metric", "peers"], "can't compare hours by `peers`"),
    (["host", "--ip", "x"], "expected an address such as `10.1.2.3` in `ip`, found `x`"),
]


@pytest.mark.parametrize(("words", "message"), MISTAKES, ids=lambda value: str(value))
def test_a_mistake_is_one_line_that_says_what_to_do(demo: Demo, run: Run, words: list[str], message: str) -> None:
    done = run(words[0], demo.folder, *words[1:])
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_policy_in_yaml_is_the_same_policy(demo: Demo, run: Run, tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text(
        "# who may reach whom\ngroups:\n  spoke: [10.1.2.0/24]\nallow:\n  - {from: spoke, to: any, ports: [53, 443]}\n",
        encoding="utf-8",
    )
    policy = {"groups": {"spoke": ["10.1.2.0/24"]}, "allow": [{"from": "spoke", "to": "any", "ports": [53, 443]}]}
    assert vf.check(demo.folder, policy=path).equals(vf.check(demo.folder, policy=policy))
    assert run("check", demo.folder, "--policy", path).returncode == 1


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("policy.yaml", "groups: {spoke: [10.1.2.0/24]", "`{path}` is no YAML: expected ',' or '}}', but got"),
        ("policy.yaml", "groups: {}\nallow: 2024-05-01\n", "`{path}` holds dates or other values"),
        ("policy.json", "groups: {}", "`{path}` is no JSON: line 1, column 1 is where it stops being so"),
    ],
)
def test_a_file_that_can_not_be_read_says_where(demo: Demo, tmp_path: Path, name: str, text: str, said: str) -> None:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    with pytest.raises(vf.InputError, match=re.escape(said.format(path=path))):
        vf.check(demo.folder, policy=path)
