"""What the Python tests share: the demo network's logs and truth, random logs, and a way to run the command line."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from random_logs import Logs

import vnetflow as vf
from vnetflow.cli import main

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True)
class Demo:
    """Logs of the demo network, as read, and what the generator says is in them."""

    folder: Path
    tuples: pl.DataFrame
    truth: list[dict[str, Any]]

    def facts(self, name: str, **fields: Any) -> list[dict[str, Any]]:
        """Lines of the truth with these fields."""
        return [
            fact
            for fact in self.truth
            if fact["fact"] == name and all(fact.get(key) == value for key, value in fields.items())
        ]

    def files(self) -> list[Path]:
        """The log files, in the order in which they are read."""
        return sorted(self.folder.rglob("*.json"))


def _demo(folder: Path, **options: Any) -> Demo:
    vf.demo(folder, **options)
    truth = [json.loads(line) for line in (folder / "truth.ndjson").read_text().splitlines()]
    return Demo(folder, vf.read(folder, on_issue="raise"), truth)


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """Two hours of VNet flow logs."""
    return _demo(tmp_path_factory.mktemp("demo"), hours=2, rate=3000, seed=7)


@pytest.fixture(scope="session")
def mixed_demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """VNet and NSG version 2 logs of the same traffic."""
    return _demo(tmp_path_factory.mktemp("mixed"), hours=2, rate=2500, seed=11, format="both")


@pytest.fixture(scope="session")
def nsg_v1_demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """NSG version 1 logs, which have no states and counters."""
    return _demo(tmp_path_factory.mktemp("nsg"), hours=1, rate=2000, seed=3, format="nsg-v1")


@pytest.fixture(scope="session", params=[1, 2, 3])
def logs(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Logs:
    """Random logs of a few hosts."""
    return Logs(tmp_path_factory.mktemp("random"), request.param)


Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str]) -> Run:
    """Run the command line in this process: quick, and all that most tests need."""

    def run_command(*arguments: object) -> subprocess.CompletedProcess[str]:
        capfd.readouterr()
        words = [str(argument) for argument in arguments]
        code = main(words)
        output, errors = capfd.readouterr()
        return subprocess.CompletedProcess(words, code, output, errors)

    return run_command


@pytest.fixture
def run_process() -> Run:
    """Run the command line in a process of its own, with an environment or standard input."""

    def run_command(*arguments: object, **options: Any) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "vnetflow", *(str(argument) for argument in arguments)]
        options = {"encoding": "utf-8", "stdin": subprocess.DEVNULL} | options
        return subprocess.run(command, capture_output=True, timeout=120, check=False, **options)

    return run_command
