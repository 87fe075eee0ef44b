"""Bad input is a one-line error that says what to do: an exception in Python, exit code 2 on the command line."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

import vnetflow as vf

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Run

METRICS = b"""{"records":[{"time":"2024-05-01T09:00:00Z","resourceId":"/SUBSCRIPTIONS/X","metricName":"CpuUsage",
"timeGrain":"PT1M","total":12.5,"count":60}]}"""


SUMMARY_WITH_PEAK = """
import sys
from vnetflow.cli import main
code = main(["summary", "-", "--format", "json"])
# What the system tells about finished children includes the parent's own memory, so the process looks at itself.
print(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1], file=sys.stderr)
sys.exit(code)
"""


def _without_rights(arguments: list[str]) -> list[str]:
    """A command that may not read what its rights don't let it read, even when the tests run as root."""
    if os.geteuid() != 0:
        return arguments
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        pytest.skip("root may read everything, and there is no setpriv to change that")
    return [setpriv, "--bounding-set=-dac_override,-dac_read_search", *arguments]


@pytest.fixture
def case(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[list[str], str]:
    """A command that must fail, and what its message must say."""
    log = tmp_path / "log.json"
    log.write_bytes(vf.example_log())
    name = request.param
    if name == "a missing path":
        return [
            "summary",
            str(tmp_path / "nothing.json"),
        ], "nothing.json` does not exist: give a file, a folder or a glob"
    if name == "an empty folder":
        (tmp_path / "empty").mkdir()
        return ["summary", str(tmp_path / "empty")], "empty`: give the folder that holds the logs"
    if name == "a glob that matches nothing":
        return ["summary", f"{tmp_path}/*.gz"], "nothing matches"
    if name == "a binary file":
        (tmp_path / "program").write_bytes(b"\x7fELF\x02\x01\x01" + bytes(200))
        return ["summary", str(tmp_path / "program")], "program` is no flow log: expected"
    if name == "a folder of binary files":
        (tmp_path / "bad").mkdir()
        for number in range(3):
            (tmp_path / "bad" / f"{number}.json").write_bytes(b"\x89PNG\r\n" + bytes(200))
        return ["top", str(tmp_path / "bad")], "0.json` is no flow log: expected"
    if name == "a zip without logs":
        import zipfile

        with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
            archive.writestr("readme.txt", "hello")
        return ["summary", str(tmp_path / "x.zip")], "no *.json or *.json.gz in this zip"
    if name == "a storage address":
        return ["summary", "https://account.blob.core.windows.net/logs"], "download the container first"
    commands = {
        "a filter with a typo": (["--filter", "dst port 22 and denyed"], "column 17: did you mean `denied`?"),
        "an unknown key": (["--by", "scr_ip"], "unknown key `scr_ip`: did you mean `src_ip`?"),
        "an unknown metric": (["--metric", "bites"], "unknown metric `bites`: did you mean `bytes`?"),
        "an unknown format": (["--format", "jason"], "unknown format `jason`: did you mean `json`?"),
        "a wrong time": (["--start", "now"], "expected an ISO time such as `2024-05-01`"),
        "a wrong mac": (["--mac", "12"], "expected 12 hexadecimal digits"),
        "a wrong number": (["--n", "many"], "is not a valid integer (see `vnetflow top --help`)"),
        "no number at all": (["--n", "0"], "expected at least 1 in `n`, found `0`"),
        "an unknown option": (["--metrics", "bytes"], "no such option `--metrics`: did you mean"),
        "missing groups": (["--groups", "none.csv"], "`none.csv` does not exist"),
        "a group key without groups": (["--by", "src_group"], "needs names for networks"),
        "an output without a format": (["--output", str(tmp_path / "x.xyz")], "can't tell a format from"),
        "an output that exists": (["--output", str(log)], "exists: choose another name"),
        "an output in no folder": (["--output", str(tmp_path / "no" / "x.csv")], "does not exist: create it first"),
        "an output that is a folder": (
            ["--output", str(tmp_path), "--format", "csv"],
            "is a folder: give the name of a file",
        ),
        "wrong duplicates": (["--duplicates", "dropp"], "did you mean `drop`?"),
    }
    if name in commands:
        options, said = commands[name]
        return ["top", str(log), *options], said
    others = {
        "an unknown command": (["sumary", str(log)], "unknown command `sumary`: did you mean `summary`?"),
        "no source": (["top"], "missing argument `SOURCE...` (see `vnetflow top --help`)"),
        "standard input twice": (["top", "-", "-"], "stands twice"),
        "an unknown column": (
            ["convert", str(log), str(tmp_path / "x.csv"), "--columns", "src_pi"],
            "did you mean `src_ip`?",
        ),
        "an unknown form": (["convert", str(log), str(tmp_path / "x"), "--to", "parket"], "did you mean `parquet`?"),
        "a form that can't be told": (["convert", str(log), str(tmp_path / "x.xls")], "can't tell a form from"),
        "binary addresses in text": (
            ["convert", str(log), str(tmp_path / "x.csv"), "--ip", "binary"],
            "csv holds text only",
        ),
        "a demo format": (["demo", str(tmp_path / "d"), "--format", "v4"], "unknown format `v4`"),
        "a demo of no hours": (["demo", str(tmp_path / "d"), "--hours", "0"], "expected hours between 1 and"),
        "a demo in a file": (["demo", str(log)], "is a file: give a folder"),
        "an unknown shell": (["completion", "powershell"], "unknown shell `powershell`"),
    }
    arguments, said = others[name]
    return arguments, said


@pytest.mark.parametrize(
    "case",
    [
        "a missing path",
        "an empty folder",
        "a glob that matches nothing",
        "a binary file",
        "a folder of binary files",
        "a zip without logs",
        "a storage address",
        "a filter with a typo",
        "an unknown key",
        "an unknown metric",
        "an unknown format",
        "a wrong time",
        "a wrong mac",
        "a wrong number",
        "no number at all",
        "an unknown option",
        "missing groups",
        "a group key without groups",
        "an output without a format",
        "an output that exists",
        "an output in no folder",
        "an output that is a folder",
        "wrong duplicates",
        "an unknown command",
        "no source",
        "standard input twice",
        "an unknown column",
        "an unknown form",
        "a form that can't be told",
        "binary addresses in text",
        "a demo format",
        "a demo of no hours",
        "a demo in a file",
        "an unknown shell",
    ],
    indirect=True,
)
def test_the_command_line_says_in_one_line_what_to_do(case: tuple[list[str], str], run: Run) -> None:
    arguments, said = case
    done = run(*arguments)
    assert said in done.stderr
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("vnetflow: ")
    assert len(done.stderr.splitlines()) == 1
    first = done.stderr.removeprefix("vnetflow: ")[0]
    assert not first.isupper()
    assert not done.stderr.rstrip("\n").endswith(".")


@pytest.mark.parametrize("is_folder", [True, False])
def test_what_may_not_be_read_is_said_in_one_line(tmp_path: Path, is_folder: bool) -> None:
    target = tmp_path / "locked"
    if is_folder:
        target.mkdir()
    else:
        target.write_bytes(vf.example_log())
    target.chmod(0)
    try:
        command = _without_rights([sys.executable, "-m", "vnetflow", "summary", str(target)])
        done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    finally:
        target.chmod(0o700)
    assert done.returncode == 2
    assert done.stderr == f"vnetflow: no right to read `{target}`: change its permissions or copy it\n"


def test_python_raises_its_own_kinds_of_errors(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="does not exist"):
        vf.read(tmp_path / "nothing")
    with pytest.raises(vf.InputError, match="give the folder that holds the logs"):
        vf.read(tmp_path)
    with pytest.raises(ValueError, match="is no flow log"):
        vf.read(b"\x7fELF")
    with pytest.raises(vf.InputError, match="is no flow log"):
        vf.scan(b"\x7fELF").collect()


def test_a_metrics_file_of_the_same_name_is_only_told(tmp_path: Path, run: Run) -> None:
    metrics, log = tmp_path / "a" / "PT1H.json", tmp_path / "b" / "PT1H.json"
    for path, content in ((metrics, METRICS), (log, vf.example_log())):
        path.parent.mkdir()
        path.write_bytes(content)
    with pytest.warns(vf.IssueWarning, match="not_flow_log"):
        assert vf.read(metrics).is_empty()
    with pytest.warns(vf.IssueWarning, match="not_flow_log"):
        assert vf.read(tmp_path).height == 4
    done = run("summary", tmp_path)
    assert done.returncode == 0
    assert "not_flow_log" in done.stderr


def test_one_file_that_is_no_json_among_logs_is_only_told(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(b"\x7fELF")
    (tmp_path / "b.json").write_bytes(vf.example_log())
    with pytest.warns(vf.IssueWarning, match="not_json"):
        assert vf.read(tmp_path).height == 4


def test_empty_files_and_new_blobs_are_no_errors(tmp_path: Path) -> None:
    for number, content in enumerate([b"", b'{"records":[', b'{"records":[]}']):
        (tmp_path / f"{number}.json").write_bytes(content)
    assert vf.read(tmp_path, on_issue="raise").is_empty()


@pytest.mark.parametrize(("head", "code"), [(b'{"records":[{"time":"', 0), (b"a", 2), (b'{"records":[{"x":"y"},"', 0)])
def test_a_line_of_a_gigabyte_is_read_in_pieces(head: bytes, code: int) -> None:
    """The line comes through a pipe, so that it is nowhere as a whole."""
    command = [sys.executable, "-c", SUMMARY_WITH_PEAK]
    reader = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert reader.stdin is not None
    assert reader.stdout is not None
    assert reader.stderr is not None
    piece = b"a" * (1 << 20)
    try:
        reader.stdin.write(head)
        for _ in range(1024):
            reader.stdin.write(piece)
        reader.stdin.close()
    except BrokenPipeError:
        assert code == 2
    errors, output = reader.stderr.read(), reader.stdout.read()
    assert reader.wait() == code, errors
    reader.stdout.close()
    reader.stderr.close()
    message, peak_kilobytes = errors.splitlines()
    assert message.startswith(b"vnetflow: ")
    assert (b'"tuples": 0' in output) == (code == 0)
    assert int(peak_kilobytes) < 150_000
