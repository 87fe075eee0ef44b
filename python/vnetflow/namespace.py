"""`df.flows`: every analysis as a method of Polars frames that hold tuples."""

from __future__ import annotations

import importlib.abc
import sys
from typing import TYPE_CHECKING

from vnetflow import analyses, comparison, security, traffic, traffic_analytics, verdicts
from vnetflow.sources import TupleFrame

if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType

_POLARS = "polars"


class Flows(TupleFrame):
    """Every analysis of the tuples in a frame: `df.flows.top(by="src_ip")` is `vnetflow.top(df, by="src_ip")`.

    A LazyFrame is collected by each analysis. A frame without the columns of the tuple table is an `InputError` that
    names what is missing.

    Examples
    --------
    >>> import vnetflow as vf
    >>> tuples = vf.read(vf.example_log())
    >>> tuples.flows.top(by="src_ip").select("src_ip", "bytes").rows()
    [('10.1.2.20', 5256000), ('203.0.113.9', 0)]
    >>> vf.scan(vf.example_log()).flows.denied()["dst_port"].to_list()
    [22]
    """

    # A function that takes a source first is a method of what is a source itself.
    anomalies = comparison.anomalies
    beacons = security.beacons
    check = verdicts.check
    conversations = traffic.conversations
    coverage = traffic.coverage
    denied = verdicts.denied
    diff = comparison.diff
    encryption = traffic.encryption
    endpoints = traffic.endpoints
    exposure = security.exposure
    findings = security.findings
    host = security.host
    matrix = traffic.matrix
    nta = traffic_analytics.nta
    one_way = verdicts.one_way
    rules = verdicts.rules
    scans = security.scans
    sessions = traffic.sessions
    summary = analyses.summary
    timeline = traffic.timeline
    top = analyses.top
    why = verdicts.why


def register() -> None:
    """Give Polars frames the attribute `flows`: now, or as soon as Polars is imported, which takes its time."""
    if _POLARS in sys.modules:
        _register_now()
    elif not any(isinstance(finder, _PolarsFinder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _PolarsFinder())


def _register_now() -> None:
    import polars as pl

    pl.api.register_dataframe_namespace("flows")(Flows)
    pl.api.register_lazyframe_namespace("flows")(Flows)


class _PolarsFinder(importlib.abc.MetaPathFinder):
    """Finds Polars where the others find it, and registers the namespace once it has been imported."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != _POLARS:
            return None
        others = (finder.find_spec(fullname, path, target) for finder in list(sys.meta_path) if finder is not self)
        spec = next((spec for spec in others if spec is not None), None)
        if spec is None or spec.loader is None:
            return spec
        execute = spec.loader.exec_module

        def execute_and_register(module: ModuleType) -> None:
            execute(module)
            _register_now()
            if self in sys.meta_path:
                sys.meta_path.remove(self)

        vars(spec.loader)["exec_module"] = execute_and_register
        return spec
