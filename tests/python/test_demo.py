"""`demo` writes a network whose truth is known; what it writes is read without a single issue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

import vnetflow as vf

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Demo


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    def content(name: str, seed: int) -> dict[str, bytes]:
        folder = vf.demo(tmp_path / name, hours=1, rate=500, seed=seed)
        return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}

    assert content("a", 4) == content("b", 4)
    assert content("c", 5) != content("a2", 4)


def test_it_gives_the_folder(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    assert vf.demo(empty, hours=1, rate=500) == empty
    assert (empty / "groups.csv").exists()
    assert (empty / "truth.ndjson").exists()


@pytest.mark.parametrize(("format", "versions"), [("vnet", [4]), ("nsg-v2", [2]), ("nsg-v1", [1]), ("both", [2, 4])])
def test_every_format_is_read_without_an_issue(tmp_path: Path, format: Any, versions: list[int]) -> None:
    row = vf.summary(vf.demo(tmp_path / "d", hours=1, rate=800, format=format), on_issue="raise").row(0, named=True)
    assert row["versions"] == versions
    assert row["tuples"] > 300


def test_options_reach_the_generator(tmp_path: Path) -> None:
    logs = vf.demo(tmp_path / "d", hours=3, rate=1000, start="2025-01-02T05:00", nossh_from_hour=1)
    row = vf.summary(logs).row(0, named=True)
    assert f"{row['last_time']:%Y-%m-%d %H}" == "2025-01-02 07"
    denied = vf.read(logs, filter='rule "*nossh*"')
    assert f"{denied['time'].min():%H}" == "06"


def test_ssh_passes_before_nossh_and_is_denied_after(demo: Demo) -> None:
    (fact,) = demo.facts("nossh")
    ssh = vf.read(demo.folder, filter="tcp and dst port 22 and allowed")
    assert ssh.height == fact["passed_before_tuples_all"] > 0
    by_rule = demo.tuples.filter(pl.col("rule").cast(pl.String) == fact["rule"])
    assert by_rule.height == fact["denied_all"] > 0
    assert by_rule["time"].min().timestamp() * 1000 >= fact["from_ms"]
    assert by_rule["rule_origin"].unique().to_list() == ["admin"]


def test_the_encrypted_pair_is_as_written(demo: Demo) -> None:
    (fact,) = demo.facts("encrypted_pair")
    row = vf.summary(demo.folder, filter="encrypted").row(0, named=True)
    assert (row["tuples"], row["bytes"]) == (fact["tuples_all"], fact["bytes_all"])
    assert vf.top(demo.folder, by="pair", filter="encrypted").select("src_ip", "dst_ip").rows() == [
        (fact["src_ip"], fact["dst_ip"])
    ]


def test_conversations_are_as_written(demo: Demo) -> None:
    facts = demo.facts("conversation")
    assert {fact["name"] for fact in facts} == {"api", "ssh", "dns"}
    for fact in facts:
        expression = "src host {src_ip} and dst host {dst_ip} and dst port {dst_port} and proto {protocol}"
        row = vf.summary(demo.folder, filter=expression.format(**fact)).row(0, named=True)
        assert (row["tuples"], row["bytes"]) == (fact["tuples_all"], fact["bytes_all"])


@pytest.mark.parametrize("options", [{"hours": -1}, {"hours": 0}, {"rate": 1}, {"start": "2024-05-01T09:30"}])
def test_an_option_out_of_range_says_so(tmp_path: Path, options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="expected"):
        vf.demo(tmp_path / "d", **options)


def test_it_replaces_nothing_but_an_earlier_demo(tmp_path: Path) -> None:
    logs = vf.demo(tmp_path / "d", hours=2, rate=700)
    once = vf.summary(vf.demo(tmp_path / "e", hours=1, rate=500))
    assert vf.summary(vf.demo(logs, hours=1, rate=500)).equals(once)

    precious = tmp_path / "x"
    precious.write_text("precious")
    with pytest.raises(FileExistsError, match="is not empty"):
        vf.demo(tmp_path)
    with pytest.raises(FileExistsError, match="is a file"):
        vf.demo(precious)
    (logs / "truth.ndjson").unlink()
    with pytest.raises(FileExistsError, match="is not empty"):
        vf.demo(logs)
    assert precious.exists()
    assert vf.summary(logs).equals(once)
