"""`df.flows`: every analysis as a method of frames that hold tuples, with the same answer as the function."""

from __future__ import annotations

import inspect
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

import vnetflow as vf
from vnetflow.namespace import Flows

if TYPE_CHECKING:
    from conftest import Demo

NO_ANALYSES = {"chart", "demo", "example_log", "explain_filter", "issues", "notes", "read", "scan", "view", "widget"}
ANALYSES = sorted(name for name in set(vf.__all__) - NO_ANALYSES if inspect.isfunction(getattr(vf, name)))
NEEDED: dict[str, dict[str, Any]] = {
    "check": {"policy": {"groups": {"spoke": ["10.1.0.0/16"]}, "allow": []}},
    "diff": {"split": "2024-05-01T10:00Z"},
    "host": {"ip": "10.1.2.20"},
    "why": {"src": "10.1.2.20", "dst": "10.1.1.4", "port": 22},
}


def test_every_analysis_is_a_method() -> None:
    assert {name for name in vars(Flows) if not name.startswith("_")} == set(ANALYSES)
    for name in ANALYSES:
        method, function = getattr(Flows, name), getattr(vf, name)
        assert method.__doc__ == function.__doc__
        assert inspect.signature(method) == inspect.signature(function)


@pytest.mark.parametrize("name", ANALYSES)
def test_a_method_gives_what_the_function_gives(demo: Demo, name: str) -> None:
    parameters = NEEDED.get(name, {})
    expected = getattr(vf, name)(demo.tuples, vantage="once", **parameters)
    found = getattr(demo.tuples.flows, name)(vantage="once", **parameters)
    if name == "host":
        expected, found = expected["conversations"], found["conversations"]
    assert found.equals(expected)
    assert vf.notes(found) == vf.notes(expected)


def test_lazy_frames_have_it_too(demo: Demo) -> None:
    lazy = vf.scan(demo.folder).filter(pl.col("dst_port") == 22)
    assert lazy.flows.denied().equals(vf.denied(demo.folder, filter="dst port 22"))


@pytest.mark.parametrize("frame", [pl.DataFrame({"a": [1]}), pl.LazyFrame({"a": [1]})])
def test_a_frame_without_tuples_says_what_it_lacks(frame: Any) -> None:
    assert hasattr(frame, "flows"), "looking at a frame's attributes must not raise"
    with pytest.raises(vf.InputError, match=r"the frame lacks `time`, `src_ip`.*expected the columns that"):
        frame.flows.top()


@pytest.mark.parametrize("imports", ["vnetflow, polars", "polars, vnetflow"])
def test_it_is_there_whichever_is_imported_first(imports: str) -> None:
    code = f"import {imports}; print(hasattr(polars.DataFrame, 'flows'), hasattr(polars.LazyFrame, 'flows'))"
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "True True\n"
