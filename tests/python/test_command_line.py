"""The command line gives the same numbers as Python, in every form, and says on standard error what it left out."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

import vnetflow as vf

if TYPE_CHECKING:
    from conftest import Demo, Run

BROKEN = vf.example_log().replace(b"10.1.2.20,10.1.1.21,50000,8080,6,I,C", b"10.1.2.20,nowhere,50000,8080,6,I,C")


def _as_json(table: pl.DataFrame) -> list[dict[str, Any]]:
    return table.with_columns(pl.col(pl.Datetime).dt.strftime("%Y-%m-%dT%H:%M:%S%.3fZ")).to_dicts()


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    path = tmp_path / "broken log.json"
    path.write_bytes(BROKEN)
    return path


def test_summary_as_json_is_one_object(demo: Demo, run: Run) -> None:
    done = run("summary", demo.folder, "--format", "json")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == _as_json(vf.summary(demo.folder))[0]


def test_top_as_json_is_a_list_of_objects(demo: Demo, run: Run) -> None:
    options = ["--by", "src_ip,dst_port", "--metric", "flows", "--n", "4", "--bottom", "--filter", "tcp"]
    done = run("top", demo.folder, *options, "--format", "json")
    assert (done.returncode, done.stderr) == (0, "")
    expected = vf.top(demo.folder, by=["src_ip", "dst_port"], metric="flows", n=4, bottom=True, filter="tcp")
    assert json.loads(done.stdout) == expected.to_dicts()
    repeated = run("top", demo.folder, "--by", "src_ip", "--by", "dst_port", *options[2:], "--format", "json")
    assert repeated.stdout == done.stdout


def test_csv_and_parquet(demo: Demo, run: Run, tmp_path: Path) -> None:
    done = run("summary", demo.folder, "--format", "csv")
    row = pl.read_csv(io.StringIO(done.stdout)).row(0, named=True)
    expected = _as_json(vf.summary(demo.folder))[0]
    assert row == expected | {"versions": 4}

    target = tmp_path / "top.parquet"
    assert run("top", demo.folder, "--output", target).stdout == ""
    assert pl.read_parquet(target).equals(vf.top(demo.folder))
    piped = subprocess.run(
        [sys.executable, "-m", "vnetflow", "top", str(demo.folder), "--format", "parquet"],
        capture_output=True,
        check=True,
    )
    assert pl.read_parquet(piped.stdout).equals(vf.top(demo.folder))


def test_versions_are_a_list_in_json_and_joined_by_a_blank_in_csv(mixed_demo: Demo, run: Run) -> None:
    assert json.loads(run("summary", mixed_demo.folder, "--format", "json").stdout)["versions"] == [2, 4]
    assert pl.read_csv(io.StringIO(run("summary", mixed_demo.folder, "--format", "csv").stdout))["versions"][0] == "2 4"


def test_shared_options_mean_what_they_mean_in_python(demo: Demo, run: Run) -> None:
    mac = vf.read(demo.folder, filter="src net 10.1.2.0/24 and outbound")["mac"][0]
    options = ["--start", "2024-05-01T09:10", "--end", "2024-05-01T10:10", "--mac", mac, "--duplicates", "drop"]
    groups = demo.folder / "groups.csv"
    done = run("summary", demo.folder, *options, "--filter", "group spoke2", "--groups", groups, "--format", "json")
    expected = vf.summary(
        demo.folder,
        start="2024-05-01T09:10",
        end="2024-05-01T10:10",
        mac=mac,
        duplicates="drop",
        filter="group spoke2",
        groups=groups,
    )
    assert expected["tuples"].item() > 0
    assert json.loads(done.stdout) == _as_json(expected)[0]


def test_several_sources_and_standard_input(demo: Demo, run: Run, run_process: Run) -> None:
    first, second = demo.files()[:2]
    done = run("summary", first, second, "--format", "json")
    assert json.loads(done.stdout) == _as_json(vf.summary([first, second]))[0]
    with second.open("rb") as file:
        with_input = run_process("summary", first, "-", "--format", "json", stdin=file)
    assert with_input.stdout == done.stdout


def test_the_table_is_plain_and_whole_when_piped(demo: Demo, run_process: Run) -> None:
    done = run_process("top", demo.folder, "--by", "conversation", "--n", "3", env=os.environ | {"COLUMNS": "20"})
    lines = done.stdout.splitlines()
    assert len(lines) == 5
    assert "\x1b" not in done.stdout
    assert "…" not in done.stdout
    counters = ["bytes", "to", "dst", "back", "tuples", "flows", "denied", "peers", "share"]
    assert lines[0].split() == ["src_ip", "dst_ip", "dst_port", "protocol", *counters]
    assert lines[4].startswith("others")
    top = vf.top(demo.folder, by="conversation", n=3)
    assert lines[1].split()[:2] == list(top.row(0)[:2])
    assert f"{100 * top['share'][0]:.1f} %" in lines[1]


def test_the_summary_table_tells_the_numbers(demo: Demo, run: Run) -> None:
    text = run("summary", demo.folder).stdout
    row = vf.summary(demo.folder).row(0, named=True)
    assert f"{row['tuples']:,} ({row['allowed']:,} allowed, {row['denied']:,} denied)" in text
    assert "versions  4" in text


def test_control_characters_in_names_do_not_reach_the_terminal(run: Run, tmp_path: Path) -> None:
    log = vf.example_log().replace(b"DefaultRule_AllowVnetInBound", b"User\\u001b[31mRule\\nx")
    path = tmp_path / "log.json"
    path.write_bytes(log)
    done = run("top", path, "--by", "rule")
    assert "User\\x1b[31mRule\\nx" in done.stdout
    assert "\x1b" not in done.stdout


def test_what_was_left_out_is_told_on_standard_error(broken: Path, run: Run) -> None:
    for command in (["summary"], ["top"]):
        done = run(*command, broken)
        assert done.returncode == 0
        counts = "1 issue in 1 file (1 bad_tuple), 1 tuple lost"
        assert done.stderr == f"vnetflow: left out: {counts}; `vnetflow issues '{broken}'` lists them\n"
        assert run(*command, broken, "--quiet").stderr == ""


def test_repeated_records_are_told(run: Run, tmp_path: Path) -> None:
    for name in ("a.json", "b.json"):
        (tmp_path / name).write_bytes(vf.example_log())
    assert "1 repeated record counts again; `--duplicates drop`" in run("summary", tmp_path).stderr
    assert run("summary", tmp_path, "--duplicates", "drop").stderr == ""


def test_issues_lists_places(broken: Path, run: Run) -> None:
    done = run("issues", broken, "--format", "json")
    assert done.returncode == 0
    assert json.loads(done.stdout) == vf.issues(broken).to_dicts()
    table = run("issues", broken).stdout
    assert "bad_tuple" in table
    assert "expected an IP address" in table
    assert run("issues", broken, "--filter", "denied").returncode == 0


def test_issues_of_a_sound_log(demo: Demo, run: Run) -> None:
    assert run("issues", demo.folder).stdout == "no issues\n"
    assert json.loads(run("issues", demo.folder, "--format", "json").stdout) == []


CONVERSIONS = {
    "parquet": pl.read_parquet,
    "arrow": pl.read_ipc,
    "feather": pl.read_ipc,
    "ipc": pl.read_ipc,
}


@pytest.mark.parametrize("ending", CONVERSIONS)
def test_convert_keeps_every_row_and_type(demo: Demo, run: Run, tmp_path: Path, ending: str) -> None:
    target = tmp_path / f"tuples.{ending}"
    done = run("convert", demo.folder, target)
    assert done.returncode == 0, done.stderr
    assert done.stderr.startswith(f"vnetflow: wrote `{target}` (")
    assert CONVERSIONS[ending](target).equals(demo.tuples)
    assert [path.name for path in tmp_path.iterdir()] == [target.name]


@pytest.mark.parametrize("ending", ["csv", "ndjson", "jsonl"])
def test_convert_to_text_writes_times_as_rfc_3339(demo: Demo, run: Run, tmp_path: Path, ending: str) -> None:
    target = tmp_path / f"tuples.{ending}"
    assert run("convert", demo.folder, target).returncode == 0
    read = pl.read_csv if ending == "csv" else pl.read_ndjson
    table = read(target, infer_schema_length=None)
    expected = pl.DataFrame(_as_json(demo.tuples), infer_schema_length=None)
    assert table.columns == demo.tuples.columns
    assert table.cast(dict(expected.schema)).equals(expected)


def test_convert_takes_columns_filter_form_and_address_form(demo: Demo, run: Run, tmp_path: Path) -> None:
    target = tmp_path / "tuples.out"
    options = ["--to", "parquet", "--columns", "source,src_ip", "--ip", "binary", "--filter", "denied", "--quiet"]
    done = run("convert", demo.folder, target, *options)
    assert (done.returncode, done.stderr) == (0, "")
    expected = vf.read(demo.folder, columns=["source", "src_ip"], ip="binary", filter="denied")
    assert pl.read_parquet(target).equals(expected)


def test_convert_to_standard_output(demo: Demo, run: Run) -> None:
    done = run("convert", demo.folder, "-", "--to", "ndjson")
    assert len(done.stdout.splitlines()) == demo.tuples.height
    assert json.loads(done.stdout.splitlines()[0])["time"].endswith("Z")


def test_convert_of_nothing_is_an_empty_table(demo: Demo, run: Run, tmp_path: Path) -> None:
    for ending, read in {"parquet": pl.read_parquet, "csv": pl.read_csv}.items():
        target = tmp_path / f"none.{ending}"
        assert run("convert", demo.folder, target, "--filter", "host 192.0.2.77").returncode == 0
        assert read(target).columns == demo.tuples.columns
        assert read(target).height == 0


def test_convert_overwrites_only_when_forced(demo: Demo, run: Run, tmp_path: Path) -> None:
    target = tmp_path / "tuples.parquet"
    target.write_text("precious")
    done = run("convert", demo.folder, target)
    assert done.returncode == 2
    assert done.stderr == f"vnetflow: `{target}` exists: choose another name, or overwrite it with --force\n"
    assert target.read_text() == "precious"
    assert run("convert", demo.folder, target, "--force").returncode == 0
    assert pl.read_parquet(target).height == demo.tuples.height


def test_a_conversion_that_fails_leaves_nothing_behind(run: Run, tmp_path: Path) -> None:
    source, target = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    target.mkdir()
    (source / "x.json").write_bytes(b"\x7fELF")
    done = run("convert", source, target / "tuples.parquet")
    assert done.returncode == 2
    assert "is no flow log" in done.stderr
    assert list(target.iterdir()) == []


def test_convert_tells_what_was_left_out(broken: Path, run: Run, tmp_path: Path) -> None:
    done = run("convert", broken, tmp_path / "tuples.csv")
    assert done.returncode == 0
    assert "left out: 1 issue in 1 file" in done.stderr


def test_demo_writes_logs_and_says_what_to_do_next(run: Run, tmp_path: Path) -> None:
    target = tmp_path / "my demo"
    done = run("demo", target, "--hours", "1", "--rate", "600", "--seed", "5")
    assert done.returncode == 0, done.stderr
    assert f"  vnetflow summary '{target}'\n" in done.stdout
    tuples = vf.summary(target)["tuples"].item()
    assert f"wrote {tuples:,} tuples" in done.stdout
    assert run("demo", target, "--hours", "1", "--rate", "600", "--seed", "5").stdout == done.stdout
    assert vf.summary(target)["tuples"].item() == tuples
    (target / "mine.txt").touch()
    again = run("demo", target)
    assert again.returncode == 2
    assert again.stderr == f"vnetflow: `{target}` is not empty: give a folder that is empty or does not exist yet\n"


def test_what_the_demo_says_to_do_next_works(run: Run, tmp_path: Path) -> None:
    import shlex

    done = run("demo", tmp_path / "d", "--hours", "2", "--rate", "2000")
    commands = [line.strip() for line in done.stdout.splitlines() if line.startswith("  vnetflow ")]
    assert len(commands) >= 3
    for command in commands:
        next_done = run(*shlex.split(command)[1:])
        assert (next_done.returncode, next_done.stderr) == (0, "")
        assert len(next_done.stdout.splitlines()) > 2, command


def test_explain_filter(run: Run) -> None:
    done = run("explain-filter", "tcp and port 22 or denied")
    assert done.stdout == "((tcp and port 22) or denied)\n"
    assert run("explain-filter", "tcp and denyed").returncode == 2


def test_version(run: Run) -> None:
    assert run("--version").stdout == f"vnetflow {vf.__version__}\n"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts(run: Run, shell: str) -> None:
    done = run("completion", shell)
    assert done.returncode == 0
    assert "_VNETFLOW_COMPLETE" in done.stdout


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["vnetflow", "su"], {"summary"}),
        (["vnetflow", "top", "--met"], {"--metric"}),
        (["vnetflow", "top", "x", "--by", "src_ip,dst_p"], {"src_ip,dst_port"}),
        (["vnetflow", "top", "x", "--metric", "p"], {"packets", "packets_src_to_dst", "packets_dst_to_src", "peers"}),
        (["vnetflow", "convert", "x", "y", "--to", "p"], {"parquet"}),
    ],
)
def test_completion_knows_commands_options_and_values(run_process: Run, words: list[str], expected: set[str]) -> None:
    environment = os.environ | {
        "_VNETFLOW_COMPLETE": "bash_complete",
        "COMP_WORDS": " ".join(words),
        "COMP_CWORD": str(len(words) - 1),
    }
    done = run_process(env=environment)
    assert {line.partition(",")[2] for line in done.stdout.splitlines()} == expected


@pytest.mark.parametrize(
    "command",
    [
        "summary",
        "top",
        "convert",
        "issues",
        "demo",
        "view",
        "why",
        "check",
        "host",
        "diff",
        "one-way",
        "explain-filter",
        "completion",
    ],
)
def test_help_of_every_command(run: Run, command: str) -> None:
    done = run(command, "--help")
    assert done.returncode == 0
    assert done.stdout.startswith("Usage: vnetflow")


def test_commands_and_options_are_named_as_functions_and_parameters_are(run: Run, demo: Demo) -> None:
    logs = str(demo.folder)
    assert run("one_way", logs, "--format", "csv").stdout == run("one-way", logs, "--format", "csv").stdout
    options = ("beacons", logs, "--format", "csv")
    few = run(*options, "--min_connections", "100").stdout
    assert few == run(*options, "--min-connections", "100").stdout != run(*options).stdout


def test_help_names_the_parameters_of_the_functions(run: Run) -> None:
    import inspect

    not_options = {"source", "on_issue"}
    for function, command in ((vf.summary, "summary"), (vf.top, "top")):
        text = run(command, "--help").stdout
        for name in inspect.signature(function).parameters.keys() - not_options:
            assert f"--{name.replace('_', '-')}" in text


def test_a_closed_pipe_ends_quietly(demo: Demo) -> None:
    for arguments in (["convert", str(demo.folder), "-", "--to", "csv"], ["top", *[str(demo.folder)], "--n", "9999"]):
        command = subprocess.Popen(
            [sys.executable, "-m", "vnetflow", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        assert command.stdout is not None
        assert command.stderr is not None
        command.stdout.close()
        assert command.stderr.read() == b""
        command.stderr.close()
        assert command.wait(timeout=60) in (0, 141)
