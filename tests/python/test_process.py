"""How the package behaves as a process: quick to import, lets other threads run, stops when told, stays small."""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import vnetflow as vf

if TYPE_CHECKING:
    from conftest import Demo


def test_importing_costs_less_than_50_ms_over_polars(tmp_path: Path) -> None:
    # The processor's time, since other work on the machine is no cost of ours; with its bytecode kept, as pip keeps it.
    timed = "import polars, time; start = time.process_time(); import vnetflow; print(time.process_time() - start)"
    settings = {**os.environ, "PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(tmp_path)}
    command = [sys.executable, "-c", timed]
    runs = [subprocess.run(command, capture_output=True, check=True, env=settings).stdout for _ in range(6)]
    assert min(float(run) for run in runs) < 0.05


def test_importing_does_not_import_what_only_some_need() -> None:
    late = ["polars", "rich", "click", "pyarrow", "cloudpickle", "altair", "yaml"]
    code = f"import sys, vnetflow; print(*(name for name in {late} if name in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout.strip() == b""


@pytest.mark.parametrize("work", [vf.read, vf.summary])
def test_other_threads_run_while_logs_are_read(demo: Demo, work) -> None:
    many = demo.files() * 60
    gaps: list[float] = []
    done = threading.Event()

    def watch() -> None:
        last = time.perf_counter()
        while not done.is_set():
            time.sleep(0.002)
            now = time.perf_counter()
            gaps.append(now - last)
            last = now

    watcher = threading.Thread(target=watch)
    watcher.start()
    start = time.perf_counter()
    work(many)
    seconds = time.perf_counter() - start
    done.set()
    watcher.join()
    assert len(gaps) > 10
    assert max(gaps) < max(0.5 * seconds, 0.3)


def _wait_until_it_reads(pid: int, log: str | None) -> None:
    """Wait until the process has opened the log, or for standard input sleeps: before, Ctrl-C meets Python's start."""
    deadline = time.monotonic() + 60
    process = Path("/proc") / str(pid)
    while time.monotonic() < deadline:
        if log is None:
            is_waiting = (process / "stat").read_text().rpartition(")")[2].split()[0] == "S"
            if is_waiting and "_core.abi3" in (process / "maps").read_text():
                return
        elif any(_target_of(link) == log for link in (process / "fd").iterdir()):
            return
        time.sleep(0.05)
    raise AssertionError("it never began to read")


def _target_of(link: Path) -> str | None:
    """What an open file is; None where it was closed meanwhile."""
    try:
        return str(link.readlink())
    except FileNotFoundError:
        return None


def _interrupted(arguments: list[str], cwd: Path, log: str | None = None) -> subprocess.CompletedProcess[str]:
    """Ctrl-C soon after reading began, of that log or of standard input."""
    command = subprocess.Popen(
        arguments, cwd=cwd, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8"
    )
    try:
        _wait_until_it_reads(command.pid, log)
        time.sleep(0.5)
        assert command.poll() is None, "it was done before it could be interrupted"
        command.send_signal(signal.SIGINT)
        start = time.perf_counter()
        # The pipe to standard input stays open: Ctrl-C must not wait for what never comes.
        command.wait(timeout=20)
        seconds = time.perf_counter() - start
        output, errors = command.communicate()
    finally:
        command.kill()
        command.wait()
    assert seconds < 3
    return subprocess.CompletedProcess(arguments, command.returncode, output, errors)


@pytest.fixture(scope="module")
def large_log(tmp_path_factory: pytest.TempPathFactory, demo: Demo) -> str:
    """A file that takes a while: the demo's blobs again and again, each a line."""
    path = tmp_path_factory.mktemp("large") / "large.json"
    lines = b"\n".join(file.read_bytes() for file in demo.files()) + b"\n"
    with path.open("wb") as file:
        for _ in range(100_000_000 // len(lines)):
            file.write(lines)
    return str(path)


@pytest.mark.parametrize("command", [["summary"], ["top"], ["convert", "--to", "csv"], ["convert", "--to", "parquet"]])
def test_ctrl_c_ends_the_command_line_quietly(large_log: str, tmp_path: Path, command: list[str]) -> None:
    sources = [large_log] * 200
    target = ["out"] if command[0] == "convert" else []
    done = _interrupted([sys.executable, "-m", "vnetflow", *command, *sources, *target], tmp_path, large_log)
    assert done.returncode == 130, done.stderr
    assert done.stdout == ""
    assert done.stderr == ""
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("is_interrupted", [False, True])
def test_what_polars_threads_say_of_their_end_is_no_news_when_interrupted(is_interrupted: bool) -> None:
    script = """
import os, signal, sys
from vnetflow.cli.interrupts import interrupts
interrupts.install()
try:
    with interrupts.left_to_polars():
        os.write(2, b"thread panicked\\n")
        print("12 %", file=sys.stderr)
        if sys.argv[1] == "True":
            os.kill(os.getpid(), signal.SIGINT)
except KeyboardInterrupt:
    os.write(2, b"another one panicked\\n")
else:
    print("done", file=sys.stderr)
"""
    arguments = [sys.executable, "-c", script, str(is_interrupted)]
    done = subprocess.run(arguments, capture_output=True, encoding="utf-8", check=True)
    assert done.stderr == ("12 %\n" if is_interrupted else "12 %\nthread panicked\ndone\n")


def test_ctrl_c_ends_a_wait_for_standard_input(tmp_path: Path) -> None:
    done = _interrupted([sys.executable, "-m", "vnetflow", "summary", "-"], tmp_path)
    assert done.returncode == 130, done.stderr
    assert done.stderr == ""


@pytest.mark.parametrize(
    "call", ["vf.read(sources, columns='time')", "vf.summary(sources)", "vf.scan(sources).select('time').collect()"]
)
def test_ctrl_c_raises_keyboard_interrupt_in_python(large_log: str, tmp_path: Path, call: str) -> None:
    code = f"import vnetflow as vf\nsources = [{large_log!r}] * 200\n"
    code += f"try:\n    {call}\nexcept KeyboardInterrupt:\n    print('interrupted')"
    done = _interrupted([sys.executable, "-c", code], tmp_path, large_log)
    # Polars raises a second one while the first is handled.
    assert done.stdout == "interrupted\n" or "scan" in call, done.stderr
    assert done.stdout == "interrupted\n" or done.stderr.splitlines()[-1] == "KeyboardInterrupt"


def test_a_person_sees_a_progress_bar(large_log: str) -> None:
    terminal, end = pty.openpty()
    command = subprocess.Popen(
        [sys.executable, "-m", "vnetflow", "summary", *[large_log] * 6],
        stdout=subprocess.PIPE,
        stderr=end,
        env=os.environ | {"TERM": "xterm", "COLUMNS": "120"},
    )
    os.close(end)
    seen = _shown_on(terminal)
    assert command.stdout is not None
    command.stdout.close()
    assert command.wait(timeout=60) in (0, 141)
    assert b"reading" in seen
    assert b"tuples" in seen


def test_nobody_else_sees_one(large_log: str) -> None:
    command = [sys.executable, "-m", "vnetflow", "summary", *[large_log] * 6]
    done = subprocess.run(command, capture_output=True, check=True)
    assert b"reading" not in done.stderr
    assert b"\x1b" not in done.stderr


def test_a_narrow_terminal_gets_fewer_columns_and_is_told_which(demo: Demo) -> None:
    terminal, end = pty.openpty()
    command = subprocess.Popen(
        [sys.executable, "-m", "vnetflow", "rules", str(demo.folder)],
        stdout=end,
        stderr=subprocess.DEVNULL,
        env=os.environ | {"NO_COLOR": "1", "COLUMNS": "100"},
    )
    os.close(end)
    bold = re.compile(r"\x1b\[\d+m")
    *table, note = bold.sub("", _shown_on(terminal).decode()).splitlines()
    assert command.wait(timeout=60) == 0
    assert max(map(len, table)) <= 100
    assert table[0].split()[:3] == ["rule", "allowed", "denied"]
    assert note.startswith("left out for a terminal this narrow: back, to dst")


def _shown_on(terminal: int) -> bytes:
    """All that is written to a terminal until its other end is closed."""
    seen = b""
    while True:
        try:
            piece = os.read(terminal, 4096)
        except OSError:
            break
        if not piece:
            break
        seen += piece
    os.close(terminal)
    return seen
